//! hyper for the requests that are not plain, behind the [`Guard`].
//!
//! The wrapper around the application's service adds what every answer has, and puts the protocol
//! layer's answer in the place of the application's when the body of the request was cut short. It
//! also decides whether an upgrade takes place.

use crate::{
    Application, Body, ProtocolError, Service, Stamps, answer,
    event_loop::{Connection, EventLoop, refuse_interim},
    guard::Guard,
    upgrade::{Lease, Tie},
};
use bytes::BytesMut;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::{
    body::Incoming,
    rt::Write as _,
    upgrade::{OnUpgrade, Upgraded},
};
use std::{
    convert::Infallible,
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    task::Poll,
};

/// What the guard and the wrapper have to tell each other. Requests are counted from 1.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    begun: AtomicU64,
    answered: AtomicU64,
    /// Another request has arrived behind the present one.
    has_more: AtomicBool,
    /// The request whose body went wrong.
    fault: OnceLock<(u64, ProtocolError)>,
    /// The last request that may be answered `101`.
    asked: AtomicU64,
    /// That request was.
    tie: OnceLock<Arc<Tie>>,
    /// The upgrade that hyper has prepared for a request which did not get it.
    unused: Mutex<Option<OnUpgrade>>,
}

impl Exchange {
    /// The body of the request with this number, counted from 1, will not arrive whole.
    pub(crate) fn break_off(&self, number: u64, error: ProtocolError) {
        let _ = self.fault.set((number, error));
    }

    /// The request with this number may be answered `101`.
    pub(crate) fn ask(&self, number: u64) {
        self.asked.store(number, Relaxed);
    }

    /// The application has answered the request with this number.
    pub(crate) fn is_answered(&self, number: u64) -> bool {
        self.answered.load(Relaxed) >= number
    }

    /// There once a request is answered `101`.
    pub(crate) fn tie(&self) -> Option<&Tie> {
        self.tie.get().map(|tie| &**tie)
    }

    fn keep_unused(&self, upgrade: Option<OnUpgrade>) {
        *self.unused.lock().unwrap_or_else(PoisonError::into_inner) = upgrade;
    }

    fn take_unused(&self) -> Option<OnUpgrade> {
        self.unused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
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

/// Serves a connection to its end; `read` are bytes that were received already. After an upgrade the
/// connection goes on for as long as the application has it.
pub(crate) async fn serve<A: Application>(
    connection: Connection<A>,
    service: A::Service,
    read: BytesMut,
) -> Option<Lease> {
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
    let watch = Arc::clone(&connection.watch);
    let guard = Guard::new(connection, Arc::clone(&exchange), read);
    let (inner, state) = (Arc::clone(&exchange), Arc::clone(&event_loop.state));
    let own = Arc::clone(&watch);
    let wrapper = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        let exchange = &inner;
        let number = exchange.begin();
        let may_upgrade = exchange.asked.load(Relaxed) == number;
        if let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>() {
            if may_upgrade {
                request.extensions_mut().insert(upgrade.clone());
            }
            exchange.keep_unused(Some(upgrade));
        }
        let (service, exchange, event_loop, peer, watch) = (
            service.clone(),
            Arc::clone(exchange),
            Arc::clone(&event_loop),
            peer.clone(),
            Arc::clone(&own),
        );
        watch.set_endless(false);
        async move {
            event_loop.state.count(&event_loop.state.requests);
            let mut stamps = Stamps::default();
            let mut response = service.call(request.map(Body::from), &mut stamps).await;
            stamps.apply(response.headers_mut());
            if let Some(error) = exchange.fault(number) {
                event_loop.state.count(&event_loop.state.rejected);
                response = event_loop.app.protocol_error(&peer, error).map(Body::from);
                close(&mut response);
            }
            // The requests of a pipeline were sent in good faith: a stop answers them too.
            let may_end = !exchange.has_more.load(Relaxed);
            if may_upgrade && response.status() == StatusCode::SWITCHING_PROTOCOLS {
                switch(&mut response, &exchange);
                event_loop.state.prepared.complete(response.headers_mut());
            } else {
                complete(&mut response, &event_loop, may_end);
            }
            watch.set_endless(answer::is_event_stream(response.headers()));
            exchange.answered.store(number, Relaxed);
            Ok::<_, Infallible>(response)
        }
    });
    // An error means that the connection is beyond an answer; the socket is closed either way.
    let _ = builder
        .serve_connection(guard, wrapper)
        .with_upgrades()
        .await;
    let tie = exchange.tie.get().map(Arc::clone);
    if tie.is_none()
        && let Some(unused) = exchange.take_unused()
    {
        close_unused::<A>(unused).await;
    }
    Some(Lease::new(tie?, &watch, state.now()))
}

/// Lets an upgrade take place that the client has asked for.
fn switch(response: &mut Response<Body>, exchange: &Exchange) {
    *response.body_mut() = Body::empty();
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response.headers_mut().remove(header::TRANSFER_ENCODING);
    // With a second owner the socket would outlive an application that is not interested.
    exchange.keep_unused(None);
    let _ = exchange.tie.set(Arc::default());
}

/// When a request has asked for an upgrade in vain, hyper still ends the connection by handing the
/// socket over instead of shutting it down. The guard's part of the shutdown is made up for.
async fn close_unused<A: Application>(unused: OnUpgrade) {
    let mut unused = pin!(unused);
    let socket = poll_fn(|cx| match unused.as_mut().poll(cx) {
        Poll::Ready(outcome) => Poll::Ready(outcome.ok()),
        // hyper is done: what is not there now will not come.
        Poll::Pending => Poll::Ready(None),
    });
    if let Some(Ok(parts)) = socket.await.map(Upgraded::downcast::<Guard<A>>) {
        let mut guard = parts.io;
        let _ = poll_fn(|cx| Pin::new(&mut guard).poll_shutdown(cx)).await;
    }
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
