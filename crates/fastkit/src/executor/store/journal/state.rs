//! [`State`]: what the entries of a journal come to. Pure, and the same in whatever order the entries of
//! different processes come, and however often; only a clock that is put right by more than a day counts by
//! the order.

use crate::executor::{
    Past,
    store::{Entry, Fact, dealt},
};
use chrono::{DateTime, TimeDelta, Utc};
use std::{collections::BTreeMap, mem};

/// How many runs of one job are remembered, at most.
const RUNS: usize = 20;
/// How many runs of all jobs together.
const MOST_RUNS: usize = 100_000;
/// How many jobs. An application may make up a new id for each job that runs once.
const MOST_JOBS: usize = 200_000;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct State {
    jobs: BTreeMap<String, Known>,
    /// How many runs of each job are kept, if fewer than usual.
    trimmed: Option<usize>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Known {
    due: Option<DateTime<Utc>>,
    /// By their end, the oldest first.
    runs: Vec<Past>,
    paused: bool,
    /// By which start of the service it was removed last, and when.
    removed: Option<(String, DateTime<Utc>)>,
}

impl Known {
    /// When something happened to it for the last time.
    fn touched(&self) -> Option<DateTime<Utc>> {
        self.due.max(self.runs.last().map(ended))
    }
}

fn ended(past: &Past) -> DateTime<Utc> {
    let took = i64::try_from(past.duration_ms).ok();
    let took = took.and_then(TimeDelta::try_milliseconds);
    took.and_then(|took| past.started.checked_add_signed(took))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

impl State {
    /// Takes an entry in; false if it says nothing new.
    pub(super) fn apply(&mut self, entry: &Entry) -> bool {
        let keep = self.trimmed.unwrap_or(RUNS);
        let known = match self.jobs.get_mut(&entry.job) {
            Some(known) => known,
            None => self.jobs.entry(entry.job.clone()).or_default(),
        };
        match &entry.fact {
            Fact::Due { at } => {
                let due = Some(dealt(known.due, *at));
                mem::replace(&mut known.due, due) != due
            }
            Fact::Ran(past) => {
                let key = |past: &Past| (ended(past), past.run.clone());
                let own = key(past);
                if known.runs.iter().any(|other| other.run == past.run) {
                    return false;
                }
                let place = known.runs.partition_point(|other| key(other) < own);
                if place == 0 && known.runs.len() >= keep {
                    return false;
                }
                known.runs.insert(place, past.clone());
                let over = known.runs.len().saturating_sub(keep);
                known.runs.drain(..over);
                true
            }
            Fact::Paused => !mem::replace(&mut known.paused, true),
            Fact::Resumed => mem::replace(&mut known.paused, false),
            Fact::Removed { service, at } => {
                let removed = Some((service.clone(), *at));
                let news = mem::replace(&mut known.removed, removed.clone()) != removed;
                if news {
                    known.paused = false;
                }
                news
            }
        }
    }

    /// Makes room when there are too many jobs: first runs go, then jobs that were not touched for the
    /// longest time.
    pub(super) fn forget(&mut self) {
        let keep = (MOST_RUNS / self.jobs.len().max(1)).clamp(1, RUNS);
        if keep < self.trimmed.unwrap_or(RUNS) {
            self.trimmed = Some(keep);
            for known in self.jobs.values_mut() {
                let over = known.runs.len().saturating_sub(keep);
                known.runs.drain(..over);
            }
        }
        if self.jobs.len() <= MOST_JOBS {
            return;
        }
        let mut idle: Vec<(Option<DateTime<Utc>>, String)> = self
            .jobs
            .iter()
            .filter(|(_, known)| !known.paused)
            .map(|(job, known)| (known.touched(), job.clone()))
            .collect();
        idle.sort();
        // Some more than need be, so that this is rare.
        let over = self.jobs.len() - MOST_JOBS + MOST_JOBS / 10;
        for (_, job) in idle.into_iter().take(over) {
            self.jobs.remove(&job);
        }
    }

    /// What leads from an older state to this one.
    pub(super) fn news_since(&self, mut older: Self) -> Vec<Entry> {
        let is_paused = |job: &String| self.jobs.get(job).is_some_and(|known| known.paused);
        let paused = older.jobs.iter().filter(|(_, known)| known.paused);
        let resumed: Vec<Entry> = paused
            .filter(|(job, _)| !is_paused(job))
            .map(|(job, _)| Entry {
                job: job.clone(),
                fact: Fact::Resumed,
            })
            .collect();
        let news = self.entries().into_iter();
        resumed
            .into_iter()
            .chain(news.filter(|entry| older.apply(entry)))
            .collect()
    }

    /// The shortest list of entries that comes to the same.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for (job, known) in &self.jobs {
            let due = known.due.map(|at| Fact::Due { at });
            let paused = known.paused.then_some(Fact::Paused);
            let removed = known.removed.clone();
            let removed = removed.map(|(service, at)| Fact::Removed { service, at });
            let facts = known.runs.iter().cloned().map(Fact::Ran);
            // Who is removed and paused was paused after that.
            let facts = facts.chain(due).chain(removed).chain(paused);
            entries.extend(facts.map(|fact| Entry {
                job: job.clone(),
                fact,
            }));
        }
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_many_jobs_the_longest_untouched_are_forgotten_but_no_paused_ones() {
        let mut state = State::default();
        let mut tell = |job: usize, fact| {
            let job = job.to_string();
            assert!(state.apply(&Entry { job, fact }));
        };
        let time = |number: usize| DateTime::from_timestamp(number as i64, 0).unwrap();
        for number in 0..MOST_JOBS + 1000 {
            tell(number, Fact::Due { at: time(number) });
        }
        tell(7, Fact::Paused);
        state.forget();
        assert_eq!(state.jobs.len(), MOST_JOBS - MOST_JOBS / 10);
        assert!(state.jobs["7"].paused);
        assert!(!state.jobs.contains_key("8"));
        assert!(state.jobs.contains_key(&(MOST_JOBS + 999).to_string()));
        assert_eq!(state.trimmed, Some(1));
    }
}
