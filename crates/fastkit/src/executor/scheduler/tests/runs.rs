//! Runs of asynchronous and plain jobs, and what operators do with jobs.

use super::*;
use crate::{
    context,
    executor::{Args, JobError, Jobs, Reason, Run, Zone, private},
};
use chrono::Utc;
use std::sync::mpsc::sync_channel;

#[test]
fn both_kinds_of_functions_run_at_their_times() {
    let watched = Watched::started();
    let scheduler = &watched.scheduler;
    let current = async || context::current().map(|id| id.to_string());
    scheduler
        .add_job(Job::new("async", often(), current))
        .unwrap();
    let plain = || context::current().map(|id| id.to_string());
    scheduler
        .add_job(Job::new("plain", often(), plain))
        .unwrap();
    for id in ["async", "plain", "async", "plain"] {
        let past = watched.ended(id);
        assert_eq!(past.outcome, Outcome::Succeeded);
        // The id of the run is the request id of all that it does.
        assert_eq!(past.text.as_ref(), Some(&past.run));
        assert!(past.started >= past.scheduled);
        assert_eq!(past.process, std::process::id());
    }
    let jobs = scheduler.jobs();
    assert_eq!(
        jobs.iter().map(|job| &*job.id).collect::<Vec<_>>(),
        ["async", "plain"]
    );
    assert!(!jobs[0].history.is_empty());
    assert!(watched.stop(PATIENCE).cut.is_empty());
}

#[test]
fn failures_and_panics_are_kept_and_the_job_goes_on() {
    let watched = Watched::started();
    let fails = || Err::<(), _>(JobError::new("redis://me:secret@host is away"));
    let panics = async || -> () { panic!("no {}", "paper") };
    let plain_panics = || -> () { panic!("no ink") };
    let scheduler = &watched.scheduler;
    scheduler
        .add_job(Job::new("fails", often(), fails))
        .unwrap();
    scheduler
        .add_job(Job::new("panics", often(), panics))
        .unwrap();
    scheduler
        .add_job(Job::new("plain-panics", often(), plain_panics))
        .unwrap();
    for (id, outcome, text) in [
        ("fails", Outcome::Failed, "redis://me:***@host is away"),
        ("panics", Outcome::Panicked, "no paper"),
        ("plain-panics", Outcome::Panicked, "no ink"),
        ("panics", Outcome::Panicked, "no paper"),
        ("plain-panics", Outcome::Panicked, "no ink"),
    ] {
        let past = watched.ended(id);
        assert_eq!((past.outcome, past.text.as_deref()), (outcome, Some(text)));
    }
}

#[test]
fn of_many_that_are_due_together_each_runs_and_spoils_no_other() {
    let watched = Watched::new(|builder| builder);
    let due = Utc::now() + Duration::from_millis(300);
    for number in 0..300 {
        let job = move || async move {
            match number {
                7 => panic!("no ink"),
                70 => std::future::pending().await,
                _ => number,
            }
        };
        let mut job = Job::new(&number.to_string(), Trigger::at(due), job);
        if number == 70 {
            job = job.timeout(Duration::from_millis(50));
        }
        watched.scheduler.add_job(job).unwrap();
    }
    watched.scheduler.start().unwrap();
    let mut ended: Vec<_> = (0..300)
        .map(|_| {
            watched.wait(|event| match event {
                Event::Ended { job, past } => Some((job.parse::<u32>().unwrap(), past.clone())),
                _ => None,
            })
        })
        .collect();
    ended.sort_by_key(|(number, _)| *number);
    for (expected, (number, past)) in (0..).zip(ended) {
        let outcome = match number {
            7 => Outcome::Panicked,
            70 => Outcome::TimedOut,
            _ => Outcome::Succeeded,
        };
        assert_eq!((number, past.outcome), (expected, outcome));
        assert_eq!(past.scheduled, due);
    }
}

#[test]
fn arguments_come_from_the_job_and_the_scheduler() {
    let watched = Watched::new(|builder| builder.give(7_u8));
    let job = |Args((name, number)): Args<(String, u64)>, run: Run| {
        format!("{name} {number} {:?} {}", run.given::<u8>(), run.job())
    };
    let scheduler = &watched.scheduler;
    scheduler
        .add_job(Job::new("a", never(), job).args(("x", 1)))
        .unwrap();
    assert!(scheduler.run_now("a").unwrap_err().is_not_running());
    scheduler.start().unwrap();
    let run = scheduler.run_now("a").unwrap();
    let past = watched.ended("a");
    assert_eq!(
        (past.text.as_deref(), past.run),
        (Some("x 1 Some(7) a"), run.to_string())
    );
    let refused = scheduler.add_job(Job::new("b", never(), job).args(["x"]));
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("its arguments [\"x\"] are no")
    );
}

