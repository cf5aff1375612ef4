//! The routes that provoked the original's errors, by the same names.
//!
//! What was raised there is returned as an error here or panics; what was returned is returned.

mod echo;
mod failures;
mod inputs;
mod lenient;
mod timing;

use fastflyer::{Router, axum, serde_json::Value};

/// An answer that is not shaped, as of a route without `response_model`.
type Raw = axum::Json<Value>;

/// All probes.
pub fn router() -> Router {
    Router::new()
        .prefix("/probe")
        .tag("probe")
        .include(failures::router())
        .include(inputs::router())
        .include(echo::router())
        .include(timing::router())
}
