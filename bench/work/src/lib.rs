//! The work that every server of the benchmark does: the bodies of A and B, the access line of C, and the environment
//! by which the harness starts a server. No HTTP here: how a request reaches the work is what is measured.
//!
//! The bodies borrow nothing from FastFlyer; a peer's user would write the same few types by hand.

use std::{fs::OpenOptions, io, net::SocketAddr, time::Duration};

use serde::{Deserialize, Serialize};
use tracing_appender::non_blocking::WorkerGuard;

/// Path of A.
pub const HEALTH: &str = "/health_check/async";
/// Path of B and C.
pub const INFO: &str = "/flyer/users/info";
/// The header that B and C set or keep.
pub const REQUEST_ID: &str = "x-request-id";

/// What the harness asks of a server, from the environment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `PORT` on the loopback address.
    pub address: SocketAddr,
    /// `THREADS`: worker threads.
    pub threads: usize,
    /// `LOG_FILE` when `LOG` is 1: where the access lines go.
    pub log_file: Option<String>,
}

impl Settings {
    /// Reads `PORT` (8080), `THREADS` (1), `LOG` (0) and `LOG_FILE` (/dev/null).
    ///
    /// # Panics
    ///
    /// Panics when a variable is not a number: a benchmark must not run with settings nobody asked for.
    #[must_use]
    pub fn from_env() -> Self {
        let number = |name: &str, default: u16| {
            std::env::var(name).map_or(default, |text| {
                text.parse()
                    .unwrap_or_else(|_| panic!("{name} must be a number, got {text:?}"))
            })
        };
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], number("PORT", 8080))),
            threads: usize::from(number("THREADS", 1)),
            log_file: (number("LOG", 0) == 1)
                .then(|| std::env::var("LOG_FILE").unwrap_or_else(|_| "/dev/null".to_owned())),
        }
    }

    /// Sends the access lines to `LOG_FILE` as JSON, written by a thread of its own; keep the guard until the end.
    /// Without `LOG` no subscriber is set, so the line costs nothing.
    ///
    /// # Errors
    ///
    /// Fails when the file cannot be opened.
    pub fn start_log(&self) -> io::Result<Option<WorkerGuard>> {
        let Some(path) = &self.log_file else {
            return Ok(None);
        };
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let (writer, guard) = tracing_appender::non_blocking(file);
        tracing_subscriber::fmt()
            .json()
            .with_writer(writer)
            .with_max_level(tracing::Level::INFO)
            .init();
        Ok(Some(guard))
    }
}

/// The access line as most services write it. FastFlyer's own has headers and bodies besides.
pub fn access_line(method: &str, uri: &str, status: u16, latency: Duration, request_id: &str) {
    tracing::info!(
        method,
        uri,
        status,
        latency_us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX),
        request_id,
        "request"
    );
}

/// Completes at SIGINT or SIGTERM.
///
/// # Errors
///
/// Fails when the signal handlers cannot be installed.
pub async fn stop_signal() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// The answer of A.
#[derive(Debug, Serialize)]
pub struct Health {
    message: &'static str,
    code: u16,
}

impl Health {
    /// The only value there is; serialised for each request nevertheless.
    pub const OK: Self = Self {
        message: "success",
        code: 200,
    };
}

/// The body of a request of B.
#[derive(Debug, Serialize, Deserialize, garde::Validate)]
pub struct Users {
    #[garde(dive)]
    pub data: Vec<User>,
}

/// One user of [`Users`].
#[derive(Debug, Serialize, Deserialize, garde::Validate)]
pub struct User {
    #[garde(length(chars, min = 1, max = 64))]
    pub name: String,
    #[garde(skip)]
    pub age: String,
    #[garde(skip)]
    pub sex: String,
    #[garde(skip)]
    #[serde(default)]
    pub father: String,
    #[garde(skip)]
    #[serde(default)]
    pub mother: String,
}

/// The answer of B: the list inside the object inside the envelope.
#[derive(Debug, Serialize)]
pub struct Envelope<T> {
    status: &'static str,
    code: u32,
    message: &'static str,
    data: T,
    error: Empty,
}

#[derive(Debug, Serialize)]
struct Empty {}

impl<T> Envelope<T> {
    /// 200 with the standard message.
    pub const fn success(data: T) -> Self {
        Self {
            status: "success",
            code: 200,
            message: "操作成功",
            data,
            error: Empty {},
        }
    }
}
