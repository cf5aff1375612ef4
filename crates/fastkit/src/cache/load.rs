//! Loading what is missing, once for all who ask: [`Loader`] and the way behind `#[cached]`.
//!
//! What a loader returns has a [`Shape`]: which part of it is kept, which part is a failure.

use super::{
    clock::{NEVER, Ttl},
    error::Error,
    flight::{Lead, Outcome, Turn},
    key::AsKey,
    pool::{Look, Pool},
    stats::count,
};
use std::{any::Any, future::Future, marker::PhantomData, sync::Arc, time::Duration};

/// A failure that others can have, too.
type SharedLoss = Arc<dyn Any + Send + Sync>;

/// How what a loader returns divides into a value that is kept and a failure that is not.
#[diagnostic::on_unimplemented(
    message = "what this function returns cannot be kept in a cache",
    label = "the value has to be `Clone + Send + Sync + 'static`",
    note = "derive `Clone`, or return the value in an `Arc`"
)]
pub trait Shape {
    /// What the loader returns.
    type Returned;
    /// What is kept of it.
    type Kept: Clone + Send + Sync + 'static;
    /// What there is instead.
    type Lost;
    /// Whether a loss counts as a failure.
    const FAILS: bool;

    #[doc(hidden)]
    fn divide(returned: Self::Returned) -> Result<Self::Kept, Self::Lost>;
    #[doc(hidden)]
    fn join(parts: Result<Self::Kept, Self::Lost>) -> Self::Returned;
    /// A loss in a form that others can have, too.
    #[doc(hidden)]
    fn share(lost: &Self::Lost) -> Option<SharedLoss>;
    #[doc(hidden)]
    fn shared(loss: &(dyn Any + Send + Sync)) -> Option<Self::Lost>;
}

/// `Result`, whose errors are for one only.
#[derive(Debug)]
pub struct Own<T, E>(PhantomData<fn() -> (T, E)>);

impl<T, E> Copy for Own<T, E> {}

impl<T, E> Clone for Own<T, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, E> Own<T, E> {
    pub(super) const NEW: Self = Self(PhantomData);
}

/// `Result`, whose errors can be cloned: who waits for a load that fails gets its error.
#[derive(Debug)]
pub struct Common<T, E>(PhantomData<fn() -> (T, E)>);

impl<T, E> Copy for Common<T, E> {}

impl<T, E> Clone for Common<T, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, E> Common<T, E> {
    pub(super) const NEW: Self = Self(PhantomData);
}

/// `Option`, of which `None` is no value.
#[derive(Debug)]
pub struct Perhaps<T>(PhantomData<fn() -> T>);

impl<T> Copy for Perhaps<T> {}

impl<T> Clone for Perhaps<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Perhaps<T> {
    pub(super) const NEW: Self = Self(PhantomData);
}

/// Anything else, which is always a value.
#[derive(Debug)]
pub struct Always<T>(PhantomData<fn() -> T>);

impl<T> Copy for Always<T> {}

impl<T> Clone for Always<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Always<T> {
    pub(super) const NEW: Self = Self(PhantomData);
}

#[diagnostic::do_not_recommend]
impl<T: Clone + Send + Sync + 'static, E> Shape for Own<T, E> {
    type Returned = Result<T, E>;
    type Kept = T;
    type Lost = E;
    const FAILS: bool = true;

    fn divide(returned: Result<T, E>) -> Result<T, E> {
        returned
    }

    fn join(parts: Result<T, E>) -> Result<T, E> {
        parts
    }

    fn share(_: &E) -> Option<SharedLoss> {
        None
    }

    fn shared(_: &(dyn Any + Send + Sync)) -> Option<E> {
        None
    }
}

