//! An app of background work.

use fastflyer::prelude::*;

#[scheduled(interval = "1h")]
pub async fn hourly() {}

pub fn jobs() -> Jobs {
    jobs![hourly]
}

pub async fn on_startup() -> fastflyer::Result<()> {
    Ok(())
}

pub async fn on_shutdown() -> fastflyer::Result<()> {
    Ok(())
}
