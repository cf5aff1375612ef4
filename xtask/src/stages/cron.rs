//! The cron stage: our times of cron expressions beside those of croniter, see `tests/cron`.

use anyhow::{Context, Result};

use crate::process::run_and_capture;
use crate::report::{Counts, Outcome};
use crate::workspace::{Workspace, build_example};

/// Runs `tests/cron/compare.py`; all expressions together are one test.
///
/// # Errors
///
/// When fastkit does not build, or the script does not say how many expressions agreed.
pub(crate) fn run(workspace: &Workspace) -> Result<Outcome> {
    let times = build_example(workspace, "fastkit", "cron_times")?;
    let mut command = workspace.command(workspace.tools.join("venv/bin/python"));
    command
        .arg("tests/cron/compare.py")
        .arg("--times")
        .arg(times);
    let (status, output) = run_and_capture(&mut command)?;
    let counts = Counts::read(&output)
        .with_context(|| format!("compare.py ended with {status} and no counts"))?;
    let figure = |line: &&str| line.contains(" excluded: ") || line.contains(" compared, ");
    let figures = output.lines().filter(figure);
    Ok(Outcome {
        counts: super::at_least_one_failure(counts, status),
        notes: figures.map(|line| line.trim().to_owned()).collect(),
        summary: None,
    })
}
