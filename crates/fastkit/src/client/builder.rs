//! [`ClientBuilder`]: everything that can be set once for all calls of a client.

use super::{
    AsyncClient, CallLog, CircuitBreaker, Client, Error, RetryPolicy,
    call_log::Target,
    clock::{Clock, RealClock},
    core::{Core, X_REQUEST_ID},
    defaults::Defaults,
    host::Hosts,
    tls::{self, Tls},
    transport::{Transport, Wire},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use std::{fmt::Display, sync::Arc, time::Duration};

/// The settings of a client. Mistakes are told by `build`.
///
/// ```
/// use fastkit::client::AsyncClient;
/// use std::time::Duration;
///
/// let client = AsyncClient::builder()
///     .base_url("https://api.example.com/v1")
///     .header("content-type", "application/json")
///     .timeout(Duration::from_secs(60))
///     .build()?;
/// # let _ = client;
/// # Ok::<(), fastkit::client::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until build()"]
pub struct ClientBuilder {
    mistake: Option<Error>,
    defaults: Defaults,
    pub(super) clock: Arc<dyn Clock>,
    tls: Tls,
    wire: Wire,
}

impl ClientBuilder {
    pub(super) fn new() -> Self {
        Self {
            mistake: None,
            defaults: Defaults::default(),
            clock: Arc::new(RealClock),
            tls: Tls::default(),
            wire: Wire::default(),
        }
    }

    /// The asynchronous client.
    ///
    /// # Errors
    /// The first thing that was set wrongly, with code 600.
    pub fn build(self) -> Result<AsyncClient, Error> {
        Ok(AsyncClient {
            core: Arc::new(self.core()?),
        })
    }

    /// The blocking client, for plain functions and threads.
    ///
    /// # Errors
    /// The first thing that was set wrongly, with code 600.
    pub fn build_blocking(self) -> Result<Client, Error> {
        Ok(Client {
            core: Arc::new(self.core()?),
        })
    }

    pub(super) fn core(self) -> Result<Core, Error> {
        if let Some(mistake) = self.mistake {
            return Err(mistake);
        }
        let mut defaults = self.defaults;
        defaults.retry.check()?;
        let no_id = HeaderValue::from_static("");
        let request_id = defaults.headers.insert(X_REQUEST_ID, no_id);
        let mut tls = self.tls;
        tls.http1_only = self.wire.http1_only;
        Ok(Core {
            transport: Transport::new(tls.config()?, self.wire)?,
            defaults,
            request_id,
            clock: self.clock,
            hosts: Hosts::default(),
        })
    }

    fn note(&mut self, mistake: Error) {
        self.mistake.get_or_insert(mistake);
    }

    /// What relative URLs are appended to: with `https://host/v1`, `/users` means
    /// `https://host/v1/users`.
    pub fn base_url(mut self, url: &str) -> Self {
        match super::request::parse_url(url) {
            Ok(url) => self.defaults.base_url = Some(url),
            Err(error) => self.note(error),
        }
        self
    }

    /// A header of every request, unless the request has one of the name.
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName, Error: Display>,
        V: TryInto<HeaderValue, Error: Display>,
    {
        match super::request::header(name, value) {
            Ok((name, value)) => {
                self.defaults.headers.insert(name, value);
            }
            Err(error) => self.note(error),
        }
        self
    }

    /// Several such headers.
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        super::request::replace_headers(&mut self.defaults.headers, headers);
        self
    }

    /// The `User-Agent`; `FastKit/` and the version by default.
    pub fn user_agent(self, agent: &str) -> Self {
        self.header(header::USER_AGENT, agent)
    }

    /// `Authorization: Basic ..` for every request.
    pub fn basic_auth(mut self, user: &str, password: &str) -> Self {
        self.defaults
            .headers
            .insert(header::AUTHORIZATION, basic(user, password));
        self
    }

    /// `Authorization: Bearer ..` for every request.
    pub fn bearer_auth(mut self, token: &str) -> Self {
        match bearer(token) {
            Ok(value) => {
                self.defaults.headers.insert(header::AUTHORIZATION, value);
            }
            Err(error) => self.note(error),
        }
        self
    }

    /// How long one attempt may take, from its beginning to the last byte of the answer. 60 s by default. All
    /// attempts together end with [`stop_max_delay`](RetryPolicy::stop_max_delay).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.defaults.timeout = Some(timeout);
        self
    }

    /// No limit for one attempt; that for all of them stays.
    pub fn no_timeout(mut self) -> Self {
        self.defaults.timeout = None;
        self
    }

    /// How long making a connection may take. 10 s by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.wire.connect_timeout = timeout;
        self
    }

    /// How long nothing may come from the upstream while something is expected. Off by default.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.wire.read_timeout = Some(timeout);
        self
    }

    /// When and how often calls are tried again.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.defaults.retry = Arc::new(policy);
        self
    }

    /// How many redirects are followed; 20 by default, 0 for none: then the redirect itself is the answer.
    pub fn max_redirects(mut self, redirects: u32) -> Self {
        self.defaults.redirects = redirects;
        self
    }

    /// How many bytes of an answer are kept in memory, after decompression; 64 MiB by default. A
    /// [`ResponseStream`](super::ResponseStream) has no such limit.
    pub fn max_response_size(mut self, bytes: usize) -> Self {
        self.defaults.max_size = bytes;
        self
    }

    /// Stops asking hosts that keep failing. Off by default.
    pub fn circuit_breaker(mut self, breaker: CircuitBreaker) -> Self {
        self.defaults.breaker = Some(breaker);
        self
    }

    /// Sends a request that may be repeated a second time when there is no answer after this time,
    /// and takes what answers first. Each such request counts as a retry in the budget of its host.
    /// Off by default.
    pub fn hedge_after(mut self, time: Duration) -> Self {
        self.defaults.hedge_after = Some(time);
        self
    }

    /// Who is told of each call, instead of the log of the process.
    pub fn log(mut self, log: impl CallLog + 'static) -> Self {
        self.defaults.log = Target::Own(Arc::new(log));
        self
    }

    /// Nobody is told of calls.
    pub fn no_log(mut self) -> Self {
        self.defaults.log = Target::Nowhere;
        self
    }

    /// All requests go through this proxy: `http://user:password@host:3128`, also `https`, `socks5`, `socks5h`.
    ///
    /// Without it, `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` count, as for other HTTP clients.
    pub fn proxy(mut self, url: &str) -> Self {
        match reqwest::Proxy::all(url) {
            Ok(proxy) => self.wire.proxies.push(proxy),
            Err(_) => self.note(Error::builder(format!(
                "proxy {:?} is no URL",
                crate::mask::mask_url(url)
            ))),
        }
        self
    }

    /// No proxy, not even that of the environment.
    pub fn no_proxy(mut self) -> Self {
        self.wire.proxies.clear();
        self.wire.no_proxy = true;
        self
    }

    /// Trusts these certificates (PEM) besides those of the system.
    pub fn add_root_certificate(mut self, pem: impl AsRef<[u8]>) -> Self {
        match tls::certificates(pem.as_ref()) {
            Ok(roots) => self.tls.roots.extend(roots),
            Err(error) => self.note(error),
        }
        self
    }

    /// The certificate and private key (PEM) that the client shows to servers that ask for one.
    pub fn identity(mut self, chain: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Self {
        match tls::identity(chain.as_ref(), key.as_ref()) {
            Ok(identity) => self.tls.identity = Some(identity),
            Err(error) => self.note(error),
        }
        self
    }

    /// Talks to servers whatever certificate they show. Who sits on the way can then read and change everything;
    /// a warning is logged. [`add_root_certificate`](Self::add_root_certificate) is nearly always what is needed instead.
    pub fn danger_accept_invalid_certs(mut self) -> Self {
        self.tls.accept_invalid = true;
        self
    }

    /// HTTP/1.1 only. By default a server is asked by TLS (ALPN) whether it speaks HTTP/2.
    pub fn http1_only(mut self) -> Self {
        self.wire.http1_only = true;
        self
    }

    /// HTTP/2 only, also without TLS.
    pub fn http2_prior_knowledge(mut self) -> Self {
        self.wire.http2_only = true;
        self
    }

    /// How long a connection is kept without a request; 60 s by default.
    pub fn pool_idle_timeout(mut self, time: Duration) -> Self {
        self.wire.idle_timeout = time;
        self
    }
}

pub(super) fn basic(user: &str, password: &str) -> HeaderValue {
    let text = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    // Base64 has no characters that a header does not allow.
    let mut value =
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("Basic Og=="));
    value.set_sensitive(true);
    value
}

pub(super) fn bearer(token: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| Error::builder("the bearer token has characters that no header may have"))?;
    value.set_sensitive(true);
    Ok(value)
}
