//! A trial: one run of a job apart from everything else, for tests.

use super::{
    Error, Event, Past, Scheduler, Skip,
    shared::{Parts, Shared},
};
use crate::executor::{Job, Trigger};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::oneshot;

impl Scheduler {
    /// Runs the job once, apart from everything else: at once, whether the scheduler is started or the job
    /// is paused, without a lock, and not in its history. For tests.
    ///
    /// ```
    /// use fastkit::executor::{Job, Outcome, Scheduler, Trigger};
    /// use std::time::Duration;
    ///
    /// async fn report() -> u64 {
    ///     42
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let scheduler = Scheduler::builder().build();
    /// scheduler.add_job(Job::new("report", Trigger::interval(Duration::from_secs(3600)), report))?;
    /// let past = scheduler.trial("report").await?;
    /// assert_eq!((past.outcome, past.text.as_deref()), (Outcome::Succeeded, Some("42")));
    /// # Ok::<(), fastkit::executor::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// When there is no such job, or it could not run: the threads cannot be started, or the pool takes no
    /// more.
    pub async fn trial(&self, id: &str) -> Result<Past, Error> {
        let shared = self.shared();
        let job = shared.state().core.definition(id)?.job.clone();
        let (sender, ended) = oneshot::channel();
        let sender = Mutex::new(Some(sender));
        let listener = move |event: &Event| {
            let result = match event {
                Event::Ended { past, .. } => Ok(past.clone()),
                Event::Skipped { why, .. } => Err(why.clone()),
                _ => return,
            };
            let mut sender = sender.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(sender) = sender.take() {
                // Nobody waits any more if the test is over.
                let _ = sender.send(result);
            }
        };
        let parts = &shared.parts;
        let apart = Self::of(Shared::new(Parts {
            pool: parts.pool.clone(),
            own_pool: false,
            background: parts.background.clone(),
            lock: None,
            store: None,
            zone: parts.zone,
            service: parts.service.clone(),
            given: parts.given.clone(),
            listeners: vec![Box::new(listener)],
        }));
        apart.add_job(alone(job))?;
        apart.start()?;
        apart.run_now(id)?;
        let result = ended.await.unwrap_or(Err(Skip::Stopped));
        apart.stop(Duration::ZERO).await;
        result.map_err(|why| {
            let why = match why {
                Skip::Full => "the queue of the pool is full",
                _ => "it was stopped before",
            };
            Error::not_running(&format!("has not run the job {id:?}: {why}"))
        })
    }
}

/// The job as one that runs only when it is asked to.
fn alone(mut job: Job) -> Job {
    job.trigger = Trigger::interval(Duration::from_secs(86_400));
    job.options.start = None;
    job.options.end = None;
    // Who asked for it waits for it: it never comes too late.
    job.options.misfire_grace_time = None;
    job.single_job(false).paused(true)
}
