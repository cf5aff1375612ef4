use fastkit::{executor::Jobs, jobs, scheduled};

struct Wrong;

#[scheduled(interval = 5)]
fn hello() -> Result<(), Wrong> {
    Ok(())
}

pub fn jobs() -> Jobs {
    jobs![hello]
}

fn main() {}
