//! [`Builder`] and [`Policy`]: how a pool is made.

use super::{
    clock::{Clock, Ttl},
    error::{Error, Kind},
    pool::{Pool, registered},
};
use std::{
    any::{Any, TypeId},
    collections::BTreeMap,
    fmt,
    str::FromStr,
    sync::Arc,
    time::Duration,
};

/// Which value makes room when a pool is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Policy {
    /// The one that was set first: the default, as in the original.
    #[default]
    Fifo,
    /// The one that was asked for the longest time ago. As with `Lfu`, a full pool may hold a few
    /// entries too many for a moment.
    Lru,
    /// The one that is asked for least (TinyLFU). A new value that nobody has asked for yet may
    /// itself be the one: right after `set`, `get` may find nothing.
    Lfu,
    /// The one that was set last before the new one.
    Lifo,
    /// The one that was asked for last.
    Mru,
    /// Any.
    Rr,
}

impl Policy {
    const ALL: [Self; 6] = [
        Self::Fifo,
        Self::Lru,
        Self::Lfu,
        Self::Lifo,
        Self::Mru,
        Self::Rr,
    ];

    /// The name, as it is written in options.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fifo => "fifo",
            Self::Lru => "lru",
            Self::Lfu => "lfu",
            Self::Lifo => "lifo",
            Self::Mru => "mru",
            Self::Rr => "rr",
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Policy {
    type Err = Error;

    /// Reads the name of a policy, in any case. `cache`, the original's name of its default, is
    /// fifo.
    fn from_str(text: &str) -> Result<Self, Error> {
        if text.eq_ignore_ascii_case("cache") {
            return Ok(Self::Fifo);
        }
        Self::ALL
            .into_iter()
            .find(|policy| policy.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| Error::from(Kind::Policy(text.to_owned())))
    }
}

/// What two pools of one name have to agree on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) policy: Policy,
    pub(super) bound: Bound,
    pub(super) ttl: Duration,
    /// The types that have a weigher.
    pub(super) weighed: Vec<TypeId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Entries(usize),
    Bytes(u64),
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "policy {}, ", self.policy)?;
        match self.bound {
            Bound::Entries(entries) => write!(f, "max_size {entries}")?,
            Bound::Bytes(bytes) => write!(f, "max_bytes {bytes}")?,
        }
        write!(f, ", ttl {} s", self.ttl.as_secs_f64())?;
        if !self.weighed.is_empty() {
            write!(f, ", {} weighers", self.weighed.len())?;
        }
        Ok(())
    }
}

type Weigher = Arc<dyn Fn(&(dyn Any + Send + Sync)) -> u64 + Send + Sync>;

/// The weighers, by type.
#[derive(Clone, Default)]
pub(super) struct Weighers(BTreeMap<TypeId, Weigher>);

impl Weighers {
    /// The weight of a value and its key in bytes.
    pub(super) fn weigh<V: Any + Send + Sync>(&self, value: &V, key: usize) -> u64 {
        let inside = match self.0.get(&TypeId::of::<V>()) {
            Some(weigher) => weigher(value),
            None => 0,
        };
        (size_of::<V>() as u64)
            .saturating_add(inside)
            .saturating_add(key as u64)
    }
}

impl fmt::Debug for Weighers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Weighers").field(&self.0.len()).finish()
    }
}

/// How a pool is made where the defaults don't fit: 256 entries, first in first out, kept until
/// they make room. From [`builder()`](super::builder()).
///
/// ```
/// use fastkit::cache::{self, Policy};
///
/// let pool = cache::builder().max_size(10_000).policy(Policy::Lru).ttl(300).open("users")?;
/// pool.set("user:1", "飞".to_owned(), 60)?;
///
/// // The same name is the same pool: it cannot be made with other settings.
/// let error = cache::builder().max_size(5).open("users").unwrap_err();
/// assert!(error.is_other_settings());
/// # Ok::<(), cache::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it makes a pool"]
pub struct Builder {
    pub(super) policy: Policy,
    pub(super) bound: Bound,
    pub(super) ttl: Ttl,
    pub(super) clock: Clock,
    pub(super) weighers: Weighers,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            bound: Bound::Entries(256),
            ttl: Ttl::NEVER,
            clock: Clock::system(),
            weighers: Weighers::default(),
        }
        .weigher(String::len)
        .weigher(Vec::<u8>::len)
    }
}

impl Builder {
    /// The most entries (256).
    pub fn max_size(mut self, entries: usize) -> Self {
        self.bound = Bound::Entries(entries);
        self
    }

    /// The most bytes, instead of a number of entries: of keys and of values, which weigh their size
    /// in memory, texts and byte vectors also what they hold, other types what a
    /// [`weigher`](Self::weigher) says. A value that is heavier than all of it is not kept.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.bound = Bound::Bytes(bytes);
        self
    }

    /// How many bytes a value of this type holds besides its size in memory.
    ///
    /// ```
    /// use fastkit::cache;
    ///
    /// #[derive(Clone)]
    /// struct Page {
    ///     lines: Vec<String>,
    /// }
    ///
    /// let pool = cache::builder()
    ///     .max_bytes(1_000_000)
    ///     .weigher(|page: &Page| page.lines.iter().map(String::len).sum())
    ///     .build()?;
    /// pool.set("big", Page { lines: vec!["x".repeat(2_000_000)] }, 0)?;
    /// assert!(pool.get::<Page>("big")?.is_none());
    /// # Ok::<(), cache::Error>(())
    /// ```
    pub fn weigher<V: Any + Send + Sync>(
        mut self,
        weigher: impl Fn(&V) -> usize + Send + Sync + 'static,
    ) -> Self {
        let weigher: Weigher = Arc::new(move |value| {
            let value: &dyn Any = value;
            value
                .downcast_ref()
                .map_or(0, |value| weigher(value) as u64)
        });
        self.weighers.0.insert(TypeId::of::<V>(), weigher);
        self
    }

    /// Which value makes room when the pool is full (fifo).
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// How long values are kept that are set with [`Ttl::POOL`] (0: without end).
    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.ttl = ttl.into();
        self
    }

    /// Where the time is taken from (the machine); for tests.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    pub(super) fn limits(&self) -> Result<Limits, Error> {
        match self.bound {
            Bound::Entries(0) => return Err(Error::from(Kind::Limit("max_size"))),
            Bound::Bytes(0) => return Err(Error::from(Kind::Limit("max_bytes"))),
            Bound::Entries(_) | Bound::Bytes(_) => {}
        }
        Ok(Limits {
            policy: self.policy,
            bound: self.bound,
            ttl: self.ttl.time(Duration::ZERO)?,
            weighed: self.weighers.0.keys().copied().collect(),
        })
    }

    /// The pool of this name, which is made where there is none.
    ///
    /// # Errors
    /// When there is one with other settings, or the settings are not allowed: a bound of 0, a time
    /// to live that is negative or longer than a hundred years.
    pub fn open(self, name: &str) -> Result<Pool, Error> {
        registered(name, self)
    }

    /// A pool without a name, of which only its clones know.
    ///
    /// # Errors
    /// When the settings are not allowed: a bound of 0, a time to live that is negative or longer
    /// than a hundred years.
    pub fn build(self) -> Result<Pool, Error> {
        let limits = self.limits()?;
        Ok(Pool::new("", limits, self))
    }
}
