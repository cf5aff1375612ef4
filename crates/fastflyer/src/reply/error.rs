//! [`ApiError`]: the one error of the web boundary.
//!
//! It has a code that cannot be a success, a public message, and a private cause that goes to the
//! log only. It becomes a response in one place, [`Envelope::failure`](crate::Envelope).

use super::insert_header;
use crate::{
    codes::{Code, CodeEntry},
    language::{Notice, Preferences},
    validation::FieldErrors,
};
use fastflyer_server::BoxError;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::{borrow::Cow, error::Error, fmt};

/// A result whose error is an answer.
pub type Result<T, E = ApiError> = std::result::Result<T, E>;

/// A failed request: what the client is told, and what only the log is told.
///
/// Any `std::error::Error` converts into it by `?`; such an error is a 500 whose cause chain is
/// logged with the request id, and shown to the client only with `flyer_debug=1`.
///
/// ```
/// use fastflyer::ApiError;
///
/// let error = ApiError::not_found().message("用户不存在");
/// assert_eq!(error.code_number(), 404);
/// ```
#[must_use = "an error does nothing until a handler returns it"]
pub struct ApiError(Box<Inner>);

pub(crate) struct Inner {
    pub(crate) code: u32,
    /// What the enum of the code says of it.
    pub(crate) entry: Option<&'static CodeEntry>,
    pub(crate) status: Option<StatusCode>,
    pub(crate) message: Option<Cow<'static, str>>,
    pub(crate) errors: FieldErrors,
    pub(crate) detail: Option<Cow<'static, str>>,
    /// The framework's own explanation, where there is no `detail`.
    pub(crate) notice: Option<Notice>,
    pub(crate) headers: HeaderMap,
    pub(crate) cause: Option<BoxError>,
    pub(crate) origin: Origin,
}

/// Who found the failure: the response options treat them differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A handler said so.
    Handler,
    /// An error that nobody turned into an answer, or a panic.
    Uncaught,
    /// The parameters or the body did not fit.
    Validation,
    /// Routing, authentication, or the protocol.
    Framework,
}

impl ApiError {
    /// An error with a business code: 400-999 or such a number followed by more digits, or a
    /// variant of an enum that derives [`ResponseCode`](crate::ResponseCode).
    ///
    /// A code that has `flyer_status_code_base` in it already is taken as what it is without: with a
    /// base of 1000, 1404 is 404, and it is sent as 1404. Any other code is a mistake of the
    /// program: it is answered as 500 and named in the log.
    pub fn code(code: impl Into<Code>) -> Self {
        let code: Code = code.into();
        let entry = code.entry();
        let code = code.number();
        let error = |code, cause| {
            Self(Box::new(Inner {
                code,
                entry,
                notice: None,
                status: None,
                message: None,
                errors: FieldErrors::default(),
                detail: None,
                headers: HeaderMap::new(),
                cause,
                origin: Origin::Handler,
            }))
        };
        let fails = crate::envelope::prefix(code).is_some_and(|prefix| prefix >= 400);
        // What may have the base in it is judged when it is answered.
        if fails || code >= 1000 {
            error(code, None)
        } else {
            let text = format!("ApiError::code({code}): an error code begins with 400 to 999");
            error(500, Some(text.into()))
        }
    }

    pub(crate) fn notice(mut self, notice: Notice) -> Self {
        self.0.notice = Some(notice);
        self
    }

    pub(crate) fn framework(code: u32) -> Self {
        Self::code(code).origin(Origin::Framework)
    }

    pub(crate) fn validation(errors: FieldErrors) -> Self {
        let mut error = Self::code(422u32).origin(Origin::Validation);
        error.0.errors = errors;
        error
    }

    pub(crate) fn uncaught(cause: impl Into<BoxError>) -> Self {
        Self::code(500u32).cause(cause).origin(Origin::Uncaught)
    }

    pub(crate) fn origin(mut self, origin: Origin) -> Self {
        self.0.origin = origin;
        self
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    /// Sets the text that the client sees, instead of the code's own.
    pub fn message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.0.message = Some(message.into());
        self
    }

    /// Adds a message to a field, named by its path: `email`, `items[0].name`.
    pub fn error(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.0.errors.add(field.into(), message.into());
        self
    }

    /// Replaces all field messages.
    pub fn errors(mut self, errors: FieldErrors) -> Self {
        self.0.errors = errors;
        self
    }

    /// Adds an explanation for the client; the `flyer` format sends it as `detail`, the standard
    /// format as field `detail` of `error`.
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Sets an HTTP status that differs from the one that follows from the code.
    pub fn status(mut self, status: StatusCode) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Adds a header. A name or value that HTTP does not allow is left out and logged.
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
    {
        insert_header(&mut self.0.headers, name, value);
        self
    }

