//! [`Status`]: a supervised service at one moment, as the control socket tells it.

use crate::supervisor::workers::State;
use serde::{Deserialize, Serialize};

/// A service at this moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Status {
    /// The supervisor's process.
    pub pid: i32,
    /// When the service was started, in seconds since 1970; upgrades do not count.
    pub started: u64,
    /// How long that is ago, in seconds.
    pub uptime: u64,
    /// Where it listens.
    pub address: String,
    /// The version that the program gives.
    pub version: String,
    /// What it is doing.
    pub state: ServiceState,
    /// The generation that serves; 0 before there is one.
    pub generation: u64,
    /// Workers wanted.
    pub wanted: usize,
    /// Rolling restarts and upgrades that were completed.
    pub reloads: u64,
    /// Workers that died although nobody wanted it.
    pub died: u64,
    /// Requests of all workers that ever were.
    pub requests: u64,
    /// The workers, those that drain included.
    pub workers: Vec<WorkerStatus>,
}

/// What a service is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ServiceState {
    /// The first generation is started.
    Starting,
    /// All is well.
    Serving,
    /// A new generation is started while the old one serves.
    Reloading,
    /// The same with another program.
    Upgrading,
    /// Workers finish what they have.
    Stopping,
}

/// What a worker is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WorkerState {
    /// It was started and does not accept yet.
    Starting,
    /// It accepts connections.
    Ready,
    /// It finishes what it has.
    Draining,
    /// It was killed and is not gone yet.
    Killed,
}

impl From<State> for WorkerState {
    fn from(state: State) -> Self {
        match state {
            State::Starting => Self::Starting,
            State::Ready => Self::Ready,
            State::Draining => Self::Draining,
            State::Killed => Self::Killed,
        }
    }
}

/// A worker at this moment. Its counts are at most a quarter of a second old.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WorkerStatus {
    /// Its seat, from 0.
    pub index: usize,
    /// Its process.
    pub pid: i32,
    /// Counts up with each rolling restart.
    pub generation: u64,
    /// What it is doing.
    pub state: WorkerState,
    /// Seconds since it was started.
    pub age: u64,
    /// Connections open now.
    pub connections: u64,
    /// Connections accepted.
    pub accepted: u64,
    /// Requests handed to the application.
    pub requests: u64,
    /// Requests answered by the protocol layer: malformed, too large, too slow.
    pub rejected: u64,
    /// Bytes of memory it holds in RAM, where the system tells.
    pub memory: Option<u64>,
    /// Its event loops.
    pub loops: Vec<LoopStatus>,
}

/// An event loop at this moment. Times are in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LoopStatus {
    /// Connections open now.
    pub connections: u64,
    /// How long it has not come round, as far as the supervisor watches; `None` if it does not.
    pub silent: Option<u64>,
    /// The longest time it came late within the last seconds.
    pub delay: u64,
}