#[test]
fn a_timeout_ends_both_kinds_of_runs() {
    let watched = Watched::started();
    let deaf = async || std::future::pending::<()>().await;
    let hears = |run: Run| while run.sleep(Duration::from_secs(1)) {};
    let timeout = Duration::from_millis(50);
    let scheduler = &watched.scheduler;
    scheduler
        .add_job(Job::new("deaf", never(), deaf).timeout(timeout))
        .unwrap();
    scheduler
        .add_job(Job::new("hears", never(), hears).timeout(timeout))
        .unwrap();
    for id in ["deaf", "hears"] {
        let run = scheduler.run_now(id).unwrap();
        let told = watched.wait(|event| match event {
            Event::Cancelled { run, reason, .. } => Some((*run, *reason)),
            _ => None,
        });
        assert_eq!(told, (run, Reason::Timeout));
        assert_eq!(watched.ended(id).outcome, Outcome::TimedOut);
    }
}

#[test]
fn a_run_that_is_dropped_before_it_begins_never_begins() {
    let watched = Watched::started();
    let (release, released) = sync_channel::<()>(0);
    let released = Arc::new(std::sync::Mutex::new(released));
    let blocks = move || {
        let released = released.clone();
        async move { released.lock().unwrap().recv().unwrap() }
    };
    let scheduler = &watched.scheduler;
    scheduler
        .add_job(Job::new("blocks", never(), blocks))
        .unwrap();
    let begun = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let sees = begun.clone();
    let waits = move || {
        sees.store(true, std::sync::atomic::Ordering::SeqCst);
        async {}
    };
    let waits = Job::new("waits", never(), waits).timeout(Duration::from_millis(20));
    scheduler.add_job(waits).unwrap();
    scheduler.run_now("blocks").unwrap();
    scheduler.run_now("waits").unwrap();
    watched.wait(|event| match event {
        Event::Cancelled { job, .. } if **job == *"waits" => Some(()),
        _ => None,
    });
    // It is dropped after a while, whether its loop hears of it now or later.
    let is_dropped = || {
        let live = scheduler.shared().live();
        let mut runs = live.values();
        runs.any(|live| live.run.job() == "waits" && live.go_on.is_none())
    };
    let end = Instant::now() + PATIENCE;
    while !is_dropped() {
        assert!(Instant::now() < end, "it is dropped in time");
        std::thread::sleep(Duration::from_millis(10));
    }
    release.send(()).unwrap();
    assert_eq!(watched.ended("waits").outcome, Outcome::TimedOut);
    assert!(!begun.load(std::sync::atomic::Ordering::SeqCst));
}

#[test]
fn a_run_that_never_has_to_wait_is_dropped_all_the_same() {
    let watched = Watched::started();
    let busy = async || {
        let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
        while sender.send(()).is_ok() {
            receiver.recv().await;
        }
    };
    let job = Job::new("busy", never(), busy).timeout(Duration::from_millis(50));
    watched.scheduler.add_job(job).unwrap();
    watched.scheduler.run_now("busy").unwrap();
    assert_eq!(watched.ended("busy").outcome, Outcome::TimedOut);
}

#[test]
fn what_a_job_owns_may_ask_the_scheduler_when_it_is_dropped() {
    struct Asks(Scheduler, std::sync::mpsc::SyncSender<usize>);
    impl Drop for Asks {
        fn drop(&mut self) {
            let _ = self.1.try_send(self.0.jobs().len());
        }
    }
    let scheduler = Scheduler::builder().build();
    let (sender, asked) = sync_channel(1);
    let owned = Arc::new(Asks(scheduler.clone(), sender));
    let job = Job::new("owns", never(), move || {
        let _ = &owned;
    });
    scheduler.add_job(job).unwrap();
    scheduler.remove("owns").unwrap();
    assert_eq!(asked.recv_timeout(PATIENCE), Ok(0));
}

