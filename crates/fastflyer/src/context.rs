//! [`Context`]: one request on its way through an operation.
//!
//! Extractors read it, the envelope asks it for the language, the access log looks at what is left
//! of it. It lives on the stack of the connection's task and is never shared.

use crate::{
    ApiError, Body, Envelope, Response,
    app::Core,
    envelope::Failed,
    language::{Notice, Preferences},
    routing::{Mounted, PathParams},
    validation::messages::Wording,
};
use bytes::{Bytes, BytesMut};
use fastkit::context::{RequestId, Served};
use http::{HeaderMap, Method, StatusCode, Uri, header, request::Parts};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use std::{
    net::IpAddr,
    sync::{Arc, atomic::Ordering},
};
use sync_wrapper::SyncWrapper;

/// A request while an operation answers it.
pub struct Context {
    pub(crate) parts: Parts,
    pub(crate) body: SyncWrapper<Body>,
    pub(crate) params: PathParams,
    pub(crate) core: Arc<Core>,
    pub(crate) mounted: Option<Arc<Mounted>>,
    pub(crate) peer: Arc<PeerInfo>,
    pub(crate) request_id: RequestId,
    pub(crate) preferences: Preferences,
    /// The request's body, kept for the access log while that is on.
    pub(crate) seen_body: Option<Bytes>,
    /// A form in the body, once it was read.
    pub(crate) form: Option<Bytes>,
}

/// What is constant for a connection.
#[derive(Debug)]
pub(crate) struct PeerInfo {
    pub(crate) ip: Option<IpAddr>,
    /// `ip` as text, written once per connection.
    pub(crate) text: Box<str>,
    /// Whether the peer is in `flyer_trusted_proxies`.
    pub(crate) trusted: bool,
}

impl Context {
    /// The request's method.
    pub fn method(&self) -> &Method {
        &self.parts.method
    }

    /// The request's target.
    pub fn uri(&self) -> &Uri {
        &self.parts.uri
    }

    /// The request's headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// The id that the answer carries as `X-Request-ID`.
    pub fn request_id(&self) -> RequestId {
        self.request_id
    }

    /// The request, for what goes on after its answer: a stream of events, a WebSocket. With its trace, and without a deadline,
    /// since nobody waits.
    pub(crate) fn served(&self) -> Served {
        Served {
            id: self.request_id,
            deadline: None,
            trace: Served::current().and_then(|served| served.trace),
        }
    }

    /// The address of the client: the rightmost one of `X-Forwarded-For` that is not a trusted
    /// proxy when the peer is one, else the peer's. `None` on a Unix socket.
    pub fn client_ip(&self) -> Option<IpAddr> {
        crate::service::client_ip(&self.core, &self.peer, &self.parts.headers)
    }

    /// Where the client sees the service, as `https://example.org`: by `Host`, or by what a trusted
    /// proxy says in `X-Forwarded-Host` and `X-Forwarded-Proto`. `None` without a usable host.
    pub(crate) fn origin(&self) -> Option<String> {
        let header = |name: &str| self.parts.headers.get(name)?.to_str().ok();
        let forwarded = header("x-forwarded-host").filter(|_| self.peer.trusted);
        // Each proxy appends; the first saw what the client asked for.
        let forwarded = forwarded.and_then(|hosts| hosts.split(',').next());
        let usable = |host: &&str| host.parse::<http::uri::Authority>().is_ok();
        let host = forwarded
            .map(str::trim)
            .filter(usable)
            .or_else(|| header("host").filter(usable))?;
        let scheme = crate::service::scheme(&self.core, &self.peer, &self.parts.headers);
        Some(format!("{scheme}://{host}"))
    }

    /// Shapes a failure and writes what the client must not see of it to the log.
    pub(crate) fn fail(&self, error: &ApiError) -> Response {
        let response = self.failure(error);
        self.log_failure(error, &response);
        response
    }

    pub(crate) fn envelope(&self) -> &Envelope {
        &self.core.envelope
    }

