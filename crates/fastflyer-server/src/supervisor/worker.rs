//! The worker's side: what a process is, and how it serves under a supervisor.
//!
//! A thread of its own listens to the supervisor, so that orders are heard while the main thread
//! accepts, and so that the end of the supervisor is the end of the worker whatever its event loops
//! do. Key types: [`Role`], [`Worker`].

use super::{
    board::Board,
    environment,
    link::{Link, Order, Report as Message, Sender, VERSION},
    process::{Assignment, Call, VARIABLE},
    system,
};
use crate::{Application, Drain, Error, Handle, Heartbeat, Report, Server, ServerConfig, Signals};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use signal_hook::consts;
use std::{
    fmt, io,
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::net::UnixStream,
    },
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// What this process is to be.
#[derive(Debug)]
pub enum Role {
    /// A supervisor has started it.
    Worker(Worker),
    /// Somebody else has: it may supervise or serve alone.
    Main,
}

impl Role {
    /// Finds out, from the environment and the descriptors that it names. To be called once, early
    /// and before any other program is started: from here on nobody inherits those descriptors.
    ///
    /// # Errors
    /// A supervisor has started this process but is gone, or speaks another version, or the
    /// process cannot be set up. It must not serve then.
    pub fn current() -> Result<Self, Error> {
        let failed = |cause| Error::setup("be a worker", cause);
        let Some(text) = environment::variable(VARIABLE) else {
            return Ok(Self::Main);
        };
        let text = text.as_encoded_bytes();
        // Without the descriptor it is somebody whom a worker has started.
        let call: Option<Call> = serde_json::from_slice(text).ok();
        let Some((link, call)) = call.and_then(|call| Some((call.link.take().ok()?, call))) else {
            return Ok(Self::Main);
        };
        let link = Link::adopt(link).map_err(failed)?;
        if call.version != VERSION {
            let text = format!(
                "the supervisor speaks version {}, this program {VERSION}",
                call.version
            );
            let error = failed(io::Error::other(text));
            link.fail(&error);
            return Err(error);
        }
        let assignment: Assignment =
            serde_json::from_slice(text).map_err(|error| failed(error.into()))?;
        if nix::unistd::getppid().as_raw() != assignment.parent {
            return Err(failed(io::Error::other("the supervisor is gone")));
        }
        Worker::new(link, &assignment)
            .map(Self::Worker)
            .map_err(failed)
    }
}

/// How a worker serves.
pub struct WorkerConfig {
    /// After how many requests the worker asks to be replaced; with several workers they should
    /// differ. `None` is never. Default `None`.
    pub max_requests: Option<u64>,
    /// Called in a thread of the worker when the log files are to be reopened.
    pub on_reopen: Box<dyn Fn() + Send + Sync>,
    /// Called in that thread when the whole service stops, before the worker does.
    pub on_stop: Box<dyn Fn() + Send + Sync>,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            max_requests: None,
            on_reopen: Box::new(|| ()),
            on_stop: Box::new(|| ()),
        }
    }
}

impl fmt::Debug for WorkerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerConfig")
            .field("max_requests", &self.max_requests)
            .finish_non_exhaustive()
    }
}

/// A process that serves what its supervisor listens on.
#[derive(Debug)]
pub struct Worker {
    index: usize,
    generation: u64,
    is_first: bool,
    service: String,
    listener: OwnedFd,
    link: Sender,
    shared: Arc<Shared>,
}

/// What the worker and its link thread share.
#[derive(Debug)]
struct Shared {
    board: Board,
    serving: OnceLock<(Handle, WorkerConfig)>,
}

impl Worker {
    fn new(link: Link, assignment: &Assignment) -> io::Result<Self> {
        system::name_process();
        let shared = Arc::new(Shared {
            board: Board::adopt(assignment.board.take()?)?,
            serving: OnceLock::new(),
        });
        let worker = Self {
            index: assignment.index,
            generation: assignment.generation,
            is_first: assignment.is_first,
            service: assignment.service.clone(),
            listener: assignment.listener.take()?,
            link: link.sender()?,
            shared: Arc::clone(&shared),
        };
        let thread = LinkThread {
            link,
            term: signals()?,
            shared,
            orphaned: None,
            retires: false,
            delays: Vec::new(),
        };
        // Without an owner: it has to outlive everything else in the process.
        std::thread::Builder::new()
            .name("supervisor-link".into())
            .spawn(move || thread.run())?;
        Ok(worker)
    }

