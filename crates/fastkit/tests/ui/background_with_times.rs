use fastkit::{background, executor::Jobs, jobs};

#[background(cron = "0 8 * * *")]
fn watch() {}

pub fn jobs() -> Jobs {
    jobs![watch]
}

fn main() {}