    /// Keeps the cause for the log. The client never sees it, but with `flyer_debug=1`.
    pub fn cause(mut self, cause: impl Into<BoxError>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// The business code.
    pub fn code_number(&self) -> u32 {
        self.0.code
    }

    /// The private cause, if there is one.
    pub fn source(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.0.cause.as_deref()
    }

    /// The cause and its causes, one after the other; `None` without a cause.
    pub(crate) fn chain(&self) -> Option<String> {
        let cause = self.source()?;
        let mut text = cause.to_string();
        let mut next = cause.source();
        while let Some(cause) = next {
            let line = cause.to_string();
            if !text.ends_with(&line) {
                text.push_str(": ");
                text.push_str(&line);
            }
            next = cause.source();
        }
        Some(text)
    }
}

macro_rules! shortcuts {
    ($($name:ident $code:literal $doc:literal;)*) => {
        impl ApiError {
            $(
                #[doc = $doc]
                pub fn $name() -> Self {
                    Self::code($code as u32)
                }
            )*
        }
    };
}

shortcuts! {
    fail 500 "A failure of the service, code 500.";
    internal 500 "A failure of the service, code 500.";
    bad_request 400 "The request makes no sense, code 400.";
    unauthorized 401 "The client has not said who it is, code 401.";
    forbidden 403 "The client may not do this, code 403.";
    not_found 404 "There is no such thing, code 404.";
    method_not_allowed 405 "The resource does not know the method, code 405.";
    conflict 409 "The request contradicts the state of the resource, code 409.";
    gone 410 "The resource is there no more, code 410.";
    payload_too_large 413 "The body is larger than allowed, code 413.";
    unsupported_media_type 415 "The body's content type is not understood, code 415.";
    unprocessable 422 "The content fails validation, code 422.";
    too_many_requests 429 "The client asks too often, code 429.";
    bad_gateway 502 "An upstream answered nonsense, code 502.";
    unavailable 503 "The service cannot answer now, code 503.";
    gateway_timeout 504 "The answer took too long, code 504.";
    third_party 600 "The request to another service failed, code 600 (HTTP 500).";
    third_party_status 601 "Another service answered with an unexpected status, code 601 (HTTP 500).";
    third_party_data 602 "Another service answered with data that make no sense, code 602 (HTTP 500).";
    third_party_unavailable 603 "Another service is unavailable, code 603 (HTTP 500).";
    third_party_timeout 604 "Another service did not answer in time, code 604 (HTTP 500).";
    third_party_network 605 "The network towards another service failed, code 605 (HTTP 500).";
    third_party_retry 606 "The request to another service failed after all retries, code 606 (HTTP 500).";
}

/// Every error that nobody turned into an answer is a 500; one of the HTTP client has its code of the
/// 600 series.
impl<E: Error + Send + Sync + 'static> From<E> for ApiError {
    fn from(error: E) -> Self {
        match upstream_code(&error) {
            Some(code) => Self::code(code).cause(error),
            None => Self::uncaught(error),
        }
    }
}

/// The code of a failed call to another service. By downcast: a second `From` would overlap with the
/// one for every error.
#[cfg(feature = "client")]
fn upstream_code(error: &(dyn Error + 'static)) -> Option<u32> {
    error
        .downcast_ref::<fastkit::client::Error>()
        .map(fastkit::client::Error::code)
}

#[cfg(not(feature = "client"))]
fn upstream_code(_: &(dyn Error + 'static)) -> Option<u32> {
    None
}

/// One line for people: the message if there is one, else the code's phrase, then the causes.
impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.inner();
        match (&inner.message, self.chain()) {
            (None, Some(chain)) if inner.origin == Origin::Uncaught => f.write_str(&chain),
            (message, chain) => {
                let phrase = || fastkit::status::phrase(inner.code);
                f.write_str(message.as_deref().unwrap_or_else(phrase))?;
                chain.map_or(Ok(()), |chain| write!(f, ": {chain}"))
            }
        }
    }
}

/// The same line as `Display`, so that `fn main() -> fastflyer::Result<()>` ends with a readable
/// message.
impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Travels in the extensions of an axum response until the service shapes it for the request.
#[derive(Clone)]
pub(crate) struct Deferred(pub(crate) std::sync::Arc<ApiError>);

/// In an axum handler an error is shaped in the default format at first; inside a service it is
/// shaped again with the service's own options.
impl axum::response::IntoResponse for ApiError {
    fn into_response(self) -> axum::response::Response {
        let mut response = crate::Envelope::default()
            .failure(&self, Preferences::default())
            .map(axum::body::Body::new);
        response
            .extensions_mut()
            .insert(Deferred(std::sync::Arc::new(self)));
        response
    }
}