    /// The worker's seat, from 0. A replacement has the same one.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Counts up from 1 with each rolling restart of the service.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The one worker that does what is to be done once per service, before any other is started:
    /// the first of all, and the first of a new program after an upgrade.
    pub fn is_first(&self) -> bool {
        self.is_first
    }

    /// Which start of the service this worker belongs to: the same for all workers from the start of
    /// the supervisor to its end, upgrades included. Empty under a supervisor that does not tell.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The server on the supervisor's socket. `address`, `signals` of the configuration are not used,
    /// and its heartbeat is called besides the worker's own.
    ///
    /// # Errors
    /// The socket cannot be set up.
    pub fn server(&self, config: ServerConfig) -> Result<Server, Error> {
        let shared = Arc::clone(&self.shared);
        let also = config.heartbeat;
        let beat = move |index| {
            shared.board.beat(index);
            if let Some(Heartbeat(also)) = &also {
                also(index);
            }
        };
        let config = ServerConfig {
            signals: Signals::Ignore,
            heartbeat: Some(Heartbeat(Arc::new(beat))),
            ..config
        };
        let listener = self
            .listener
            .try_clone()
            .map_err(|cause| Error::setup("share the listening socket", cause))?;
        Server::adopt(listener, config)
    }

    /// Serves until the supervisor says otherwise, and tells it when connections are accepted.
    ///
    /// # Errors
    /// Those of [`Server::run`]; the supervisor has been told why.
    pub fn run(
        self,
        server: Server,
        app: impl Application,
        config: WorkerConfig,
    ) -> Result<Report, Error> {
        // The server has its own; when the service stops nobody shall hold the socket open.
        drop(self.listener);
        let handle = server.handle();
        self.shared.board.open(handle.heartbeats().len());
        let _ = self.shared.serving.set((handle.clone(), config));
        let outcome = server.run_telling(app, || self.link.send(&Message::Ready));
        self.shared.publish(&handle);
        if let Err(error) = &outcome {
            self.link.fail(error);
        }
        outcome
    }

    /// Tells the supervisor why this worker does not start; the process shall end then. For what goes
    /// wrong before [`run`](Self::run).
    pub fn fail(&self, reason: &dyn fmt::Display) {
        self.link.fail(reason);
    }
}

impl Shared {
    fn publish(&self, handle: &Handle) {
        let stats = handle.stats();
        let board = &self.board;
        board.connections.store(stats.connections as u64, Relaxed);
        // At the end two threads publish: the later one may have counted before the other.
        board.accepted.fetch_max(stats.accepted, Relaxed);
        board.requests.fetch_max(stats.requests, Relaxed);
        board.rejected.fetch_max(stats.rejected, Relaxed);
        board.cut.fetch_max(stats.cut, Relaxed);
    }
}

/// TERM goes to the link thread. The others are for the supervisor, who hears them too when they come
/// from the keyboard; by handlers that do nothing, which programs started from here do not inherit.
fn signals() -> io::Result<UnixStream> {
    let (receiver, sender) = UnixStream::pair()?;
    receiver.set_nonblocking(true)?;
    signal_hook::low_level::pipe::register(consts::SIGTERM, sender)?;
    for signal in [
        consts::SIGINT,
        consts::SIGQUIT,
        consts::SIGHUP,
        consts::SIGUSR1,
        consts::SIGUSR2,
        consts::SIGTTIN,
        consts::SIGTTOU,
    ] {
        signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))?;
    }
    Ok(receiver)
}

/// How often counters are published when nothing else happens.
const TURN: Duration = Duration::from_millis(200);
/// What is left of a worker's life once its supervisor has died, and the part of it for requests.
const ORPHANED: Duration = Duration::from_millis(1500);
const ORPHANS_DRAIN: Drain = Drain {
    linger: Duration::from_millis(300),
    graceful: Duration::from_millis(900),
};
/// The exit code of a worker that had to end itself.
const ENDED_ITSELF: i32 = 70;
/// How long the longest delay of an event loop is shown.
const RECENT: Duration = Duration::from_secs(5);

