use fastkit::{executor::Jobs, jobs, scheduled};

#[scheduled(interval = 5, id = "a/b")]
async fn hello() {}

pub fn jobs() -> Jobs {
    jobs![hello]
}

fn main() {}
