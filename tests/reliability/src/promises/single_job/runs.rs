//! [`Record`]: what the processes have written about their runs, and what follows from it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

/// A line of a process. Times are microseconds since 1970, of the one clock of this host.
#[derive(Debug, Deserialize)]
struct Line {
    began: u64,
    at: u64,
    process: String,
    what: String,
    run: String,
    due: u64,
    fence: Option<u64>,
}

/// All runs, in the order of their starts.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) runs: Vec<Run>,
}

/// One run.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) run: String,
    pub(super) process: String,
    pub(super) due: u64,
    fence: u64,
    started: u64,
    /// When its last line was written.
    last: u64,
    /// Whether it has said that it is over.
    pub(super) over: bool,
    /// Whether it came to its own end.
    whole: bool,
    /// Writes that went through: when each began and ended.
    written: Vec<(u64, u64)>,
    /// Writes that were refused.
    pub(super) refused: usize,
}

impl Run {
    pub(super) fn has_written(&self) -> bool {
        !self.written.is_empty()
    }
}

impl Record {
    /// Reads the lines; one that is not complete yet is left.
    pub(super) fn read(text: &str) -> Result<Self> {
        let mut record = Self::default();
        let mut places: HashMap<String, usize> = HashMap::new();
        let complete = text.rfind('\n').map_or("", |end| &text[..end]);
        for line in complete.lines() {
            let line: Line = serde_json::from_str(line).with_context(|| line.to_owned())?;
            let place = *places.entry(line.run.clone()).or_insert_with(|| {
                record.runs.push(Run {
                    run: line.run.clone(),
                    process: line.process.clone(),
                    due: line.due,
                    fence: line.fence.unwrap_or_default(),
                    started: line.at,
                    last: line.at,
                    over: false,
                    whole: false,
                    written: Vec::new(),
                    refused: 0,
                });
                record.runs.len() - 1
            });
            let run = &mut record.runs[place];
            run.last = line.at;
            match line.what.as_str() {
                "written" => run.written.push((line.began, line.at)),
                "refused" => run.refused += 1,
                "end" => (run.over, run.whole) = (true, true),
                "cancelled" => run.over = true,
                _ => {}
            }
        }
        Ok(record)
    }

    pub(super) fn run(&self, id: &str) -> Option<&Run> {
        self.runs.iter().find(|run| run.run == id)
    }

    pub(super) fn last_started(&self) -> Option<&Run> {
        self.runs.last()
    }

    /// How many times have been run to the end more than once, and how many between the first and the last
    /// not at all.
    pub(super) fn times(&self, period: Duration) -> (usize, usize) {
        let mut times: BTreeMap<u64, usize> = BTreeMap::new();
        for run in self.runs.iter().filter(|run| run.whole) {
            *times.entry(run.due).or_default() += 1;
        }
        let twice = times.values().filter(|count| **count > 1).count();
        let span = match (times.first_key_value(), times.last_key_value()) {
            (Some((first, _)), Some((last, _))) => last - first,
            _ => 0,
        };
        let due = span / (period.as_micros() as u64) + 1;
        (twice, (due as usize).saturating_sub(times.len()))
    }

    /// How many pairs of runs were under way at the same time.
    pub(super) fn overlaps(&self) -> usize {
        let mut count = 0;
        for (index, one) in self.runs.iter().enumerate() {
            let others = self.runs[index + 1..].iter();
            count += others
                .filter(|other| one.started < other.last && other.started < one.last)
                .count();
        }
        count
    }

    /// Writes that began after one of a later run had gone through, and went through all the same.
    pub(super) fn stale_writes(&self) -> usize {
        let mut count = 0;
        for one in &self.runs {
            let later = self.runs.iter().filter(|other| other.fence > one.fence);
            let Some(first) = later
                .filter_map(|other| Some(other.written.first()?.1))
                .min()
            else {
                continue;
            };
            count += one
                .written
                .iter()
                .filter(|(began, _)| *began > first)
                .count();
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(process: &str, what: &str, run: &str, due: u64, fence: u64, at: u64) -> String {
        let line = serde_json::json!({
            "began": at - 1, "at": at, "process": process, "what": what, "run": run, "due": due, "fence": fence,
        });
        format!("{line}\n")
    }

    #[test]
    fn what_goes_wrong_is_seen() {
        let text = [
            line("a", "start", "1", 0, 5, 10),
            line("a", "written", "1", 0, 5, 20),
            line("b", "start", "2", 0, 6, 25),
            line("b", "written", "2", 0, 6, 30),
            line("a", "written", "1", 0, 5, 40),
            line("a", "refused", "1", 0, 5, 45),
            line("a", "end", "1", 0, 5, 50),
            line("b", "end", "2", 0, 6, 60),
            line("b", "start", "3", 3_000_000, 7, 70),
            line("b", "end", "3", 3_000_000, 7, 80),
        ];
        let record = Record::read(&(text.concat() + "{\"torn")).unwrap();
        assert_eq!(record.overlaps(), 1);
        assert_eq!(record.stale_writes(), 1);
        assert_eq!(record.times(Duration::from_secs(1)), (1, 2));
        assert_eq!(record.run("1").unwrap().refused, 1);
    }

    #[test]
    fn what_goes_well_is_not_complained_about() {
        let text = [
            line("a", "start", "1", 0, 5, 10),
            line("a", "written", "1", 0, 5, 20),
            line("a", "end", "1", 0, 5, 30),
            line("b", "start", "2", 1_000_000, 6, 40),
            line("b", "written", "2", 1_000_000, 6, 45),
            line("b", "end", "2", 1_000_000, 6, 50),
        ];
        let record = Record::read(&text.concat()).unwrap();
        assert_eq!((record.overlaps(), record.stale_writes()), (0, 0));
        assert_eq!(record.times(Duration::from_secs(1)), (0, 0));
    }
}
