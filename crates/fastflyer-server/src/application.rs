//! What a server serves: the [`Application`] trait and what it is told about a connection.
//!
//! An application makes one [`Service`] per connection, so that what is constant for the connection
//! (the peer's address as text, for instance) is worked out once and not per request.

use crate::{Body, Stamps};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use std::{fmt, future::Future, net::SocketAddr, pin::Pin};

/// The outcome of [`Application::start`]: an error stops the server with this reason.
pub type Startup<'a> = Pin<Box<dyn Future<Output = Result<(), crate::BoxError>> + Send + 'a>>;

/// Something that answers HTTP requests, shared by all event loops.
pub trait Application: Send + Sync + 'static {
    /// What answers the requests of one connection.
    type Service: Service;

    /// Makes the service of a new connection. Called on the event loop that owns the connection;
    /// must not block.
    fn connect(&self, peer: &Peer) -> Self::Service;

    /// The answer to a request that never became one: a malformed head, a limit exceeded, a
    /// timeout. The server adds framing headers and closes the connection afterwards.
    fn protocol_error(&self, peer: &Peer, error: &ProtocolError) -> Response<Bytes>;

    /// Runs on the first event loop before the first connection is accepted.
    fn start(&self) -> Startup<'_> {
        Box::pin(async { Ok(()) })
    }

    /// Runs on the first event loop beside the last requests, as soon as the server stops: what the
    /// application does besides requests is to end. It has as long as they have, and is dropped then.
    fn drain(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {})
    }

    /// Runs on the first event loop after the last connection has ended, bounded by the graceful
    /// timeout.
    fn stop(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {})
    }
}

/// Answers the requests of one connection: one after the other, but those of HTTP/2 at the same time,
/// by a clone each.
pub trait Service: Clone + Send + 'static {
    /// Answers one request. Never fails: what goes wrong is an answer too. `stamps` is empty; the
    /// server sends what is put there with the head of the answer.
    fn call(
        &self,
        request: Request<Body>,
        stamps: &mut Stamps,
    ) -> impl Future<Output = Response<Body>> + Send;
}

/// The other end of a connection.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The address the connection came from; `None` on a Unix socket.
    pub address: Option<SocketAddr>,
    /// The address it was accepted on; `None` on a Unix socket.
    pub local: Option<SocketAddr>,
}

/// Why the protocol layer answered by itself.
#[derive(Clone, Debug)]
pub struct ProtocolError {
    /// The status of the answer: 400, 408, 413, 414, 417, 431, 501, 503 or 505.
    pub status: StatusCode,
    /// What is wrong and what is allowed, in English, without any bytes of the request.
    pub reason: &'static str,
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status.as_u16(), self.reason)
    }
}

impl std::error::Error for ProtocolError {}
