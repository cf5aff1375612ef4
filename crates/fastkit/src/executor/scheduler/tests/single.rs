//! Single jobs: once at a time and once for each time, whatever schedulers and locks do.

use super::*;
use crate::executor::{
    Reason, Run, ThreadPool, ThreadPoolConfig,
    lock::{FileLock, Lock, memory::MemoryLock},
};
use chrono::{DateTime, Utc};
use std::{
    collections::HashSet,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc::channel,
    },
};

const TTL: Duration = Duration::from_millis(600);

fn single(lock: &MemoryLock) -> Watched {
    with_lock(Arc::new(lock.clone()))
}

fn with_lock(lock: Arc<dyn Lock>) -> Watched {
    let watched = Watched::new(|builder| builder.lock(lock));
    watched.scheduler.start().unwrap();
    watched
}

fn job(trigger: Trigger, function: impl Fn(Run) -> bool + Send + Sync + 'static) -> Job {
    let job = Job::new("a", trigger, function);
    job.single_job(true).lock_ttl(TTL)
}

fn soon() -> Trigger {
    Trigger::at(Utc::now() + Duration::from_millis(50))
}

fn skipped(watched: &Watched) -> (DateTime<Utc>, Skip) {
    watched.wait(|event| match event {
        Event::Skipped { scheduled, why, .. } => Some((*scheduled, why.clone())),
        _ => None,
    })
}

fn told(watched: &Watched) -> Reason {
    watched.wait(|event| match event {
        Event::Cancelled { reason, .. } => Some(*reason),
        _ => None,
    })
}

#[test]
fn many_schedulers_run_each_time_once() {
    for processes in [2, 8] {
        let lock = MemoryLock::default();
        each_time_once(processes, || Arc::new(lock.beside()));
    }
}

#[test]
fn the_processes_of_a_host_run_each_time_once() {
    let folder = tempfile::tempdir().unwrap();
    each_time_once(3, || Arc::new(FileLock::new(folder.path())));
}

fn each_time_once(processes: usize, lock: impl Fn() -> Arc<dyn Lock>) {
    let (sender, runs) = channel();
    let sender = Mutex::new(sender);
    let inside = Arc::new(AtomicUsize::new(0));
    let work = Arc::new(move |run: Run| {
        let others = inside.fetch_add(1, Ordering::SeqCst);
        run.sleep(Duration::from_millis(10));
        inside.fetch_sub(1, Ordering::SeqCst);
        let told = (
            run.scheduled(),
            run.fence().map(|fence| fence.number()),
            others,
        );
        sender.lock().unwrap().send(told).is_ok()
    });
    let all: Vec<_> = (0..processes)
        .map(|_| {
            let watched = with_lock(lock());
            let work = work.clone();
            let trigger = Trigger::interval(Duration::from_millis(50));
            let job = job(trigger, move |run| work(run));
            watched.scheduler.add_job(job).unwrap();
            watched
        })
        .collect();
    let mut times = HashSet::new();
    let mut last = None;
    for _ in 0..20 {
        let (scheduled, fence, others) = runs.recv_timeout(PATIENCE).unwrap();
        assert!(times.insert(scheduled), "{scheduled} twice");
        assert_eq!(scheduled.timestamp_millis() % 50, 0);
        assert_eq!(others, 0, "two at a time");
        assert!(fence > last, "{fence:?} after {last:?}");
        last = fence;
    }
    for watched in &all {
        watched.stop(PATIENCE);
    }
}

#[test]
fn the_time_of_a_holder_that_dies_is_taken_over() {
    let lock = MemoryLock::default();
    let (dying, other) = (single(&lock), single(&lock.beside()));
    lock.hang();
    let trigger = soon();
    let hears = |run: Run| {
        while run.sleep(Duration::from_secs(1)) {}
        false
    };
    dying
        .scheduler
        .add_job(job(trigger.clone(), hears))
        .unwrap();
    dying.started_run("a");
    let begin = Instant::now();
    other
        .scheduler
        .add_job(job(trigger.clone(), |_| true))
        .unwrap();
    let (due, why) = skipped(&other);
    assert_eq!(why, Skip::Elsewhere);
    // That it gives up before anybody else can have the lock is a test of the keeper.
    assert_eq!(told(&dying), Reason::LockLost);
    let past = other.ended("a");
    println!(
        "taken over after {:?} with a ttl of {TTL:?}",
        begin.elapsed()
    );
    assert_eq!((past.scheduled, past.outcome), (due, Outcome::Succeeded));
    assert_eq!(dying.ended("a").outcome, Outcome::Cancelled);
}

