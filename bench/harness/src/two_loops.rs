//! Two event loops on two cores against the default multi-threaded axum server, and how the connections lie on the loops.
//!
//! The load client has no core of its own, so the rate is that of the two together; CPU time is the server's alone.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::{Deserialize, Serialize};

use crate::{
    date,
    options::{Mode, Options},
    rates, readme, results,
    results::{CaseRates, Context},
    sample::{Sample, Trial},
    servers::{BASE, Case, OURS},
    setup::Setup,
};

const SERVERS: [&str; 3] = [OURS, BASE, "axum-plain"];
pub(crate) const CASES: [Case; 2] = [Case::A, Case::B];

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TwoLoops {
    pub(crate) context: Context,
    pub(crate) date: String,
    pub(crate) cores: String,
    pub(crate) connections: u32,
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
    pub(crate) load_average: (f64, f64),
    /// By case, then by server.
    pub(crate) cases: BTreeMap<Case, BTreeMap<String, CaseRates>>,
    /// Connections on each event loop of ours, of the round in which they differed most; the question's own included.
    pub(crate) loops: Vec<u64>,
}

pub(crate) fn run(options: &Options) -> Result<(), String> {
    let cases: Vec<Case> = CASES
        .into_iter()
        .filter(|case| options.wants(*case))
        .collect();
    let Setup {
        servers,
        executables,
        scratch,
    } = Setup::new(options, options.among(&SERVERS), &[], &cases)?;
    let before = rates::busy();
    let cores = format!("{},{}", options.server_core, options.client_core);
    let mut loops = Vec::new();
    let old = results::load::<TwoLoops>(results::TWO_LOOPS)?;
    let mut results = old.map(|old| old.cases).unwrap_or_default();
    for case in cases {
        let mut samples = BTreeMap::<&str, Vec<Sample>>::new();
        for round in 0..options.rounds {
            eprintln!(
                "two loops, {case} round {} of {}",
                round + 1,
                options.rounds
            );
            for index in 0..servers.len() {
                let server = servers[(index + round) % servers.len()];
                let mut variables = vec![server.threads(2)];
                variables.extend(
                    server
                        .is_ours()
                        .then(|| ("flyer_state_page", "1".to_owned())),
                );
                let sample = Trial {
                    server_cores: cores.clone(),
                    client_cores: cores.clone(),
                    variables,
                    ask_loops: server.is_ours(),
                    ..rates::trial(server, case, &executables, options, scratch.path())
                }
                .run()?;
                if imbalance(&sample.loops) >= imbalance(&loops) && !sample.loops.is_empty() {
                    loops.clone_from(&sample.loops);
                }
                samples.entry(server.name).or_default().push(sample);
            }
        }
        let base = samples.get(BASE);
        let rates = samples
            .iter()
            .map(|(name, samples)| ((*name).to_owned(), rates::case_rates(samples, base)));
        results
            .entry(case)
            .or_insert_with(BTreeMap::new)
            .extend(rates);
    }
    let results = TwoLoops {
        context: Context::now()?,
        date: date::today(),
        cores,
        connections: options.connections(Mode::TwoLoops),
        rounds: options.rounds,
        seconds: options.seconds,
        load_average: (before, rates::load_average()),
        cases: results,
        loops,
    };
    println!("{}", table(&results));
    results::save(results::TWO_LOOPS, &results)?;
    readme::write()
}

/// By how much the fullest loop has more than its part.
#[expect(clippy::cast_precision_loss, reason = "counts of connections")]
pub(crate) fn imbalance(loops: &[u64]) -> f64 {
    let all: u64 = loops.iter().sum();
    match loops.iter().max() {
        Some(most) if all > 0 => *most as f64 * loops.len() as f64 / all as f64 - 1.0,
        _ => 0.0,
    }
}

pub(crate) fn table(results: &TwoLoops) -> String {
    let mut text = String::from(
        "| server | case | requests/s | ratio | CPU µs | CPU ratio | p50 µs | p99 µs | spread |\n\
         |---|---|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for (case, servers) in &results.cases {
        for (server, figures) in readme::in_order(servers) {
            let _ = writeln!(
                text,
                "| {} | {case} | {:.0} | {} | {:.2} | {} | {:.0} | {:.0} | {:.1} % |",
                readme::name(server),
                figures.rate,
                readme::ratio(figures.rate_ratio),
                figures.cpu_us,
                readme::ratio(figures.cpu_ratio),
                figures.p50_us,
                figures.p99_us,
                figures.spread * 100.0,
            );
        }
    }
    let loops: Vec<_> = results.loops.iter().map(u64::to_string).collect();
    if !loops.is_empty() {
        let _ = write!(
            text,
            "\nConnections on the event loops of {}, in the round in which they differed most, the one that asked included: \
             {} ({:.1} % above an equal part).\n",
            readme::name(OURS),
            loops.join(" and "),
            imbalance(&results.loops) * 100.0
        );
    }
    let _ = write!(
        text,
        "\n{} {}: {} connections, {} rounds of {} s, medians; server and load client share the cores {}. Load average \
         before and after: {:.1}, {:.1}.",
        readme::machine(&results.context),
        results.date,
        results.connections,
        results.rounds,
        results.seconds,
        results.cores,
        results.load_average.0,
        results.load_average.1
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imbalance_is_what_the_fullest_loop_has_too_many() {
        assert_eq!(imbalance(&[50, 50]), 0.0);
        assert!((imbalance(&[60, 40]) - 0.2).abs() < 1e-9);
        assert!((imbalance(&[0, 100]) - 1.0).abs() < 1e-9);
        assert_eq!(imbalance(&[]), 0.0);
        assert_eq!(imbalance(&[0, 0]), 0.0);
    }
}
