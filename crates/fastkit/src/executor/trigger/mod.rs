//! [`Trigger`]: when a job is due. Pure: it is told the time, and knows no clock.
//!
//! What a job does about times that it has missed is the scheduler's. Key types: [`Trigger`], [`Zone`].

mod combined;
mod cron;
mod date;
mod interval;
#[cfg(test)]
mod tests;
mod zone;

use chrono::{DateTime, Utc};
use combined::{All, Any};
use cron::Cron;
use date::Date;
use interval::Interval;
use std::{fmt, iter, sync::Arc, time::Duration};

pub use zone::Zone;

/// When a job is due. Cheap to clone.
///
/// ```
/// use fastkit::executor::{Trigger, Zone};
/// use chrono::{DateTime, Utc};
///
/// let trigger = Trigger::cron("0 8 * * mon-fri")?;
/// let friday: DateTime<Utc> = "2026-11-20T12:00:00Z".parse()?;
/// let zone = Zone::named("Asia/Shanghai")?;
/// let next: Vec<_> = trigger.times(friday, zone).take(2).map(|time| zone.at(time).to_rfc3339()).collect();
/// assert_eq!(next, ["2026-11-23T08:00:00+08:00", "2026-11-24T08:00:00+08:00"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Trigger(Arc<Kind>);

#[derive(Clone, Debug)]
enum Kind {
    Interval(Interval),
    Cron(Cron),
    Date(Date),
    Any(Any),
    All(All),
}

/// A trigger or time zone that cannot be, with the reason: what was written, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerError(String);

impl fmt::Display for TriggerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TriggerError {}

impl Trigger {
    fn of(kind: Kind) -> Self {
        Self(Arc::new(kind))
    }

    /// Every `period` (a millisecond to 36,525 days), for the first time one period after the job was
    /// added. Measured by a clock that never jumps. A period that is not allowed is told when the job is
    /// added.
    ///
    /// ```
    /// use fastkit::executor::Trigger;
    /// use std::time::Duration;
    ///
    /// assert_eq!(Trigger::interval(Duration::from_secs(90)).to_string(), "every 1m30s");
    /// ```
    pub fn interval(period: Duration) -> Self {
        Self::of(Kind::Interval(Interval {
            period,
            aligned: false,
        }))
    }

    /// The intervals begin at multiples of the period since 1970-01-01 00:00 UTC, on the clock of the wall,
    /// so that all processes mean the same times. Triggers that are no interval are so already.
    ///
    /// ```
    /// use fastkit::executor::{Trigger, Zone};
    /// use chrono::{DateTime, Utc};
    /// use std::time::Duration;
    ///
    /// let added: DateTime<Utc> = "2026-11-21T20:00:07Z".parse()?;
    /// let every = Trigger::interval(Duration::from_secs(5));
    /// let first = |trigger: Trigger| trigger.times(added, Zone::UTC).next().map(|time| time.to_rfc3339());
    /// assert_eq!(first(every.clone()).as_deref(), Some("2026-11-21T20:00:12+00:00"));
    /// assert_eq!(first(every.aligned()).as_deref(), Some("2026-11-21T20:00:10+00:00"));
    /// # Ok::<(), chrono::ParseError>(())
    /// ```
    #[must_use]
    pub fn aligned(self) -> Self {
        match &*self.0 {
            Kind::Interval(interval) if !interval.aligned => Self::of(Kind::Interval(Interval {
                period: interval.period,
                aligned: true,
            })),
            _ => self,
        }
    }

