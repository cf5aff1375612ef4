//! What a scheduler says of its jobs: [`Status`], [`Past`] runs, and the [`Report`] of a stop.

use super::definition::Definition;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// A job as it is now.
///
/// ```
/// use fastkit::executor::{Job, Scheduler, Trigger};
/// use std::time::Duration;
///
/// let scheduler = Scheduler::builder().build();
/// scheduler.add_job(Job::new("clean", Trigger::interval(Duration::from_secs(5)), || {}))?;
/// let status = scheduler.job("clean").expect("it was added");
/// assert_eq!((status.trigger, status.max_instances), ("IntervalTrigger", 1));
/// assert!(status.history.is_empty() && !status.paused);
/// # Ok::<(), fastkit::executor::Error>(())
/// ```
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Status {
    /// The id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// When it is due next, in its zone, without jitter; `None` if never, or paused.
    pub next_run_time: Option<DateTime<chrono::FixedOffset>>,
    /// `IntervalTrigger` and so on.
    pub trigger: &'static str,
    /// The trigger for people: `every 5s`.
    pub schedule: String,
    /// The arguments.
    pub args: Value,
    /// How late a run may begin; `None` is however late.
    pub misfire_grace_time: Option<Duration>,
    /// How many runs there may be at a time.
    pub max_instances: usize,
    /// Whether it runs once over all processes.
    pub single_job: bool,
    /// Whether it waits to be resumed.
    pub paused: bool,
    /// Whether nobody may change it from outside.
    pub protected: bool,
    /// How many runs are under way in this process.
    pub running: usize,
    /// Its last runs, the newest first, at most 20, of all processes that share the store.
    #[serde(serialize_with = "runs")]
    pub history: Arc<Vec<Past>>,
}

/// What a status is made of. It is taken while nothing else can happen to jobs, and the texts are made
/// after that.
pub(super) struct Glance {
    pub(super) definition: Arc<Definition>,
    pub(super) next: Option<DateTime<Utc>>,
    pub(super) max_instances: usize,
    pub(super) paused: bool,
    pub(super) running: usize,
    pub(super) history: Arc<Vec<Past>>,
}

impl From<Glance> for Status {
    fn from(seen: Glance) -> Self {
        let Definition { job, zone, .. } = &*seen.definition;
        let options = &job.options;
        Self {
            id: job.id.to_string(),
            name: options.name.clone().unwrap_or_else(|| job.id.to_string()),
            next_run_time: seen.next.map(|next| zone.at(next)),
            trigger: job.trigger.kind(),
            schedule: job.trigger.to_string(),
            args: (*options.args).clone(),
            misfire_grace_time: options.misfire_grace_time,
            max_instances: seen.max_instances,
            single_job: options.single_job,
            paused: seen.paused,
            protected: options.protected,
            running: seen.running,
            history: seen.history,
        }
    }
}

fn runs<S: Serializer>(history: &Arc<Vec<Past>>, to: S) -> Result<S::Ok, S::Error> {
    history.as_slice().serialize(to)
}

/// A run that is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Past {
    /// The id of the run.
    pub run: String,
    /// When it was due.
    pub scheduled: DateTime<Utc>,
    /// When it began.
    pub started: DateTime<Utc>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// What it returned, or why it failed; at most 1,000 characters.
    pub text: Option<String>,
    /// The process that ran it.
    pub process: u32,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Outcome {
    /// Well. Also when the service stopped meanwhile, if the run came to its end.
    Succeeded,
    /// With an error.
    Failed,
    /// With a panic.
    Panicked,
    /// It was told to end, for its timeout.
    TimedOut,
    /// It was told to end, for another reason.
    Cancelled,
}

/// How a scheduler has stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many runs ended while it was waited for them.
    pub finished: usize,
    /// The ids of the jobs whose runs were cut, one for each run, and the names of tasks on a pool of its own,
    /// in alphabetical order. An asynchronous run that was cut is dropped; a plain one goes on, and keeps its
    /// lock, until it or the process ends.
    pub cut: Vec<String>,
}
