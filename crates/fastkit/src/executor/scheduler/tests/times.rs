//! The core with a clock of the test: what is due when, whatever the clock of the wall does.

use super::super::{
    core::{Act, Core, Remembered},
    cursor::Now,
    definition::{Definition, Surroundings},
};
use super::*;
use crate::executor::Zone;
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// A core, and the time.
struct Bench {
    core: Core,
    now: Now,
    definition: Option<Arc<Definition>>,
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

fn every(number: u64) -> Trigger {
    Trigger::interval(seconds(number))
}

fn define(job: Job, now: Now) -> Definition {
    let around = Surroundings {
        given: &Given::default(),
        has_lock: true,
        zone: Zone::UTC,
    };
    Definition::new(job, around, now.wall, 1).unwrap()
}

impl Bench {
    /// Starts at noon, with the job added.
    fn new(job: Job) -> Self {
        Self::at("2026-06-01T12:00:00Z", job)
    }

    fn at(start: &str, job: Job) -> Self {
        let now = Now {
            wall: time(start),
            mono: seconds(1_000),
        };
        let mut core = Core::new(|most| most / 2);
        core.start(now, false, |_| None);
        core.add(define(job, now), now, Remembered::default());
        let definition = core.definition("a").ok().cloned();
        Self {
            core,
            now,
            definition,
        }
    }

    /// Time passes, and the clock of the wall jumps by so many seconds besides.
    fn pass(&mut self, time: u64, jump: i64) -> String {
        self.now.mono += seconds(time);
        self.now.wall += TimeDelta::seconds(time as i64 + jump);
        self.turn()
    }

    fn turn(&mut self) -> String {
        let mut acts = Vec::new();
        while self.core.turn(self.now, 2, &mut acts) {}
        shown(&acts)
    }

    fn ended(&mut self) -> String {
        let mut acts = Vec::new();
        let definition = self.definition.clone().unwrap();
        self.core.ended(&definition, self.now, &mut acts);
        shown(&acts)
    }

    fn next(&self) -> String {
        let status = self.core.status("a", self.now);
        let next = status.and_then(|status| status.next_run_time);
        next.map_or("never".into(), |next| next.format("%H:%M:%S").to_string())
    }

