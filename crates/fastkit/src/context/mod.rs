//! The request that is being served by the current thread: its id, until when it has to be answered,
//! and how it follows a future.
//!
//! It is deliberately not a bag of values: what handlers share belongs into the state of the
//! framework. Its key types are [`RequestId`] and [`Served`]. All of it is on the path of every
//! request: nothing here allocates, but for the trace context of a request that brings one.

mod request_id;
mod scope;
mod trace;

pub use request_id::{InvalidRequestId, RequestId};
pub use scope::{Scope, Scoped, Served, current, enter, follow};
pub use trace::TraceContext;
