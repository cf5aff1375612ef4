use fastkit::{executor::Jobs, jobs, scheduled};

#[scheduled(trigger = "every day")]
async fn hello() {}

pub fn jobs() -> Jobs {
    jobs![hello]
}

fn main() {}
