use fastkit::{executor::Jobs, jobs, scheduled};

struct Rows;

#[scheduled(interval = 5)]
async fn hello() -> Rows {
    Rows
}

pub fn jobs() -> Jobs {
    jobs![hello]
}

fn main() {}
