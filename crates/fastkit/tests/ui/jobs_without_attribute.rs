use fastkit::{executor::Jobs, jobs};

async fn hello() {}

pub fn jobs() -> Jobs {
    jobs![hello]
}

fn main() {}
