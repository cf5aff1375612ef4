//! `cargo xtask ci`: the checks that a change must pass, and the two that need tools of their own.

use anyhow::Result;

use crate::process::run as run_command;
use crate::report::{Outcome, Report};
use crate::test;
use crate::workspace::Workspace;

/// Runs the checks, then the tests; all of them, also after a failure.
///
/// # Errors
///
/// When the options do not fit together.
pub(crate) fn run(workspace: &Workspace, options: &test::Options) -> Result<bool> {
    let mut report = Report::default();
    let mut check = |name: &str, mut command: std::process::Command| {
        report.stage(name, || {
            Ok(Outcome::check(run_command(&mut command)?.success()))
        });
    };
    check("fmt", workspace.cargo(["fmt", "--all", "--check"]));
    check(
        "clippy",
        workspace.cargo([
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]),
    );
    let mut doc = workspace.cargo([
        "doc",
        "--workspace",
        "--no-deps",
        "--document-private-items",
    ]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    check("doc", doc);
    test::stages(workspace, options, &mut report)?;
    report.print();
    Ok(report.is_good())
}

/// Runs cargo-deny with the repository's `deny.toml`.
///
/// # Errors
///
/// When it cannot be started.
pub(crate) fn deny(workspace: &Workspace) -> Result<bool> {
    with_tool(workspace, "cargo-deny", workspace.cargo(["deny", "check"]))
}

/// Runs cargo-hack over each feature of each crate.
///
/// # Errors
///
/// When it cannot be started.
pub(crate) fn hack(workspace: &Workspace) -> Result<bool> {
    with_tool(
        workspace,
        "cargo-hack",
        workspace.cargo([
            "hack",
            "check",
            "--workspace",
            "--each-feature",
            "--no-dev-deps",
        ]),
    )
}

/// These tools take minutes to build, so they are used where they are and not installed unasked.
fn with_tool(
    workspace: &Workspace,
    tool: &str,
    mut command: std::process::Command,
) -> Result<bool> {
    if !workspace.has_program(tool) {
        println!("{tool} is not installed: cargo install --locked {tool}");
        return Ok(false);
    }
    Ok(run_command(&mut command)?.success())
}
