//! [`Core`]: which jobs there are, and what is to be done now. Pure: it is told the time, runs nothing,
//! and knows neither threads nor locks.
//!
//! Jobs wait in two heaps, one for each clock. A place in a heap is not moved when its job changes: it
//! carries a stamp, and counts only as long as that is the stamp of the job.

use super::{
    Error, Event, Past, Skip,
    cursor::{Cursor, Jitter, MOST_CAUGHT_UP, Next, Now},
    definition::Definition,
    history::History,
    status::Glance,
};
use chrono::{DateTime, Utc};
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque},
    fmt,
    sync::Arc,
    time::Duration,
};

/// How long a jump of the wall may stay unnoticed while there are jobs that go by it.
const LOOK_AT_WALL: Duration = Duration::from_secs(1);

/// The jobs of a scheduler.
pub(super) struct Core {
    entries: HashMap<Arc<str>, Entry>,
    gone: Vec<Arc<Definition>>,
    mono: BinaryHeap<Reverse<Place<Duration>>>,
    wall: BinaryHeap<Reverse<Place<DateTime<Utc>>>>,
    stamps: u64,
    running: bool,
    seen: Option<Now>,
    jitter: Box<dyn FnMut(Duration) -> Duration + Send>,
}

/// When, the stamp, the job.
type Place<T> = (T, u64, Arc<str>);

struct Entry {
    definition: Arc<Definition>,
    cursor: Cursor,
    stamp: u64,
    paused: bool,
    /// Stays listed when it has no more times.
    declared: bool,
    running: usize,
    /// Whether the lock of a single job is being asked for.
    asking: bool,
    /// Times to be caught up with, one after the other.
    backlog: VecDeque<DateTime<Utc>>,
    history: History,
}

/// What is to be done.
#[derive(Debug)]
pub(super) enum Act {
    /// A run is to begin; it is counted already.
    Start(Arc<Definition>, DateTime<Utc>),
    /// The lock is to be asked for, for this time instead of an earlier one.
    Claim(Arc<Definition>, DateTime<Utc>),
    /// Listeners are to be told.
    Tell(Event),
    /// To be remembered: everything until this time is dealt with.
    Dealt(Arc<Definition>, DateTime<Utc>),
}

/// What is remembered of a job that was known before it was added.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    pub(super) dealt: Option<DateTime<Utc>>,
    pub(super) paused: Option<bool>,
    pub(super) history: Vec<Past>,
}

