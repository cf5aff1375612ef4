//! hyper for the requests that are not plain, behind the [`Guard`].
//!
//! The wrapper around the application's service adds what every answer has, and puts the protocol
//! layer's answer in the place of the application's when the body of the request was cut short.

use crate::{
    Application, Body, ProtocolError, Service,
    event_loop::{Connection, EventLoop, refuse_interim},
    guard::Guard,
};
use bytes::BytesMut;
use http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use std::{
    convert::Infallible,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

/// What the guard has to tell the wrapper: the number of the request whose body went wrong, and
/// whether another request has arrived behind the present one.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    begun: AtomicU64,
    has_more: AtomicBool,
    fault: OnceLock<(u64, ProtocolError)>,
}

impl Exchange {
    /// The body of the request with this number, counted from 1, will not arrive whole.
    pub(crate) fn break_off(&self, number: u64, error: ProtocolError) {
        let _ = self.fault.set((number, error));
    }

    /// More of a pipeline has arrived, or not.
    pub(crate) fn set_more(&self, has_more: bool) {
        self.has_more.store(has_more, Relaxed);
    }

    fn begin(&self) -> u64 {
        self.begun.fetch_add(1, Relaxed) + 1
    }

    fn fault(&self, number: u64) -> Option<&ProtocolError> {
        self.fault
            .get()
            .filter(|(broken, _)| *broken == number)
            .map(|(_, error)| error)
    }
}

/// Serves a connection to its end; `read` are bytes that were received already.
pub(crate) async fn serve<A: Application>(
    connection: Connection<A>,
    service: A::Service,
    read: BytesMut,
) {
    let exchange = Arc::new(Exchange::default());
    let event_loop = Arc::clone(&connection.event_loop);
    let limits = &connection.event_loop.config.limits;
    let mut builder = hyper::server::conn::http1::Builder::new();
    // Half-close keeps the answers to good requests when a bad one follows; the price is that a
    // client which has left is noticed only when something is written. `pipeline_flush` stays off:
    // with input left in its buffer hyper 1.12 skips the flush of the last answer as well.
    builder.half_close(true);
    if limits.headers > 100 {
        builder.max_headers(limits.headers);
    }
    if limits.head > 256 * 1024 {
        builder.max_buf_size(limits.head + 8 * 1024);
    }
    let peer = connection.peer.clone();
    let guard = Guard::new(connection, Arc::clone(&exchange), read);
    let wrapper = hyper::service::service_fn(move |request: Request<Incoming>| {
        let number = exchange.begin();
        let (service, exchange, event_loop, peer) = (
            service.clone(),
            Arc::clone(&exchange),
            Arc::clone(&event_loop),
            peer.clone(),
        );
        async move {
            event_loop.state.count(&event_loop.state.requests);
            let mut response = service.call(request.map(Body::from)).await;
            if let Some(error) = exchange.fault(number) {
                event_loop.state.count(&event_loop.state.rejected);
                response = event_loop.app.protocol_error(&peer, error).map(Body::from);
                close(&mut response);
            }
            // The requests of a pipeline were sent in good faith: a stop answers them too.
            let may_end = !exchange.has_more.load(Relaxed);
            complete(&mut response, &event_loop, may_end);
            Ok::<_, Infallible>(response)
        }
    });
    // An error means that the connection is beyond an answer; the socket is closed either way.
    let _ = builder.serve_connection(guard, wrapper).await;
}

fn close(response: &mut Response<Body>) {
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
}

/// Adds the constant headers and, where the connection may end, the notice that the server stops.
fn complete<A: Application>(
    response: &mut Response<Body>,
    event_loop: &EventLoop<A>,
    may_end: bool,
) {
    let is_last = refuse_interim(response) || (may_end && event_loop.is_stopping());
    let headers = response.headers_mut();
    event_loop.state.prepared.complete(headers);
    if is_last {
        close(response);
    }
}
