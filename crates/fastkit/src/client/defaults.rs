//! [`Defaults`]: what is set once for all calls of a client.

use super::{CircuitBreaker, RetryPolicy, call_log::Target};
use crate::mask::mask_url;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use std::{fmt, sync::Arc, time::Duration};
use url::Url;

/// What counts for a call unless its request says otherwise.
pub(super) struct Defaults {
    /// What relative URLs are appended to.
    pub(super) base_url: Option<Url>,
    pub(super) headers: HeaderMap,
    /// How long one attempt may take.
    pub(super) timeout: Option<Duration>,
    pub(super) retry: Arc<RetryPolicy>,
    /// How many redirects are followed.
    pub(super) redirects: u32,
    /// How many bytes of an answer are kept in memory.
    pub(super) max_size: usize,
    pub(super) breaker: Option<CircuitBreaker>,
    pub(super) hedge_after: Option<Duration>,
    pub(super) log: Target,
}

impl Default for Defaults {
    fn default() -> Self {
        let mut headers = HeaderMap::new();
        let agent = concat!("FastKit/", env!("CARGO_PKG_VERSION"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(agent));
        headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        Self {
            base_url: None,
            headers,
            timeout: Some(Duration::from_secs(60)),
            retry: Arc::default(),
            redirects: 20,
            max_size: 64 * 1024 * 1024,
            breaker: None,
            hedge_after: None,
            log: Target::default(),
        }
    }
}

/// Without the values of headers, which hold keys and passwords.
impl fmt::Debug for Defaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base_url = self.base_url.as_ref().map(|url| mask_url(url.as_str()));
        let headers: Vec<_> = self.headers.keys().map(HeaderName::as_str).collect();
        f.debug_struct("Defaults")
            .field("base_url", &base_url)
            .field("headers", &headers)
            .field("timeout", &self.timeout)
            .field("retry", &self.retry)
            .field("redirects", &self.redirects)
            .field("max_size", &self.max_size)
            .field("breaker", &self.breaker)
            .field("hedge_after", &self.hedge_after)
            .field("log", &self.log)
            .finish()
    }
}
