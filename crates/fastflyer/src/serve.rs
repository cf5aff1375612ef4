//! How a service runs: as one process alone, as a supervisor, or as one of its workers.
//!
//! All three are the same program. Whether it is a worker says whoever started it; else
//! `flyer_supervisor` decides, and where that is not set, what is nicest: a person at a terminal gets
//! one process, everything else a supervisor.

#[cfg(feature = "client")]
use crate::access_log::outgoing;
use crate::{App, FlyerApi, Result, StartError, access_log::AccessLog, memory};
use fastflyer_server::{Address, Limits, SampledHeaders, ServerConfig, Timeouts};
use fastkit::{
    logger::{self, Guard, LogConfig, Sink},
    settings::{Front, Listen, Loaded, Settings, Sources},
};
use std::{sync::Arc, time::Duration};

mod alone;
#[cfg(unix)]
pub(crate) mod supervised;
#[cfg(unix)]
mod systemd;

impl FlyerApi {
    /// Runs the service, whatever the program's arguments are.
    ///
    /// The same program is supervisor and worker, so this is called in both, and so is all that the
    /// program does before.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    #[cfg(unix)]
    pub fn serve(self) -> Result<()> {
        use fastflyer_server::supervisor::Role;
        // First of all: what a supervisor hands over must reach no program that is started from here.
        match Role::current()? {
            Role::Worker(worker) => self.work(worker),
            Role::Main => {
                let loaded = self.loaded()?;
                if supervised::is_wanted(&loaded.settings) {
                    supervised::supervise(&loaded.settings)
                } else {
                    self.serve_alone(loaded)
                }
            }
        }
    }

    /// Runs the service, whatever the program's arguments are.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), and when several workers are wanted: there is no supervisor on this
    /// system.
    #[cfg(not(unix))]
    pub fn serve(self) -> Result<()> {
        let loaded = self.loaded()?;
        if loaded.settings.workers > 1 {
            let text = "flyer_workers: several workers need a supervisor, which this system has not; expected 1";
            return Err(StartError::new(vec![text.to_owned()]).into());
        }
        self.serve_alone(loaded)
    }

    pub(crate) fn loaded(&self) -> Result<Loaded, StartError> {
        Settings::load(&self.config, &Sources::from_process())
            .map_err(|errors| StartError::new(errors.iter().map(str::to_owned).collect()))
    }
}

/// Where a service logs, from its start to its end. Dropped, it writes the last lines.
///
/// They are asked for and not left to the drop of the sinks: others may hold these too, the HTTP client in a static, a
/// thread that still runs a handler which was cut.
struct Log {
    /// `None` if the program has a subscriber of its own, which gets the events then.
    guard: Option<Guard>,
    /// Where the lines of requests and of the HTTP client's calls go, where that is not the guard's console.
    lines: Option<Sink>,
}

/// How long a service waits at its end for a disk or a pipe to take the last lines, as the logger does.
const LAST_LINES: Duration = Duration::from_secs(2);

impl Log {
    /// Logs events from here on.
    fn start(settings: &Settings) -> Result<Self> {
        let guard = match logger::init(&LogConfig::from(settings)) {
            Ok(guard) => Some(guard),
            Err(error) if error.is_installed() => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Self { guard, lines: None })
    }

    /// Standard output, where the logger has it.
    fn console(&self) -> Option<&Sink> {
        self.guard.as_ref().map(Guard::console)
    }

    /// Takes care of the access log too, and lets the HTTP client log its calls there.
    fn follow(&mut self, app: &App) -> Result<(), StartError> {
        let settings = &app.core.settings;
        let requests = app.core.access_log.as_ref().map(AccessLog::sink);
        #[cfg(feature = "client")]
        let calls = outgoing::install(settings, requests, self.console())
            .map_err(|text| StartError::new(vec![text]))?;
        #[cfg(not(feature = "client"))]
        let calls = None;
        let is_own = settings.access_logfile.is_some() || self.guard.is_none();
        self.lines = requests.cloned().or(calls).filter(|_| is_own);
        Ok(())
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        #[cfg(feature = "client")]
        fastkit::client::install_log(None);
        if let Some(lines) = &self.lines {
            lines.flush(LAST_LINES);
        }
    }
}

