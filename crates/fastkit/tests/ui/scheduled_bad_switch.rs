use fastkit::{executor::Jobs, jobs, scheduled};

#[scheduled(interval = 5, single_job = "yes")]
async fn hello() {}

pub fn jobs() -> Jobs {
    jobs![hello]
}

fn main() {}
