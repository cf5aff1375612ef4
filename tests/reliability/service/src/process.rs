//! Handlers about the process that answers: who it is, and what can go wrong with it.

use fastflyer::{axum::Json, prelude::*, serde_json::Value, serde_json::json};
use std::{
    process::{Command, abort, id},
    thread,
    time::Duration,
};

type Raw = Json<Value>;

pub(super) fn router() -> Router {
    routes![pid, slow, block, crash, stray]
}

/// The process that answers.
#[get("/pid")]
async fn pid() -> Raw {
    done()
}

/// Answers after `ms` milliseconds and leaves its event loop free meanwhile.
#[get("/slow")]
async fn slow(#[query] ms: u64) -> Raw {
    tokio::time::sleep(Duration::from_millis(ms)).await;
    done()
}

/// Blocks its event loop for `ms` milliseconds.
#[get("/block")]
async fn block(#[query] ms: u64) -> Raw {
    thread::sleep(Duration::from_millis(ms));
    done()
}

/// Ends its process.
#[post("/crash")]
async fn crash() -> Raw {
    abort()
}

/// Leaves behind children of a child that ends: strangers to whoever inherits them. Each ends after
/// `ms` milliseconds with the exit code 7.
#[post("/stray")]
fn stray(#[query] ms: u64, #[query(default = 1)] count: u32) -> Result<Raw> {
    let seconds = format!("{}.{:03}", ms / 1_000, ms % 1_000);
    let child = format!("(sleep {seconds}; exit 7) &");
    let script = child.repeat(usize::try_from(count)?);
    Command::new("sh").args(["-c", &script]).status()?;
    Ok(done())
}

fn done() -> Raw {
    Json(json!({"pid": id()}))
}
