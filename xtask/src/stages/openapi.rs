//! The OpenAPI stage: the demo's document before three independent judges, see `tests/openapi`.

use anyhow::{Context, Result};

use super::Demo;
use crate::process::run_and_capture;
use crate::report::{Counts, Outcome};
use crate::workspace::Workspace;

/// Runs `tests/openapi/check.py` against the demo.
///
/// # Errors
///
/// When the demo does not serve, or the script does not say how many checks passed.
pub(crate) fn run(workspace: &Workspace) -> Result<Outcome> {
    let demo = Demo::start(workspace, "openapi")?;
    let mut command = workspace.command(workspace.tools.join("venv/bin/python"));
    command
        .arg("tests/openapi/check.py")
        .args(["--base-url", &demo.base_url()])
        .arg("--output")
        .arg(workspace.output.join("openapi"));
    let (status, output) = run_and_capture(&mut command)?;
    let counts = Counts::read(&output)
        .with_context(|| format!("check.py ended with {status} and no counts"))?;
    Ok(Outcome {
        counts: super::at_least_one_failure(counts, status),
        ..Outcome::default()
    })
}
