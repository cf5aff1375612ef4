use fastkit::executor::{Job, Trigger};
use std::time::Duration;

async fn hello(count: u64) {
    let _ = count;
}

fn main() {
    let every = Trigger::interval(Duration::from_secs(5));
    let _ = Job::new("hello", every, hello);
}
