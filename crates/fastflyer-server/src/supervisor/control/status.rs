//! [`Status`]: a supervised service at one moment, as the control socket tells it.

use crate::{
    Handle,
    supervisor::{system, workers::State},
};
use serde::{Deserialize, Serialize};
use std::{fmt, time::SystemTime};

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

/// The word that stands in the JSON too.
impl fmt::Display for ServiceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Starting => "starting",
            Self::Serving => "serving",
            Self::Reloading => "reloading",
            Self::Upgrading => "upgrading",
            Self::Stopping => "stopping",
        })
    }
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

/// The word that stands in the JSON too.
impl fmt::Display for WorkerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Draining => "draining",
            Self::Killed => "killed",
        })
    }
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

/// A loop comes round several times a second; one that has been silent for longer than this many
/// milliseconds is stuck now, which its past delays do not tell.
const STUCK: u64 = 1000;

impl LoopStatus {
    /// How late it is, for people, in milliseconds: [`silent`](Self::silent) where that is more than a
    /// second, else [`delay`](Self::delay).
    pub fn lateness(&self) -> u64 {
        self.silent
            .filter(|silent| *silent > STUCK)
            .unwrap_or(self.delay)
    }
}

/// A time as people say it: its two largest units of days, hours, minutes and seconds, `1d1h` of
/// 90,061 seconds. `units` are the four words, each put behind its number, `between` stands between two.
pub fn two_units(seconds: u64, units: [&str; 4], between: &str) -> String {
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (size, unit) in [86_400, 3_600, 60, 1].into_iter().zip(units) {
        if rest / size > 0 {
            parts.push(format!("{}{unit}", rest / size));
        }
        rest %= size;
    }
    parts.truncate(2);
    if parts.is_empty() {
        let [_, _, _, second] = units;
        format!("0{second}")
    } else {
        parts.join(between)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_show_their_two_largest_units() {
        let short = |seconds| two_units(seconds, ["d", "h", "m", "s"], "");
        assert_eq!(short(0), "0s");
        assert_eq!(short(59), "59s");
        assert_eq!(short(61), "1m1s");
        assert_eq!(short(3_605), "1h5s");
        assert_eq!(short(90_061), "1d1h");
    }

    #[test]
    fn states_are_shown_by_the_words_of_their_json() {
        for state in [
            ServiceState::Starting,
            ServiceState::Serving,
            ServiceState::Reloading,
            ServiceState::Upgrading,
            ServiceState::Stopping,
        ] {
            let json = serde_json::to_value(state).unwrap();
            assert_eq!(json, state.to_string());
        }
        for state in [
            WorkerState::Starting,
            WorkerState::Ready,
            WorkerState::Draining,
            WorkerState::Killed,
        ] {
            let json = serde_json::to_value(state).unwrap();
            assert_eq!(json, state.to_string());
        }
    }

    #[test]
    fn a_stuck_loop_is_as_late_as_it_is_silent() {
        let late = |silent, delay| {
            LoopStatus {
                connections: 0,
                silent,
                delay,
            }
            .lateness()
        };
        assert_eq!(late(None, 7), 7);
        assert_eq!(late(Some(1000), 7), 7);
        assert_eq!(late(Some(5000), 7), 5000);
    }
}
