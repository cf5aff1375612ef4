//! What a pool refuses ([`SubmitError`]), and why a task has no result ([`TaskError`]).

use crate::mask::mask_url;
use std::{any::Any, borrow::Cow, fmt};

/// Nothing was submitted: the queue of the pool is full, or something else is in the way.
///
/// ```
/// use fastkit::threadpool::{ThreadPool, ThreadPoolConfig};
/// use std::time::Duration;
///
/// let pool = ThreadPool::new(ThreadPoolConfig { name: "reports".into(), threads: 1, queue: Some(10) });
/// pool.stop(Duration::from_secs(1));
/// let refused = pool.submit(|| {}).unwrap_err();
/// assert!(refused.is_stopped() && !refused.is_full());
/// assert_eq!(refused.to_string(), "the thread pool `reports` has stopped and takes nothing any more");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmitError {
    pool: String,
    why: Why,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// As many calls wait as may.
    Full {
        waiting: usize,
        most: usize,
    },
    Stopped,
    /// The system gives no thread, for this reason.
    NoThread(String),
    /// A task cannot be as it was declared; all reasons.
    #[cfg_attr(
        not(feature = "executor"),
        expect(dead_code, reason = "tasks belong to the executor")
    )]
    Impossible {
        task: String,
        problems: Vec<String>,
    },
}

impl SubmitError {
    pub(crate) fn new(pool: &str, why: Why) -> Self {
        let pool = pool.to_owned();
        Self { pool, why }
    }

    /// Whether the queue was full: later it may be taken.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.why, Why::Full { .. })
    }

    /// Whether the pool has stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        matches!(self.why, Why::Stopped)
    }

    /// Whether a task cannot run for what it was declared with: its name, its arguments, its lock.
    #[must_use]
    pub fn is_impossible(&self) -> bool {
        matches!(self.why, Why::Impossible { .. })
    }
}

impl fmt::Display for SubmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pool = &self.pool;
        match &self.why {
            Why::Full { waiting, most } => write!(
                f,
                "the queue of the thread pool `{pool}` is full: {waiting} wait, at most {most} may"
            ),
            Why::Stopped => write!(
                f,
                "the thread pool `{pool}` has stopped and takes nothing any more"
            ),
            Why::NoThread(error) => write!(
                f,
                "the thread pool `{pool}` cannot start its first thread: {error}"
            ),
            Why::Impossible { task, problems } => {
                write!(f, "the task `{task}` cannot run: {}", problems.join("; "))
            }
        }
    }
}

impl std::error::Error for SubmitError {}

/// Why a task has no result: it panicked, failed, was cancelled, or its pool has stopped.
///
/// ```
/// use fastkit::threadpool::{ThreadPool, ThreadPoolConfig};
///
/// let pool = ThreadPool::new(ThreadPoolConfig { name: "reports".into(), threads: 1, queue: None });
/// let error = pool.submit(|| -> u32 { panic!("no paper") })?.join().unwrap_err();
/// assert!(error.is_panic());
/// assert!(error.to_string().ends_with(" panicked: no paper"), "{error}");
/// # Ok::<(), fastkit::threadpool::SubmitError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskError {
    task: Cow<'static, str>,
    end: End,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    Panicked(String),
    #[cfg_attr(
        not(feature = "executor"),
        expect(dead_code, reason = "tasks that fail belong to the executor")
    )]
    Failed(String),
    Cancelled,
    Stopped,
}

impl TaskError {
    pub(crate) fn panicked(task: Cow<'static, str>, panic: &(dyn Any + Send)) -> Self {
        Self::new(task, End::Panicked(shown(panic_text(panic))))
    }

    #[cfg(feature = "executor")]
    pub(crate) fn failed(task: Cow<'static, str>, error: &impl fmt::Display) -> Self {
        Self::new(task, End::Failed(shown(&error.to_string())))
    }

    pub(crate) fn cancelled(task: Cow<'static, str>) -> Self {
        Self::new(task, End::Cancelled)
    }

    pub(crate) fn stopped(task: Cow<'static, str>) -> Self {
        Self::new(task, End::Stopped)
    }

    fn new(task: Cow<'static, str>, end: End) -> Self {
        Self { task, end }
    }

    /// Whether it panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self.end, End::Panicked(_))
    }

    /// Whether it returned an error.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        matches!(self.end, End::Failed(_))
    }

    /// Whether it was cancelled before it began.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.end, End::Cancelled)
    }

    /// Whether its pool has stopped before it began.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        matches!(self.end, End::Stopped)
    }

    /// What it panicked or failed with, secrets in URLs masked, at most 1,000 characters.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        match &self.end {
            End::Panicked(text) | End::Failed(text) => Some(text),
            End::Cancelled | End::Stopped => None,
        }
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let task = &self.task;
        match &self.end {
            End::Panicked(text) => write!(f, "the task `{task}` panicked: {text}"),
            End::Failed(text) => write!(f, "the task `{task}` failed: {text}"),
            End::Cancelled => write!(f, "the task `{task}` was cancelled before it began"),
            End::Stopped => write!(
                f,
                "the task `{task}` did not begin before its thread pool stopped"
            ),
        }
    }
}

impl std::error::Error for TaskError {}

/// What is kept of the text of an error: no secrets of URLs, at most 1,000 characters.
pub(crate) fn shown(text: &str) -> String {
    const MOST: usize = 1000;
    let text = mask_url(text);
    match text.char_indices().nth(MOST) {
        Some((end, _)) => text[..end].to_owned(),
        None => text.into_owned(),
    }
}

/// What was panicked with, where that is a text.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a value that is no text")
}
