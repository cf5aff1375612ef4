//! `fastflyer ctl`: looks at a running service and tells it what to do, over its control socket.
//!
//! It talks to the supervisor, whose socket belongs to the user of the service. With one service the
//! socket is found; with several one has to be named.

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use fastflyer_server::supervisor::control::{
    Client, Request, Status, WorkerStatus, default_folder, find, two_units,
};
use fastkit::settings::{Config, Control, Settings, Sources};
use std::{path::PathBuf, time::Duration};

/// Look at a running service, reload it, change its workers, stop it
#[derive(Args)]
#[command(after_help = "\
Examples:
  fastflyer ctl status              what runs, as a table
  fastflyer ctl status --json       the same for programs
  fastflyer ctl reload              new workers first, then the old ones drain
  fastflyer ctl workers 4           four workers from now on
  fastflyer ctl --pid 1234 stop     of several services the one with this supervisor")]
pub(crate) struct Arguments {
    /// The control socket; without it flyer_ctl_socket of the environment or .env, else the usual folder
    #[arg(long, value_name = "PATH", global = true, conflicts_with = "pid")]
    socket: Option<PathBuf>,
    /// The process of the supervisor, where several services run
    #[arg(long, value_name = "PID", global = true)]
    pid: Option<u32>,
    /// Seconds to wait for the answer
    #[arg(long, value_name = "SECONDS", global = true, default_value_t = 60,
        value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Workers, ages, requests, connections, loop delays, memory
    Status {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Replace all workers, without losing a request
    Reload,
    /// Change the number of workers
    Workers {
        /// How many there shall be
        #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
        count: u16,
    },
    /// Stop gracefully
    Stop,
    /// Reopen the log files
    Reopen,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let path = socket(arguments)?;
    let mut client = Client::connect(&path, Duration::from_secs(arguments.timeout))?;
    let request = match arguments.verb {
        Verb::Status { json } => {
            let status = client.status()?;
            return crate::print(&if json {
                serde_json::to_string_pretty(&status)?
            } else {
                table(&status)
            });
        }
        Verb::Reload => Request::Reload,
        Verb::Workers { count } => Request::Workers {
            count: count.into(),
        },
        Verb::Stop => Request::Stop,
        Verb::Reopen => Request::Reopen,
    };
    crate::print(&client.command(&request)?)
}

fn socket(arguments: &Arguments) -> Result<PathBuf> {
    if let Some(path) = &arguments.socket {
        return Ok(path.clone());
    }
    let folder = default_folder();
    if arguments.pid.is_none()
        && let Control::At(path) = Settings::load(&Config::new(), &Sources::from_process())?
            .settings
            .ctl_socket
    {
        return Ok(path);
    }
    if let Some(pid) = arguments.pid {
        return Ok(folder.join(format!("{pid}.sock")));
    }
    let mut found = find(&folder);
    match (found.pop(), found.is_empty()) {
        (Some(path), true) => Ok(path),
        (None, _) => bail!(
            "no supervised service of this user runs: {} has no live socket; a service in one process alone \
             (flyer_supervisor=0, or one worker on a terminal) has none",
            folder.display()
        ),
        (Some(last), false) => {
            found.push(last);
            let mut services = Vec::new();
            for path in &found {
                let status = Client::connect(path, Duration::from_secs(2))
                    .and_then(|mut client| client.status());
                services.push(match status {
                    Ok(status) => format!("  --pid {}  {}", status.pid, status.address),
                    // One that is stuck must not hide the others.
                    Err(error) => format!("  --socket {}  ({error})", path.display()),
                });
            }
            bail!(
                "several services run; choose one with --pid:\n{}",
                services.join("\n")
            )
        }
    }
}

fn table(status: &Status) -> String {
    let mut text = format!(
        "{state} at {address}, supervisor {pid}, up {uptime}, generation {generation}, {reloads} reloads, {died} died, {requests} requests\n",
        state = status.state,
        address = status.address,
        pid = status.pid,
        uptime = duration(status.uptime),
        generation = status.generation,
        reloads = status.reloads,
        died = status.died,
        requests = status.requests,
    );
    let head = [
        "WORKER", "PID", "GEN", "STATE", "AGE", "CONNS", "REQUESTS", "REJECTED", "MEMORY", "LOOPS",
    ]
    .map(str::to_owned);
    let rows: Vec<_> = std::iter::once(head)
        .chain(status.workers.iter().map(row))
        .collect();
    for row in &rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
            line.push_str(&format!("{cell:width$}  "));
        }
        text.push('\n');
        text.push_str(line.trim_end());
    }
    text
}

fn row(worker: &WorkerStatus) -> [String; 10] {
    let loops: Vec<String> = worker
        .loops
        .iter()
        .map(|one| format!("{}/{}ms", one.connections, one.lateness()))
        .collect();
    [
        worker.index.to_string(),
        worker.pid.to_string(),
        worker.generation.to_string(),
        worker.state.to_string(),
        duration(worker.age),
        worker.connections.to_string(),
        worker.requests.to_string(),
        worker.rejected.to_string(),
        worker.memory.map_or_else(
            || "-".to_owned(),
            |bytes| format!("{:.1}M", bytes as f64 / 1_048_576.0),
        ),
        loops.join(" "),
    ]
}

/// `3d4h`
fn duration(seconds: u64) -> String {
    two_units(seconds, ["d", "h", "m", "s"], "")
}
