//! The demo project's `tasks`: one job, every five seconds, with the options that it was recorded with.

use fastflyer::prelude::*;

/// Says hello.
#[scheduled(
    interval = "5s",
    name = "hello_world",
    misfire_grace_time = "1s",
    single_job
)]
async fn hello_world() {
    logger::info!("hello world");
}

/// The job.
pub fn jobs() -> Jobs {
    jobs![hello_world]
}
