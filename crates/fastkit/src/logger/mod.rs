//! Logging: lines to the console and to a file, written by threads of their own.
//!
//! ```text
//! 2024-01-31 08:00:00.123 | INFO | app::items:12 | message | key=value request_id=4f6c...
//! ```
//!
//! The macros are those of `tracing`. Nothing is installed by itself: an application calls [`init()`].
//! Fields with the names of secrets and credentials in URLs are masked, control characters escaped.
//! [`Sink`] is the writer underneath and is of use by itself, for an access log for instance.

mod format;
mod init;
mod layer;
mod level;
mod sink;
mod target;

pub use format::json_report;
pub use init::{Error, Guard, LogConfig, init, layer};
pub use level::{Directives, Format, InvalidDirective, Level};
pub use sink::{Sink, SinkBuilder, reopen_all};
pub use target::{Rotate, Rotation};
pub use tracing::{debug, error, info, trace, warn, warn as warning};
