//! The HTTP client against upstreams that behave and those that don't.

mod blocking;
mod bodies;
mod golden;
mod http2;
mod logging;
mod network;
mod policies;
mod redirects;
mod requests;
mod retries;
mod tls;

use fastkit::client::{
    AsyncClient, ClientBuilder,
    stub::{SkippingClock, Stub},
};
use std::time::Duration;

/// Long enough for a busy machine; nothing is decided by it.
const AMPLE: Duration = Duration::from_secs(20);

/// An upstream, and a client with the documented waits, which are skipped.
fn setup() -> (Stub, AsyncClient, SkippingClock) {
    setup_with(|builder| builder)
}

fn setup_with(
    set: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> (Stub, AsyncClient, SkippingClock) {
    let clock = SkippingClock::new();
    let retry = fastkit::client::RetryPolicy::new().jitter(false);
    let builder = AsyncClient::builder()
        .no_proxy()
        .no_log()
        .retry(retry)
        .clock(&clock);
    let client = set(builder).build().unwrap();
    (Stub::start().unwrap(), client, clock)
}

fn seconds(clock: &SkippingClock) -> Vec<u64> {
    clock.waits().iter().map(Duration::as_secs).collect()
}
