//! Logging: lines to the console and to a file, written by threads of their own.

mod format;
mod level;
mod sink;
mod target;

pub use format::json_report;
pub use level::{Directives, Format, InvalidDirective, Level};
pub use sink::{Sink, SinkBuilder};
pub use target::Rotation;
