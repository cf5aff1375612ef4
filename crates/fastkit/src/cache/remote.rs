//! [`Remote`]: a pool whose values are kept outside of this process, by a [`Backend`].
//!
//! Values travel as JSON. A backend that cannot be reached is an error for who asks it directly; a
//! function whose result is kept there runs instead.

use super::{
    clock::Ttl,
    entry::Entry,
    error::{Error, Kind},
    flight::{Flights, Lead, Outcome, Turn},
    load::{Own, Shape},
    stats::{Counters, Stats, count},
};
use serde::{Serialize, de::DeserializeOwned};
use std::{collections::BTreeMap, fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

/// What a backend does, under way.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// A place for values outside of this process, Redis for instance: bytes under texts.
///
/// Keys come with the name of their pool and a colon in front. A `ttl` of `None` is without end.
/// Failures are made by [`Error::backend`].
pub trait Backend: Send + Sync + 'static {
    /// The value, unless it is missing or its time is over.
    fn get<'a>(&'a self, key: &'a str) -> Pending<'a, Option<Vec<u8>>>;

    /// Keeps a value in place of what is there.
    fn set<'a>(&'a self, key: &'a str, value: Vec<u8>, ttl: Option<Duration>) -> Pending<'a, ()>;

    /// Keeps a value unless there is one, in one step. Whether it was kept.
    fn add<'a>(&'a self, key: &'a str, value: Vec<u8>, ttl: Option<Duration>) -> Pending<'a, bool>;

    /// Removes a value. Whether there was one.
    fn delete<'a>(&'a self, key: &'a str) -> Pending<'a, bool>;

    /// Removes the values of all keys with this prefix.
    fn clear<'a>(&'a self, prefix: &'a str) -> Pending<'a, ()>;

    /// How many values there are under keys with this prefix.
    fn size<'a>(&'a self, prefix: &'a str) -> Pending<'a, usize>;
}

/// A pool of values that a [`Backend`] keeps. Clones are the same pool.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), fastkit::cache::Error> {
/// use fastkit::cache::{Backend, Pending, Remote};
/// use std::{collections::BTreeMap, sync::Mutex, time::Duration};
///
/// // The least that a backend can be: it forgets to end what has a time to live.
/// #[derive(Default)]
/// struct Memory(Mutex<BTreeMap<String, Vec<u8>>>);
///
/// impl Backend for Memory {
///     fn get<'a>(&'a self, key: &'a str) -> Pending<'a, Option<Vec<u8>>> {
///         let found = self.0.lock().unwrap().get(key).cloned();
///         Box::pin(async { Ok(found) })
///     }
///     fn set<'a>(&'a self, key: &'a str, value: Vec<u8>, _: Option<Duration>) -> Pending<'a, ()> {
///         self.0.lock().unwrap().insert(key.to_owned(), value);
///         Box::pin(async { Ok(()) })
///     }
///     fn add<'a>(&'a self, key: &'a str, value: Vec<u8>, _: Option<Duration>) -> Pending<'a, bool> {
///         let mut map = self.0.lock().unwrap();
///         let is_new = !map.contains_key(key);
///         if is_new {
///             map.insert(key.to_owned(), value);
///         }
///         Box::pin(async move { Ok(is_new) })
///     }
///     fn delete<'a>(&'a self, key: &'a str) -> Pending<'a, bool> {
///         let was_there = self.0.lock().unwrap().remove(key).is_some();
///         Box::pin(async move { Ok(was_there) })
///     }
///     fn clear<'a>(&'a self, prefix: &'a str) -> Pending<'a, ()> {
///         self.0.lock().unwrap().retain(|key, _| !key.starts_with(prefix));
///         Box::pin(async { Ok(()) })
///     }
///     fn size<'a>(&'a self, prefix: &'a str) -> Pending<'a, usize> {
///         let count = self.0.lock().unwrap().keys().filter(|key| key.starts_with(prefix)).count();
///         Box::pin(async move { Ok(count) })
///     }
/// }
///
/// let users = Remote::new("users", Memory::default());
/// users.set("7", &"飞", 60).await?;
/// assert_eq!(users.get::<String>("7").await?.as_deref(), Some("飞"));
/// let loaded: Result<u32, std::io::Error> = users.get_or_load("count", || async { Ok(1) }).await;
/// assert_eq!(loaded.ok(), Some(1));
/// assert_eq!(users.size().await?, 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Remote(Arc<Inner>);

