//! [`Ordered`]: fifo, lifo, mru and rr, by a map and the order in which entries came.
//!
//! Exact, unlike the store of lru and lfu: a full pool never holds one entry too many. Every entry
//! has a number; which number makes room is all that the policies differ in.

use crate::cache::{
    builder::{Bound, Policy},
    entry::Shared,
    key::{AsKey, Key, Passing},
    stats::{Counters, count},
};
use rand::Rng;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

pub(in crate::cache) struct Ordered {
    policy: Policy,
    bound: Bound,
    counters: Arc<Counters>,
    entries: RwLock<Entries>,
}

#[derive(Default)]
struct Entries {
    map: HashMap<Key, Numbered, Passing>,
    order: BTreeMap<u64, Key>,
    /// End and number of those that end.
    ends: BTreeSet<(u64, u64)>,
    next: u64,
    weight: u64,
}

struct Numbered {
    number: u64,
    entry: Shared,
}

impl Ordered {
    pub(super) fn new(policy: Policy, bound: Bound, counters: Arc<Counters>) -> Self {
        Self {
            policy,
            bound,
            counters,
            entries: RwLock::default(),
        }
    }

    /// Nothing of another crate runs under the lock but the comparison of keys, which leaves the
    /// maps in order when it panics.
    fn read(&self) -> RwLockReadGuard<'_, Entries> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Entries> {
        self.entries.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, key: &dyn AsKey) -> Option<Shared> {
        if self.policy != Policy::Mru {
            return self.read().map.get(key).map(|found| found.entry.clone());
        }
        let entries = &mut *self.write();
        let found = entries.map.get_mut(key)?;
        // The last that was asked for has the highest number.
        if let Some(key) = entries.order.remove(&found.number) {
            if entries.ends.remove(&(found.entry.end, found.number)) {
                entries.ends.insert((found.entry.end, entries.next));
            }
            found.number = entries.next;
            entries.order.insert(entries.next, key);
            entries.next += 1;
        }
        Some(found.entry.clone())
    }

    pub(super) fn insert(&self, key: Key, entry: Shared, now: u64) {
        let entries = &mut *self.write();
        if entries.remove(&key).is_some_and(|old| old.end <= now) {
            count(&self.counters.expirations);
        }
        let (most, weight) = match self.bound {
            Bound::Entries(most) => (most as u64, 1),
            Bound::Bytes(most) => (most, u64::from(entry.weight)),
        };
        if weight > most {
            count(&self.counters.evictions);
            return;
        }
        let is_full = |entries: &Entries| match self.bound {
            Bound::Entries(_) => entries.map.len() as u64 + 1 > most,
            Bound::Bytes(_) => entries.weight + weight > most,
        };
        if is_full(entries) {
            entries.purge(now, &self.counters);
        }
        while is_full(entries) {
            let Some(number) = self.chosen(&entries.order) else {
                break;
            };
            entries.remove_number(number);
            count(&self.counters.evictions);
        }
        entries.add(key, entry);
    }

    /// Who has to make room.
    fn chosen(&self, order: &BTreeMap<u64, Key>) -> Option<u64> {
        let (first, last) = (order.keys().next()?, order.keys().next_back()?);
        Some(match self.policy {
            Policy::Lifo | Policy::Mru => *last,
            Policy::Rr => {
                // Of the numbers that are gone, the next one has their chance too.
                let from = rand::rng().random_range(*first..=*last);
                *order.range(from..).next()?.0
            }
            Policy::Fifo | Policy::Lru | Policy::Lfu => *first,
        })
    }

    pub(super) fn remove(&self, key: &dyn AsKey) -> Option<Shared> {
        self.write().remove(key)
    }

    pub(super) fn clear(&self) {
        *self.write() = Entries::default();
    }

    pub(super) fn purge(&self, now: u64) {
        self.write().purge(now, &self.counters);
    }

    pub(super) fn len(&self) -> usize {
        self.read().map.len()
    }
}

impl Entries {
    fn add(&mut self, key: Key, entry: Shared) {
        let number = self.next;
        self.next += 1;
        self.weight += u64::from(entry.weight);
        if entry.ends() {
            self.ends.insert((entry.end, number));
        }
        self.order.insert(number, key.clone());
        self.map.insert(key, Numbered { number, entry });
    }

