//! [`Cursor`]: where a job stands in its times. Pure: it is told the time.
//!
//! Intervals that are not aligned are measured on the clock that never jumps, everything else on the clock
//! of the wall. A wall that goes back is waited for: a time that was dealt with never comes again. Only one
//! that goes back by more than a day is not: it was wrong before, and would be waited for too long.

use super::definition::{Definition, delta};
use crate::executor::store::is_far_ahead;
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// The time, on both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// What people call the time. May jump, both ways.
    pub(super) wall: DateTime<Utc>,
    /// Since some time or other. Never jumps.
    pub(super) mono: Duration,
}

/// Gives the time by which a run is put off, from the most that is allowed.
pub(super) type Jitter<'a> = &'a mut dyn FnMut(Duration) -> Duration;

/// The next time of a job, and the last that was dealt with.
#[derive(Debug)]
pub(super) struct Cursor {
    next: Next,
    /// Only known of jobs that are due by the clock of the wall.
    last: Option<DateTime<Utc>>,
}

/// When a job is due next, and when it begins then: later by its jitter.
#[derive(Clone, Copy, Debug)]
pub(super) enum Next {
    Never,
    Mono {
        due: Duration,
        begin: Duration,
    },
    Wall {
        due: DateTime<Utc>,
        begin: DateTime<Utc>,
    },
}

/// What has become of the times that have passed.
#[derive(Debug, Default)]
pub(super) struct Passed {
    /// The first that is to be run.
    pub(super) due: Option<DateTime<Utc>>,
    /// Those to be run after it, without coalesce.
    pub(super) more: Vec<DateTime<Utc>>,
    /// How many are run together with `due`.
    pub(super) coalesced: u64,
    /// The last one that is too late or too many, and how many these are.
    pub(super) missed: Option<(DateTime<Utc>, u64)>,
}

/// How many times are caught up with at most.
pub(super) const MOST_CAUGHT_UP: usize = 100;
/// How many times are counted one by one, before the rest of a long stretch is leapt over.
const MOST_COUNTED: u64 = 1_000;

impl Cursor {
    /// At the first time from now on. `dealt` is the last time that was dealt with, before a restart: what
    /// came after it is made up for. One that lies far ahead is forgotten.
    pub(super) fn new(
        of: &Definition,
        now: Now,
        dealt: Option<DateTime<Utc>>,
        jitter: Jitter<'_>,
    ) -> Self {
        // A single time that has passed a moment ago is late, not gone.
        let once = is_once(of);
        let dealt = dealt.filter(|dealt| once || !is_far_ahead(*dealt, now.wall));
        let mut cursor = Self {
            next: Next::Never,
            last: dealt,
        };
        if let Some(period) = of.period() {
            cursor.next = match of.job.options.start {
                Some(start) if start > now.wall => wall(of, Some(start), jitter),
                _ => mono(of, now.mono.saturating_add(period), jitter),
            };
        } else {
            let fresh = if once {
                DateTime::<Utc>::MIN_UTC
            } else {
                now.wall
            };
            cursor.next = wall(of, first(of, dealt.unwrap_or(fresh)), jitter);
        }
        cursor
    }

    /// With other options. What is due at this moment stays so.
    pub(super) fn refit(&mut self, of: &Definition, now: Now, jitter: Jitter<'_>) {
        let due = match self.next {
            Next::Never => false,
            Next::Mono { begin, .. } => begin <= now.mono,
            Next::Wall { begin, .. } => begin <= now.wall,
        };
        if !due {
            self.go_on(of, now, jitter);
        }
    }

    /// After a break: at the first time after now that was not dealt with yet.
    pub(super) fn go_on(&mut self, of: &Definition, now: Now, jitter: Jitter<'_>) {
        if let Some(period) = of.period() {
            self.next = match self.next {
                Next::Mono { due, .. } if due > now.mono => mono(of, due, jitter),
                Next::Mono { due, .. } => {
                    let rest = rest(now.mono.saturating_sub(due), period);
                    mono(of, now.mono.saturating_add(period - rest), jitter)
                }
                _ => Self::new(of, now, None, jitter).next,
            };
        } else {
            let after = self.last.map_or(now.wall, |last| last.max(now.wall));
            self.next = wall(of, first(of, after), jitter);
        }
    }

    /// With another trigger; what was dealt with stays so.
    pub(super) fn reschedule(&mut self, of: &Definition, now: Now, jitter: Jitter<'_>) {
        let last = self.last;
        *self = Self::new(of, now, None, jitter);
        if let Some(last) = last
            && of.period().is_none()
        {
            self.last = Some(last);
            if matches!(self.next, Next::Wall { due, .. } if due <= last) {
                self.next = wall(of, first(of, last.max(now.wall)), jitter);
            }
        }
    }