    /// How long the core says that nothing is due.
    fn wait(&mut self) -> Option<u64> {
        self.core.wait(self.now).map(|wait| wait.as_secs())
    }
}

/// In short: `start 12:00:05, missed 3 until 12:00:20`.
fn shown(acts: &[Act]) -> String {
    let clock = |time: &DateTime<Utc>| time.format("%H:%M:%S").to_string();
    let parts = acts.iter().filter_map(|act| {
        Some(match act {
            Act::Start(_, at) => format!("start {}", clock(at)),
            Act::Claim(_, at) => format!("claim {}", clock(at)),
            Act::Dealt(..) => return None,
            Act::Tell(Event::Missed {
                scheduled, times, ..
            }) => format!("missed {times} until {}", clock(scheduled)),
            Act::Tell(Event::Coalesced {
                scheduled, times, ..
            }) => format!("{times} with {}", clock(scheduled)),
            Act::Tell(Event::Skipped { scheduled, .. }) => format!("skipped {}", clock(scheduled)),
            Act::Tell(event) => panic!("{event:?}"),
        })
    });
    parts.collect::<Vec<_>>().join(", ")
}

#[test]
fn intervals_ignore_the_clock_of_the_wall() {
    let mut bench = Bench::new(Job::new("a", every(5), || {}));
    assert_eq!(bench.wait(), Some(5));
    assert_eq!(bench.pass(4, 0), "");
    assert_eq!(bench.pass(1, 0), "start 12:00:05");
    bench.ended();
    // An hour forward and back: one run each 5 seconds all the same.
    assert_eq!(bench.pass(5, 3600), "start 13:00:10");
    bench.ended();
    assert_eq!(bench.pass(4, -7200), "");
    assert_eq!(bench.pass(1, 0), "start 11:00:15");
    bench.ended();
    assert_eq!(bench.next(), "11:00:20");
    // Late by 12 seconds: the grid stays.
    assert_eq!(bench.pass(17, 0), "2 with 11:00:30, start 11:00:30");
    assert_eq!(bench.wait(), Some(3));
}

#[test]
fn a_clock_that_goes_back_runs_nothing_twice() {
    let mut bench = Bench::new(Job::new("a", every(60).aligned(), || {}));
    assert_eq!(bench.pass(60, 0), "start 12:01:00");
    bench.ended();
    // It is looked at each second, however far away the next time is.
    assert_eq!(bench.wait(), Some(1));
    assert_eq!(bench.pass(1, -3600), "");
    for _ in 0..59 {
        assert_eq!(bench.pass(60, 0), "");
    }
    assert_eq!(bench.pass(60, 0), "");
    assert_eq!(bench.pass(59, 0), "start 12:02:00");
}

#[test]
fn a_clock_that_goes_back_before_the_first_run_makes_it_due_earlier() {
    let mut bench = Bench::new(Job::new("a", every(60).aligned(), || {}));
    assert_eq!(bench.pass(1, -3600), "");
    assert_eq!(bench.next(), "11:01:00");
    assert_eq!(bench.pass(59, 0), "start 11:01:00");
}

#[test]
fn a_clock_that_was_far_ahead_keeps_no_job_from_its_times() {
    let years = 10 * 365 * 86_400;
    let cron = || Job::new("a", Trigger::cron("* * * * *").unwrap(), || {});
    for job in [cron(), cron().single_job(true)] {
        let begin = if job.options.single_job {
            "claim"
        } else {
            "start"
        };
        let mut bench = Bench::at("2036-06-01T12:00:00Z", job);
        assert_eq!(bench.pass(60, 0), format!("{begin} 12:01:00"));
        let definition = bench.definition.clone().unwrap();
        if definition.job.options.single_job {
            assert!(bench.core.granted(&definition));
        }
        bench.ended();
        assert_eq!(bench.pass(1, -years), "");
        assert_eq!(bench.next(), "12:02:00");
        assert_eq!(bench.pass(59, 0), format!("{begin} 12:02:00"));
    }
    // A day is waited for, and no more.
    let mut bench = Bench::new(cron());
    bench.pass(60, 0);
    bench.ended();
    assert_eq!(bench.pass(1, -86_400), "");
    assert_eq!(bench.pass(60, 0), "");
    assert_eq!(bench.pass(1, -100), "");
    assert_ne!(bench.pass(60, 0), "");
    // A date has run for good.
    let mut bench = Bench::new(Job::new(
        "a",
        Trigger::at(time("2026-06-01T12:00:10Z")),
        || {},
    ));
    bench.pass(10, 0);
    assert_eq!(bench.pass(1, -years), "");
    assert_eq!(bench.next(), "never");
}

#[test]
fn what_is_remembered_from_far_ahead_counts_as_unknown() {
    let again = |job: Job, dealt: &str| {
        let mut bench = Bench::new(job.clone());
        bench.core.remove("a");
        let remembered = Remembered {
            dealt: Some(time(dealt)),
            ..Remembered::default()
        };
        bench
            .core
            .add(define(job, bench.now), bench.now, remembered);
        bench.core.status("a", bench.now).unwrap().next_run_time
    };
    let next = |at: &str| Some(time(at).fixed_offset());
    let minutely = || Job::new("a", every(60).aligned(), || {});
    for (dealt, expected) in [
        ("2026-06-02T12:00:00Z", "2026-06-02T12:01:00Z"),
        ("2026-06-02T12:00:01Z", "2026-06-01T12:01:00Z"),
        ("2036-06-01T12:00:00Z", "2026-06-01T12:01:00Z"),
    ] {
        assert_eq!(again(minutely(), dealt), next(expected), "{dealt}");
    }
    let date = Job::new("a", Trigger::at(time("2036-06-01T12:00:00Z")), || {});
    assert_eq!(again(date, "2036-06-01T12:00:00Z"), None);
}

#[test]
fn a_clock_that_leaps_forward_misses_by_the_policy() {
    let job = || Job::new("a", every(600).aligned(), || {});
    let hour = |job: Job| Bench::new(job).pass(1, 3600);
    // The last of six times was a second ago, within the grace of a minute.
    assert_eq!(hour(job()), "5 with 13:00:00, start 13:00:00");
    let mut late = Bench::new(job());
    assert_eq!(late.pass(1, 3600 + 120), "missed 6 until 13:00:00");
    assert_eq!(late.next(), "13:10:00");
    let one_by_one = job().coalesce(false).max_instances(2);
    assert_eq!(
        hour(one_by_one.clone()),
        "missed 5 until 12:50:00, start 13:00:00"
    );
    let mut all = Bench::new(one_by_one.misfire_grace_time(None));
    assert_eq!(all.pass(1, 3600), "start 12:10:00, start 12:20:00");
    assert_eq!(all.ended(), "start 12:30:00");
    // What comes while others wait is put behind them.
    assert_eq!(all.pass(600, 0), "");
    let rest: Vec<_> = (0..5).map(|_| all.ended()).collect();
    let expected = ["12:40", "12:50", "13:00", "13:10", ""];
    assert_eq!(
        rest,
        expected.map(|at| match at {
            "" => String::new(),
            at => format!("start {at}:00"),
        })
    );
}

#[test]
fn at_most_a_hundred_times_are_caught_up_with() {
    for trigger in [every(1).aligned(), every(1)] {
        let job = Job::new("a", trigger, || {});
        let job = job
            .coalesce(false)
            .misfire_grace_time(None)
            .max_instances(1000);
        let acts = Bench::new(job).pass(7_200, 0);
        assert_eq!(acts.matches("start").count(), 100, "{acts}");
        assert!(acts.contains("until 14:00:00"), "{acts}");
        assert!(acts.contains("start 12:01:40"), "{acts}");
    }
    // What is within the grace is found behind any number of times that are too late.
    for trigger in [every(1).aligned(), every(1)] {
        let job = Job::new("a", trigger, || {})
            .coalesce(false)
            .max_instances(1000);
        let acts = Bench::new(job).pass(72_000, 0);
        assert_eq!(acts.matches("start").count(), 61, "{acts}");
        assert!(acts.contains("start 08:00:00"), "{acts}");
        assert!(acts.contains("until 07:58:59"), "{acts}");
    }
}

#[test]
fn as_many_runs_as_may_be_and_no_more() {
    let mut bench = Bench::new(Job::new("a", every(5), || {}).max_instances(2));
    assert_eq!(bench.pass(5, 0), "start 12:00:05");
    assert_eq!(bench.pass(5, 0), "start 12:00:10");
    assert_eq!(bench.pass(5, 0), "skipped 12:00:15");
    assert!(bench.core.run_now("a").unwrap_err().is_busy());
    bench.ended();
    assert_eq!(bench.pass(5, 0), "start 12:00:20");
    assert_eq!(bench.core.status("a", bench.now).unwrap().running, 2);
}

#[test]
fn jitter_moves_the_begin_and_not_the_time() {
    let mut bench = Bench::new(Job::new("a", every(60).aligned(), || {}).jitter(seconds(20)));
    // The test puts everything off by half of what is allowed.
    assert_eq!(bench.next(), "12:01:00");
    assert_eq!(bench.pass(69, 0), "");
    assert_eq!(bench.pass(1, 0), "start 12:01:00");
    bench.ended();
    assert_eq!(bench.next(), "12:02:00");
    let mut bench = Bench::new(Job::new("a", every(60), || {}).jitter(seconds(120)));
    // Longer than the period: no time is lost.
    assert_eq!(bench.pass(60 + 60, 0), "1 with 12:02:00, start 12:02:00");
}

#[test]
fn start_and_end_bound_the_times() {
    let start = time("2026-06-01T12:30:00Z");
    let bounds = |trigger: Trigger| {
        let job = Job::new("a", trigger, || {}).start(start);
        Bench::new(job.end(start + TimeDelta::seconds(120)))
    };
    for trigger in [every(60).aligned(), every(60)] {
        let mut bench = bounds(trigger);
        assert_eq!(bench.next(), "12:30:00");
        assert_eq!(bench.pass(1799, 0), "");
        assert_eq!(bench.pass(1, 0), "start 12:30:00");
        bench.ended();
        assert_eq!(bench.pass(60, 0), "start 12:31:00");
        bench.ended();
        assert_eq!(bench.pass(60, 0), "start 12:32:00");
        assert_eq!((bench.next().as_str(), bench.wait()), ("never", None));
        // It was added to a scheduler that runs: with its last run it is gone.
        bench.ended();
        assert!(!bench.core.has("a"));
    }
    // The end passes while nobody looks: what was before it counts.
    let mut bench = bounds(every(60));
    assert_eq!(bench.pass(1830, 0), "start 12:30:00");
    bench.ended();
    assert_eq!(bench.pass(100, 0), "1 with 12:32:00, start 12:32:00");
}

#[test]
fn a_date_runs_once_and_a_moment_too_late_is_late() {
    let at = |time: &str| Job::new("a", Trigger::at(self::time(time)), || {});
    let mut bench = Bench::new(at("2026-06-01T11:59:59Z"));
    assert_eq!(bench.turn(), "start 11:59:59");
    bench.ended();
    assert!(!bench.core.has("a"));
    let mut bench = Bench::new(at("2026-06-01T11:00:00Z"));
    assert_eq!(bench.turn(), "missed 1 until 11:00:00");
    assert!(!bench.core.has("a"));
    let mut bench = Bench::new(at("2026-06-01T12:00:10Z"));
    // Back and forth over the date: once.
    assert_eq!(bench.pass(10, 0), "start 12:00:10");
    assert_eq!(bench.pass(1, -60), "");
    assert_eq!(bench.pass(100, 0), "");
}

#[test]
fn what_was_due_in_a_pause_is_not_made_up_for() {
    for trigger in [every(60).aligned(), every(60)] {
        let mut bench = Bench::new(Job::new("a", trigger, || {}).misfire_grace_time(None));
        assert!(bench.core.pause("a") && !bench.core.pause("a"));
        assert_eq!((bench.next().as_str(), bench.wait()), ("never", None));
        assert_eq!(bench.pass(210, 0), "");
        assert!(bench.core.resume("a", bench.now) && !bench.core.resume("a", bench.now));
        assert_eq!(bench.turn(), "");
        assert_eq!(bench.next(), "12:04:00");
        assert_eq!(bench.pass(30, 0), "start 12:04:00");
    }
}

#[test]
fn a_change_keeps_what_is_due() {
    let mut bench = Bench::new(Job::new("a", every(60), || {}));
    let change = |bench: &mut Bench, job: Job, rescheduled| {
        let definition = define(job, bench.now);
        bench.core.replace(definition, bench.now, rescheduled);
    };
    bench.now.mono += seconds(60);
    bench.now.wall += TimeDelta::seconds(60);
    change(&mut bench, Job::new("a", every(60), || {}).name("A"), false);
    assert_eq!(bench.turn(), "start 12:01:00");
    bench.ended();
    assert_eq!(bench.pass(30, 0), "");
    // The grid stays, too.
    change(&mut bench, Job::new("a", every(60), || {}).name("B"), false);
    assert_eq!(bench.next(), "12:02:00");
    change(&mut bench, Job::new("a", every(10), || {}), true);
    assert_eq!(bench.next(), "12:01:40");
    assert_eq!(bench.pass(10, 0), "start 12:01:40");
}

#[test]
fn what_was_missed_over_a_restart_is_made_up_for() {
    let dealt = Some(time("2026-06-01T11:40:00Z"));
    let again = |job: Job| {
        let mut bench = Bench::new(job.clone());
        bench.core.remove("a");
        let remembered = Remembered {
            dealt,
            ..Remembered::default()
        };
        bench
            .core
            .add(define(job, bench.now), bench.now, remembered);
        bench.turn()
    };
    let wall = Job::new("a", every(600).aligned(), || {});
    assert_eq!(again(wall.clone()), "1 with 12:00:00, start 12:00:00");
    assert_eq!(
        again(wall.coalesce(false).misfire_grace_time(seconds(601))),
        "start 11:50:00"
    );
    // Nobody knows when an interval would have been.
    assert_eq!(again(Job::new("a", every(600), || {})), "");
    let date = Job::new("a", Trigger::at(time("2026-06-01T11:40:00Z")), || {});
    assert_eq!(again(date), "");
}

#[test]
fn single_jobs_ask_first() {
    let mut bench = Bench::new(Job::new("a", every(60), || {}).single_job(true));
    let definition = bench.definition.clone().unwrap();
    assert_eq!(bench.pass(60, 0), "claim 12:01:00");
    // Due again: for the new time.
    assert_eq!(bench.pass(60, 0), "claim 12:02:00");
    assert!(bench.core.granted(&definition));
    assert_eq!(bench.pass(60, 0), "skipped 12:03:00");
    bench.ended();
    assert_eq!(bench.pass(60, 0), "claim 12:04:00");
    bench.core.pause("a");
    assert!(!bench.core.wants_lock(&definition) && !bench.core.granted(&definition));
}

#[test]
fn a_day_has_one_run_whatever_the_zone_does() {
    for (zone, start, hour) in [
        ("America/New_York", "2026-03-06T12:00:00Z", "30 2 * * *"),
        ("America/New_York", "2026-10-30T12:00:00Z", "30 1 * * *"),
        ("Australia/Lord_Howe", "2026-04-03T12:00:00Z", "45 1 * * *"),
        ("Australia/Lord_Howe", "2026-10-02T12:00:00Z", "15 2 * * *"),
        ("Africa/Cairo", "2026-04-22T12:00:00Z", "30 0 * * *"),
        ("Africa/Cairo", "2026-10-28T12:00:00Z", "30 23 * * *"),
        ("Asia/Shanghai", "2026-02-27T12:00:00Z", "0 8 * * *"),
    ] {
        let job = Job::new("a", Trigger::cron(hour).unwrap(), || {});
        let mut bench = Bench::at(start, job.timezone(Zone::named(zone).unwrap()));
        let mut runs = 0;
        for _ in 0..4 * 24 * 60 {
            let acts = bench.pass(60, 0);
            runs += acts.matches("start").count();
            assert!(
                acts.is_empty() || acts.starts_with("start"),
                "{zone}: {acts}"
            );
            bench.ended();
        }
        assert_eq!(runs, 4, "{zone} {hour}");
    }
}

#[test]
fn changes_do_not_fill_the_heaps() {
    let mut bench = Bench::new(Job::new("a", Trigger::cron("0 0 1 1 *").unwrap(), || {}));
    for _ in 0..10_000 {
        bench.core.pause("a");
        bench.core.resume("a", bench.now);
    }
    assert!(bench.core.places() < 100, "{}", bench.core.places());
}

/// One step of a random life: how much time passes, by how much the wall jumps, whether runs end.
fn step() -> impl Strategy<Value = (u64, i64, bool)> {
    let jump = prop_oneof![
        6 => Just(0),
        1 => -3600_i64..-1,
        1 => 1_i64..3600,
    ];
    (0_u64..200, jump, any::<bool>())
}

fn job() -> impl Strategy<Value = Job> {
    let grace = prop_oneof![
        Just(None),
        (1_u64..2000).prop_map(|time| Some(seconds(time)))
    ];
    (
        5_u64..300,
        any::<bool>(),
        any::<bool>(),
        grace,
        1_usize..4,
        0_u64..60,
    )
        .prop_map(|(period, aligned, coalesce, grace, most, jitter)| {
            let trigger = every(period);
            let trigger = if aligned { trigger.aligned() } else { trigger };
            Job::new("a", trigger, || {})
                .coalesce(coalesce)
                .misfire_grace_time(grace)
                .max_instances(most)
                .jitter(seconds(jitter))
        })
}

/// What the events of a life add up to.
#[derive(Debug, Default)]
struct Account {
    /// Times that were run or skipped, each by itself.
    single: BTreeSet<DateTime<Utc>>,
    twice: Vec<DateTime<Utc>>,
    times: u64,
    running: usize,
}

impl Account {
    fn add(&mut self, acts: &[Act]) {
        for act in acts {
            let (one, times) = match act {
                Act::Start(_, at) => {
                    self.running += 1;
                    (Some(*at), 1)
                }
                Act::Tell(Event::Skipped { scheduled, .. }) => (Some(*scheduled), 1),
                Act::Tell(Event::Missed { times, .. } | Event::Coalesced { times, .. }) => {
                    (None, *times)
                }
                _ => (None, 0),
            };
            self.times += times;
            if let Some(at) = one
                && !self.single.insert(at)
            {
                self.twice.push(at);
            }
        }
    }
}

proptest! {
    /// Against the plainest model there is: count the times one by one.
    #[test]
    fn no_time_is_run_twice_or_lost(job in job(), steps in prop::collection::vec(step(), 1..60)) {
        let mut bench = Bench::new(job.clone());
        let definition = bench.definition.clone().unwrap();
        let most = job.options.max_instances;
        let (mut floor, begin) = (bench.now.wall, bench.now.mono);
        let (mut high, mut taken) = (bench.now.wall, false);
        let mut account = Account::default();
        for (time, jump, end) in steps {
            bench.now.mono += seconds(time);
            bench.now.wall += TimeDelta::seconds(time as i64 + jump);
            // Until it has run for the first time, it goes by the clock as it is.
            if jump < -1 && !taken {
                floor = bench.now.wall;
                high = floor;
            }
            let mut acts = Vec::new();
            while bench.core.turn(bench.now, 1, &mut acts) {}
            taken |= !acts.is_empty();
            account.add(&acts);
            prop_assert!(account.running <= most);
            high = high.max(bench.now.wall);
            if end {
                while account.running > 0 {
                    let mut acts = Vec::new();
                    account.running -= 1;
                    bench.core.ended(&definition, bench.now, &mut acts);
                    account.add(&acts);
                }
            }
        }
        // Everything that is still put off by jitter, and nothing else.
        while account.running > 0 {
            let mut acts = Vec::new();
            account.running -= 1;
            bench.core.ended(&definition, bench.now, &mut acts);
            account.add(&acts);
        }
        let period = match job.trigger.monotonic_period() {
            Some(period) => period,
            None => job.trigger.longest_gap(bench.now.wall, Zone::UTC),
        };
        let times = match job.trigger.monotonic_period() {
            Some(period) => (bench.now.mono - begin).as_secs() / period.as_secs(),
            None => {
                let period = period.as_secs() as i64;
                let count = high.timestamp() / period - floor.timestamp() / period;
                count as u64
            }
        };
        // A time whose begin is put off is not counted yet; one at the most, or those within its jitter.
        let open = job.options.jitter.as_secs().div_ceil(period.as_secs());
        prop_assert!(account.times <= times, "{} of {times}", account.times);
        prop_assert!(account.times + open >= times, "{} of {times}", account.times);
        if job.trigger.monotonic_period().is_none() {
            prop_assert!(account.twice.is_empty(), "{:?}", account.twice);
            for at in account.single {
                prop_assert_eq!(at.timestamp() % period.as_secs() as i64, 0);
            }
        }
    }
}
