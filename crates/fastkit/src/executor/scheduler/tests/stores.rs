//! What schedulers share through a store, and what they know after a restart.

use super::*;
use crate::executor::store::{Entry, Fact, Journal, Store};
use chrono::Utc;
use std::{
    io,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::Sender,
    },
};

/// A journal in memory; each clone made by `beside` reads it from its begin.
#[derive(Debug, Default)]
struct MemoryStore {
    entries: Arc<Mutex<Vec<Entry>>>,
    read: AtomicUsize,
    fails: AtomicBool,
}

impl MemoryStore {
    fn beside(&self) -> Arc<Self> {
        Arc::new(Self {
            entries: self.entries.clone(),
            ..Self::default()
        })
    }

    fn facts(&self, job: &str) -> Vec<Fact> {
        let entries = self.entries.lock().unwrap();
        let of = entries.iter().filter(|entry| entry.job == job);
        of.map(|entry| entry.fact.clone()).collect()
    }
}

impl Store for MemoryStore {
    fn append(&self, entries: &[Entry]) -> io::Result<()> {
        if self.fails.load(Ordering::Relaxed) {
            return Err(io::Error::other("the disk is full"));
        }
        self.entries.lock().unwrap().extend_from_slice(entries);
        Ok(())
    }

    fn poll(&self) -> io::Result<Vec<Entry>> {
        let entries = self.entries.lock().unwrap();
        let read = self.read.swap(entries.len(), Ordering::Relaxed);
        Ok(entries[read..].to_vec())
    }
}

/// So long that none ends while a test runs.
const MONTH: Duration = Duration::from_secs(30 * 86_400);

/// A journal that can be read when the test says so, and says when it is asked.
#[derive(Debug)]
struct Reluctant {
    asked: Sender<()>,
    answers: Mutex<Receiver<io::Result<Vec<Entry>>>>,
}

impl Reluctant {
    fn new() -> (Arc<Self>, Receiver<()>, Sender<io::Result<Vec<Entry>>>) {
        let (asked, asks) = channel();
        let (answer, answers) = channel();
        let answers = Mutex::new(answers);
        (Arc::new(Self { asked, answers }), asks, answer)
    }
}

impl Store for Reluctant {
    fn append(&self, _: &[Entry]) -> io::Result<()> {
        Ok(())
    }

    fn poll(&self) -> io::Result<Vec<Entry>> {
        // The test may have ended.
        let _ = self.asked.send(());
        let answer = self.answers.lock().unwrap().recv();
        answer.unwrap_or_else(|_| Ok(Vec::new()))
    }
}

fn with<S: Store + 'static>(store: &Arc<S>, jobs: Jobs) -> Watched {
    let at = store.clone();
    let watched = Watched::new(|builder| builder.store(at).service("first"));
    watched.scheduler.add(jobs).unwrap();
    watched.scheduler.start().unwrap();
    watched
}