#[diagnostic::do_not_recommend]
impl<T, E> Shape for Common<T, E>
where
    T: Clone + Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
{
    type Returned = Result<T, E>;
    type Kept = T;
    type Lost = E;
    const FAILS: bool = true;

    fn divide(returned: Result<T, E>) -> Result<T, E> {
        returned
    }

    fn join(parts: Result<T, E>) -> Result<T, E> {
        parts
    }

    fn share(lost: &E) -> Option<SharedLoss> {
        Some(Arc::new(lost.clone()))
    }

    fn shared(loss: &(dyn Any + Send + Sync)) -> Option<E> {
        loss.downcast_ref().cloned()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Clone + Send + Sync + 'static> Shape for Perhaps<T> {
    type Returned = Option<T>;
    type Kept = T;
    type Lost = ();
    const FAILS: bool = false;

    fn divide(returned: Option<T>) -> Result<T, ()> {
        returned.ok_or(())
    }

    fn join(parts: Result<T, ()>) -> Option<T> {
        parts.ok()
    }

    fn share((): &()) -> Option<SharedLoss> {
        Some(Arc::new(()))
    }

    fn shared(loss: &(dyn Any + Send + Sync)) -> Option<()> {
        loss.downcast_ref().copied()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Clone + Send + Sync + 'static> Shape for Always<T> {
    type Returned = T;
    type Kept = T;
    type Lost = std::convert::Infallible;
    const FAILS: bool = false;

    fn divide(returned: T) -> Result<T, Self::Lost> {
        Ok(returned)
    }

    fn join(parts: Result<T, Self::Lost>) -> T {
        let Ok(value) = parts;
        value
    }

    fn share(_: &Self::Lost) -> Option<SharedLoss> {
        None
    }

    fn shared(_: &(dyn Any + Send + Sync)) -> Option<Self::Lost> {
        None
    }
}

/// For how long what is loaded is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) ttl: Ttl,
    /// Failures, too, for that long.
    pub(super) negative: Option<Ttl>,
}

/// What one who misses does next.
enum Next<S: Shape> {
    Return(S::Returned),
    Load(Option<Lead>),
    Wait(Arc<super::flight::Flight>),
}

/// One look for a value, and what follows from missing it.
pub(super) struct Search<'a> {
    pub(super) pool: &'a Pool,
    pub(super) key: &'a (dyn AsKey + Send + Sync),
    pub(super) terms: Terms,
}

