//! [`Stats`]: what a pool has done so far.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a pool has done since it was made; for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Looks that found a value.
    pub hits: u64,
    /// Looks that found none.
    pub misses: u64,
    /// Loads that were begun.
    pub loads: u64,
    /// Of these, the ones that failed, panicked or were cancelled.
    pub load_failures: u64,
    /// Values that had to make room for others, or were too heavy to be kept.
    pub evictions: u64,
    /// Values that were removed because their time was over.
    pub expirations: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) hits: AtomicU64,
    pub(super) misses: AtomicU64,
    pub(super) loads: AtomicU64,
    pub(super) load_failures: AtomicU64,
    pub(super) evictions: AtomicU64,
    pub(super) expirations: AtomicU64,
}

impl Counters {
    pub(super) fn read(&self) -> Stats {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            hits: load(&self.hits),
            misses: load(&self.misses),
            loads: load(&self.loads),
            load_failures: load(&self.load_failures),
            evictions: load(&self.evictions),
            expirations: load(&self.expirations),
        }
    }
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
