use fastkit::{executor::Jobs, jobs, scheduled};

struct Secret;

#[scheduled(interval = 5, args = Secret)]
async fn hello() {}

pub fn jobs() -> Jobs {
    jobs![hello]
}

fn main() {}
