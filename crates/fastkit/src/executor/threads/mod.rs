//! Tasks on a [`ThreadPool`]: with a name, arguments, a run, and one at a time over all processes if they
//! are single ones. The pool itself is in [`threadpool`](crate::threadpool).

mod single;

use super::{
    Given, Run, Task,
    job::id_problem,
    lock::{Lock, ttl_problem},
    work::Call,
};
use crate::threadpool::{Handle, Shared, Slot, SubmitError, TaskError, ThreadPool, Why, shown};
use chrono::Utc;
use std::{
    borrow::Cow,
    sync::{Arc, MutexGuard, PoisonError},
};

/// What a pool needs for tasks.
#[derive(Default)]
pub(crate) struct Serves {
    lock: Option<Arc<dyn Lock>>,
    given: Given,
    /// Waits for the locks of single tasks; there only after the first of them.
    locks: Option<single::Locks>,
}

fn serves(shared: &Shared) -> MutexGuard<'_, Serves> {
    shared.serves.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets go of what the tasks of a pool needed, which takes no more: what was given may hold the pool. The
/// thread that waits for locks stays until the last single task has ended.
pub(crate) fn end_serving(shared: &Shared) {
    let mut serves = serves(shared);
    let lock = serves.lock.take();
    let given = std::mem::take(&mut serves.given);
    let locks = if shared.is_apart_idle() {
        serves.locks.take()
    } else {
        None
    };
    drop(serves);
    drop((lock, given, locks));
}

impl ThreadPool {
    /// Runs a task: with its name in logs, its arguments, one at a time over all processes if it is a
    /// single one.
    ///
    /// The id of its run is the request id of its log lines and calls. Single tasks wait for their lock
    /// without a thread, and what was submitted after them does not wait for them.
    ///
    /// ```
    /// use fastkit::executor::{Args, JobError, Task, ThreadPool, ThreadPoolConfig};
    ///
    /// fn greet(Args(name): Args<String>) -> Result<String, JobError> {
    ///     Ok(format!("hello {name}"))
    /// }
    ///
    /// let pool = ThreadPool::new(ThreadPoolConfig { name: "background".into(), threads: 10, queue: Some(1000) });
    /// let handle = pool.start(Task::new("greet", greet).args("world"))?;
    /// assert_eq!(handle.join(), Ok(Some("hello world".to_owned())));
    /// // A mistake is told before anything runs.
    /// assert!(pool.start(Task::new("greet", greet).args(7)).unwrap_err().is_impossible());
    /// # Ok::<(), fastkit::executor::SubmitError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit), and when its name, options or arguments cannot be, or it is a single
    /// one and the scheduler of the pool has no lock ([`SubmitError::is_impossible`]); all reasons at once.
    pub fn start(&self, task: Task) -> Result<Handle<Option<String>>, SubmitError> {
        let shared = self.shared();
        if shared.is_stopped() {
            return Err(shared.refuse(Why::Stopped));
        }
        let (lock, given) = {
            let serves = serves(shared);
            (serves.lock.clone(), serves.given.clone())
        };
        let problems = problems(&task, lock.is_some(), &given);
        if !problems.is_empty() {
            let task = task.name.to_string();
            return Err(shared.refuse(Why::Impossible { task, problems }));
        }
        match lock.filter(|_| task.single_job) {
            Some(lock) => single::start(shared, task, lock, given),
            None => {
                let run = Run::new(
                    task.name.clone(),
                    Utc::now(),
                    task.args.clone(),
                    None,
                    given,
                );
                self.push(Arc::new(slot(&task, &run)))
            }
        }
    }

    /// Runs a part of this run: its id is in the log lines, it is told to end when the run is, and
    /// [`Handle::cancel`] cancels the run. Failures are not logged: who runs jobs does that.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        run: &Run,
        function: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Handle<T>, SubmitError> {
        let name = Cow::Owned(run.job().to_owned());
        let slot = Slot::new(name, run.id(), Box::new(move || Ok(function())));
        self.push(Arc::new(slot.of(run.ending()).unlogged()))
    }

    /// With the locks of single tasks, and what tasks may take as arguments.
    pub(crate) fn serve(&self, lock: Option<Arc<dyn Lock>>, given: Given) {
        let mut serves = serves(self.shared());
        let before = (
            std::mem::replace(&mut serves.lock, lock),
            std::mem::replace(&mut serves.given, given),
        );
        drop(serves);
        drop(before);
    }
}

/// What is wrong with the task, if something is.
pub(super) fn problems(task: &Task, is_lock: bool, given: &Given) -> Vec<String> {
    let mut problems = task.problems.clone();
    problems.extend(id_problem(&task.name).map(|problem| format!("its name {problem}")));
    if let Call::Async(_) = task.work.call {
        problems.push("it is asynchronous; tasks of a thread pool are plain functions".into());
    }
    if let Err(problem) = (task.work.check)(given, &task.args) {
        problems.push(problem);
    }
    if task.single_job && !is_lock {
        problems.push("it is a single one, but the scheduler was given no lock".into());
    }
    if task.single_job {
        problems.extend(ttl_problem(task.lock_ttl));
    }
    problems
}

/// One run of a task.
fn slot(task: &Task, run: &Run) -> Slot<Option<String>> {
    let name: Cow<'static, str> = Cow::Owned(task.name.to_string());
    let (work, own, of) = (task.work.clone(), run.clone(), name.clone());
    let function = move || {
        let Call::Plain(call) = &work.call else {
            return Err(TaskError::failed(of, &"it is asynchronous"));
        };
        let _span = tracing::info_span!(target: "fastkit::executor", "task", name = own.job(), run = own.id().as_str()).entered();
        tracing::debug!(target: "fastkit::executor", task = own.job(), "a task begins");
        let result = call(&own).map_err(|error| TaskError::failed(of, &error));
        if result.is_ok() {
            tracing::debug!(target: "fastkit::executor", task = own.job(), "a task has ended");
        }
        result.map(|text| text.as_deref().map(shown))
    };
    Slot::new(name, run.id(), Box::new(function)).of(run.ending())
}

#[cfg(test)]
mod tests;
