//! [`Ends`]: tells work that it is to end before it is done, on threads and in tasks. Work that does not
//! ask is never interrupted.

use std::{
    cell::RefCell,
    fmt,
    sync::{
        Arc, Condvar, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::Notify;

thread_local! {
    /// Tells the work that this thread does at the moment.
    static CURRENT: RefCell<Option<Arc<dyn Ending>>> = const { RefCell::new(None) };
}

/// Why work is to end before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The service stops.
    Stop,
    /// It has taken longer than its `timeout`.
    Timeout,
    /// Its lock is lost or could not be renewed: another process may run the job by now.
    LockLost,
    /// Somebody has asked for it.
    Asked,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stop => "the service stops",
            Self::Timeout => "it has taken longer than its timeout",
            Self::LockLost => "its lock is lost",
            Self::Asked => "somebody has asked for its end",
        })
    }
}

#[derive(Default)]
pub(crate) struct Ends {
    pub(crate) reason: OnceLock<Reason>,
    told: AtomicBool,
    lock: Mutex<()>,
    threads: Condvar,
    pub(crate) tasks: Notify,
}

/// Something that can be told to end.
pub(crate) trait Ending: Send + Sync {
    fn ends(&self) -> &Ends;
}

impl Ends {
    pub(crate) fn is_told(&self) -> bool {
        self.told.load(Ordering::Acquire)
    }

    /// Tells it; the first reason counts.
    pub(crate) fn tell(&self, reason: Reason) {
        if self.reason.set(reason).is_err() {
            return;
        }
        let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.told.store(true, Ordering::Release);
        drop(guard);
        self.threads.notify_all();
        self.tasks.notify_waiters();
    }

    /// Blocks the thread; false, and at once, when told.
    pub(crate) fn sleep(&self, time: Duration) -> bool {
        // None is beyond what the clock can count.
        let end = Instant::now().checked_add(time);
        let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        while !self.is_told() {
            let left = end.map_or(Duration::MAX, |end| {
                end.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                return true;
            }
            let woken = self.threads.wait_timeout(guard, left);
            guard = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }
}

/// What this thread does at the moment.
pub(super) fn current() -> Option<Arc<dyn Ending>> {
    CURRENT.with_borrow(Clone::clone)
}

/// A stretch of work on this thread, which may be within another one.
pub(super) struct Stretch(Option<Arc<dyn Ending>>);

impl Stretch {
    pub(super) fn begin(work: Arc<dyn Ending>) -> Self {
        Self(CURRENT.replace(Some(work)))
    }
}

impl Drop for Stretch {
    fn drop(&mut self) {
        // Dropped outside of the borrow: it may be the last one that holds the values of users.
        let done = CURRENT.replace(self.0.take());
        drop(done);
    }
}
