//! What became of every numbered request, and whether the server's log says the same.
//!
//! Key types: [`Ledger`], [`Loss`], [`Comparison`].

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use serde::Deserialize;

/// What a request number stands for in the header `x-request-id`: `r<run>-<number>`.
pub(crate) fn request_id(run: &str, number: usize) -> String {
    format!("r{run}-{number}")
}

/// How a request came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Failure {
    /// The connection was refused.
    Refused,
    /// The connection was reset while the request was open.
    Reset,
    /// The connection was closed without an answer.
    Closed,
    /// The answer before said `Connection: close`, and this request of the pipeline got none.
    CutOff,
    /// No answer in time.
    TimedOut,
    /// The answer was not an answer to this request.
    Wrong,
}

/// A request without its answer.
#[derive(Debug, Clone)]
pub(crate) struct Loss {
    /// Its number.
    pub(crate) number: usize,
    /// What happened.
    pub(crate) failure: Failure,
    /// When it was given to the socket.
    pub(crate) sent: Instant,
    /// Whether its connection had been made for it.
    pub(crate) is_first: bool,
    /// Which process had answered on its connection before, if any.
    pub(crate) process: Option<u32>,
}

/// The state of a request in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Answered(u16),
    Lost,
}

/// All requests of one run.
#[derive(Debug)]
pub(crate) struct Ledger {
    run: String,
    states: Vec<State>,
    losses: Vec<Loss>,
}

/// How the answers and the lines of the access log go together.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// Requests with an answer.
    pub(crate) answered: u64,
    /// Lines about requests of the run.
    pub(crate) lines: u64,
    /// Answered requests without a line.
    pub(crate) unlogged: u64,
    /// Requests with more than one line: they were handled twice.
    pub(crate) twice: u64,
    /// Requests with a line and no answer: handled, and the answer was lost.
    pub(crate) unanswered: u64,
    /// Lines that are not JSON.
    pub(crate) broken: u64,
    /// How many lines the log itself says it dropped.
    pub(crate) dropped: u64,
}

impl Ledger {
    /// A ledger for the run of that name, which must be a part of a request id.
    pub(crate) fn new(run: &str) -> Self {
        Self {
            run: run.to_owned(),
            states: Vec::new(),
            losses: Vec::new(),
        }
    }

    /// Opens the next request and returns its number.
    pub(crate) fn open(&mut self) -> usize {
        self.states.push(State::Open);
        self.states.len() - 1
    }

    /// The request has its answer.
    pub(crate) fn answered(&mut self, number: usize, status: u16) {
        self.states[number] = State::Answered(status);
    }

    /// The request has none.
    pub(crate) fn lost(&mut self, loss: Loss) {
        self.states[loss.number] = State::Lost;
        self.losses.push(loss);
    }

    /// How many requests there are.
    pub(crate) fn issued(&self) -> u64 {
        self.states.len() as u64
    }

    /// The requests without an answer.
    pub(crate) fn losses(&self) -> &[Loss] {
        &self.losses
    }

    /// How many answers there are of each status.
    pub(crate) fn statuses(&self) -> BTreeMap<u16, u64> {
        let mut statuses = BTreeMap::new();
        for state in &self.states {
            if let State::Answered(status) = state {
                *statuses.entry(*status).or_default() += 1;
            }
        }
        statuses
    }

    /// Requests that were lost or answered with another status than 200.
    pub(crate) fn failed(&self) -> u64 {
        let good = State::Answered(200);
        self.states.iter().filter(|state| **state != good).count() as u64
    }

    /// Reads the access log and compares.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub(crate) fn compare(&self, log: &Path) -> Result<Comparison> {
        let file = File::open(log).with_context(|| format!("reading {}", log.display()))?;
        self.compare_lines(BufReader::new(file))
            .with_context(|| format!("reading {}", log.display()))
    }

    /// Compares with the lines of an access log, wherever they come from.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub(crate) fn compare_lines(&self, mut lines: impl BufRead) -> Result<Comparison> {
        let mut comparison = Comparison::default();
        let mut seen = vec![0_u8; self.states.len()];
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 {
            match serde_json::from_slice::<Line>(&line) {
                Ok(entry) => {
                    comparison.dropped += entry.dropped;
                    let number = entry.log_id.as_deref().and_then(|id| self.number(id));
                    if let Some(count) = number.and_then(|number| seen.get_mut(number)) {
                        *count = count.saturating_add(1);
                        comparison.lines += 1;
                    }
                }
                Err(_) => comparison.broken += 1,
            }
            line.clear();
        }
        for (state, count) in self.states.iter().zip(seen) {
            let answered = matches!(state, State::Answered(_));
            comparison.answered += u64::from(answered);
            comparison.unlogged += u64::from(answered && count == 0);
            comparison.twice += u64::from(count > 1);
            comparison.unanswered += u64::from(!answered && count > 0);
        }
        Ok(comparison)
    }

    fn number(&self, id: &str) -> Option<usize> {
        let rest = id.strip_prefix('r')?.strip_prefix(self.run.as_str())?;
        rest.strip_prefix('-')?.parse().ok()
    }
}

impl Comparison {
    /// Whether each answered request has exactly one line, and the log is whole.
    pub(crate) fn is_exact(&self) -> bool {
        self.unlogged == 0 && self.twice == 0 && self.broken == 0
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "log: {} lines", self.lines)?;
        let rest = [
            (self.unlogged, "answered and not logged"),
            (self.twice, "logged twice"),
            (self.unanswered, "logged and not answered"),
            (self.broken, "lines broken"),
        ];
        for (count, what) in rest {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}

/// What is read of a line of the access log.
#[derive(Debug, Deserialize)]
struct Line {
    #[serde(rename = "logId")]
    log_id: Option<String>,
    /// In the line that reports lost ones.
    #[serde(default)]
    dropped: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_and_repetitions_are_found() {
        let mut ledger = Ledger::new("7x");
        for _ in 0..5 {
            ledger.open();
        }
        (0..4).for_each(|number| ledger.answered(number, 200));
        ledger.answered(3, 503);
        ledger.lost(Loss {
            number: 4,
            failure: Failure::Reset,
            sent: Instant::now(),
            is_first: true,
            process: None,
        });
        assert_eq!((ledger.issued(), ledger.failed()), (5, 2));
        let log = "{\"logId\":\"r7x-0\"}\n{\"logId\":\"r7x-1\"}\n{\"logId\":\"r7x-1\"}\n\
            {\"logId\":\"other\"}\n{\"logId\":\"r7x-4\"}\n{\"logId\":\"r7x-2\"\n{\"dropped\":3}\n";
        let comparison = ledger.compare_lines(log.as_bytes()).unwrap();
        let wanted = Comparison {
            answered: 4,
            lines: 4,
            unlogged: 2,
            twice: 1,
            unanswered: 1,
            broken: 1,
            dropped: 3,
        };
        assert_eq!(comparison, wanted);
        assert!(!comparison.is_exact());
    }

    #[test]
    fn ids_are_read_back() {
        let ledger = Ledger::new("a");
        assert_eq!(ledger.number(&request_id("a", 12)), Some(12));
        assert_eq!(ledger.number("ra-"), None);
        assert_eq!(ledger.number("rb-1"), None);
    }
}
