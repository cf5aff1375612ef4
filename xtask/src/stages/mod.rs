//! The stages of `cargo xtask test`, a file each, and the demo service that two of them look at.
//!
//! Key type: [`Demo`].

pub(crate) mod cron;
pub(crate) mod golden;
pub(crate) mod openapi;
pub(crate) mod pages;
pub(crate) mod rust;

use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::process::{Ready, Service, free_port};
use crate::report::{Counts, Outcome};
use crate::test::Stage;
use crate::workspace::{Workspace, build_binary};

/// The prefix of the demo's routes; set, so that no default needs to be known here.
const PREFIX: &str = "/flyer";

/// The running demo project.
#[derive(Debug)]
pub(crate) struct Demo {
    /// Its address without the prefix.
    pub(crate) address: String,
    _service: Service,
}

impl Demo {
    /// Builds the command line and starts `fastflyer show openapi` on a free port.
    ///
    /// # Errors
    ///
    /// When it does not build, or does not serve; with what it printed.
    pub(crate) fn start(workspace: &Workspace, name: &str) -> Result<Self> {
        let executable = build_binary(workspace, "fastflyer-cli", "fastflyer")?;
        let port = free_port()?;
        let folder = workspace.output.join(format!("demo-{name}"));
        // What an earlier run has left of its jobs.
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        let mut command = workspace.command(executable);
        command
            .args(["show", "openapi"])
            .current_dir(&folder)
            .env("flyer_host", "127.0.0.1")
            .env("flyer_port", port.to_string())
            .env("flyer_base_url", PREFIX)
            .env("flyer_job_path", folder.join("jobs"));
        let log = workspace.output.join(format!("demo-{name}.log"));
        let mut service = Service::start(&mut command, &log)?;
        match service.wait_for_port(port, Duration::from_secs(30))? {
            Ready::Yes => Ok(Self {
                address: format!("http://127.0.0.1:{port}"),
                _service: service,
            }),
            Ready::Ended(status, output) => bail!(
                "`fastflyer show openapi` does not serve yet: it ended with {status} before it listened{}",
                quoted(&output)
            ),
            Ready::TooLate(output) => {
                bail!(
                    "`fastflyer show openapi` does not serve: nothing listens on port {port}{}",
                    quoted(&output)
                )
            }
        }
    }

    /// The address of the demo's routes.
    pub(crate) fn base_url(&self) -> String {
        format!("{}{PREFIX}", self.address)
    }
}

/// The outcome of a stage whose tests are not written yet.
pub(crate) fn not_there_yet(workspace: &Workspace, stage: Stage) -> Option<Outcome> {
    match stage {
        Stage::Browser if !workspace.root.join("tests/browser/run.mjs").is_file() => {
            Some(Outcome::skipped("tests/browser/run.mjs is not written yet"))
        }
        Stage::Golden if crate::golden::service_source(workspace).is_none() => Some(
            Outcome::skipped("the service of the cases, tests/golden/service, is not written yet"),
        ),
        _ => None,
    }
}

fn quoted(output: &str) -> String {
    if output.is_empty() {
        String::new()
    } else {
        format!(":\n{output}")
    }
}

/// A script that failed without counting a failure still failed.
pub(crate) fn at_least_one_failure(mut counts: Counts, status: ExitStatus) -> Counts {
    if !status.success() {
        counts.failed = counts.failed.max(1);
    }
    counts
}
