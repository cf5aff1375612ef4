//! The `fastflyer` command: creates projects, runs the demo, shows settings.
//!
//! Verbs are a file each. What only a project's own program can say (`routes`, `codes` ...) it is
//! asked for. Exit codes: 0 done, 1 refused or failed with the reason on standard error, 2 wrong
//! usage; a project's program has its own.

mod create;
#[cfg(unix)]
mod ctl;
mod env;
mod project;
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
  fastflyer codes --ts                                            in a project: its codes

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
    /// In a project: list its operations [--json]
    #[command(after_help = "Examples:\n  fastflyer routes\n  fastflyer routes --json")]
    Routes(project::Arguments),
    /// In a project: print its OpenAPI document
    #[command(after_help = "Examples:\n  fastflyer openapi > openapi.json")]
    Openapi(project::Arguments),
    /// In a project: list its codes and their texts [--json|--ts|--python|--markdown]
    #[command(
        after_help = "Examples:\n  fastflyer codes\n  fastflyer codes --ts > web/src/codes.ts"
    )]
    Codes(project::Arguments),
    /// In a project: `i18n check` names the texts that a language lacks [--json]
    #[command(after_help = "Examples:\n  fastflyer i18n check\n  fastflyer i18n check --json")]
    I18n(project::Arguments),
    /// In a project: list its jobs, or with --live those of the running service [--json]
    #[command(
        after_help = "Examples:\n  fastflyer tasks                what the project declares\n  fastflyer tasks --live --json  what runs, asked with the settings of the environment and .env"
    )]
    Tasks(project::Arguments),
}

/// What projects are made of.
#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// An HTTP API with OpenAPI documentation.
    Openapi,
}

fn main() -> ExitCode {
    let done = match Cli::parse().verb {
        Some(Verb::Create(arguments)) => create::run(&arguments).map(|()| ExitCode::SUCCESS),
        Some(Verb::Show(arguments)) if arguments.is_given() => {
            show::run().map(|()| ExitCode::SUCCESS)
        }
        Some(Verb::Env(arguments)) => env::run(&arguments).map(|()| ExitCode::SUCCESS),
        #[cfg(unix)]
        Some(Verb::Ctl(arguments)) => ctl::run(&arguments).map(|()| ExitCode::SUCCESS),
        Some(Verb::Routes(arguments)) => project::run("routes", &arguments),
        Some(Verb::Openapi(arguments)) => project::run("openapi", &arguments),
        Some(Verb::Codes(arguments)) => project::run("codes", &arguments),
        Some(Verb::I18n(arguments)) => project::run("i18n", &arguments),
        Some(Verb::Tasks(arguments)) => project::run("tasks", &arguments),
        Some(Verb::Show(_)) => print_help(Some("show")).map(|()| ExitCode::SUCCESS),
        None => print_help(None).map(|()| ExitCode::SUCCESS),
    };
    match done {
        Ok(code) => code,
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
