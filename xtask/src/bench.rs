//! `cargo xtask bench`: hands over to the harness in `bench/`, a workspace of its own whose dependencies must not become
//! ours. Nothing is measured here.

use std::{path::Path, process::Command};

/// Runs the benchmark: rates against the peers, with `--instructions` the callgrind counts, with `--only WHAT,WHAT` what
/// is named, with `--all` everything, with `--report` only the tables and charts again. The other arguments are the
/// harness's; `--help` prints them.
///
/// # Errors
///
/// Fails when the harness cannot be built, or when it fails: a tool is missing, a server does not do its work, or
/// `--check` found FastFlyer worse than the committed figures.
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bench/Cargo.toml");
    let status = Command::new(env!("CARGO"))
        .args([
            "run",
            "--release",
            "--quiet",
            "--locked",
            "--package",
            "harness",
            "--manifest-path",
        ])
        .arg(manifest)
        .arg("--")
        .args(harness_arguments(args))
        .status()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err("the benchmark failed; the reason stands above".to_owned())
    }
}

/// The harness takes what it is to do as the first word, xtask as a flag among the others.
fn harness_arguments(args: &[String]) -> Vec<&str> {
    if args.iter().any(|word| word == "--help" || word == "-h") {
        return vec!["--help"];
    }
    let mut what = "rates";
    let mut rest = Vec::with_capacity(args.len() + 1);
    let mut words = args.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "--instructions" => what = "instructions",
            "--report" => what = "report",
            "--all" => what = "all",
            // Nothing behind it is a mistake that the harness explains.
            "--only" => what = words.next().unwrap_or(""),
            other => rest.push(other),
        }
    }
    rest.insert(0, what);
    rest
}

#[cfg(test)]
mod tests {
    use super::harness_arguments;

    fn of(line: &str) -> String {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        harness_arguments(&args).join(" ")
    }

    #[test]
    fn what_is_measured_comes_first() {
        assert_eq!(of(""), "rates");
        assert_eq!(of("--case B --rounds 3"), "rates --case B --rounds 3");
        assert_eq!(of("--check --instructions"), "instructions --check");
        assert_eq!(of("--report"), "report");
        assert_eq!(of("--all"), "all");
        assert_eq!(
            of("--rounds 3 --only idle,growth"),
            "idle,growth --rounds 3"
        );
        assert_eq!(of("--case A --help"), "--help");
    }
}
