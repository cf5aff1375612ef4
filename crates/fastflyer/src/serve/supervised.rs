//! The service as a supervisor, and as a worker of one.

use super::{Log, address, banner, say_goodbye, server_config};
use crate::{App, FlyerApi, Result};
use fastflyer_server::{
    Server,
    supervisor::{Event, Supervisor, SupervisorConfig, Worker, WorkerConfig, control},
};
use fastkit::{
    logger,
    settings::{Control, Settings},
};
use std::{
    hash::{BuildHasher as _, RandomState},
    io::IsTerminal as _,
    path::PathBuf,
    sync::{Arc, atomic::Ordering::Relaxed},
};

/// Whether a supervisor is to run the service. Where nobody has said, one worker that a person runs
/// at a terminal goes without: there Ctrl-C, a debugger and the exit code are simplest with one
/// process, and nobody waits for a replacement.
pub(super) fn is_wanted(settings: &Settings) -> bool {
    let by_hand =
        settings.workers == 1 && std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    settings.supervisor.unwrap_or(!by_hand)
}

/// Runs the workers until the service is stopped.
pub(super) fn supervise(settings: &Settings) -> Result<()> {
    let log = Log::start(settings)?;
    let supervisor = Supervisor::bind(SupervisorConfig {
        address: address(settings),
        workers: settings.workers,
        timeout: settings.timeout,
        graceful: settings.graceful_timeout,
        keep_alive: settings.keepalive,
        control: control_socket(settings, std::process::id()),
        version: settings.version.clone(),
        ..SupervisorConfig::default()
    })?;
    let runs_as = match settings.workers {
        1 => "one worker under a supervisor".to_owned(),
        workers => format!("{workers} workers under a supervisor"),
    };
    banner(settings, &supervisor.address()?, &runs_as);
    let outcome = supervisor.run(observe)?;
    say_goodbye(outcome.requests, outcome.cut);
    drop(log);
    Ok(())
}

fn observe(event: &Event) {
    if *event == Event::Reopen {
        logger::reopen_all();
    }
    if event.is_problem() {
        tracing::warn!(target: "fastflyer", "{event}");
    } else {
        tracing::info!(target: "fastflyer", "{event}");
    }
}

/// Where `fastflyer ctl` finds the supervisor with this process number.
pub(crate) fn control_socket(settings: &Settings, supervisor: u32) -> Option<PathBuf> {
    match &settings.ctl_socket {
        Control::Off => None,
        Control::At(path) => Some(path.clone()),
        Control::Standard => Some(control::default_folder().join(format!("{supervisor}.sock"))),
    }
}

impl FlyerApi {
    /// Serves until the supervisor says otherwise. What goes wrong is told to the supervisor, who
    /// logs it, and not a second time by this process.
    pub(super) fn work(self, worker: Worker) -> Result<()> {
        let (log, app, server) = match self.prepare(&worker) {
            Ok(prepared) => prepared,
            Err(error) => {
                worker.fail(&format_args!("{error:?}"));
                std::process::exit(1);
            }
        };
        // Held weakly: the supervisor's link outlives the application.
        let core = Arc::downgrade(&app.core);
        let is_chosen = worker.index() == 0;
        let config = WorkerConfig {
            max_requests: max_requests(&app.core.settings),
            on_stop: Box::new(move || {
                if let Some(core) = core.upgrade() {
                    core.part.stops.store(is_chosen, Relaxed);
                }
            }),
            on_reopen: Box::new(logger::reopen_all),
        };
        let failed = worker.run(server, app, config).is_err();
        drop(log);
        if failed {
            std::process::exit(1);
        }
        Ok(())
    }

    fn prepare(mut self, worker: &Worker) -> Result<(Log, App, Server)> {
        self.start = Some(worker.service().to_owned()).filter(|service| !service.is_empty());
        let loaded = self.loaded()?;
        let mut log = Log::start(&loaded.settings)?;
        let app = self.assemble(loaded, log.console())?;
        log.follow(&app)?;
        // All workers have the same to say.
        if worker.index() == 0 {
            for note in app.notes.iter() {
                tracing::info!(target: "fastflyer", "{note}");
            }
        }
        let _ = app
            .core
            .part
            .supervisor
            .set(std::os::unix::process::parent_id());
        app.core.part.starts.store(worker.is_first(), Relaxed);
        app.core.part.stops.store(false, Relaxed);
        let server = worker.server(server_config(&app))?;
        let _ = app.core.server.set(server.handle());
        Ok((log, app, server))
    }
}

/// After how many requests this worker is replaced. Random, so that workers which were started
/// together are not replaced together.
fn max_requests(settings: &Settings) -> Option<u64> {
    let most = match settings.max_requests {
        0 => settings.threads as u64 * 200,
        most => most,
    };
    // The standard library's hasher is seeded by the system, which is random enough for this.
    let random = RandomState::new().hash_one(std::process::id());
    let jitter = match settings.max_requests_jitter.checked_add(1) {
        Some(range) => random % range,
        None => random,
    };
    settings
        .enable_max_requests
        .then(|| most.saturating_add(jitter))
}
