//! [`Error`]: why a call has no answer, or not the wanted one.
//!
//! Opaque on purpose: what went wrong is asked by predicates, and [`Error::code`] puts it into the
//! 600 series of FastFlyer. No text in here holds the secrets of the URL or of the body.

use super::Response;
use crate::{
    access_log::quote_body,
    mask::mask_url,
    status::{
        HTTP_600_THIRD_PARTY_ERROR, HTTP_601_THIRD_PARTY_STATUS_ERROR,
        HTTP_602_THIRD_PARTY_DATA_ERROR, HTTP_603_THIRD_PARTY_UNAVAILABLE_ERROR,
        HTTP_604_THIRD_PARTY_TIMEOUT_ERROR, HTTP_605_THIRD_PARTY_NETWORK_ERROR,
        HTTP_606_THIRD_PARTY_RETRY_ERROR,
    },
};
use http::{Method, StatusCode};
use std::{borrow::Cow, error::Error as StdError, fmt};

type BoxError = Box<dyn StdError + Send + Sync>;

/// How many bytes of an answer an error message quotes.
const QUOTED: usize = 300;

/// A failed call.
///
/// | code | what | predicate |
/// |---|---|---|
/// | 600 | the request cannot be made, too many redirects, too large an answer, an open circuit | [`is_builder`](Self::is_builder), [`is_redirect`](Self::is_redirect), [`is_too_large`](Self::is_too_large), [`is_circuit_open`](Self::is_circuit_open), [`is_blocking`](Self::is_blocking) |
/// | 601 | [`error_for_status`](Response::error_for_status) | [`is_status`](Self::is_status) |
/// | 602 | the body is not what was asked for | [`is_decode`](Self::is_decode) |
/// | 603 | no connection: refused, unreachable, unknown name | [`is_connect`](Self::is_connect), [`is_dns`](Self::is_dns) |
/// | 604 | it took too long | [`is_timeout`](Self::is_timeout) |
/// | 605 | the connection broke, or TLS could not be agreed on | [`is_network`](Self::is_network), [`is_tls`](Self::is_tls) |
/// | 606 | a status that calls for retries, still there when no retry was left | [`is_exhausted`](Self::is_exhausted) |
///
/// In a handler of FastFlyer `?` turns it into an answer with HTTP status 500 and this code.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    text: Cow<'static, str>,
    method: Option<Method>,
    url: Option<String>,
    attempts: u32,
    response: Option<Response>,
    source: Option<BoxError>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Builder,
    Redirect,
    TooLarge,
    CircuitOpen,
    Blocking,
    Status,
    Decode,
    Connect,
    Dns,
    Timeout,
    Network,
    Tls,
    Exhausted,
}

impl Kind {
    fn code(self) -> u32 {
        match self {
            Self::Builder
            | Self::Redirect
            | Self::TooLarge
            | Self::CircuitOpen
            | Self::Blocking => HTTP_600_THIRD_PARTY_ERROR,
            Self::Status => HTTP_601_THIRD_PARTY_STATUS_ERROR,
            Self::Decode => HTTP_602_THIRD_PARTY_DATA_ERROR,
            Self::Connect | Self::Dns => HTTP_603_THIRD_PARTY_UNAVAILABLE_ERROR,
            Self::Timeout => HTTP_604_THIRD_PARTY_TIMEOUT_ERROR,
            Self::Network | Self::Tls => HTTP_605_THIRD_PARTY_NETWORK_ERROR,
            Self::Exhausted => HTTP_606_THIRD_PARTY_RETRY_ERROR,
        }
    }
}

