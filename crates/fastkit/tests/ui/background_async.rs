use fastkit::{background, executor::Jobs, jobs};

#[background]
async fn watch() {}

pub fn jobs() -> Jobs {
    jobs![watch]
}

fn main() {}
