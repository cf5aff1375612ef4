//! Latencies in buckets whose width grows with the value: exact below 128 µs, within 1.6 % above.
//!
//! Key type: [`Histogram`].

use std::fmt;
use std::time::Duration;

/// Buckets per power of two.
const STEPS: u64 = 64;
/// Microseconds up to which every value has its own bucket.
const EXACT: u64 = 2 * STEPS;
/// Bits of the largest value kept apart: about 19 hours.
const BITS: u64 = 36;

/// How long answers took.
#[derive(Debug, Clone)]
pub(crate) struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    longest: Duration,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: vec![0; bucket(u64::MAX) + 1],
            count: 0,
            longest: Duration::ZERO,
        }
    }
}

impl Histogram {
    /// Counts one answer.
    pub(crate) fn add(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.buckets[bucket(micros)] += 1;
        self.count += 1;
        self.longest = self.longest.max(latency);
    }

    /// The time within which so many per thousand were answered; the upper end of its bucket.
    pub(crate) fn per_mille(&self, per_mille: u64) -> Duration {
        let wanted = (self.count * per_mille).div_ceil(1_000);
        let mut sum = 0;
        for (index, count) in self.buckets.iter().enumerate() {
            sum += count;
            if sum >= wanted && *count > 0 {
                return Duration::from_micros(upper_end(index)).min(self.longest);
            }
        }
        self.longest
    }

    /// The time within which 99 % were answered.
    pub(crate) fn p99(&self) -> Duration {
        self.per_mille(990)
    }

    /// The slowest answer.
    pub(crate) fn longest(&self) -> Duration {
        self.longest
    }
}

impl fmt::Display for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "p50 {}, p99 {}, longest {}",
            Millis(self.per_mille(500)),
            Millis(self.p99()),
            Millis(self.longest)
        )
    }
}

/// Prints a time in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Millis(pub(crate) Duration);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_secs_f64() * 1_000.0;
        if millis < 10.0 {
            write!(f, "{millis:.1} ms")
        } else {
            write!(f, "{millis:.0} ms")
        }
    }
}

fn bucket(micros: u64) -> usize {
    let micros = micros.min((1 << BITS) - 1);
    let index = if micros < EXACT {
        micros
    } else {
        let shift = u64::from(micros.ilog2()) - u64::from(STEPS.ilog2());
        shift * STEPS + (micros >> shift)
    };
    usize::try_from(index).unwrap_or(usize::MAX)
}

fn upper_end(bucket: usize) -> u64 {
    let index = bucket as u64;
    if index < EXACT {
        return index;
    }
    let shift = index / STEPS - 1;
    ((index - shift * STEPS + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_and_hold_their_values() {
        let mut last = 0;
        for micros in (0..5_000).chain([1 << 20, (1 << 20) + 1, 1 << 35, u64::MAX]) {
            let index = bucket(micros);
            assert!(index == last || index == last + 1 || micros >= 5_000);
            last = index;
            let end = upper_end(index);
            if micros < 1 << BITS {
                assert!(
                    end >= micros && end - micros <= micros / 64,
                    "{micros} {end}"
                );
            }
        }
        assert!(Histogram::default().buckets.len() < 3_000);
    }

    #[test]
    fn parts_of_a_thousand_are_counted() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.p99(), Duration::ZERO);
        for millis in 1..=1_000 {
            histogram.add(Duration::from_millis(millis));
        }
        let near = |value: Duration, millis: u64| {
            let wanted = Duration::from_millis(millis);
            value >= wanted && value < wanted + wanted / 50
        };
        assert!(near(histogram.per_mille(500), 500));
        assert!(near(histogram.p99(), 990));
        assert_eq!(histogram.per_mille(1_000), Duration::from_secs(1));
        assert_eq!(histogram.to_string().matches(" ms").count(), 3);
    }
}
