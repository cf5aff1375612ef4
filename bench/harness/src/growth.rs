//! Whether costs stay flat: instructions and start with more and more routes, CPU time with more and more connections.
//!
//! Routes are those of `bench/growth`, all documented; connections are those of the demo service and of the base.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use serde::{Deserialize, Serialize};

use crate::{
    build::{self, Executables},
    callgrind,
    client::{Amount, Job},
    date,
    idle::many_connections,
    options::{Mode, Options},
    process::{self, Running, Start},
    rates, readme, results,
    results::Context,
    sample::{Sample, Trial, micros, pinned},
    servers::{BASE, Case, GROWTH, OURS, Server},
    setup::Setup,
    statistics::median,
};

/// Numbers of documented operations whose start is timed; of the first and the last the requests are counted too.
pub(crate) const ROUTES: [u64; 4] = [1, 250, 500, 1000];

/// Starts take milliseconds: several in each round.
const STARTS: usize = 4;

/// Connections that send, and those besides that lie idle.
pub(crate) const CONNECTIONS: [(u32, u32); 4] = [(1, 0), (100, 0), (100, 9_900), (10_000, 0)];

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Growth {
    pub(crate) context: Context,
    pub(crate) date: String,
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
    pub(crate) requests: (u64, u64),
    pub(crate) load_average: (f64, f64),
    /// By the number of routes.
    pub(crate) routes: BTreeMap<u64, Routes>,
    /// By server, in the order of [`CONNECTIONS`].
    pub(crate) connections: BTreeMap<String, Vec<Connections>>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Routes {
    /// From `exec` to the end of the first answer, the median.
    pub(crate) start_ms: f64,
    /// Instructions of A, and of a request with a parameter in its path; not counted for each number of routes.
    pub(crate) health: Option<u64>,
    pub(crate) item: Option<u64>,
}

/// Medians over the rounds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Connections {
    pub(crate) active: u32,
    pub(crate) idle: u32,
    pub(crate) rate: f64,
    pub(crate) cpu_us: f64,
}

pub(crate) fn run(options: &Options) -> Result<(), String> {
    build::need("valgrind", "valgrind")?;
    let Setup {
        servers,
        executables,
        scratch,
    } = Setup::new(
        options,
        options.among(&[OURS, BASE]),
        &[&GROWTH],
        &[Case::A],
    )?;
    process::allow_files(10_000)?;
    let before = rates::busy();
    let routes = routes(&executables, options, scratch.path())?;
    let mut connections = results::load::<Growth>(results::GROWTH)?
        .map(|old| old.connections)
        .unwrap_or_default();
    connections.extend(with_connections(
        &servers,
        &executables,
        options,
        scratch.path(),
    )?);
    let results = Growth {
        context: Context::now()?,
        date: date::today(),
        rounds: options.rounds,
        seconds: options.seconds,
        requests: options.requests,
        load_average: (before, rates::load_average()),
        routes,
        connections,
    };
    println!("{}", table(&results));
    results::save(results::GROWTH, &results)?;
    readme::write()
}

fn routes(
    executables: &Executables,
    options: &Options,
    scratch: &Path,
) -> Result<BTreeMap<u64, Routes>, String> {
    let pin = pinned(&options.server_core.to_string());
    let mut starts = BTreeMap::<u64, Vec<f64>>::new();
    for round in 0..options.rounds * STARTS {
        eprintln!("starts, {} of {}", round + 1, options.rounds * STARTS);
        for routes in ROUTES {
            let variables = [("ROUTES", routes.to_string())];
            let running = Running::start(&Start {
                wrapper: &pin,
                ..start(executables, &variables, scratch)?
            })?;
            let took = micros(running.first_answer) / 1e3;
            running.stop()?;
            starts.entry(routes).or_default().push(took);
        }
    }
    let counted = [ROUTES[0], ROUTES[ROUTES.len() - 1]];
    let figures = starts.into_iter().map(|(routes, starts)| {
        let variables = [("ROUTES", routes.to_string())];
        let start = start(executables, &variables, scratch)?;
        let count = |request| {
            let job = Job {
                request,
                ..Job::new(
                    Case::A,
                    options.connections(Mode::Instructions),
                    Amount::Requests(0),
                )
            };
            let counted = counted.contains(&routes).then(|| {
                eprintln!("instructions of {request} with {routes} routes");
                callgrind::count(&start, executables.path("load")?, &job, options.requests)
            });
            counted.transpose()
        };
        let figures = Routes {
            start_ms: median(&starts).unwrap_or(0.0),
            health: count("A")?,
            item: count("R")?,
        };
        Ok((routes, figures))
    });
    figures.collect()
}

