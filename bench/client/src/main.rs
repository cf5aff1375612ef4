//! Keep-alive `GET`s of `AsyncClient` and of bare reqwest, in turns, in one process.
//!
//! The upstream is a thread of this process. Without arguments it prints the times of a call; `--instructions` prints
//! instructions, which repeat on a machine however busy. With `--check` it fails when a call takes over 5 % more processor time than
//! reqwest, since the time that passes says more of the machine.

mod contender;
mod instructions;
mod time;
mod upstream;

use std::{error::Error, process::ExitCode};

use contender::Contender;
use time::{Time, quartiles};

const ROUNDS: usize = 401;
const CALLS: u32 = 100;
/// How many times the processor time of reqwest a call may take.
const MOST: f64 = 1.05;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        [] => times().map(|_| ()),
        ["--check"] => check(times()?),
        ["--instructions"] => instructions::run(),
        // What `--instructions` runs.
        ["--calls", contender, calls] => calls_of(contender.parse()?, calls.parse()?),
        _ => Err("usage: client-bench [--check | --instructions]".into()),
    }
}

fn check(ratio: f64) -> Result<(), Box<dyn Error>> {
    // Where there is no such figure, nothing was checked.
    if ratio.is_nan() || ratio > MOST {
        let text = format!(
            "AsyncClient takes {ratio:.2} times the processor time of reqwest; {MOST:.2} is allowed"
        );
        return Err(text.into());
    }
    Ok(())
}

/// Prints a table; how many times the processor time of reqwest a call of ours takes.
fn times() -> Result<f64, Box<dyn Error>> {
    let url = format!("http://{}/items/1?q=x", upstream::start()?);
    let contenders = Contender::all()?;
    let mut rounds: Vec<Vec<Time>> = Vec::new();
    event_loop()?.block_on(async {
        for round in 0..ROUNDS {
            let mut times = vec![Time::now(); contenders.len()];
            for turn in 0..contenders.len() {
                // Whoever is first in a round may find the machine in another state.
                let index = (turn + round) % contenders.len();
                let started = Time::now();
                contenders[index].ask(&url, CALLS).await?;
                times[index] = started.per_call(CALLS);
            }
            // The first one opens connections.
            if round > 0 {
                rounds.push(times);
            }
        }
        Ok::<(), Box<dyn Error>>(())
    })?;
    println!(
        "| client | µs for a call | processor µs | ratio | from | to |\n|---|--:|--:|--:|--:|--:|"
    );
    let mut of_ours = f64::NAN;
    for (index, contender) in contenders.iter().enumerate() {
        let of = |pick: fn(&[Time], usize) -> f64| {
            quartiles(rounds.iter().map(|times| pick(times, index)).collect())
        };
        let wall = of(|times, index| times[index].wall)[1];
        let processor = of(|times, index| times[index].processor)[1];
        // Within a round, where the machine was the same for all.
        let [from, ratio, to] = of(|times, index| times[index].processor / times[0].processor);
        println!(
            "| {} | {wall:.1} | {processor:.1} | {ratio:.3} | {from:.3} | {to:.3} |",
            contender.name()
        );
        if matches!(contender, Contender::Ours(_)) {
            of_ours = ratio;
        }
    }
    Ok(of_ours)
}

fn calls_of(contender: usize, calls: u32) -> Result<(), Box<dyn Error>> {
    let url = format!("http://{}/items/1?q=x", upstream::start()?);
    let contenders = Contender::all()?;
    let contender = contenders.get(contender).ok_or("there is no such client")?;
    event_loop()?.block_on(contender.ask(&url, calls))
}

fn event_loop() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}
