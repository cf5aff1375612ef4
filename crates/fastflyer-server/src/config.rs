//! What can be set on a server: where it listens, how many loops it runs, how long it waits.
//!
//! Plain data with defaults that are safe in front of the internet. Reading settings from the
//! environment is the framework's work, not done here.

use http::HeaderMap;
use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A TCP port of one address; port 0 picks a free one.
    Tcp {
        /// An IP address or a name that resolves to one.
        host: String,
        /// The port, or 0.
        port: u16,
    },
    /// A Unix socket at this path. A stale socket file that nobody answers is replaced.
    Unix(PathBuf),
}

impl Address {
    /// Reads `host` as users write it: a name, an address, or `unix:/path`, which ignores `port`.
    pub fn new(host: &str, port: u16) -> Self {
        match host.strip_prefix("unix:") {
            Some(path) => Self::Unix(path.into()),
            None => Self::Tcp {
                host: host.to_owned(),
                port,
            },
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// How long a connection may take for what. Checked about four times a second, so each is met to
/// within a quarter of a second.
#[derive(Clone, Debug)]
pub struct Timeouts {
    /// From the accept to the first byte; closed without an answer. Default 5 s.
    pub first_byte: Duration,
    /// From the first byte of a head to its end; answered 408. Default 10 s.
    pub head: Duration,
    /// Between an answer and the next request; closed without an answer. Default 5 s.
    pub keep_alive: Duration,
    /// How long a body may be waited for before [`body_rate`](Self::body_rate) is asked. Default 5 s.
    pub body_grace: Duration,
    /// Bytes of body per second of waiting that a client must reach; answered 408. Default 240.
    pub body_rate: u64,
    /// How long a client may take nothing of an answer; closed. Default 30 s.
    pub write_stall: Duration,
    /// How long requests in flight may take once the server stops. Default 1 s.
    pub graceful: Duration,
    /// How long an idle connection stays open once the server stops, so that a request which is
    /// already on its way is answered and not reset. Default 300 ms, never more than `graceful`.
    pub linger: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            first_byte: Duration::from_secs(5),
            head: Duration::from_secs(10),
            keep_alive: Duration::from_secs(5),
            body_grace: Duration::from_secs(5),
            body_rate: 240,
            write_stall: Duration::from_secs(30),
            graceful: Duration::from_secs(1),
            linger: Duration::from_millis(300),
        }
    }
}

/// How large the head of a request may be.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of the request line; more is answered 414. Default 8 KiB.
    pub request_line: usize,
    /// Bytes of the whole head; more is answered 431. Default 32 KiB.
    pub head: usize,
    /// Header fields; more is answered 431. Default 100.
    pub headers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_line: 8 * 1024,
            head: 32 * 1024,
            headers: 100,
        }
    }
}

/// Who reads the requests of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Front {
    /// A small loop for plain HTTP/1.1 requests, with hyper behind it for everything else.
    #[default]
    Fast,
    /// hyper for everything, behind the same strict check of every head.
    Hyper,
}

/// What the server does about TERM and INT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signals {
    /// TERM and INT stop gracefully, a second one at once.
    #[default]
    Handle,
    /// Nothing: the caller stops the server through its [`Handle`](crate::Handle).
    Ignore,
}

/// Called when a signal comes, in a thread of its own.
#[derive(Clone)]
pub struct OnSignal(pub Arc<dyn Fn() + Send + Sync>);

impl fmt::Debug for OnSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnSignal")
    }
}

/// Called by each event loop about four times a second with the loop's index; a loop that no longer
/// calls it is blocked.
#[derive(Clone)]
pub struct Heartbeat(pub Arc<dyn Fn(usize) + Send + Sync>);

impl fmt::Debug for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Heartbeat")
    }
}

/// Headers whose values change, but slowly: asked once a second by each event loop, then put on
/// every answer as the constant ones are. The names must stay the same.
#[derive(Clone)]
pub struct SampledHeaders(pub Arc<dyn Fn() -> HeaderMap + Send + Sync>);

