//! What the state machine is made of: workers, their states, and what is to be done about them.

use crate::supervisor::{
    event::{Event, Reason, WorkerId},
    link::Order,
};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// Names a worker for good; indexes and pids come again.
pub(in crate::supervisor) type Id = u64;

/// The times and the number that the set is kept by.
#[derive(Clone, Debug)]
pub(in crate::supervisor) struct Policy {
    /// Workers wanted at first.
    pub(in crate::supervisor) workers: usize,
    /// How long a replaced worker keeps idle connections.
    pub(in crate::supervisor) linger: Duration,
    /// How long requests in flight of a replaced worker may take.
    pub(in crate::supervisor) patience: Option<Duration>,
    /// The same at a stop, and how long the application may take to stop.
    pub(in crate::supervisor) graceful: Duration,
}

/// What the owner of the processes has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::supervisor) enum Action {
    Start(Id, Place),
    Send(Id, Order),
    Kill(Id),
    /// The trial worker of an upgrade is ready: become the program on disk.
    Become,
    Tell(Event),
}

/// Why a wish is not granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::supervisor) struct Refusal(pub(in crate::supervisor) &'static str);

/// What a new worker is told about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::supervisor) struct Place {
    pub(in crate::supervisor) index: usize,
    pub(in crate::supervisor) generation: u64,
    /// It alone runs what is to run once per service.
    pub(in crate::supervisor) is_first: bool,
    /// It runs the program on disk, not the one that runs here.
    pub(in crate::supervisor) from_disk: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::supervisor) enum State {
    Starting,
    Ready,
    /// Finishes what it has; seen by the observer as on its way out.
    Draining,
    Killed,
}

#[derive(Clone, Debug)]
pub(in crate::supervisor) struct Member {
    pub(in crate::supervisor) id: Id,
    pub(in crate::supervisor) place: Place,
    pub(in crate::supervisor) pid: i32,
    pub(in crate::supervisor) state: State,
    pub(in crate::supervisor) started: Instant,
    pub(in crate::supervisor) ready: Option<Instant>,
    /// When it was told to drain, or did by itself.
    pub(in crate::supervisor) draining: Option<Instant>,
    /// When it is killed.
    pub(in crate::supervisor) end_by: Option<Instant>,
    /// Somebody else has to take its seat.
    pub(in crate::supervisor) leaving: Option<Reason>,
    /// Waits for its turn to be replaced.
    pub(in crate::supervisor) wants_to_retire: bool,
    /// Why it could not start, in its own words.
    pub(super) failure: Option<String>,
}

impl Member {
    pub(in crate::supervisor) fn name(&self) -> WorkerId {
        WorkerId {
            index: self.place.index,
            generation: self.place.generation,
            pid: self.pid,
        }
    }

    /// It serves, or is going to.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.state, State::Starting | State::Ready)
    }

    /// It is the one in this seat.
    pub(super) fn holds(&self, generation: u64, index: usize) -> bool {
        self.is_live()
            && self.leaving.is_none()
            && (self.place.generation, self.place.index) == (generation, index)
    }
}

/// Why a generation is rolled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::supervisor) enum Cause {
    Start,
    Reload,
    /// One worker of the program on disk, by the old supervisor.
    Trial,
    /// The rest of them, by the new one.
    Upgrade,
}

/// A generation on its way in.
#[derive(Clone, Copy, Debug)]
pub(in crate::supervisor) struct Roll {
    pub(in crate::supervisor) generation: u64,
    pub(in crate::supervisor) cause: Cause,
    /// [`Action::Become`] was given.
    pub(in crate::supervisor) asked: bool,
}
