//! The demo project's `tasks`: one job, every five seconds, as it was recorded.

use fastflyer::prelude::*;

/// Says hello.
#[scheduled(interval = "5s", name = "hello_world", single_job)]
async fn hello_world() {
    logger::info!("hello world");
}

/// The job.
pub fn jobs() -> Jobs {
    jobs![hello_world]
}
