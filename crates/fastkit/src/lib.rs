//! The toolkit of FastFlyer: what a service needs besides its HTTP server, usable without one.
//!
//! * [`mod@env`]: variables of the environment and of `.env`, typed.
//! * [`settings`]: every `flyer_*` setting, declared once, resolved into one typed value.
//! * [`logger`]: log lines to the console and to a file, off the calling thread.
//! * [`context`]: the id of the request that is being served.
//! * [`status`]: the codes of FastFlyer with their phrases and texts.
//! * `cache` (feature `cache`): named pools, and functions whose results are kept.
//! * [`mask`]: which values must never be shown.
//! * `client` (feature `client`): an HTTP client that retries, logs and passes the request id on.
//! * `executor` (feature `executor`): scheduled jobs, background tasks, locks over processes.
//! * `threadpool` (feature `threads`): threads for plain functions, with a bounded queue.
//! * `redis` (feature `redis`): a handle on a Redis server that reconnects and never hangs.
//! * `access_log` (feature `access-log`): the line of the access log, of both directions.
//!
//! It is not a framework: nothing here listens, and nothing is installed process-wide unless
//! [`logger::init`] is called.

#[cfg(feature = "access-log")]
pub mod access_log;
#[cfg(feature = "cache")]
pub mod cache;
#[cfg(feature = "client")]
pub mod client;
pub mod context;
pub mod env;
#[cfg(feature = "executor")]
pub mod executor;
#[cfg(doctest)]
mod guide;
mod locale;
pub mod logger;
pub mod mask;
#[cfg(feature = "redis")]
pub mod redis;
pub mod settings;
pub mod status;
#[cfg(feature = "threads")]
pub mod threadpool;

#[cfg(feature = "cache")]
#[doc(hidden)]
pub use fastkit_macros::cached_of_fastflyer;
#[cfg(feature = "executor")]
#[doc(inline)]
pub use fastkit_macros::{background, scheduled};
#[cfg(feature = "executor")]
#[doc(hidden)]
pub use fastkit_macros::{background_of_fastflyer, scheduled_of_fastflyer};
pub use locale::{LanguageTag, Locale};

// The macros write paths that begin with `::fastkit`, in our own modules and tests too.
extern crate self as fastkit;
