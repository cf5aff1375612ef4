//! [`Status`]: a supervised service at one moment, as the control socket tells it.

use crate::{
    Handle,
    supervisor::{system, workers::State},
};
use serde::{Deserialize, Serialize};
use std::time::SystemTime;

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

impl Status {
    /// The same of a process that serves alone: it is its own and only worker, and nobody watches it.
    pub fn alone(handle: &Handle, started: SystemTime, address: String, version: String) -> Self {
        let stats = handle.stats();
        let seconds = |since: SystemTime, till: SystemTime| {
            till.duration_since(since).map_or(0, |time| time.as_secs())
        };
        let (pid, now) = (std::process::id() as i32, SystemTime::now());
        let (state, worker) = match handle.is_stopping() {
            false => (ServiceState::Serving, WorkerState::Ready),
            true => (ServiceState::Stopping, WorkerState::Draining),
        };
        let uptime = seconds(started, now);
        let of_loop = |(connections, delay)| LoopStatus {
            connections: connections as u64,
            silent: None,
            delay,
        };
        let worker = WorkerStatus {
            index: 0,
            pid,
            generation: 1,
            state: worker,
            age: uptime,
            connections: stats.connections as u64,
            accepted: stats.accepted,
            requests: stats.requests,
            rejected: stats.rejected,
            memory: system::resident_memory(pid),
            loops: handle.loops().map(of_loop).collect(),
        };
        Self {
            pid,
            started: seconds(SystemTime::UNIX_EPOCH, started),
            uptime,
            address,
            version,
            state,
            generation: 1,
            wanted: 1,
            reloads: 0,
            died: 0,
            requests: stats.requests,
            workers: vec![worker],
        }
    }
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