/// Until what one scheduler has written is read by another: a matter of two seconds.
fn until(what: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !what() {
        assert!(Instant::now() < end, "it comes in time");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

fn jobs() -> Jobs {
    Jobs::new()
        .job(Job::new("a", never(), || "done"))
        .job(Job::new("b", never(), || {}))
}

#[test]
fn processes_share_pauses_removals_and_runs() {
    let store = MemoryStore::default().beside();
    let (one, other) = (with(&store, jobs()), with(&store.beside(), jobs()));
    let of = |watched: &Watched, id: &str| watched.scheduler.job(id);
    one.scheduler.pause("a").unwrap();
    one.scheduler.remove("b").unwrap();
    let run = one.scheduler.run_now("a").unwrap();
    until(|| of(&other, "a").unwrap().paused && of(&other, "b").is_none());
    until(|| !of(&other, "a").unwrap().history.is_empty());
    let past = &of(&other, "a").unwrap().history[0];
    assert_eq!(
        (&*past.run, past.text.as_deref()),
        (run.as_str(), Some("done"))
    );
    other.scheduler.resume("a").unwrap();
    until(|| !of(&one, "a").unwrap().paused);
    // What one has written itself comes back and changes nothing.
    assert_eq!(of(&one, "a").unwrap().history.len(), 1);
    // Whoever adds it anew has a new one, which its removal does not reach.
    one.scheduler
        .add_job(Job::new("b", never(), || {}))
        .unwrap();
    one.scheduler.pause("b").unwrap();
    until(|| store.facts("b").contains(&Fact::Paused));
    assert!(of(&one, "b").unwrap().paused);
}

#[test]
fn a_job_that_was_added_again_is_removed_and_paused_again() {
    let folder = tempfile::tempdir().unwrap();
    let journal = || Arc::new(Journal::open(folder.path()).unwrap());
    let (one, other) = (with(&journal(), jobs()), with(&journal(), jobs()));
    let of = |watched: &Watched, id: &str| watched.scheduler.job(id);
    for _ in 0..3 {
        one.scheduler.pause("a").unwrap();
        until(|| of(&other, "a").unwrap().paused);
        one.scheduler.remove("a").unwrap();
        until(|| of(&other, "a").is_none());
        for watched in [&one, &other] {
            let anew = Job::new("a", never(), || {});
            watched.scheduler.add_job(anew).unwrap();
            assert!(!of(watched, "a").unwrap().paused);
        }
    }
    // Nor is it paused after a restart.
    one.stop(PATIENCE);
    other.stop(PATIENCE);
    let again = Watched::new(|builder| builder.store(journal()).service("second"));
    again.scheduler.add(jobs()).unwrap();
    again.scheduler.start().unwrap();
    assert!(!of(&again, "a").unwrap().paused);
}

#[test]
fn of_two_processes_that_change_a_job_the_second_wins() {
    let store = Arc::new(MemoryStore::default());
    let (one, other) = (with(&store, jobs()), with(&store.beside(), jobs()));
    for _ in 0..5 {
        one.scheduler.pause("a").unwrap();
        until(|| store.facts("a").last() == Some(&Fact::Paused));
        // It may not have heard of the pause yet.
        other.scheduler.resume("a").unwrap();
        until(|| store.facts("a").last() == Some(&Fact::Resumed));
        let paused = |watched: &Watched| watched.scheduler.job("a").unwrap().paused;
        until(|| !paused(&one) && !paused(&other));
    }
}

#[test]
fn a_restart_knows_pauses_removals_and_last_times() {
    let store = MemoryStore::default().beside();
    let monthly = || {
        let trigger = Trigger::interval(MONTH).aligned();
        Job::new("monthly", trigger, || {}).misfire_grace_time(None)
    };
    let first = with(&store, jobs().job(monthly()));
    first.scheduler.pause("a").unwrap();
    first.scheduler.remove("b").unwrap();
    first.stop(PATIENCE);
    let at = Utc::now() - 3 * MONTH;
    let job = "monthly".to_owned();
    store
        .append(&[Entry {
            job,
            fact: Fact::Due { at },
        }])
        .unwrap();
    // The same start of the service, as a worker that was replaced.
    let again = with(&store.beside(), jobs().job(monthly()));
    assert!(again.scheduler.job("a").unwrap().paused);
    assert!(again.scheduler.job("b").is_none());
    let together = again.wait(|event| match event {
        Event::Coalesced { times, .. } => Some(*times),
        _ => None,
    });
    assert_eq!(together, 2);
    again.ended("monthly");
    again.stop(PATIENCE);
    let due = store
        .facts("monthly")
        .into_iter()
        .filter(|fact| matches!(fact, Fact::Due { .. }));
    assert_eq!(due.count(), 2);
    // Another start of the service has all jobs again; it is not made up for twice.
    let store = store.beside();
    let anew = Watched::new(|builder| builder.store(store).service("second"));
    anew.scheduler.add(jobs().job(monthly())).unwrap();
    anew.scheduler.start().unwrap();
    assert!(anew.scheduler.job("b").is_some());
    assert_eq!(anew.scheduler.job("monthly").unwrap().history.len(), 1);
    assert!(
        anew.scheduler
            .job("monthly")
            .unwrap()
            .next_run_time
            .unwrap()
            > Utc::now()
    );
}

#[test]
fn what_is_known_of_declared_jobs_survives_any_number_of_other_jobs() {
    let store = MemoryStore::default().beside();
    let at = Utc::now() - 3 * MONTH;
    let due = |job: String| Entry {
        job,
        fact: Fact::Due { at },
    };
    let others = (0..10_000).map(|number| due(format!("a-{number:05}")));
    let all: Vec<_> = others.chain([due("monthly".into())]).collect();
    store.append(&all).unwrap();
    let trigger = Trigger::interval(MONTH).aligned();
    let monthly = Job::new("monthly", trigger, || {}).misfire_grace_time(None);
    let watched = with(&store, Jobs::new().job(monthly));
    let together = watched.wait(|event| match event {
        Event::Coalesced { times, .. } => Some(*times),
        _ => None,
    });
    assert_eq!(together, 2);
}

#[test]
fn a_last_time_of_a_clock_that_was_far_ahead_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let journal = || Arc::new(Journal::open(folder.path()).unwrap());
    let due = || {
        let entries = journal().poll().unwrap();
        let times = entries.into_iter().filter_map(|entry| match entry.fact {
            Fact::Due { at } => Some(at),
            _ => None,
        });
        times.collect::<Vec<_>>()
    };
    let at = Utc::now() + Duration::from_secs(10 * 365 * 86_400);
    let job = "a".to_owned();
    let fact = Fact::Due { at };
    journal().append(&[Entry { job, fact }]).unwrap();
    let secondly = Trigger::interval(Duration::from_secs(1)).aligned();
    let watched = with(&journal(), Jobs::new().job(Job::new("a", secondly, || {})));
    watched.ended("a");
    watched.stop(PATIENCE);
    // And what comes after a restart goes on from there.
    let due = due();
    assert_eq!(due.len(), 1);
    assert!(due[0] <= Utc::now(), "{due:?}");
}

#[test]
fn what_cannot_be_written_is_written_later() {
    let store = MemoryStore::default().beside();
    store.fails.store(true, Ordering::Relaxed);
    let watched = with(&store, jobs());
    watched.scheduler.run_now("a").unwrap();
    let past = watched.ended("a");
    watched.scheduler.pause("a").unwrap();
    // It was tried: what it reads comes after what it writes.
    let news = Entry {
        job: "b".into(),
        fact: Fact::Paused,
    };
    store.entries.lock().unwrap().push(news);
    until(|| watched.scheduler.job("b").unwrap().paused);
    watched.scheduler.resume("a").unwrap();
    store.fails.store(false, Ordering::Relaxed);
    watched.stop(PATIENCE);
    assert_eq!(store.facts("a"), [Fact::Resumed, Fact::Ran(past)]);
}

#[test]
fn a_job_that_came_before_the_threads_could_start_may_come_again() {
    let (store, _asks, answer) = Reluctant::new();
    let scheduler = Scheduler::builder().store(store).build();
    // Nothing is to be done yet, so that nothing is read.
    scheduler.start().unwrap();
    answer.send(Err(io::Error::other("no such disk"))).unwrap();
    let add = || scheduler.add_job(Job::new("a", never(), || {}));
    let text = add().unwrap_err().to_string();
    assert!(
        text.contains("store of jobs cannot be read") && text.contains("no such disk"),
        "{text}"
    );
    assert!(scheduler.jobs().is_empty());
    drop(answer);
    add().unwrap();
    assert_eq!(scheduler.jobs().len(), 1);
}

#[test]
fn a_stop_beside_the_start_wins() {
    let (store, asks, answer) = Reluctant::new();
    let watched = Watched::new(|builder| builder.store(store));
    let scheduler = &watched.scheduler;
    scheduler.add_job(Job::new("a", often(), || {})).unwrap();
    let starts = {
        let scheduler = scheduler.clone();
        std::thread::spawn(move || scheduler.start())
    };
    asks.recv_timeout(PATIENCE).unwrap();
    watched.stop(Duration::ZERO);
    drop(answer);
    assert!(starts.join().unwrap().unwrap_err().is_not_running());
    assert!(scheduler.run_now("a").unwrap_err().is_not_running());
    assert!(scheduler.start().unwrap_err().is_not_running());
}
