//! Local caches: named pools, loading once for all who miss, and [`cached`] functions.
//!
//! It is for what only has to be fast, in the memory of one process; other processes know nothing
//! of it. [`Remote`] is the same over a [`Backend`] outside. The key type is [`Pool`].
//!
//! ```
//! use fastkit::cache::{self, cached};
//!
//! let cache = cache::pool("custom");
//! cache.set("a", 1, 120)?;
//! assert_eq!(cache.get("a")?, Some(1));
//!
//! #[cached(key = "foo_result", ttl = 120)]
//! fn foo() -> String {
//!     // Once in 120 seconds.
//!     "bar".to_owned()
//! }
//! assert_eq!(foo(), "bar");
//! # Ok::<(), cache::Error>(())
//! ```

mod builder;
mod clock;
mod entry;
mod error;
mod flight;
mod key;
mod load;
mod pool;
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "only generated code calls it")]
pub mod private;
mod remote;
mod stats;
mod store;

pub use builder::{Builder, Policy};
pub use clock::{Clock, Ttl};
pub use error::Error;
pub use fastkit_macros::cached;
pub use load::Loader;
pub use pool::{Pool, pool, pools};
pub use remote::{Backend, Pending, Remote};
pub use stats::Stats;

/// A builder of pools with other settings than the defaults.
pub fn builder() -> Builder {
    Builder::default()
}