impl Core {
    pub(super) fn new(jitter: impl FnMut(Duration) -> Duration + Send + 'static) -> Self {
        Self {
            entries: HashMap::new(),
            gone: Vec::new(),
            mono: BinaryHeap::new(),
            wall: BinaryHeap::new(),
            stamps: 0,
            running: false,
            seen: None,
            jitter: Box::new(jitter),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn is_running(&self) -> bool {
        self.running
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &Arc<str>> {
        self.entries.keys()
    }

    /// Those that wait to be resumed, by id.
    pub(super) fn paused(&self) -> Vec<Arc<str>> {
        let paused = self.entries.iter().filter(|(_, entry)| entry.paused);
        let mut ids: Vec<_> = paused.map(|(id, _)| id.clone()).collect();
        ids.sort_unstable();
        ids
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.entries.contains_key(id)
    }

    /// Adds a job, whose id must be free.
    pub(super) fn add(&mut self, definition: Definition, now: Now, remembered: Remembered) {
        let id = definition.job.id.clone();
        let cursor = Cursor::new(&definition, now, remembered.dealt, &mut self.jitter);
        if remembered.dealt.is_some() && cursor.last().is_none() {
            tell_far_ahead(std::slice::from_ref(&id));
        }
        let mut history = History::default();
        remembered
            .history
            .into_iter()
            .for_each(|past| history.add(past));
        let entry = Entry {
            paused: remembered.paused.unwrap_or(definition.job.options.paused),
            definition: Arc::new(definition),
            cursor,
            stamp: 0,
            declared: !self.running,
            running: 0,
            asking: false,
            backlog: VecDeque::new(),
            history,
        };
        self.entries.insert(id.clone(), entry);
        self.place(&id);
    }

    /// Jobs begin to be due, from now on or from what is remembered of them. `late`: the jobs that are
    /// there were added to a scheduler that had begun, but had nothing to do.
    pub(super) fn start(
        &mut self,
        now: Now,
        late: bool,
        mut remembered: impl FnMut(&str) -> Option<Remembered>,
    ) {
        self.running = true;
        self.seen = Some(now);
        let ids: Vec<_> = self.entries.keys().cloned().collect();
        let mut forgotten = Vec::new();
        for id in ids {
            let Some(entry) = self.entries.get_mut(&id) else {
                continue;
            };
            let remembered = remembered(&id).unwrap_or_default();
            let (of, jitter) = (&*entry.definition, &mut self.jitter);
            entry.cursor = Cursor::new(of, now, remembered.dealt, jitter);
            if remembered.dealt.is_some() && entry.cursor.last().is_none() {
                forgotten.push(id.clone());
            }
            entry.paused = remembered.paused.unwrap_or(entry.paused);
            entry.declared &= !late;
            for past in remembered.history {
                entry.history.add(past);
            }
            self.place(&id);
        }
        tell_far_ahead(&forgotten);
    }

    /// Nothing is due any more.
    pub(super) fn stop(&mut self) {
        self.running = false;
        self.mono.clear();
        self.wall.clear();
        self.entries
            .values_mut()
            .for_each(|entry| entry.backlog.clear());
    }

    /// Takes at most `most` jobs that are due; whether there may be more.
    pub(super) fn turn(&mut self, now: Now, most: usize, acts: &mut Vec<Act>) -> bool {
        self.notice_jump(now);
        for _ in 0..most {
            let Some(id) = self.pop_due(now) else {
                return false;
            };
            let Some(entry) = self.entries.get_mut(&id) else {
                continue;
            };
            entry.fall_due(now, &mut self.jitter, acts);
            self.place(&id);
            self.drop_if_over(&id);
        }
        true
    }

    /// How long until something is due; `None` is never.
    pub(super) fn wait(&mut self, now: Now) -> Option<Duration> {
        if !self.running {
            return None;
        }
        let entries = &self.entries;
        let mono = top(&mut self.mono, entries).map(|begin| begin.saturating_sub(now.mono));
        let wall = top(&mut self.wall, entries).map(|begin| {
            let wait = (begin - now.wall).to_std().unwrap_or_default();
            wait.min(LOOK_AT_WALL)
        });
        mono.into_iter().chain(wall).min()
    }

    /// A run has ended, or could not begin after all.
    pub(super) fn ended(&mut self, of: &Definition, now: Now, acts: &mut Vec<Act>) {
        if let Some(entry) = self.entry_of(of) {
            entry.running = entry.running.saturating_sub(1);
            entry.catch_up(now, acts);
            self.drop_if_over(&of.job.id);
        }
    }

    /// Whether the lock of the job is still wanted.
    pub(super) fn wants_lock(&mut self, of: &Definition) -> bool {
        self.running && self.entry_of(of).is_some_and(|entry| !entry.paused)
    }

    /// The lock was got, and a run begins: false if it must not any more.
    pub(super) fn granted(&mut self, of: &Definition) -> bool {
        let wanted = self.wants_lock(of);
        if let Some(entry) = self.entry_of(of) {
            entry.asking = false;
            if wanted {
                entry.running += 1;
            }
        }
        wanted
    }

    /// The lock is not asked for any more.
    pub(super) fn settled(&mut self, of: &Definition, now: Now, acts: &mut Vec<Act>) {
        if let Some(entry) = self.entry_of(of) {
            entry.asking = false;
            entry.catch_up(now, acts);
            self.drop_if_over(&of.job.id);
        }
    }

    /// Counts a run beside the times of the job.
    pub(super) fn run_now(&mut self, id: &str) -> Result<Arc<Definition>, Error> {
        let entry = self.entries.get_mut(id).ok_or_else(|| Error::unknown(id))?;
        let most = entry.most();
        if entry.running >= most {
            return Err(Error::busy(id, most));
        }
        entry.running += 1;
        Ok(entry.definition.clone())
    }

    /// Whether anything has changed.
    pub(super) fn pause(&mut self, id: &str) -> bool {
        let Some(entry) = self.entries.get_mut(id).filter(|entry| !entry.paused) else {
            return false;
        };
        entry.paused = true;
        entry.backlog.clear();
        self.place(&id.into());
        true
    }

    /// Whether anything has changed.
    pub(super) fn resume(&mut self, id: &str, now: Now) -> bool {
        let Some(entry) = self.entries.get_mut(id).filter(|entry| entry.paused) else {
            return false;
        };
        entry.paused = false;
        entry.cursor.go_on(&entry.definition, now, &mut self.jitter);
        self.place(&id.into());
        self.drop_if_over(id);
        true
    }

    /// Whether it was there.
    pub(super) fn remove(&mut self, id: &str) -> bool {
        let entry = self.entries.remove(id);
        let is_gone = entry.is_some();
        self.gone.extend(entry.map(|entry| entry.definition));
        self.tidy();
        is_gone
    }

    /// Jobs that were removed, to be dropped where their values may ask the scheduler something.
    pub(super) fn gone(&mut self) -> Vec<Arc<Definition>> {
        std::mem::take(&mut self.gone)
    }

    /// Puts another definition in the place of the one that it was made from.
    pub(super) fn replace(&mut self, definition: Definition, now: Now, rescheduled: bool) {
        let id = definition.job.id.clone();
        let Some(entry) = self.entry_of(&definition) else {
            return;
        };
        entry.definition = Arc::new(definition);
        if rescheduled {
            entry.backlog.clear();
        }
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let (of, jitter) = (&*entry.definition, &mut self.jitter);
        match rescheduled {
            true => entry.cursor.reschedule(of, now, jitter),
            false => entry.cursor.refit(of, now, jitter),
        }
        self.place(&id);
    }

    pub(super) fn definition(&self, id: &str) -> Result<&Arc<Definition>, Error> {
        let entry = self.entries.get(id).ok_or_else(|| Error::unknown(id))?;
        Ok(&entry.definition)
    }

    pub(super) fn remember(&mut self, id: &str, past: Past) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.history.add(past);
        }
    }

    /// What there is to say of a job.
    pub(super) fn glance(&self, id: &str, now: Now) -> Option<Glance> {
        Some(self.entries.get(id)?.glance(now))
    }

    fn entry_of(&mut self, of: &Definition) -> Option<&mut Entry> {
        self.entries
            .get_mut(&*of.job.id)
            .filter(|entry| entry.definition.born == of.born)
    }

    /// Puts the job where its cursor says; places that it had before count no more.
    fn place(&mut self, id: &Arc<str>) {
        let Some(entry) = self.entries.get_mut(id) else {
            return;
        };
        self.stamps += 1;
        entry.stamp = self.stamps;
        if !self.running || entry.paused {
            return;
        }
        let (stamp, id) = (self.stamps, entry.definition.job.id.clone());
        match entry.cursor.next() {
            Next::Never => {}
            Next::Mono { begin, .. } => self.mono.push(Reverse((begin, stamp, id))),
            Next::Wall { begin, .. } => self.wall.push(Reverse((begin, stamp, id))),
        }
        self.tidy();
    }

    /// Who changes a job again and again must not fill the heaps.
    fn tidy(&mut self) {
        if self.mono.len() + self.wall.len() > 2 * self.entries.len() + 64 {
            let entries = &self.entries;
            self.mono.retain(|Reverse(place)| counts(place, entries));
            self.wall.retain(|Reverse(place)| counts(place, entries));
        }
    }

    fn pop_due(&mut self, now: Now) -> Option<Arc<str>> {
        if top(&mut self.mono, &self.entries).is_some_and(|begin| begin <= now.mono) {
            return self.mono.pop().map(|Reverse((_, _, id))| id);
        }
        if top(&mut self.wall, &self.entries).is_some_and(|begin| begin <= now.wall) {
            return self.wall.pop().map(|Reverse((_, _, id))| id);
        }
        None
    }

    /// Looks whether the wall has gone back by more than clocks are set right by.
    fn notice_jump(&mut self, now: Now) {
        let Some(seen) = self.seen.replace(now) else {
            return;
        };
        let passed = now.mono.saturating_sub(seen.mono);
        let expected = seen.wall + super::definition::delta(passed);
        if now.wall + chrono::TimeDelta::seconds(1) > expected {
            return;
        }
        let ids: Vec<_> = self.entries.keys().cloned().collect();
        let mut forgotten = Vec::new();
        for id in ids {
            if let Some(entry) = self.entries.get_mut(&id) {
                let (of, jitter) = (&*entry.definition, &mut self.jitter);
                if entry.cursor.wall_went_back(of, now, jitter) {
                    forgotten.push(id.clone());
                }
                self.place(&id);
            }
        }
        tell_far_ahead(&forgotten);
    }

    /// A job that was added while the scheduler ran, and is done for good, would only take up space.
    fn drop_if_over(&mut self, id: &str) {
        if self.entries.get(id).is_some_and(Entry::is_over) {
            self.remove(id);
        }
    }
}

impl Entry {
    fn most(&self) -> usize {
        match self.definition.job.options.single_job {
            true => 1,
            false => self.definition.job.options.max_instances,
        }
    }

