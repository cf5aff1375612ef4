//! Times of a call: what passes, and the processor time of the thread that runs the client, which does not count what
//! others do meanwhile on other threads.

use std::{sync::LazyLock, time::Instant};

/// Microseconds that have passed, and that this thread has run.
#[derive(Clone, Copy)]
pub(crate) struct Time {
    pub(crate) wall: f64,
    pub(crate) processor: f64,
}

impl Time {
    pub(crate) fn now() -> Self {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        Self {
            wall: START.elapsed().as_secs_f64() * 1e6,
            processor: processor_time(),
        }
    }

    /// What has passed since, for each of the calls.
    pub(crate) fn per_call(self, calls: u32) -> Self {
        let now = Self::now();
        Self {
            wall: (now.wall - self.wall) / f64::from(calls),
            processor: (now.processor - self.processor) / f64::from(calls),
        }
    }
}

/// By Linux's scheduler; elsewhere there is no such figure.
fn processor_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds: Option<f64> = stat.split(' ').next().and_then(|text| text.parse().ok());
    nanoseconds.map_or(f64::NAN, |nanoseconds| nanoseconds / 1e3)
}

/// The quarters of the values: the lower one, the median, the upper one.
pub(crate) fn quartiles(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| values[values.len() * quarter / 4])
}