impl Search<'_> {
    /// What is there, a kept failure included, and the moment at which it ends as a value: a
    /// failure is none, and is not to be loaded ahead.
    pub(super) fn look<S: Shape>(&self) -> Option<(S::Returned, u64)> {
        let found = self.pool.live(self.key).and_then(|entry| {
            let end = if entry.negative { NEVER } else { entry.end };
            Some((self.returned::<S>(self.pool.read(entry))?, end))
        });
        let counters = self.pool.counters();
        count(match found {
            Some(_) => &counters.hits,
            None => &counters.misses,
        });
        found
    }

    fn returned<S: Shape>(&self, look: Look<S::Kept>) -> Option<S::Returned> {
        match look {
            Look::Value(value) => Some(S::join(Ok(value))),
            Look::Negative(entry) => {
                let loss = entry.value.downcast_ref::<SharedLoss>()?;
                Some(S::join(Err(S::shared(&**loss)?)))
            }
            Look::Nothing => None,
        }
    }

    fn next<S: Shape>(&self) -> Next<S> {
        match self.pool.turn::<S::Kept>(self.key) {
            Err(entry) => match self.returned::<S>(self.pool.read(entry)) {
                Some(returned) => Next::Return(returned),
                // The kept failure of a function with another type of errors.
                None => Next::Load(None),
            },
            Ok(Turn::Load(lead)) => Next::Load(Some(lead)),
            Ok(Turn::Wait(flight)) => Next::Wait(flight),
            Ok(Turn::Alone) => Next::Load(None),
        }
    }

    /// What follows from the outcome of another's load; `None` to begin anew.
    fn after<S: Shape>(&self, outcome: Outcome) -> Option<Next<S>> {
        Some(match outcome {
            Outcome::Loaded(entry) => match self.returned::<S>(self.pool.read(entry)) {
                Some(returned) => Next::Return(returned),
                None => Next::Load(None),
            },
            Outcome::Failed(loss) => match loss.as_deref().and_then(S::shared) {
                Some(lost) => Next::Return(S::join(Err(lost))),
                // An error that cannot be had twice: everybody finds out by themselves, at once.
                None => Next::Load(None),
            },
            Outcome::Abandoned | Outcome::Running => return None,
        })
    }

    /// Loads, or waits for who does.
    pub(super) async fn load<S: Shape, F: Future<Output = S::Returned>>(
        &self,
        loader: impl FnOnce() -> F,
    ) -> S::Returned {
        let lead = loop {
            let next = match self.next::<S>() {
                Next::Wait(flight) => self.after::<S>(flight.wait().await),
                next => Some(next),
            };
            match next {
                Some(Next::Return(returned)) => return returned,
                Some(Next::Load(lead)) => break lead,
                Some(Next::Wait(_)) | None => {}
            }
        };
        count(&self.pool.counters().loads);
        let returned = Lead::run_async(lead.as_ref(), loader).await;
        self.land::<S>(lead, returned)
    }

    /// As [`load`](Self::load), on a thread.
    pub(super) fn load_blocking<S: Shape>(
        &self,
        loader: impl FnOnce() -> S::Returned,
    ) -> S::Returned {
        let lead = loop {
            let next = match self.next::<S>() {
                Next::Wait(flight) => self.after::<S>(flight.wait_blocking()),
                next => Some(next),
            };
            match next {
                Some(Next::Return(returned)) => return returned,
                Some(Next::Load(lead)) => break lead,
                Some(Next::Wait(_)) | None => {}
            }
        };
        count(&self.pool.counters().loads);
        let returned = Lead::run(lead.as_ref(), loader);
        self.land::<S>(lead, returned)
    }

    /// As [`land`](Self::land), for what was loaded ahead: a failure does not take the place of a
    /// value that still holds.
    pub(super) fn land_ahead<S: Shape>(self, lead: Lead, returned: S::Returned) {
        let terms = Terms {
            negative: self.terms.negative.filter(|_| !S::FAILS),
            ..self.terms
        };
        Search { terms, ..self }.land::<S>(Some(lead), returned);
    }

    /// Keeps what was loaded, hands it to those who wait, and returns it.
    pub(super) fn land<S: Shape>(&self, lead: Option<Lead>, returned: S::Returned) -> S::Returned {
        let parts = S::divide(returned);
        if S::FAILS && parts.is_err() {
            count(&self.pool.counters().load_failures);
        }
        let Some(lead) = lead else {
            return S::join(parts);
        };
        let length = match self.key.view() {
            super::key::View::Text(text) => text.len(),
            super::key::View::Call(_) => 0,
        };
        let end = |ttl: Ttl| ttl.end(self.pool.ttl(), self.pool.clock().now());
        match &parts {
            Ok(value) => {
                let ends = end(self.terms.ttl);
                let entry = self.pool.weighed(
                    value.clone(),
                    length,
                    ends.as_ref().copied().unwrap_or(0),
                    false,
                );
                lead.land(Outcome::Loaded(entry.clone()), |key| {
                    if ends.is_ok() {
                        self.pool.keep(key, entry);
                    }
                });
            }
            Err(lost) => {
                let loss = S::share(lost);
                let kept = loss
                    .clone()
                    .zip(self.terms.negative)
                    .and_then(|(loss, ttl)| {
                        Some(self.pool.weighed(loss, length, end(ttl).ok()?, true))
                    });
                lead.land(Outcome::Failed(loss), |key| {
                    if let Some(entry) = kept {
                        self.pool.keep(key, entry);
                    }
                });
            }
        }
        S::join(parts)
    }
}