    /// As a cron expression says, in the job's time zone: minute, hour, day of month, month, day of week;
    /// with six fields the seconds come first.
    ///
    /// | field | values | besides |
    /// |---|---|---|
    /// | second, minute | 0-59 | |
    /// | hour | 0-23 | |
    /// | day of month | 1-31 | `L` the last, `15W` the working day nearest to the 15th, `LW` the last working day |
    /// | month | 1-12, jan-dec | |
    /// | day of week | 0-7, sun-sat; 0 and 7 are Sunday | `friL` the last Friday, `mon#2` the second Monday |
    ///
    /// Each field is a list of `*`, values, ranges `9-17` and steps `*/5`, `9-17/2`, `10/20` (from 10 to the
    /// end). `?` is `*` for days. Names may be written out and in capitals. `@yearly`, `@monthly`,
    /// `@weekly`, `@daily`, `@midnight` and `@hourly` are known.
    ///
    /// * **Days.** If neither the day of month nor the day of week is `*`, one of them is enough, as in the
    ///   cron of Unix: `0 0 13 * fri` is each 13th and each Friday.
    /// * **Clocks that go forward.** Times that do not exist are run at the first one that does, once.
    /// * **Clocks that go back.** Times that exist twice are run the first time.
    /// * Where the hour is `*`, `*/2` or the like, neither is so: such expressions run whenever the clock
    ///   of the wall shows one of their times.
    ///
    /// ```
    /// use fastkit::executor::Trigger;
    ///
    /// assert!(Trigger::cron("*/10 * * * * *").is_ok());
    /// let error = Trigger::cron("61 * * * *").unwrap_err();
    /// assert_eq!(error.to_string(), r#"cron "61 * * * *": minute 61 is not in 0-59"#);
    /// ```
    ///
    /// # Errors
    ///
    /// Names the field that is wrong, its value and what is allowed.
    pub fn cron(expression: &str) -> Result<Self, TriggerError> {
        Ok(Self::of(Kind::Cron(Cron::parse(expression)?)))
    }

    /// Once.
    ///
    /// ```
    /// use fastkit::executor::Trigger;
    /// use chrono::{TimeZone, Utc};
    ///
    /// let trigger = Trigger::at(Utc.timestamp_opt(1_796_083_200, 0).unwrap());
    /// assert_eq!(trigger.to_string(), "at 2026-12-01 00:00:00 UTC");
    /// ```
    pub fn at(time: impl Into<DateTime<Utc>>) -> Self {
        Self::of(Kind::Date(Date::Instant(time.into())))
    }

    /// Once, at a time of the job's zone: `2026-12-01 08:00:00`, or with an offset as RFC 3339 has it,
    /// `2026-12-01T08:00:00+08:00`. `T` and a blank are the same, seconds and their fraction may be left
    /// out. A time that does not exist is the first one after it that does, one that exists twice the
    /// first of them.
    ///
    /// ```
    /// use fastkit::executor::Trigger;
    ///
    /// assert_eq!(Trigger::at_local("2026-12-01 08:00")?.to_string(), "at 2026-12-01 08:00:00");
    /// # Ok::<(), fastkit::executor::TriggerError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When it is no time.
    pub fn at_local(time: &str) -> Result<Self, TriggerError> {
        Ok(Self::of(Kind::Date(Date::parse(time)?)))
    }

    /// Whenever one of them is due. Intervals among them are [`aligned`](Self::aligned).
    ///
    /// ```
    /// use fastkit::executor::Trigger;
    ///
    /// let trigger = Trigger::any([Trigger::cron("0 8 * * mon-fri")?, Trigger::cron("0 10 * * sat,sun")?]);
    /// assert_eq!(trigger.to_string(), "cron 0 8 * * mon-fri or cron 0 10 * * sat,sun");
    /// # Ok::<(), fastkit::executor::TriggerError>(())
    /// ```
    pub fn any(triggers: impl IntoIterator<Item = Self>) -> Self {
        Self::of(Kind::Any(Any(triggers
            .into_iter()
            .map(Self::aligned)
            .collect())))
    }

