//! [`Memory`]: what goes to the store and what came from it. Pure: it reads and writes nothing.

use super::{Past, core::Remembered, history::History};
use crate::executor::store::{self, Entry, Fact};
use chrono::{DateTime, Utc};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Facts that wait for being written, and facts about jobs that are not here.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Nothing is kept for a store that there is not.
    on: bool,
    /// Which start of the service this is.
    service: String,
    pending: BTreeMap<Arc<str>, Pending>,
    /// When jobs were removed by this process, in writing that has not come back yet.
    own: HashMap<Arc<str>, Vec<DateTime<Utc>>>,
    strangers: HashMap<String, Stranger>,
}

/// Facts of one job, of which only the last count.
#[derive(Debug, Default)]
struct Pending {
    removed: Option<DateTime<Utc>>,
    paused: Option<bool>,
    due: Option<DateTime<Utc>>,
    ran: Vec<Past>,
}

/// A job that is not here: not yet, not any more, or only in another process.
#[derive(Debug, Default)]
struct Stranger {
    removed: bool,
    remembered: Remembered,
}

/// The most jobs that are not here, and are not awaited, of which times and runs are kept. Another process
/// may add jobs without end that are nobody else's.
const MOST_STRANGERS: usize = 10_000;

/// What a fact from the store means for the jobs that are here.
#[derive(Debug, PartialEq)]
pub(super) enum News {
    Paused(String, bool),
    Removed(String),
    Ran(String, Past),
}

impl Memory {
    pub(super) fn new(on: bool, service: String) -> Self {
        Self {
            on,
            service,
            ..Self::default()
        }
    }

    /// To be written: everything until this time is dealt with.
    pub(super) fn dealt(&mut self, job: &Arc<str>, until: DateTime<Utc>) {
        if let Some(pending) = self.pending(job) {
            pending.due = Some(store::dealt(pending.due, until));
        }
    }

    /// To be written: a run that has ended.
    pub(super) fn ran(&mut self, job: &Arc<str>, past: &Past) {
        if let Some(pending) = self.pending(job) {
            pending.ran.push(past.clone());
            pending.keep_last();
        }
    }

    /// To be written: whether the job waits to be resumed.
    pub(super) fn paused(&mut self, job: &Arc<str>, paused: bool) {
        if let Some(pending) = self.pending(job) {
            pending.paused = Some(paused);
        }
    }

    /// To be written: the job is gone.
    pub(super) fn removed(&mut self, job: &Arc<str>, at: DateTime<Utc>) {
        if let Some(pending) = self.pending(job) {
            pending.removed = Some(at);
            pending.paused = None;
        }
    }

    /// What is known of a job that is about to be added; it is no stranger any more.
    pub(super) fn take(&mut self, job: &str) -> Option<Remembered> {
        self.strangers.remove(job).map(|known| known.remembered)
    }

    /// Whether this start of the service has removed the job.
    pub(super) fn is_removed(&self, job: &str) -> bool {
        self.strangers.get(job).is_some_and(|known| known.removed)
    }

    /// What is to be written now.
    pub(super) fn batch(&mut self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for (job, pending) in std::mem::take(&mut self.pending) {
            let removed = pending.removed.map(|at| {
                self.own.entry(job.clone()).or_default().push(at);
                let service = self.service.clone();
                Fact::Removed { service, at }
            });
            let paused = pending.paused.map(|paused| match paused {
                true => Fact::Paused,
                false => Fact::Resumed,
            });
            let due = pending.due.map(|at| Fact::Due { at });
            let facts = removed.into_iter().chain(paused).chain(due);
            let facts = facts.chain(pending.ran.into_iter().map(Fact::Ran));
            entries.extend(facts.map(|fact| Entry {
                job: job.to_string(),
                fact,
            }));
        }
        entries
    }

    /// The batch could not be written: it goes before what has come since.
    pub(super) fn put_back(&mut self, batch: Vec<Entry>) {
        for Entry { job, fact } in batch {
            let job: Arc<str> = job.into();
            let pending = self.pending.entry(job.clone()).or_default();
            match fact {
                Fact::Removed { at, .. } => {
                    pending.removed = pending.removed.or(Some(at));
                    if let Some(own) = self.own.get_mut(&job) {
                        own.retain(|when| *when != at);
                    }
                }
                Fact::Paused => pending.paused = pending.paused.or(Some(true)),
                Fact::Resumed => pending.paused = pending.paused.or(Some(false)),
                Fact::Due { at } => {
                    let newer = pending.due.map(|newer| store::dealt(Some(at), newer));
                    pending.due = newer.or(Some(at));
                }
                Fact::Ran(past) => {
                    let place = pending
                        .ran
                        .partition_point(|run| run.started < past.started);
                    pending.ran.insert(place, past);
                    pending.keep_last();
                }
            }
        }
    }

