//! A supervised service in one file, and what the supervisor's tests run.
//!
//! `supervised [NAME=VALUE]...`: the names are those of [`Options::set`]. It prints what happens to
//! standard output, a line each.
#![cfg_attr(
    unix,
    expect(clippy::print_stdout, reason = "an example talks to its user")
)]

#[cfg(unix)]
pub(crate) fn main() -> std::process::ExitCode {
    supervised::main()
}

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
pub(crate) mod supervised {
    use bytes::Bytes;
    use fastflyer_server::{
        Address, Application, Body, BoxError, Error, Peer, ProtocolError, ServerConfig, Service,
        Stamps, Startup, Timeouts,
        supervisor::{Role, Supervisor, SupervisorConfig, Worker, WorkerConfig},
    };
    use http::{Request, Response};
    use std::{
        io::{Read as _, Seek as _, SeekFrom},
        path::PathBuf,
        process::ExitCode,
        sync::Arc,
        time::Duration,
    };

    #[derive(Default)]
    struct Options {
        supervisor: SupervisorConfig,
        event_loops: usize,
        linger: Option<Duration>,
        max_requests: Option<u64>,
        behaviour: PathBuf,
        adopts_orphans: bool,
    }

    impl Options {
        fn set(&mut self, argument: &str) -> Result<(), BoxError> {
            let (name, value) = argument
                .split_once('=')
                .ok_or_else(|| format!("{argument:?} is not NAME=VALUE"))?;
            let milliseconds = || value.parse().map(Duration::from_millis);
            let supervisor = &mut self.supervisor;
            match name {
                "port" => supervisor.address = Address::new("127.0.0.1", value.parse()?),
                "unix" => supervisor.address = Address::Unix(value.into()),
                "workers" => supervisor.workers = value.parse()?,
                "loops" => self.event_loops = value.parse()?,
                "max_requests" => self.max_requests = Some(value.parse()?),
                "timeout" => {
                    supervisor.timeout = Some(milliseconds()?).filter(|time| !time.is_zero())
                }
                "graceful" => supervisor.graceful = milliseconds()?,
                "linger" => self.linger = Some(milliseconds()?),
                "keep_alive" => supervisor.keep_alive = milliseconds()?,
                "control" => supervisor.control = Some(value.into()),
                // As PID 1 does, and as a process can ask to on Linux.
                "orphans" => self.adopts_orphans = value == "1",
                // A folder: while it has a file `fail`, workers do not start, with its text as the
                // reason; `die`: they end as soon as they serve; `wait`: they wait before they serve;
                // `block`: they block then.
                "behaviour" => self.behaviour = value.into(),
                _ => return Err(format!("{name:?} is not known").into()),
            }
            Ok(())
        }

        fn asked(&self, behaviour: &str) -> Option<String> {
            std::fs::read_to_string(self.behaviour.join(behaviour)).ok()
        }
    }

    /// The last line of the program's own file, by which tests tell one release from another.
    fn release() -> std::io::Result<String> {
        // Of the very file that runs, not of what lies under its path now.
        let path = match cfg!(target_os = "linux") {
            true => PathBuf::from("/proc/self/exe"),
            false => std::env::current_exe()?,
        };
        let mut file = std::fs::File::open(path)?;
        file.seek(SeekFrom::End(-32))?;
        let mut end = Vec::new();
        file.read_to_end(&mut end)?;
        let text = String::from_utf8_lossy(&end);
        let release = text.rsplit_once("release=").map(|(_, release)| release);
        Ok(release.unwrap_or("0").trim().to_owned())
    }

    #[derive(Clone)]
    struct App(Arc<Shared>);

    struct Shared {
        options: Options,
        about: String,
    }

    impl Application for App {
        type Service = Self;

        fn connect(&self, _peer: &Peer) -> Self {
            self.clone()
        }

        fn protocol_error(&self, _peer: &Peer, error: &ProtocolError) -> Response<Bytes> {
            let mut response = Response::new(Bytes::from_static(error.reason.as_bytes()));
            *response.status_mut() = error.status;
            response
        }

        fn start(&self) -> Startup<'_> {
            Box::pin(async {
                let options = &self.0.options;
                if let Some(reason) = options.asked("fail") {
                    return Err(reason.into());
                }
                while options.asked("wait").is_some() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                while options.asked("block").is_some() {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Ok(())
            })
        }
    }

    impl Service for App {
        async fn call(&self, request: Request<Body>, _stamps: &mut Stamps) -> Response<Body> {
            let amount = request.uri().query().and_then(|text| text.parse().ok());
            let time = Duration::from_millis(amount.unwrap_or(0));
            match request.uri().path() {
                "/slow" => tokio::time::sleep(time).await,
                "/block" => std::thread::sleep(time),
                "/abort" => std::process::abort(),
                // A child of a child that outlives its parent: who is told of its end?
                "/stray" => {
                    let _ = std::process::Command::new("sh")
                        .args(["-c", "sh -c 'sleep 0.2; exit 7' & exit 0"])
                        .status();
                }
                _ => {}
            }
            Response::new(Body::from(self.0.about.clone()))
        }
    }

    fn work(worker: Worker, options: Options) -> Result<(), Error> {
        let about = format!(
            "pid={} index={} generation={} first={} release={}",
            std::process::id(),
            worker.index(),
            worker.generation(),
            worker.is_first(),
            release().unwrap_or_default(),
        );
        let usual = Timeouts::default();
        let server = worker.server(ServerConfig {
            event_loops: options.event_loops,
            timeouts: Timeouts {
                linger: options.linger.unwrap_or(usual.linger),
                keep_alive: options.supervisor.keep_alive,
                graceful: options.supervisor.graceful,
                ..usual
            },
            ..ServerConfig::default()
        })?;
        if options.asked("die").is_some() {
            std::thread::spawn(|| {
                std::thread::sleep(Duration::from_millis(100));
                std::process::abort();
            });
        }
        let config = WorkerConfig {
            max_requests: options.max_requests,
            on_reopen: Box::new(|| println!("worker {} reopens", std::process::id())),
            ..WorkerConfig::default()
        };
        let app = App(Arc::new(Shared { options, about }));
        worker.run(server, app, config).map(drop)
    }

    fn supervise(options: Options) -> Result<(), Error> {
        #[cfg(target_os = "linux")]
        if options.adopts_orphans {
            let _ = nix::sys::prctl::set_child_subreaper(true);
        }
        let supervisor = Supervisor::bind(options.supervisor)?;
        println!(
            "supervisor {} listening on {}",
            std::process::id(),
            supervisor.address()?
        );
        let outcome = supervisor.run(|event| println!("{event}"))?;
        println!("{outcome:?}");
        Ok(())
    }

    fn run() -> Result<(), BoxError> {
        let role = Role::current()?;
        let mut options = Options::default();
        for argument in std::env::args().filter(|argument| argument.contains('=')) {
            options.set(&argument)?;
        }
        match role {
            Role::Worker(worker) => work(worker, options)?,
            Role::Main => supervise(options)?,
        }
        Ok(())
    }

    pub(crate) fn main() -> ExitCode {
        match run() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                println!("error: {error}");
                ExitCode::FAILURE
            }
        }
    }
}
