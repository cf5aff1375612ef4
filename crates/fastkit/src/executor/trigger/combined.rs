//! [`Any`] and [`All`]: triggers made of triggers.

use super::{Kind, Trigger, Zone};
use chrono::{DateTime, TimeDelta, Utc};
use std::{fmt, time::Duration};

/// How many steps a search for a time on which all agree may take: some tens of milliseconds.
const STEPS: u32 = 100_000;
/// How far ahead it looks: no calendar rule needs longer to come round (29 February on a given weekday
/// takes 40 years at most).
const AHEAD: TimeDelta = TimeDelta::days(50 * 366);
/// How many times of `All` are looked at for the longest gap.
const SAMPLE: usize = 32;

/// What is left of a search. One for all triggers that are nested, so that they share its limit.
#[derive(Debug)]
pub(super) struct Search {
    steps: u32,
    until: DateTime<Utc>,
}

impl Search {
    pub(super) fn begin(after: DateTime<Utc>) -> Self {
        Self {
            steps: STEPS,
            until: after
                .checked_add_signed(AHEAD)
                .unwrap_or(DateTime::<Utc>::MAX_UTC),
        }
    }

    /// Whether a time may still be looked at.
    fn step(&mut self, time: DateTime<Utc>) -> bool {
        self.steps = self.steps.saturating_sub(1);
        self.steps > 0 && time <= self.until
    }
}

#[derive(Clone, Debug)]
pub(super) struct Any(pub(super) Box<[Trigger]>);

impl Any {
    pub(super) fn next(
        &self,
        after: DateTime<Utc>,
        zone: Zone,
        search: &mut Search,
    ) -> Option<DateTime<Utc>> {
        self.0
            .iter()
            .filter_map(|trigger| trigger.next_within(after, zone, search))
            .min()
    }

    pub(super) fn longest_gap(&self, after: DateTime<Utc>, zone: Zone) -> Duration {
        // Those that are never due again say nothing about the others.
        let due = self
            .0
            .iter()
            .filter(|trigger| trigger.next(after, zone).is_some());
        let gaps = due.map(|trigger| trigger.longest_gap(after, zone));
        gaps.min().unwrap_or_default()
    }
}

#[derive(Clone, Debug)]
pub(super) struct All(pub(super) Box<[Trigger]>);

impl All {
    /// Each trigger in turn is asked for its first time from the candidate on; a later answer is the next
    /// candidate. Found when a whole round has brought none.
    pub(super) fn next(
        &self,
        after: DateTime<Utc>,
        zone: Zone,
        search: &mut Search,
    ) -> Option<DateTime<Utc>> {
        let mut candidate = self.0.first()?.next_within(after, zone, search)?;
        let mut agreed = 1;
        let mut others = self.0.iter().cycle().skip(1);
        while agreed < self.0.len() {
            if !search.step(candidate) {
                return None;
            }
            let before = candidate.checked_sub_signed(TimeDelta::nanoseconds(1))?;
            let next = others.next()?.next_within(before, zone, search)?;
            if next == candidate {
                agreed += 1;
            } else {
                candidate = next;
                agreed = 1;
            }
        }
        Some(candidate)
    }

    /// Of the next times; there is no rule for it that holds for all.
    pub(super) fn longest_gap(
        &self,
        whole: &Trigger,
        after: DateTime<Utc>,
        zone: Zone,
    ) -> Duration {
        let at_least = self
            .0
            .iter()
            .map(|trigger| trigger.longest_gap(after, zone));
        let mut longest = at_least.max().unwrap_or_default();
        // One search for all of them, so that it has an end however rarely they agree.
        let mut search = Search::begin(after);
        let mut previous = whole.next_within(after, zone, &mut search);
        for _ in 1..SAMPLE {
            let Some(time) = previous else { break };
            previous = whole.next_within(time, zone, &mut search);
            if let Some(next) = previous {
                longest = longest.max((next - time).to_std().unwrap_or_default());
            }
        }
        longest
    }
}

pub(super) fn problem(name: &str, triggers: &[Trigger]) -> Option<String> {
    if triggers.is_empty() {
        return Some(format!(
            "a trigger of `{name}` of no triggers: at least one is needed"
        ));
    }
    let problems: Vec<_> = triggers.iter().filter_map(Trigger::problem).collect();
    (!problems.is_empty()).then(|| problems.join("; "))
}

pub(super) fn write(
    f: &mut fmt::Formatter<'_>,
    between: &str,
    triggers: &[Trigger],
) -> fmt::Result {
    if triggers.is_empty() {
        return f.write_str("never");
    }
    for (index, trigger) in triggers.iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        match &*trigger.0 {
            Kind::Any(_) | Kind::All(_) => write!(f, "({trigger})")?,
            _ => write!(f, "{trigger}")?,
        }
    }
    Ok(())
}