#[test]
fn a_scheduler_that_has_too_much_to_do_can_be_stopped() {
    let slow = |builder: SchedulerBuilder| {
        builder.on_event(|_| std::thread::sleep(Duration::from_millis(2)))
    };
    let watched = Watched::new(slow);
    for number in 0..100 {
        let job = Job::new(&number.to_string(), often(), async || {});
        watched.scheduler.add_job(job).unwrap();
    }
    watched.scheduler.start().unwrap();
    // Each of them is due again before all of them were told.
    watched.started_run("99");
    watched.stop(Duration::ZERO);
}

#[test]
fn the_calls_of_a_run_end_with_it() {
    fn left() -> Option<u64> {
        let end = context::Served::current()?.deadline?;
        Some(end.duration_since(Instant::now()).as_secs())
    }
    let watched = Watched::started();
    let hour = Duration::from_secs(3600);
    let jobs = [
        Job::new("async", never(), async || left()).timeout(hour),
        Job::new("plain", never(), left).timeout(hour),
        Job::new("endless", never(), left),
    ];
    for (job, is_within) in jobs.into_iter().zip([true, true, false]) {
        let id = job.id().to_owned();
        watched.scheduler.add_job(job).unwrap();
        watched.scheduler.run_now(&id).unwrap();
        let text = watched.ended(&id).text;
        let left = text.map(|text| text.parse::<u64>().unwrap());
        assert_eq!(left.is_some(), is_within, "{id}");
        assert!(left.is_none_or(|left| left < 3600), "{id}: {left:?}");
    }
}

#[test]
fn a_stop_tells_runs_to_end_and_names_what_it_cut() {
    let watched = Watched::started();
    let (go, gone) = sync_channel::<()>(0);
    let gone = std::sync::Mutex::new(gone);
    let deaf = async || std::future::pending::<()>().await;
    let deaf_plain = move || gone.lock().unwrap().recv().is_ok();
    let hears = async |run: Run| while run.pause(Duration::from_secs(1)).await {};
    let scheduler = &watched.scheduler;
    scheduler.add_job(Job::new("deaf", never(), deaf)).unwrap();
    scheduler
        .add_job(Job::new("deaf-plain", never(), deaf_plain))
        .unwrap();
    scheduler
        .add_job(Job::new("hears", never(), hears))
        .unwrap();
    for id in ["deaf", "deaf-plain", "hears"] {
        scheduler.run_now(id).unwrap();
        watched.started_run(id);
    }
    let report = watched.stop(Duration::from_secs(2));
    assert_eq!(report.cut, ["deaf", "deaf-plain"]);
    assert_eq!(report.finished, 1);
    // A second one is harmless.
    assert_eq!(watched.stop(Duration::ZERO), report);
    assert!(scheduler.run_now("hears").unwrap_err().is_not_running());
    drop(go);
}

#[test]
fn operators_pause_resume_change_and_remove() {
    let watched = Watched::started();
    let scheduler = &watched.scheduler;
    scheduler
        .add_job(Job::new("a", often(), || {}).paused(true))
        .unwrap();
    let status = scheduler.job("a").unwrap();
    assert!(status.paused && status.next_run_time.is_none());
    // Paused or not.
    scheduler.run_now("a").unwrap();
    watched.ended("a");
    scheduler.resume("a").unwrap();
    watched.ended("a");
    scheduler.pause("a").unwrap();
    scheduler
        .modify("a", Change::new().name("A").max_instances(3))
        .unwrap();
    scheduler.reschedule("a", never()).unwrap();
    let status = scheduler.job("a").unwrap();
    assert_eq!((&*status.name, status.max_instances), ("A", 3));
    assert!(
        scheduler
            .modify("a", Change::new().max_instances(0))
            .unwrap_err()
            .is_refused()
    );
    scheduler.remove("a").unwrap();
    assert!(scheduler.job("a").is_none());
    assert!(scheduler.remove("a").unwrap_err().is_unknown());
    scheduler
        .add_job(Job::new("b", never(), || {}).protected(true))
        .unwrap();
    for refused in [
        scheduler.pause("b"),
        scheduler.resume("b"),
        scheduler.remove("b"),
        scheduler.modify("b", Change::new()),
        scheduler.reschedule("b", often()),
    ] {
        assert!(refused.unwrap_err().is_protected());
    }
}

