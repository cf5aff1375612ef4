//! Locks that make a job run once over all processes: what they promise, and what keeps them.
//!
//! A lock is on a job and the time that it was due ([`Claim`]). While a holder runs, nobody else may run
//! the job at all; when it is done, nobody may run it again for that time or an earlier one; when the
//! holder dies, somebody else takes the same time over. Key types: [`Lock`], [`Lease`], [`Fence`].

mod fence;
mod file;
mod keeper;
#[cfg(test)]
pub(crate) mod memory;
#[cfg(feature = "redis")]
mod redis;

pub use fence::{ColumnError, Fence};
pub use file::FileLock;
pub(crate) use keeper::hold;
#[cfg(feature = "redis")]
pub use redis::RedisLock;

use chrono::{DateTime, Utc};
use std::{fmt, future::Future, ops::RangeInclusive, pin::Pin, time::Duration};

/// A future in a box, as methods of a trait object return it.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The times that a lock may stay without its holder: renewals at a third of the least must be possible, and
/// nobody waits longer than the longest for what a holder left that died.
const TTL: RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(24 * 60 * 60);

/// Why a lock cannot have this ttl, if it cannot.
pub(crate) fn ttl_problem(ttl: Duration) -> Option<String> {
    let told = || format!("lock_ttl is {ttl:?}; allowed is 100ms to 24h");
    (!TTL.contains(&ttl)).then(told)
}

/// Where locks are kept: Redis, files of one host, a database.
pub trait Lock: fmt::Debug + Send + Sync {
    /// Tries to get the lock, without waiting for its holder.
    ///
    /// # Errors
    ///
    /// When it cannot be known who has the lock. Who gets an error must not run.
    fn acquire<'a>(&'a self, claim: &'a Claim) -> Boxed<'a, Result<Answer, LockError>>;
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The id of the job, or the name of the task.
    pub name: String,
    /// The time that the run is due. `None` is a task, which has no time: it is never "done already".
    pub due: Option<DateTime<Utc>>,
    /// How long the lock stays when its holder neither renews nor releases it. Back ends that notice the
    /// death of a holder by themselves need none.
    pub ttl: Duration,
    /// How long it is remembered that the run for this time is done; at least the period of the job.
    pub remember: Duration,
}

/// What a back end answers.
#[derive(Debug)]
pub enum Answer {
    /// The lock is had.
    Granted(Box<dyn Lease>),
    /// Somebody runs the job. The lock can be free in this time at the earliest, if its holder has died.
    Busy(Duration),
    /// The run for this time is done.
    Done,
}

/// A lock that is had. Dropped without [`finish`](Self::finish), it ends as that of a holder which died.
pub trait Lease: fmt::Debug + Send {
    /// Greater than that of every lease of this name before.
    fn fence(&self) -> Fence;

    /// Holds on for another ttl; false when the lock is another's by now.
    ///
    /// # Errors
    ///
    /// When it cannot be known.
    fn renew(&mut self) -> Boxed<'_, Result<bool, LockError>>;

    /// Gives the lock back. If the run is `done`, whether it went well or not, that is remembered; else
    /// another may run it for the same time. Does nothing when the lock is another's by now.
    ///
    /// # Errors
    ///
    /// When it cannot be known whether that was done; the lock ends by itself then.
    fn finish(self: Box<Self>, done: bool) -> Boxed<'static, Result<(), LockError>>;
}

/// A lock that could not be asked for, with the reason. Holds no secrets.
#[derive(Debug)]
pub struct LockError(String);

impl LockError {
    /// With this reason, which is logged.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for LockError {}
