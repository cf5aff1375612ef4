//! [`Scheduler`]: runs jobs at their times.
//!
//! What is due is decided in `core`, which knows neither clocks nor threads; `runtime` has the threads,
//! `begin` gives a run to a loop or a thread and `runner` stays with it to its end, `claim` asks for the
//! locks of single jobs, `memory` has what is kept in the store.

mod begin;
mod builder;
mod change;
mod claim;
mod core;
mod cursor;
mod definition;
mod error;
mod event;
mod history;
mod journal;
mod memory;
mod race;
mod runner;
mod runtime;
mod shared;
mod status;
#[cfg(test)]
mod tests;
mod trial;

pub use builder::SchedulerBuilder;
pub use change::Change;
pub use error::Error;
pub use event::{Event, Skip};
pub use status::{Outcome, Past, Report, Status};

use self::{
    definition::Definition,
    shared::{AT_ONCE, Order, Phase, Shared, State},
};
use super::{Given, Job, Jobs, ThreadPool, Trigger};
use crate::context::RequestId;
use std::{collections::HashSet, fmt, sync::Arc, time::Duration};
use tokio::sync::oneshot;

/// Runs jobs at their times. Cheap to clone; all clones are one scheduler.
///
/// It has two threads of its own once it is started and has jobs: one for timers and locks, one for
/// asynchronous jobs; plain jobs run on a [`ThreadPool`]. It ends with [`stop`](Self::stop), or when its last clone is
/// dropped: then runs under way are told to end, and not waited for.
///
/// ```
/// use fastkit::executor::{Event, Job, Scheduler, Trigger};
/// use std::{sync::mpsc, time::Duration};
///
/// async fn hello() -> &'static str {
///     "hello"
/// }
///
/// let (sender, ended) = mpsc::channel();
/// let scheduler = Scheduler::builder()
///     .on_event(move |event| {
///         if let Event::Ended { past, .. } = event {
///             let _ = sender.send(past.text.clone());
///         }
///     })
///     .build();
/// scheduler.add_job(Job::new("hello", Trigger::interval(Duration::from_millis(20)), hello))?;
/// scheduler.start()?;
/// assert_eq!(ended.recv().ok().flatten().as_deref(), Some("hello"));
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let report = scheduler.stop(Duration::from_secs(5)).await;
/// assert!(report.cut.is_empty());
/// # });
/// # Ok::<(), fastkit::executor::Error>(())
/// ```
#[derive(Clone)]
pub struct Scheduler(Arc<Handle>);

/// The last one that is dropped ends the threads.
struct Handle(Arc<Shared>);

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(engine) = self.0.engine.get() {
            // The thread is gone if it was stopped.
            let _ = engine.orders.send(Order::Stop(Duration::ZERO, None));
        }
    }
}

impl Scheduler {
    /// A scheduler with other than the default parts.
    pub fn builder() -> SchedulerBuilder {
        SchedulerBuilder::new()
    }

    fn of(shared: Shared) -> Self {
        Self(Arc::new(Handle(Arc::new(shared))))
    }

    /// Begins: jobs are due from now on. They may be added before and after. Does nothing if it has begun.
    ///
    /// Of what a store remembers, the last times of jobs are made up for by their misfire policies, pauses
    /// hold on, and jobs that this start of the service has removed are left out if they were added before.
    ///
    /// # Errors
    ///
    /// When the threads cannot be started, what is remembered cannot be read, or it has been stopped.
    pub fn start(&self) -> Result<(), Error> {
        runtime::start(self.shared())
    }

    /// Starts no more runs, tells those that run to end ([`Reason::Stop`](super::Reason::Stop)), and waits
    /// for them for at most `patience`. Asynchronous runs that have not ended then are dropped; plain ones
    /// go on until they return.
    ///
    /// A second stop may leave less time than the first, and gives the same report.
    pub async fn stop(&self, patience: Duration) -> Report {
        let shared = self.shared();
        let engine = match (&mut shared.state().phase, shared.engine.get()) {
            (Phase::Stopped(report), _) => return report.clone(),
            (Phase::Running | Phase::Stopping, Some(engine)) => engine,
            (phase, _) => {
                *phase = Phase::Stopped(Report::default());
                return Report::default();
            }
        };
        let (reply, report) = oneshot::channel();
        let _ = engine.orders.send(Order::Stop(patience, Some(reply)));
        if let Ok(report) = report.await {
            return report;
        }
        match &shared.state().phase {
            Phase::Stopped(report) => report.clone(),
            _ => Report::default(),
        }
    }

    /// Adds a job. One that has no more times is removed after its last run, if it was added after the start.
    ///
    /// # Errors
    ///
    /// When there is one of this id, or its id, trigger, options or arguments cannot be; all reasons at once.
    pub fn add_job(&self, job: Job) -> Result<(), Error> {
        self.add(Jobs::new().job(job))
    }

