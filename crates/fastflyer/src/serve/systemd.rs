//! systemd and a process that serves alone: its socket, readiness, watchdog. A supervisor does the same
//! for its workers, in `fastflyer-server`.

use crate::Result;
use fastflyer_server::{
    Handle, Heartbeat, Server, ServerConfig,
    supervisor::systemd::{Notifier, listener},
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A server on systemd's socket if there is one, and what to do when it accepts.
pub(super) fn listen(mut config: ServerConfig) -> Result<(Server, impl FnOnce(&Handle))> {
    let notifier = Arc::new(Notifier::from_environment());
    if let Some(interval) = notifier.watchdog() {
        let watchdog = Watchdog::new(Arc::clone(&notifier), interval, config.event_loops.max(1));
        config.heartbeat = Some(Heartbeat(Arc::new(move |index| watchdog.beat(index))));
    }
    let server = match listener()? {
        Some(socket) => Server::adopt(socket, config)?,
        None => Server::bind(config)?,
    };
    Ok((server, move |handle: &Handle| {
        notifier.ready("serving");
        let handle = handle.clone();
        // Ends with the process at the latest; it holds nothing that has to be put in order.
        let _ = std::thread::Builder::new()
            .name("systemd".into())
            .spawn(move || {
                // Nothing but a waker is needed, so a runtime without drivers will do.
                if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() {
                    runtime.block_on(handle.stopping());
                    notifier.stopping();
                }
            });
    }))
}

/// Tells systemd that the process is not stuck, as long as no event loop is.
struct Watchdog {
    notifier: Arc<Notifier>,
    interval: Duration,
    round: Mutex<Round>,
}

struct Round {
    /// Which loops have come round since systemd was told.
    beaten: Vec<bool>,
    told: Instant,
}

impl Watchdog {
    fn new(notifier: Arc<Notifier>, interval: Duration, event_loops: usize) -> Self {
        let round = Round {
            beaten: vec![false; event_loops],
            told: Instant::now(),
        };
        Self {
            notifier,
            interval,
            round: Mutex::new(round),
        }
    }

    fn beat(&self, index: usize) {
        let mut round = self.round.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(beaten) = round.beaten.get_mut(index) {
            *beaten = true;
        }
        if round.told.elapsed() >= self.interval && !round.beaten.contains(&false) {
            round.told = Instant::now();
            round.beaten.fill(false);
            self.notifier.alive();
        }
    }
}
