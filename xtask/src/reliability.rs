//! `cargo xtask reliability`: builds the service and the suite in `tests/reliability`, and runs it: in
//! full, or in its short form as a stage of the tests. What is measured, and how, is not here.

use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::report::{Counts, Outcome};
use crate::workspace::{Workspace, build_fast_binary};

/// Runs the suite with these arguments; whether all promises are kept.
///
/// # Errors
///
/// When the suite or its service does not build.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<bool> {
    let status = process::run(suite(workspace)?.args(arguments))?;
    Ok(status.success())
}

/// The short form; a promise is a test.
///
/// # Errors
///
/// When it does not build, or does not say how many promises are kept.
pub(crate) fn stage(workspace: &Workspace) -> Result<Outcome> {
    let (status, output) = process::run_and_capture(suite(workspace)?.arg("--short"))?;
    let counts = Counts::read(&output)
        .with_context(|| format!("the suite ended with {status} and no counts"))?;
    Ok(Outcome {
        counts: crate::stages::at_least_one_failure(counts, status),
        ..Outcome::default()
    })
}

fn suite(workspace: &Workspace) -> Result<Command> {
    let service = build_fast_binary(workspace, "reliability-service", "reliability-service")?;
    let jobs = build_fast_binary(workspace, "reliability-jobs", "reliability-jobs")?;
    let suite = build_fast_binary(workspace, "reliability", "reliability")?;
    let mut command = workspace.command(suite);
    command.arg("--service").arg(service);
    command.arg("--jobs").arg(jobs);
    command
        .arg("--folder")
        .arg(workspace.output.join("reliability"));
    Ok(command)
}
