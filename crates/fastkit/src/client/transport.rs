//! [`Transport`]: connections, by reqwest, a pool of them for each event loop.
//!
//! A connection is driven by the event loop that made it. Were it lent to another loop, a handler
//! that blocks the first one would stall calls of the second, and a loop that has ended would leave dead
//! connections behind. So each tokio runtime has its own pool.

use super::Error;
use rustls::ClientConfig;
use std::{
    fmt,
    sync::{Mutex, PoisonError, RwLock},
    time::Duration,
};
use tokio::runtime::{Handle, Id};

/// How many event loops have a pool; more than that are mostly loops that have ended.
const MOST_LOOPS: usize = 256;

/// How connections are made.
pub(super) struct Wire {
    pub(super) connect_timeout: Duration,
    pub(super) read_timeout: Option<Duration>,
    pub(super) idle_timeout: Duration,
    pub(super) proxies: Vec<reqwest::Proxy>,
    pub(super) no_proxy: bool,
    pub(super) http1_only: bool,
    pub(super) http2_only: bool,
}

impl Default for Wire {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            read_timeout: None,
            idle_timeout: Duration::from_secs(60),
            proxies: Vec::new(),
            no_proxy: false,
            http1_only: false,
            http2_only: false,
        }
    }
}

/// Without the proxies' URLs, which hold passwords.
impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("connect_timeout", &self.connect_timeout)
            .field("read_timeout", &self.read_timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("proxies", &self.proxies.len())
            .field("no_proxy", &self.no_proxy)
            .field("http1_only", &self.http1_only)
            .field("http2_only", &self.http2_only)
            .finish()
    }
}

pub(super) struct Transport {
    tls: ClientConfig,
    wire: Wire,
    /// Made at once, so that mistakes are told by `build`; the first loop takes it.
    spare: Mutex<Option<reqwest::Client>>,
    /// Few, so that to look at each of them is less than to hash an id.
    pools: RwLock<Vec<(Id, reqwest::Client)>>,
}

/// Without what reqwest shows of itself: proxies of the environment, with their passwords.
impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("wire", &self.wire)
            .finish_non_exhaustive()
    }
}

impl Transport {
    pub(super) fn new(tls: ClientConfig, wire: Wire) -> Result<Self, Error> {
        let transport = Self {
            tls,
            wire,
            spare: Mutex::new(None),
            pools: RwLock::default(),
        };
        let first = transport.connector()?;
        Ok(Self {
            spare: Mutex::new(Some(first)),
            ..transport
        })
    }

    fn connector(&self) -> Result<reqwest::Client, Error> {
        let wire = &self.wire;
        // What is switched off is done in this module's neighbours: reqwest knows neither methods
        // when it redirects, nor budgets and `Retry-After` when it retries. Where it may retry, it makes a copy of
        // each request.
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never().max_retries_per_request(0))
            .connect_timeout(wire.connect_timeout)
            .pool_idle_timeout(wire.idle_timeout)
            .tcp_nodelay(true);
        if let Some(timeout) = wire.read_timeout {
            builder = builder.read_timeout(timeout);
        }
        if wire.no_proxy {
            builder = builder.no_proxy();
        }
        for proxy in &wire.proxies {
            builder = builder.proxy(proxy.clone());
        }
        if wire.http1_only {
            builder = builder.http1_only();
        }
        if wire.http2_only {
            builder = builder.http2_prior_knowledge();
        }
        builder.build().map_err(|error| {
            Error::builder("the client cannot be set up").caused_by(error.without_url())
        })
    }

    /// The pool of the event loop that this is called on.
    pub(super) fn pool(&self) -> Result<reqwest::Client, Error> {
        let id = runtime()?.id();
        let known = self.pools.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = of_loop(&known, id) {
            return Ok(pool);
        }
        drop(known);
        let mut known = self.pools.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread of this loop may have been here between the two locks.
        if let Some(pool) = of_loop(&known, id) {
            return Ok(pool);
        }
        let spare = self
            .spare
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let pool = match spare {
            Some(spare) => spare,
            None => self.connector()?,
        };
        if known.len() >= MOST_LOOPS {
            known.clear();
        }
        known.push((id, pool.clone()));
        Ok(pool)
    }
}

/// The runtime that this is called on. To be asked before any timer is made: tokio's panic without one.
pub(super) fn runtime() -> Result<Handle, Error> {
    Handle::try_current().map_err(|_| {
        Error::builder(
            "AsyncClient works inside of a tokio runtime only; use Client on plain threads",
        )
    })
}

fn of_loop(pools: &[(Id, reqwest::Client)], id: Id) -> Option<reqwest::Client> {
    let mut pools = pools.iter();
    pools.find_map(|(of, pool)| (*of == id).then(|| pool.clone()))
}
