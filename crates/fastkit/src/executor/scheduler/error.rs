//! [`Error`]: why something could not be done with a job.

use std::{fmt, io};

/// Why something could not be done with a job or the scheduler: all reasons, one per line.
///
/// ```
/// use fastkit::executor::{Job, Scheduler, Trigger};
/// use std::time::Duration;
///
/// let scheduler = Scheduler::builder().build();
/// let wrong = Job::new("a/b", Trigger::interval(Duration::ZERO), || {}).max_instances(0);
/// let error = scheduler.add_job(wrong).expect_err("nothing of it is right");
/// assert_eq!(error.to_string().lines().count(), 3);
/// assert!(scheduler.pause("c").is_err_and(|error| error.is_unknown()));
/// ```
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    reasons: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Unknown,
    Protected,
    Refused,
    Busy,
    NotRunning,
    Failed,
}

impl Error {
    pub(super) fn unknown(id: &str) -> Self {
        Self::one(Kind::Unknown, format!("there is no job {id:?}"))
    }

    pub(super) fn protected(id: &str) -> Self {
        let reason =
            format!("the job {id:?} is protected: it cannot be paused, changed or removed");
        Self::one(Kind::Protected, reason)
    }

    pub(super) fn refused(reasons: Vec<String>) -> Self {
        Self {
            kind: Kind::Refused,
            reasons,
        }
    }

    pub(super) fn busy(id: &str, most: usize) -> Self {
        let reason = match most {
            1 => format!("the job {id:?} runs already, and may do so once at a time"),
            _ => format!("the job {id:?} has {most} runs under way, which is as many as it may"),
        };
        Self::one(Kind::Busy, reason)
    }

    pub(super) fn not_running(state: &str) -> Self {
        Self::one(Kind::NotRunning, format!("the scheduler {state}"))
    }

    pub(super) fn failed(what: &str, error: &io::Error) -> Self {
        Self::one(Kind::Failed, format!("{what}: {error}"))
    }

    fn one(kind: Kind, reason: String) -> Self {
        Self {
            kind,
            reasons: vec![reason],
        }
    }

    /// Whether there is no such job.
    pub fn is_unknown(&self) -> bool {
        self.kind == Kind::Unknown
    }

    /// Whether the job is protected.
    pub fn is_protected(&self) -> bool {
        self.kind == Kind::Protected
    }

    /// Whether the job cannot be as it was described, or there is one of its id.
    pub fn is_refused(&self) -> bool {
        self.kind == Kind::Refused
    }

    /// Whether as many runs as there may be are under way.
    pub fn is_busy(&self) -> bool {
        self.kind == Kind::Busy
    }

    /// Whether the scheduler has not been started, or has been stopped.
    pub fn is_not_running(&self) -> bool {
        self.kind == Kind::NotRunning
    }

    /// The reasons, at least one.
    pub fn reasons(&self) -> &[String] {
        &self.reasons
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reasons.join("\n"))
    }
}

impl std::error::Error for Error {}
