//! When the threads of a scheduler begin, and how a stop becomes shorter.

use super::*;
use crate::executor::{Jobs, Run, Task};

#[test]
fn threads_begin_with_the_first_job() {
    let watched = Watched::started();
    assert!(watched.scheduler.shared().engine.get().is_none());
    watched.scheduler.add(Jobs::new()).unwrap();
    assert!(watched.scheduler.shared().engine.get().is_none());
    let unknown = watched.scheduler.run_now("quick").unwrap_err();
    assert!(unknown.is_unknown(), "{unknown}");
    let quick = Job::new("quick", often(), || "done");
    watched.scheduler.add_job(quick).unwrap();
    assert_eq!(watched.ended("quick").text.as_deref(), Some("done"));
    watched.stop(PATIENCE);
}

#[test]
fn one_that_never_had_jobs_stops_too() {
    let watched = Watched::started();
    assert_eq!(watched.stop(PATIENCE), Report::default());
    let late = watched.scheduler.start().unwrap_err();
    assert!(late.is_not_running(), "{late}");
}

#[test]
fn a_second_stop_leaves_less_time() {
    async fn stubborn(_: Run) {
        std::future::pending::<()>().await;
    }
    let watched = Watched::started();
    let job = Job::new("stubborn", never(), stubborn);
    watched.scheduler.add_job(job).unwrap();
    watched.scheduler.run_now("stubborn").unwrap();
    watched.started_run("stubborn");
    let reports = wait_for(async {
        let patient = watched.scheduler.stop(Duration::from_secs(3600));
        let first = async {
            // Dropped before it has an answer, as the drain of a server is.
            let moment = Duration::from_millis(10);
            let _ = tokio::time::timeout(moment, watched.scheduler.stop(Duration::MAX)).await;
            watched.scheduler.stop(Duration::ZERO).await
        };
        tokio::join!(patient, first)
    });
    assert_eq!(reports.0.cut, ["stubborn"]);
    assert_eq!(reports.0, reports.1);
}

#[test]
fn a_trial_needs_neither_start_nor_lock() {
    let watched = Watched::new(|builder| builder);
    let long_ago = Trigger::at(chrono::DateTime::UNIX_EPOCH);
    watched
        .scheduler
        .add(
            Jobs::new()
                .job(Job::new("plain", long_ago, || "plain").paused(true))
                .job(Job::new("fails", never(), async || {
                    Err::<(), _>(crate::executor::JobError::new("no"))
                })),
        )
        .unwrap();
    let past = wait_for(watched.scheduler.trial("plain")).unwrap();
    assert_eq!(
        (past.outcome, past.text.as_deref()),
        (Outcome::Succeeded, Some("plain"))
    );
    let past = wait_for(watched.scheduler.trial("fails")).unwrap();
    assert_eq!(
        (past.outcome, past.text.as_deref()),
        (Outcome::Failed, Some("no"))
    );
    assert!(
        wait_for(watched.scheduler.trial("nowhere"))
            .unwrap_err()
            .is_unknown()
    );
    assert!(watched.scheduler.job("plain").unwrap().history.is_empty());
}

#[test]
fn a_trial_waits_for_a_thread_however_long() {
    let pool = ThreadPool::new(crate::executor::ThreadPoolConfig {
        name: "job".into(),
        threads: 1,
        queue: None,
    });
    let watched = Watched::new(|builder| builder.threads(pool.clone()));
    let grace = Duration::from_millis(1);
    let job = Job::new("late", never(), || "late").misfire_grace_time(grace);
    watched.scheduler.add_job(job).unwrap();
    let (go, gone) = std::sync::mpsc::sync_channel::<()>(0);
    let busy = pool.submit(move || gone.recv().is_ok()).unwrap();
    let past = wait_for(async {
        let trial = watched.scheduler.trial("late");
        let waiter = async {
            // Once it waits behind what is busy, and for longer than it may be late.
            while pool.waiting() == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            tokio::time::sleep(20 * grace).await;
            go.send(()).unwrap();
        };
        tokio::join!(trial, waiter).0
    });
    assert_eq!(past.unwrap().text.as_deref(), Some("late"));
    assert_eq!(busy.join(), Ok(true));
}

#[test]
fn a_stop_waits_for_tasks_of_its_own_pool() {
    let watched = Watched::new(|builder| builder);
    let (sender, ended) = std::sync::mpsc::sync_channel(1);
    let hears = move |run: Run| {
        while run.sleep(Duration::from_secs(1)) {}
        sender.send(()).is_ok()
    };
    let (go, gone) = std::sync::mpsc::sync_channel::<()>(0);
    let gone = std::sync::Mutex::new(gone);
    let deaf = move || gone.lock().unwrap().recv().is_ok();
    let jobs = Jobs::new().task(Task::new("hears", hears));
    watched
        .scheduler
        .add(jobs.task(Task::new("deaf", deaf)))
        .unwrap();
    watched.scheduler.start().unwrap();
    let pool = watched.scheduler.threads();
    let end = Instant::now() + PATIENCE;
    while pool.waiting() > 0 {
        assert!(Instant::now() < end, "they begin in time");
        std::thread::yield_now();
    }
    assert_eq!(watched.stop(Duration::from_secs(2)).cut, ["deaf"]);
    ended.recv_timeout(PATIENCE).unwrap();
    drop(go);
}
