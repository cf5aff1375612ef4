//! One measurement: a server started, put under load, looked at, stopped.

use std::{path::Path, time::Duration};

use crate::{
    build::Executables,
    client::{Amount, Client, Job, Load},
    probe,
    process::{Running, Start},
    scratch::lost_lines,
    servers::{Case, Server},
};

/// Before the clock starts: connections, allocator, caches, branch predictors.
const WARM_UP: Amount = Amount::Seconds(0.3);

/// What is to be measured, and where.
#[derive(Debug, Clone)]
pub(crate) struct Trial<'a> {
    pub(crate) server: &'a Server,
    pub(crate) executables: &'a Executables,
    pub(crate) case: Case,
    pub(crate) connections: u32,
    /// Connections besides, which only lie there.
    pub(crate) idle: u32,
    pub(crate) seconds: f64,
    /// Cores of the server, as taskset takes them.
    pub(crate) server_cores: String,
    pub(crate) client_cores: String,
    /// Variables of the server besides the usual ones.
    pub(crate) variables: Vec<(&'static str, String)>,
    /// Whether the server is asked how its connections lie on its event loops.
    pub(crate) ask_loops: bool,
    pub(crate) scratch: &'a Path,
}

/// What one measurement gave.
#[derive(Debug, Default, Clone)]
pub(crate) struct Sample {
    pub(crate) rate: f64,
    pub(crate) cpu_us: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) lost_lines: Option<u64>,
    pub(crate) start_ms: f64,
    /// KiB.
    pub(crate) resident_idle: f64,
    pub(crate) resident_loaded: f64,
    /// Connections on each event loop, the one that asked included; empty when nobody asked.
    pub(crate) loops: Vec<u64>,
}

/// The command that binds what follows it to these cores.
pub(crate) fn pinned(cores: &str) -> Vec<String> {
    ["taskset", "-c", cores].map(str::to_owned).to_vec()
}

impl Trial<'_> {
    /// Starts the server, warms it up, measures and stops it.
    pub(crate) fn run(&self) -> Result<Sample, String> {
        let client_pin = pinned(&self.client_cores);
        let client = self.executables.path("load")?;
        let running = Running::start(&Start {
            server: self.server,
            executable: self.executables.path(self.server.name)?,
            wrapper: &pinned(&self.server_cores),
            logged: self.case.logged(),
            variables: &self.variables,
            scratch: self.scratch,
        })?;
        let resident_idle = running.resident()?;
        let job = |amount| Job {
            idle: self.idle,
            ..Job::new(self.case, self.connections, amount)
        };
        // Not more: those of the warm-up may still be closing when the others are opened.
        let warm_up = Job::new(self.case, self.connections.min(100), WARM_UP);
        let warm = crate::client::load(client, &client_pin, running.port, &warm_up)?;
        let amount = Amount::Seconds(self.seconds);
        let mut load = Client::open(client, &client_pin, running.port, &job(amount))?;
        let loops = if self.ask_loops {
            probe::loops(running.port)?
        } else {
            Vec::new()
        };
        // The client has its connections open and keeps them until both figures are taken: neither accepting nor
        // closing them is in the CPU time.
        let cpu = running.cpu()?;
        let mut resident_loaded = 0;
        let report = load.run(|| {
            resident_loaded = running.resident().unwrap_or(0).max(resident_loaded);
        })?;
        let spent = running.cpu()?.saturating_sub(cpu);
        load.close()?;
        let (log, first_answer) = (running.log.clone(), running.first_answer);
        running.stop()?;
        let lost_lines = log
            .map(|log| lost_lines(&log, warm.all() + report.all()))
            .transpose()?;
        Ok(Sample {
            lost_lines,
            start_ms: micros(first_answer) / 1e3,
            resident_idle: kib(resident_idle),
            resident_loaded: kib(resident_loaded),
            loops,
            ..sample(&report, spent)
        })
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "request counts are far below 2^52"
)]
fn sample(load: &Load, spent: Duration) -> Sample {
    Sample {
        rate: load.rate,
        cpu_us: micros(spent) / load.requests as f64,
        p50: f64::from(load.p50),
        p99: f64::from(load.p99),
        ..Sample::default()
    }
}

pub(crate) fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
pub(crate) fn kib(size: u64) -> f64 {
    size as f64
}