struct Inner {
    prefix: String,
    backend: Box<dyn Backend>,
    counters: Arc<Counters>,
    flights: Arc<Flights>,
}

impl Remote {
    /// A pool of this name, whose values are kept without end unless they are set with a time.
    pub fn new(name: &str, backend: impl Backend) -> Self {
        Self(Arc::new(Inner {
            prefix: format!("{name}:"),
            backend: Box::new(backend),
            counters: Arc::default(),
            flights: Arc::default(),
        }))
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.prefix.strip_suffix(':').unwrap_or(&self.0.prefix)
    }

    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.0.prefix)
    }

    /// The value under this key.
    ///
    /// # Errors
    /// When the backend fails, or the value is not a `V`.
    pub async fn get<V: DeserializeOwned>(&self, key: &str) -> Result<Option<V>, Error> {
        let key = self.key(key);
        let found = self.0.backend.get(&key).await?;
        count(match found {
            Some(_) => &self.0.counters.hits,
            None => &self.0.counters.misses,
        });
        found.map(|bytes| decode(&key, &bytes)).transpose()
    }

    /// The values under these keys, without those that are not there.
    ///
    /// # Errors
    /// When the backend fails, or a value is not a `V`.
    pub async fn get_many<'k, V: DeserializeOwned>(
        &self,
        keys: impl IntoIterator<Item = &'k str>,
    ) -> Result<BTreeMap<String, V>, Error> {
        let mut found = BTreeMap::new();
        for key in keys {
            if let Some(value) = self.get(key).await? {
                found.insert(key.to_owned(), value);
            }
        }
        Ok(found)
    }

    /// Keeps a value under this key, in place of what is there.
    ///
    /// # Errors
    /// When the backend fails, the value cannot be written as JSON, or the time is negative or
    /// longer than a hundred years.
    pub async fn set<V: Serialize + ?Sized>(
        &self,
        key: &str,
        value: &V,
        ttl: impl Into<Ttl>,
    ) -> Result<(), Error> {
        let ttl = lifetime(ttl.into())?;
        let key = self.key(key);
        let bytes = encode(&key, value)?;
        self.change(&key, || self.0.backend.set(&key, bytes, ttl))
            .await
    }

    /// Keeps a value under this key unless there is one. Whether it was kept.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub async fn add<V: Serialize + ?Sized>(
        &self,
        key: &str,
        value: &V,
        ttl: impl Into<Ttl>,
    ) -> Result<bool, Error> {
        let ttl = lifetime(ttl.into())?;
        let key = self.key(key);
        let bytes = encode(&key, value)?;
        self.change(&key, || self.0.backend.add(&key, bytes, ttl))
            .await
    }

    /// Removes the value under this key. Whether there was one.
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn delete(&self, key: &str) -> Result<bool, Error> {
        let key = self.key(key);
        self.change(&key, || self.0.backend.delete(&key)).await
    }

    /// Changes what is under a key, so that no load that has begun before the end of it is kept.
    async fn change<'a, T: 'a>(
        &self,
        key: &str,
        change: impl FnOnce() -> Pending<'a, T>,
    ) -> Result<T, Error> {
        // First, since a backend may be at it before it is waited for.
        self.0.flights.outdate(&key);
        let changed = change().await;
        // Loads that have begun meanwhile may not have seen it.
        self.0.flights.outdate(&key);
        changed
    }

    /// Removes all values of this pool.
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn clear(&self) -> Result<(), Error> {
        self.0.flights.lock().clear();
        let cleared = self.0.backend.clear(&self.0.prefix).await;
        self.0.flights.lock().clear();
        cleared
    }

    /// How many values this pool has.
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn size(&self) -> Result<usize, Error> {
        self.0.backend.size(&self.0.prefix).await
    }

    /// What this process has done with the pool so far. Evictions and expirations happen elsewhere.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.0.counters.read()
    }

    /// The value under this key; if there is none, that of `loader`, which is kept without end. Of
    /// all in this process who ask at the same time one asks the backend and loads. A backend that
    /// fails is logged, and as good as empty.
    ///
    /// # Errors
    /// Those of the loader.
    pub async fn get_or_load<V, E, F>(&self, key: &str, loader: impl FnOnce() -> F) -> Result<V, E>
    where
        V: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        self.load::<Own<V, E>, F>(key, Duration::ZERO, loader).await
    }

    fn turn(&self, key: &str) -> Turn {
        let mut loads = self.0.flights.lock();
        Lead::take(&self.0.flights, &self.0.counters, &mut loads, &key)
    }

    pub(super) async fn load<S: Shape, F: Future<Output = S::Returned>>(
        &self,
        key: &str,
        ttl: Duration,
        loader: impl FnOnce() -> F,
    ) -> S::Returned
    where
        S::Kept: Serialize + DeserializeOwned,
    {
        let key = self.key(key);
        let counters = &*self.0.counters;
        let lead = loop {
            match self.turn(&key) {
                Turn::Load(lead) => break Some(lead),
                Turn::Alone => break None,
                Turn::Wait(flight) => match flight.wait().await {
                    Outcome::Loaded(entry) => match entry.value.downcast_ref::<S::Kept>() {
                        Some(value) => {
                            count(&counters.hits);
                            return S::join(Ok(value.clone()));
                        }
                        None => break None,
                    },
                    Outcome::Failed(loss) => match loss.as_deref().and_then(S::shared) {
                        Some(lost) => return S::join(Err(lost)),
                        None => break None,
                    },
                    Outcome::Abandoned | Outcome::Running => {}
                },
            }
        };
        let found = match self.0.backend.get(&key).await {
            Ok(found) => found
                .map(|bytes| decode::<S::Kept>(&key, &bytes))
                .transpose(),
            Err(error) => Err(error),
        };
        let parts = match found {
            Ok(Some(value)) => {
                count(&counters.hits);
                Ok(value)
            }
            missed => {
                if let Err(error) = missed {
                    self.warn(&error);
                }
                count(&counters.misses);
                count(&counters.loads);
                let parts = S::divide(Lead::run_async(lead.as_ref(), loader).await);
                match (&parts, &lead) {
                    (Ok(value), Some(lead)) => self.keep(lead, &key, value, ttl).await,
                    // There is no telling whether the key was set or deleted meanwhile.
                    (Ok(_), None) => {}
                    (Err(_), _) if S::FAILS => count(&counters.load_failures),
                    (Err(_), _) => {}
                }
                parts
            }
        };
        if let Some(lead) = lead {
            let outcome = match &parts {
                Ok(value) => Outcome::Loaded(Entry::shared(value.clone(), 0, 0, false)),
                Err(lost) => Outcome::Failed(S::share(lost)),
            };
            lead.land(outcome, |_| {});
        }
        S::join(parts)
    }

    /// Keeps what was loaded, unless the key was set, deleted or cleared meanwhile.
    async fn keep<V: Serialize>(&self, lead: &Lead, key: &str, value: &V, ttl: Duration) {
        if !lead.is_current() {
            return;
        }
        let kept = match encode(key, value) {
            Ok(bytes) => {
                let ttl = Some(ttl).filter(|time| !time.is_zero());
                match self.0.backend.set(key, bytes, ttl).await {
                    // It happened while the backend was at it, and there is no telling which was
                    // first. To load again is harmless, a value that is too old is not.
                    Ok(()) if !lead.is_current() => self.0.backend.delete(key).await.map(drop),
                    kept => kept,
                }
            }
            Err(error) => Err(error),
        };
        if let Err(error) = kept {
            self.warn(&error);
        }
    }

    fn warn(&self, error: &Error) {
        let error: &(dyn std::error::Error + 'static) = error;
        tracing::warn!(
            pool = self.name(),
            error,
            "the function runs without its cache"
        );
    }
}

/// The time, where zero is without end.
fn lifetime(ttl: Ttl) -> Result<Option<Duration>, Error> {
    Ok(Some(ttl.time(Duration::ZERO)?).filter(|time| !time.is_zero()))
}

fn decode<V: DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<V, Error> {
    serde_json::from_slice(bytes).map_err(|source| codec(key, source))
}

fn encode<V: Serialize + ?Sized>(key: &str, value: &V) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|source| codec(key, source))
}

fn codec(key: &str, source: serde_json::Error) -> Error {
    Error::from(Kind::Codec {
        key: key.to_owned(),
        source,
    })
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote")
            .field("name", &self.name())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