/// What runs in the thread.
struct LinkThread {
    link: Link,
    term: UnixStream,
    shared: Arc<Shared>,
    /// When the process ends, now that there is no supervisor.
    orphaned: Option<Instant>,
    retires: bool,
    delays: Vec<(u64, Instant)>,
}

impl LinkThread {
    fn run(mut self) {
        loop {
            self.wait();
            if self.orphaned.is_some_and(|end| end <= Instant::now()) {
                // Whatever the other threads are doing; nothing of theirs is run or waited for.
                signal_hook::low_level::exit(ENDED_ITSELF);
            }
            let mut orders = Vec::new();
            if self.orphaned.is_none() && !self.link.receive(&mut orders) {
                self.orphaned = Some(Instant::now() + ORPHANED);
                self.with_server(|handle| handle.stop_within(ORPHANS_DRAIN));
            }
            for order in orders {
                self.obey(&order);
            }
            if matches!(io::Read::read(&mut self.term, &mut [0; 64]), Ok(1..)) {
                self.link.send(&Message::Leaving);
                self.with_server(Handle::stop);
            }
            self.tick();
        }
    }

    fn wait(&self) {
        let term = PollFd::new(self.term.as_fd(), PollFlags::POLLIN);
        let link = PollFd::new(self.link.as_fd(), PollFlags::POLLIN);
        // The end of the link would be reported for ever.
        let (mut both, mut one) = ([term.clone(), link], [term]);
        let files = match self.orphaned {
            None => &mut both[..],
            Some(_) => &mut one[..],
        };
        let left = |end: Instant| end.saturating_duration_since(Instant::now());
        let patience = self.orphaned.map_or(TURN, |end| left(end).min(TURN));
        let patience = PollTimeout::try_from(patience).unwrap_or(PollTimeout::ZERO);
        // An interruption is a turn too.
        let _ = poll(files, patience);
    }

    /// A process that does not serve yet has nothing to finish.
    fn with_server(&self, stop: impl FnOnce(&Handle)) {
        match self.shared.serving.get() {
            Some((handle, _)) => stop(handle),
            None => signal_hook::low_level::exit(0),
        }
    }

    fn obey(&self, order: &Order) {
        let time = Duration::from_millis;
        match *order {
            Order::Drain { linger, graceful } => self.with_server(|handle| {
                handle.stop_within(Drain {
                    linger: time(linger),
                    graceful: graceful.map_or(Duration::MAX, time),
                });
            }),
            Order::Stop { graceful } => {
                if let Some((_, config)) = self.shared.serving.get() {
                    (config.on_stop)();
                }
                self.with_server(|handle| {
                    handle.stop_with_others(Drain {
                        linger: time(graceful),
                        graceful: time(graceful),
                    });
                    // Where the server is configured with less, that holds.
                    handle.stop();
                });
            }
            Order::Cut => self.with_server(Handle::stop_now),
            Order::Reopen => {
                if let Some((_, config)) = self.shared.serving.get() {
                    (config.on_reopen)();
                }
            }
        }
    }

    fn tick(&mut self) {
        let Some((handle, config)) = self.shared.serving.get() else {
            return;
        };
        self.shared.publish(handle);
        let now = Instant::now();
        let slots = self.shared.board.loops();
        self.delays.resize(slots.len(), (0, now));
        for ((slot, recent), (connections, delay)) in
            slots.iter().zip(&mut self.delays).zip(handle.loops())
        {
            if delay >= recent.0 || now.duration_since(recent.1) >= RECENT {
                *recent = (delay, now);
            }
            slot.connections.store(connections as u64, Relaxed);
            slot.delay.store(recent.0, Relaxed);
        }
        let most = config.max_requests.unwrap_or(u64::MAX);
        if !self.retires && handle.stats().requests >= most {
            self.retires = true;
            self.link.send(&Message::Retire);
        }
    }
}
