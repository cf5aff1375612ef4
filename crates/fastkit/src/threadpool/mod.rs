//! Threads for plain functions, with a bounded queue: [`ThreadPool`].
//!
//! It is deliberately not for work on data that is split over all cores, and interrupts nothing: a function
//! that runs is told that it is to end, and ends when it asks. Functions that run for as long as the
//! service does ask by [`is_stopped`] and rest by [`sleep`]:
//!
//! ```
//! use fastkit::threadpool::{self, ThreadPool, ThreadPoolConfig};
//! use std::time::Duration;
//!
//! fn hello_world() {
//!     while !threadpool::is_stopped() {
//!         // Something every 5 seconds.
//!         threadpool::sleep(Duration::from_secs(5));
//!     }
//! }
//!
//! let pool = ThreadPool::new(ThreadPoolConfig { name: "background".into(), threads: 10, queue: Some(1000) });
//! pool.submit(hello_world)?;
//! // Ends at once, although the function sleeps.
//! let cut = pool.stop(Duration::from_secs(30));
//! # drop(cut);
//! # Ok::<(), fastkit::threadpool::SubmitError>(())
//! ```

mod ends;
mod error;
mod handle;
mod queue;

pub use ends::Reason;
pub use error::{SubmitError, TaskError};
pub use handle::Handle;

pub(crate) use handle::Slot;
pub(crate) use queue::Shared;
#[cfg(feature = "executor")]
pub(crate) use {
    ends::{Ending, Ends},
    error::{Why, panic_text, shown},
};

use crate::context::{self, RequestId};
use std::{any::type_name, fmt, sync::Arc, time::Duration};

/// How a pool is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadPoolConfig {
    /// What its threads are called, with a number behind it, and what it is called in errors.
    pub name: String,
    /// The most threads, which are started when they are needed; 0 counts as 1.
    pub threads: usize,
    /// The most calls that wait for a thread, or for the lock of a single task; `None` is without end.
    pub queue: Option<usize>,
}

/// Threads for plain functions. Cheap to clone; all clones are one pool.
///
/// Functions begin in the order in which they were submitted. One that panics is contained, and its thread
/// goes on. Threads stay once they were started. When the last clone is dropped, what waits still runs, but
/// is told that it is to end; nobody waits for it.
///
/// ```
/// use fastkit::threadpool::{ThreadPool, ThreadPoolConfig};
///
/// let pool = ThreadPool::new(ThreadPoolConfig { name: "reports".into(), threads: 2, queue: Some(1000) });
/// let handle = pool.submit(|| (1..=10).product::<u64>())?;
/// assert_eq!(handle.join(), Ok(3_628_800));
/// # Ok::<(), fastkit::threadpool::SubmitError>(())
/// ```
#[derive(Clone)]
pub struct ThreadPool(Arc<Owner>);

/// Closes the pool when nobody has it any more; its threads only share.
struct Owner(Arc<Shared>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.close();
        #[cfg(feature = "executor")]
        crate::executor::end_serving(&self.0);
    }
}

impl ThreadPool {
    /// A pool, without threads yet.
    #[must_use]
    pub fn new(config: ThreadPoolConfig) -> Self {
        Self(Arc::new(Owner(Shared::new(config))))
    }

    /// Runs `function` on a thread, as soon as one is free.
    ///
    /// Its log lines belong to the request that this thread serves at the moment, else to an id of their
    /// own. A panic is logged and is the error of the handle.
    ///
    /// # Errors
    ///
    /// When the queue is full ([`SubmitError::is_full`]), or the pool has stopped ([`SubmitError::is_stopped`]).
    pub fn submit<F, T>(&self, function: F) -> Result<Handle<T>, SubmitError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let id = context::current().unwrap_or_else(RequestId::random);
        let function = Box::new(move || Ok(function()));
        let slot = Slot::new(type_name::<F>().into(), id, function);
        self.push(Arc::new(slot))
    }

    pub(crate) fn push<T: Send + 'static>(
        &self,
        slot: Arc<Slot<T>>,
    ) -> Result<Handle<T>, SubmitError> {
        self.0.0.push(slot.clone())?;
        Ok(Handle::new(slot, self.0.0.clone()))
    }

    #[cfg(feature = "executor")]
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0.0
    }

    /// Whether the pool has stopped, or what this thread runs is to end.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        is_stopped() || self.0.0.is_stopped()
    }

    /// Blocks the thread for `time`; false, and at once, when what it runs is to end, or on a thread of no
    /// pool when this pool stops.
    pub fn sleep(&self, time: Duration) -> bool {
        match ends::current() {
            Some(work) => work.ends().sleep(time),
            None => self.0.0.ends.sleep(time),
        }
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.0.config.name
    }

    /// How many threads were started.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.0.0.counts().0
    }

    /// How many calls wait for a thread, or for the lock of a single task.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.0.counts().1
    }

    /// Takes no more, drops what waits ([`TaskError::is_stopped`]), tells what runs to end, and waits for it
    /// for at most `patience`. Blocks the thread meanwhile.
    ///
    /// Gives the names of what was cut: what had not begun, and what runs on. Single tasks that waited for
    /// their lock had nothing to lose and are not among them. A function that was submitted without a name
    /// has that of its type.
    pub fn stop(&self, patience: Duration) -> Vec<String> {
        let cut = self.0.0.stop(patience);
        #[cfg(feature = "executor")]
        crate::executor::end_serving(&self.0.0);
        cut
    }
}

impl fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (threads, waiting) = self.0.0.counts();
        f.debug_struct("ThreadPool")
            .field("config", &self.0.0.config)
            .field("threads", &threads)
            .field("waiting", &waiting)
            .finish()
    }
}

/// Whether what this thread runs for a [`ThreadPool`] is to end: its pool stops, or it was cancelled. False
/// on any other thread.
#[must_use]
pub fn is_stopped() -> bool {
    ends::current().is_some_and(|work| work.ends().is_told())
}

/// Blocks the thread for `time`; false, and at once, when [`is_stopped`].
pub fn sleep(time: Duration) -> bool {
    match ends::current() {
        Some(work) => work.ends().sleep(time),
        None => {
            std::thread::sleep(time);
            true
        }
    }
}

#[cfg(test)]
mod tests;
