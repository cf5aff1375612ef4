//! [`Tower`]: serves any tower service, an axum `Router` for instance.
//!
//! Answers of the protocol layer are plain text here; an [`Application`] of
//! one's own shapes them as it likes.

use crate::{Application, Body, BoxError, Peer, ProtocolError, Service, Stamps};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use std::future::{Future, poll_fn};

/// An application made of a tower service. The service finds the [`Peer`] in the extensions of each
/// request; an error of the service is answered 500 without details.
#[derive(Clone, Debug)]
pub struct Tower<S>(S);

impl<S> Tower<S> {
    /// Serves a clone of `service` on each connection.
    pub const fn new(service: S) -> Self {
        Self(service)
    }
}

impl<S, B> Application for Tower<S>
where
    S: tower_service::Service<Request<Body>, Response = Response<B>>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Service = TowerConnection<S>;

    fn connect(&self, peer: &Peer) -> Self::Service {
        TowerConnection {
            service: self.0.clone(),
            peer: peer.clone(),
        }
    }

    fn protocol_error(&self, _peer: &Peer, error: &ProtocolError) -> Response<Bytes> {
        text(error.status, format!("{error}\n"))
    }
}

/// The service of one connection of [`Tower`].
#[derive(Clone, Debug)]
pub struct TowerConnection<S> {
    service: S,
    peer: Peer,
}

impl<S, B> Service for TowerConnection<S>
where
    S: tower_service::Service<Request<Body>, Response = Response<B>>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn call(
        &self,
        mut request: Request<Body>,
        _stamps: &mut Stamps,
    ) -> impl Future<Output = Response<Body>> + Send {
        let mut service = self.service.clone();
        request.extensions_mut().insert(self.peer.clone());
        async move {
            let ready = poll_fn(|cx| service.poll_ready(cx)).await.is_ok();
            let outcome = if ready {
                service.call(request).await.ok()
            } else {
                None
            };
            match outcome {
                Some(response) => response.map(Body::new),
                None => text(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "500: the service failed\n".into(),
                )
                .map(Body::from),
            }
        }
    }
}

fn text(status: StatusCode, text: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}
