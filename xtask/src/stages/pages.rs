//! The browser stage: the pages of the demo in Debian's chromium.

use anyhow::{Context, Result};

use super::Demo;
use crate::process::run_and_capture;
use crate::report::{Counts, Outcome};
use crate::workspace::Workspace;

/// Runs `node run.mjs --base-url URL` in `tests/browser`.
///
/// # Errors
///
/// When the demo does not serve, or the script does not say how many tests passed.
pub(crate) fn run(workspace: &Workspace) -> Result<Outcome> {
    let demo = Demo::start(workspace, "browser")?;
    let mut command = workspace.command("node");
    command
        .args(["run.mjs", "--base-url", &demo.base_url()])
        .current_dir(workspace.root.join("tests/browser"));
    let (status, output) = run_and_capture(&mut command)?;
    let counts = Counts::read(&output)
        .with_context(|| format!("run.mjs ended with {status} and no counts"))?;
    Ok(Outcome {
        counts: super::at_least_one_failure(counts, status),
        ..Outcome::default()
    })
}
