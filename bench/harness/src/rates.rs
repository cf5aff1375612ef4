//! Rates, CPU time, memory and start: every server in every round, so that a ratio never compares two different hours.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use crate::{
    build::{self, Executables},
    date,
    options::Options,
    probe, process,
    process::Running,
    readme, results,
    results::{CaseRates, Context, Rates, ServerRates},
    scratch::{Scratch, lost_lines},
    servers::{BASE, Case, Server},
    statistics::{median, paired_ratio, spread},
};

/// Before the clock starts: connections, allocator, caches, branch predictors.
const WARM_UP: &str = "0.3";

/// What one measurement gave.
#[derive(Debug, Default)]
struct Sample {
    rate: f64,
    cpu_us: f64,
    p50: f64,
    p99: f64,
    lost_lines: Option<u64>,
    start_ms: f64,
    resident_idle: f64,
    resident_loaded: f64,
}

type Samples = BTreeMap<&'static str, BTreeMap<Case, Vec<Sample>>>;

pub(crate) fn run(options: &Options) -> Result<(), String> {
    build::need("taskset", "util-linux")?;
    let mut servers = options.servers();
    let executables = build::all(&servers, options.build)?;
    let scratch = Scratch::new()?;
    let mut reasons = Vec::new();
    servers.retain(|server| {
        let able = able(server, &executables, options, scratch.path());
        let insisted = options.insists_on(server);
        able.map_err(|reason| {
            eprintln!("left out: {reason}");
            reasons.extend(insisted.then_some(reason));
        })
        .is_ok()
    });
    if let Some(reason) = reasons.into_iter().next() {
        return Err(reason);
    }
    let before = load_average();
    if before > 1.0 {
        eprintln!(
            "the machine is busy (load average {before}): take the ratios as rough, the rates as meaningless"
        );
    }
    let mut samples = Samples::new();
    for case in Case::ALL.into_iter().filter(|case| options.wants(*case)) {
        for round in 0..options.rounds {
            eprintln!("{case} round {} of {}", round + 1, options.rounds);
            for index in 0..servers.len() {
                // Each round begins with another server: nobody always follows the same neighbour.
                let server = servers[(index + round) % servers.len()];
                if server.does(case) {
                    let sample = measure(server, &executables, case, options, scratch.path())?;
                    samples
                        .entry(server.name)
                        .or_default()
                        .entry(case)
                        .or_default()
                        .push(sample);
                }
            }
        }
    }
    let servers = summary(&samples);
    println!("{}", table(&servers));
    let mut all = results::load::<Rates>(results::RATES)?
        .map(|old| old.servers)
        .unwrap_or_default();
    for (name, rates) in servers {
        let entry = all.entry(name).or_default();
        let mut cases = std::mem::take(&mut entry.cases);
        cases.extend(rates.cases);
        *entry = ServerRates { cases, ..rates };
    }
    results::save(
        results::RATES,
        &Rates {
            context: Context::now()?,
            connections: options.connections(),
            rounds: options.rounds,
            seconds: options.seconds,
            load_average: (before, load_average()),
            servers: all,
        },
    )?;
    readme::write()
}

fn able(
    server: &Server,
    executables: &Executables,
    options: &Options,
    scratch: &Path,
) -> Result<(), String> {
    let executable = executables.path(server.name)?;
    Case::ALL
        .into_iter()
        .filter(|case| options.wants(*case) && server.does(*case))
        .try_for_each(|case| probe::probe(server, executable, case, scratch))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "request counts and KiB are far below 2^52"
)]
fn measure(
    server: &Server,
    executables: &Executables,
    case: Case,
    options: &Options,
    scratch: &Path,
) -> Result<Sample, String> {
    let pinned = |core: u32| ["taskset".to_owned(), "-c".to_owned(), core.to_string()];
    let server_pin = pinned(options.server_core);
    let client_pin = pinned(options.client_core);
    let running = Running::start(
        server,
        executables.path(server.name)?,
        &server_pin,
        case.logged(),
        scratch,
    )?;
    let client = executables.path("load")?;
    let resident_idle = running.resident()?;
    let connections = options.connections();
    let warm = process::load(
        client,
        &client_pin,
        &running,
        case,
        connections,
        ["--seconds", WARM_UP],
        || {},
    )?;
    let cpu = running.cpu()?;
    let mut resident_loaded = 0;
    let seconds = options.seconds.to_string();
    let load = process::load(
        client,
        &client_pin,
        &running,
        case,
        connections,
        ["--seconds", &seconds],
        || {
            resident_loaded = running.resident().unwrap_or(0).max(resident_loaded);
        },
    )?;
    let spent = running.cpu()?.saturating_sub(cpu);
    let (log, first_answer) = (running.log.clone(), running.first_answer);
    running.stop()?;
    let lost_lines = log
        .map(|log| lost_lines(&log, warm.requests + load.requests))
        .transpose()?;
    Ok(Sample {
        rate: load.rate,
        cpu_us: micros(spent) / load.requests as f64,
        p50: f64::from(load.p50),
        p99: f64::from(load.p99),
        lost_lines,
        start_ms: micros(first_answer) / 1e3,
        resident_idle: resident_idle as f64,
        resident_loaded: resident_loaded as f64,
    })
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn summary(samples: &Samples) -> BTreeMap<String, ServerRates> {
    let base = samples.get(BASE);
    samples
        .iter()
        .map(|(name, cases)| {
            let all = || cases.values().flatten();
            let over_all = |field: fn(&Sample) -> f64| {
                median(&all().map(field).collect::<Vec<_>>()).unwrap_or(0.0)
            };
            let rates = cases
                .iter()
                .map(|(case, samples)| {
                    (
                        *case,
                        case_rates(samples, base.and_then(|base| base.get(case))),
                    )
                })
                .collect();
            let rates = ServerRates {
                date: date::today(),
                cases: rates,
                start_ms: over_all(|sample| sample.start_ms),
                resident_idle_kib: whole(over_all(|sample| sample.resident_idle)),
                resident_loaded_kib: whole(over_all(|sample| sample.resident_loaded)),
            };
            ((*name).to_owned(), rates)
        })
        .collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a median of sizes is neither negative nor huge"
)]
fn whole(value: f64) -> u64 {
    value.round() as u64
}