impl fmt::Debug for SampledHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SampledHeaders")
    }
}

/// The files of a certificate.
#[cfg(feature = "tls")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsConfig {
    /// The certificate chain in PEM, the server's own certificate first.
    pub cert: PathBuf,
    /// Its private key in PEM: PKCS #8, PKCS #1 or SEC 1, not encrypted.
    pub key: PathBuf,
}

/// Everything that can be set on a [`Server`](crate::Server).
///
/// ```
/// use fastflyer_server::{Address, ServerConfig};
/// let config = ServerConfig {
///     address: Address::new("127.0.0.1", 0),
///     event_loops: 2,
///     ..ServerConfig::default()
/// };
/// assert_eq!(config.max_connections, 1000);
/// ```
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where to listen. Default `0.0.0.0:8080`.
    pub address: Address,
    /// Event loops, one thread each; 0 counts as 1. Default 1.
    pub event_loops: usize,
    /// Most simultaneous connections. When all are taken one is closed for a newcomer: the one that
    /// has been idle for longest, or incomplete, where time counts eight times, or a second or more
    /// slower than a body or the reading of an answer may be. If there is none, newcomers wait in the
    /// backlog. Default 1,000.
    pub max_connections: usize,
    /// Most simultaneous connections of one client: an IPv4 address or an IPv6 network of 64 bits.
    /// More are closed as soon as they are accepted, without an answer: one would cost what the bound
    /// is there to save. Unix sockets are not bounded. Default `None`, no bound: behind a proxy all
    /// clients share its address.
    pub max_connections_per_client: Option<usize>,
    /// How long a connection may take for what.
    pub timeouts: Timeouts,
    /// How large a head may be.
    pub limits: Limits,
    /// Put on every answer, protocol errors included, unless the answer has the name already.
    pub constant_headers: HeaderMap,
    /// The same for headers that change now and then.
    pub sampled_headers: Option<SampledHeaders>,
    /// Encrypts all connections: TLS 1.3 and 1.2. A request that is not encrypted is answered 400.
    /// Loaded and checked when the server is bound. Default `None`.
    #[cfg(feature = "tls")]
    pub tls: Option<TlsConfig>,
    /// Speaks HTTP/2 as well, with clients that choose it during the TLS handshake or begin with its
    /// preface. Default `false`.
    #[cfg(feature = "http2")]
    pub http2: bool,
    /// Who reads the requests.
    pub front: Front,
    /// What is done about TERM and INT.
    pub signals: Signals,
    /// Called at USR1, the wish to reopen the log files, where signals are handled. `None` leaves that
    /// signal alone: it ends a process that does nothing about it.
    pub reopen: Option<OnSignal>,
    /// The same at HUP, the wish to read certificates anew.
    pub reload: Option<OnSignal>,
    /// Called by each loop as long as it is alive.
    pub heartbeat: Option<Heartbeat>,
}

#[cfg(feature = "tls")]
impl ServerConfig {
    /// Whether HTTP/2 is offered during the handshake.
    #[cfg(feature = "http2")]
    pub(crate) const fn speaks_http2(&self) -> bool {
        self.http2
    }

    #[cfg(not(feature = "http2"))]
    pub(crate) const fn speaks_http2(&self) -> bool {
        let _ = self;
        false
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            address: Address::new("0.0.0.0", 8080),
            event_loops: 1,
            max_connections: 1000,
            max_connections_per_client: None,
            timeouts: Timeouts::default(),
            limits: Limits::default(),
            constant_headers: HeaderMap::new(),
            sampled_headers: None,
            #[cfg(feature = "tls")]
            tls: None,
            #[cfg(feature = "http2")]
            http2: false,
            front: Front::default(),
            signals: Signals::default(),
            reopen: None,
            reload: None,
            heartbeat: None,
        }
    }
}
