//! The service of one connection: from a request to its finished answer.
//!
//! Order of work: request id, route, authentication, operation (or axum's router), headers that
//! every answer carries, access log. What is constant for the connection was worked out before.

mod unanswered;

use crate::{
    ApiError, Body, Response,
    app::Core,
    auth,
    context::{Context, PeerInfo, log_failure},
    envelope::Panicked,
    language::Preferences,
    reply::Deferred,
    routing::{Found, Link},
};
use axum::extract::DefaultBodyLimit;
use bytes::Bytes;
use fastflyer_server::{Stamp, Stamps, give_headers};
use fastkit::context::{RequestId, Served, TraceContext};
use futures_util::future::BoxFuture;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header, request::Parts,
};
use percent_encoding::percent_decode_str;
use std::{
    any::Any,
    net::IpAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context as TaskContext, Poll, ready},
    time::Instant,
};
use sync_wrapper::SyncWrapper;
use tokio::time::Sleep;
use tower::Service as _;
use unanswered::{Exchange, Kept};

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const X_LASTING_TIME: HeaderName = HeaderName::from_static("x-lasting-time");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Answers the requests of one connection.
#[derive(Clone, Debug)]
pub struct ConnectionService {
    core: Arc<Core>,
    peer: Arc<PeerInfo>,
}

/// What the access log tells of a request.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: Option<&'a Bytes>,
}

impl ConnectionService {
    pub(crate) fn new(core: Arc<Core>, address: Option<IpAddr>) -> Self {
        let text = address
            .map(|ip| ip.to_canonical().to_string())
            .unwrap_or_default();
        let peer = PeerInfo {
            ip: address.map(|ip| ip.to_canonical()),
            text: text.into_boxed_str(),
            trusted: address.is_some_and(|ip| core.trusts(ip.to_canonical())),
        };
        Self {
            core,
            peer: Arc::new(peer),
        }
    }
}

impl fastflyer_server::Service for ConnectionService {
    /// The usual way stands here in one piece: our own arguments, no axum in between, and nothing
    /// large is moved more often than it must.
    async fn call(&self, request: Request<Body>, stamps: &mut Stamps) -> Response {
        let started = Instant::now();
        let (parts, body) = request.into_parts();
        let met = Met::in_headers(&parts.headers);
        let request_id = met.id.unwrap_or_else(RequestId::random);
        let found = self.core.table.find(&parts.method, parts.uri.path());
        let preferences = Preferences::of(&self.core.envelope.texts, &parts.headers, met.language);
        let (mounted, params) = match found {
            Found::Operation(mounted, params) if mounted.direct => (mounted, params),
            _ => {
                return self
                    .elsewhere(started, parts, body, request_id, preferences, stamps)
                    .await;
            }
        };
        let mut exchange = Exchange {
            cx: Context {
                parts,
                body: SyncWrapper::new(body),
                params,
                core: self.core.clone(),
                mounted: Some(mounted.clone()),
                peer: self.peer.clone(),
                request_id,
                preferences,
                seen_body: None,
                form: None,
            },
            started,
            answered: false,
        };
        let cx = &mut exchange.cx;
        let mut response = match auth::check(&self.core, mounted.auth, &cx.parts.headers) {
            Ok(()) => {
                let trace = trace(&cx.parts.headers);
                let answer = (mounted.operation.call)(cx);
                let served = Served {
                    id: request_id,
                    deadline: None,
                    trace,
                };
                Guarded::new(&self.core, served, preferences, answer).await
            }
            Err(error) => cx.failure(&error),
        };
        self.core
            .envelope
            .finish(&mut response, &cx.parts.headers, request_id);
        let latency = stamp(&mut response, stamps, started, request_id);
        if self.core.wants_log(cx.parts.uri.path()) {
            let asked = Asked {
                method: &cx.parts.method,
                uri: &cx.parts.uri,
                headers: &cx.parts.headers,
                body: cx.seen_body.as_ref(),
            };
            response = self
                .core
                .log_access(&asked, response, latency, &self.peer, request_id);
        }
        give_headers(std::mem::take(&mut cx.parts.headers));
        exchange.answered = true;
        response
    }
}

