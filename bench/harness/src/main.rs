//! The benchmark's harness: builds the servers, sees that they do the work, measures them, writes the tables.
//!
//! `instructions` and `rates` are two things because they answer different questions: the first is what a change cost
//! (repeatable to a per cent on any machine), the second what a user sees (noisy, so only ratios within one run count).
//! The others each answer one question of the goals; [`goals`] judges all of them.

mod access_log;
mod build;
mod callgrind;
mod chart;
mod client;
mod date;
mod goals;
mod growth;
mod idle;
mod options;
mod probe;
mod process;
mod rates;
mod readme;
mod results;
mod sample;
mod scratch;
mod servers;
mod setup;
mod statistics;
mod two_loops;

use std::process::ExitCode;

use options::{Mode, Options};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.is_empty()
        || arguments
            .iter()
            .any(|word| word == "--help" || word == "-h")
    {
        println!("{}", options::USAGE);
        return ExitCode::SUCCESS;
    }
    match Options::parse(&arguments).and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("bench: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), String> {
    for mode in &options.modes {
        match mode {
            Mode::Instructions => callgrind::run(options),
            Mode::Rates => rates::run(options),
            Mode::TwoLoops => two_loops::run(options),
            Mode::AccessLog => access_log::run(options),
            Mode::Idle => idle::run(options),
            Mode::Growth => growth::run(options),
            Mode::Report => readme::write(),
        }?;
    }
    Ok(())
}
