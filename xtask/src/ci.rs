//! `cargo xtask ci`: the checks that a change must pass, and the two that need tools of their own.

use std::process::Command;

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
    let mut check = |name: &str, commands: Vec<Command>| {
        report.stage(name, || {
            let mut good = true;
            for mut command in commands {
                good &= run_command(&mut command)?.success();
            }
            Ok(Outcome::check(good))
        });
    };
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ];
    check("fmt", vec![workspace.cargo(["fmt", "--all", "--check"])]);
    // What a project has that turns everything off.
    let bare = [
        "check",
        "--package",
        "fastflyer",
        "--lib",
        "--no-default-features",
    ];
    check(
        "clippy",
        vec![workspace.cargo(clippy), workspace.cargo(bare)],
    );
    check("docs", docs(workspace));
    test::stages(workspace, options, &mut report)?;
    report.print();
    Ok(report.is_good())
}

/// Libraries and programs apart: the library and the program `fastflyer` share the name of their page.
fn docs(workspace: &Workspace) -> Vec<Command> {
    let mut libraries = workspace.cargo(["doc", "--workspace", "--lib", "--all-features"]);
    libraries.arg("--document-private-items");
    let mut programs = workspace.cargo(["doc", "--bins", "--document-private-items"]);
    programs.args(["--package", "xtask", "--package", "fastflyer-cli"]);
    for command in [&mut libraries, &mut programs] {
        command.arg("--no-deps").env("RUSTDOCFLAGS", "-D warnings");
    }
    vec![libraries, programs]
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
fn with_tool(workspace: &Workspace, tool: &str, mut command: Command) -> Result<bool> {
    if !workspace.has_program(tool) {
        println!("{tool} is not installed: cargo install --locked {tool}");
        return Ok(false);
    }
    Ok(run_command(&mut command)?.success())
}
