//! An HTTP client that behaves well as one part of a larger whole: it retries what may be retried,
//! within limits, passes the id of the request being served on, and logs each call once.
//!
//! [`AsyncClient`] is for async code, [`Client`] for plain functions and threads; both have the same
//! surface and rules. Failures are [`Error`]s with a code of the 600 series; a final answer is a
//! [`Response`], whatever its status. It is deliberately not a browser: no cookies are kept, no caches.
//!
//! * Retries: 3 attempts within 60 s, with waits of 2, 4, 8 s of which jitter takes up to a half; see
//!   [`RetryPolicy`]. A host that is down gets at most a tenth more requests than it would get without.
//! * Limits: 60 s for an attempt, 10 s for a connection, the deadline of the request that is being served
//!   ([`Served`](crate::context::Served)), 64 MiB for an answer.
//! * TLS is verified, by rustls and the certificates of the system.
//! * `Authorization`, cookies and headers with secret names do not follow a redirect to another origin.
//!
//! ```no_run
//! use fastkit::client::{AsyncClient, Client, RetryPolicy};
//! use std::time::Duration;
//!
//! # async fn run() -> Result<(), fastkit::client::Error> {
//! let answer = AsyncClient::new().get("https://httpbin.org/get").send().await?;
//! if answer.status_code() != 200 {
//!     fastkit::logger::error!("the request failed: {}", answer.text());
//! }
//! # Ok(())
//! # }
//! # fn plain() -> Result<(), fastkit::client::Error> {
//! let requests = Client::builder()
//!     .retry(RetryPolicy::new().stop_max_attempt_number(5))
//!     .header("content-type", "application/json")
//!     .timeout(Duration::from_secs(60))
//!     .build_blocking()?;
//! let answer = requests.post("https://httpbin.org/post").json(&[1, 2, 3]).send()?;
//! # Ok(())
//! # }
//! ```

mod async_client;
mod attempt;
mod blocking;
mod body;
mod builder;
mod call_log;
mod clock;
mod core;
mod defaults;
mod error;
mod host;
mod multipart;
mod redirect;
mod request;
mod response;
mod retry;
mod stream;
#[cfg(feature = "client-stub")]
pub mod stub;
mod tls;
mod transport;

pub use async_client::AsyncClient;
pub use blocking::{BlockingStream, Client};
pub use body::Body;
pub use builder::ClientBuilder;
pub use call_log::{CallLog, LineLog, install_log};
pub use error::Error;
pub use host::CircuitBreaker;
pub use multipart::{FilePart, Multipart};
pub use request::RequestBuilder;
pub use response::Response;
pub use retry::RetryPolicy;
pub use stream::ResponseStream;