impl ConnectionService {
    /// What is not called directly: axum's router if there is one, else nothing is there.
    async fn elsewhere(
        &self,
        started: Instant,
        parts: Parts,
        body: Body,
        request_id: RequestId,
        preferences: Preferences,
        stamps: &mut Stamps,
    ) -> Response {
        let accept = accept_only(&parts.headers);
        let seen_body = Arc::new(Mutex::new(None));
        let mut kept = self.core.wants_log(parts.uri.path()).then(|| Kept {
            core: self.core.clone(),
            peer: self.peer.clone(),
            request_id,
            started,
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
            seen_body: seen_body.clone(),
            answered: false,
        });
        let mut response = self
            .routed(parts, body, request_id, preferences, seen_body)
            .await;
        self.core
            .envelope
            .finish(&mut response, &accept, request_id);
        let latency = stamp(&mut response, stamps, started, request_id);
        let Some(kept) = &mut kept else {
            return response;
        };
        kept.answered = true;
        kept.with(|asked| {
            self.core
                .log_access(asked, response, latency, &self.peer, request_id)
        })
    }

    async fn routed(
        &self,
        parts: Parts,
        body: Body,
        request_id: RequestId,
        preferences: Preferences,
        seen_body: Arc<Mutex<Option<Bytes>>>,
    ) -> Response {
        let core = &self.core;
        let found = core.table.find(&parts.method, parts.uri.path());
        let mounted = match found {
            Found::Operation(mounted, _) => Some(mounted.clone()),
            _ => None,
        };
        let covered = mounted.as_ref().is_some_and(|mounted| mounted.auth);
        if let Err(error) = auth::check(core, covered, &parts.headers) {
            return core.envelope.failure(&error, preferences);
        }
        let nothing = self.nothing(&parts, &found, preferences);
        let Some(router) = &core.axum else {
            return nothing;
        };
        let routed = mounted.is_some();
        let trace = trace(&parts.headers);
        let link = Link {
            core: core.clone(),
            peer: self.peer.clone(),
            request_id,
            preferences,
            mounted,
            seen_body,
        };
        let asked = (parts.method.clone(), parts.uri.clone());
        let mut request = Request::from_parts(parts, axum::body::Body::new(body));
        request.extensions_mut().insert(link);
        // The default for axum's own extractors, which inner layers may replace.
        DefaultBodyLimit::max(core.settings.body_limit).apply(&mut request);
        if routed && let Some(uri) = respelled(request.uri()) {
            *request.uri_mut() = uri;
        }
        let answer = router.clone().call(request);
        let answer = Box::pin(async move {
            let Ok(response) = answer.await;
            self.shaped(&asked, response, nothing, preferences)
        });
        let served = Served {
            id: request_id,
            deadline: None,
            trace,
        };
        Guarded::new(core, served, preferences, answer).await
    }

    /// An answer of axum's router: its own errors and ours get the service's shape.
    fn shaped(
        &self,
        asked: &(Method, Uri),
        response: axum::response::Response,
        nothing: Response,
        preferences: Preferences,
    ) -> Response {
        if response.extensions().get::<NotRouted>().is_some() {
            return nothing;
        }
        if let Some(Deferred(error)) = response.extensions().get::<Deferred>() {
            let shaped = self.core.envelope.failure(error, preferences);
            log_failure(&asked.0, asked.1.path(), error, &shaped);
            return with_added(shaped, response.headers());
        }
        let allow = response.headers().get(header::ALLOW).cloned();
        if response.status() == StatusCode::METHOD_NOT_ALLOWED
            && let Some(allow) = allow
        {
            let own = nothing.headers().get(header::ALLOW);
            let allow = allowed(&allow, own);
            let error = ApiError::framework(405).header(header::ALLOW, allow);
            return with_added(
                self.core.envelope.failure(&error, preferences),
                response.headers(),
            );
        }
        response.map(Body::new)
    }

    /// The answer where no operation is: 405, 307 to the path with or without its last slash, 404.
    fn nothing(&self, parts: &Parts, found: &Found<'_>, preferences: Preferences) -> Response {
        let envelope = &self.core.envelope;
        if let Found::WrongMethod(operations) = found {
            let mut methods: Vec<&str> = operations
                .iter()
                .map(|m| m.operation.method.as_str())
                .collect();
            methods.sort_unstable();
            let error = ApiError::framework(405).header(header::ALLOW, methods.join(", "));
            return envelope.failure(&error, preferences);
        }
        let path = parts.uri.path();
        let other = match path.strip_suffix('/') {
            Some(shorter) => shorter.to_owned(),
            None => format!("{path}/"),
        };
        if !other.is_empty() && !path.starts_with("//") && self.core.table.knows(&other) {
            return redirect(
                parts,
                &other,
                scheme(&self.core, &self.peer, &parts.headers),
            );
        }
        envelope.failure(&ApiError::framework(404), preferences)
    }
}

