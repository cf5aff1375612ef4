//! [`Interval`]: a time and again after the same period.

use chrono::{DateTime, TimeDelta, Utc};
use std::{fmt, time::Duration};

const SHORTEST: Duration = Duration::from_millis(1);
/// A hundred years: far more than anybody means, and far less than overflows.
const LONGEST: Duration = Duration::from_secs(36_525 * 24 * 60 * 60);
const NANOS: i128 = 1_000_000_000;

#[derive(Clone, Debug)]
pub(super) struct Interval {
    pub(super) period: Duration,
    pub(super) aligned: bool,
}

impl Interval {
    pub(super) fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.problem().is_some() {
            return None;
        }
        if !self.aligned {
            return after.checked_add_signed(TimeDelta::from_std(self.period).ok()?);
        }
        let period = i128::try_from(self.period.as_nanos()).ok()?;
        let after =
            i128::from(after.timestamp()) * NANOS + i128::from(after.timestamp_subsec_nanos());
        let next = (after.div_euclid(period) + 1) * period;
        DateTime::from_timestamp(
            i64::try_from(next.div_euclid(NANOS)).ok()?,
            u32::try_from(next.rem_euclid(NANOS)).ok()?,
        )
    }

    pub(super) fn problem(&self) -> Option<String> {
        (!(SHORTEST..=LONGEST).contains(&self.period)).then(|| {
            format!(
                "{self}: the period of an interval is not in {} to {}",
                Period(SHORTEST),
                Period(LONGEST)
            )
        })
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "every {}", Period(self.period))
    }
}

/// `1d2h`, `1m30s`, `1s500ms`.
struct Period(Duration);

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_zero() {
            return f.write_str("0s");
        }
        let (mut seconds, mut nanos) = (self.0.as_secs(), self.0.subsec_nanos());
        for (unit, length) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
            if seconds >= length {
                write!(f, "{}{unit}", seconds / length)?;
                seconds %= length;
            }
        }
        for (unit, length) in [("ms", 1_000_000), ("us", 1_000), ("ns", 1)] {
            if nanos >= length {
                write!(f, "{}{unit}", nanos / length)?;
                nanos %= length;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn periods_are_written_for_people() {
        let cases = [
            (Duration::ZERO, "0s"),
            (Duration::from_millis(1), "1ms"),
            (Duration::from_millis(1_500), "1s500ms"),
            (Duration::from_secs(3_600), "1h"),
            (Duration::from_secs(90_061), "1d1h1m1s"),
            (Duration::from_nanos(1_002_003), "1ms2us3ns"),
        ];
        for (period, text) in cases {
            assert_eq!(Period(period).to_string(), text);
        }
    }

    #[test]
    fn periods_outside_of_the_limits_are_problems_and_never_due() {
        let of = |period| Interval {
            period,
            aligned: true,
        };
        for (period, good) in [
            (Duration::ZERO, false),
            (Duration::from_micros(999), false),
            (SHORTEST, true),
            (LONGEST, true),
            (LONGEST + SHORTEST, false),
            (Duration::MAX, false),
        ] {
            assert_eq!(of(period).problem().is_none(), good, "{period:?}");
            assert_eq!(of(period).next(DateTime::UNIX_EPOCH).is_some(), good);
        }
        assert_eq!(
            Interval {
                period: Duration::ZERO,
                aligned: false
            }
            .problem()
            .as_deref(),
            Some("every 0s: the period of an interval is not in 1ms to 36525d")
        );
        assert_eq!(of(LONGEST).next(DateTime::<Utc>::MAX_UTC), None);
    }

    #[test]
    fn aligned_intervals_are_multiples_since_1970_before_it_too() {
        let of = |millis| Interval {
            period: Duration::from_millis(millis),
            aligned: true,
        };
        let cases = [
            (5_000, "1970-01-01T00:00:00Z", "1970-01-01T00:00:05Z"),
            (5_000, "1969-12-31T23:59:52.5Z", "1969-12-31T23:59:55Z"),
            (
                7_000,
                "2026-11-21T20:00:00.999999999Z",
                "2026-11-21T20:00:04Z",
            ),
            (1, "2026-11-21T20:00:00.0005Z", "2026-11-21T20:00:00.001Z"),
            (86_400_000, "2026-11-21T20:00:00Z", "2026-11-22T00:00:00Z"),
        ];
        for (period, after, next) in cases {
            let time = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
            assert_eq!(of(period).next(time(after)), Some(time(next)), "{after}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn an_aligned_interval_is_the_first_multiple_after(
            period in 1_000_000_u64..10_000_000_000_000, after in -4_000_000_000_000_000_000_i64..4_000_000_000_000_000_000,
        ) {
            let interval = Interval { period: Duration::from_nanos(period), aligned: true };
            let next = interval.next(DateTime::from_timestamp_nanos(after)).unwrap().timestamp_nanos_opt().unwrap();
            prop_assert!(next > after);
            prop_assert!(next - after <= period.cast_signed());
            prop_assert_eq!(next.rem_euclid(period.cast_signed()), 0);
        }
    }
}
