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
//! One thread, one `poll` loop, no runtime. `workers` decides, pure and tested as such; `process`
//! starts and reaps, `link` and `board` connect, `monitor` finds hangs, `signals` and
//! [`control`] bring wishes, `upgrade` hands everything over to the next program, [`systemd`] is
//! told. `running` moves what happened from one to the other.
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
pub mod control;
mod environment;
mod event;
mod inherited;
mod link;
mod monitor;
mod process;
mod running;
mod signals;
mod system;
pub mod systemd;
mod upgrade;
mod worker;
mod workers;

pub use config::SupervisorConfig;
pub use event::{Event, Exit, Reason, WorkerId};
pub use worker::{Role, Worker, WorkerConfig};

use crate::{Address, Error, listener::Listener};
use process::Program;
use serde::{Deserialize, Serialize};
use signals::Signals;
use upgrade::HandOver;

/// How a supervised service ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// What the program before this one left, at an upgrade.
    inherited: Option<HandOver>,
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
        let inherited = HandOver::receive().map_err(failed)?;
        let listener = match &inherited {
            Some(left) => left.listener().map_err(failed)?,
            None => match systemd::listener()? {
                Some(socket) => Listener::adopt(socket).map_err(failed)?,
                None => Listener::bind(&config.address)?,
            },
        };
        Ok(Self {
            config,
            program,
            listener,
            inherited,
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

    /// This process has supervised before, as another program: an upgrade is under way.
    pub fn is_upgrade(&self) -> bool {
        self.inherited.is_some()
    }

    /// Starts the workers and keeps them serving until a signal or the control socket stops the
    /// service. `observer` is told what happens, on the calling thread: it must not block.
    ///
    /// All children of this process are waited for, whoever started them.
    ///
    /// # Errors
    /// The first generation of workers did not come up; none of them is left.
    pub fn run(self, observer: impl FnMut(&Event)) -> Result<Outcome, Error> {
        running::Running::new(self, observer)?.run()
    }
}
