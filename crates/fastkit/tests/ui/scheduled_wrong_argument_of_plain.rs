use fastkit::{executor::Jobs, jobs, scheduled};

#[scheduled(interval = 5)]
fn hello(count: u64) {
    let _ = count;
}

pub fn jobs() -> Jobs {
    jobs![hello]
}

fn main() {}
