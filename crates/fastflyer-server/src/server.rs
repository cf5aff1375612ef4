//! [`Server`]: a bound socket that becomes event loops and ends as a [`Report`].

use crate::{
    Address, Application, BoxError, Error, Handle, ServerConfig, Signals, Stats,
    accept::{self, Backlog},
    control::Control,
    event_loop::{EventLoop, Lines},
    lanes::Lanes,
    listener::Listener,
    signals,
};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// How a run ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The counts at the end; `cut` tells what the stop did not wait for.
    pub stats: Stats,
}

/// A server that listens but does not answer yet.
///
/// ```
/// use fastflyer_server::{Address, Server, ServerConfig, Signals, Tower};
/// let config = ServerConfig {
///     address: Address::new("127.0.0.1", 0),
///     signals: Signals::Ignore,
///     ..ServerConfig::default()
/// };
/// let server = Server::bind(config)?;
/// let handle = server.handle();
/// handle.stop();
/// let hello = tower::service_fn(|_request: http::Request<fastflyer_server::Body>| async {
///     Ok::<_, std::convert::Infallible>(http::Response::new(fastflyer_server::Body::from("hello")))
/// });
/// let report = server.run(Tower::new(hello))?;
/// assert_eq!(report.stats.cut, 0);
/// # Ok::<(), fastflyer_server::Error>(())
/// ```
#[derive(Debug)]
pub struct Server {
    config: ServerConfig,
    listener: Listener,
    backlog: Backlog,
    control: Arc<Control>,
}

/// How much longer than the graceful timeout a loop is waited for before it counts as blocked.
const BLOCKED: Duration = Duration::from_millis(500);
/// How often the bounds of a stop are looked at.
const TURN: Duration = Duration::from_millis(100);

impl Server {
    /// Binds the address and listens. Connections wait in the backlog until [`run`](Self::run).
    ///
    /// # Errors
    /// The address is taken, may not be used, or does not exist, or the certificate cannot be used;
    /// `Display` says which and what to do.
    pub fn bind(config: ServerConfig) -> Result<Self, Error> {
        // What is wrong with the configuration is told before a port is taken.
        let control = Control::new(&config)?;
        let listener = Listener::bind(&config.address)?;
        Ok(Self::on(listener, Backlog::Ours, config, control))
    }

    /// Serves a listening socket, TCP or Unix, that others hold too: a supervisor, a sibling worker,
    /// systemd. A stop leaves what waits in its backlog to them, and the file of a Unix socket. The
    /// address of `config` is not used.
    ///
    /// # Errors
    /// The socket does not listen or cannot be set up for a thread that accepts.
    #[cfg(unix)]
    pub fn adopt(
        listener: impl Into<std::os::fd::OwnedFd>,
        config: ServerConfig,
    ) -> Result<Self, Error> {
        let listener = Listener::adopt(listener.into())
            .map_err(|cause| Error::setup("adopt a listening socket", cause))?;
        let control = Control::new(&config)?;
        Ok(Self::on(listener, Backlog::Shared, config, control))
    }

    fn on(listener: Listener, backlog: Backlog, config: ServerConfig, control: Control) -> Self {
        Self {
            config,
            listener,
            backlog,
            control: Arc::new(control),
        }
    }

    /// The socket address in use, with the port that was picked for port 0; `None` on a Unix socket.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.listener.socket_addr()
    }

    /// The address in use, whatever its kind.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn address(&self) -> Result<Address, Error> {
        self.listener
            .local_addr()
            .map_err(|cause| Error::setup("read the listening address", cause))
    }

    /// Stops the server and reads its counts from elsewhere.
    pub fn handle(&self) -> Handle {
        Handle {
            control: Arc::clone(&self.control),
        }
    }

    /// Serves `app` until the server is stopped; the calling thread accepts the connections.
    ///
    /// With [`Signals::Handle`] TERM and INT stop gracefully and a second INT at once; these signals
    /// stay without other effect in this process afterwards.
    ///
    /// # Errors
    /// [`Application::start`] refused, or a thread could not be made.
    pub fn run(self, app: impl Application) -> Result<Report, Error> {
        self.run_telling(app, || ())
    }

    /// The same; `accepting` is called once the application has started, right before the first
    /// connection is accepted.
    ///
    /// # Errors
    /// Those of [`run`](Self::run).
    pub fn run_telling(
        self,
        app: impl Application,
        accepting: impl FnOnce(),
    ) -> Result<Report, Error> {
        let Self {
            config,
            listener,
            backlog,
            control,
        } = self;
        let config = Arc::new(config);
        let _signals = match config.signals {
            Signals::Handle => {
                let control = Arc::clone(&control);
                Some(signals::watch(Handle { control }, &config)?)
            }
            Signals::Ignore => None,
        };
        let (mut threads, started) = Threads::spawn(Arc::new(app), &config, &control)?;
        if let Err(error) = started.recv().unwrap_or_else(|_| Err("it panicked".into())) {
            threads.abandon();
            return Err(Error::start(error));
        }
        accepting();
        accept::run(&listener, backlog, &control, &threads.lanes);
        // From here on the loops have all that was accepted, and newcomers are refused.
        drop(listener);
        threads.finish(&control)?;
        Ok(Report {
            stats: control.snapshot(),
        })
    }
}

