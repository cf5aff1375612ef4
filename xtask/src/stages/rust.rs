//! The Rust tests: by nextest, by `cargo test` where there is none, and the documentation's examples.

use std::process::{Command, ExitStatus};

use anyhow::{Result, bail};

use crate::process::{run, run_and_capture, without_colour};
use crate::report::{Counts, Outcome};
use crate::requirement::NEXTEST;
use crate::test::Stage;
use crate::workspace::Workspace;

/// Which of nextest's tests belong to a stage; `None` for stages that are not Rust tests.
pub(crate) fn expression(stage: Stage) -> Option<&'static str> {
    match stage {
        Stage::Unit => Some("not kind(test)"),
        Stage::Integration => Some("(kind(test) and not package(fastflyer-cli))"),
        Stage::Cli => Some("(kind(test) and package(fastflyer-cli))"),
        Stage::Doc
        | Stage::Browser
        | Stage::Openapi
        | Stage::Cron
        | Stage::Golden
        | Stage::Reliability => None,
    }
}

/// Runs the unit, integration and command-line tests that were chosen.
///
/// # Errors
///
/// When neither runner can be started.
pub(crate) fn tests(
    workspace: &Workspace,
    kinds: &[Stage],
    filter: Option<&str>,
) -> Result<Outcome> {
    if let Err(error) = NEXTEST.provide(workspace) {
        let mut outcome = with_cargo_test(workspace, kinds, filter)?;
        outcome
            .notes
            .push(format!("run by `cargo test`: {error:#}"));
        return Ok(outcome);
    }
    let mut command = nextest(workspace, "run", kinds, filter);
    command.args(["--profile", "ci", "--no-tests", "pass"]);
    let (status, output) = run_and_capture(&mut command)?;
    let output = without_colour(&output);
    let summary = output
        .lines()
        .rev()
        .find(|line| line.trim_start().starts_with("Summary ["));
    let Some(summary) = summary else {
        bail!("nextest ended with {status} before it ran a test");
    };
    let (counts, skipped) = nextest_counts(summary);
    let notes = match skipped {
        0 => Vec::new(),
        n => vec![format!("{n} tests not chosen or marked `ignore`")],
    };
    Ok(Outcome {
        counts: super::at_least_one_failure(counts, status),
        notes,
        summary: Some(summary.trim().to_owned()),
    })
}

/// Runs the examples of the documentation.
///
/// # Errors
///
/// When cargo cannot be started.
pub(crate) fn doc_tests(workspace: &Workspace, filter: Option<&str>) -> Result<Outcome> {
    let mut command = workspace.cargo(["test", "--doc", "--workspace", "--no-fail-fast"]);
    let (status, output) = run_and_capture(command.args(filter))?;
    Ok(cargo_test_outcome(&output, status))
}

/// Shows the tests that were chosen.
///
/// # Errors
///
/// When nextest cannot be started.
pub(crate) fn list(workspace: &Workspace, kinds: &[Stage], filter: Option<&str>) -> Result<bool> {
    Ok(run(&mut nextest(workspace, "list", kinds, filter))?.success())
}

fn nextest(workspace: &Workspace, verb: &str, kinds: &[Stage], filter: Option<&str>) -> Command {
    let mut command = workspace.cargo(["nextest", verb, "--workspace"]);
    let expressions: Vec<_> = kinds.iter().filter_map(|kind| expression(*kind)).collect();
    if expressions.len() < 3 {
        command.args(["--filterset", &expressions.join(" or ")]);
    }
    command.args(filter);
    command
}

fn with_cargo_test(
    workspace: &Workspace,
    kinds: &[Stage],
    filter: Option<&str>,
) -> Result<Outcome> {
    let mut command = workspace.cargo(["test", "--no-fail-fast"]);
    match kinds {
        [Stage::Cli] => command.args(["--package", "fastflyer-cli", "--test", "*"]),
        _ => command.arg("--workspace"),
    };
    if kinds.contains(&Stage::Unit) {
        command.args(["--lib", "--bins"]);
    }
    if kinds.contains(&Stage::Integration) || (kinds.len() > 1 && kinds.contains(&Stage::Cli)) {
        command.args(["--test", "*"]);
    }
    let (status, output) = run_and_capture(command.args(filter))?;
    Ok(cargo_test_outcome(&output, status))
}

/// The counts of nextest's `Summary` line, and how many tests were left out by the filter.
///
/// Tests that were stopped by a time limit or could not be executed are failures.
fn nextest_counts(summary: &str) -> (Counts, usize) {
    let mut counts = Counts::default();
    let mut left_out = 0;
    let mut number = 0;
    for word in summary.split(|c: char| c.is_whitespace() || matches!(c, ',' | ':' | '(' | ')')) {
        match word {
            "passed" => counts.passed = number,
            "failed" | "timed" => counts.failed += number,
            "skipped" => left_out = number,
            _ => number = word.parse().unwrap_or(number),
        }
    }
    (counts, left_out)
}

/// Adds up the `test result:` lines of all binaries.
fn cargo_test_outcome(output: &str, status: ExitStatus) -> Outcome {
    let mut counts = Counts::default();
    let output = without_colour(output);
    for line in output
        .lines()
        .filter_map(|line| line.strip_prefix("test result: "))
    {
        let parts: Vec<_> = line
            .split([';', '.'])
            .filter_map(|part| part.trim().split_once(' '))
            .collect();
        let part = |word: &str| {
            parts
                .iter()
                .find(|(_, w)| *w == word)
                .and_then(|(n, _)| n.parse::<usize>().ok())
                .unwrap_or(0)
        };
        counts += Counts {
            passed: part("passed"),
            failed: part("failed"),
            skipped: part("ignored"),
        };
    }
    let notes = match counts.skipped {
        0 => Vec::new(),
        n => vec![format!("skipped: {n} marked `ignore`")],
    };
    Outcome {
        counts: super::at_least_one_failure(counts, status),
        notes,
        summary: None,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn summaries_of_nextest_are_read() {
        let line = "     Summary [   0.006s] 14/15 tests run: 10 passed (2 slow), 3 failed, 1 timed out, 4 skipped";
        assert_eq!(
            nextest_counts(line),
            (
                Counts {
                    passed: 10,
                    failed: 4,
                    skipped: 0
                },
                4
            )
        );
        let line = "Summary [   1.2s] 2 tests run: 1 passed, 1 exec failed, 0 skipped";
        assert_eq!(
            nextest_counts(line),
            (
                Counts {
                    passed: 1,
                    failed: 1,
                    skipped: 0
                },
                0
            )
        );
    }

    #[test]
    fn results_of_cargo_test_are_added_up() {
        let text = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.1s\n\
                    test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s";
        let outcome = cargo_test_outcome(text, ExitStatus::from_raw(0));
        assert_eq!(
            outcome.counts,
            Counts {
                passed: 4,
                failed: 2,
                skipped: 1
            }
        );
    }

    #[test]
    fn a_build_failure_is_a_failure() {
        let outcome =
            cargo_test_outcome("error: could not compile", ExitStatus::from_raw(101 << 8));
        assert_eq!(outcome.counts.failed, 1);
    }
}