    /// When all of them are due at the same time. Intervals among them are [`aligned`](Self::aligned).
    ///
    /// The next time on which all agree is looked for in the next 50 years, and in at most 100,000 steps
    /// (a step goes from a time of one to a time of the next); if there is none, there is no next time.
    ///
    /// ```
    /// use fastkit::executor::{Trigger, Zone};
    /// use chrono::{DateTime, Utc};
    ///
    /// // Friday the 13th.
    /// let trigger = Trigger::all([Trigger::cron("0 0 13 * *")?, Trigger::cron("0 0 * * fri")?]);
    /// let after: DateTime<Utc> = "2026-11-21T00:00:00Z".parse()?;
    /// let next = trigger.times(after, Zone::UTC).next().map(|time| time.to_rfc3339());
    /// assert_eq!(next.as_deref(), Some("2027-08-13T00:00:00+00:00"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn all(triggers: impl IntoIterator<Item = Self>) -> Self {
        Self::of(Kind::All(All(triggers
            .into_iter()
            .map(Self::aligned)
            .collect())))
    }

    /// `IntervalTrigger`, `CronTrigger`, `DateTrigger`, `OrTrigger`, `AndTrigger`: as clients of FastFlyer
    /// know them.
    ///
    /// ```
    /// use fastkit::executor::Trigger;
    ///
    /// assert_eq!(Trigger::cron("@daily")?.kind(), "CronTrigger");
    /// # Ok::<(), fastkit::executor::TriggerError>(())
    /// ```
    pub fn kind(&self) -> &'static str {
        match &*self.0 {
            Kind::Interval(_) => "IntervalTrigger",
            Kind::Cron(_) => "CronTrigger",
            Kind::Date(_) => "DateTrigger",
            Kind::Any(_) => "OrTrigger",
            Kind::All(_) => "AndTrigger",
        }
    }

    /// The times after `after` at which a job with this trigger and zone is due, in their order; without
    /// end where the trigger has none. An interval that is not aligned counts from `after`.
    ///
    /// ```
    /// use fastkit::executor::{Trigger, Zone};
    /// use chrono::{DateTime, Utc};
    ///
    /// // New York, where the clocks go from 2:00 to 3:00 on 2027-03-14.
    /// let zone = Zone::named("America/New_York")?;
    /// let after: DateTime<Utc> = "2027-03-13T12:00:00Z".parse()?;
    /// let times = Trigger::cron("30 2 * * *")?.times(after, zone).take(2).map(|time| zone.at(time).to_rfc3339());
    /// assert_eq!(times.collect::<Vec<_>>(), ["2027-03-14T03:00:00-04:00", "2027-03-15T02:30:00-04:00"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn times(
        &self,
        after: DateTime<Utc>,
        zone: Zone,
    ) -> impl Iterator<Item = DateTime<Utc>> + use<> {
        let trigger = self.clone();
        iter::successors(self.next(after, zone), move |time| {
            trigger.next(*time, zone)
        })
    }

    /// The period of an interval that is not aligned: the scheduler measures it on the clock that never
    /// jumps. `None` for all others, which are asked for [`next`](Self::next).
    pub(crate) fn monotonic_period(&self) -> Option<Duration> {
        match &*self.0 {
            Kind::Interval(interval) if !interval.aligned => Some(interval.period),
            _ => None,
        }
    }

    /// The first time after `after` that is due; `None` if there is none any more.
    pub(crate) fn next(&self, after: DateTime<Utc>, zone: Zone) -> Option<DateTime<Utc>> {
        self.next_within(after, zone, &mut combined::Search::begin(after))
    }

    fn next_within(
        &self,
        after: DateTime<Utc>,
        zone: Zone,
        search: &mut combined::Search,
    ) -> Option<DateTime<Utc>> {
        match &*self.0 {
            Kind::Interval(interval) => interval.next(after),
            Kind::Cron(cron) => cron.next(after, zone),
            Kind::Date(date) => date.next(after, zone),
            Kind::Any(any) => any.next(after, zone, search),
            Kind::All(all) => all.next(after, zone, search),
        }
    }

    /// About how far apart two times are, at most: what a lock has to remember. A year for what is due
    /// once, since nobody knows how late another process may ask.
    pub(crate) fn longest_gap(&self, after: DateTime<Utc>, zone: Zone) -> Duration {
        match &*self.0 {
            Kind::Interval(interval) => interval.period,
            Kind::Cron(cron) => cron.longest_gap(after, zone),
            Kind::Date(_) => ONCE,
            Kind::Any(any) => any.longest_gap(after, zone),
            Kind::All(all) => all.longest_gap(self, after, zone),
        }
    }

    /// Why the trigger cannot be, if it cannot: a period of nothing, a date that never comes.
    pub(crate) fn problem(&self) -> Option<String> {
        match &*self.0 {
            Kind::Interval(interval) => interval.problem(),
            Kind::Cron(cron) => cron.problem(),
            Kind::Date(_) => None,
            Kind::Any(Any(triggers)) => combined::problem("any", triggers),
            Kind::All(All(triggers)) => combined::problem("all", triggers),
        }
    }
}

/// What a lock remembers of a time that does not come again.
const ONCE: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// For people: `every 5s`, `cron 0 8 * * mon`, `at 2026-12-01 08:00:00`.
impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Interval(interval) => interval.fmt(f),
            Kind::Cron(cron) => cron.fmt(f),
            Kind::Date(date) => date.fmt(f),
            Kind::Any(Any(triggers)) => combined::write(f, " or ", triggers),
            Kind::All(All(triggers)) => combined::write(f, " and ", triggers),
        }
    }
}
