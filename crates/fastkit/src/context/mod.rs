//! The request that is being served by the current thread: its id, and how it follows a future.
//!
//! It is deliberately not a bag of values: what handlers share belongs into the state of the
//! framework. Its key type is [`RequestId`]. All of it is on the path of every request: nothing
//! here allocates.

mod request_id;
mod scope;

pub use request_id::{InvalidRequestId, RequestId};
pub use scope::{Scope, Scoped, current, enter, follow};
