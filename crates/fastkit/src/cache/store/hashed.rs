//! [`Hashed`]: lru and lfu, by moka.
//!
//! Time is not moka's business here: the pool's own clock decides, so that tests can turn it and a
//! look reads one clock and not two. What is too much leaves a moment after it came, by whoever
//! writes next. Ended entries leave when they are looked at, when the pool is
//! counted, or as what nobody asks for.

use crate::cache::{
    builder::{Bound, Policy},
    entry::Shared,
    key::{AsKey, Key, Passing},
    stats::{Counters, count},
};
use moka::{notification::RemovalCause, policy::EvictionPolicy, sync::Cache};
use std::sync::{Arc, atomic::Ordering};

pub(in crate::cache) struct Hashed {
    cache: Cache<Key, Shared, Passing>,
    /// What one entry may weigh.
    heaviest: u64,
    counters: Arc<Counters>,
}

impl Hashed {
    pub(super) fn new(policy: Policy, bound: Bound, counters: Arc<Counters>) -> Self {
        let listener = counters.clone();
        let builder = Cache::builder()
            .eviction_policy(match policy {
                Policy::Lru => EvictionPolicy::lru(),
                _ => EvictionPolicy::tiny_lfu(),
            })
            .eviction_listener(move |_, _, cause| {
                if cause == RemovalCause::Size {
                    count(&listener.evictions);
                }
            });
        let builder = match bound {
            Bound::Entries(entries) => builder.max_capacity(entries as u64),
            Bound::Bytes(bytes) => builder
                .max_capacity(bytes)
                .weigher(|_, entry: &Shared| entry.weight),
        };
        Self {
            cache: builder.build_with_hasher(Passing::default()),
            heaviest: match bound {
                Bound::Entries(_) => u64::MAX,
                Bound::Bytes(bytes) => bytes,
            },
            counters,
        }
    }

    pub(super) fn get(&self, key: &dyn AsKey) -> Option<Shared> {
        self.cache.get(key)
    }

    pub(super) fn insert(&self, key: Key, entry: Shared, now: u64) {
        if self.cache.get(&key).is_some_and(|old| old.end <= now) {
            count(&self.counters.expirations);
        }
        // moka would show it for a moment.
        if u64::from(entry.weight) > self.heaviest {
            count(&self.counters.evictions);
            self.cache.invalidate(&key);
            return;
        }
        self.cache.insert(key, entry);
    }

    pub(super) fn remove(&self, key: &dyn AsKey) -> Option<Shared> {
        self.cache.remove(key)
    }

    pub(super) fn clear(&self) {
        self.cache.invalidate_all();
        self.cache.run_pending_tasks();
    }

    pub(super) fn purge(&self, now: u64) {
        let ended: Vec<Arc<Key>> = self
            .cache
            .iter()
            .filter(|(_, entry)| entry.end <= now)
            .map(|(key, _)| key)
            .collect();
        for key in ended {
            if self.cache.remove(&*key).is_some() {
                self.counters.expirations.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.cache.run_pending_tasks();
        usize::try_from(self.cache.entry_count()).unwrap_or(usize::MAX)
    }

    pub(super) fn settle(&self) {
        self.cache.run_pending_tasks();
    }
}
