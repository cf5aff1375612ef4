//! [`Scheduler`]: runs jobs at their times.

use super::{Given, Job, Jobs, Reason, ThreadPool, Trigger, Zone, lock::Lock, store::Store};
use crate::context::RequestId;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{fmt, sync::Arc, time::Duration};

/// Runs jobs at their times. Cheap to clone; all clones are one scheduler.
#[derive(Clone, Debug)]
pub struct Scheduler(Arc<()>);

/// Makes a [`Scheduler`].
#[derive(Debug, Default)]
pub struct SchedulerBuilder(());

impl SchedulerBuilder {
    /// The pool of plain jobs; by default one of its own, of 5 threads.
    pub fn threads(self, pool: ThreadPool) -> Self {
        todo!("{pool:?}")
    }

    /// The pool on which the background tasks of [`Scheduler::add`] run, which gets the lock and what
    /// is given; by default that of plain jobs.
    pub fn background(self, pool: ThreadPool) -> Self {
        todo!("{pool:?}")
    }

    /// What keeps the locks of single jobs. Without one, a single job cannot be added.
    pub fn lock(self, lock: Arc<dyn Lock>) -> Self {
        todo!("{lock:?}")
    }

    /// What is remembered over restarts and among processes; nothing by default.
    pub fn store(self, store: Arc<dyn Store>) -> Self {
        todo!("{store:?}")
    }

    /// The time zone of jobs that name none; [`Zone::local`] by default.
    pub fn timezone(self, zone: Zone) -> Self {
        todo!("{zone:?}")
    }

    /// Which start of the service this process belongs to: a removed job stays removed for it. By
    /// default this process alone.
    pub fn service(self, start: impl Into<String>) -> Self {
        todo!("{}", start.into())
    }

    /// A value that jobs may take as an argument, one per type.
    pub fn give<T: Clone + Send + Sync + 'static>(self, value: T) -> Self {
        let _ = value;
        todo!()
    }

    /// Is told of everything that happens to jobs, on the thread of the scheduler: it must not block.
    pub fn on_event(self, listener: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        let _ = listener;
        todo!()
    }

    /// The scheduler, which runs nothing until it is started.
    pub fn build(self) -> Scheduler {
        todo!()
    }
}

impl Scheduler {
    /// A scheduler with other than the default parts.
    pub fn builder() -> SchedulerBuilder {
        SchedulerBuilder::default()
    }

    /// Begins. Jobs may be added before and after.
    ///
    /// # Errors
    ///
    /// When the threads cannot be started, or what is remembered cannot be read.
    pub fn start(&self) -> Result<(), Error> {
        todo!()
    }

    /// Starts no more runs, tells those that run to end ([`Reason::Stop`]), and waits for them for at most
    /// `patience`.
    pub async fn stop(&self, patience: Duration) -> Report {
        todo!("{patience:?}")
    }

    /// Adds a job.
    ///
    /// # Errors
    ///
    /// When there is one of this id, or its id, trigger, options or arguments cannot be; all reasons at once.
    pub fn add_job(&self, job: Job) -> Result<(), Error> {
        todo!("{job:?}")
    }

    /// Adds jobs, all or none; tasks are started.
    ///
    /// # Errors
    ///
    /// As [`add_job`](Self::add_job), for all of them together.
    pub fn add(&self, jobs: Jobs) -> Result<(), Error> {
        todo!("{jobs:?}")
    }

    /// All jobs, by id.
    pub fn jobs(&self) -> Vec<Status> {
        todo!()
    }

    /// One job.
    pub fn job(&self, id: &str) -> Option<Status> {
        todo!("{id}")
    }

    /// Runs of the job do not begin any more until it is resumed, in no process that shares the store.
    ///
    /// # Errors
    ///
    /// When there is no such job, or it is protected. So for the others.
    pub fn pause(&self, id: &str) -> Result<(), Error> {
        todo!("{id}")
    }

    /// Undoes [`pause`](Self::pause). What was due meanwhile is not made up for.
    pub fn resume(&self, id: &str) -> Result<(), Error> {
        todo!("{id}")
    }

    /// Removes the job, in all processes that share the store, until the service is started anew. A run
    /// under way goes on.
    pub fn remove(&self, id: &str) -> Result<(), Error> {
        todo!("{id}")
    }

    /// Runs the job now, in this process, paused or not, beside its times; gives the id of the run.
    pub fn run_now(&self, id: &str) -> Result<RequestId, Error> {
        todo!("{id}")
    }

    /// Changes options of the job in this process.
    pub fn modify(&self, id: &str, change: Change) -> Result<(), Error> {
        todo!("{id} {change:?}")
    }

    /// Gives the job another trigger in this process.
    pub fn reschedule(&self, id: &str, trigger: Trigger) -> Result<(), Error> {
        todo!("{id} {trigger:?}")
    }

    /// The pool of plain jobs.
    pub fn threads(&self) -> &ThreadPool {
        todo!()
    }

    /// What it was given.
    pub fn given(&self) -> &Given {
        todo!()
    }
}

/// Options of a job to be changed; what is not named stays.
#[derive(Clone, Debug, Default)]
pub struct Change(());

/// A job as it is now.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Status {
    /// The id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// When it is due next, in its zone; `None` if never, or paused.
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
    pub history: Vec<Past>,
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
    /// Well.
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

/// Something that happened to a job.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A run began.
    Started { job: Arc<str>, run: RequestId },
    /// A run has ended.
    Ended { job: Arc<str>, past: Past },
    /// It was due, but is too late by now.
    Missed {
        job: Arc<str>,
        scheduled: DateTime<Utc>,
        times: u64,
    },
    /// It was due, but did not run.
    Skipped {
        job: Arc<str>,
        scheduled: DateTime<Utc>,
        why: Skip,
    },
    /// A run was told to end.
    Cancelled {
        job: Arc<str>,
        run: RequestId,
        reason: Reason,
    },
}

/// Why a job did not run although it was due.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Skip {
    /// As many runs as there may be are under way.
    MaxInstances,
    /// Another process runs it, or has run it for this time.
    Elsewhere,
    /// It cannot be known who has the lock.
    NoLock(String),
    /// The queue of the thread pool is full.
    Full,
}

/// How a scheduler has stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many runs ended while it was waited for them.
    pub finished: usize,
    /// The ids of the jobs whose runs were cut.
    pub cut: Vec<String>,
}

/// Why something could not be done with a job: all reasons, one per line.
#[derive(Debug)]
pub struct Error(());

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = f;
        todo!()
    }
}

impl std::error::Error for Error {}
