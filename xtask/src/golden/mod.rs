//! `cargo xtask golden`: replays what the original systems answered against ours.
//!
//! The format of the cases is that of the replay program they came with; deliberate differences stand
//! in `tests/golden/differences.toml`. Key types: [`Options`], [`Totals`].

mod case;
mod client;
mod compare;
mod differences;
mod expect;
mod matcher;
mod server;
mod think;

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use self::case::{Case, CaseFile};
use self::client::Answer;
use self::compare::{LogValues, compare, log_lines};
use self::differences::{Differences, Extent, Judgement};
use self::expect::Observed;
use self::matcher::{Base, Mismatch};
use self::server::{Program, Server, Started, log_size};
use crate::workspace::Workspace;

/// How long the lines of a request may take to reach the access log.
const LOG_PATIENCE: Duration = Duration::from_secs(3);

/// How long more lines than expected are waited for.
const LOG_SETTLES: Duration = Duration::from_millis(300);

/// The most mismatches of one case that are shown.
const SHOWN: usize = 8;

/// What to replay, and against what.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Files of cases, for instance tests/golden/cases/http_main.json
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Replay against this running service instead of starting the golden-service
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// The access log of the service at --base-url
    #[arg(long, value_name = "FILE", requires = "base_url")]
    pub(crate) log_file: Option<PathBuf>,
    /// Only cases whose name contains this
    #[arg(long, value_name = "STR")]
    pub(crate) only: Option<String>,
    /// Count every difference as a failure
    #[arg(long)]
    pub(crate) no_differences: bool,
    /// Name the cases that pass, too
    #[arg(long)]
    pub(crate) verbose: bool,
}

/// The result of a replay.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Totals {
    /// As recorded.
    pub(crate) passed: usize,
    /// Different without a reason, or in a way other than decided; stale entries count here.
    pub(crate) failed: usize,
    /// Different on purpose.
    pub(crate) deliberate: usize,
    /// Of these, how many wait for what is not built yet.
    pub(crate) later: usize,
}

impl std::fmt::Display for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} deliberate",
            self.passed, self.failed, self.deliberate
        )
    }
}

/// Replays the files and prints what differs.
///
/// # Errors
///
/// When a file is not of the format or of a kind that is replayed, or the service cannot be built.
pub(crate) fn replay(workspace: &Workspace, options: &Options) -> Result<Totals> {
    let mut files = Vec::new();
    for path in &options.files {
        match case::read(path)? {
            CaseFile::Http(cases) => files.push((file_name(path), cases)),
            CaseFile::Later { kind, when } => {
                bail!(
                    "{}: {kind} cases are not replayed here: {when}",
                    path.display()
                )
            }
        }
    }
    let golden = workspace.root.join("tests/golden");
    let differences = if options.no_differences {
        Differences::default()
    } else {
        Differences::read(&golden.join("differences.toml"), &golden.join("DEFECTS.md"))?
    };
    let target = match &options.base_url {
        Some(url) => {
            ensure!(
                !url.starts_with("https:"),
                "--base-url: only http:// can be replayed against"
            );
            Target::Given {
                base: Base::new(url),
                log: options.log_file.clone(),
            }
        }
        None => Target::Ours(Program::build(workspace)?),
    };
    let mut run = Run {
        differences,
        target,
        verbose: options.verbose,
        totals: Totals::default(),
    };
    for (name, cases) in &files {
        let wanted: Vec<_> = cases
            .iter()
            .filter(|case| {
                options
                    .only
                    .as_ref()
                    .is_none_or(|only| case.name.contains(only.as_str()))
            })
            .collect();
        run.file(name, &wanted)?;
    }
    if options.only.is_none() {
        let extent = extent(&options.files, &golden.join("cases"))?;
        let names: Vec<_> = files.into_iter().map(|(name, _)| name).collect();
        run.report_stale(&names, extent);
    }
    Ok(run.totals)
}

/// The files of a folder in two groups: those that are replayed, and the others with the reason.
///
/// # Errors
///
/// When the folder or a file in it cannot be read.
pub(crate) fn sort_files(folder: &Path) -> Result<(Vec<PathBuf>, Vec<String>)> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    paths.sort();
    let (mut replayed, mut later) = (Vec::new(), Vec::new());
    for path in paths {
        match case::read(&path)? {
            CaseFile::Http(_) => replayed.push(path),
            CaseFile::Later { when, .. } => later.push(format!("{}: {when}", file_name(&path))),
        }
    }
    Ok((replayed, later))
}

/// Where the service's package is, when it is there.
pub(crate) fn service_source(workspace: &Workspace) -> Option<PathBuf> {
    Program::source(workspace)
}

/// What is replayed against.
#[derive(Debug)]
enum Target {
    /// A running service that we did not start.
    Given { base: Base, log: Option<PathBuf> },
    /// Our own, started once for each run of cases with the same variables.
    Ours(Program),
}

/// The state of one replay.
#[derive(Debug)]
struct Run {
    differences: Differences,
    target: Target,
    verbose: bool,
    totals: Totals,
}

