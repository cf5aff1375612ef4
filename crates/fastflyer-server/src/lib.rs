//! The HTTP edge of FastFlyer: event loops over one listening socket.
//!
//! This crate knows connections, heads, bodies, limits and stopping. It knows nothing of routes,
//! documents or response formats: those belong to the [`Application`] that it serves.
//!
//! [`Server::bind`] makes the socket, [`Server::run`] serves an [`Application`] (or any tower
//! service through [`Tower`]) until a [`Handle`] or a signal stops it.

mod accept;
mod answer;
mod application;
mod body;
mod body_scan;
mod config;
mod control;
mod error;
mod event_loop;
mod fast;
mod guard;
mod head;
mod hyper_front;
mod listener;
mod permits;
mod server;
mod signals;
mod spare;
mod stream;
mod tower_adapter;
mod watch;

pub use application::{Application, Peer, ProtocolError, Service, Startup};
pub use body::{Body, BoxError};
pub use config::{Address, Front, Heartbeat, Limits, ServerConfig, Signals, Timeouts};
pub use control::{Handle, Stats};
pub use error::Error;
pub use server::{Report, Server};
pub use tower_adapter::{Tower, TowerConnection};