/// The threads of the event loops.
struct Threads {
    lanes: Lanes,
    finishes: Vec<oneshot::Sender<()>>,
    handles: Vec<JoinHandle<()>>,
    drained: Receiver<usize>,
}

type Started = Receiver<Result<(), BoxError>>;

impl Threads {
    fn spawn<A: Application>(
        app: Arc<A>,
        config: &Arc<ServerConfig>,
        control: &Arc<Control>,
    ) -> Result<(Self, Started), Error> {
        let (started, starting) = mpsc::channel();
        let (drained, draining) = mpsc::channel();
        let mut started = Some(started);
        let mut threads = Self {
            lanes: Lanes::default(),
            finishes: Vec::new(),
            handles: Vec::new(),
            drained: draining,
        };
        for (index, state) in control.loops.iter().enumerate() {
            let event_loop = Arc::new(EventLoop {
                index,
                app: Arc::clone(&app),
                config: Arc::clone(config),
                control: Arc::clone(control),
                state: Arc::clone(state),
            });
            threads.add(event_loop, started.take(), drained.clone())?;
        }
        Ok((threads, starting))
    }

    fn add<A: Application>(
        &mut self,
        event_loop: Arc<EventLoop<A>>,
        started: Option<Sender<Result<(), BoxError>>>,
        drained: Sender<usize>,
    ) -> Result<(), Error> {
        let (finish, finished) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|cause| Error::setup("start an event loop", cause))?;
        let connections = self.lanes.add(&event_loop.state);
        self.finishes.push(finish);
        let lines = Lines {
            connections,
            started,
            drained,
            finish: finished,
        };
        let thread = std::thread::Builder::new()
            .name(format!("event-loop-{}", event_loop.index))
            .spawn(move || event_loop.run(runtime, lines))
            .map_err(|cause| Error::setup("start the thread of an event loop", cause))?;
        self.handles.push(thread);
        Ok(())
    }

    /// Ends loops that have never had a connection.
    fn abandon(&mut self) {
        self.lanes.close();
        self.finishes.clear();
        for thread in self.handles.drain(..) {
            let _ = thread.join();
        }
    }

    /// Waits until all have drained, then lets them end. A loop whose thread is blocked by a handler
    /// is left behind: the process shall end all the same.
    fn finish(mut self, control: &Control) -> Result<(), Error> {
        self.lanes.close();
        let mut done = vec![false; self.handles.len()];
        while done.contains(&false) {
            // Asked anew each time: a stop may be followed by one that has less time.
            let last = control.drain().0 + BLOCKED;
            let patience = last.saturating_duration_since(Instant::now());
            match self.drained.recv_timeout(patience.min(TURN)) {
                Ok(index) => done
                    .iter_mut()
                    .skip(index)
                    .take(1)
                    .for_each(|done| *done = true),
                Err(mpsc::RecvTimeoutError::Timeout) if patience > TURN => {}
                Err(_) => break,
            }
        }
        for finish in self.finishes.drain(..) {
            let _ = finish.send(());
        }
        let mut panicked = false;
        for ((thread, done), state) in self.handles.drain(..).zip(done).zip(&control.loops) {
            if done || thread.is_finished() {
                panicked |= thread.join().is_err();
            } else {
                control
                    .cut
                    .fetch_add(state.kill_all(), std::sync::atomic::Ordering::Relaxed);
            }
        }
        if panicked {
            Err(Error::panicked())
        } else {
            Ok(())
        }
    }
}
