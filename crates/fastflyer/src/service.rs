//! The service of one connection: from a request to its finished answer.
//!
//! Order of work: request id, route, authentication, operation (or axum's router), headers that
//! every answer carries, access log. What is constant for the connection was worked out before.

use crate::{
    ApiError, Body, Response,
    app::Core,
    auth,
    context::{Context, PeerInfo},
    reply::Deferred,
    routing::{Found, Link},
};
use axum::extract::DefaultBodyLimit;
use bytes::Bytes;
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
    sync::{Arc, Mutex, PoisonError},
    task::{Context as TaskContext, Poll, ready},
    time::Instant,
};
use sync_wrapper::SyncWrapper;
use tokio::time::Sleep;
use tower::Service as _;

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const X_LASTING_TIME: HeaderName = HeaderName::from_static("x-lasting-time");
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
    async fn call(&self, request: Request<Body>) -> Response {
        let started = Instant::now();
        let (parts, body) = request.into_parts();
        let id = parts
            .headers
            .get(X_REQUEST_ID)
            .and_then(|value| RequestId::parse(value.as_bytes()));
        let request_id = id.unwrap_or_else(RequestId::random);
        let found = self.core.table.find(&parts.method, parts.uri.path());
        let (mounted, params) = match found {
            Found::Operation(mounted, params) if mounted.direct => (mounted, params),
            _ => return self.elsewhere(started, parts, body, request_id).await,
        };
        let mut cx = Context {
            parts,
            body: SyncWrapper::new(body),
            params,
            core: self.core.clone(),
            mounted: Some(mounted.clone()),
            peer: self.peer.clone(),
            request_id,
            seen_body: None,
            form: None,
        };
        let mut response = match auth::check(&self.core, mounted.auth, &cx.parts.headers) {
            Ok(()) => {
                let trace = trace(&cx.parts.headers);
                let answer = (mounted.operation.call)(&mut cx);
                Guarded::new(&self.core, request_id, trace, answer).await
            }
            Err(error) => self.core.envelope.failure(&error),
        };
        let latency = stamp(&mut response, started, request_id);
        if !self.core.wants_log(cx.parts.uri.path()) {
            return response;
        }
        let Parts {
            method,
            uri,
            headers,
            ..
        } = &cx.parts;
        let asked = Asked {
            method,
            uri,
            headers,
            body: cx.seen_body.as_ref(),
        };
        self.core
            .log_access(&asked, response, latency, &self.peer, request_id)
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
    ) -> Response {
        let kept = self.core.wants_log(parts.uri.path()).then(|| {
            (
                parts.method.clone(),
                parts.uri.clone(),
                parts.headers.clone(),
            )
        });
        let seen_body = Arc::new(Mutex::new(None));
        let mut response = self
            .routed(parts, body, request_id, seen_body.clone())
            .await;
        let latency = stamp(&mut response, started, request_id);
        let Some((method, uri, headers)) = &kept else {
            return response;
        };
        let body = seen_body
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let asked = Asked {
            method,
            uri,
            headers,
            body: body.as_ref(),
        };
        self.core
            .log_access(&asked, response, latency, &self.peer, request_id)
    }

    async fn routed(
        &self,
        parts: Parts,
        body: Body,
        request_id: RequestId,
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
            return core.envelope.failure(&error);
        }
        let nothing = self.nothing(&parts, &found);
        let Some(router) = &core.axum else {
            return nothing;
        };
        let routed = mounted.is_some();
        let trace = trace(&parts.headers);
        let link = Link {
            core: core.clone(),
            peer: self.peer.clone(),
            request_id,
            mounted,
            seen_body,
        };
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
            self.shaped(response, nothing)
        });
        Guarded::new(core, request_id, trace, answer).await
    }

    /// An answer of axum's router: its own errors and ours get the service's shape.
    fn shaped(&self, response: axum::response::Response, nothing: Response) -> Response {
        if response.extensions().get::<NotRouted>().is_some() {
            return nothing;
        }
        if let Some(Deferred(error)) = response.extensions().get::<Deferred>() {
            if let Some(chain) = error.chain() {
                tracing::error!(target: "fastflyer", "{chain}");
            }
            return with_added(self.core.envelope.failure(error), response.headers());
        }
        let allow = response.headers().get(header::ALLOW).cloned();
        if response.status() == StatusCode::METHOD_NOT_ALLOWED
            && let Some(allow) = allow
        {
            let own = nothing.headers().get(header::ALLOW);
            let allow = allowed(&allow, own);
            let error = ApiError::framework(405).header(header::ALLOW, allow);
            return with_added(self.core.envelope.failure(&error), response.headers());
        }
        response.map(Body::new)
    }

    /// The scheme that the client used: a trusted proxy tells whether it was TLS.
    fn scheme(&self, headers: &HeaderMap) -> &'static str {
        let forwarded = headers
            .get("x-forwarded-proto")
            .filter(|_| self.peer.trusted);
        match forwarded.map(HeaderValue::as_bytes) {
            Some(b"https") => "https",
            _ => "http",
        }
    }

    /// The answer where no operation is: 405, 307 to the path with or without its last slash, 404.
    fn nothing(&self, parts: &Parts, found: &Found<'_>) -> Response {
        let envelope = &self.core.envelope;
        if let Found::WrongMethod(operations) = found {
            let mut methods: Vec<&str> = operations
                .iter()
                .map(|m| m.operation.method.as_str())
                .collect();
            methods.sort_unstable();
            let error = ApiError::framework(405).header(header::ALLOW, methods.join(", "));
            return envelope.failure(&error);
        }
        let path = parts.uri.path();
        let other = match path.strip_suffix('/') {
            Some(shorter) => shorter.to_owned(),
            None => format!("{path}/"),
        };
        if !other.is_empty() && !path.starts_with("//") && self.core.table.knows(&other) {
            return redirect(parts, &other, self.scheme(&parts.headers));
        }
        envelope.failure(&ApiError::framework(404))
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
fn stamp(response: &mut Response, started: Instant, request_id: RequestId) -> u64 {
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_bytes(request_id.as_bytes()) {
        headers.insert(X_REQUEST_ID, id);
    }
    let latency = started.elapsed().as_millis() as u64;
    headers.insert(X_LASTING_TIME, milliseconds(latency));
    latency
}

/// A failure in the service's shape with the headers that layers have added to it, CORS for instance.
fn with_added(mut shaped: Response, given: &HeaderMap) -> Response {
    for name in given.keys() {
        let of_the_body = name == header::CONTENT_LENGTH || name == header::CONTENT_TYPE;
        if of_the_body || shaped.headers().contains_key(name) {
            continue;
        }
        for value in given.get_all(name) {
            shaped.headers_mut().append(name, value.clone());
        }
    }
    shaped
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
    /// What the calls that the handler makes have to know: they end when the wait ends.
    served: Served,
    answer: BoxFuture<'a, Response>,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<'a> Guarded<'a> {
    fn new(
        core: &'a Core,
        request_id: RequestId,
        trace: Option<TraceContext>,
        answer: BoxFuture<'a, Response>,
    ) -> Self {
        let deadline = core
            .settings
            .request_timeout
            .map(|limit| Box::pin(tokio::time::sleep(limit)));
        let served = Served {
            id: request_id,
            deadline: deadline.as_ref().map(|sleep| sleep.deadline().into_std()),
            trace,
        };
        Self {
            core,
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
        let polled = catch_unwind(AssertUnwindSafe(|| this.answer.as_mut().poll(cx)));
        match polled {
            Ok(Poll::Ready(response)) => Poll::Ready(response),
            Err(panic) => Poll::Ready(this.core.envelope.failure(&panicked(&*panic))),
            Ok(Poll::Pending) => {
                let Some(deadline) = &mut this.deadline else {
                    return Poll::Pending;
                };
                ready!(deadline.as_mut().poll(cx));
                Poll::Ready(this.core.envelope.failure(&ApiError::framework(504)))
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
    ApiError::uncaught(format!("the handler panicked: {text}"))
}

fn milliseconds(value: u64) -> HeaderValue {
    const SMALL: [&str; 4] = ["0", "1", "2", "3"];
    match SMALL.get(value as usize) {
        Some(text) => HeaderValue::from_static(text),
        None => HeaderValue::from(value),
    }
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
