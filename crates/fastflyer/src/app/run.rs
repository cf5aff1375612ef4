//! [`FlyerApi::run`]: the program around an application: verbs, logger, server, banner.

use super::{App, FlyerApi, StartError};
use crate::{Result, memory};
use fastflyer_server::{Address, Limits, SampledHeaders, Server, ServerConfig, Timeouts};
use fastkit::{
    logger::{self, LogConfig},
    settings::{Listen, Loaded, Settings, Sources},
};
use std::{
    io::{IsTerminal as _, Write as _},
    net::SocketAddr,
    sync::Arc,
};

const USAGE: &str = "\
Usage: PROGRAM [VERB]

Without a verb the service runs, with settings from the environment and .env.

Verbs:
  env [--json]       the settings in force and where they come from
  routes [--json]    the operations
  openapi            the OpenAPI document
  help               this text";

impl FlyerApi {
    /// Runs what the program's arguments say: the service, or one of the verbs `env`, `routes`,
    /// `openapi`, `help`. The verbs open no port.
    ///
    /// The service listens until TERM or INT, then lets requests in flight end for at most
    /// `flyer_graceful_timeout`.
    ///
    /// # Errors
    ///
    /// When the application cannot start: a setting is wrong, the port is taken, routes contradict
    /// each other. The error names each reason.
    pub fn run(self) -> Result<()> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match words.as_slice() {
            [] => self.serve(),
            ["env"] => self.print_settings(false),
            ["env", "--json"] => self.print_settings(true),
            ["routes"] => self.print_routes(false),
            ["routes", "--json"] => self.print_routes(true),
            ["openapi"] => print(&serde_json::to_string_pretty(self.inspected()?.openapi())?),
            ["help" | "--help" | "-h"] => print(USAGE),
            other => {
                let text = format!(
                    "unknown arguments {:?}; known: env, routes, openapi, help",
                    other.join(" ")
                );
                Err(StartError::new(vec![text]).into())
            }
        }
    }

    /// Runs the service, whatever the program's arguments are.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn serve(self) -> Result<()> {
        let loaded = self.loaded()?;
        let log = LogConfig::from(&loaded.settings);
        let guard = logger::init(&log)?;
        let app = self.assemble(loaded, Some(guard.console()))?;
        #[cfg(feature = "client")]
        crate::access_log::outgoing::install(
            &app.core.settings,
            app.core.access_log.as_ref(),
            Some(guard.console()),
        )
        .map_err(|text| StartError::new(vec![text]))?;
        for note in app.notes.iter() {
            tracing::info!(target: "fastflyer", "{note}");
        }
        let server = Server::bind(server_config(&app))?;
        let _ = app.core.server.set(server.handle());
        banner(&app.core.settings, server.local_addr());
        let report = server.run(app)?;
        let stats = report.stats;
        if stats.cut > 0 {
            tracing::warn!(target: "fastflyer", "stopped; {} requests were cut by flyer_graceful_timeout", stats.cut);
        } else {
            tracing::info!(target: "fastflyer", "stopped after {} requests", stats.requests);
        }
        drop(guard);
        Ok(())
    }

    fn loaded(&self) -> Result<Loaded, StartError> {
        Settings::load(&self.config, &Sources::from_process())
            .map_err(|errors| StartError::new(errors.iter().map(str::to_owned).collect()))
    }

    /// The application for a verb, which looks at it and opens nothing: no log file either.
    fn inspected(self) -> Result<App, StartError> {
        let mut loaded = self.loaded()?;
        loaded.settings.access_log = false;
        self.assemble(loaded, None)
    }

    fn print_settings(&self, json: bool) -> Result<()> {
        let loaded = self.loaded()?;
        if json {
            return print(&serde_json::to_string_pretty(&loaded.to_json())?);
        }
        let color = std::io::stdout().is_terminal() && fastkit::env::get("NO_COLOR", "").is_empty();
        print(&loaded.render_table(color))
    }

    fn print_routes(self, json: bool) -> Result<()> {
        let app = self.inspected()?;
        let mut rows: Vec<[String; 4]> = app
            .core
            .operations
            .iter()
            .map(|mounted| {
                let operation = &mounted.operation;
                let hidden = if operation.hidden {
                    ""
                } else {
                    mounted.id.as_str()
                };
                [
                    mounted.path.clone(),
                    operation.method.to_string(),
                    hidden.to_owned(),
                    operation.summary.as_deref().unwrap_or("").to_owned(),
                ]
            })
            .collect();
        rows.sort();
        if json {
            let rows: Vec<_> = rows
                .iter()
                .map(|[path, method, id, summary]| {
                    serde_json::json!({"method": method, "path": path, "operationId": id, "summary": summary})
                })
                .collect();
            return print(&serde_json::to_string_pretty(&rows)?);
        }
        let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
        let (paths, ids) = (width(0), width(2));
        let lines: Vec<String> = rows
            .iter()
            .map(|[path, method, id, summary]| {
                format!("{method:7} {path:paths$}  {id:ids$}  {summary}")
                    .trim_end()
                    .to_owned()
            })
            .collect();
        print(&lines.join("\n"))
    }
}

/// Writes to standard output; a reader that went away is no error.
fn print(text: &str) -> Result<()> {
    match writeln!(std::io::stdout(), "{}", text.trim_end()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn server_config(app: &App) -> ServerConfig {
    let settings = &app.core.settings;
    let address = match &settings.host {
        Listen::Tcp(host) => Address::Tcp {
            host: host.clone(),
            port: settings.port,
        },
        Listen::Unix(path) => Address::Unix(path.clone()),
    };
    let defaults = Timeouts::default();
    // "off" is a day: a head that takes longer is not coming.
    let head = settings
        .header_timeout
        .unwrap_or(std::time::Duration::from_secs(86_400));
    ServerConfig {
        address,
        event_loops: settings.event_loops,
        max_connections: settings.worker_connections,
        timeouts: Timeouts {
            head,
            first_byte: defaults.first_byte.min(head),
            keep_alive: settings.keepalive,
            graceful: settings.graceful_timeout,
            ..defaults
        },
        limits: Limits::default(),
        constant_headers: app.core.constant_headers.clone(),
        sampled_headers: Some(SampledHeaders(Arc::new(memory::headers))),
        ..ServerConfig::default()
    }
}

/// Tells where the service answers. On a terminal this is for people, so it does not go through the
/// logger.
fn banner(settings: &Settings, address: Option<SocketAddr>) {
    let mut lines = vec![format!("{} {}", settings.title, settings.version)];
    match address {
        Some(address) => {
            let host = match address.ip() {
                ip if ip.is_unspecified() => "127.0.0.1".to_owned(),
                ip if ip.is_ipv6() => format!("[{ip}]"),
                ip => ip.to_string(),
            };
            let origin = format!("http://{host}:{}", address.port());
            let base = &settings.base_url;
            lines.push(format!("listening on {address}"));
            if settings.docs {
                lines.push(format!("Swagger UI  {origin}{base}/docs"));
                lines.push(format!("ReDoc       {origin}{base}/redoc"));
                lines.push(format!("OpenAPI     {origin}{base}/openapi.json"));
            }
            lines.push(format!("health      {origin}{base}/health_check"));
        }
        None => lines.push(format!("listening on {:?}", settings.host)),
    }
    if settings.auth_enable {
        lines.push("basic authentication is on; open are only / and the health checks, the docs' assets, and apps with AUTH_ENABLED = false".to_owned());
    }
    for line in lines {
        tracing::info!(target: "fastflyer", "{line}");
    }
}
