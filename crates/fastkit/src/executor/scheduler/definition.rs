//! [`Definition`]: a job that was found right, with what is worked out once of its options.

use crate::executor::{
    Given, Job, Task, Trigger, Zone, job::id_problem, lock::ttl_problem, threads,
};
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// A job as it is run.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) job: Job,
    pub(super) zone: Zone,
    /// Tells jobs of the same id apart, of which one was removed.
    pub(super) born: u64,
    /// How long the lock of a single job has to know that the run for a time is done.
    pub(super) remember: Duration,
}

/// What the jobs of a scheduler are checked against.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub(super) given: &'a Given,
    pub(super) has_lock: bool,
    pub(super) zone: Zone,
}

impl Definition {
    /// The job, or everything that is wrong with it.
    pub(super) fn new(
        mut job: Job,
        around: Surroundings<'_>,
        now: DateTime<Utc>,
        born: u64,
    ) -> Result<Self, Vec<String>> {
        let zone = job.options.zone.unwrap_or(around.zone);
        let wrong = job.options.settle_bounds(zone);
        job.problems.extend(wrong);
        let problems = problems(&job, around);
        if !problems.is_empty() {
            let told = |problem| format!("the job {:?}: {problem}", job.id);
            return Err(problems.into_iter().map(told).collect());
        }
        let mut remember = Duration::ZERO;
        if job.options.single_job {
            job.trigger = shared(job.trigger);
            // Past the period, for a process that comes as late as it may.
            let late = job.options.misfire_grace_time.unwrap_or_default();
            remember = [
                job.trigger.longest_gap(now, zone),
                late.max(Duration::from_secs(60)),
                job.options.jitter,
                job.options.lock_ttl,
            ]
            .into_iter()
            .fold(Duration::ZERO, Duration::saturating_add);
        }
        Ok(Self {
            job,
            zone,
            born,
            remember,
        })
    }

    pub(super) fn id(&self) -> &str {
        &self.job.id
    }

    /// The period, if the job is due by the clock that never jumps.
    pub(super) fn period(&self) -> Option<Duration> {
        self.job.trigger.monotonic_period()
    }

    /// Whether it is a time that counts.
    pub(super) fn counts(&self, time: DateTime<Utc>) -> bool {
        self.job.options.end.is_none_or(|end| time <= end)
    }

    /// The first time after `after` that is due on the clock of the wall.
    pub(super) fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let time = self.job.trigger.next(after, self.zone)?;
        self.counts(time).then_some(time)
    }

    /// How late a run may begin; jitter does not make it late.
    pub(super) fn patience(&self) -> Option<Duration> {
        let grace = self.job.options.misfire_grace_time?;
        Some(grace.saturating_add(self.job.options.jitter))
    }

    /// Whether a run for this time would begin too late.
    pub(super) fn too_late(&self, scheduled: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        self.patience()
            .is_some_and(|patience| now - scheduled > delta(patience))
    }
}

/// What is wrong with a task, if something is.
pub(super) fn task_problems(task: &Task, around: Surroundings<'_>) -> Vec<String> {
    let problems = threads::problems(task, around.has_lock, around.given);
    let told = |problem| format!("the task {:?}: {problem}", task.name());
    problems.into_iter().map(told).collect()
}

/// What all processes understand alike.
fn shared(trigger: Trigger) -> Trigger {
    if trigger.monotonic_period().is_some() {
        trigger.aligned()
    } else {
        trigger
    }
}

/// As a difference of times; as long as can be for what is longer.
pub(super) fn delta(time: Duration) -> TimeDelta {
    TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX)
}

fn problems(job: &Job, around: Surroundings<'_>) -> Vec<String> {
    let mut problems = job.problems.clone();
    let mut problem = |text: String| problems.push(text);
    let options = &job.options;
    if let Some(text) = id_problem(&job.id) {
        problem(format!("its id {text}"));
    }
    if let Some(text) = job.trigger.problem() {
        problem(text);
    }
    if options.max_instances == 0 {
        problem("max_instances is 0; allowed is 1 and more".into());
    }
    if options.misfire_grace_time == Some(Duration::ZERO) {
        problem("misfire_grace_time is 0, so that each run would be too late; allowed is more than that, or None for however late".into());
    }
    if options.timeout == Some(Duration::ZERO) {
        problem("timeout is 0; allowed is more than that, or None for no timeout".into());
    }
    if options.single_job && !around.has_lock {
        problem("single_job is on, but the scheduler has no lock".into());
    }
    if options.single_job
        && let Some(text) = ttl_problem(options.lock_ttl)
    {
        problem(text);
    }
    if let (Some(start), Some(end)) = (options.start, options.end)
        && end < start
    {
        problem(format!("its end {end} is before its start {start}"));
    }
    if let Err(text) = (job.work.check)(around.given, &options.args) {
        problem(text);
    }
    problems
}
