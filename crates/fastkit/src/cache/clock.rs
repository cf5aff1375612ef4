//! Time as caches see it: [`Clock`], which tests turn by hand, and [`Ttl`].

use super::error::{Error, Kind};
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Where a pool takes the time from.
///
/// ```
/// use fastkit::cache::{self, Clock};
/// use std::time::Duration;
///
/// let clock = Clock::manual();
/// let pool = cache::builder().clock(clock.clone()).build()?;
/// pool.set("a", 1, 120)?;
/// clock.advance(Duration::from_secs(119));
/// assert_eq!(pool.get("a")?, Some(1));
/// clock.advance(Duration::from_secs(1));
/// assert_eq!(pool.get::<i32>("a")?, None);
/// # Ok::<(), cache::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicU64>>);

impl Clock {
    /// The clock of the machine, which no change of the date touches.
    #[must_use]
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that stands still until [`advance`](Self::advance) is called on it or on a clone.
    #[must_use]
    pub fn manual() -> Self {
        Self(Some(Arc::default()))
    }

    /// Turns a manual clock; the one of the machine goes by itself.
    pub fn advance(&self, time: Duration) {
        if let Some(now) = &self.0 {
            now.fetch_add(nanoseconds(time), Ordering::SeqCst);
        }
    }

    /// Nanoseconds since some moment of the past.
    pub(super) fn now(&self) -> u64 {
        static START: OnceLock<Instant> = OnceLock::new();
        match &self.0 {
            Some(now) => now.load(Ordering::SeqCst),
            None => nanoseconds(START.get_or_init(Instant::now).elapsed()),
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The moment that never comes.
pub(super) const NEVER: u64 = u64::MAX;

/// The longest time to live. Adding it to a moment cannot overflow: the sum stays below the 584
/// years of 64 bits.
pub(super) const LONGEST: Duration = Duration::from_secs(100 * 365 * 86_400);

/// How long a value is kept: seconds or a [`Duration`], where 0 means without end, or
/// [`Ttl::POOL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ttl(Form);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Pool,
    Time(Duration),
    /// Kept to be named when it is used.
    Negative(i64),
}

impl Ttl {
    /// What the pool was made with.
    pub const POOL: Self = Self(Form::Pool);
    /// Until it is deleted or makes room for others.
    pub const NEVER: Self = Self(Form::Time(Duration::ZERO));

    /// The moment at which a value of now ends.
    pub(super) fn end(self, pool: Duration, now: u64) -> Result<u64, Error> {
        let time = self.time(pool)?;
        Ok(if time.is_zero() {
            NEVER
        } else {
            now + nanoseconds(time)
        })
    }

    /// The time, where zero is without end.
    pub(super) fn time(self, pool: Duration) -> Result<Duration, Error> {
        let time = match self.0 {
            Form::Pool => pool,
            Form::Time(time) => time,
            Form::Negative(seconds) => return Err(Error::from(Kind::Ttl(format!("{seconds} s")))),
        };
        if time > LONGEST {
            return Err(Error::from(Kind::Ttl(format!("{} s", time.as_secs()))));
        }
        Ok(time)
    }
}

impl From<Duration> for Ttl {
    fn from(time: Duration) -> Self {
        Self(Form::Time(time))
    }
}

macro_rules! from_seconds {
    ($($signed:ident)*; $($unsigned:ident)*) => {
        $(impl From<$signed> for Ttl {
            /// Seconds.
            fn from(seconds: $signed) -> Self {
                let seconds = i64::from(seconds);
                Self(u64::try_from(seconds).map_or(Form::Negative(seconds), |seconds| {
                    Form::Time(Duration::from_secs(seconds))
                }))
            }
        })*
        $(impl From<$unsigned> for Ttl {
            /// Seconds.
            fn from(seconds: $unsigned) -> Self {
                Self(Form::Time(Duration::from_secs(u64::from(seconds))))
            }
        })*
    };
}

from_seconds! { i32 i64; u32 u64 }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_out_of_range_are_named() {
        let end = |ttl: Ttl| {
            ttl.end(Duration::from_secs(7), 5)
                .map_err(|error| error.to_string())
        };
        assert_eq!(end(0.into()), Ok(NEVER));
        assert_eq!(end(Ttl::NEVER), Ok(NEVER));
        assert_eq!(end(2u64.into()), Ok(2_000_000_005));
        assert_eq!(end(Ttl::POOL), Ok(7_000_000_005));
        let message = |ttl| {
            format!(
                "a time to live of {ttl} s is not allowed: expected 0 (never ends) to 100 years"
            )
        };
        assert_eq!(end((-1).into()), Err(message("-1")));
        assert_eq!(end(i64::MIN.into()), Err(message("-9223372036854775808")));
        assert_eq!(end(u64::MAX.into()), Err(message("18446744073709551615")));
        assert_eq!(end(LONGEST.into()), Ok(5 + 3_153_600_000_000_000_000));
    }
}
