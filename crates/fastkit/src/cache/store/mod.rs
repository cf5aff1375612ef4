//! Where a pool keeps its entries: a store of the cache crate for lru and lfu, one of our own for
//! the policies that are a question of order alone.
//!
//! A store knows nothing of time but what it needs to let ended entries make room first.

mod hashed;
mod ordered;

use super::{
    builder::{Bound, Policy},
    entry::Shared,
    key::{AsKey, Key},
    stats::Counters,
};
use hashed::Hashed;
use ordered::Ordered;
use std::sync::Arc;

pub(super) enum Store {
    Hashed(Hashed),
    Ordered(Ordered),
}

impl Store {
    pub(super) fn new(policy: Policy, bound: Bound, counters: Arc<Counters>) -> Self {
        match policy {
            Policy::Lru | Policy::Lfu => Self::Hashed(Hashed::new(policy, bound, counters)),
            Policy::Fifo | Policy::Lifo | Policy::Mru | Policy::Rr => {
                Self::Ordered(Ordered::new(policy, bound, counters))
            }
        }
    }

    pub(super) fn get(&self, key: &dyn AsKey) -> Option<Shared> {
        match self {
            Self::Hashed(store) => store.get(key),
            Self::Ordered(store) => store.get(key),
        }
    }

    /// Puts an entry in place of the one that is there, and lets others make room for it.
    pub(super) fn insert(&self, key: Key, entry: Shared, now: u64) {
        match self {
            Self::Hashed(store) => store.insert(key, entry, now),
            Self::Ordered(store) => store.insert(key, entry, now),
        }
    }

    pub(super) fn remove(&self, key: &dyn AsKey) -> Option<Shared> {
        match self {
            Self::Hashed(store) => store.remove(key),
            Self::Ordered(store) => store.remove(key),
        }
    }

    pub(super) fn clear(&self) {
        match self {
            Self::Hashed(store) => store.clear(),
            Self::Ordered(store) => store.clear(),
        }
    }

    /// Removes what has ended.
    pub(super) fn purge(&self, now: u64) {
        match self {
            Self::Hashed(store) => store.purge(now),
            Self::Ordered(store) => store.purge(now),
        }
    }

    /// How many entries there are, ended ones included.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Hashed(store) => store.len(),
            Self::Ordered(store) => store.len(),
        }
    }

    /// Brings the counters up to date.
    pub(super) fn settle(&self) {
        if let Self::Hashed(store) = self {
            store.settle();
        }
    }
}