    /// How validation words its messages for this client.
    pub(crate) fn wording(&self) -> Wording<'_> {
        self.core.envelope.texts.wording(self.preferences.language)
    }

    /// Shapes a failure of this request.
    pub(crate) fn failure(&self, error: &ApiError) -> Response {
        self.core.envelope.failure(error, self.preferences)
    }

    /// The most bytes that this operation takes as a body.
    pub(crate) fn body_limit(&self) -> usize {
        let own = self
            .mounted
            .as_ref()
            .and_then(|mounted| mounted.operation.body_limit);
        own.unwrap_or(self.core.settings.body_limit)
    }

    /// The operation's name for logs: `GET /flyer/items/{id}`.
    pub(crate) fn place(&self) -> String {
        format!("{} {}", self.parts.method, self.path())
    }

    fn path(&self) -> &str {
        match &self.mounted {
            Some(mounted) => mounted.path.as_str(),
            None => self.parts.uri.path(),
        }
    }

    /// Writes what the client must not see about a failure to the log.
    pub(crate) fn log_failure(&self, error: &ApiError, response: &Response) {
        log_failure(&self.parts.method, self.path(), error, response);
    }

    /// Says once per operation that it succeeds with a status that its documentation does not know.
    #[cold]
    pub(crate) fn check_declared(&self, sent: StatusCode, declared: bool) {
        if declared {
            return;
        }
        let Some(mounted) = self
            .mounted
            .as_ref()
            .filter(|mounted| !mounted.operation.hidden)
        else {
            return;
        };
        let codes = &mounted.operation.codes;
        let mut documented = codes
            .iter()
            .map(|code| self.envelope().without_base(code.number()))
            .filter(|code| crate::envelope::succeeds(*code))
            .peekable();
        let known = match documented.peek() {
            None => sent == StatusCode::OK,
            Some(_) => documented.any(|code| crate::envelope::http_status(code) == sent),
        };
        if !known && !mounted.undeclared.swap(true, Ordering::Relaxed) {
            let status = sent.as_u16();
            tracing::warn!(
                target: "fastflyer",
                "{} answers {status}, which its documentation does not know; declare it: codes = [{status}]",
                self.place()
            );
        }
    }

    /// Reads the whole body.
    ///
    /// # Errors
    ///
    /// 413 when it is larger than the limit, 400 when the client ended it early.
    pub async fn read_body(&mut self) -> Result<Bytes, ApiError> {
        let limit = self.body_limit();
        if let Some(bytes) = self.body.get_mut().take_full() {
            return self.keep(bytes, limit);
        }
        if self.body.get_mut().size_hint().lower() > limit as u64 {
            return Err(too_large(limit));
        }
        let mut whole = BytesMut::new();
        while let Some(frame) = self.body.get_mut().frame().await {
            let frame = frame.map_err(|error| {
                ApiError::framework(400)
                    .notice(Notice::body_incomplete())
                    .cause(error)
            })?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if whole.len() + data.len() > limit {
                return Err(too_large(limit));
            }
            if whole.is_empty() && self.body.get_mut().is_end_stream() {
                return self.keep(data, limit);
            }
            whole.extend_from_slice(&data);
        }
        self.keep(whole.freeze(), limit)
    }

    fn keep(&mut self, bytes: Bytes, limit: usize) -> Result<Bytes, ApiError> {
        if bytes.len() > limit {
            return Err(too_large(limit));
        }
        if self.core.access_log.is_some() {
            self.seen_body = Some(bytes.clone());
        }
        Ok(bytes)
    }

    /// The media type of the body without its parameters; empty when the client named none.
    pub(crate) fn media_type(&self) -> &str {
        let value = self.parts.headers.get(header::CONTENT_TYPE);
        // Nearly all bodies: no need to look for parameters.
        if value.is_some_and(|value| value.as_bytes() == b"application/json") {
            return "application/json";
        }
        let text = value.and_then(|value| value.to_str().ok()).unwrap_or("");
        text.split(';').next().unwrap_or("").trim_ascii()
    }
}

/// Writes what the client must not see about a failure to the log: as an error, or as a warning where
/// the code that is sent says that the client was at fault.
pub(crate) fn log_failure(method: &Method, path: &str, error: &ApiError, response: &Response) {
    let Some(chain) = error.chain() else { return };
    // The table of exceptions may have given another code.
    let sent = response.extensions().get::<Failed>();
    let code = sent.map_or_else(|| error.code_number(), Failed::code);
    // What a client did wrong must not fill the log of errors.
    if crate::envelope::prefix(code).is_some_and(|prefix| prefix < 500) {
        tracing::warn!(target: "fastflyer", "{method} {path}: {chain}");
    } else {
        tracing::error!(target: "fastflyer", "{method} {path}: {chain}");
    }
}

fn too_large(limit: usize) -> ApiError {
    ApiError::framework(413).notice(Notice::body_too_large(limit))
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Context({})", self.place())
    }
}
