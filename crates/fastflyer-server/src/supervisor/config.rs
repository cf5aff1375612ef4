//! What can be set on a [`Supervisor`](super::Supervisor).

use super::workers::Policy;
use crate::Address;
use std::{path::PathBuf, time::Duration};

/// Everything that can be set on a supervisor.
///
/// ```
/// use fastflyer_server::supervisor::SupervisorConfig;
/// let config = SupervisorConfig {
///     workers: 4,
///     ..SupervisorConfig::default()
/// };
/// assert_eq!(config.timeout, Some(std::time::Duration::from_secs(60)));
/// ```
#[derive(Clone, Debug)]
pub struct SupervisorConfig {
    /// Where to listen. Not used where systemd hands over a socket, nor after an upgrade: then the
    /// socket in use stays. Default `0.0.0.0:8080`.
    pub address: Address,
    /// Worker processes; 0 counts as 1, 1,024 are the most. Default 1.
    pub workers: usize,
    /// A worker with an event loop that does not come round for this long is replaced, and one that
    /// does not begin to start its event loops within it. It also bounds the requests in flight of a
    /// replaced worker. `None` and zero are no bound. Default 60 s.
    pub timeout: Option<Duration>,
    /// How long requests in flight may take once the service stops. Default 1 s.
    pub graceful: Duration,
    /// How long clients keep idle connections: a replaced worker drains for at least a second more,
    /// so that none of them sends a request into a closed connection. Default 5 s.
    pub keep_alive: Duration,
    /// The program that an upgrade starts; `None` is the path that this one was started by, even if
    /// it is a link that leads elsewhere by then. Default `None`.
    pub program: Option<PathBuf>,
    /// The control socket, see [`control`](super::control); `None` is none. Default `None`.
    pub control: Option<PathBuf>,
    /// The version of the service, for whoever asks for the status. Default empty.
    pub version: String,
}

impl Default for SupervisorConfig {
    fn default() -> Self {
        Self {
            address: Address::new("0.0.0.0", 8080),
            workers: 1,
            timeout: Some(Duration::from_secs(60)),
            graceful: Duration::from_secs(1),
            keep_alive: Duration::from_secs(5),
            program: None,
            control: None,
            version: String::new(),
        }
    }
}

impl SupervisorConfig {
    /// Nothing can be done within no time at all.
    pub(super) fn timeout(&self) -> Option<Duration> {
        let timeout = self.timeout.filter(|timeout| !timeout.is_zero());
        timeout.map(|timeout| timeout.min(LONGEST))
    }

    pub(super) fn policy(&self) -> Policy {
        Policy {
            workers: self.workers,
            linger: self.keep_alive.min(LONGEST) + Duration::from_secs(1),
            patience: self.timeout(),
            graceful: self.graceful.min(LONGEST),
        }
    }
}

/// Ten years: more would only overflow.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);
