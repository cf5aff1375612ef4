//! What the processes of a service have to remember of their jobs, and to tell each other: when each was
//! last due, how its last runs went, which are paused.
//!
//! A store is a journal: entries are appended, and everybody reads those of all. A file now; the tables
//! of a database can be another one. Key types: [`Store`], [`Entry`].

mod journal;

pub use journal::Journal;

use super::Past;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt, io};

/// A time from further ahead than this is that of a clock that was wrong.
const FAR_AHEAD: TimeDelta = TimeDelta::days(1);

/// Where entries are kept. Called from one thread at a time, which may block.
pub trait Store: fmt::Debug + Send + Sync {
    /// Adds entries, all or none of them.
    ///
    /// # Errors
    ///
    /// When they could not be written; they are tried again later.
    fn append(&self, entries: &[Entry]) -> io::Result<()>;

    /// The entries since the last call, of all processes, this one included; the first call gives
    /// everything that is remembered. The order of the entries of one job is kept.
    ///
    /// # Errors
    ///
    /// When they could not be read; the next call gives them.
    fn poll(&self) -> io::Result<Vec<Entry>>;
}

/// Something to remember of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The id of the job.
    pub job: String,
    /// What happened.
    #[serde(flatten)]
    pub fact: Fact,
}

/// What happened to a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "fact")]
#[non_exhaustive]
pub enum Fact {
    /// It was due, and somebody has dealt with that.
    Due {
        /// The time that it was due.
        at: DateTime<Utc>,
    },
    /// A run has ended.
    Ran(Past),
    /// It is not to run until it is resumed.
    Paused,
    /// It is to run again.
    Resumed,
    /// It is gone, until the service is started anew; a job of this id that is added again is another one,
    /// which is not paused.
    Removed {
        /// Which start of the service has removed it.
        service: String,
        /// When, which tells removals of the same id apart; 1970 in files that do not say so.
        #[serde(default)]
        at: DateTime<Utc>,
    },
}

/// Until when a job is dealt with when `at` comes after what was known: the later of both times. From far
/// ahead it goes back, or else one run under a wrong clock would count for years.
pub(super) fn dealt(known: Option<DateTime<Utc>>, at: DateTime<Utc>) -> DateTime<Utc> {
    known
        .filter(|known| *known > at && !is_far_ahead(*known, at))
        .unwrap_or(at)
}

/// Whether the time is so far after now that the clock must have been wrong.
pub(super) fn is_far_ahead(time: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    time - now > FAR_AHEAD
}