    /// Adds jobs, all or none; tasks are started, or are when the scheduler is.
    ///
    /// # Errors
    ///
    /// As [`add_job`](Self::add_job), for all of them together.
    ///
    /// ```
    /// use fastkit::executor::{Job, Jobs, Scheduler, Trigger};
    /// use std::time::Duration;
    ///
    /// let hourly = Trigger::interval(Duration::from_secs(3600));
    /// let good = Jobs::new().job(Job::new("a", hourly.clone(), || {}));
    /// let bad = good.clone().job(Job::new("b", hourly.clone(), || {}).max_instances(0));
    /// let scheduler = Scheduler::builder().build();
    /// assert!(scheduler.add(bad).is_err() && scheduler.jobs().is_empty());
    /// scheduler.add(good)?;
    /// assert_eq!(scheduler.jobs().len(), 1);
    /// # Ok::<(), fastkit::executor::Error>(())
    /// ```
    pub fn add(&self, jobs: Jobs) -> Result<(), Error> {
        let shared = self.shared();
        let Jobs { jobs, tasks } = jobs;
        let mut reasons = Vec::new();
        let mut ids = HashSet::with_capacity(jobs.len());
        let mut definitions = Vec::with_capacity(jobs.len());
        let now = shared.now();
        for job in jobs {
            if !ids.insert(job.id.clone()) {
                reasons.push(format!("the job {:?} is there twice", job.id));
            }
            match Definition::new(job, shared.surroundings(), now.wall, shared.next_born()) {
                Ok(definition) => definitions.push(definition),
                Err(problems) => reasons.extend(problems),
            }
        }
        for task in &tasks {
            let problems = definition::task_problems(task, shared.surroundings());
            reasons.extend(problems);
        }
        let mut state = shared.state();
        let taken = ids.iter().filter(|id| state.core.has(id));
        reasons.extend(taken.map(|id| format!("there is a job {id:?} already")));
        if !reasons.is_empty() {
            reasons.sort();
            return Err(Error::refused(reasons));
        }
        let State { core, memory, .. } = &mut *state;
        for definition in definitions {
            let remembered = memory.take(definition.id());
            core.add(definition, now, remembered.unwrap_or_default());
        }
        shared.wake_for(&mut state, now);
        match state.phase {
            Phase::New => state.tasks.extend(tasks),
            _ => {
                let begins = !state.core.is_empty() || !tasks.is_empty();
                let is_idle = matches!(state.phase, Phase::Idle);
                drop(state);
                if is_idle
                    && begins
                    && let Err(error) = runtime::launch(shared, true)
                {
                    let mut state = shared.state();
                    for id in &ids {
                        state.core.remove(id);
                    }
                    return Err(error);
                }
                let tasks = tasks.into_iter();
                tasks.for_each(|task| runtime::start_task(shared, task));
            }
        }
        Ok(())
    }

    /// All jobs, by id. Of many they are not all as they were at one moment: jobs go on to begin meanwhile.
    pub fn jobs(&self) -> Vec<Status> {
        let shared = self.shared();
        let mut ids: Vec<_> = shared.state().core.ids().cloned().collect();
        ids.sort_unstable();
        let mut jobs = Vec::with_capacity(ids.len());
        for some in ids.chunks(AT_ONCE) {
            let now = shared.now();
            let state = shared.state();
            let seen = some.iter().filter_map(|id| state.core.glance(id, now));
            let seen: Vec<_> = seen.collect();
            drop(state);
            jobs.extend(seen.into_iter().map(Status::from));
        }
        jobs
    }

    /// One job.
    pub fn job(&self, id: &str) -> Option<Status> {
        let shared = self.shared();
        let now = shared.now();
        let seen = shared.state().core.glance(id, now);
        seen.map(Status::from)
    }

    /// Runs of the job do not begin any more until it is resumed, in no process that shares the store.
    ///
    /// # Errors
    ///
    /// When there is no such job, or it is protected. So for the others.
    ///
    /// ```
    /// use fastkit::executor::{Job, Scheduler, Trigger};
    /// use std::time::Duration;
    ///
    /// let scheduler = Scheduler::builder().build();
    /// scheduler.add_job(Job::new("a", Trigger::interval(Duration::from_secs(5)), || {}))?;
    /// scheduler.pause("a")?;
    /// assert!(scheduler.job("a").is_some_and(|job| job.paused && job.next_run_time.is_none()));
    /// scheduler.resume("a")?;
    /// assert!(scheduler.job("a").is_some_and(|job| job.next_run_time.is_some()));
    /// scheduler.remove("a")?;
    /// assert!(scheduler.pause("a").is_err_and(|error| error.is_unknown()));
    /// # Ok::<(), fastkit::executor::Error>(())
    /// ```
    pub fn pause(&self, id: &str) -> Result<(), Error> {
        let shared = self.shared();
        let mut state = shared.state();
        let job = changeable(&state, id)?.job.id.clone();
        state.core.pause(id);
        // Told even if nothing has changed here: another process may have changed it a moment ago.
        state.memory.paused(&job, true);
        shared.hurry.notify_one();
        Ok(())
    }

