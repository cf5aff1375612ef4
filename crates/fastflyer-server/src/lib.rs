//! The HTTP edge of FastFlyer: event loops over one listening socket.
//!
//! This crate knows connections, heads, bodies, limits and stopping. It knows nothing of routes,
//! documents or response formats: those belong to the [`Application`] that it serves.
//!
//! [`Server::bind`] makes the socket, [`Server::run`] serves an [`Application`] (or any tower
//! service through [`Tower`]) until a [`Handle`] or a signal stops it.
//!
//! # The way of a connection
//!
//! 1. `accept`: the thread that called [`Server::run`] takes a permit, accepts, and hands the socket
//!    to the event loop that has the fewest; `lanes` takes it back from a loop that is stuck.
//! 2. `event_loop`: a task of the loop's single-threaded runtime serves it; `watch` lets the loop end
//!    it when it is late, without a timer per request, and `presence` when its client has left.
//!    With the feature `tls` the task begins with a handshake.
//! 3. `head` judges every head, strictly; `body_scan` follows the framing of bodies.
//! 4. `fast` answers plain requests. At the first other one, `hyper_front` takes the connection over
//!    for good, with `guard` between hyper and the socket; after an upgrade the application has the
//!    socket, and `upgrade` keeps count of it. With the feature `http2` a connection may belong to
//!    `http2` from its beginning.
//!
//! # Processes
//!
//! One process serves by [`Server::run`]. Where one that dies shall be replaced and a restart shall lose
//! nothing, a [`supervisor`] (Unix only) keeps several on one socket.
//!
//! # What to know
//!
//! * What the protocol layer refuses is answered by [`Application::protocol_error`], after the
//!   answers to earlier requests of the connection; the connection then closes.
//! * A body that ends early is an error for who reads it, never a short whole; its request is
//!   answered 400 or 408 whatever the application said.
//! * A client that leaves while its request is handled is noticed within half a second: the future of
//!   [`Service::call`] or the body of its answer is dropped and [`Stats::abandoned`] counts it. What
//!   has to be brought to an end belongs into a task of its own. Left means that the connection is
//!   broken: a client that only sends no more is answered, save that an event stream ends then, since
//!   browsers leave those that way.
//! * A request without a body that asks for an upgrade finds `hyper::upgrade::OnUpgrade` in its
//!   extensions; answered `101`, its connection is the application's. It counts as in flight until
//!   the application drops it, and what it does about a stop is up to the application
//!   ([`Handle::stopping`]). Asking with HTTP/1.0, with a body or with `Connection: close` is ignored.
//! * Trailer fields of answers are served in HTTP/2 only.
//! * Requests of HTTP/2 look like those of HTTP/1: a path as target, the authority as `Host`, one
//!   `Cookie`. A broken one of several requests ends alone.
//! * Every connection's task has room for one future of [`Service::call`]; large ones cost memory on
//!   idle connections too.

mod accept;
mod answer;
mod application;
mod body;
mod body_scan;
mod clients;
mod config;
mod control;
mod error;
mod event_loop;
mod fast;
mod guard;
mod head;
mod header_maps;
#[cfg(feature = "http2")]
mod http2;
#[cfg(not(feature = "http2"))]
#[path = "no_http2.rs"]
mod http2;
mod hyper_front;
mod lanes;
mod listener;
mod permits;
mod presence;
mod server;
mod signals;
mod spare;
mod stamps;
mod stream;
#[cfg(unix)]
pub mod supervisor;
#[cfg(feature = "tls")]
mod tls;
#[cfg(not(feature = "tls"))]
#[path = "no_tls.rs"]
mod tls;
mod tower_adapter;
mod upgrade;
mod watch;

pub use application::{Application, Peer, ProtocolError, Service, Startup};
pub use body::{Body, BoxError};
#[cfg(feature = "tls")]
pub use config::TlsConfig;
pub use config::{
    Address, Front, Heartbeat, Limits, OnSignal, SampledHeaders, ServerConfig, Signals, Timeouts,
};
pub use control::{Drain, Handle, Stats};
pub use error::Error;
pub use header_maps::{APPLICATION_JSON, give_headers, take_headers, take_json_headers};
pub use server::{Report, Server};
pub use stamps::{Stamp, Stamps};
pub use tower_adapter::{Tower, TowerConnection};
