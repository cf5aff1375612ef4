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
    routing::{Found, Link, Mounted, PathParams},
};
use axum::extract::DefaultBodyLimit;
use fastkit::context::{RequestId, Scoped};
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header, request::Parts};
use percent_encoding::percent_decode_str;
use std::{
    any::Any,
    net::IpAddr,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};
use sync_wrapper::SyncWrapper;
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

/// What the access log wants to know of a request after it was answered.
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<bytes::Bytes>,
}

impl ConnectionService {
    pub(crate) fn new(core: Arc<Core>, address: Option<IpAddr>) -> Self {
        let text = address.map(|ip| ip.to_canonical().to_string()).unwrap_or_default();
        let peer = PeerInfo {
            ip: address.map(|ip| ip.to_canonical()),
            text: text.into_boxed_str(),
            trusted: address.is_some_and(|ip| core.trusts(ip.to_canonical())),
        };
        Self { core, peer: Arc::new(peer) }
    }
}

impl fastflyer_server::Service for ConnectionService {
    async fn call(&self, request: Request<Body>) -> Response {
        let started = Instant::now();
        let (parts, body) = request.into_parts();
        let id = parts.headers.get(X_REQUEST_ID).and_then(|value| RequestId::parse(value.as_bytes()));
        let request_id = id.unwrap_or_else(RequestId::random);
        let (mut response, asked) = match self.core.table.find(&parts.method, parts.uri.path()) {
            Found::Operation(mounted, params) if mounted.direct => {
                let mounted = mounted.clone();
                self.operation(mounted, params, parts, body, request_id).await
            }
            _ => self.elsewhere(parts, body, request_id).await,
        };
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::from_bytes(request_id.as_bytes()) {
            headers.insert(X_REQUEST_ID, id);
        }
        let latency = started.elapsed().as_millis() as u64;
        headers.insert(X_LASTING_TIME, milliseconds(latency));
        match asked {
            None => response,
            Some(asked) => self.core.log_access(asked, response, latency, &self.peer, request_id),
        }
    }
}

type Answered = (Response, Option<Asked>);

impl ConnectionService {
    /// The usual way: our own arguments, no axum in between.
    async fn operation(
        &self,
        mounted: Arc<Mounted>,
        params: PathParams,
        parts: Parts,
        body: Body,
        request_id: RequestId,
    ) -> Answered {
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
        let response = match auth::check(&self.core, mounted.auth, &cx.parts.headers) {
            Err(error) => cx.envelope().failure(&error),
            Ok(()) => {
                let call = AssertUnwindSafe((mounted.operation.call)(&mut cx)).catch_unwind();
                match self.bounded(Scoped::new(request_id, call)).await {
                    Ok(Ok(response)) => response,
                    Ok(Err(panic)) => cx.envelope().failure(&panicked(&cx.place(), request_id, &*panic)),
                    Err(error) => cx.envelope().failure(&error),
                }
            }
        };
        let asked = self.core.wants_log(cx.parts.uri.path()).then(|| Asked {
            method: cx.parts.method,
            uri: cx.parts.uri,
            headers: cx.parts.headers,
            body: cx.seen_body,
        });
        (response, asked)
    }