/// The scheme that the client used: a trusted proxy tells whether it was TLS.
pub(crate) fn scheme(core: &Core, peer: &PeerInfo, headers: &HeaderMap) -> &'static str {
    let own = if core.settings.tls_cert.is_some() {
        "https"
    } else {
        "http"
    };
    let forwarded = if peer.trusted {
        headers.get("x-forwarded-proto")
    } else {
        None
    };
    match forwarded.map(HeaderValue::as_bytes) {
        Some(b"https") => "https",
        Some(b"http") => "http",
        _ => own,
    }
}

/// What every request is looked through for. It has so few headers that one look at all names is
/// quicker than hashing two.
#[derive(Default)]
struct Met<'a> {
    /// The id that the client has given the request, if it is a sane one.
    id: Option<RequestId>,
    language: Option<&'a HeaderValue>,
}

impl<'a> Met<'a> {
    fn in_headers(headers: &'a HeaderMap) -> Self {
        let mut met = Self::default();
        for (name, value) in headers {
            if *name == X_REQUEST_ID {
                met.id = met.id.or_else(|| RequestId::parse(value.as_bytes()));
            } else if *name == header::ACCEPT_LANGUAGE {
                met.language = met.language.or(Some(value));
            }
        }
        met
    }
}

/// The trace that the request belongs to; only the HTTP client passes it on.
fn trace(headers: &HeaderMap) -> Option<TraceContext> {
    if !cfg!(feature = "client") {
        return None;
    }
    let parent = headers.get("traceparent")?;
    let state = headers.get("tracestate").map(HeaderValue::as_bytes);
    TraceContext::parse(parent.as_bytes(), state)
}

/// Puts what every answer carries on it, and gives the milliseconds it took.
fn stamp(
    response: &mut Response,
    stamps: &mut Stamps,
    started: Instant,
    request_id: RequestId,
) -> u64 {
    let headers = response.headers_mut();
    // What a handler has set of these would stand beside ours.
    let is_ours = |name: &HeaderName| *name == X_REQUEST_ID || *name == X_LASTING_TIME;
    // Nearly no handler has, and comparing a few names is quicker than hashing two.
    if headers.keys().any(is_ours) {
        headers.remove(&X_REQUEST_ID);
        headers.remove(&X_LASTING_TIME);
    }
    let latency = started.elapsed().as_millis() as u64;
    const REQUEST_ID: Stamp = Stamp::new("x-request-id: ");
    const LASTING_TIME: Stamp = Stamp::new("x-lasting-time: ");
    stamps.put(REQUEST_ID, request_id.as_bytes());
    stamps.put(LASTING_TIME, itoa::Buffer::new().format(latency).as_bytes());
    latency
}

/// A failure in the service's shape with the headers that layers have added to it, CORS for instance.
fn with_added(mut shaped: Response, given: &HeaderMap) -> Response {
    for name in given.keys() {
        let of_the_body = [
            header::CONTENT_LENGTH,
            header::CONTENT_TYPE,
            header::CONTENT_ENCODING,
        ]
        .contains(name);
        // Layers may vary by other headers than ours.
        let listed = name == header::VARY;
        if of_the_body || (shaped.headers().contains_key(name) && !listed) {
            continue;
        }
        for value in given.get_all(name) {
            if listed
                && shaped
                    .headers()
                    .get_all(name)
                    .iter()
                    .any(|known| known == value)
            {
                continue;
            }
            shaped.headers_mut().append(name, value.clone());
        }
    }
    shaped
}

/// What the form of a failure depends on, when the rest of the request is given away.
fn accept_only(headers: &HeaderMap) -> HeaderMap {
    let accept = headers.get_all(header::ACCEPT).iter();
    accept
        .map(|value| (header::ACCEPT, value.clone()))
        .collect()
}

/// Marks the answer of axum's router that it has no route.
#[derive(Clone)]
pub(crate) struct NotRouted;

impl NotRouted {
    pub(crate) fn response() -> axum::response::Response {
        let mut response = http::Response::new(axum::body::Body::empty());
        response.extensions_mut().insert(Self);
        response
    }
}

