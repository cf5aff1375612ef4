//! `cargo xtask bench`: hands over to the harness in `bench/`, a workspace of its own whose dependencies must not become
//! ours. Nothing is measured here.

use std::{path::Path, process::Command};

/// Runs the benchmark: rates against the peers, or with `--instructions` the callgrind counts, with `--report` only the
/// tables and charts again. The other arguments are the harness's; `--help` prints them.
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

/// The harness takes its mode as the first word, xtask as a flag among the others.
fn harness_arguments(args: &[String]) -> Vec<&str> {
    if args.iter().any(|word| word == "--help" || word == "-h") {
        return vec!["--help"];
    }
    let mut mode = "rates";
    let mut rest = Vec::with_capacity(args.len() + 1);
    for word in args {
        match word.as_str() {
            "--instructions" => mode = "instructions",
            "--report" => mode = "report",
            other => rest.push(other),
        }
    }
    rest.insert(0, mode);
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
    fn the_mode_comes_first() {
        assert_eq!(of(""), "rates");
        assert_eq!(of("--case B --rounds 3"), "rates --case B --rounds 3");
        assert_eq!(of("--check --instructions"), "instructions --check");
        assert_eq!(of("--report"), "report");
        assert_eq!(of("--case A --help"), "--help");
    }
}
