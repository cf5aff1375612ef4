//! The HTTP edge of FastFlyer: event loops over one listening socket.
//!
//! This crate knows connections, heads, bodies, limits and stopping. It knows nothing of routes,
//! documents or response formats: those belong to the [`Application`] that it serves.

mod application;
mod body;

pub use application::{Application, Peer, ProtocolError, Service, Startup};
pub use body::{Body, BoxError};