/// The methods that axum's router and our table know for a path. axum adds HEAD to every GET; for
/// operations of ours it is not answered.
fn allowed(axum: &HeaderValue, own: Option<&HeaderValue>) -> String {
    let methods = |value: &HeaderValue| -> Vec<String> {
        let text = value.to_str().unwrap_or("");
        text.split(',')
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect()
    };
    let mut all = own.map(methods).unwrap_or_default();
    let foreign = methods(axum);
    let only_ours = foreign
        .iter()
        .all(|name| all.contains(name) || name == "HEAD");
    if all.is_empty() || !only_ours {
        all.extend(foreign);
    }
    all.sort_unstable();
    all.dedup();
    all.join(", ")
}

/// The target with its path spelled as axum's router can compare it; `None` where it is already.
fn respelled(uri: &Uri) -> Option<Uri> {
    if !uri.path().contains('%') {
        return None;
    }
    let path = percent_decode_str(uri.path()).decode_utf8_lossy();
    let query = uri
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let target = format!("{}{query}", crate::routing::encoded(&path));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.parse().ok()?);
    Uri::from_parts(parts).ok()
}

fn redirect(parts: &Parts, path: &str, scheme: &str) -> Response {
    let query = parts
        .uri
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let host = parts
        .headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let valid = host.filter(|host| host.parse::<http::uri::Authority>().is_ok());
    let location = match valid {
        Some(host) => format!("{scheme}://{host}{path}{query}"),
        None => format!("{path}{query}"),
    };
    let mut response = Response::default();
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// Runs the code of an operation: its log lines carry the request's id, a panic becomes an answer,
/// and `flyer_request_timeout` ends the wait.
struct Guarded<'a> {
    core: &'a Core,
    preferences: Preferences,
    /// What the calls that the handler makes have to know: they end when the wait ends.
    served: Served,
    answer: BoxFuture<'a, Response>,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<'a> Guarded<'a> {
    fn new(
        core: &'a Core,
        mut served: Served,
        preferences: Preferences,
        answer: BoxFuture<'a, Response>,
    ) -> Self {
        let deadline = core
            .settings
            .request_timeout
            .map(|limit| Box::pin(tokio::time::sleep(limit)));
        served.deadline = deadline.as_ref().map(|sleep| sleep.deadline().into_std());
        Self {
            core,
            preferences,
            served,
            answer,
            deadline,
        }
    }
}

impl Future for Guarded<'_> {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Response> {
        let this = &mut *self;
        let _scope = this.served.enter();
        let failed = |error: &ApiError| this.core.envelope.failure(error, this.preferences);
        let polled = catch_unwind(AssertUnwindSafe(|| this.answer.as_mut().poll(cx)));
        match polled {
            Ok(Poll::Ready(response)) => Poll::Ready(response),
            Err(panic) => Poll::Ready(failed(&panicked(&*panic))),
            Ok(Poll::Pending) => {
                let Some(deadline) = &mut this.deadline else {
                    return Poll::Pending;
                };
                ready!(deadline.as_mut().poll(cx));
                Poll::Ready(failed(&ApiError::framework(504)))
            }
        }
    }
}

/// Logs the panic of a handler. The request's id is that of the current scope.
#[cold]
pub(crate) fn panicked(panic: &(dyn Any + Send)) -> ApiError {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("a value that is no text");
    tracing::error!(target: "fastflyer", "the handler panicked: {text}");
    ApiError::uncaught(Panicked(text.to_owned()))
}

/// The client's address: the rightmost address of `X-Forwarded-For` that is no trusted proxy, if the
/// peer is one; else the peer's.
pub(crate) fn client_ip(core: &Core, peer: &PeerInfo, headers: &HeaderMap) -> Option<IpAddr> {
    if !peer.trusted {
        return peer.ip;
    }
    let mut client = peer.ip;
    let lists: Vec<&[u8]> = headers
        .get_all(X_FORWARDED_FOR)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    for text in lists
        .iter()
        .rev()
        .flat_map(|list| list.rsplit(|byte| *byte == b','))
    {
        // What is no address ends the chain: what stands before it was written by someone unknown.
        let text = std::str::from_utf8(text).unwrap_or("");
        let Ok(address) = text.trim().parse::<IpAddr>() else {
            break;
        };
        client = Some(address.to_canonical());
        if !core.trusts(address.to_canonical()) {
            break;
        }
    }
    client
}
