//! [`Handle`]: what the submitter holds of a task, and the [`Slot`] that it shares with the pool.

use super::{
    TaskError,
    ends::{Ending, Ends, Reason, Stretch},
    queue::Shared,
};
use crate::context::{self, RequestId};
use std::{
    borrow::Cow,
    fmt,
    future::Future,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// What a thread runs.
pub(crate) type Function<T> = Box<dyn FnOnce() -> Result<T, TaskError> + Send>;

/// A task that was submitted: its result, for threads ([`join`](Self::join)) and in tasks (`.await`).
///
/// Dropped, it leaves the task alone, which runs to its end. Await it by `&mut handle` to cancel it later.
///
/// ```
/// use fastkit::threadpool::{TaskError, ThreadPool, ThreadPoolConfig};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let pool = ThreadPool::new(ThreadPoolConfig { name: "sums".into(), threads: 2, queue: Some(100) });
/// let on_a_thread = pool.submit(|| 1 + 1)?;
/// assert_eq!(on_a_thread.join(), Ok(2));
/// let in_a_task = pool.submit(|| 2 + 2)?;
/// assert_eq!(in_a_task.await, Ok(4));
/// # Ok::<(), fastkit::threadpool::SubmitError>(())
/// # }).map_err(std::io::Error::other)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Handle<T> {
    slot: Arc<Slot<T>>,
    pool: Arc<Shared>,
}

/// A task on its way through the pool.
pub(crate) struct Slot<T> {
    pub(super) name: Cow<'static, str>,
    /// What its log lines belong to.
    id: RequestId,
    /// Whether its failure is a line of the log: nobody else may ever look at its result.
    logged: bool,
    own: Ends,
    /// The run that is told instead, where there is one.
    run: Option<Arc<dyn Ending>>,
    state: Mutex<State<T>>,
    ended: Condvar,
}

struct State<T> {
    phase: Phase<T>,
    waker: Option<Waker>,
}

enum Phase<T> {
    /// In the queue.
    Waiting(Function<T>),
    /// Not in the queue: somebody else ends it.
    #[cfg_attr(
        not(feature = "executor"),
        expect(dead_code, reason = "single tasks belong to the executor")
    )]
    Apart,
    /// A thread has taken it out of the queue.
    Taken(Function<T>),
    Running,
    Ended(Result<T, TaskError>),
    /// The result was given away.
    Gone,
}

/// A task of any result, as the threads know it.
pub(crate) trait Call: Ending {
    fn name(&self) -> &str;

    /// Whether it waits in the queue.
    fn is_waiting(&self) -> bool;

    /// Takes it out of the queue; false if it was cancelled. Under the lock of the queue, so that nobody
    /// takes it for one that waits.
    fn take(&self) -> bool;

    /// Runs what was taken.
    fn run(self: Arc<Self>);

    /// Ends it since the pool stops; false if it does not wait.
    fn refuse(&self) -> bool;
}

impl<T: Send + 'static> Slot<T> {
    pub(crate) fn new(name: Cow<'static, str>, id: RequestId, function: Function<T>) -> Self {
        Self::in_phase(name, id, Phase::Waiting(function))
    }

    fn in_phase(name: Cow<'static, str>, id: RequestId, phase: Phase<T>) -> Self {
        Self {
            name,
            id,
            logged: true,
            own: Ends::default(),
            run: None,
            state: Mutex::new(State { phase, waker: None }),
            ended: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        // Nothing of users runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn end(&self, result: Result<T, TaskError>) {
        let mut state = self.state();
        if matches!(state.phase, Phase::Ended(_) | Phase::Gone) {
            return;
        }
        let before = mem::replace(&mut state.phase, Phase::Ended(result));
        let waker = state.waker.take();
        drop(state);
        self.ended.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
        // What a function has captured is dropped where it disturbs nobody.
        drop(before);
    }
}

#[cfg(feature = "executor")]
impl<T: Send + 'static> Slot<T> {
    /// One that somebody else ends.
    pub(crate) fn apart(name: Cow<'static, str>, id: RequestId) -> Self {
        Self::in_phase(name, id, Phase::Apart)
    }

    /// That is told to end when this run is.
    pub(crate) fn of(mut self, run: Arc<dyn Ending>) -> Self {
        self.run = Some(run);
        self
    }

    /// Whose failures its submitter logs.
    pub(crate) fn unlogged(mut self) -> Self {
        self.logged = false;
        self
    }

    pub(crate) fn name(&self) -> Cow<'static, str> {
        self.name.clone()
    }
}

