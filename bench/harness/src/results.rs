//! The committed figures, a file of `results/` for each kind. What stands in those of a single question is declared
//! beside its measurement.

use std::{collections::BTreeMap, fs, path::PathBuf, process::Command};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{build::bench, servers::Case};

/// Where and with what the last run was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Context {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) kernel: String,
    pub(crate) rustc: String,
    /// Of this repository.
    pub(crate) commit: String,
    /// Of the crates that make the figures, from the lock file.
    pub(crate) versions: BTreeMap<String, String>,
}

/// Instructions per request.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Instructions {
    pub(crate) context: Context,
    pub(crate) valgrind: String,
    pub(crate) connections: u32,
    pub(crate) requests: (u64, u64),
    pub(crate) servers: BTreeMap<String, ServerInstructions>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ServerInstructions {
    /// Its own, because a run may have only some of the servers.
    pub(crate) date: String,
    #[serde(flatten)]
    pub(crate) counts: BTreeMap<Case, u64>,
}

/// Rates, CPU time, memory and start.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Rates {
    pub(crate) context: Context,
    pub(crate) connections: u32,
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
    /// Load average of the last minute, before and after: how quiet the machine was.
    pub(crate) load_average: (f64, f64),
    pub(crate) servers: BTreeMap<String, ServerRates>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ServerRates {
    pub(crate) date: String,
    pub(crate) cases: BTreeMap<Case, CaseRates>,
    /// From `exec` to the end of the first answer.
    pub(crate) start_ms: f64,
    pub(crate) resident_idle_kib: u64,
    pub(crate) resident_loaded_kib: u64,
}

/// Medians over the rounds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CaseRates {
    pub(crate) rate: f64,
    /// Against the base server, within a round.
    pub(crate) rate_ratio: Option<f64>,
    /// Server CPU time, user and system.
    pub(crate) cpu_us: f64,
    /// CPU time of the base server by ours: above 1 is better than the base.
    pub(crate) cpu_ratio: Option<f64>,
    /// Half the quartile distance of the rate, as a part of it.
    pub(crate) spread: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// Access lines that were not written, of all requests of all rounds.
    pub(crate) lost_lines: Option<u64>,
}

pub(crate) const INSTRUCTIONS: &str = "instructions";
pub(crate) const RATES: &str = "rates";
pub(crate) const TWO_LOOPS: &str = "two-loops";
pub(crate) const ACCESS_LOG: &str = "access-log";
pub(crate) const IDLE: &str = "idle";
pub(crate) const GROWTH: &str = "growth";

pub(crate) fn path(name: &str, extension: &str) -> PathBuf {
    bench().join("results").join(name).with_extension(extension)
}

/// The committed results, if there are any.
pub(crate) fn load<T: DeserializeOwned>(name: &str) -> Result<Option<T>, String> {
    let path = path(name, "json");
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|error| format!("{}: {error}", path.display()))
}

pub(crate) fn save(name: &str, results: &impl Serialize) -> Result<(), String> {
    let path = path(name, "json");
    let mut text = serde_json::to_string_pretty(results).map_err(|error| error.to_string())?;
    text.push('\n');
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
}

impl Context {
    pub(crate) fn now() -> Result<Self, String> {
        let lock = bench().join("Cargo.lock");
        let lock =
            fs::read_to_string(&lock).map_err(|error| format!("{}: {error}", lock.display()))?;
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Ok(Self {
            cpu: cpu_model(&cpuinfo).unwrap_or("unknown").to_owned(),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            // The build number behind it says nothing about the figures.
            kernel: kernel
                .trim()
                .split('-')
                .next()
                .unwrap_or_default()
                .to_owned(),
            rustc: first_line("rustc", &["--version"]).unwrap_or_else(|| "unknown".to_owned()),
            commit: first_line(
                "git",
                &[
                    "-C",
                    &bench().display().to_string(),
                    "rev-parse",
                    "--short",
                    "HEAD",
                ],
            )
            .unwrap_or_else(|| "unknown".to_owned()),
            versions: versions(&lock),
        })
    }
}

/// First line of what a command prints.
pub(crate) fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().map(str::to_owned)
}

/// The crates whose version decides a figure.
const NAMED: [&str; 15] = [
    "actix-http",
    "actix-web",
    "axum",
    "garde",
    "hyper",
    "hyper-util",
    "poem",
    "poem-openapi",
    "serde_json",
    "tokio",
    "tower",
    "tower-http",
    "tracing-appender",
    "tracing-subscriber",
    "uuid",
];

fn versions(lock: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::<String, String>::new();
    let value = |line: &str, key| Some(line.strip_prefix(key)?.trim_matches('"').to_owned());
    // Packages of this workspace have no source; one of them bears the name of the crate it shows.
    let foreign = |package: &&str| package.contains("\nsource = ");
    for package in lock.split("[[package]]").filter(foreign) {
        let name = package.lines().find_map(|line| value(line, "name = "));
        let version = package.lines().find_map(|line| value(line, "version = "));
        if let (Some(name), Some(version)) = (name, version)
            && NAMED.contains(&name.as_str())
        {
            found
                .entry(name)
                .and_modify(|both| *both = format!("{both}, {version}"))
                .or_insert(version);
        }
    }
    found
}

fn cpu_model(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo
        .lines()
        .find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_from_the_lock_file() {
        let lock = "version = 4\n\n[[package]]\nname = \"axum\"\nversion = \"0.8.9\"\nsource = \"r\"\n\n\
                    [[package]]\nname = \"tower\"\nversion = \"0.4.1\"\nsource = \"r\"\n\n\
                    [[package]]\nname = \"tower\"\nversion = \"0.5.3\"\nsource = \"r\"\n\n\
                    [[package]]\nname = \"tower\"\nversion = \"0.0.0\"\n\n\
                    [[package]]\nname = \"zzz\"\nversion = \"1.0.0\"\n";
        let found = versions(lock);
        assert_eq!(found["axum"], "0.8.9");
        assert_eq!(found["tower"], "0.4.1, 0.5.3");
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn the_processor_is_named() {
        assert_eq!(
            cpu_model("processor\t: 0\nmodel name\t: X 1\n"),
            Some("X 1")
        );
        assert_eq!(cpu_model(""), None);
    }

    #[test]
    fn what_is_committed_can_be_read() {
        let measured = crate::goals::Measured::load().unwrap();
        crate::goals::table(&measured).unwrap();
    }

    #[test]
    fn cases_are_keys_in_json() {
        let text = serde_json::to_string(&BTreeMap::from([(Case::A, 1), (Case::P, 2)])).unwrap();
        assert_eq!(text, r#"{"A":1,"P":2}"#);
    }
}
