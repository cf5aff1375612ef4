//! The supervisor: owns the listening socket, keeps worker processes serving it, never serves itself.
//!
//! A worker is the same program, started again by exec with the socket inherited. What the program has
//! to do is to ask for its [`Role`] first:
//!
//! ```no_run
//! use fastflyer_server::{
//!     ServerConfig, Tower,
//!     supervisor::{Role, Supervisor, SupervisorConfig, WorkerConfig},
//! };
//! # fn app() -> impl fastflyer_server::Application {
//! #     Tower::new(tower::service_fn(|_request: http::Request<fastflyer_server::Body>| async {
//! #         Ok::<_, std::convert::Infallible>(http::Response::new(fastflyer_server::Body::empty()))
//! #     }))
//! # }
//! match Role::current()? {
//!     Role::Worker(worker) => {
//!         let server = worker.server(ServerConfig::default())?;
//!         worker.run(server, app(), WorkerConfig::default())?;
//!     }
//!     Role::Main => {
//!         let supervisor = Supervisor::bind(SupervisorConfig::default())?;
//!         supervisor.run(|event| eprintln!("{event}"))?;
//!     }
//! }
//! # Ok::<(), fastflyer_server::Error>(())
//! ```
//!
//! # How it works
//!
//! One thread, one `poll` loop, no runtime. [`workers`] decides, pure and tested as such; [`process`]
//! starts and reaps, [`link`] and [`board`] connect, [`monitor`] finds hangs, `signals` and
//! [`control`] bring wishes, [`upgrade`] hands everything over to the next program. This file moves
//! what happened from one to the other.
//!
//! | signal | effect |
//! |---|---|
//! | TERM, INT | graceful stop; INT while stopping: at once |
//! | QUIT | stop at once |
//! | HUP | rolling restart of the same program |
//! | USR2 | the program on disk takes over, in the same process |
//! | TTIN, TTOU | one worker more, one less |
//! | USR1 | log files are reopened |
//!
//! Workers end with their supervisor by the end of their link, not by `PR_SET_PDEATHSIG`: that would
//! kill them without a moment for their requests, and it exists on one system only.

mod board;
mod config;
mod event;
mod inherited;
mod link;
mod monitor;
mod process;
mod signals;
mod system;
mod upgrade;
mod worker;
mod workers;

pub use config::SupervisorConfig;
pub use event::{Event, Exit, Reason, WorkerId};
pub use worker::{Role, Worker, WorkerConfig};

use crate::{Address, Error, listener::Listener};
use link::Report;
use monitor::Monitor;
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
};
use process::{Process, Program, reap};
use signals::{Signal, Signals};
use std::{
    collections::BTreeMap,
    os::fd::AsFd as _,
    sync::atomic::Ordering::Relaxed,
    time::{Duration, Instant},
};
use workers::{Action, Id, Workers};

/// How a supervised service ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// Requests handed to the application by all workers that ever were.
    pub requests: u64,
    /// Requests in flight that workers cut when their time was over.
    pub cut: u64,
    /// Workers that died although nobody wanted it.
    pub died: u64,
}

/// Keeps worker processes serving one listening socket.
#[derive(Debug)]
pub struct Supervisor {
    config: SupervisorConfig,
    program: Program,
    listener: Listener,
    signals: Signals,
}

impl Supervisor {
    /// Binds the address, or takes the socket that systemd or the program before this one hands over.
    ///
    /// From here on signals wait for [`run`](Self::run).
    ///
    /// # Errors
    /// Those of [`Server::bind`](crate::Server::bind), and when the process cannot be set up.
    pub fn bind(config: SupervisorConfig) -> Result<Self, Error> {
        let failed = |cause| Error::setup("set up the supervisor", cause);
        let signals = Signals::watch().map_err(failed)?;
        let program = Program::this(config.program.as_deref()).map_err(failed)?;
        Ok(Self {
            listener: Listener::bind(&config.address)?,
            config,
            program,
            signals,
        })
    }

    /// The address in use, with the port that was picked for port 0.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn address(&self) -> Result<Address, Error> {
        self.listener
            .local_addr()
            .map_err(|cause| Error::setup("read the listening address", cause))
    }

    /// Starts the workers and keeps them serving until a signal or the control socket stops the
    /// service. `observer` is told what happens, on the calling thread: it must not block.
    ///
    /// All children of this process are waited for, whoever started them.
    ///
    /// # Errors
    /// The first generation of workers did not come up; none of them is left.
    pub fn run(self, observer: impl FnMut(&Event)) -> Result<Outcome, Error> {
        Running::new(self, observer).run()
    }
}

/// A supervisor at work.
struct Running<O> {
    signals: Signals,
    listener: Listener,
    program: Program,
    workers: Workers,
    processes: BTreeMap<Id, Process>,
    monitor: Option<Monitor>,
    outcome: Outcome,
    observer: O,
}

/// The longest sleep; everything that is waited for wakes the loop, so this is only for the eye.
const LONGEST: Duration = Duration::from_secs(60);

impl<O: FnMut(&Event)> Running<O> {
    fn new(supervisor: Supervisor, observer: O) -> Self {
        let Supervisor {
            config,
            program,
            listener,
            signals,
        } = supervisor;
        let now = Instant::now();
        Self {
            signals,
            listener,
            program,
            workers: Workers::new(config.policy()),
            processes: BTreeMap::new(),
            monitor: config.timeout.map(|timeout| Monitor::new(timeout, now)),
            outcome: Outcome::default(),
            observer,
        }
    }

