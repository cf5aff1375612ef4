//! HTTP/2: hyper behind the limits and the stops that the other fronts have.
//!
//! It is spoken where the client has chosen it during the TLS handshake, or begins with its preface.
//! hyper and h2 know frames, flow control and most floods; here are the streams' owner, what is
//! strict about their requests, and the connection's phases. Not spoken: `CONNECT` in any form and
//! pushes. Key types: [`Streams`], [`Shared`](shared::Shared).

mod body;
mod request;
mod shared;
mod socket;

use crate::{
    Application, Body, Handle, ProtocolError, ServerConfig, Service, Stamps, answer,
    event_loop::{Connection, EventLoop, refuse_interim},
    watch::Phase,
};
use body::{Paced, Tracked};
use bytes::BytesMut;
use http::Request;
use hyper::body::Incoming;
use shared::Shared;
use socket::{Socket, Timer};
use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    pin::pin,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    task::Poll,
    time::Duration,
};
use tokio::{io::AsyncReadExt as _, task::JoinSet};

/// How every connection begins that does not say so during the TLS handshake. The rest of the
/// preface is checked by h2.
const BEGINNING: &[u8] = b"PRI * HTTP/2";

/// Requests of one connection at a time.
const STREAMS: u32 = 100;
/// Bytes of a request's body that may arrive before the application reads them, and those of all.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;
/// Bytes of an answer that h2 holds for a client which does not take them.
const SEND_BUFFER: usize = 32 * 1024;
/// Requests that the client may reset before they are begun, and those that h2 may, until the
/// connection is ended.
const RESETS: usize = 20;
const OWN_RESETS: usize = 64;
/// A client that says nothing is asked whether it is there, and has this time to answer.
const PING: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(10));

/// Whether what has arrived first is HTTP/2 and may be.
pub(crate) fn is_spoken(config: &ServerConfig, input: &[u8]) -> bool {
    config.http2 && input.starts_with(BEGINNING)
}

/// Reads until it is clear what is spoken; gives what was read. `None`: the client has left.
pub(crate) async fn listen<A: Application>(connection: &mut Connection<A>) -> Option<BytesMut> {
    let mut read = BytesMut::new();
    if !connection.event_loop.config.http2 {
        return Some(read);
    }
    while BEGINNING.starts_with(&read) && read.len() < BEGINNING.len() {
        if !read.is_empty() {
            // Late ones are closed without an answer: nobody knows in which language.
            connection.watch.stay_in(Phase::Handshake, connection.now());
        }
        if connection.stream.read_buf(&mut read).await.ok()? == 0 {
            return Some(read);
        }
    }
    connection.watch.enter(Phase::Head, connection.now());
    Some(read)
}

/// Owns the tasks of a connection's requests: they end with it.
#[derive(Clone, Debug, Default)]
struct Streams(Arc<Mutex<JoinSet<()>>>);

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let mut streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while streams.try_join_next().is_some() {}
        streams.spawn(stream);
    }
}

/// Serves a connection to its end; `read` are bytes that were received already.
pub(crate) async fn serve<A: Application>(
    connection: Connection<A>,
    service: A::Service,
    read: BytesMut,
) {
    let event_loop = Arc::clone(&connection.event_loop);
    let watch = Arc::clone(&connection.watch);
    let shared = Arc::new(Shared::new(&connection));
    let limits = &event_loop.config.limits;
    let mut builder = hyper::server::conn::http2::Builder::new(Streams::default());
    builder
        .timer(Timer)
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .max_pending_accept_reset_streams(RESETS)
        .max_local_error_reset_streams(OWN_RESETS)
        .max_header_list_size(u32::try_from(limits.head).unwrap_or(u32::MAX))
        .keep_alive_interval(PING.0)
        .keep_alive_timeout(PING.1);
    let peer = connection.peer.clone();
    let wrapper = {
        let (event_loop, shared) = (Arc::clone(&event_loop), Arc::clone(&shared));
        hyper::service::service_fn(move |request: Request<Incoming>| {
            let active = shared.begin();
            let (service, event_loop, peer) =
                (service.clone(), Arc::clone(&event_loop), peer.clone());
            async move {
                event_loop.state.count(&event_loop.state.requests);
                let mut response = match request::checked(request, &event_loop.config.limits) {
                    Ok(request) => {
                        let (request, fault) = paced(request, &event_loop);
                        let mut stamps = Stamps::default();
                        let mut response = service.call(request, &mut stamps).await;
                        stamps.apply(response.headers_mut());
                        match fault.get() {
                            Some(error) => Err(error.clone()),
                            None => Ok(response),
                        }
                    }
                    Err(error) => Err(error),
                }
                .unwrap_or_else(|error| {
                    event_loop.state.count(&event_loop.state.rejected);
                    event_loop.app.protocol_error(&peer, &error).map(Body::from)
                });
                refuse_interim(&mut response);
                event_loop.state.prepared.complete(response.headers_mut());
                let endless = answer::is_event_stream(response.headers());
                Ok::<_, Infallible>(
                    response.map(|body| Tracked::new(body, active.answered(endless))),
                )
            }
        })
    };
    let handle = Handle {
        control: Arc::clone(&event_loop.control),
    };
    let socket = Socket::new(connection, Arc::clone(&shared), read);
    let mut serving = pin!(builder.serve_connection(socket, wrapper));
    let mut stopping = pin!(handle.stopping());
    let mut leaving = false;
    poll_fn(|cx| {
        let is_late = watch.phase() == Phase::Quiet && watch.verdict().is_some();
        if !leaving && (is_late || stopping.as_mut().poll(cx).is_ready()) {
            leaving = true;
            shared.leave();
            serving.as_mut().graceful_shutdown();
        }
        if serving.as_mut().poll(cx).is_ready() || shared.is_misused() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

type Fault = Arc<OnceLock<ProtocolError>>;

/// Watches how the body of a request arrives.
fn paced<A: Application>(
    request: Request<Incoming>,
    event_loop: &EventLoop<A>,
) -> (Request<Body>, Fault) {
    let fault = Fault::default();
    let request = request.map(|body| {
        if hyper::body::Body::is_end_stream(&body) {
            Body::empty()
        } else {
            Body::new(Paced::new(
                body,
                &event_loop.config.timeouts,
                Arc::clone(&fault),
            ))
        }
    });
    (request, fault)
}
