//! [`Pool`]: a cache with a name, and the list of those that have one.

use super::{
    builder::{Builder, Limits, Weighers},
    clock::{Clock, Ttl},
    entry::{Entry, Shared},
    error::{Error, Kind},
    flight::{Flights, Lead, Turn},
    key::AsKey,
    stats::{Counters, Stats, count},
    store::Store,
};
use std::{
    any::{Any, type_name},
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Values of any type under text keys, in the memory of this process.
///
/// Clones are the same pool. Values are cloned when they are taken out: wrap large ones in an
/// [`Arc`]. Values leave under the pool's lock, so that their `Drop` must not use it. What is kept here is not known to other processes, and gone at the end of this one.
///
/// ```
/// use fastkit::cache;
///
/// let pool = cache::pool("custom");
/// pool.set("a", 1, 120)?; // for 120 seconds
/// assert_eq!(pool.get("a")?, Some(1));
/// assert!(!pool.add("a", 2, 120)?); // it is there already
/// assert!(pool.delete("a"));
/// assert_eq!(pool.get::<i32>("a")?, None);
/// # Ok::<(), cache::Error>(())
/// ```
#[derive(Clone)]
pub struct Pool(Arc<Inner>);

struct Inner {
    name: String,
    limits: Limits,
    weighers: Weighers,
    clock: Clock,
    store: Store,
    counters: Arc<Counters>,
    flights: Arc<Flights>,
}

/// The pools that have a name. Process-wide, because a name is all that those who share one have
/// in common.
static POOLS: Mutex<BTreeMap<String, Pool>> = Mutex::new(BTreeMap::new());

fn pools_by_name() -> MutexGuard<'static, BTreeMap<String, Pool>> {
    POOLS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The pool of this name, which is made with the defaults where there is none; a
/// [`Builder`] makes one with other settings.
///
/// ```
/// use fastkit::cache;
///
/// cache::pool("shared").set("greeting", "你好".to_owned(), 0)?;
/// assert_eq!(cache::pool("shared").get("greeting")?, Some("你好".to_owned()));
/// # Ok::<(), cache::Error>(())
/// ```
pub fn pool(name: &str) -> Pool {
    let mut pools = pools_by_name();
    if let Some(pool) = pools.get(name) {
        return pool.clone();
    }
    let builder = Builder::default();
    let limits = builder.limits().expect("the defaults are allowed");
    let pool = Pool::new(name, limits, builder);
    pools.insert(name.to_owned(), pool.clone());
    pool
}

/// All pools that have a name, by name; for metrics.
#[must_use]
pub fn pools() -> Vec<Pool> {
    pools_by_name().values().cloned().collect()
}

pub(super) fn registered(name: &str, builder: Builder) -> Result<Pool, Error> {
    let limits = builder.limits()?;
    let mut pools = pools_by_name();
    if let Some(pool) = pools.get(name) {
        if pool.0.limits != limits {
            return Err(Error::from(Kind::OtherSettings {
                pool: name.to_owned(),
                there: pool.0.limits.clone(),
                asked: limits,
            }));
        }
        return Ok(pool.clone());
    }
    let pool = Pool::new(name, limits, builder);
    pools.insert(name.to_owned(), pool.clone());
    Ok(pool)
}

/// What a look under a key has found.
pub(super) enum Look<V> {
    Value(V),
    /// A failure that is kept instead of a value.
    Negative(Shared),
    Nothing,
}

impl Pool {
    pub(super) fn new(name: &str, limits: Limits, builder: Builder) -> Self {
        let counters = Arc::<Counters>::default();
        Self(Arc::new(Inner {
            name: name.to_owned(),
            store: Store::new(limits.policy, limits.bound, counters.clone()),
            limits,
            weighers: builder.weighers,
            clock: builder.clock,
            counters,
            flights: Arc::default(),
        }))
    }

    /// The name; empty where there is none.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// A clone of the value under this key.
    ///
    /// # Errors
    /// When the value has another type than `V`.
    pub fn get<V: Clone + Send + Sync + 'static>(&self, key: &str) -> Result<Option<V>, Error> {
        let found = self.live(&key);
        count(match &found {
            Some(entry) if !entry.negative => &self.0.counters.hits,
            _ => &self.0.counters.misses,
        });
        match found {
            Some(entry) if !entry.negative => match entry.value.downcast_ref::<V>() {
                Some(value) => Ok(Some(value.clone())),
                None => Err(Error::wrong_type::<V>(&self.0.name, key, entry.type_name)),
            },
            _ => Ok(None),
        }
    }

    /// The values under these keys, without those that are not there.
    ///
    /// # Errors
    /// When a value has another type than `V`.
    pub fn get_many<'k, V: Clone + Send + Sync + 'static>(
        &self,
        keys: impl IntoIterator<Item = &'k str>,
    ) -> Result<BTreeMap<String, V>, Error> {
        let mut found = BTreeMap::new();
        for key in keys {
            if let Some(value) = self.get(key)? {
                found.insert(key.to_owned(), value);
            }
        }
        Ok(found)
    }

    /// Keeps a value under this key, in place of what is there: for seconds, a
    /// [`Duration`](std::time::Duration), without end (0), or as long as the pool does
    /// ([`Ttl::POOL`]).
    ///
    /// # Errors
    /// When the time is negative or longer than a hundred years.
    pub fn set<V: Send + Sync + 'static>(
        &self,
        key: &str,
        value: V,
        ttl: impl Into<Ttl>,
    ) -> Result<(), Error> {
        let entry = self.entry(value, key.len(), ttl.into())?;
        let mut loads = self.0.flights.lock();
        // What is being loaded is older.
        let key: &dyn AsKey = &key;
        loads.remove(key);
        self.0.store.insert(key.to_key(), entry, self.0.clock.now());
        Ok(())
    }

    /// Keeps a value under this key unless there is one. Whether it was kept.
    ///
    /// # Errors
    /// When the time is negative or longer than a hundred years.
    pub fn add<V: Send + Sync + 'static>(
        &self,
        key: &str,
        value: V,
        ttl: impl Into<Ttl>,
    ) -> Result<bool, Error> {
        let entry = self.entry(value, key.len(), ttl.into())?;
        let mut loads = self.0.flights.lock();
        let key: &dyn AsKey = &key;
        if self.live(key).is_some_and(|entry| !entry.negative) {
            return Ok(false);
        }
        loads.remove(key);
        self.0.store.insert(key.to_key(), entry, self.0.clock.now());
        Ok(true)
    }

    /// Removes the value under this key. Whether there was one.
    pub fn delete(&self, key: &str) -> bool {
        self.forget(&key)
    }

    /// Removes all values.
    pub fn clear(&self) {
        let mut loads = self.0.flights.lock();
        loads.clear();
        self.0.store.clear();
    }

    /// How many values there are. Cleans up those whose time is over.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.store.purge(self.0.clock.now());
        self.0.store.len()
    }

    /// What the pool has done so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.0.store.settle();
        self.0.counters.read()
    }

    pub(super) fn counters(&self) -> &Counters {
        &self.0.counters
    }

    pub(super) fn ttl(&self) -> std::time::Duration {
        self.0.limits.ttl
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// An entry for the store, which begins now.
    fn entry<V: Send + Sync + 'static>(
        &self,
        value: V,
        key: usize,
        ttl: Ttl,
    ) -> Result<Shared, Error> {
        let end = ttl.end(self.0.limits.ttl, self.0.clock.now())?;
        Ok(self.weighed(value, key, end, false))
    }

    pub(super) fn weighed<V: Any + Send + Sync>(
        &self,
        value: V,
        key: usize,
        end: u64,
        negative: bool,
    ) -> Shared {
        let weight = self.0.weighers.weigh(&value, key);
        Entry::shared(
            value,
            end,
            u32::try_from(weight).unwrap_or(u32::MAX),
            negative,
        )
    }

    pub(super) fn keep(&self, key: super::key::Key, entry: Shared) {
        self.0.store.insert(key, entry, self.0.clock.now());
    }

    pub(super) fn forget(&self, key: &dyn AsKey) -> bool {
        let mut loads = self.0.flights.lock();
        loads.remove(key);
        let now = self.0.clock.now();
        self.0
            .store
            .remove(key)
            .is_some_and(|entry| entry.end > now)
    }

    /// The entry under this key, unless its time is over.
    pub(super) fn live(&self, key: &dyn AsKey) -> Option<Shared> {
        let entry = self.0.store.get(key)?;
        // Without an end there is no need to read the clock.
        if entry.ends() && entry.end <= self.0.clock.now() {
            return None;
        }
        Some(entry)
    }

    /// What an entry is to a function. A value of another type is none: whoever has put it there,
    /// the function must go on.
    pub(super) fn read<V: Clone + 'static>(&self, entry: Shared) -> Look<V> {
        if entry.negative {
            return Look::Negative(entry);
        }
        match entry.value.downcast_ref::<V>() {
            Some(value) => Look::Value(value.clone()),
            None => {
                tracing::warn!(
                    pool = self.0.name,
                    stored = entry.type_name,
                    asked = type_name::<V>(),
                    "two users of a cache pool keep different types under one key"
                );
                Look::Nothing
            }
        }
    }

    /// Whose turn it is to load; `Err` with what has been loaded meanwhile.
    pub(super) fn turn<V: 'static>(&self, key: &dyn AsKey) -> Result<Turn, Shared> {
        let mut loads = self.0.flights.lock();
        if !loads.contains_key(key)
            && let Some(entry) = self.live(key)
            && (entry.negative || entry.value.is::<V>())
        {
            return Err(entry);
        }
        Ok(Lead::take(
            &self.0.flights,
            &self.0.counters,
            &mut loads,
            key,
        ))
    }

    /// The turn of one who would load ahead of time: only if nobody does already.
    pub(super) fn turn_ahead(&self, key: &dyn AsKey) -> Option<Lead> {
        let mut loads = self.0.flights.lock();
        if loads.contains_key(key) {
            return None;
        }
        match Lead::take(&self.0.flights, &self.0.counters, &mut loads, key) {
            Turn::Load(lead) => Some(lead),
            Turn::Wait(_) | Turn::Alone => None,
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("name", &self.0.name)
            .field("limits", &format_args!("{}", self.0.limits))
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