impl Error {
    pub(super) fn new(kind: Kind, text: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            text: text.into(),
            method: None,
            url: None,
            attempts: 0,
            response: None,
            source: None,
        }))
    }

    pub(super) fn builder(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Builder, text)
    }

    /// The error of the transport, without its URL, which may hold secrets.
    pub(super) fn transport(kind: Kind, text: &'static str, source: reqwest::Error) -> Self {
        Self::new(kind, text).caused_by(source.without_url())
    }

    pub(super) fn caused_by(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Says which call it was. What is known already stays.
    pub(super) fn of(mut self, method: &Method, url: &str) -> Self {
        let inner = &mut *self.0;
        inner.method.get_or_insert_with(|| method.clone());
        inner.url.get_or_insert_with(|| mask_url(url).into_owned());
        self
    }

    pub(super) fn after(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// An answer that is an error: its body is quoted in the message, with the secrets masked.
    pub(super) fn answer(kind: Kind, text: impl fmt::Display, response: Response) -> Self {
        let quoted = quote(&response);
        let method = response.method().clone();
        let mut error = Self::new(kind, format!("{text}{quoted}"))
            .of(&method, response.url())
            .after(response.attempts());
        error.0.response = Some(response);
        error
    }

    /// The code of the 600 series of [`crate::status`].
    #[must_use]
    pub fn code(&self) -> u32 {
        self.0.kind.code()
    }

    /// How often the request was sent; 0 when it never was.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The URL, with the secrets in it masked; `None` when it could not be read.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.0.url.as_deref()
    }

    /// The status of the answer, for the codes 601, 602 and 606.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.response().map(Response::status)
    }

    /// The last answer, for the codes 601, 602 and 606.
    #[must_use]
    pub fn response(&self) -> Option<&Response> {
        self.0.response.as_ref()
    }

    /// As [`response`](Self::response), taken out of the error.
    #[must_use]
    pub fn into_response(self) -> Option<Response> {
        self.0.response
    }

    /// The request or the client cannot be made as described: a URL, a header, a certificate.
    #[must_use]
    pub fn is_builder(&self) -> bool {
        self.0.kind == Kind::Builder
    }

    /// A redirect could not be followed: too many, a loop, a target that is no HTTP URL.
    #[must_use]
    pub fn is_redirect(&self) -> bool {
        self.0.kind == Kind::Redirect
    }

    /// The answer is larger than [`max_response_size`](super::ClientBuilder::max_response_size).
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        self.0.kind == Kind::TooLarge
    }

    /// The circuit breaker kept the request back: the host has failed too often.
    #[must_use]
    pub fn is_circuit_open(&self) -> bool {
        self.0.kind == Kind::CircuitOpen
    }

    /// The blocking client was used on a thread that runs an event loop.
    #[must_use]
    pub fn is_blocking(&self) -> bool {
        self.0.kind == Kind::Blocking
    }

    /// From [`error_for_status`](Response::error_for_status).
    #[must_use]
    pub fn is_status(&self) -> bool {
        self.0.kind == Kind::Status
    }

    /// The body is not what was asked for.
    #[must_use]
    pub fn is_decode(&self) -> bool {
        self.0.kind == Kind::Decode
    }

    /// No connection could be made; nothing was sent.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        matches!(self.0.kind, Kind::Connect | Kind::Dns)
    }

    /// No connection could be made, since the host's name is unknown.
    #[must_use]
    pub fn is_dns(&self) -> bool {
        self.0.kind == Kind::Dns
    }

    /// A time limit was reached.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.0.kind == Kind::Timeout
    }

    /// The connection broke, or TLS could not be agreed on.
    #[must_use]
    pub fn is_network(&self) -> bool {
        matches!(self.0.kind, Kind::Network | Kind::Tls)
    }

    /// TLS could not be agreed on; mostly the certificate of the server is not trusted.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.0.kind == Kind::Tls
    }

    /// The last answer still called for a retry.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.0.kind == Kind::Exhausted
    }
}

/// `: "the body"`, or nothing for an empty one.
fn quote(response: &Response) -> String {
    let body = response.bytes();
    if body.is_empty() {
        return String::new();
    }
    let mut quoted = Vec::new();
    quote_body(&mut quoted, body, response.headers(), QUOTED);
    format!(": {}", String::from_utf8_lossy(&quoted))
}

/// What was called and what went wrong; the cause is the [`source`](StdError::source).
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let (Some(method), Some(url)) = (&inner.method, &inner.url) {
            write!(f, "{method} {url}: ")?;
        }
        f.write_str(&inner.text)?;
        match inner.attempts {
            0 | 1 => Ok(()),
            attempts => write!(f, " ({attempts} attempts)"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("code", &self.code())
            .field("kind", &self.0.kind)
            .field("message", &self.to_string())
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_ref()
            .map(|source| &**source as &(dyn StdError + 'static))
    }
}
