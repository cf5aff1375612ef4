use fastkit::{executor::{Args, Jobs}, jobs, scheduled};

#[scheduled(interval = 5)]
async fn hello<T: Send>(Args(value): Args<T>) {
    drop(value);
}

pub fn jobs() -> Jobs {
    jobs![hello]
}

fn main() {}
