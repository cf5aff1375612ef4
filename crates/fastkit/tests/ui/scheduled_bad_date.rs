use fastkit::{executor::Jobs, jobs, scheduled};

#[scheduled(at = "2026-13-01 08:00:00")]
async fn hello() {}

pub fn jobs() -> Jobs {
    jobs![hello]
}

fn main() {}
