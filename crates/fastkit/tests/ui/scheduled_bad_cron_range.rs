use fastkit::{executor::Jobs, jobs, scheduled};

#[scheduled(cron = "0 24 * * mon-fri")]
async fn hello() {}

pub fn jobs() -> Jobs {
    jobs![hello]
}

fn main() {}
