//! What was run, how long it took and what came of it: the table at the end and the last line.
//!
//! Key types: [`Report`], [`Outcome`], [`Counts`].

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Result;

/// How many tests did what.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Did what they should.
    pub(crate) passed: usize,
    /// Did not.
    pub(crate) failed: usize,
    /// Were not run.
    pub(crate) skipped: usize,
}

/// What a stage came to.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Its tests; a check is one test.
    pub(crate) counts: Counts,
    /// What was skipped and why, what was used instead.
    pub(crate) notes: Vec<String>,
    /// The test runner's own summary.
    pub(crate) summary: Option<String>,
}

/// The stages of one run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    stages: Vec<Stage>,
}

#[derive(Debug)]
struct Stage {
    name: String,
    outcome: Outcome,
    time: Duration,
}

impl Counts {
    /// Reads the last line of the form `12 passed, 0 failed` in a program's output.
    pub(crate) fn read(text: &str) -> Option<Self> {
        text.lines().rev().find_map(|line| {
            let mut parts = line.trim().split(", ").map(|part| part.split_once(' '));
            let mut part = |word: &str| match parts.next() {
                Some(Some((number, w))) if w == word => number.parse::<usize>().ok(),
                _ => None,
            };
            let (passed, failed) = (part("passed")?, part("failed")?);
            Some(Self {
                passed,
                failed,
                skipped: part("skipped").unwrap_or(0),
            })
        })
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

impl Outcome {
    /// One check that passed or failed.
    pub(crate) fn check(passed: bool) -> Self {
        let counts = Counts {
            passed: usize::from(passed),
            failed: usize::from(!passed),
            skipped: 0,
        };
        Self {
            counts,
            ..Self::default()
        }
    }

    /// A stage that failed as a whole.
    pub(crate) fn failed(why: impl Into<String>) -> Self {
        Self {
            notes: vec![why.into()],
            ..Self::check(false)
        }
    }

    /// A stage that was not run.
    pub(crate) fn skipped(why: impl fmt::Display) -> Self {
        let counts = Counts {
            skipped: 1,
            ..Counts::default()
        };
        Self {
            counts,
            notes: vec![format!("skipped: {why}")],
            summary: None,
        }
    }
}

impl Report {
    /// Runs a stage under its heading and keeps what came of it; an error is a failure.
    pub(crate) fn stage(&mut self, name: &str, run: impl FnOnce() -> Result<Outcome>) {
        println!("\n==> {name}");
        let start = Instant::now();
        let outcome = run().unwrap_or_else(|error| {
            println!("{error:#}");
            Outcome::failed(format!("{error:#}"))
        });
        for note in &outcome.notes {
            println!("    {note}");
        }
        self.stages.push(Stage {
            name: name.to_owned(),
            outcome,
            time: start.elapsed(),
        });
    }

    /// Prints the table, the runners' summaries, and the counts over all stages as the last line.
    pub(crate) fn print(&self) {
        println!("\n{:<12} {:>9}  result", "stage", "time");
        for stage in &self.stages {
            println!(
                "{:<12} {:>8.1}s  {}",
                stage.name,
                stage.time.as_secs_f64(),
                stage.outcome.counts
            );
            for note in &stage.outcome.notes {
                println!("{:>25}{note}", "");
            }
        }
        println!();
        for summary in self
            .stages
            .iter()
            .filter_map(|stage| stage.outcome.summary.as_ref())
        {
            println!("{summary}");
        }
        println!("{}", self.total());
    }

    /// Whether nothing failed.
    pub(crate) fn is_good(&self) -> bool {
        self.total().failed == 0
    }

    fn total(&self) -> Counts {
        let mut total = Counts::default();
        for stage in &self.stages {
            total += stage.outcome.counts;
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_the_last_line_that_has_them() {
        let text = "1 passed, 1 failed\nnoise\n12 passed, 3 failed, 4 skipped\n\n";
        assert_eq!(
            Counts::read(text),
            Some(Counts {
                passed: 12,
                failed: 3,
                skipped: 4
            })
        );
        assert_eq!(
            Counts::read("2 passed, 0 failed, 1 deliberate").map(|c| c.skipped),
            Some(0)
        );
        assert_eq!(Counts::read("12 passed"), None);
        assert_eq!(Counts::read("all passed, none failed"), None);
    }

    #[test]
    fn a_stage_that_errs_is_one_failure() {
        let mut report = Report::default();
        report.stage("a", || Ok(Outcome::check(true)));
        report.stage("b", || anyhow::bail!("no"));
        report.stage("c", || Ok(Outcome::skipped("why")));
        assert_eq!(report.total().to_string(), "1 passed, 1 failed, 1 skipped");
        assert!(!report.is_good());
    }
}