impl<T: Send + 'static> Ending for Slot<T> {
    fn ends(&self) -> &Ends {
        self.run.as_ref().map_or(&self.own, |run| run.ends())
    }
}

impl<T: Send + 'static> Call for Slot<T> {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_waiting(&self) -> bool {
        matches!(self.state().phase, Phase::Waiting(_))
    }

    fn take(&self) -> bool {
        let mut state = self.state();
        match mem::replace(&mut state.phase, Phase::Running) {
            Phase::Waiting(function) => {
                state.phase = Phase::Taken(function);
                true
            }
            other => {
                state.phase = other;
                false
            }
        }
    }

    fn run(self: Arc<Self>) {
        let mut state = self.state();
        let Phase::Taken(function) = mem::replace(&mut state.phase, Phase::Running) else {
            return;
        };
        drop(state);
        let _scope = context::enter(self.id);
        let _stretch = Stretch::begin(self.clone());
        let result = match catch_unwind(AssertUnwindSafe(function)) {
            Ok(result) => result,
            Err(panic) => Err(TaskError::panicked(self.name.clone(), &*panic)),
        };
        if self.logged
            && let Err(error) = &result
            && error.message().is_some()
        {
            tracing::error!(target: "fastkit::threadpool", "{error}");
        }
        self.end(result);
    }

    fn refuse(&self) -> bool {
        let waited = self.take();
        if waited {
            self.end(Err(TaskError::stopped(self.name.clone())));
        }
        waited
    }
}

impl<T: Send + 'static> Handle<T> {
    pub(crate) fn new(slot: Arc<Slot<T>>, pool: Arc<Shared>) -> Self {
        Self { slot, pool }
    }

    /// Waits on a thread, for as long as it takes.
    ///
    /// On a thread of the same pool, a task that has not begun runs right here, so that it need not wait
    /// for the thread which waits for it; a single task is waited for, and ends only if there is another
    /// thread for it. On an event loop, `.await` the handle instead: this blocks.
    ///
    /// # Errors
    ///
    /// When there is no result.
    ///
    /// # Panics
    ///
    /// When the result was awaited already.
    pub fn join(self) -> Result<T, TaskError> {
        if let Some(thread) = self.pool.own_thread() {
            self.pool.run_here(thread, &self.slot);
        }
        let mut state = self.slot.state();
        loop {
            if let Some(result) = state.result() {
                return result;
            }
            let woken = self.slot.ended.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether it has ended, well or not.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        matches!(self.slot.state().phase, Phase::Ended(_) | Phase::Gone)
    }

    /// Tells it to end; one that has not begun never does.
    ///
    /// ```
    /// use fastkit::threadpool::{self, ThreadPool, ThreadPoolConfig};
    /// use std::time::Duration;
    ///
    /// let pool = ThreadPool::new(ThreadPoolConfig { name: "one".into(), threads: 1, queue: None });
    /// let running = pool.submit(|| threadpool::sleep(Duration::from_secs(3600)))?;
    /// let waiting = pool.submit(|| println!("never"))?;
    /// waiting.cancel();
    /// assert!(waiting.join().unwrap_err().is_cancelled());
    /// # while pool.waiting() > 0 { std::thread::yield_now() }
    /// running.cancel();
    /// assert_eq!(running.join(), Ok(false));
    /// # Ok::<(), fastkit::threadpool::SubmitError>(())
    /// ```
    pub fn cancel(&self) {
        if !self.is_finished() && !self.withdraw() {
            self.slot.ends().tell(Reason::Asked);
        }
    }

    /// Takes it out of the queue; false if it is not there any more.
    pub(crate) fn withdraw(&self) -> bool {
        if !self.slot.is_waiting() {
            return false;
        }
        let withdrawn = self.pool.withdraw(&*self.slot);
        if withdrawn {
            self.slot
                .end(Err(TaskError::cancelled(self.slot.name.clone())));
        }
        withdrawn
    }
}

impl<T> State<T> {
    /// The result, once.
    fn result(&mut self) -> Option<Result<T, TaskError>> {
        match mem::replace(&mut self.phase, Phase::Gone) {
            Phase::Ended(result) => Some(result),
            Phase::Gone => panic!("the result of the task was awaited already"),
            other => {
                self.phase = other;
                None
            }
        }
    }
}

impl<T: Send + 'static> Future for Handle<T> {
    type Output = Result<T, TaskError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.slot.state();
        if let Some(result) = state.result() {
            return Poll::Ready(result);
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            empty => *empty = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("task", &self.slot.name)
            .finish_non_exhaustive()
    }
}
