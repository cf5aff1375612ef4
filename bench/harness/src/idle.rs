//! What an idle keep-alive connection costs in memory: many opened, each with one request, and then nothing.
//!
//! Resident memory is the process's own; what the kernel holds for a socket is not in it, and is the same for all.

use std::{collections::BTreeMap, fmt::Write as _, path::Path, thread::sleep, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    build::Executables,
    client::{Amount, Client, Job},
    date,
    options::{Mode, Options},
    process::{self, Running, Start},
    readme, results,
    results::Context,
    sample::{kib, pinned},
    servers::{BASE, Case, OURS, Server},
    setup::Setup,
    statistics::median,
};

/// Before a size is read: servers and allocators give back late what they do not need any more.
const SETTLE: Duration = Duration::from_secs(2);

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Idle {
    pub(crate) context: Context,
    pub(crate) connections: u32,
    pub(crate) rounds: usize,
    pub(crate) servers: BTreeMap<String, ServerIdle>,
}

/// Medians over the rounds, in KiB of resident memory.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ServerIdle {
    pub(crate) date: String,
    /// With no connection, after the first answer.
    pub(crate) before_kib: f64,
    pub(crate) open_kib: f64,
    /// After all were closed again.
    pub(crate) closed_kib: f64,
    pub(crate) bytes_per_connection: f64,
}

pub(crate) fn run(options: &Options) -> Result<(), String> {
    let Setup {
        servers,
        executables,
        scratch,
    } = Setup::new(options, options.among(&[OURS, BASE]), &[], &[Case::A])?;
    let connections = options.connections(Mode::Idle);
    process::allow_files(connections)?;
    let mut figures = BTreeMap::<&str, Vec<[f64; 3]>>::new();
    for round in 0..options.rounds {
        eprintln!(
            "idle connections, round {} of {}",
            round + 1,
            options.rounds
        );
        for server in &servers {
            let sizes = measure(server, &executables, options, scratch.path())?;
            figures.entry(server.name).or_default().push(sizes);
        }
    }
    let mut all = results::load::<Idle>(results::IDLE)?
        .map(|old| old.servers)
        .unwrap_or_default();
    all.extend(figures.into_iter().map(|(name, sizes)| {
        let middle = |of: fn(&[f64; 3]) -> f64| {
            median(&sizes.iter().map(of).collect::<Vec<_>>()).unwrap_or(0.0)
        };
        let figures = ServerIdle {
            date: date::today(),
            before_kib: middle(|sizes| sizes[0]),
            open_kib: middle(|sizes| sizes[1]),
            closed_kib: middle(|sizes| sizes[2]),
            bytes_per_connection: middle(|sizes| sizes[1] - sizes[0]) * 1024.0
                / f64::from(connections),
        };
        (name.to_owned(), figures)
    }));
    let results = Idle {
        context: Context::now()?,
        connections,
        rounds: options.rounds,
        servers: all,
    };
    println!("{}", table(&results));
    results::save(results::IDLE, &results)?;
    readme::write()
}

/// The variables with which our service takes this many connections and keeps them.
pub(crate) fn many_connections(server: &Server) -> Vec<(&'static str, String)> {
    if server.is_ours() {
        vec![
            ("flyer_worker_connections", "20000".to_owned()),
            ("flyer_keepalive", "600".to_owned()),
        ]
    } else {
        Vec::new()
    }
}

/// Resident memory before, with, and after the connections.
fn measure(
    server: &Server,
    executables: &Executables,
    options: &Options,
    scratch: &Path,
) -> Result<[f64; 3], String> {
    let running = Running::start(&Start {
        server,
        executable: executables.path(server.name)?,
        wrapper: &pinned(&options.server_core.to_string()),
        logged: false,
        variables: &many_connections(server),
        scratch,
    })?;
    let settled = || {
        sleep(SETTLE);
        running.resident().map(kib)
    };
    let before = settled()?;
    // Nothing is sent after the one request on each, so the amount does not matter.
    let job = Job::new(
        Case::A,
        options.connections(Mode::Idle),
        Amount::Requests(1),
    );
    let pin = pinned(&options.client_core.to_string());
    let client = Client::open(executables.path("load")?, &pin, running.port, &job)?;
    let open = settled()?;
    client.close()?;
    let closed = settled()?;
    running.stop()?;
    Ok([before, open, closed])
}

pub(crate) fn table(results: &Idle) -> String {
    let mut text = String::from(
        "| server | without | with the connections | closed again | each | measured |\n|---|--:|--:|--:|--:|---|\n",
    );
    for (server, figures) in readme::in_order(&results.servers) {
        let mib = |kib: f64| format!("{:.1} MiB", kib / 1024.0);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {:.2} KiB | {} |",
            readme::name(server),
            mib(figures.before_kib),
            mib(figures.open_kib),
            mib(figures.closed_kib),
            figures.bytes_per_connection / 1024.0,
            figures.date
        );
    }
    let _ = write!(
        text,
        "\n{} {} connections, medians of {} rounds.",
        readme::machine(&results.context),
        results.connections,
        results.rounds
    );
    text
}
