//! What the code that `#[cached]` writes calls. Not for use by hand: `Pool` and `Loader` do the same.

use super::{
    builder::Builder,
    clock::{LONGEST, NEVER, Ttl},
    flight::Lead,
    key::{AsKey, Call, FunctionId, View},
    load::{Search, Terms},
    pool::Pool,
    remote::Remote,
    stats::count,
};
use crate::context::{Scoped, current, enter};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    borrow::Cow, fmt, future::Future, marker::PhantomData, sync::OnceLock, thread, time::Duration,
};

pub use super::Policy;
pub use super::key::Arguments;
pub use super::load::{Always, Common, Own, Perhaps, Shape};

/// A cached function: its pool and options, which are found out at the first call.
pub struct Site {
    function: &'static str,
    /// Where the attribute stands: functions of one name are told apart by it.
    place: (u32, u32),
    /// Of both.
    hash: u64,
    options: fn() -> Options,
    ready: OnceLock<Ready>,
}

/// What stands in the attribute.
pub struct Options {
    pub pool: Option<&'static str>,
    pub max_size: Option<usize>,
    pub policy: Option<Policy>,
    pub ttl: Duration,
    pub negative: Option<Duration>,
    pub refresh_ahead: Option<Duration>,
}

struct Ready {
    pool: Pool,
    terms: Terms,
    /// In nanoseconds.
    refresh_ahead: u64,
}

/// What a look has found that may be about to end.
pub enum Found<T> {
    Fresh(T),
    /// Whoever gets this has to load it anew.
    Ending(T, Ahead),
    Nothing,
}

/// The duty to load ahead of time.
pub struct Ahead(Lead);

impl Site {
    pub const fn new(function: &'static str, place: (u32, u32), options: fn() -> Options) -> Self {
        Self {
            function,
            place,
            hash: hash(function, place),
            options,
            ready: OnceLock::new(),
        }
    }

    fn ready(&self) -> &Ready {
        self.ready.get_or_init(|| {
            let options = (self.options)();
            // Longer than a lifetime is as good as without end.
            let ttl =
                |time: Duration| Ttl::from(if time > LONGEST { Duration::ZERO } else { time });
            Ready {
                pool: options.pool(self),
                terms: Terms {
                    ttl: ttl(options.ttl),
                    negative: options.negative.map(ttl),
                },
                refresh_ahead: options
                    .refresh_ahead
                    .map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)),
            }
        })
    }

    pub fn call<T: Arguments>(&self, of: &'static str, arguments: T) -> CallKey<T> {
        let site = FunctionId {
            name: self.function,
            place: self.place,
            hash: self.hash,
        };
        CallKey(Call::new(site, of, arguments))
    }

    fn search<'a>(&'a self, key: &'a impl SiteKey) -> Search<'a> {
        let ready = self.ready();
        Search {
            pool: &ready.pool,
            key: key.key().0,
            terms: ready.terms,
        }
    }

    pub fn look<S: Shape>(&self, _: &S, key: &impl SiteKey) -> Option<S::Returned> {
        Some(self.search(key).look::<S>()?.0)
    }

    pub fn look_ahead<S: Shape>(&self, _: &S, key: &impl SiteKey) -> Found<S::Returned> {
        let search = self.search(key);
        let Some((found, end)) = search.look::<S>() else {
            return Found::Nothing;
        };
        let ready = self.ready();
        if end == NEVER || end.saturating_sub(ready.pool.clock().now()) > ready.refresh_ahead {
            return Found::Fresh(found);
        }
        match ready.pool.turn_ahead(key.key().0) {
            Some(lead) => Found::Ending(found, Ahead(lead)),
            None => Found::Fresh(found),
        }
    }

    pub async fn load<S: Shape, F: Future<Output = S::Returned>>(
        &self,
        _: S,
        key: &impl SiteKey,
        loader: impl FnOnce() -> F,
    ) -> S::Returned {
        self.search(key).load::<S, F>(loader).await
    }

    pub fn load_blocking<S: Shape>(
        &self,
        _: S,
        key: &impl SiteKey,
        loader: impl FnOnce() -> S::Returned,
    ) -> S::Returned {
        self.search(key).load_blocking::<S>(loader)
    }

    /// Loads ahead on a task of the runtime, for the request that caused it.
    pub fn refresh<S: Shape + 'static, F>(
        &'static self,
        _: S,
        key: impl SiteKey,
        ahead: Ahead,
        loader: impl FnOnce() -> F + Send + 'static,
    ) where
        F: Future<Output = S::Returned> + Send + 'static,
        S::Returned: Send,
    {
        // Futures of tokio run nowhere else; the others may end and be loaded by who misses them.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            ahead.0.give_up();
            return;
        };
        let work = async move {
            count(&self.ready().pool.counters().loads);
            let returned = Lead::run_async(Some(&ahead.0), loader).await;
            self.search(&key).land_ahead::<S>(ahead.0, returned);
        };
        match current() {
            Some(request) => drop(runtime.spawn(Scoped::new(request, work))),
            None => drop(runtime.spawn(work)),
        }
    }

    /// Loads ahead on a thread, for the request that caused it.
    pub fn refresh_blocking<S: Shape + 'static>(
        &'static self,
        _: S,
        key: impl SiteKey,
        ahead: Ahead,
        loader: impl FnOnce() -> S::Returned + Send + 'static,
    ) {
        let request = current();
        let work = move || {
            let _scope = request.map(enter);
            count(&self.ready().pool.counters().loads);
            let returned = Lead::run(Some(&ahead.0), loader);
            self.search(&key).land_ahead::<S>(ahead.0, returned);
        };
        // Without a thread the value ends, and is loaded by who misses it.
        let _ = thread::Builder::new()
            .name("cache-refresh".to_owned())
            .spawn(work);
    }

    pub fn forget(&self, key: &impl SiteKey) -> bool {
        self.ready().pool.forget(key.key().0)
    }
}