    /// Sorts what came from the store: into what concerns jobs that are here, and what is kept for others.
    /// Facts that this process has written come back, too, and change nothing. Of jobs that are `awaited`,
    /// which are about to begin, everything is kept.
    pub(super) fn read(
        &mut self,
        entries: Vec<Entry>,
        here: impl Fn(&str) -> bool,
        awaited: impl Fn(&str) -> bool,
    ) -> Vec<News> {
        let mut news = Vec::new();
        for Entry { job, fact } in entries {
            if let Fact::Removed { service, .. } = &fact
                && *service != self.service
            {
                // The job of this start is another one.
                if let Some(known) = self.strangers.get_mut(&job) {
                    known.remembered.paused = None;
                }
                continue;
            }
            // What is about to be written is newer than all that is written.
            let newer = self.pending.get(&*job).is_some_and(|pending| {
                pending.removed.is_some() || (pending.paused.is_some() && fact.is_control())
            });
            if newer && fact.is_control() {
                self.forget_own(&job, &fact);
                continue;
            }
            if here(&job) {
                match fact {
                    Fact::Paused => news.push(News::Paused(job, true)),
                    Fact::Resumed => news.push(News::Paused(job, false)),
                    Fact::Ran(past) => news.push(News::Ran(job, past)),
                    Fact::Removed { .. } if self.forget_own(&job, &fact) => {}
                    Fact::Removed { .. } => {
                        self.stranger(&job, true);
                        news.push(News::Removed(job));
                    }
                    // The times of a job that is here are its own: another process does not run them for it.
                    Fact::Due { .. } => {}
                }
                continue;
            }
            self.forget_own(&job, &fact);
            let important = fact.is_control() || awaited(&job);
            let Some(known) = self.stranger(&job, important) else {
                continue;
            };
            match fact {
                Fact::Removed { .. } => {
                    known.removed = true;
                    known.remembered.paused = None;
                }
                Fact::Paused => known.remembered.paused = Some(true),
                Fact::Resumed => known.remembered.paused = Some(false),
                Fact::Due { at } => {
                    let dealt = &mut known.remembered.dealt;
                    *dealt = Some(store::dealt(*dealt, at));
                }
                Fact::Ran(past) => {
                    let history = &mut known.remembered.history;
                    history.push(past);
                    if history.len() > 2 * History::MOST {
                        history.sort_by_key(|past| past.started);
                        history.drain(..History::MOST);
                    }
                }
            }
        }
        news
    }

    fn pending(&mut self, job: &Arc<str>) -> Option<&mut Pending> {
        self.on
            .then(|| self.pending.entry(job.clone()).or_default())
    }

    /// Whether it is a removal that this process has written.
    fn forget_own(&mut self, job: &str, fact: &Fact) -> bool {
        let Fact::Removed { at, .. } = fact else {
            return false;
        };
        let Some(own) = self.own.get_mut(job) else {
            return false;
        };
        let Some(place) = own.iter().position(|when| when == at) else {
            return false;
        };
        // Those before it do not come any more, if the store has left them out.
        own.drain(..=place);
        if own.is_empty() {
            self.own.remove(job);
        }
        true
    }

    fn stranger(&mut self, job: &str, important: bool) -> Option<&mut Stranger> {
        let room = important || self.strangers.len() < MOST_STRANGERS;
        if !room && !self.strangers.contains_key(job) {
            return None;
        }
        Some(self.strangers.entry(job.to_owned()).or_default())
    }
}

impl Pending {
    fn keep_last(&mut self) {
        let over = self.ran.len().saturating_sub(History::MOST);
        self.ran.drain(..over);
    }
}

impl Fact {
    /// Whether somebody has asked for it, as opposed to what happened by itself.
    fn is_control(&self) -> bool {
        matches!(self, Self::Paused | Self::Resumed | Self::Removed { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn read(memory: &mut Memory, entries: Vec<Entry>) -> Vec<News> {
        memory.read(entries, |_| true, |_| false)
    }

    #[test]
    fn own_removals_come_back_and_change_nothing() {
        let mut memory = Memory::new(true, "one".into());
        let jobs: Vec<Arc<str>> = (0..1_000)
            .map(|number| format!("{number}").into())
            .collect();
        let batch = |memory: &mut Memory, second| {
            jobs.iter()
                .for_each(|job| memory.removed(job, time(second)));
            let batch = memory.batch();
            assert_eq!(batch.len(), jobs.len());
            batch
        };
        // All jobs are there again by then: it is not them who were removed.
        let (first, second) = (batch(&mut memory, 1), batch(&mut memory, 2));
        assert_eq!(read(&mut memory, first.clone()), []);
        assert_eq!(read(&mut memory, second), []);
        // Somebody else's is none of ours, though it is of the same start.
        let other = Entry {
            job: "7".into(),
            fact: Fact::Removed {
                service: "one".into(),
                at: time(3),
            },
        };
        assert_eq!(read(&mut memory, vec![other]), [News::Removed("7".into())]);
        // What could not be written is written, and comes back, once.
        let failed = batch(&mut memory, 4);
        memory.put_back(failed.clone());
        assert_eq!(memory.batch(), failed);
        assert_eq!(read(&mut memory, failed), []);
        // A store may leave out what later removals have undone.
        batch(&mut memory, 5);
        let last = batch(&mut memory, 6);
        assert_eq!(read(&mut memory, last), []);
        assert!(memory.own.is_empty());
        assert_eq!(read(&mut memory, first).len(), jobs.len());
    }
}
