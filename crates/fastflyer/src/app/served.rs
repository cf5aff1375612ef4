//! [`App`] as what a server serves, and as a plain axum router.

use super::App;
use crate::{
    ApiError, Body,
    context::PeerInfo,
    language::Preferences,
    service::{Asked, ConnectionService, X_LASTING_TIME, X_REQUEST_ID},
};
use bytes::Bytes;
use fastflyer_server::{Application, Peer, ProtocolError, Service, Stamps, Startup};
use fastkit::context::RequestId;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri};
use std::{
    convert::Infallible,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    task::{Context, Poll},
};

impl Application for App {
    type Service = ConnectionService;

    fn connect(&self, peer: &Peer) -> ConnectionService {
        ConnectionService::new(self.core.clone(), peer.address.map(|address| address.ip()))
    }

    fn protocol_error(&self, peer: &Peer, error: &ProtocolError) -> Response<Bytes> {
        let code = u32::from(error.status.as_u16());
        let failure = ApiError::framework(code).detail(error.reason);
        let mut response = self.core.envelope.failure(&failure, Preferences::default());
        let request_id = RequestId::random();
        // Nothing of what was sent can be trusted to be a header.
        self.core
            .envelope
            .finish(&mut response, &HeaderMap::new(), request_id);
        // Nothing of what was sent can be trusted to be a method or a path.
        let (method, uri, headers) = (unread(), Uri::default(), HeaderMap::new());
        let asked = Asked {
            method: &method,
            uri: &uri,
            headers: &headers,
            body: None,
        };
        let ip = peer.address.map(|address| address.ip().to_canonical());
        let text = ip
            .map(|ip| ip.to_string())
            .unwrap_or_default()
            .into_boxed_str();
        let peer = Arc::new(PeerInfo {
            ip,
            text,
            trusted: false,
        });
        let mut response = self.core.log_access(&asked, response, 0, &peer, request_id);
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::from_bytes(request_id.as_bytes()) {
            headers.insert(X_REQUEST_ID, id);
        }
        headers.insert(X_LASTING_TIME, HeaderValue::from_static("0"));
        response.map(|mut body| body.take_full().unwrap_or_default())
    }

    fn start(&self) -> Startup<'_> {
        Box::pin(async {
            if self.core.part.starts.load(Relaxed) {
                for hook in &self.hooks.startup_once {
                    hook()
                        .await
                        .map_err(|error| format!("on_startup_once: {error}"))?;
                }
            }
            for (app, hook) in &self.hooks.startup {
                hook()
                    .await
                    .map_err(|error| format!("on_startup of {app}: {error}"))?;
            }
            self.core.jobs.start()?;
            Ok(())
        })
    }

    fn drain(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.core.jobs.drain())
    }

    fn stop(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {
            self.core.jobs.stop().await;
            // What was started last may lean on what was started before.
            for (app, hook) in self.hooks.shutdown.iter().rev() {
                if let Err(error) = hook().await {
                    tracing::error!(target: "fastflyer", "on_shutdown of {app}: {error}");
                }
            }
            if self.core.part.stops.load(Relaxed) {
                for hook in self.hooks.shutdown_once.iter().rev() {
                    if let Err(error) = hook().await {
                        tracing::error!(target: "fastflyer", "on_shutdown_once: {error}");
                    }
                }
            }
        })
    }
}

/// The method that the access log shows for what never became a request.
fn unread() -> Method {
    Method::from_bytes(b"-").unwrap_or_default()
}

impl App {
    /// Answers one request in process, as if it came from `address`.
    pub(crate) async fn answer(
        &self,
        request: Request<Body>,
        address: Option<IpAddr>,
    ) -> Response<Body> {
        let service = ConnectionService::new(self.core.clone(), address);
        let mut stamps = Stamps::default();
        let mut response = service.call(request, &mut stamps).await;
        stamps.apply(response.headers_mut());
        for (name, value) in self
            .core
            .constant_headers
            .iter()
            .chain(&crate::memory::headers())
        {
            response
                .headers_mut()
                .entry(name)
                .or_insert_with(|| value.clone());
        }
        response
    }

    /// The whole application as a plain axum router, to be served by any server or merged into
    /// another router. Startup and shutdown hooks are left to the caller, and so are jobs
    /// (`App::scheduler`). The address of the client
    /// is not known there.
    pub fn into_axum(self) -> axum::Router {
        axum::Router::new().fallback_service(AxumService(self))
    }
}

#[derive(Clone)]
struct AxumService(App);

impl tower::Service<axum::extract::Request> for AxumService {
    type Response = axum::response::Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: axum::extract::Request) -> Self::Future {
        let app = self.0.clone();
        Box::pin(async move {
            // Whoever serves the router knows the peer; a guess could be a trusted proxy.
            let response = app.answer(request.map(Body::new), None).await;
            Ok(response.map(axum::body::Body::new))
        })
    }
}
