use fastkit::{executor::Jobs, jobs, scheduled};

#[scheduled(single_job)]
async fn hello() {}

pub fn jobs() -> Jobs {
    jobs![hello]
}

fn main() {}
