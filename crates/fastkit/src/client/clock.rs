//! [`Clock`]: the time between two attempts, which tests skip.

use std::{
    fmt::Debug,
    pin::Pin,
    time::{Duration, Instant},
};

/// What time it is, and how to wait. Limits of a single attempt are always real time.
pub(super) trait Clock: Debug + Send + Sync {
    fn now(&self) -> Instant;
    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

#[derive(Debug)]
pub(super) struct RealClock;

impl Clock for RealClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(time))
    }
}
