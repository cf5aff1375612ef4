//! [`ThreadPool`]: threads for plain functions, with a bounded queue.

use super::{Given, Run, Task, lock::Lock};
use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

/// How a pool is made.
#[derive(Clone, Debug)]
pub struct ThreadPoolConfig {
    /// What its threads are called, with a number behind it.
    pub name: String,
    /// The most threads, which are started when they are needed.
    pub threads: usize,
    /// The most calls that wait for a thread; `None` is without end.
    pub queue: Option<usize>,
}

/// Threads for plain functions. Cheap to clone; all clones are one pool.
#[derive(Clone, Debug)]
pub struct ThreadPool(Arc<()>);

/// The queue is full: nothing was submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Full(());

/// A task that was submitted: its result, on threads and in tasks.
#[derive(Debug)]
pub struct Handle<T>(std::marker::PhantomData<T>);

/// Why a task has no result: it panicked, failed, was cancelled, or the pool has stopped.
#[derive(Debug)]
pub struct TaskError(Infallible);

impl ThreadPool {
    /// A pool.
    pub fn new(config: ThreadPoolConfig) -> Self {
        todo!("{config:?}")
    }

    /// Runs `function` on a thread, as soon as one is free. Its [`Run`] is that of the thread.
    ///
    /// # Errors
    ///
    /// When the queue is full, or the pool has stopped.
    pub fn submit<T: Send + 'static>(
        &self,
        function: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Handle<T>, Full> {
        let _ = function;
        todo!()
    }

    /// Runs a task: with its name in logs, its arguments, one at a time over all processes if it is a
    /// single one.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit), and when its options cannot be.
    pub fn start(&self, task: Task) -> Result<Handle<Option<String>>, Full> {
        todo!("{task:?}")
    }

    /// Whether the pool stops, or the task that this thread runs is to end.
    pub fn is_stopped(&self) -> bool {
        todo!()
    }

    /// Sleeps; false, and at once, when [`is_stopped`](Self::is_stopped).
    pub fn sleep(&self, time: Duration) -> bool {
        todo!("{time:?}")
    }

    /// With the locks of single tasks, and what tasks may take as arguments.
    pub(crate) fn serve(&self, lock: Option<Arc<dyn Lock>>, given: Given) {
        todo!("{lock:?} {given:?}")
    }

    /// Takes no more, tells what runs to end, and waits for it for at most `patience`. Gives the names of
    /// what was still running or waiting then.
    pub fn stop(&self, patience: Duration) -> Vec<String> {
        todo!("{patience:?}")
    }

    /// The task that this thread runs.
    pub(crate) fn current() -> Option<Run> {
        todo!()
    }
}

impl<T> Handle<T> {
    /// Waits on a thread.
    ///
    /// # Errors
    ///
    /// When there is no result.
    pub fn join(self) -> Result<T, TaskError> {
        todo!()
    }

    /// Whether it has ended.
    pub fn is_finished(&self) -> bool {
        todo!()
    }

    /// Tells it to end; one that has not begun never does.
    pub fn cancel(&self) {
        todo!()
    }
}

impl<T> Future for Handle<T> {
    type Output = Result<T, TaskError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let _ = cx;
        todo!()
    }
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue of the pool is full")
    }
}

impl std::error::Error for Full {}
