//! The development tasks of this repository: `cargo xtask test`, `ci`, `golden`, `bench`,
//! `reliability`, `deny`, `hack`.
//!
//! A task finds or installs what it needs, starts it, and ends it. Nothing here is part of what users
//! of the framework build. Key type: [`Task`].

#![expect(
    clippy::print_stdout,
    reason = "a command line speaks on standard output"
)]

mod bench;
mod ci;
mod golden;
mod process;
mod reliability;
mod report;
mod requirement;
mod stages;
mod test;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::workspace::Workspace;

/// The development tasks of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Install what the tests need, run all of them, and say what was run
    Test(test::Options),
    /// All that a change must pass: format, lints, documentation, then the tests
    Ci(test::Options),
    /// Replay recorded answers of the original systems
    Golden(golden::Options),
    /// Measure against peers: rates, or counts with `--instructions` (see bench/README.md)
    #[command(disable_help_flag = true)]
    Bench {
        /// What the harness takes; `--help` prints it
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Measure the promises about restarts, crashes, attacks and full disks (see docs/reliability.md)
    #[command(disable_help_flag = true)]
    Reliability {
        /// What the suite takes; `--help` prints it
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Check licences, sources and advisories of the dependencies
    Deny,
    /// Check each crate with each of its features
    Hack,
}

fn main() -> ExitCode {
    match run(Task::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all was good.
fn run(task: Task) -> Result<bool> {
    process::end_children_on_signals()?;
    let workspace = Workspace::find()?;
    match task {
        Task::Test(options) => test::run(&workspace, &options),
        Task::Ci(options) => ci::run(&workspace, &options),
        Task::Golden(options) => {
            let totals = golden::replay(&workspace, &options)?;
            println!("{totals}");
            Ok(totals.failed == 0)
        }
        Task::Bench { arguments } => {
            bench::run(&arguments).map_err(anyhow::Error::msg)?;
            Ok(true)
        }
        Task::Reliability { arguments } => reliability::run(&workspace, &arguments),
        Task::Deny => ci::deny(&workspace),
        Task::Hack => ci::hack(&workspace),
    }
}

/// A variable of the environment, `None` when it is not set or empty.
#[expect(
    clippy::disallowed_methods,
    reason = "tasks are no part of the framework and its settings"
)]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
