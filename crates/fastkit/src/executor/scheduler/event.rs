//! [`Event`]: what happens to jobs, for listeners, and as lines of the log.

use super::{Outcome, Past};
use crate::{
    context::{RequestId, enter},
    executor::Reason,
};
use chrono::{DateTime, SecondsFormat, Utc};
use std::sync::Arc;
use tracing::{debug, error, info, warn};

/// Something that happened to a job, as [`on_event`](super::SchedulerBuilder::on_event) tells it: to count
/// for metrics, or to warn somebody.
///
/// ```
/// use fastkit::executor::{Event, Outcome, Scheduler};
/// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
///
/// let failed = Arc::new(AtomicU64::new(0));
/// let count = failed.clone();
/// let scheduler = Scheduler::builder()
///     .on_event(move |event| match event {
///         Event::Ended { past, .. } if past.outcome != Outcome::Succeeded => {
///             count.fetch_add(1, Ordering::Relaxed);
///         }
///         Event::Missed { times, .. } => {
///             count.fetch_add(*times, Ordering::Relaxed);
///         }
///         _ => {}
///     })
///     .build();
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A run began.
    Started {
        /// The id of the job.
        job: Arc<str>,
        /// The id of the run.
        run: RequestId,
    },
    /// A run has ended.
    Ended {
        /// The id of the job.
        job: Arc<str>,
        /// The run.
        past: Past,
    },
    /// It was due, but is too late by now.
    Missed {
        /// The id of the job.
        job: Arc<str>,
        /// The last of the times that were missed.
        scheduled: DateTime<Utc>,
        /// How many they are. Of a long stretch of time not all are counted: from 1,000 on it is "at least".
        times: u64,
    },
    /// It was due several times meanwhile, and runs once for all of them.
    Coalesced {
        /// The id of the job.
        job: Arc<str>,
        /// The last of these times, for which it runs.
        scheduled: DateTime<Utc>,
        /// How many times there were before that one, counted as those of [`Missed`](Self::Missed).
        times: u64,
    },
    /// It was due, but did not run.
    Skipped {
        /// The id of the job.
        job: Arc<str>,
        /// The time that it was due.
        scheduled: DateTime<Utc>,
        /// Why it did not run.
        why: Skip,
    },
    /// A run was told to end.
    Cancelled {
        /// The id of the job.
        job: Arc<str>,
        /// The id of the run.
        run: RequestId,
        /// Why.
        reason: Reason,
    },
}

/// Why a job did not run although it was due.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Skip {
    /// As many runs as there may be are under way.
    MaxInstances,
    /// Another process runs it, or has run it for this time. If that process dies, it may still be run here.
    Elsewhere,
    /// It cannot be known who has the lock; it is asked for again while the run is not too late.
    NoLock(String),
    /// The queue of the thread pool is full.
    Full,
    /// The scheduler stopped before the run had begun.
    Stopped,
}

impl Event {
    /// The id of the job.
    pub fn job(&self) -> &str {
        match self {
            Self::Started { job, .. }
            | Self::Ended { job, .. }
            | Self::Missed { job, .. }
            | Self::Coalesced { job, .. }
            | Self::Skipped { job, .. }
            | Self::Cancelled { job, .. } => job,
        }
    }

    /// Writes it as a line. What operators have to act on is a warning or an error, the rest is of interest
    /// only to who looks for something.
    pub(super) fn log(&self) {
        const TARGET: &str = "fastkit::executor";
        let time = |time: &DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Millis, true);
        match self {
            Self::Started { job, run } => {
                let _scope = enter(*run);
                debug!(target: TARGET, job = &**job, run = run.as_str(), "the job begins");
            }
            Self::Ended { job, past } => {
                let _scope = RequestId::parse(past.run.as_bytes()).map(enter);
                let (job, run, took) = (&**job, &*past.run, past.duration_ms);
                let text = past.text.as_deref().unwrap_or("no reason was given");
                match past.outcome {
                    Outcome::Succeeded => {
                        debug!(target: TARGET, job, run, "the job has ended after {took} ms");
                    }
                    Outcome::Failed => {
                        error!(target: TARGET, job, run, "the job failed after {took} ms: {text}");
                    }
                    Outcome::Panicked => {
                        error!(target: TARGET, job, run, "the job panicked after {took} ms: {text}");
                    }
                    Outcome::TimedOut => {
                        warn!(target: TARGET, job, run, "the job has ended after its timeout, after {took} ms");
                    }
                    Outcome::Cancelled => {
                        warn!(target: TARGET, job, run, "the job has ended before it was done, after {took} ms");
                    }
                }
            }
            Self::Missed {
                job,
                scheduled,
                times,
            } => {
                let last = time(scheduled);
                warn!(target: TARGET, job = &**job, "the job was due {times} times, at last at {last}, which is too late to run it");
            }
            Self::Coalesced {
                job,
                scheduled,
                times,
            } => {
                let last = time(scheduled);
                debug!(target: TARGET, job = &**job, "the job was due {times} times before {last} and runs once for all of them");
            }
            Self::Skipped {
                job,
                scheduled,
                why,
            } => {
                let (job, due) = (&**job, time(scheduled));
                match why {
                    Skip::Elsewhere => {
                        debug!(target: TARGET, job, "the job, due at {due}, runs in another process");
                    }
                    Skip::Stopped => {
                        info!(target: TARGET, job, "the job, due at {due}, does not begin: the scheduler stops");
                    }
                    Skip::MaxInstances => {
                        warn!(target: TARGET, job, "the job, due at {due}, does not run: as many runs as there may be are under way");
                    }
                    Skip::Full => {
                        warn!(target: TARGET, job, "the job, due at {due}, does not run: the queue of the thread pool is full");
                    }
                    Skip::NoLock(reason) => {
                        warn!(target: TARGET, job, "the job, due at {due}, does not run: nobody knows who has its lock: {reason}");
                    }
                }
            }
            Self::Cancelled { job, run, reason } => {
                let _scope = enter(*run);
                let (job, run) = (&**job, run.as_str());
                match reason {
                    Reason::Stop => info!(target: TARGET, job, run, "the job is to end: {reason}"),
                    _ => warn!(target: TARGET, job, run, "the job is to end: {reason}"),
                }
            }
        }
    }
}
