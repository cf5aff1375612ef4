//! What the access log costs: C against B of our service, one after the other in every round.

use serde::{Deserialize, Serialize};

use crate::{
    date,
    options::{Mode, Options},
    rates, readme, results,
    results::{CaseRates, Context},
    servers::{Case, OURS},
    setup::Setup,
};

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AccessLog {
    pub(crate) context: Context,
    pub(crate) date: String,
    pub(crate) connections: u32,
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
    pub(crate) load_average: (f64, f64),
    pub(crate) off: CaseRates,
    /// Its ratios are against `off`, within a round.
    pub(crate) on: CaseRates,
}

pub(crate) fn run(options: &Options) -> Result<(), String> {
    let cases = [Case::B, Case::C];
    let Setup {
        servers,
        executables,
        scratch,
    } = Setup::new(options, options.among(&[OURS]), &[], &cases)?;
    let [server] = servers.as_slice() else {
        return Err(format!("access-log measures {OURS}, which is not there"));
    };
    let before = rates::busy();
    let (mut off, mut on) = (Vec::new(), Vec::new());
    for round in 0..options.rounds {
        eprintln!("access log, round {} of {}", round + 1, options.rounds);
        // Neither of the two always follows the other.
        for step in 0..2 {
            let case = cases[(step + round) % 2];
            let sample = rates::trial(server, case, &executables, options, scratch.path()).run()?;
            if case.logged() { &mut on } else { &mut off }.push(sample);
        }
    }
    let results = AccessLog {
        context: Context::now()?,
        date: date::today(),
        connections: options.connections(Mode::AccessLog),
        rounds: options.rounds,
        seconds: options.seconds,
        load_average: (before, rates::load_average()),
        on: rates::case_rates(&on, Some(&off)),
        off: rates::case_rates(&off, Some(&off)),
    };
    println!("{}", table(&results));
    results::save(results::ACCESS_LOG, &results)?;
    readme::write()
}

pub(crate) fn table(results: &AccessLog) -> String {
    let mut text = String::from(
        "| access log | requests/s | ratio | CPU µs | CPU ratio | p50 µs | p99 µs | spread | lines lost |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for (name, figures) in [("off (B)", &results.off), ("on (C)", &results.on)] {
        text.push_str(&format!(
            "| {name} | {:.0} | {} | {:.2} | {} | {:.0} | {:.0} | {:.1} % | {} |\n",
            figures.rate,
            readme::ratio(figures.rate_ratio),
            figures.cpu_us,
            readme::ratio(figures.cpu_ratio),
            figures.p50_us,
            figures.p99_us,
            figures.spread * 100.0,
            readme::lines(figures.lost_lines),
        ));
    }
    text.push_str(&format!(
        "\n{} {}: {} connections, {} rounds of {} s, medians. Load average before and after: {:.1}, {:.1}.",
        readme::machine(&results.context),
        results.date,
        results.connections,
        results.rounds,
        results.seconds,
        results.load_average.0,
        results.load_average.1
    ));
    text
}
