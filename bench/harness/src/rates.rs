//! Rates, CPU time, memory and start: every server in every round, so that a ratio never compares two different hours.

use std::{collections::BTreeMap, fs, path::Path};

use crate::{
    build::Executables,
    date,
    options::{Mode, Options},
    readme, results,
    results::{CaseRates, Context, Rates, ServerRates},
    sample::{Sample, Trial},
    servers::{BASE, Case, Server},
    setup::Setup,
    statistics::{median, paired_ratio, spread},
};

type Samples = BTreeMap<&'static str, BTreeMap<Case, Vec<Sample>>>;

pub(crate) fn run(options: &Options) -> Result<(), String> {
    let cases: Vec<Case> = Case::ALL
        .into_iter()
        .filter(|case| options.wants(*case))
        .collect();
    let Setup {
        servers,
        executables,
        scratch,
    } = Setup::new(options, options.servers(), &[], &cases)?;
    let before = busy();
    let mut samples = Samples::new();
    for case in cases {
        for round in 0..options.rounds {
            eprintln!("{case} round {} of {}", round + 1, options.rounds);
            for index in 0..servers.len() {
                // Each round begins with another server: nobody always follows the same neighbour.
                let server = servers[(index + round) % servers.len()];
                if server.does(case) {
                    let trial = trial(server, case, &executables, options, scratch.path());
                    let sample = trial.run()?;
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
            connections: options.connections(Mode::Rates),
            rounds: options.rounds,
            seconds: options.seconds,
            load_average: (before, load_average()),
            servers: all,
        },
    )?;
    readme::write()
}

/// The usual measurement: the server on its core, the client on the other.
pub(crate) fn trial<'a>(
    server: &'a Server,
    case: Case,
    executables: &'a Executables,
    options: &Options,
    scratch: &'a Path,
) -> Trial<'a> {
    Trial {
        server,
        executables,
        case,
        connections: options.connections(Mode::Rates),
        idle: 0,
        seconds: options.seconds,
        server_cores: options.server_core.to_string(),
        client_cores: options.client_core.to_string(),
        variables: Vec::new(),
        ask_loops: false,
        scratch,
    }
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

/// The medians of samples, and how they stand to the base's of the same rounds.
pub(crate) fn case_rates(samples: &[Sample], base: Option<&Vec<Sample>>) -> CaseRates {
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

/// The load average of the last minute, with a warning when it makes the figures worthless.
pub(crate) fn busy() -> f64 {
    let load = load_average();
    if load > 1.0 {
        eprintln!(
            "the machine is busy (load average {load}): take the ratios as rough, the rates as meaningless"
        );
    }
    load
}

pub(crate) fn load_average() -> f64 {
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