#[test]
fn all_of_many_jobs_are_listed_and_share_their_runs() {
    let watched = Watched::started();
    let jobs = (0..1_000).map(|number| Job::new(&format!("job-{number:03}"), never(), || {}));
    let jobs = jobs.fold(Jobs::new(), Jobs::job);
    watched.scheduler.add(jobs).unwrap();
    watched.scheduler.run_now("job-500").unwrap();
    watched.ended("job-500");
    watched.scheduler.remove("job-064").unwrap();
    let listed = watched.scheduler.jobs();
    let ids = listed.iter().map(|job| job.id.clone());
    let expected = (0..1_000).filter(|number| *number != 64);
    assert!(ids.eq(expected.map(|number| format!("job-{number:03}"))));
    // A copy of each run of many jobs would take longer than all the rest.
    let again = watched.scheduler.job("job-500").unwrap().history;
    assert_eq!(again.len(), 1);
    assert!(Arc::ptr_eq(&again, &listed[499].history));
    // What was listed stays as it was.
    watched.scheduler.run_now("job-500").unwrap();
    watched.ended("job-500");
    assert_eq!(again.len(), 1);
    let runs = watched.scheduler.job("job-500").unwrap().history.len();
    assert_eq!(runs, 2);
}

#[test]
fn a_full_pool_and_a_long_wait_for_a_thread_are_told() {
    let pool = ThreadPool::new(crate::executor::ThreadPoolConfig {
        name: "job".into(),
        threads: 1,
        queue: Some(1),
    });
    let watched = Watched::new(|builder| builder.threads(pool));
    let scheduler = &watched.scheduler;
    scheduler.start().unwrap();
    let (go, gone) = sync_channel::<()>(0);
    let gone = std::sync::Mutex::new(gone);
    let holds = move || gone.lock().unwrap().recv().is_ok();
    scheduler
        .add_job(Job::new("holds", never(), holds))
        .unwrap();
    let grace = Duration::from_millis(50);
    let waits = Job::new("waits", never(), || {}).misfire_grace_time(grace);
    scheduler.add_job(waits).unwrap();
    scheduler.add_job(Job::new("full", never(), || {})).unwrap();
    scheduler.run_now("holds").unwrap();
    watched.started_run("holds");
    scheduler.run_now("waits").unwrap();
    let asked = Instant::now();
    scheduler.run_now("full").unwrap();
    let skipped = watched.wait(|event| match event {
        Event::Skipped { job, why, .. } => Some((job.to_string(), why.clone())),
        _ => None,
    });
    assert_eq!(skipped, ("full".into(), Skip::Full));
    // One that gets its thread too late is missed.
    std::thread::sleep((2 * grace).saturating_sub(asked.elapsed()));
    go.send(()).unwrap();
    let missed = watched.wait(|event| match event {
        Event::Missed { job, times, .. } => Some((job.to_string(), *times)),
        _ => None,
    });
    assert_eq!(missed, ("waits".into(), 1));
    assert_eq!(scheduler.job("waits").unwrap().running, 0);
    // One that still waits at the stop never begins.
    scheduler.run_now("holds").unwrap();
    watched.started_run("holds");
    let patient = Change::new().misfire_grace_time(None);
    scheduler.modify("waits", patient).unwrap();
    scheduler.run_now("waits").unwrap();
    let report = watched.stop(Duration::from_millis(200));
    assert_eq!(report.cut, ["holds"]);
    let skipped = watched.wait(|event| match event {
        Event::Skipped { job, why, .. } => Some((job.to_string(), why.clone())),
        Event::Started { .. } => panic!("it began"),
        _ => None,
    });
    assert_eq!(skipped, ("waits".into(), Skip::Stopped));
}