    /// What is not called directly: axum's router if there is one, else nothing is there.
    async fn elsewhere(&self, parts: Parts, body: Body, request_id: RequestId) -> Answered {
        let core = &self.core;
        let mut asked = core.wants_log(parts.uri.path()).then(|| Asked {
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
            body: None,
        });
        let found = core.table.find(&parts.method, parts.uri.path());
        let mounted = match found {
            Found::Operation(mounted, _) => Some(mounted.clone()),
            _ => None,
        };
        if let Some(mounted) = &mounted
            && let Err(error) = auth::check(core, mounted.auth, &parts.headers)
        {
            return (core.envelope.failure(&error), asked);
        }
        let nothing = self.nothing(&parts, &found);
        let routed = mounted.is_some();
        let Some(router) = &core.axum else { return (nothing, asked) };

        let seen_body = Arc::new(Mutex::new(None));
        let link = Link {
            core: core.clone(),
            peer: self.peer.clone(),
            request_id,
            mounted,
            seen_body: seen_body.clone(),
        };
        let mut request = Request::from_parts(parts, axum::body::Body::new(body));
        request.extensions_mut().insert(link);
        // The default for axum's own extractors, which inner layers may replace.
        DefaultBodyLimit::max(core.settings.body_limit).apply(&mut request);
        if routed && let Some(uri) = respelled(request.uri()) {
            *request.uri_mut() = uri;
        }
        let call = AssertUnwindSafe(router.clone().call(request)).catch_unwind();
        let response = match self.bounded(Scoped::new(request_id, call)).await {
            Ok(Ok(Ok(response))) => self.shaped(response, nothing, request_id),
            Ok(Err(panic)) => core.envelope.failure(&panicked("a route of axum", request_id, &*panic)),
            Err(error) => core.envelope.failure(&error),
        };
        if let Some(asked) = &mut asked {
            asked.body = seen_body.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
        (response, asked)
    }

    /// Waits at most `flyer_request_timeout`.
    async fn bounded<T>(&self, answer: impl Future<Output = T>) -> Result<T, ApiError> {
        match self.core.settings.request_timeout {
            None => Ok(answer.await),
            Some(limit) => tokio::time::timeout(limit, answer).await.map_err(|_| ApiError::framework(504)),
        }
    }

    /// An answer of axum's router: its own errors and ours get the service's shape.
    fn shaped(
        &self,
        response: axum::response::Response,
        nothing: Response,
        request_id: RequestId,
    ) -> Response {
        if response.extensions().get::<NotRouted>().is_some() {
            return nothing;
        }
        if let Some(Deferred(error)) = response.extensions().get::<Deferred>() {
            if let Some(chain) = error.chain() {
                let _scope = fastkit::context::enter(request_id);
                tracing::error!(target: "fastflyer", "{chain}");
            }
            return self.core.envelope.failure(error);
        }
        let allow = response.headers().get(header::ALLOW).cloned();
        if response.status() == StatusCode::METHOD_NOT_ALLOWED
            && let Some(allow) = allow
        {
            let own = nothing.headers().get(header::ALLOW);
            let allow = allowed(&allow, own);
            return self.core.envelope.failure(&ApiError::framework(405).header(header::ALLOW, allow));
        }
        response.map(Body::new)
    }

    /// The answer where no operation is: 405, 307 to the path with or without its last slash, 404.
    fn nothing(&self, parts: &Parts, found: &Found<'_>) -> Response {
        let envelope = &self.core.envelope;
        if let Found::WrongMethod(operations) = found {
            let mut methods: Vec<&str> = operations.iter().map(|m| m.operation.method.as_str()).collect();
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
            return redirect(parts, &other);
        }
        envelope.failure(&ApiError::framework(404))
    }
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
        text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
    };
    let mut all = own.map(methods).unwrap_or_default();
    let foreign = methods(axum);
    let only_ours = foreign.iter().all(|name| all.contains(name) || name == "HEAD");
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
    let path = percent_decode_str(uri.path()).decode_utf8().ok()?;
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let target = format!("{}{query}", crate::routing::encoded(&path));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.parse().ok()?);
    Uri::from_parts(parts).ok()
}

fn redirect(parts: &Parts, path: &str) -> Response {
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let valid = host.filter(|host| host.parse::<http::uri::Authority>().is_ok());
    let location = match valid {
        Some(host) => format!("http://{host}{path}{query}"),
        None => format!("{path}{query}"),
    };
    let mut response = Response::default();
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

#[cold]
pub(crate) fn panicked(place: &str, request_id: RequestId, panic: &(dyn Any + Send)) -> ApiError {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("a value that is no text");
    let _scope = fastkit::context::enter(request_id);
    tracing::error!(target: "fastflyer", "{place}: the handler panicked: {text}");
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
    let lists: Vec<&[u8]> = headers.get_all(X_FORWARDED_FOR).iter().map(HeaderValue::as_bytes).collect();
    for text in lists.iter().rev().flat_map(|list| list.rsplit(|byte| *byte == b',')) {
        // What is no address ends the chain: what stands before it was written by someone unknown.
        let text = std::str::from_utf8(text).unwrap_or("");
        let Ok(address) = text.trim().parse::<IpAddr>() else { break };
        client = Some(address.to_canonical());
        if !core.trusts(address.to_canonical()) {
            break;
        }
    }
    client
}