    /// Undoes [`pause`](Self::pause). What was due meanwhile is not made up for.
    ///
    /// # Errors
    ///
    /// As [`pause`](Self::pause).
    pub fn resume(&self, id: &str) -> Result<(), Error> {
        let shared = self.shared();
        let now = shared.now();
        let mut state = shared.state();
        let job = changeable(&state, id)?.job.id.clone();
        if state.core.resume(id, now) {
            shared.wake_for(&mut state, now);
        }
        state.memory.paused(&job, false);
        shared.hurry.notify_one();
        Ok(())
    }

    /// Removes the job, in all processes that share the store, until the service is started anew. A run
    /// under way goes on. Who adds a job of this id after that, in a scheduler that runs, has a new one.
    ///
    /// # Errors
    ///
    /// As [`pause`](Self::pause).
    pub fn remove(&self, id: &str) -> Result<(), Error> {
        let shared = self.shared();
        let mut state = shared.state();
        let job = changeable(&state, id)?.job.id.clone();
        state.core.remove(id);
        state.memory.removed(&job, shared.now().wall);
        shared.hurry.notify_one();
        Ok(())
    }

    /// Runs the job now, in this process, paused or not, beside its times; gives the id of the run. A
    /// single job asks for its lock, and is [skipped](Event::Skipped) if it runs elsewhere.
    ///
    /// # Errors
    ///
    /// When there is no such job, when as many runs as there may be are under way, or when the scheduler
    /// is not running. A protected job may be run.
    pub fn run_now(&self, id: &str) -> Result<RequestId, Error> {
        let shared = self.shared();
        shared.state().core.definition(id)?;
        let engine = shared.running()?;
        let definition = shared.state().core.run_now(id)?;
        let run = RequestId::random();
        // It is not taken any more if a stop came between.
        let _ = engine.orders.send(Order::Run(definition, run));
        Ok(run)
    }

    /// Changes options of the job in this process.
    ///
    /// # Errors
    ///
    /// As [`pause`](Self::pause), and when the options cannot be; all reasons at once.
    pub fn modify(&self, id: &str, change: Change) -> Result<(), Error> {
        let of = changeable(&self.shared().state(), id)?.clone();
        self.replace(&of, change.apply(&of.job), false)
    }

    /// Gives the job another trigger in this process. Its start and end stay.
    ///
    /// # Errors
    ///
    /// As [`pause`](Self::pause), and when the trigger cannot be.
    ///
    /// ```
    /// use fastkit::executor::{Job, Scheduler, Trigger};
    /// use std::time::Duration;
    ///
    /// let scheduler = Scheduler::builder().build();
    /// scheduler.add_job(Job::new("a", Trigger::interval(Duration::from_secs(5)), || {}))?;
    /// scheduler.reschedule("a", Trigger::interval(Duration::from_secs(60)))?;
    /// assert_eq!(scheduler.job("a").map(|job| job.schedule).as_deref(), Some("every 1m"));
    /// # Ok::<(), fastkit::executor::Error>(())
    /// ```
    pub fn reschedule(&self, id: &str, trigger: Trigger) -> Result<(), Error> {
        let of = changeable(&self.shared().state(), id)?.clone();
        let mut job = of.job.clone();
        job.trigger = trigger;
        self.replace(&of, job, true)
    }

    fn replace(&self, of: &Definition, job: Job, rescheduled: bool) -> Result<(), Error> {
        let shared = self.shared();
        let now = shared.now();
        let definition = Definition::new(job, shared.surroundings(), now.wall, of.born)
            .map_err(Error::refused)?;
        let mut state = shared.state();
        state.core.replace(definition, now, rescheduled);
        shared.wake_for(&mut state, now);
        Ok(())
    }

    /// The pool of plain jobs.
    pub fn threads(&self) -> &ThreadPool {
        &self.shared().parts.pool
    }

    /// What it was given.
    pub fn given(&self) -> &Given {
        &self.shared().parts.given
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.0.0
    }
}

/// The job, if it may be changed from outside.
fn changeable<'a>(state: &'a State, id: &str) -> Result<&'a Arc<Definition>, Error> {
    let definition = state.core.definition(id)?;
    match definition.job.options.protected {
        true => Err(Error::protected(id)),
        false => Ok(definition),
    }
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared().fmt(f)
    }
}