    /// The wall has gone back: who has not run yet may be due earlier by now, and who has run far ahead as
    /// well. Whether that was forgotten.
    pub(super) fn wall_went_back(&mut self, of: &Definition, now: Now, jitter: Jitter<'_>) -> bool {
        if of.period().is_some() || is_once(of) {
            return false;
        }
        let forgotten = self.last.is_some_and(|last| is_far_ahead(last, now.wall));
        if forgotten {
            self.last = None;
        }
        if self.last.is_none() {
            self.go_on(of, now, jitter);
        }
        forgotten
    }

    pub(super) fn next(&self) -> Next {
        self.next
    }

    pub(super) fn last(&self) -> Option<DateTime<Utc>> {
        self.last
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.next, Next::Never)
    }

    /// When it is due next, as people say it.
    pub(super) fn next_time(&self, of: &Definition, now: Now) -> Option<DateTime<Utc>> {
        let time = match self.next {
            Next::Never => return None,
            Next::Wall { due, .. } => due,
            Next::Mono { due, .. } => {
                let wait = delta(due.saturating_sub(now.mono));
                now.wall.checked_add_signed(wait)?
            }
        };
        of.counts(time).then_some(time)
    }

    /// Takes all times that have passed, and goes to the one after them. Nothing if it is not time yet.
    pub(super) fn take(&mut self, of: &Definition, now: Now, jitter: Jitter<'_>) -> Passed {
        let mut sorter = Sorter::new(of, now.wall);
        match (self.next, of.period()) {
            (Next::Mono { due, begin }, Some(period)) if begin <= now.mono => {
                self.take_intervals(of, now, now.mono - due, period, &mut sorter, jitter);
            }
            // An interval with a start, which is now.
            (Next::Wall { due, begin }, Some(period)) if begin <= now.wall => {
                let late = (now.wall - due).to_std().unwrap_or_default();
                self.take_intervals(of, now, late, period, &mut sorter, jitter);
            }
            (Next::Wall { due, begin }, None) if begin <= now.wall => {
                let (last, next) = take_wall(of, due, now.wall, &mut sorter);
                self.last = Some(last);
                self.next = wall(of, next, jitter);
            }
            _ => {}
        }
        sorter.finish()
    }

    /// The first of the times was `late` ago; they are on a grid, whatever the wall says.
    fn take_intervals(
        &mut self,
        of: &Definition,
        now: Now,
        late: Duration,
        period: Duration,
        sorter: &mut Sorter<'_>,
        jitter: Jitter<'_>,
    ) {
        let time = |late: Duration| now.wall.checked_sub_signed(delta(late)).unwrap_or(now.wall);
        let ago = |index: u64| late.saturating_sub(times_period(period, index));
        // Those after the end do not count, which may have passed meanwhile.
        let end = of.job.options.end.map(|end| now.wall - end);
        let closed = end.and_then(|ago| ago.to_std().ok()).unwrap_or_default();
        let times = late
            .checked_sub(closed)
            .map_or(0, |open| count(open, period).saturating_add(1));
        if of.job.options.coalesce {
            if times > 0 {
                sorter.leap(time(ago(times - 1)), times);
            }
        } else {
            // The first that is not too late, by arithmetic: there may be millions before it.
            let late_ones = of.patience().map_or(0, |patience| {
                let over = late.saturating_sub(patience);
                count(over, period) + u64::from(!rest(over, period).is_zero())
            });
            let first = late_ones.min(times);
            if first > 0 {
                sorter.miss(time(ago(first - 1)), first);
            }
            let room = first.saturating_add(MOST_CAUGHT_UP as u64).min(times);
            for index in first..room {
                sorter.add(time(ago(index)));
            }
            if room < times {
                sorter.miss(time(ago(times - 1)), times - room);
            }
        }
        let due = now.mono.saturating_add(period - rest(late, period));
        let over = !of.counts(time(Duration::ZERO) + delta(due - now.mono));
        self.next = if over {
            Next::Never
        } else {
            mono(of, due, jitter)
        };
    }
}

/// Takes the times from `due` on until `now`; gives the last of them, and the one after now.
fn take_wall(
    of: &Definition,
    due: DateTime<Utc>,
    now: DateTime<Utc>,
    sorter: &mut Sorter<'_>,
) -> (DateTime<Utc>, Option<DateTime<Utc>>) {
    let mut last = due;
    let mut leapt = false;
    sorter.add(due);
    while let Some(time) = of.next(last).filter(|time| *time <= now) {
        if sorter.seen < MOST_COUNTED || (leapt && sorter.has_room()) {
            last = time;
            sorter.add(time);
            continue;
        }
        // Too many to count: to the last one that is too late, before those that are run one by one, or
        // else to the last of all.
        let late = sorter
            .late_before
            .filter(|before| !leapt && !of.job.options.coalesce && time < *before);
        leapt = true;
        last = match late {
            Some(before) => last_until(of, time, before - TimeDelta::nanoseconds(1)),
            None => last_until(of, time, now),
        };
        sorter.leap(last, 1);
    }
    (last, of.next(last))
}