fn start<'a>(
    executables: &'a Executables,
    variables: &'a [(&'static str, String)],
    scratch: &'a Path,
) -> Result<Start<'a>, String> {
    Ok(Start {
        server: &GROWTH,
        executable: executables.path(GROWTH.name)?,
        wrapper: &[],
        logged: false,
        variables,
        scratch,
    })
}

fn with_connections(
    servers: &[&'static Server],
    executables: &Executables,
    options: &Options,
    scratch: &Path,
) -> Result<BTreeMap<String, Vec<Connections>>, String> {
    let mut samples = BTreeMap::<(&str, usize), Vec<Sample>>::new();
    for round in 0..options.rounds {
        for (index, (active, idle)) in CONNECTIONS.into_iter().enumerate() {
            eprintln!(
                "{active} of {} connections, round {} of {}",
                active + idle,
                round + 1,
                options.rounds
            );
            for server in servers {
                let sample = Trial {
                    connections: active,
                    idle,
                    variables: many_connections(server),
                    ..rates::trial(server, Case::A, executables, options, scratch)
                }
                .run()?;
                samples
                    .entry((server.name, index))
                    .or_default()
                    .push(sample);
            }
        }
    }
    let mut figures = BTreeMap::<String, Vec<Connections>>::new();
    for ((server, index), samples) in samples {
        let middle = |of: fn(&Sample) -> f64| {
            median(&samples.iter().map(of).collect::<Vec<_>>()).unwrap_or(0.0)
        };
        let (active, idle) = CONNECTIONS[index];
        figures
            .entry(server.to_owned())
            .or_default()
            .push(Connections {
                active,
                idle,
                rate: middle(|sample| sample.rate),
                cpu_us: middle(|sample| sample.cpu_us),
            });
    }
    Ok(figures)
}

impl Growth {
    /// How many times as many instructions the dearer of the two requests takes with the most routes as with one.
    #[expect(
        clippy::cast_precision_loss,
        reason = "instruction counts are far below 2^52"
    )]
    pub(crate) fn of_requests(&self) -> Option<f64> {
        let (one, most) = (self.routes.get(&1)?, self.routes.values().next_back()?);
        let ratio = |one: Option<u64>, most: Option<u64>| Some(most? as f64 / one? as f64);
        Some(f64::max(
            ratio(one.health, most.health)?,
            ratio(one.item, most.item)?,
        ))
    }

    /// How many times as long a route takes at the start in the second half of the most routes as in the first.
    pub(crate) fn of_start(&self) -> Option<f64> {
        let at = |routes: u64| self.routes.get(&routes).map(|figures| figures.start_ms);
        let (one, half, all) = (at(1)?, at(500)?, at(1000)?);
        Some(((all - half) / 500.0) / ((half - one) / 499.0))
    }

    /// How many times as much CPU time a request of the server takes with these connections as with 100 that all send.
    pub(crate) fn of_connections(&self, server: &str, wanted: (u32, u32)) -> Option<f64> {
        let figures = self.connections.get(server)?;
        let cpu = |wanted: (u32, u32)| {
            let found = figures.iter().find(|one| (one.active, one.idle) == wanted);
            found.map(|one| one.cpu_us)
        };
        Some(cpu(wanted)? / cpu((100, 0))?)
    }
}

