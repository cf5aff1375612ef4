//! [`SkippingClock`]: waits between attempts are noted and skipped.

use crate::client::{ClientBuilder, clock::Clock};
use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A clock for [`ClientBuilder::clock`] that skips waits. Clones are the same clock.
///
/// Time goes on by itself too: limits of a single attempt are real.
#[derive(Clone, Debug, Default)]
pub struct SkippingClock(Arc<Mutex<Vec<Duration>>>);

impl SkippingClock {
    /// A clock that has skipped nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The waits so far, in their order.
    #[must_use]
    pub fn waits(&self) -> Vec<Duration> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn skipped(&self) -> Duration {
        self.waits().iter().sum()
    }

    /// Lets time go by, as a wait would.
    pub fn advance(&self, time: Duration) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(time);
    }
}

impl Clock for SkippingClock {
    fn now(&self) -> Instant {
        Instant::now() + self.skipped()
    }

    fn real(&self, time: Instant) -> Instant {
        time.checked_sub(self.skipped()).unwrap_or(time)
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.advance(time);
        Box::pin(tokio::task::yield_now())
    }
}

impl ClientBuilder {
    /// Skips the waits between attempts, for tests.
    pub fn clock(mut self, clock: &SkippingClock) -> Self {
        self.clock = Arc::new(clock.clone());
        self
    }
}
