use fastkit::{executor::Jobs, jobs, scheduled};

#[scheduled(cron = "0 8 * *")]
async fn hello() {}

pub fn jobs() -> Jobs {
    jobs![hello]
}

fn main() {}