pub(crate) fn table(results: &Growth) -> String {
    let mut text = String::from(
        "| documented operations | start to first answer | of that each operation | instructions of A | \
         instructions of `GET /flyer/part0/items/7` |\n|--:|--:|--:|--:|--:|\n",
    );
    let first = results.routes.get(&1).map(|one| one.start_ms);
    for (routes, figures) in &results.routes {
        #[expect(clippy::cast_precision_loss, reason = "a number of routes")]
        let each = first.filter(|_| *routes > 1).map_or_else(
            || "-".to_owned(),
            |first| {
                format!(
                    "{:.1} µs",
                    (figures.start_ms - first) * 1e3 / (*routes - 1) as f64
                )
            },
        );
        let count = |count: Option<u64>| count.map_or_else(|| "-".to_owned(), readme::grouped);
        let _ = writeln!(
            text,
            "| {} | {:.1} ms | {each} | {} | {} |",
            readme::grouped(*routes),
            figures.start_ms,
            count(figures.health),
            count(figures.item)
        );
    }
    text.push_str(
        "\n| server | connections open | of them sending | requests/s | CPU µs | against 100 |\n|---|--:|--:|--:|--:|--:|\n",
    );
    for (server, figures) in readme::in_order(&results.connections) {
        for one in figures {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {:.0} | {:.2} | {} |",
                readme::name(server),
                readme::grouped(u64::from(one.active + one.idle)),
                readme::grouped(u64::from(one.active)),
                one.rate,
                one.cpu_us,
                readme::ratio(results.of_connections(server, (one.active, one.idle))),
            );
        }
    }
    let _ = write!(
        text,
        "\n{} {}: medians of {} starts and of {} rounds of {} s; {} and {} requests under callgrind. Load average before \
         and after: {:.1}, {:.1}.",
        readme::machine(&results.context),
        results.date,
        results.rounds * STARTS,
        results.rounds,
        results.seconds,
        results.requests.0,
        results.requests.1,
        results.load_average.0,
        results.load_average.1
    );
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn sample() -> Growth {
        let routes = |start_ms, health, item| Routes {
            start_ms,
            health,
            item,
        };
        let connections = |active, idle, cpu_us| Connections {
            active,
            idle,
            rate: 1.0,
            cpu_us,
        };
        Growth {
            context: Context::default(),
            date: String::new(),
            rounds: 1,
            seconds: 1.0,
            requests: (1, 2),
            load_average: (0.0, 0.0),
            routes: BTreeMap::from([
                (1, routes(5.0, Some(1000), Some(2000))),
                (500, routes(5.0 + 4.99, None, None)),
                (1000, routes(5.0 + 4.99 + 7.5, Some(1000), Some(2100))),
            ]),
            connections: BTreeMap::from([(
                OURS.to_owned(),
                vec![
                    connections(1, 0, 12.0),
                    connections(100, 0, 8.0),
                    connections(100, 9_900, 10.0),
                ],
            )]),
        }
    }

    #[test]
    fn the_dearer_request_decides() {
        assert!((sample().of_requests().unwrap() - 1.05).abs() < 1e-9);
        let mut without = sample();
        without.routes.get_mut(&1000).unwrap().item = None;
        assert_eq!(without.of_requests(), None);
    }

    #[test]
    fn a_start_that_gets_dearer_by_the_route_shows() {
        assert!((sample().of_start().unwrap() - 1.5).abs() < 1e-9);
    }

    #[test]
    fn connections_are_compared_with_a_hundred() {
        assert_eq!(sample().of_connections(OURS, (100, 9_900)), Some(1.25));
        assert_eq!(sample().of_connections(OURS, (10_000, 0)), None);
        assert_eq!(sample().of_connections("actix", (1, 0)), None);
    }

    #[test]
    fn the_table_has_a_line_for_each_figure() {
        let text = table(&sample());
        assert!(
            text.contains("| 1,000 | 17.5 ms | 12.5 µs | 1,000 | 2,100 |"),
            "{text}"
        );
        assert!(
            text.contains("| **fastflyer** | 10,000 | 100 | 1 | 10.00 | 1.25 |"),
            "{text}"
        );
    }
}
