//! [`Event`]: what the supervisor does and sees, told to its observer, who writes the log.

use serde::{Deserialize, Serialize};
use std::{fmt, path::PathBuf, time::Duration};

/// A worker process, as the log names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerId {
    /// The seat, from 0; a replacement has the same one.
    pub index: usize,
    /// Counts up from 1 with each rolling restart.
    pub generation: u64,
    /// The process; 0 while there is none.
    pub pid: i32,
}

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "worker {} (pid {})", self.index, self.pid)
    }
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With this exit code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// It could not be made; the reason of the system.
    NotStarted(String),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exited with code {code}"),
            Self::Signal(number) => match nix::sys::signal::Signal::try_from(*number) {
                Ok(signal) => write!(f, "was killed by {}", signal.as_str()),
                Err(_) => write!(f, "was killed by signal {number}"),
            },
            Self::NotStarted(reason) => write!(f, "could not be started: {reason}"),
        }
    }
}

/// Why a worker drains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// A newer generation serves, or its own was given up.
    Replaced,
    /// It has served as many requests as it may.
    MaxRequests,
    /// One of its event loops is blocked.
    Hung,
    /// Fewer workers are wanted.
    Surplus,
    /// Somebody sent it TERM.
    Asked,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Replaced => "its generation is replaced",
            Self::MaxRequests => "it has served its number of requests",
            Self::Hung => "it is blocked",
            Self::Surplus => "fewer workers are wanted",
            Self::Asked => "it was sent TERM",
        })
    }
}

/// Something that the supervisor did or saw. `Display` is one line for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub enum Event {
    /// A worker process was made.
    Started { worker: WorkerId },
    /// A worker accepts connections, this long after it was made.
    Ready { worker: WorkerId, after: Duration },
    /// The first generation is complete.
    Serving { workers: usize },
    /// A worker finishes what it has.
    Draining { worker: WorkerId, reason: Reason },
    /// A worker that was told to has ended.
    Ended { worker: WorkerId, exit: Exit },
    /// A worker has ended that should not have; it is replaced.
    Died { worker: WorkerId, exit: Exit },
    /// A worker has ended before it was ready.
    StartFailed { worker: WorkerId, reason: String },
    /// Event loops of a worker have not come round for the timeout.
    Hung { worker: WorkerId, loops: Vec<usize> },
    /// A worker did not end in its time, or only its blocked loops were left.
    Killed { worker: WorkerId },
    /// Workers die soon after their start, again and again: the next one has to wait.
    BackOff { failures: u32, delay: Duration },
    /// A rolling restart has begun.
    Reloading { generation: u64 },
    /// The new generation serves, the old one drains.
    Reloaded { generation: u64 },
    /// The new generation did not come up; the old one serves on.
    ReloadFailed { reason: String },
    /// A worker of the program on disk is tried.
    Upgrading { program: PathBuf },
    /// The supervisor is about to become the program on disk.
    Replacing,
    /// The supervisor runs the program on disk, and so do all workers.
    Upgraded { generation: u64 },
    /// Workers of the program on disk did not come up, or it could not be run; the old ones serve on.
    UpgradeFailed { reason: String },
    /// Another number of workers is wanted.
    Resizing { workers: usize },
    /// That many workers are ready.
    Resized { workers: usize },
    /// One of the added workers did not come up; it is tried again.
    ResizeFailed { reason: String },
    /// A wish that cannot be granted now.
    Refused {
        wish: &'static str,
        reason: &'static str,
    },
    /// The log files shall be reopened: by the workers, who were told, and by the observer.
    Reopen,
    /// The stop has begun; requests in flight are finished.
    Stopping,
    /// The stop is at once; requests in flight are cut.
    StoppingNow,
    /// All workers have ended.
    Stopped,
    /// A process ended that was not a worker: nobody else waits for it.
    Stray { pid: i32 },
    /// The control socket cannot be used; the service runs without it.
    NoControl { reason: String },
}

impl Event {
    /// Something went wrong, so this belongs in the log as a warning.
    pub fn is_problem(&self) -> bool {
        matches!(
            self,
            Self::Died { .. }
                | Self::StartFailed { .. }
                | Self::Hung { .. }
                | Self::Killed { .. }
                | Self::BackOff { .. }
                | Self::ReloadFailed { .. }
                | Self::UpgradeFailed { .. }
                | Self::ResizeFailed { .. }
                | Self::Refused { .. }
                | Self::StoppingNow
                | Self::NoControl { .. }
        )
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started { worker } => write!(f, "{worker} started"),
            Self::Ready { worker, after } => {
                write!(f, "{worker} is ready after {} ms", after.as_millis())
            }
            Self::Serving { workers } => write!(f, "all workers are ready: {workers}"),
            Self::Draining { worker, reason } => write!(f, "{worker} drains: {reason}"),
            Self::Ended { worker, exit } => write!(f, "{worker} {exit}"),
            Self::Died { worker, exit } => write!(f, "{worker} {exit}; it is replaced"),
            Self::StartFailed { worker, reason } => write!(f, "{worker} did not start: {reason}"),
            Self::Hung { worker, loops } => {
                write!(
                    f,
                    "{worker} is blocked: event loops {loops:?} do not answer"
                )
            }
            Self::Killed { worker } => write!(f, "{worker} did not end in time and was killed"),
            Self::BackOff { failures, delay } => write!(
                f,
                "{failures} workers in a row died soon after their start; the next is started in {} ms",
                delay.as_millis()
            ),
            Self::Reloading { generation } => {
                write!(f, "rolling restart: generation {generation} is started")
            }
            Self::Reloaded { generation } => {
                write!(f, "rolling restart done: generation {generation} serves")
            }
            Self::ReloadFailed { reason } => {
                write!(
                    f,
                    "rolling restart failed, the old workers serve on: {reason}"
                )
            }
            Self::Upgrading { program } => {
                write!(f, "upgrade: a worker of {} is tried", program.display())
            }
            Self::Replacing => f.write_str("upgrade: the supervisor becomes the new program"),
            Self::Upgraded { generation } => {
                write!(f, "upgrade done: generation {generation} serves")
            }
            Self::UpgradeFailed { reason } => {
                write!(f, "upgrade failed, the old workers serve on: {reason}")
            }
            Self::Resizing { workers } => {
                write!(f, "another number of workers is wanted: {workers}")
            }
            Self::Resized { workers } => write!(f, "all workers are ready now: {workers}"),
            Self::ResizeFailed { reason } => {
                write!(
                    f,
                    "an added worker did not start, it is tried again: {reason}"
                )
            }
            Self::Refused { wish, reason } => write!(f, "{wish} refused: {reason}"),
            Self::Reopen => f.write_str("log files are reopened"),
            Self::Stopping => f.write_str("stopping: requests in flight are finished"),
            Self::StoppingNow => f.write_str("stopping at once: requests in flight are cut"),
            Self::Stopped => f.write_str("stopped"),
            Self::Stray { pid } => write!(f, "process {pid}, which is no worker, has ended"),
            Self::NoControl { reason } => write!(f, "no control socket: {reason}"),
        }
    }
}
