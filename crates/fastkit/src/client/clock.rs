//! [`Clock`]: the time between two attempts, which tests skip.

use std::{
    fmt::Debug,
    pin::Pin,
    time::{Duration, Instant},
};

/// What time it is, and how to wait. Limits of a single attempt are always real time.
pub(super) trait Clock: Debug + Send + Sync {
    fn now(&self) -> Instant;
    /// When that is in real time.
    fn real(&self, time: Instant) -> Instant;
    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// That much later. What no `Instant` can hold ("never", as [`Duration::MAX`]) is thirty years, as tokio has it.
pub(super) fn after(start: Instant, time: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(86_400 * 365 * 30);
    start.checked_add(time).unwrap_or_else(|| start + FAR)
}

#[derive(Debug)]
pub(super) struct RealClock;

impl Clock for RealClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn real(&self, time: Instant) -> Instant {
        time
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(time))
    }
}
