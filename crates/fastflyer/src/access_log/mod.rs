//! The access log: one JSON line for each request that was answered.
//!
//! Where the lines go and which requests get one. What a line looks like and what of it may be seen
//! is not decided here but in [`fastkit::access_log`], which the HTTP client's lines share.

mod log;
#[cfg(feature = "client")]
pub(crate) mod outgoing;
mod tee;

pub(crate) use log::{AccessLog, Answer};
pub(crate) use tee::{Pending, Tee};