/// The last time until `now`; `time` is one.
fn last_until(of: &Definition, time: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    // Below `low` lies a time at least; after `high` none until now.
    let (mut low, mut high) = (time, now);
    while let Some(next) = of.next(low).filter(|next| *next <= now) {
        low = next;
        let middle = low + (high - low) / 2;
        match of.next(middle).filter(|next| *next <= now) {
            Some(next) => low = next,
            None => high = middle,
        }
    }
    low
}

/// Sorts times into those to be run and those that are missed.
struct Sorter<'a> {
    of: &'a Definition,
    /// What lies before is too late.
    late_before: Option<DateTime<Utc>>,
    /// With coalesce: the last time.
    latest: Option<DateTime<Utc>>,
    seen: u64,
    passed: Passed,
}

impl<'a> Sorter<'a> {
    fn new(of: &'a Definition, now: DateTime<Utc>) -> Self {
        let patience = of.patience();
        Self {
            of,
            late_before: patience.and_then(|patience| now.checked_sub_signed(delta(patience))),
            latest: None,
            seen: 0,
            passed: Passed::default(),
        }
    }

    fn add(&mut self, time: DateTime<Utc>) {
        if self.of.job.options.coalesce {
            self.leap(time, 1);
        } else if self.late_before.is_some_and(|before| time < before) || !self.has_room() {
            self.miss(time, 1);
        } else {
            self.seen += 1;
            match self.passed.due {
                None => self.passed.due = Some(time),
                Some(_) => self.passed.more.push(time),
            }
        }
    }

    /// To a later time, over others of which `times` are known, itself included.
    fn leap(&mut self, time: DateTime<Utc>, times: u64) {
        if self.of.job.options.coalesce {
            self.seen += times;
            self.latest = Some(time);
        } else {
            self.miss(time, times);
        }
    }

    fn miss(&mut self, time: DateTime<Utc>, times: u64) {
        self.seen += times;
        let missed = self.passed.missed.get_or_insert((time, 0));
        *missed = (time.max(missed.0), missed.1 + times);
    }

    fn has_room(&self) -> bool {
        self.passed.due.is_none() || self.passed.more.len() + 1 < MOST_CAUGHT_UP
    }

    fn finish(mut self) -> Passed {
        if let Some(latest) = self.latest {
            if self.late_before.is_some_and(|before| latest < before) {
                self.passed.missed = Some((latest, self.seen));
            } else {
                self.passed.due = Some(latest);
                self.passed.coalesced = self.seen - 1;
            }
        }
        self.passed
    }
}

/// Whether it has one time, which is dealt with for good then, whatever the clock said.
fn is_once(of: &Definition) -> bool {
    of.job.trigger.kind() == "DateTrigger"
}

/// The first time that counts after `after`.
fn first(of: &Definition, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    // The start itself counts.
    let start = of
        .job
        .options
        .start
        .and_then(|start| start.checked_sub_signed(TimeDelta::nanoseconds(1)));
    of.next(start.map_or(after, |start| start.max(after)))
}

fn wall(of: &Definition, due: Option<DateTime<Utc>>, jitter: Jitter<'_>) -> Next {
    match due.filter(|due| of.counts(*due)) {
        None => Next::Never,
        Some(due) => {
            let off = delta(shift(of, jitter));
            let begin = due.checked_add_signed(off).unwrap_or(due);
            Next::Wall { due, begin }
        }
    }
}

fn mono(of: &Definition, due: Duration, jitter: Jitter<'_>) -> Next {
    Next::Mono {
        due,
        begin: due.saturating_add(shift(of, jitter)),
    }
}

fn shift(of: &Definition, jitter: Jitter<'_>) -> Duration {
    let most = of.job.options.jitter;
    if most.is_zero() { most } else { jitter(most) }
}

/// How many periods fit into the time.
fn count(time: Duration, period: Duration) -> u64 {
    u64::try_from(time.as_nanos() / period.as_nanos().max(1)).unwrap_or(u64::MAX)
}

/// What of the time is left after whole periods.
fn rest(time: Duration, period: Duration) -> Duration {
    let rest = time.as_nanos() % period.as_nanos().max(1);
    Duration::from_nanos(u64::try_from(rest).unwrap_or(u64::MAX))
}

fn times_period(period: Duration, times: u64) -> Duration {
    let nanos = period.as_nanos().saturating_mul(u128::from(times));
    // More than 500 years is no time that has passed.
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
