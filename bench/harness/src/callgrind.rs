//! User-space instructions per request: two runs under callgrind that differ only in their number of requests.
//!
//! What the difference does not have: the start, the first use of everything, the kernel. What it has: every thread of
//! the server, the one that writes the log included.

use std::{collections::BTreeMap, fs, path::Path};

use crate::{
    build::{self, Executables},
    client::{self, Amount, Job},
    date,
    options::{Mode, Options},
    probe,
    process::{Running, Start},
    readme, results,
    results::{Context, Instructions, ServerInstructions},
    scratch::{Scratch, lost_lines},
    servers::{Case, OURS, Server},
    statistics::{per_request, worsening},
};

/// A change above this is no noise.
const TOLERANCE_PERCENT: u64 = 3;

type Figures = BTreeMap<String, ServerInstructions>;

pub(crate) fn run(options: &Options) -> Result<(), String> {
    build::need("valgrind", "valgrind")?;
    let servers = options.servers();
    let executables = build::all(&servers, options.build)?;
    let scratch = Scratch::new()?;
    let committed = results::load::<Instructions>(results::INSTRUCTIONS)?;
    let mut figures = Figures::new();
    for server in servers {
        match measure(server, &executables, options, scratch.path()) {
            Ok(counts) => {
                let date = date::today();
                figures.insert(server.name.to_owned(), ServerInstructions { date, counts });
            }
            Err(reason) if options.insists_on(server) => return Err(reason),
            Err(reason) => eprintln!("left out: {reason}"),
        }
    }
    println!(
        "{}",
        table(
            &figures,
            committed.as_ref().map(|committed| &committed.servers)
        )
    );
    if options.check {
        return check(
            committed.as_ref().map(|committed| &committed.servers),
            &figures,
        );
    }
    let mut servers = committed
        .map(|committed| committed.servers)
        .unwrap_or_default();
    for (name, new) in figures {
        let server: &mut ServerInstructions = servers.entry(name).or_default();
        server.date = new.date;
        server.counts.extend(new.counts);
    }
    results::save(
        results::INSTRUCTIONS,
        &Instructions {
            context: Context::now()?,
            valgrind: results::first_line("valgrind", &["--version"]).unwrap_or_default(),
            connections: options.connections(Mode::Instructions),
            requests: options.requests,
            servers,
        },
    )?;
    readme::write()
}

fn measure(
    server: &Server,
    executables: &Executables,
    options: &Options,
    scratch: &Path,
) -> Result<BTreeMap<Case, u64>, String> {
    let executable = executables.path(server.name)?;
    let mut counts = BTreeMap::new();
    for case in [Case::A, Case::B, Case::C] {
        if !server.does(case) || !options.wants(case) {
            continue;
        }
        probe::probe(server, executable, case, scratch)?;
        let start = Start {
            server,
            executable,
            wrapper: &[],
            logged: case.logged(),
            variables: &[],
            scratch,
        };
        let connections = options.connections(Mode::Instructions);
        let job = Job::new(case, connections, Amount::Requests(0));
        let instructions = count(&start, executables.path("load")?, &job, options.requests)?;
        eprintln!("{:14} {case} {instructions:>8}", server.name);
        counts.insert(case, instructions);
    }
    Ok(counts)
}

/// Instructions of a request of the job: the difference of two runs, by that of their numbers of requests.
pub(crate) fn count(
    start: &Start<'_>,
    load: &Path,
    job: &Job,
    (few, many): (u64, u64),
) -> Result<u64, String> {
    let total = |requests| {
        let amount = Amount::Requests(requests);
        let job = Job {
            amount,
            ..job.clone()
        };
        total(start, load, &job).map(|instructions| (requests, instructions))
    };
    per_request(total(few)?, total(many)?).ok_or_else(|| {
        format!(
            "{} {}: more requests took fewer instructions",
            start.server.name, job.request
        )
    })
}