fn case_rates(samples: &[Sample], base: Option<&Vec<Sample>>) -> CaseRates {
    let of = |samples: &[Sample], field: fn(&Sample) -> f64| {
        samples.iter().map(field).collect::<Vec<_>>()
    };
    let middle = |field| median(&of(samples, field)).unwrap_or(0.0);
    let rates = of(samples, |sample| sample.rate);
    CaseRates {
        rate: middle(|sample| sample.rate),
        rate_ratio: base.and_then(|base| paired_ratio(&rates, &of(base, |sample| sample.rate))),
        cpu_us: middle(|sample| sample.cpu_us),
        cpu_ratio: base.and_then(|base| {
            paired_ratio(
                &of(base, |sample| sample.cpu_us),
                &of(samples, |sample| sample.cpu_us),
            )
        }),
        spread: spread(&rates).unwrap_or(0.0),
        p50_us: middle(|sample| sample.p50),
        p99_us: middle(|sample| sample.p99),
        lost_lines: samples.iter().map(|sample| sample.lost_lines).sum(),
    }
}

fn table(servers: &BTreeMap<String, ServerRates>) -> String {
    let mut text = format!(
        "{:14} {:4} {:>9} {:>7} {:>9} {:>7} {:>7}",
        "server", "case", "rate/s", "ratio", "CPU us", "ratio", "p99 us"
    );
    let ratio = |ratio: Option<f64>| ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
    for (name, rates) in servers {
        for (case, figures) in &rates.cases {
            text.push_str(&format!(
                "\n{name:14} {case:4} {:>9.0} {:>7} {:>9.2} {:>7} {:>7.0}",
                figures.rate,
                ratio(figures.rate_ratio),
                figures.cpu_us,
                ratio(figures.cpu_ratio),
                figures.p99_us,
                case = case.to_string(),
            ));
        }
    }
    text
}

fn load_average() -> f64 {
    fs::read_to_string("/proc/loadavg")
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse().ok())
        .unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(rate: f64, cpu_us: f64) -> Sample {
        Sample {
            rate,
            cpu_us,
            lost_lines: Some(1),
            ..Sample::default()
        }
    }

    #[test]
    fn ratios_say_how_much_better_than_the_base() {
        let samples = Samples::from([
            (
                BASE,
                BTreeMap::from([(Case::B, vec![sample(10.0, 8.0), sample(5.0, 16.0)])]),
            ),
            (
                "actix",
                BTreeMap::from([(Case::B, vec![sample(20.0, 4.0), sample(10.0, 8.0)])]),
            ),
        ]);
        let summary = summary(&samples);
        let actix = &summary["actix"].cases[&Case::B];
        assert_eq!(actix.rate_ratio, Some(2.0));
        assert_eq!(actix.cpu_ratio, Some(2.0));
        assert_eq!(actix.lost_lines, Some(2));
        assert_eq!(summary[BASE].cases[&Case::B].rate_ratio, Some(1.0));
        assert!(table(&summary).contains("2.00"));
    }

    #[test]
    fn without_the_base_there_is_no_ratio() {
        let samples =
            Samples::from([("actix", BTreeMap::from([(Case::A, vec![sample(1.0, 1.0)])]))]);
        assert_eq!(summary(&samples)["actix"].cases[&Case::A].rate_ratio, None);
    }
}
