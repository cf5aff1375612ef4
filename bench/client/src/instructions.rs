//! Instructions for a call, in user space, of the client's thread: this program under callgrind, twice for each
//! client with different numbers of calls, so that what differs is the calls and nothing else.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::{self, Command},
};

use crate::contender::Contender;

const FEW: u32 = 500;
const MANY: u32 = 1500;

/// Prints a table.
pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    let out = env::temp_dir().join(format!("client-bench-{}", process::id()));
    println!("| client | instructions for a call | ratio |\n|---|--:|--:|");
    let mut mark = None;
    for (index, contender) in Contender::all()?.iter().enumerate() {
        let per_call =
            (count(index, MANY, &out)? - count(index, FEW, &out)?) / f64::from(MANY - FEW);
        let ratio = per_call / *mark.get_or_insert(per_call);
        println!("| {} | {per_call:.0} | {ratio:.2} |", contender.name());
    }
    Ok(())
}

/// All instructions of the main thread of a process that makes so many calls with this client.
fn count(contender: usize, calls: u32, out: &Path) -> Result<f64, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--separate-threads=yes"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(env::current_exe()?)
        .args(["--calls", &contender.to_string(), &calls.to_string()])
        .output()
        .map_err(|error| format!("valgrind cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let mut total = None;
    for path in files_of(out)? {
        // The first thread's file; the last ones are those of upstream and log.
        if path.to_string_lossy().ends_with("-01") {
            total = total_of(&fs::read_to_string(&path)?);
        }
        fs::remove_file(path)?;
    }
    total.ok_or_else(|| "callgrind has written no total".into())
}

/// callgrind writes a file for each thread, and one for all.
fn files_of(out: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let folder = out.parent().ok_or("the file has no folder")?;
    let name = out
        .file_name()
        .ok_or("the file has no name")?
        .to_string_lossy();
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&*name) {
            files.push(entry.path());
        }
    }
    Ok(files)
}

fn total_of(text: &str) -> Option<f64> {
    let line = text
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("totals:"))?;
    line.split_whitespace().next()?.parse().ok()
}
