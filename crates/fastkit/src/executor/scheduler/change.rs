//! [`Change`]: options of a job that is there already.

use crate::executor::Job;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// Options of a job to be changed; what is not named stays. Those that are the same in all processes, like
/// `single_job`, cannot be changed. A run under way keeps what it has begun with.
///
/// ```
/// use fastkit::executor::{Change, Job, Scheduler, Trigger};
/// use std::time::Duration;
///
/// let scheduler = Scheduler::builder().build();
/// scheduler.add_job(Job::new("clean", Trigger::interval(Duration::from_secs(5)), || {}))?;
/// let change = Change::new().name("Clean up").misfire_grace_time(Duration::from_secs(10));
/// scheduler.modify("clean", change)?;
/// assert_eq!(scheduler.job("clean").map(|job| job.name).as_deref(), Some("Clean up"));
/// # Ok::<(), fastkit::executor::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Change {
    name: Option<String>,
    args: Option<Arc<Value>>,
    misfire_grace_time: Option<Option<Duration>>,
    coalesce: Option<bool>,
    max_instances: Option<usize>,
    jitter: Option<Duration>,
    timeout: Option<Option<Duration>>,
    end: Option<Option<DateTime<Utc>>>,
    problems: Vec<String>,
}

impl Change {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What people call it.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// What the function gets as [`Args`](crate::executor::Args): anything that is JSON.
    pub fn args(mut self, args: impl Serialize) -> Self {
        match serde_json::to_value(args) {
            Ok(args) => self.args = Some(Arc::new(args)),
            Err(error) => self
                .problems
                .push(format!("its arguments are no JSON: {error}")),
        }
        self
    }

    /// How late a run may begin; `None` is however late.
    pub fn misfire_grace_time(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.misfire_grace_time = Some(time.into());
        self
    }

    /// Whether times that have passed meanwhile are run once.
    pub fn coalesce(mut self, on: bool) -> Self {
        self.coalesce = Some(on);
        self
    }

    /// How many runs there may be at a time in this process.
    pub fn max_instances(mut self, most: usize) -> Self {
        self.max_instances = Some(most);
        self
    }

    /// The most by which each run is put off at random.
    pub fn jitter(mut self, most: Duration) -> Self {
        self.jitter = Some(most);
        self
    }

    /// How long a run may take; `None` is without end.
    pub fn timeout(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.timeout = Some(time.into());
        self
    }

    /// No time after this one counts; `None` is without end.
    pub fn end(mut self, time: impl Into<Option<DateTime<Utc>>>) -> Self {
        self.end = Some(time.into());
        self
    }

    /// The job with these options.
    pub(super) fn apply(self, job: &Job) -> Job {
        let mut job = job.clone();
        let options = &mut job.options;
        if let Some(name) = self.name {
            options.name = Some(name);
        }
        options.args = self.args.unwrap_or_else(|| options.args.clone());
        options.misfire_grace_time = self
            .misfire_grace_time
            .unwrap_or(options.misfire_grace_time);
        options.coalesce = self.coalesce.unwrap_or(options.coalesce);
        options.max_instances = self.max_instances.unwrap_or(options.max_instances);
        options.jitter = self.jitter.unwrap_or(options.jitter);
        options.timeout = self.timeout.unwrap_or(options.timeout);
        options.end = self.end.unwrap_or(options.end);
        job.problems.extend(self.problems);
        job
    }
}
