//! The golden stage: every recorded file of a kind that is replayed.

use anyhow::Result;

use crate::golden::{Options, replay, sort_files};
use crate::report::{Counts, Outcome};
use crate::workspace::Workspace;

/// Replays the checked-in files. Deliberate differences pass; what waits to be built is skipped.
///
/// # Errors
///
/// When a file is not of the format, or the service does not build.
pub(crate) fn run(workspace: &Workspace, filter: Option<&str>) -> Result<Outcome> {
    let (files, later) = sort_files(&workspace.root.join("tests/golden/cases"))?;
    let options = Options {
        files,
        only: filter.map(str::to_owned),
        ..Options::default()
    };
    let totals = replay(workspace, &options)?;
    println!("{totals}");
    let counts = Counts {
        passed: totals.passed + totals.deliberate - totals.later,
        failed: totals.failed,
        skipped: totals.later,
    };
    let mut notes = vec![format!("{} deliberate differences", totals.deliberate)];
    if totals.later > 0 {
        notes.push(format!(
            "skipped: {} cases of what is not built yet",
            totals.later
        ));
    }
    notes.push(format!("not replayed here: {}", later.join(", ")));
    Ok(Outcome {
        counts,
        notes,
        summary: None,
    })
}