impl Pool {
    /// The value under this key; if there is none, that of `loader`, which is kept as long as the
    /// pool does. Of all who miss it at the same time one runs its loader, the others wait; when
    /// that one panics or is cancelled, another one takes over.
    ///
    /// # Errors
    /// Those of the loader, which are not kept: who has waited for a load that failed then runs
    /// their own. A [`Loader`] hands the one error to all.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), std::io::Error> {
    /// use fastkit::cache;
    ///
    /// let pool = cache::pool("settings");
    /// let load = || async { Ok::<_, std::io::Error>("from far away".to_owned()) };
    /// assert_eq!(pool.get_or_load("motd", load).await?, "from far away");
    /// assert_eq!(pool.get_or_load("motd", load).await?, "from far away");
    /// assert_eq!(pool.stats().loads, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get_or_load<V, E, F>(&self, key: &str, loader: impl FnOnce() -> F) -> Result<V, E>
    where
        V: Clone + Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        let search = self.search(&key);
        match search.look::<Own<V, E>>() {
            Some((found, _)) => found,
            None => search.load::<Own<V, E>, F>(loader).await,
        }
    }

    /// As [`get_or_load`](Self::get_or_load), for threads. Not for tasks: the thread waits.
    ///
    /// # Errors
    /// Those of the loader.
    pub fn get_or_load_blocking<V, E>(
        &self,
        key: &str,
        loader: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, E>
    where
        V: Clone + Send + Sync + 'static,
    {
        let search = self.search(&key);
        match search.look::<Own<V, E>>() {
            Some((found, _)) => found,
            None => search.load_blocking::<Own<V, E>>(loader),
        }
    }

    /// A loader with a time of its own, and on request with failures that are kept.
    pub fn loader(&self) -> Loader {
        Loader {
            pool: self.clone(),
            terms: Terms {
                ttl: Ttl::POOL,
                negative: None,
            },
        }
    }

    fn search<'a>(&'a self, key: &'a &str) -> Search<'a> {
        Search {
            pool: self,
            key,
            terms: Terms {
                ttl: Ttl::POOL,
                negative: None,
            },
        }
    }
}

/// How values are loaded into a pool; from [`Pool::loader`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), fastkit::cache::Error> {
/// use fastkit::cache;
///
/// let users = cache::pool("users-by-id").loader().ttl(60)?.negative(5)?;
/// let missing = || async { Err::<String, _>("no such user") };
/// assert_eq!(users.get_or_load("7", missing).await, Err("no such user"));
/// assert_eq!(users.get_or_load("7", missing).await, Err("no such user"));
/// assert_eq!(users.pool().stats().loads, 1); // asked once in 5 seconds
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a loader does nothing until it is asked"]
pub struct Loader {
    pool: Pool,
    terms: Terms,
}

impl Loader {
    /// The pool.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// How long values are kept (as long as the pool does).
    ///
    /// # Errors
    /// When the time is negative or longer than a hundred years.
    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Result<Self, Error> {
        self.terms.ttl = ttl.into();
        self.terms.ttl.time(Duration::ZERO)?;
        Ok(self)
    }

    /// Keeps failures, too, for that long (they are not kept).
    ///
    /// # Errors
    /// When the time is negative or longer than a hundred years.
    pub fn negative(mut self, ttl: impl Into<Ttl>) -> Result<Self, Error> {
        let ttl = ttl.into();
        ttl.time(Duration::ZERO)?;
        self.terms.negative = Some(ttl);
        Ok(self)
    }

    /// The value under this key, or that of `loader`; see [`Pool::get_or_load`]. Who waits for a
    /// load that fails gets its error: wrap one that cannot be cloned in an [`Arc`].
    ///
    /// # Errors
    /// Those of the loader.
    pub async fn get_or_load<V, E, F>(&self, key: &str, loader: impl FnOnce() -> F) -> Result<V, E>
    where
        V: Clone + Send + Sync + 'static,
        E: Clone + Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        let search = self.search(&key);
        match search.look::<Common<V, E>>() {
            Some((found, _)) => found,
            None => search.load::<Common<V, E>, F>(loader).await,
        }
    }

    /// As [`get_or_load`](Self::get_or_load), for threads. Not for tasks: the thread waits.
    ///
    /// # Errors
    /// Those of the loader.
    pub fn get_or_load_blocking<V, E>(
        &self,
        key: &str,
        loader: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, E>
    where
        V: Clone + Send + Sync + 'static,
        E: Clone + Send + Sync + 'static,
    {
        let search = self.search(&key);
        match search.look::<Common<V, E>>() {
            Some((found, _)) => found,
            None => search.load_blocking::<Common<V, E>>(loader),
        }
    }

    fn search<'a>(&'a self, key: &'a &str) -> Search<'a> {
        Search {
            pool: &self.pool,
            key,
            terms: self.terms,
        }
    }
}
