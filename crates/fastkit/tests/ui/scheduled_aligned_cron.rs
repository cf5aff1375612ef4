use fastkit::{executor::Jobs, jobs, scheduled};

#[scheduled(cron = "* * * * *", aligned)]
async fn hello() {}

pub fn jobs() -> Jobs {
    jobs![hello]
}

fn main() {}
