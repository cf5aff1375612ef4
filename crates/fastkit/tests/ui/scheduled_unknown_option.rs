use fastkit::{executor::Jobs, jobs, scheduled};

#[scheduled(seconds = 5)]
async fn hello() {}

pub fn jobs() -> Jobs {
    jobs![hello]
}

fn main() {}
