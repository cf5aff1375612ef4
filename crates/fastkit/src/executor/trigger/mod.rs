//! [`Trigger`]: when a job is due. Pure: it is told the time, and knows no clock.

use chrono::{DateTime, Utc};
use std::{fmt, time::Duration};

/// When a job is due.
#[derive(Clone, Debug)]
pub struct Trigger(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Interval { period: Duration, aligned: bool },
}

/// A trigger that cannot be, with the reason: what was written, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerError(String);

impl fmt::Display for TriggerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TriggerError {}

/// A time zone of the IANA database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(());

impl Zone {
    /// The zone of this name, `Asia/Shanghai` for instance.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn named(name: &str) -> Result<Self, TriggerError> {
        todo!("{name}")
    }

    /// That of `TZ`, else that of the system, else Asia/Shanghai (H15).
    pub fn local() -> Self {
        todo!()
    }
}

impl Trigger {
    /// Every `period` (at least a millisecond), for the first time one period after the job was added.
    /// Measured by a clock that never jumps.
    pub fn interval(period: Duration) -> Self {
        Self(Kind::Interval {
            period,
            aligned: false,
        })
    }

    /// The intervals begin at multiples of the period since 1970, on the clock of the wall.
    pub fn aligned(self) -> Self {
        todo!()
    }

    /// As a cron expression says: 5 fields, or 6 with the seconds first.
    ///
    /// # Errors
    ///
    /// Names the field that is wrong, its value and what is allowed.
    pub fn cron(expression: &str) -> Result<Self, TriggerError> {
        todo!("{expression}")
    }

    /// Once.
    pub fn at(time: impl Into<DateTime<Utc>>) -> Self {
        todo!("{}", time.into())
    }

    /// Once, at a time of the job's zone: `2026-12-01 08:00:00`, or with an offset as RFC 3339 has it.
    ///
    /// # Errors
    ///
    /// When it is no time.
    pub fn at_local(time: &str) -> Result<Self, TriggerError> {
        todo!("{time}")
    }

    /// Whenever one of them is due.
    pub fn any(triggers: impl IntoIterator<Item = Self>) -> Self {
        let _ = triggers.into_iter();
        todo!()
    }

    /// When all of them are due at the same time.
    pub fn all(triggers: impl IntoIterator<Item = Self>) -> Self {
        let _ = triggers.into_iter();
        todo!()
    }

    /// `IntervalTrigger`, `CronTrigger`, `DateTrigger`, `OrTrigger`, `AndTrigger`: as clients of FastFlyer know them.
    pub fn kind(&self) -> &'static str {
        todo!()
    }

    /// The period of an interval that is not aligned: the scheduler measures it on the clock that never
    /// jumps. `None` for all others, which are asked for [`next`](Self::next).
    pub(crate) fn monotonic_period(&self) -> Option<Duration> {
        match &self.0 {
            Kind::Interval {
                period,
                aligned: false,
            } => Some(*period),
            Kind::Interval { .. } => None,
        }
    }

    /// The first time after `after` that is due; `None` if there is none any more.
    pub(crate) fn next(&self, after: DateTime<Utc>, zone: Zone) -> Option<DateTime<Utc>> {
        todo!("{after} {zone:?}")
    }

    /// About how far apart two times are, at most: what a lock has to remember.
    pub(crate) fn longest_gap(&self, after: DateTime<Utc>, zone: Zone) -> Duration {
        todo!("{after} {zone:?}")
    }

    /// Why the trigger cannot be, if it cannot: a period of nothing, for instance.
    pub(crate) fn problem(&self) -> Option<String> {
        todo!()
    }
}

/// For people: `every 5s`, `cron 0 8 * * mon`, `at 2026-12-01 08:00:00`.
impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = f;
        todo!()
    }
}
