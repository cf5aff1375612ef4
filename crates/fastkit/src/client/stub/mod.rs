//! An upstream for tests, [`Stub`], which answers as it is told, badly too; and a clock,
//! [`SkippingClock`], by which retries need not be waited for.
//!
//! Real sockets on 127.0.0.1 and threads; nothing of it is meant for production.
//!
//! ```
//! use fastkit::client::{AsyncClient, stub::{Reply, SkippingClock, Stub}};
//! use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let upstream = Stub::start()?;
//! upstream.on("/items", [Reply::status(500), Reply::status(500), Reply::ok("[1]")]);
//! let clock = SkippingClock::new();
//! let client = AsyncClient::builder().clock(&clock).build()?;
//!
//! let answer = client.get(upstream.url("/items")).send().await?;
//! assert_eq!((answer.status_code(), answer.attempts()), (200, 3));
//! assert_eq!(upstream.requests().len(), 3);
//! assert_eq!(clock.waits().len(), 2);
//! # Ok(())
//! # }
//! ```

mod clock;
mod http1;
mod reply;
mod server;

pub use clock::SkippingClock;
pub use http1::Received;
pub use reply::Reply;
pub use server::Stub;