    fn remove(&mut self, key: &dyn AsKey) -> Option<Shared> {
        let Numbered { number, entry } = self.map.remove(key)?;
        self.order.remove(&number);
        self.ends.remove(&(entry.end, number));
        self.weight -= u64::from(entry.weight);
        Some(entry)
    }

    fn remove_number(&mut self, number: u64) {
        if let Some(key) = self.order.get(&number).cloned() {
            self.remove(&key);
        }
    }

    fn purge(&mut self, now: u64, counters: &Counters) {
        while let Some(&(end, number)) = self.ends.first() {
            if end > now {
                break;
            }
            self.remove_number(number);
            count(&counters.expirations);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::{clock::NEVER, entry::Entry};

    fn store(policy: Policy, bound: Bound) -> Ordered {
        Ordered::new(policy, bound, Arc::default())
    }

    fn put(store: &Ordered, key: &str, end: u64, weight: u32, now: u64) {
        store.insert(key.to_key(), Entry::shared(1, end, weight, false), now);
    }

    fn keys(store: &Ordered) -> Vec<String> {
        let entries = store.read();
        assert_eq!(entries.map.len(), entries.order.len());
        let ending = entries.map.values().filter(|found| found.entry.ends());
        assert_eq!(ending.count(), entries.ends.len());
        let weights = entries
            .map
            .values()
            .map(|found| u64::from(found.entry.weight));
        assert_eq!(weights.sum::<u64>(), entries.weight);
        let keys = entries.order.values().map(|key| key.view().to_string());
        keys.collect()
    }

    #[test]
    fn each_policy_lets_its_own_make_room() {
        for (policy, left) in [
            (Policy::Fifo, ["b", "c", "d"]),
            (Policy::Lifo, ["a", "b", "d"]),
            (Policy::Mru, ["c", "a", "d"]),
        ] {
            let store = store(policy, Bound::Entries(3));
            for key in ["a", "b", "c"] {
                put(&store, key, NEVER, 1, 0);
            }
            for key in ["a", "a", "b"] {
                assert!(store.get(&key).is_some());
            }
            put(&store, "d", NEVER, 1, 0);
            assert_eq!(keys(&store), left, "{policy}");
        }
    }

    #[test]
    fn any_one_makes_room_at_random() {
        let store = store(Policy::Rr, Bound::Entries(4));
        let mut gone = BTreeSet::new();
        for number in 0..400 {
            put(&store, &number.to_string(), NEVER, 1, 0);
            let kept = keys(&store);
            assert!(kept.len() <= 4);
            assert!(kept.contains(&number.to_string()), "never the new one");
            // Which of the four before were kept, by their age.
            gone.extend((1..=4).filter(|age| !kept.contains(&(number - age).to_string())));
        }
        assert_eq!(gone.len(), 4);
    }

    #[test]
    fn what_has_ended_makes_room_first() {
        let store = store(Policy::Fifo, Bound::Entries(3));
        put(&store, "a", NEVER, 1, 0);
        put(&store, "b", 10, 1, 0);
        put(&store, "c", 20, 1, 0);
        put(&store, "d", NEVER, 1, 10);
        assert_eq!(keys(&store), ["a", "c", "d"]);
        assert_eq!(store.counters.read().expirations, 1);
        assert_eq!(store.counters.read().evictions, 0);
        store.purge(20);
        assert_eq!(keys(&store), ["a", "d"]);
    }

    #[test]
    fn weights_are_bounded_and_kept_account_of() {
        let store = store(Policy::Fifo, Bound::Bytes(10));
        put(&store, "a", NEVER, 4, 0);
        put(&store, "b", 9, 4, 0);
        put(&store, "a", NEVER, 2, 0);
        assert_eq!(keys(&store), ["b", "a"]);
        put(&store, "c", NEVER, 7, 0);
        assert_eq!(keys(&store), ["a", "c"]);
        put(&store, "d", NEVER, 11, 0);
        assert_eq!(keys(&store), ["a", "c"], "too heavy to be kept");
        put(&store, "a", NEVER, 11, 0);
        assert_eq!(keys(&store), ["c"], "and what it replaces is out of date");
        assert!(store.remove(&"c").is_some());
        assert!(keys(&store).is_empty());
    }
}