/// All instructions of a server that lived for the requests of the job.
fn total(start: &Start<'_>, load: &Path, job: &Job) -> Result<u64, String> {
    let out = start.scratch.join("callgrind.out");
    let _ = fs::remove_file(&out);
    let wrapper = [
        "valgrind".to_owned(),
        "--tool=callgrind".to_owned(),
        format!("--callgrind-out-file={}", out.display()),
    ];
    let running = Running::start(&Start {
        wrapper: &wrapper,
        ..*start
    })?;
    let load = client::load(load, &[], running.port, job)?;
    let log = running.log.clone();
    running.stop()?;
    // A line that was dropped is work that was not done: the figure would flatter.
    if let Some(log) = log {
        let lost = lost_lines(&log, load.all())?;
        if lost > 0 {
            return Err(format!(
                "{} lost {lost} access lines of {}",
                start.server.name,
                load.all()
            ));
        }
    }
    let text = fs::read_to_string(&out).map_err(|error| format!("{}: {error}", out.display()))?;
    totals(&text).ok_or_else(|| format!("{} has no totals", out.display()))
}

/// The sum at the end of a callgrind file.
fn totals(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("totals:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn table(figures: &Figures, committed: Option<&Figures>) -> String {
    let mut text = format!("{:14} {:>18} {:>18} {:>18}", "server", "A", "B", "C");
    for (name, server) in figures {
        text.push_str(&format!("\n{name:14}"));
        for case in [Case::A, Case::B, Case::C] {
            let cell = server.counts.get(&case).map_or_else(String::new, |now| {
                let before = committed.and_then(|all| all.get(name)?.counts.get(&case));
                let change = before.map_or_else(String::new, |before| {
                    format!(" ({:+.1} %)", worsening(*before, *now) * 100.0)
                });
                format!("{now}{change}")
            });
            text.push_str(&format!(" {cell:>18}"));
        }
    }
    text
}

/// Only our own figures can fail: those of a peer change with its version or the compiler, which is no one's fault.
fn check(committed: Option<&Figures>, now: &Figures) -> Result<(), String> {
    let ours = now
        .get(OURS)
        .ok_or_else(|| format!("{OURS} was not measured, so nothing is checked"))?;
    let before = committed
        .and_then(|all| all.get(OURS))
        .ok_or_else(|| format!("no figures of {OURS} are committed; run without --check once"))?;
    let worse: Vec<String> = ours
        .counts
        .iter()
        .filter_map(|(case, now)| {
            let before = before.counts.get(case)?;
            (now * 100 > before * (100 + TOLERANCE_PERCENT))
                .then(|| format!("{case}: {before} -> {now}"))
        })
        .collect();
    if worse.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "more than {TOLERANCE_PERCENT} % worse than committed: {}",
            worse.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(name: &str, a: u64, b: u64) -> Figures {
        Figures::from([(
            name.to_owned(),
            ServerInstructions {
                date: String::new(),
                counts: BTreeMap::from([(Case::A, a), (Case::B, b)]),
            },
        )])
    }

    #[test]
    fn the_totals_stand_at_the_end() {
        assert_eq!(
            totals("events: Ir\nfn=(1) x\n1 5\n\ntotals: 123456\n"),
            Some(123_456)
        );
        assert_eq!(totals("events: Ir\n"), None);
    }

    #[test]
    fn only_what_got_worse_fails() {
        let before = figures(OURS, 1000, 2000);
        assert!(check(Some(&before), &figures(OURS, 1030, 1500)).is_ok());
        let reason = check(Some(&before), &figures(OURS, 1031, 1500)).unwrap_err();
        assert!(
            reason.contains("A: 1000 -> 1031") && !reason.contains("B:"),
            "{reason}"
        );
    }

    #[test]
    fn a_check_of_nothing_does_not_pass() {
        assert!(check(None, &figures(OURS, 1, 1)).is_err());
        assert!(check(Some(&figures(OURS, 1, 1)), &figures("actix", 1, 1)).is_err());
    }

    #[test]
    fn the_table_shows_the_change() {
        let text = table(&figures("actix", 1100, 5), Some(&figures("actix", 1000, 5)));
        assert!(text.contains("1100 (+10.0 %)"), "{text}");
        assert!(table(&figures("actix", 1100, 5), None).contains(" 1100 "));
    }
}