    fn is_over(&self) -> bool {
        let busy = self.running > 0 || self.asking || self.paused || !self.backlog.is_empty();
        self.cursor.is_over() && !busy && !self.declared
    }

    fn id(&self) -> Arc<str> {
        self.definition.job.id.clone()
    }

    /// Deals with the times that have passed.
    fn fall_due(&mut self, now: Now, jitter: Jitter<'_>, acts: &mut Vec<Act>) {
        let passed = self.cursor.take(&self.definition, now, jitter);
        if let Some((scheduled, times)) = passed.missed {
            acts.push(Act::Tell(Event::Missed {
                job: self.id(),
                scheduled,
                times,
            }));
        }
        // Of a single job it is dealt with when it is done, by whoever does it.
        let single = self.definition.job.options.single_job;
        if let Some(last) = self.cursor.last()
            && self.definition.period().is_none()
            && (!single || passed.due.is_none())
        {
            acts.push(Act::Dealt(self.definition.clone(), last));
        }
        let Some(due) = passed.due else {
            return;
        };
        if passed.coalesced > 0 {
            acts.push(Act::Tell(Event::Coalesced {
                job: self.id(),
                scheduled: due,
                times: passed.coalesced,
            }));
        }
        if passed.more.is_empty() && self.backlog.is_empty() {
            match self.may_begin() || (self.asking && self.running == 0) {
                true => self.begin(due, acts),
                false => self.skip(due, acts),
            }
            return;
        }
        let room = MOST_CAUGHT_UP.saturating_sub(self.backlog.len());
        let mut times = [due].into_iter().chain(passed.more);
        self.backlog.extend(times.by_ref().take(room));
        let missed: Vec<_> = times.collect();
        if let Some(scheduled) = missed.last() {
            acts.push(Act::Tell(Event::Missed {
                job: self.id(),
                scheduled: *scheduled,
                times: missed.len() as u64,
            }));
        }
        self.catch_up(now, acts);
    }