#[test]
fn what_could_not_begin_in_one_process_runs_in_another() {
    let lock = MemoryLock::default();
    let pool = ThreadPool::new(ThreadPoolConfig {
        name: "full".into(),
        threads: 1,
        queue: Some(0),
    });
    let (go, gone) = channel::<()>();
    let _holds = pool.submit(move || gone.recv().is_ok()).unwrap();
    let full = Watched::new(|builder| builder.lock(Arc::new(lock.clone())).threads(pool));
    full.scheduler.start().unwrap();
    let behind = lock.beside();
    behind.break_down(true);
    let other = single(&behind);
    let trigger = soon();
    for watched in [&full, &other] {
        let job = job(trigger.clone(), |_| true);
        watched.scheduler.add_job(job).unwrap();
    }
    let (due, why) = skipped(&full);
    assert_eq!(why, Skip::Full);
    behind.break_down(false);
    let past = other.ended("a");
    assert_eq!((past.scheduled, past.outcome), (due, Outcome::Succeeded));
    drop(go);
}

#[test]
fn what_a_stop_cuts_in_one_process_runs_in_another() {
    let lock = MemoryLock::default();
    let behind = lock.beside();
    behind.break_down(true);
    let (stops, other) = (single(&lock), single(&behind));
    let trigger = soon();
    let deaf = async |_: Run| std::future::pending::<()>().await;
    let deaf = Job::new("a", trigger.clone(), deaf).single_job(true);
    stops.scheduler.add_job(deaf.lock_ttl(TTL * 100)).unwrap();
    other.scheduler.add_job(job(trigger, |_| true)).unwrap();
    stops.started_run("a");
    let (due, _) = skipped(&other);
    behind.break_down(false);
    assert_eq!(stops.stop(Duration::ZERO).cut, ["a"]);
    let past = other.ended("a");
    assert_eq!((past.scheduled, past.outcome), (due, Outcome::Succeeded));
}

#[test]
fn a_run_beside_the_times_leaves_none_out() {
    let lock = MemoryLock::default();
    let behind = lock.beside();
    behind.break_down(true);
    let (ahead, other) = (single(&lock), single(&behind));
    let trigger = soon();
    other.scheduler.add_job(job(trigger, |_| true)).unwrap();
    let (due, _) = skipped(&other);
    ahead.scheduler.add_job(job(never(), |_| true)).unwrap();
    ahead.scheduler.run_now("a").unwrap();
    assert!(ahead.ended("a").scheduled > due);
    behind.break_down(false);
    assert_eq!(other.ended("a").scheduled, due);
}

#[test]
fn nothing_runs_without_a_lock() {
    let lock = MemoryLock::default();
    lock.break_down(true);
    let watched = single(&lock);
    let refused = Watched::started().scheduler.add_job(job(often(), |_| true));
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("the scheduler has no lock")
    );
    watched.scheduler.add_job(job(soon(), |_| true)).unwrap();
    let (due, why) = skipped(&watched);
    assert_eq!(why, Skip::NoLock("broken down".into()));
    assert_eq!(watched.scheduler.job("a").unwrap().running, 0);
    // It is asked for again while it is not too late.
    lock.break_down(false);
    assert_eq!(watched.ended("a").scheduled, due);
    lock.break_down(true);
    let brief = job(soon(), |_| true).misfire_grace_time(Duration::from_millis(100));
    watched.scheduler.add_job(brief).unwrap();
    let missed = watched.wait(|event| match event {
        Event::Missed { times, .. } => Some(*times),
        Event::Started { .. } => panic!("it runs"),
        _ => None,
    });
    assert_eq!(missed, 1);
}

#[test]
fn a_run_whose_lock_is_lost_is_told_to_end_or_dropped() {
    let lock = MemoryLock::default();
    let watched = single(&lock);
    let deaf = async |_: Run| std::future::pending::<()>().await;
    let job = Job::new("a", never(), deaf);
    watched
        .scheduler
        .add_job(job.single_job(true).lock_ttl(TTL))
        .unwrap();
    watched.scheduler.run_now("a").unwrap();
    watched.started_run("a");
    assert!(watched.scheduler.run_now("a").unwrap_err().is_busy());
    lock.steal("a", TTL);
    assert_eq!(told(&watched), Reason::LockLost);
    let past = watched.ended("a");
    assert_eq!(past.outcome, Outcome::Cancelled);
    assert_eq!(past.text.as_deref(), Some("its lock is lost"));
}

#[test]
fn a_run_that_is_asked_for_needs_the_lock_too() {
    let lock = MemoryLock::default();
    let (one, other) = (single(&lock), single(&lock.beside()));
    let waits = |run: Run| {
        while run.sleep(Duration::from_secs(1)) {}
        true
    };
    for watched in [&one, &other] {
        watched.scheduler.add_job(job(never(), waits)).unwrap();
    }
    one.scheduler.run_now("a").unwrap();
    one.started_run("a");
    other.scheduler.run_now("a").unwrap();
    assert_eq!(skipped(&other).1, Skip::Elsewhere);
    assert_eq!(other.scheduler.job("a").unwrap().running, 0);
    assert_eq!(one.stop(PATIENCE).finished, 1);
    // Given back: it can be had at once.
    other.scheduler.run_now("a").unwrap();
    other.started_run("a");
    other.stop(PATIENCE);
}
