//! The `fastflyer` command: creates projects, runs the demo, shows settings.
//!
//! Verbs are a file each. What a project's own binary can say about itself (`cargo run -- routes`)
//! is not repeated here. Exit codes: 0 done, 1 refused or failed with the reason on standard error,
//! 2 wrong usage.

mod create;
#[cfg(unix)]
mod ctl;
mod env;
mod show;

use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};
use std::{
    io::{self, Write as _},
    process::ExitCode,
};

#[global_allocator]
static ALLOCATOR: fastflyer::alloc::MiMalloc = fastflyer::alloc::MiMalloc;

/// FastFlyer 框架开发辅助工具: create and run FastFlyer projects
#[derive(Parser)]
#[command(
    name = "fastflyer",
    version,
    after_help = "\
Examples:
  fastflyer show openapi                                          run the demo
  fastflyer create openapi myproject --name Demo --prefix /demo   create a project
  fastflyer env                                                   all settings
  fastflyer ctl status                                            the running service

Exit codes: 0 done, 1 refused or failed (standard error says why), 2 wrong usage.
Colours are off when NO_COLOR is set or the output is no terminal."
)]
struct Cli {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    #[command(visible_alias = "new")]
    Create(create::Arguments),
    Show(show::Arguments),
    Env(env::Arguments),
    #[cfg(unix)]
    Ctl(ctl::Arguments),
}

/// What projects are made of.
#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// An HTTP API with OpenAPI documentation.
    Openapi,
}

fn main() -> ExitCode {
    let done = match Cli::parse().verb {
        Some(Verb::Create(arguments)) => create::run(&arguments),
        Some(Verb::Show(arguments)) if arguments.is_given() => show::run(),
        Some(Verb::Env(arguments)) => env::run(&arguments),
        #[cfg(unix)]
        Some(Verb::Ctl(arguments)) => ctl::run(&arguments),
        Some(Verb::Show(_)) => print_help(Some("show")),
        None => print_help(None),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to be told when standard error is gone.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn print_help(verb: Option<&str>) -> anyhow::Result<()> {
    let mut command = Cli::command();
    command.build();
    let chosen = match verb.and_then(|verb| command.find_subcommand_mut(verb)) {
        Some(verb) => verb,
        None => &mut command,
    };
    Ok(chosen.print_help()?)
}

/// Writes to standard output; a reader that went away is no error.
fn print(text: &str) -> anyhow::Result<()> {
    match writeln!(io::stdout(), "{}", text.trim_end()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