    fn may_begin(&self) -> bool {
        self.running < self.most() && !self.asking
    }

    fn begin(&mut self, scheduled: DateTime<Utc>, acts: &mut Vec<Act>) {
        let definition = self.definition.clone();
        if definition.job.options.single_job {
            self.asking = true;
            acts.push(Act::Claim(definition, scheduled));
        } else {
            self.running += 1;
            acts.push(Act::Start(definition, scheduled));
        }
    }

    fn skip(&self, scheduled: DateTime<Utc>, acts: &mut Vec<Act>) {
        acts.push(Act::Tell(Event::Skipped {
            job: self.id(),
            scheduled,
            why: Skip::MaxInstances,
        }));
    }

    /// Begins what waits in the backlog, as far as instances allow.
    fn catch_up(&mut self, now: Now, acts: &mut Vec<Act>) {
        while self.may_begin()
            && let Some(scheduled) = self.backlog.pop_front()
        {
            if self.definition.too_late(scheduled, now.wall) {
                acts.push(Act::Tell(Event::Missed {
                    job: self.id(),
                    scheduled,
                    times: 1,
                }));
            } else {
                self.begin(scheduled, acts);
            }
        }
    }

    fn glance(&self, now: Now) -> Glance {
        let next = match self.paused {
            true => None,
            false => self.cursor.next_time(&self.definition, now),
        };
        Glance {
            definition: self.definition.clone(),
            next,
            max_instances: self.most(),
            paused: self.paused,
            running: self.running,
            history: self.history.list(),
        }
    }
}

/// One line for all jobs whose last times are forgotten: they may be many.
fn tell_far_ahead(jobs: &[Arc<str>]) {
    if let Some(first) = jobs.first() {
        let others = match jobs.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more jobs"),
        };
        tracing::warn!(
            target: "fastkit::executor",
            "the clock was more than a day ahead when the job {first}{others} ran: that is forgotten, and what is due goes by the clock as it is now"
        );
    }
}

/// The earliest place that counts; those before it are dropped.
fn top<T: Ord + Copy>(
    heap: &mut BinaryHeap<Reverse<Place<T>>>,
    entries: &HashMap<Arc<str>, Entry>,
) -> Option<T> {
    while let Some(Reverse(place)) = heap.peek() {
        if counts(place, entries) {
            return Some(place.0);
        }
        heap.pop();
    }
    None
}

fn counts<T>((_, stamp, id): &Place<T>, entries: &HashMap<Arc<str>, Entry>) -> bool {
    entries.get(id).is_some_and(|entry| entry.stamp == *stamp)
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Core({} jobs)", self.entries.len())
    }
}

#[cfg(test)]
impl Core {
    pub(super) fn status(&self, id: &str, now: Now) -> Option<super::Status> {
        self.glance(id, now).map(super::Status::from)
    }

    /// How many places the heaps hold, those that count no more included.
    pub(super) fn places(&self) -> usize {
        self.mono.len() + self.wall.len()
    }
}