impl Run {
    fn file(&mut self, name: &str, cases: &[&Case]) -> Result<()> {
        println!("{name}: {} cases", cases.len());
        let groups = cases.chunk_by(|a, b| a.environment() == b.environment());
        for (number, group) in groups.enumerate() {
            let environment = group
                .first()
                .map(|case| case.environment())
                .unwrap_or_default();
            let started = match &self.target {
                Target::Given { .. } => None,
                Target::Ours(program) => {
                    let stem = name.trim_end_matches(".json");
                    Some(program.start(&format!("{stem}-{}", number + 1), &environment)?)
                }
            };
            for case in group {
                self.case(name, case, started.as_ref());
            }
        }
        Ok(())
    }

    fn case(&mut self, file: &str, case: &Case, started: Option<&Started>) {
        let judgement = match (started, &self.target) {
            (Some(Started::Refused(output)), _) => self.judge_refusal(file, case, output),
            (
                Some(Started::Running(Server {
                    base, access_log, ..
                })),
                _,
            ) => self.judge_answer(file, case, base, Some(access_log)),
            (None, Target::Given { base, log }) => {
                self.judge_answer(file, case, base, log.as_deref())
            }
            (None, Target::Ours(_)) => {
                unreachable!("our own service is started for each group of cases")
            }
        };
        match judgement {
            Judgement::Passed => {
                self.totals.passed += 1;
                if self.verbose {
                    println!("  ok    {}", case.name);
                }
            }
            Judgement::Deliberate { reasons, later } => {
                self.totals.deliberate += 1;
                self.totals.later += usize::from(later);
                if self.verbose {
                    println!("  ok    {} (deliberate: {})", case.name, reasons.join(", "));
                }
            }
            Judgement::Failed(mismatches) => {
                self.totals.failed += 1;
                println!("  FAIL  {}", case.name);
                for mismatch in mismatches.iter().take(SHOWN) {
                    println!("        {mismatch}");
                }
                if mismatches.len() > SHOWN {
                    println!("        and {} more", mismatches.len() - SHOWN);
                }
            }
        }
    }

    /// A recorded failure of the transport was, in every case so far, a service that did not start.
    fn judge_refusal(&self, file: &str, case: &Case, output: &str) -> Judgement {
        let mut mismatches = Vec::new();
        if !case.is_transport_error() {
            mismatches.push(Mismatch::new(
                "start",
                format!("the service did not start: {output}"),
            ));
        }
        let base = Base::new("");
        let observed = Observed {
            answer: None,
            log: None,
            start_output: Some(output),
            base: &base,
        };
        self.differences.judge(file, case, mismatches, &observed)
    }

    fn judge_answer(
        &self,
        file: &str,
        case: &Case,
        base: &Base,
        log_file: Option<&Path>,
    ) -> Judgement {
        let before = log_file.map_or(0, log_size);
        let answer = client::send(base.host(), &case.request);
        let log = match (log_file, &case.access_log_json) {
            (Some(path), Some(recorded)) => Some(log_since(path, before, recorded.len())),
            _ => None,
        };
        let mismatches = self.compare(file, case, &answer, base, log.as_deref());
        let observed = Observed {
            answer: answer.as_ref().ok(),
            log: log.as_deref(),
            start_output: None,
            base,
        };
        self.differences.judge(file, case, mismatches, &observed)
    }

    fn compare(
        &self,
        file: &str,
        case: &Case,
        answer: &Result<Answer>,
        base: &Base,
        log: Option<&str>,
    ) -> Vec<Mismatch> {
        let plain = compare(case, answer, base, log.map(|log| (log, LogValues::Text)));
        if self.differences.log_values(file, case) == LogValues::Text {
            return plain;
        }
        let tolerant = compare(case, answer, base, log.map(|log| (log, LogValues::Json)));
        if tolerant.len() < plain.len() {
            self.differences.note_log_values(file, case);
        }
        tolerant
    }

    fn report_stale(&mut self, files: &[String], extent: Extent) {
        for entry in self.differences.stale(files, extent) {
            self.totals.failed += 1;
            println!("  STALE {entry}");
        }
    }
}

/// What was appended to the log after `from`, once `lines` lines are there and no more follow.
fn log_since(path: &Path, from: u64, lines: usize) -> String {
    let deadline = Instant::now() + LOG_PATIENCE;
    while log_lines(&read_from(path, from)).0.len() < lines && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(20));
    }
    thread::sleep(LOG_SETTLES);
    read_from(path, from)
}

/// A log that is not there yet is empty.
fn read_from(path: &Path, from: u64) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = std::fs::File::open(path)?;
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn extent(files: &[PathBuf], checked_in: &Path) -> Result<Extent> {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let all: Vec<_> = sort_files(checked_in)?
        .0
        .iter()
        .map(|path| real(path))
        .collect();
    let run: Vec<_> = files.iter().map(|path| real(path)).collect();
    Ok(if !run.iter().all(|path| all.contains(path)) {
        Extent::Foreign
    } else if all.iter().all(|path| run.contains(path)) {
        Extent::AllCheckedIn
    } else {
        Extent::CheckedIn
    })
}
