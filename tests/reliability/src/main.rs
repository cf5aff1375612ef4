//! Measures what FastFlyer promises about restarts, crashes, attacks and full disks, against a real
//! service on loopback, and prints one line per promise with the figure reached.
//!
//! `cargo xtask reliability` builds the service and runs this; `docs/reliability.md` says what is
//! measured how. Not here: promises of other components, which their own tests measure.
//! Key type: [`Options`].

#![expect(
    clippy::print_stdout,
    reason = "a command line speaks on standard output"
)]

mod attack;
mod load;
mod proc;
mod promise;
mod promises;
mod service;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::promise::{Finding, Promise, Suite};

/// Promises of the table in the documentation that are measured elsewhere.
const ELSEWHERE: &str = "11, 12, 14, 15: measured by the tests of their components";

/// Measure what FastFlyer promises about restarts, crashes, attacks and full disks.
#[derive(Debug, Parser)]
#[command(name = "reliability")]
struct Options {
    /// The built service
    #[arg(long)]
    service: PathBuf,
    /// The built process with one single job
    #[arg(long)]
    jobs: PathBuf,
    /// Where services write their files
    #[arg(long)]
    folder: PathBuf,
    /// Only the promises with these numbers
    #[arg(long, value_delimiter = ',', value_name = "NUMBER")]
    only: Vec<u32>,
    /// Fewer requests and attackers: about a minute in all
    #[arg(long)]
    short: bool,
    /// Requests of the rolling restarts [default: 600000, short 30000]
    #[arg(long)]
    requests: Option<u64>,
    /// Malformed requests [default: 200000, short 20000]
    #[arg(long)]
    corpus: Option<u64>,
    /// Where the malformed requests begin
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all promises that were measured are kept.
fn run(options: &Options) -> Result<bool> {
    let unknown = |number: &&u32| {
        promises::ALL
            .iter()
            .all(|promise| promise.number != **number)
    };
    if let Some(number) = options.only.iter().find(unknown) {
        let known: Vec<_> = promises::ALL
            .iter()
            .map(|promise| promise.number.to_string())
            .collect();
        anyhow::bail!("--only {number}: measured here are {}", known.join(", "));
    }
    service::end_all_on_signals(Duration::from_secs(900))?;
    raise_descriptor_limit()?;
    std::fs::create_dir_all(&options.folder).context("--folder")?;
    let suite = Suite {
        program: options.service.canonicalize().context("--service")?,
        jobs: options.jobs.canonicalize().context("--jobs")?,
        folder: options.folder.clone(),
        short: options.short,
        requests: options
            .requests
            .unwrap_or(if options.short { 30_000 } else { 600_000 }),
        corpus: options
            .corpus
            .unwrap_or(if options.short { 20_000 } else { 200_000 }),
        seed: options.seed,
        runs: AtomicU32::new(0),
    };
    ensure!(
        suite.requests > 0 && suite.corpus > 0,
        "--requests and --corpus must be at least 1"
    );
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for promise in promises::ALL {
        if !options.only.is_empty() && !options.only.contains(&promise.number) {
            continue;
        }
        let started = Instant::now();
        let finding = (promise.measure)(&suite).unwrap_or_else(|error| Finding {
            missed: vec![format!("{error:#}")],
            ..Finding::default()
        });
        print(promise, &finding, started.elapsed());
        skipped += finding.skipped.len();
        if finding.missed.is_empty() {
            passed += 1;
        } else {
            failed += 1;
        }
    }
    println!("{ELSEWHERE}");
    print!("{passed} passed, {failed} failed");
    if skipped > 0 {
        print!(", {skipped} skipped");
    }
    println!();
    Ok(failed == 0)
}

fn print(promise: &Promise, finding: &Finding, took: Duration) {
    let verdict = if finding.missed.is_empty() {
        "ok"
    } else {
        "MISSED"
    };
    println!(
        "{:>2}  {:<20} {verdict:<6}  {} ({:.0} s)",
        promise.number,
        promise.name,
        finding.figures.join("; "),
        took.as_secs_f64()
    );
    for text in &finding.missed {
        println!("    missed: {text}");
    }
    for text in &finding.skipped {
        println!("    skipped: {text}");
    }
}

/// Ten thousand connections are two times ten thousand descriptors, half of them ours.
fn raise_descriptor_limit() -> Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).context("reading the descriptor limit")?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most).context("raising the descriptor limit")
}