#[test]
fn start_and_end_are_times_of_the_zone_that_the_trigger_goes_by() {
    let tomorrow = Utc::now().date_naive() + chrono::TimeDelta::days(2);
    let eight = format!("{tomorrow} 08:00:00");
    let bounds = || {
        let job = Job::new("a", Trigger::cron("0 8 * * *").unwrap(), || {});
        private::end(private::start(job, &eight), &eight)
    };
    let (far, near) = ("Pacific/Kiritimati", "America/New_York");
    // That of the scheduler, or the job's own; never that of the machine, which cannot be both.
    for (of_scheduler, own) in [(far, None), (near, None), (far, Some(near))] {
        let zone = Zone::named(of_scheduler).unwrap();
        let scheduler = Scheduler::builder().timezone(zone).build();
        let job = match own {
            Some(own) => bounds().timezone(Zone::named(own).unwrap()),
            None => bounds(),
        };
        scheduler.add_job(job).unwrap();
        let next = scheduler.job("a").unwrap().next_run_time;
        let next = next.map(|next| next.naive_local().to_string());
        assert_eq!(next.as_deref(), Some(&*eight), "{of_scheduler} {own:?}");
    }
    let job = Job::new("a", never(), || {});
    let error = Scheduler::builder()
        .build()
        .add_job(private::start(
            private::end(job, "soon"),
            "2026-13-01 08:00",
        ))
        .unwrap_err();
    for part in [
        "its start: \"2026-13-01 08:00\" is no time",
        "its end: \"soon\" is no time",
    ] {
        assert!(error.to_string().contains(part), "{error}");
    }
    // What is said last counts.
    let later = Utc::now() + Duration::from_secs(3600);
    let job = private::start(Job::new("a", never(), || {}), "soon").start(later);
    Scheduler::builder().build().add_job(job).unwrap();
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let scheduler = Scheduler::builder().build();
    let second = Duration::from_secs(1);
    let takes = |Args(_): Args<u8>| {};
    let start = Utc::now();
    let wrong = Job::new("a/b", Trigger::interval(Duration::ZERO), takes)
        .args("seven")
        .single_job(true)
        .max_instances(0)
        .misfire_grace_time(Duration::ZERO)
        .timeout(Duration::ZERO)
        .lock_ttl(Duration::from_millis(1))
        .start(start)
        .end(start - second);
    let jobs = Jobs::new()
        .job(wrong)
        .job(Job::new("twice", never(), || {}));
    let jobs = jobs.job(Job::new("twice", never(), || {}));
    let jobs = jobs.task(crate::executor::Task::new("c d", || {}));
    let error = scheduler.add(jobs).unwrap_err();
    assert!(error.is_refused());
    let text = error.to_string();
    for part in [
        "its id is \"a/b\"",
        "0",
        "max_instances is 0",
        "misfire_grace_time is 0",
        "timeout is 0",
        "has no lock",
        "lock_ttl is 1ms",
        "before its start",
        "its arguments \"seven\" are no u8",
        "\"twice\" is there twice",
        "the task \"c d\": its name",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(scheduler.jobs().is_empty());
    scheduler.add_job(Job::new("a", never(), || {})).unwrap();
    let again = scheduler
        .add_job(Job::new("a", never(), || {}))
        .unwrap_err();
    assert_eq!(again.to_string(), "there is a job \"a\" already");
}

#[test]
fn times_without_end_overflow_nothing() {
    let lock = Arc::new(crate::executor::lock::memory::MemoryLock::default());
    let scheduler = Scheduler::builder().lock(lock).build();
    let job = || Job::new("a", never(), || {}).single_job(true);
    let day = Duration::from_secs(86_400);
    for ttl in [day + Duration::from_millis(1), Duration::MAX] {
        let refused = scheduler.add_job(job().lock_ttl(ttl)).unwrap_err();
        let expected = format!("lock_ttl is {ttl:?}; allowed is 100ms to 24h");
        assert!(refused.to_string().contains(&expected), "{refused}");
    }
    let endless = job().lock_ttl(day).jitter(Duration::MAX);
    let endless = endless.misfire_grace_time(Duration::MAX);
    scheduler.add_job(endless.timeout(Duration::MAX)).unwrap();
}

#[test]
fn a_job_that_blocks_its_loop_stops_no_others_but_those_beside_it() {
    let watched = Watched::started();
    let (go, gone) = sync_channel::<()>(0);
    let gone = std::sync::Mutex::new(gone);
    let gone = Arc::new(gone);
    let blocks = move || {
        let gone = gone.clone();
        async move { gone.lock().unwrap().recv().is_ok() }
    };
    let scheduler = &watched.scheduler;
    let brief = Duration::from_millis(20);
    scheduler
        .add_job(Job::new("blocks", never(), blocks).timeout(brief))
        .unwrap();
    scheduler.run_now("blocks").unwrap();
    watched.wait(|event| matches!(event, Event::Cancelled { .. }).then_some(()));
    scheduler
        .add_job(Job::new("plain", often(), || {}))
        .unwrap();
    watched.ended("plain");
    go.send(()).unwrap();
    assert_eq!(watched.ended("blocks").outcome, Outcome::TimedOut);
}
