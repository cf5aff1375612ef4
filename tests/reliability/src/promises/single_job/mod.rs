//! Promise 13: a single job runs once at a time and once for each of its times, whatever happens to the
//! processes that share it and to the Redis between them; and a run that has lost its lock without knowing
//! it changes nothing any more.
//!
//! All scenarios run at the same time, each with servers of its own: they mostly wait.

mod holders;
mod runs;

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::signal::Signal;

use self::holders::{Holders, Locks, Plan};
use self::runs::Record;
use crate::promise::{Finding, Suite};

/// How long a lock outlives its holder here.
const TTL: Duration = Duration::from_secs(2);
/// How much later than that somebody else may begin.
const SLACK: Duration = Duration::from_secs(1);

type Scenario = fn(&Suite, &Plan) -> Result<Finding>;

pub(crate) fn measure(suite: &Suite) -> Result<Finding> {
    let mut plans: Vec<(Scenario, Plan)> = Vec::new();
    for count in [2, 8] {
        let redis = |name| Plan::new(name, count, Locks::Redis);
        let files = |name| Plan::new(name, count, Locks::Files);
        plans.push((together, redis("started together")));
        plans.push((apart, redis("started one after the other")));
        plans.push((one_leaves, redis("one ends")));
        plans.push((killed, redis("holder killed").long_runs()));
        plans.push((stopped, redis("holder stopped").long_runs()));
        plans.push((cut_off, redis("holder cut off").long_runs()));
        plans.push((forgotten, redis("Redis killed").long_runs()));
        plans.push((paused, redis("Redis paused").long_runs()));
        plans.push((together, files("files, started together")));
        plans.push((killed, files("files, holder killed").long_runs()));
    }
    let findings: Vec<Result<Finding>> = thread::scope(|scope| {
        let threads: Vec<_> = plans
            .iter()
            .map(|(scenario, plan)| {
                scope.spawn(move || scenario(suite, plan).with_context(|| plan.to_string()))
            })
            .collect();
        let ended = threads.into_iter().map(thread::ScopedJoinHandle::join);
        ended
            .map(|ended| ended.unwrap_or_else(|_| Err(anyhow::anyhow!("the measurement panicked"))))
            .collect()
    });
    let mut all = Finding::default();
    for finding in findings {
        let finding = finding?;
        all.figures.extend(finding.figures);
        all.missed.extend(finding.missed);
    }
    Ok(all)
}

/// All begin at once.
fn together(suite: &Suite, plan: &Plan) -> Result<Finding> {
    let mut holders = Holders::start(suite, plan)?;
    holders.add(plan.count)?;
    holders.wait_for_runs(suite.pick(5, 20))?;
    every_time_once(plan, &holders.end()?)
}

/// The others begin while the first one runs the job, as in a rolling restart (J1).
fn apart(suite: &Suite, plan: &Plan) -> Result<Finding> {
    let mut holders = Holders::start(suite, plan)?;
    holders.add(1)?;
    holders.wait_for_runs(3)?;
    holders.add(plan.count - 1)?;
    holders.wait_for_runs(suite.pick(6, 20))?;
    every_time_once(plan, &holders.end()?)
}

/// The one that ran the job first ends, and the others go on without a gap (J2).
fn one_leaves(suite: &Suite, plan: &Plan) -> Result<Finding> {
    let mut holders = Holders::start(suite, plan)?;
    holders.add(plan.count)?;
    holders.wait_for_runs(2)?;
    let first = holders
        .record()?
        .last_started()
        .context("nothing runs")?
        .process
        .clone();
    holders.signal(&first, Signal::SIGTERM)?;
    let before = holders.record()?.runs.len();
    holders.wait_for_runs(before + suite.pick(3, 10))?;
    every_time_once(plan, &holders.end()?)
}

/// The process that runs the job dies: another one runs it for the same time.
fn killed(suite: &Suite, plan: &Plan) -> Result<Finding> {
    let mut holders = Holders::start(suite, plan)?;
    holders.add(plan.count)?;
    let run = holders.wait_for_start()?;
    holders.signal(&run.process, Signal::SIGKILL)?;
    let lost = Instant::now();
    let next = holders.wait_for_other(&run)?;
    let took = lost.elapsed();
    let mut finding = Finding::default();
    finding.expect(next.due == run.due, || {
        format!("{plan}: the time that was lost is not run again")
    });
    taken_over(plan, took, &mut finding);
    no_overlap(plan, &holders.end()?, &mut finding);
    Ok(finding)
}

