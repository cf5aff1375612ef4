//! The benchmark's harness: builds the servers, sees that they do the work, measures them, writes the tables.
//!
//! Two modes because they answer different questions: `instructions` is what a change cost (repeatable to a per cent on
//! any machine), `rates` is what a user sees (noisy, so only ratios within one run count).

mod build;
mod callgrind;
mod chart;
mod date;
mod options;
mod probe;
mod process;
mod rates;
mod readme;
mod results;
mod scratch;
mod servers;
mod statistics;

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
    match options.mode {
        Mode::Instructions => callgrind::run(options),
        Mode::Rates => rates::run(options),
        Mode::Report => readme::write(),
    }
}