    fn run(mut self) -> Result<Outcome, Error> {
        self.workers.start(Instant::now());
        self.act();
        while !self.workers.is_over() {
            self.wait();
            let now = Instant::now();
            self.hear_workers(now);
            self.reap(now);
            self.obey_signals(now);
            self.look_for_hangs(now);
            self.workers.tick(now);
            self.act();
        }
        self.outcome.died = self.workers.deaths;
        match self.workers.failure() {
            Some(reason) => Err(Error::boot(reason)),
            None => Ok(self.outcome),
        }
    }

    /// Sleeps until something happens or is due.
    fn wait(&self) {
        let now = Instant::now();
        let due = [
            self.workers.next(),
            self.monitor.as_ref().map(Monitor::next),
        ];
        let patience = due
            .into_iter()
            .flatten()
            .min()
            .map_or(LONGEST, |due| due.saturating_duration_since(now));
        // Rounded up, so that it does not spin through the last millisecond.
        let patience = (patience + Duration::from_millis(1)).min(LONGEST);
        let links = self
            .processes
            .values()
            .filter(|process| process.link.is_open())
            .map(|process| process.link.as_fd());
        let mut files: Vec<PollFd<'_>> = self
            .signals
            .files()
            .chain(links)
            .map(|file| PollFd::new(file, PollFlags::POLLIN))
            .collect();
        match poll(
            &mut files,
            PollTimeout::try_from(patience).unwrap_or(PollTimeout::MAX),
        ) {
            Ok(_) | Err(Errno::EINTR) => {}
            // Out of kernel memory: better slow than spinning.
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }

    fn hear_workers(&mut self, now: Instant) {
        let ids: Vec<Id> = self.processes.keys().copied().collect();
        for id in ids {
            self.hear(id, now);
        }
    }

    fn hear(&mut self, id: Id, now: Instant) {
        let mut reports = Vec::new();
        if let Some(process) = self.processes.get_mut(&id)
            && !process.link.receive(&mut reports)
        {
            // It has ended, or become another program: either way nobody can talk to it any more.
            process.kill();
        }
        for report in reports {
            match report {
                Report::Ready { .. } => self.workers.ready(id, now),
                Report::Failed { reason } => self.workers.failed(id, reason, now),
                Report::Retire => self.workers.retire(id, now),
                Report::Leaving => self.workers.left(id, now),
            }
        }
    }

    fn reap(&mut self, now: Instant) {
        while let Some((pid, exit)) = reap() {
            let id = self
                .processes
                .iter()
                .find(|(_, process)| process.pid == pid)
                .map(|(id, _)| *id);
            let Some(id) = id else {
                let pid = pid.as_raw();
                (self.observer)(&Event::Stray { pid });
                continue;
            };
            // Its last words first.
            self.hear(id, now);
            if let Some(process) = self.processes.remove(&id) {
                self.outcome.requests += process.board.requests.load(Relaxed);
                self.outcome.cut += process.board.cut.load(Relaxed);
            }
            if let Some(monitor) = &mut self.monitor {
                monitor.forget(id);
            }
            self.workers.exited(id, exit, now);
            self.act();
        }
    }

    fn obey_signals(&mut self, now: Instant) {
        for signal in self.signals.pending() {
            let workers = &mut self.workers;
            match signal {
                Signal::Child => {}
                Signal::Reopen => workers.reopen(),
                Signal::More => workers.resize(workers.wanted + 1, now),
                Signal::Less => workers.resize(workers.wanted - 1, now),
                Signal::Reload => workers.reload(now),
                Signal::Upgrade => {}
                Signal::Interrupt if workers.is_stopping() => workers.stop_now(now),
                Signal::Stop | Signal::Interrupt => workers.stop(now),
                Signal::StopNow => workers.stop_now(now),
            }
            self.act();
        }
    }

    fn look_for_hangs(&mut self, now: Instant) {
        let Some(monitor) = self
            .monitor
            .as_mut()
            .filter(|monitor| monitor.next() <= now)
        else {
            return;
        };
        monitor.begin(now);
        for (id, process) in &self.processes {
            let slots = process.board.loops();
            let beats: Vec<u64> = slots.iter().map(|slot| slot.beats.load(Relaxed)).collect();
            let hung = monitor.judge(*id, &beats, now);
            if hung.is_empty() {
                continue;
            }
            let is_idle = |index: &usize| {
                hung.contains(index)
                    || slots
                        .get(*index)
                        .is_none_or(|slot| slot.connections.load(Relaxed) == 0)
            };
            let spent = (0..slots.len()).all(|index| is_idle(&index));
            self.workers.hung(*id, hung, now);
            if spent {
                self.workers.spent(*id, now);
            }
        }
    }

    /// Carries out what the state machine wants, and what follows from that.
    fn act(&mut self) {
        loop {
            let actions = self.workers.actions();
            if actions.is_empty() {
                return;
            }
            for action in actions {
                self.carry_out(action);
            }
        }
    }

    fn carry_out(&mut self, action: Action) {
        match action {
            Action::Start(id, place) => {
                match Process::start(&self.program, place, self.listener.as_fd()) {
                    Ok(process) => {
                        self.workers.started(id, process.pid.as_raw());
                        self.processes.insert(id, process);
                    }
                    Err(error) => {
                        let exit = Exit::NotStarted(error.to_string());
                        self.workers.exited(id, exit, Instant::now());
                    }
                }
            }
            Action::Send(id, order) => {
                if let Some(process) = self.processes.get(&id) {
                    process.link.send(&order);
                }
            }
            Action::Kill(id) => {
                if let Some(process) = self.processes.get(&id) {
                    process.kill();
                }
            }
            Action::Become => {}
            Action::Tell(event) => (self.observer)(&event),
        }
    }
}