/// Where the settings say to listen.
pub(crate) fn address(settings: &Settings) -> Address {
    match &settings.host {
        Listen::Tcp(host) => Address::Tcp {
            host: host.clone(),
            port: settings.port,
        },
        Listen::Unix(path) => Address::Unix(path.clone()),
    }
}

/// What the settings of an application mean for its server.
pub(crate) fn server_config(app: &App) -> ServerConfig {
    let settings = &app.core.settings;
    let defaults = Timeouts::default();
    // "off" is a day: a head that takes longer is not coming.
    let head = settings
        .header_timeout
        .unwrap_or(Duration::from_secs(86_400));
    ServerConfig {
        address: address(settings),
        event_loops: settings.event_loops,
        max_connections: settings.worker_connections,
        max_connections_per_client: settings.client_connections,
        timeouts: Timeouts {
            head,
            first_byte: defaults.first_byte.min(head),
            keep_alive: settings.keepalive,
            graceful: settings.graceful_timeout,
            ..defaults
        },
        limits: Limits::default(),
        #[cfg(feature = "tls")]
        tls: tls(settings),
        #[cfg(feature = "http2")]
        http2: settings.http2,
        front: match settings.front {
            Front::Fast => fastflyer_server::Front::Fast,
            Front::Hyper => fastflyer_server::Front::Hyper,
        },
        constant_headers: app.core.constant_headers.clone(),
        sampled_headers: Some(SampledHeaders(Arc::new(memory::headers))),
        ..ServerConfig::default()
    }
}

/// Both files or neither, as the settings have been checked.
#[cfg(feature = "tls")]
fn tls(settings: &Settings) -> Option<fastflyer_server::TlsConfig> {
    let (cert, key) = settings.tls_cert.as_ref().zip(settings.tls_key.as_ref())?;
    Some(fastflyer_server::TlsConfig {
        cert: cert.into(),
        key: key.into(),
    })
}

/// Tells where the service answers, and as what it runs.
fn banner(settings: &Settings, address: &Address, runs_as: &str) {
    let mut lines = vec![
        format!("{} {}, {runs_as}", settings.title, settings.version),
        format!("listening on {address}"),
    ];
    if let Address::Tcp { host, port } = address {
        let host = match host.parse::<std::net::IpAddr>() {
            Ok(ip) if ip.is_unspecified() => "127.0.0.1".to_owned(),
            Ok(ip) if ip.is_ipv6() => format!("[{ip}]"),
            _ => host.clone(),
        };
        let scheme = if settings.tls_cert.is_some() {
            "https"
        } else {
            "http"
        };
        let base = format!("{scheme}://{host}:{port}{}", settings.base_url);
        if settings.docs {
            lines.push(format!("Swagger UI  {base}/docs"));
            lines.push(format!("ReDoc       {base}/redoc"));
            lines.push(format!("OpenAPI     {base}/openapi.json"));
        }
        lines.push(format!("health      {base}/health_check"));
    }
    if settings.auth_enable {
        lines.push("basic authentication is on; open are only / and the health checks, the docs' assets, and apps with AUTH_ENABLED = false".to_owned());
    }
    for line in lines {
        tracing::info!(target: "fastflyer", "{line}");
    }
}

/// The last line of a service.
fn say_goodbye(requests: u64, cut: u64) {
    if cut > 0 {
        tracing::warn!(target: "fastflyer", "stopped; {cut} requests were cut by flyer_graceful_timeout");
    } else {
        tracing::info!(target: "fastflyer", "stopped after {requests} requests");
    }
}
