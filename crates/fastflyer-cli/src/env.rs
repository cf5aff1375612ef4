//! `fastflyer env`: every setting with the value in force and where it comes from.
//!
//! Of a project it knows the environment and `.env` only; what stands in the code of a project its
//! own binary knows.

use crate::print;
use anyhow::Context as _;
use fastkit::settings::{Config, Settings, Sources};
use std::{
    io::{self, IsTerminal as _, Write as _},
    path::Path,
};

/// Show all settings: the value in force and where it comes from
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  fastflyer env
  fastflyer env --json
  cargo run -- env       inside a project: with the settings of its code

Values of secrets are masked.")]
pub(crate) struct Arguments {
    /// As a JSON array
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let loaded = Settings::load(&Config::new(), &Sources::from_process())?;
    if Path::new("Cargo.toml").exists() {
        // A hint that cannot be written is not missed.
        let _ = writeln!(
            io::stderr(),
            "note: this is without the settings in the project's code; `cargo run -- env` shows those too"
        );
    }
    for warning in &loaded.warnings {
        let _ = writeln!(io::stderr(), "warning: {warning}");
    }
    if arguments.json {
        return print(&format!("{:#}", loaded.to_json())).context("writing the settings");
    }
    let color = io::stdout().is_terminal() && fastkit::env::get("NO_COLOR", "").is_empty();
    print(&loaded.render_table(color))
}
