//! Integration tests of the toolkit, one binary. They run in parallel and as any user.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails, in its helpers too"
)]

#[cfg(feature = "cache")]
mod cache;
mod child;
mod client;
mod docs;
#[cfg(feature = "executor")]
mod journal;
#[cfg(feature = "executor")]
mod lock;
mod logger;
#[cfg(feature = "redis")]
mod redis;
mod settings;
mod sink;
#[cfg(feature = "executor")]
mod threads;
mod ui;
