//! Handlers that take their time, on an event loop and on the thread pool.

use super::Raw;
use fastflyer::{axum::Json, prelude::*, serde_json::json};
use std::{thread, time::Duration};

pub(super) fn router() -> Router {
    routes![sleep, hang, sleep_sync]
}

#[get("/sleep")]
async fn sleep(#[query(default = 1.0)] s: f64) -> Result<Raw> {
    tokio::time::sleep(Duration::try_from_secs_f64(s.max(0.0))?).await;
    Ok(done())
}

/// Blocks its event loop, which a handler must not do.
#[get("/hang")]
async fn hang(#[query(default = 10.0)] s: f64) -> Result<Raw> {
    thread::sleep(Duration::try_from_secs_f64(s)?);
    Ok(done())
}

#[get("/sleep_sync")]
fn sleep_sync(#[query(default = 1.0)] s: f64) -> Result<Raw> {
    thread::sleep(Duration::try_from_secs_f64(s)?);
    Ok(done())
}

fn done() -> Raw {
    Json(json!({"code": 200, "pid": std::process::id()}))
}