impl Options {
    fn pool(&self, site: &Site) -> Pool {
        if let Some(name) = self.pool {
            return super::pool(name);
        }
        let mut builder = Builder::default();
        if let Some(entries) = self.max_size {
            builder = builder.max_size(entries);
        }
        if let Some(policy) = self.policy {
            builder = builder.policy(policy);
        }
        let opened = builder.clone().open(site.function).or_else(|_| {
            // Functions of one name that want different pools, such as methods of two types.
            let (line, column) = site.place;
            builder.open(&format!("{}:{line}:{column}", site.function))
        });
        // A size of 0 that no compiler has seen.
        opened.unwrap_or_else(|_| super::pool(site.function))
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Site").field(&self.function).finish()
    }
}

/// A cached function whose values a backend keeps.
pub async fn load_remote<S: Shape, F: Future<Output = S::Returned>>(
    remote: &Remote,
    _: S,
    key: &TextKey,
    ttl: Duration,
    loader: impl FnOnce() -> F,
) -> S::Returned
where
    S::Kept: Serialize + DeserializeOwned,
{
    remote.load::<S, F>(&key.0, ttl, loader).await
}

/// FNV-1a, which works at compile time.
const fn hash(function: &str, place: (u32, u32)) -> u64 {
    let bytes = function.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ ((place.0 as u64) << 32 | place.1 as u64);
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}

/// Checks an argument at its own place in the source.
pub fn argument<T: Arguments>(argument: T) -> T {
    argument
}

/// The key of a call.
pub trait SiteKey: Send + Sync + 'static {
    fn key(&self) -> KeyRef<'_>;
}

/// A key as the pool takes it.
pub struct KeyRef<'a>(&'a (dyn AsKey + Send + Sync));

/// Function and arguments.
pub struct CallKey<T>(Call<T>);

/// A text that was written for the purpose.
pub struct TextKey(pub Cow<'static, str>);

impl<T: Arguments> SiteKey for CallKey<T> {
    fn key(&self) -> KeyRef<'_> {
        KeyRef(&self.0)
    }
}

impl SiteKey for TextKey {
    fn key(&self) -> KeyRef<'_> {
        KeyRef(self)
    }
}

impl AsKey for TextKey {
    fn view(&self) -> View<'_> {
        View::Text(&self.0)
    }

    fn hash(&self) -> u64 {
        AsKey::hash(&&*self.0)
    }
}

/// The return type of a cached function, whose shape is found by method resolution: the impl with
/// fewer references in front is preferred where its bounds hold.
pub struct Probe<R>(PhantomData<fn() -> R>);

impl<R> Probe<R> {
    pub const TYPE: Self = Self(PhantomData);
}

pub trait ViaCommon {
    type Shape;
    fn shape(&self) -> Self::Shape;
}

pub trait ViaOwn {
    type Shape;
    fn shape(&self) -> Self::Shape;
}

pub trait ViaAlways {
    type Shape;
    fn shape(&self) -> Self::Shape;
}

impl<T, E: Clone + Send + Sync + 'static> ViaCommon for &&Probe<Result<T, E>> {
    type Shape = Common<T, E>;
    fn shape(&self) -> Common<T, E> {
        Common::NEW
    }
}

impl<T> ViaCommon for &&Probe<Option<T>> {
    type Shape = Perhaps<T>;
    fn shape(&self) -> Perhaps<T> {
        Perhaps::NEW
    }
}

impl<T, E> ViaOwn for &Probe<Result<T, E>> {
    type Shape = Own<T, E>;
    fn shape(&self) -> Own<T, E> {
        Own::NEW
    }
}

impl<T> ViaAlways for Probe<T> {
    type Shape = Always<T>;
    fn shape(&self) -> Always<T> {
        Always::NEW
    }
}

/// A shape whose values can be kept.
#[diagnostic::on_unimplemented(
    message = "what this function returns cannot be kept in a cache",
    label = "the value has to be `Clone + Send + Sync + 'static`",
    note = "derive `Clone`, or return the value in an `Arc`; an error is not kept and needs nothing"
)]
pub trait Keeps: Shape {}

#[diagnostic::do_not_recommend]
impl<S: Shape> Keeps for S {}

/// A shape whose failures can be kept.
#[diagnostic::on_unimplemented(
    message = "`negative` keeps failures, and this function has none that can be kept",
    label = "return an `Option`, or a `Result` whose error is `Clone + Send + Sync + 'static`",
    note = "an error that cannot be cloned can be wrapped in an `Arc`"
)]
pub trait KeepsFailures {}

impl<T, E> KeepsFailures for Common<T, E> {}
impl<T> KeepsFailures for Perhaps<T> {}

/// Checks the shape, with an explanation where it does not fit.
pub fn keeps<S: Keeps>(_: &S) {}

pub fn keeps_failures<S: KeepsFailures>(_: &S) {}

/// Tells the compiler what a future returns, for the `?` in it.
pub fn returns<S: Shape, F: Future<Output = S::Returned>>(_: &S, future: F) -> F {
    future
}
