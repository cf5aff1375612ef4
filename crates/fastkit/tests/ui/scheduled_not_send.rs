use fastkit::{executor::Jobs, jobs, scheduled};

use std::rc::Rc;

#[scheduled(interval = 5)]
async fn hello() {
    let count = Rc::new(1);
    std::future::ready(()).await;
    drop(count);
}

pub fn jobs() -> Jobs {
    jobs![hello]
}

fn main() {}
