//! What `/proc` says of a process: memory, processor time, descriptors, children.

use std::collections::HashSet;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Kibibytes in memory now, all shared pages included.
///
/// # Errors
///
/// When there is no such process.
pub(crate) fn resident(process: u32) -> Result<u64> {
    status_field(process, "VmRSS:")
}

/// The most kibibytes since the start or the last [`forget_peak`].
///
/// # Errors
///
/// When there is no such process.
pub(crate) fn peak(process: u32) -> Result<u64> {
    status_field(process, "VmHWM:")
}

/// Makes the present memory the peak.
///
/// # Errors
///
/// When there is no such process, or it is not ours.
pub(crate) fn forget_peak(process: u32) -> Result<()> {
    let path = format!("/proc/{process}/clear_refs");
    fs::write(&path, "5").with_context(|| format!("writing {path}"))
}

fn status_field(process: u32, name: &str) -> Result<u64> {
    let path = format!("/proc/{process}/status");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next());
    let number = number.with_context(|| format!("{path} has no {name}"))?;
    number.parse().with_context(|| format!("{path}: {name}"))
}

/// How many descriptors are open.
pub(crate) fn descriptors(process: u32) -> usize {
    fs::read_dir(format!("/proc/{process}/fd")).map_or(0, Iterator::count)
}

/// The state letter of a process (`Z` has ended and nobody has asked how), `None` if there is none.
pub(crate) fn state(process: u32) -> Option<char> {
    stat(process)?.first()?.chars().next()
}

/// Whether a process runs.
pub(crate) fn is_alive(process: u32) -> bool {
    !matches!(state(process), None | Some('Z' | 'X'))
}

/// The part of one core, in per cent, that a process uses in so much time.
///
/// # Errors
///
/// When there is no such process.
pub(crate) fn processor_use(process: u32, time: Duration) -> Result<f64> {
    let started = Instant::now();
    let before = processor_time(process)?;
    std::thread::sleep(time);
    let used = processor_time(process)?.saturating_sub(before);
    Ok(100.0 * used.as_secs_f64() / started.elapsed().as_secs_f64())
}

fn processor_time(process: u32) -> Result<Duration> {
    let fields = stat(process).with_context(|| format!("process {process} has ended"))?;
    let ticks = |index: usize| {
        fields
            .get(index)
            .and_then(|field| field.parse::<u64>().ok())
    };
    let ticks = ticks(11).zip(ticks(12)).context("/proc has no times")?;
    // A hundred a second in every Linux that this runs on.
    Ok(Duration::from_millis(10 * (ticks.0 + ticks.1)))
}

/// The fields of `/proc/PID/stat` after the name, which may hold anything.
fn stat(process: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

/// The children of a process, those that have ended and are not waited for included.
pub(crate) fn children(process: u32) -> Vec<u32> {
    let mut children = processes_whose_parent(|parent| parent == process);
    children.sort_unstable();
    children
}

/// A process and all below it.
pub(crate) fn family(process: u32) -> Vec<u32> {
    let mut known = HashSet::from([process]);
    loop {
        let more = processes_whose_parent(|parent| known.contains(&parent));
        let before = known.len();
        known.extend(more);
        if known.len() == before {
            return known.into_iter().collect();
        }
    }
}

fn processes_whose_parent(wanted: impl Fn(u32) -> bool) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let parent = |process: &u32| stat(*process)?.get(1)?.parse::<u32>().ok();
    processes
        .filter(|process| parent(process).is_some_and(&wanted))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_known() {
        let own = std::process::id();
        assert!(is_alive(own) && descriptors(own) > 2);
        assert!(resident(own).unwrap() > 0 && peak(own).unwrap() > 0);
        assert!(family(own).contains(&own));
        assert!(resident(u32::MAX).is_err() && !is_alive(u32::MAX));
    }

    #[test]
    fn a_child_is_found_until_it_is_waited_for() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let own = std::process::id();
        assert!(children(own).contains(&child.id()));
        child.wait().unwrap();
        assert!(!family(own).contains(&child.id()));
    }
}