/// The process that runs the job stands still for longer than its lock lives, and goes on.
fn stopped(suite: &Suite, plan: &Plan) -> Result<Finding> {
    let mut holders = Holders::start(suite, plan)?;
    holders.add(plan.count)?;
    let run = holders.wait_for_start()?;
    holders.signal(&run.process, Signal::SIGSTOP)?;
    let lost = Instant::now();
    let next = holders.wait_for_other(&run)?;
    let mut finding = Finding::default();
    taken_over(plan, lost.elapsed(), &mut finding);
    holders.wait_for_write(&next)?;
    holders.signal(&run.process, Signal::SIGCONT)?;
    // The stale one may finish a step before it sees that its lock is gone.
    holders.wait_for_end(&run)?;
    let record = holders.end()?;
    let stale = record.run(&run.run).map_or(0, |run| run.refused);
    finding.figure(format!("{plan}: {stale} stale writes refused"));
    no_stale_write(plan, &record, &mut finding);
    Ok(finding)
}

/// The process that runs the job reaches the Redis no more: it stops by itself, before another one begins.
fn cut_off(suite: &Suite, plan: &Plan) -> Result<Finding> {
    let mut holders = Holders::start(suite, plan)?;
    holders.add(plan.count)?;
    let run = holders.wait_for_start()?;
    holders.cut_off(&run.process)?;
    let lost = Instant::now();
    holders.wait_for_other(&run)?;
    let mut finding = Finding::default();
    taken_over(plan, lost.elapsed(), &mut finding);
    no_overlap(plan, &holders.end()?, &mut finding);
    Ok(finding)
}

/// The Redis dies while the job runs, and comes back without its data.
fn forgotten(suite: &Suite, plan: &Plan) -> Result<Finding> {
    let mut holders = Holders::start(suite, plan)?;
    holders.add(plan.count)?;
    let run = holders.wait_for_start()?;
    holders.kill_redis();
    thread::sleep(Duration::from_millis(300));
    holders.start_redis()?;
    holders.wait_for_other(&run)?;
    let record = holders.end()?;
    let mut finding = Finding::default();
    finding.figure(format!(
        "{plan}: {} of {} runs overlap by the clock, none by the fence",
        record.overlaps(),
        record.runs.len()
    ));
    no_stale_write(plan, &record, &mut finding);
    Ok(finding)
}

/// The Redis stands still for longer than a lock lives: the run ends, none begins, until it goes on.
fn paused(suite: &Suite, plan: &Plan) -> Result<Finding> {
    let mut holders = Holders::start(suite, plan)?;
    holders.add(plan.count)?;
    let run = holders.wait_for_start()?;
    holders.pause_redis();
    let paused = Instant::now();
    holders.wait_for_end(&run)?;
    let ended = paused.elapsed();
    thread::sleep((TTL * 2).saturating_sub(paused.elapsed()));
    let meanwhile = holders.record()?.runs.len();
    holders.resume_redis();
    holders.wait_for_other(&run)?;
    let record = holders.end()?;
    let mut finding = Finding::default();
    finding.figure(format!(
        "{plan}: stopped itself after {:.1} s",
        ended.as_secs_f64()
    ));
    finding.expect(ended < TTL, || {
        format!("{plan}: the run went on for {ended:?}, its lock lived for {TTL:?}")
    });
    finding.expect(meanwhile == 1, || {
        format!(
            "{plan}: {} runs began while nobody could have a lock",
            meanwhile - 1
        )
    });
    no_overlap(plan, &record, &mut finding);
    Ok(finding)
}

/// Each time between the first run and the last was run, once, and no run met another.
fn every_time_once(plan: &Plan, record: &Record) -> Result<Finding> {
    let mut finding = Finding::default();
    let (twice, never) = record.times(plan.period);
    finding.figure(format!(
        "{plan}: {} runs, {twice} twice, {never} missing",
        record.runs.len()
    ));
    finding.expect(twice == 0, || {
        format!("{plan}: {twice} times were run twice")
    });
    finding.expect(never == 0, || format!("{plan}: {never} times were not run"));
    no_overlap(plan, record, &mut finding);
    Ok(finding)
}

fn taken_over(plan: &Plan, took: Duration, finding: &mut Finding) {
    finding.figure(format!(
        "{plan}: taken over after {:.1} s",
        took.as_secs_f64()
    ));
    finding.expect(took <= TTL + SLACK, || {
        format!("{plan}: taken over after {took:?}, the lock lives for {TTL:?}")
    });
}

fn no_overlap(plan: &Plan, record: &Record, finding: &mut Finding) {
    let overlaps = record.overlaps();
    finding.expect(overlaps == 0, || {
        format!("{plan}: {overlaps} pairs of runs overlap")
    });
    no_stale_write(plan, record, finding);
}

fn no_stale_write(plan: &Plan, record: &Record, finding: &mut Finding) {
    let stale = record.stale_writes();
    finding.expect(stale == 0, || {
        format!("{plan}: {stale} writes went through after those of a later run")
    });
}
