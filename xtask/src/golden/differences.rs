//! The deliberate differences from the recordings: `tests/golden/differences.toml`.
//!
//! Two kinds of entry. A *tolerance* (`headers`, `log-values`) changes how answers are read. Every
//! other entry excuses the mismatches of the cases it selects, if our answer is what `expect` says.
//! Entries that excuse nothing are reported, so the list cannot outlive its reasons.
//! What an answer must be instead is checked in [`super::expect`]. Key types: [`Differences`],
//! [`Judgement`].

use std::cell::Cell;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::case::Case;
use super::compare::LogValues;
use super::expect::{Expect, Observed};
use super::matcher::{Base, Mismatch, subset_differences};

/// The whole list.
#[derive(Debug, Default)]
pub(crate) struct Differences {
    entries: Vec<Entry>,
}

/// Which files a run was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All files of `tests/golden/cases` that are replayed.
    AllCheckedIn,
    /// Some of these.
    CheckedIn,
    /// Others too, which may have other cases under the same names.
    Foreign,
}

/// What became of a case.
#[derive(Debug)]
pub(crate) enum Judgement {
    /// As recorded.
    Passed,
    /// Different on purpose, and different in the way that was decided.
    Deliberate {
        /// The numbers of the entries that say so.
        reasons: Vec<String>,
        /// Whether all of these are for what is not built yet.
        later: bool,
    },
    /// Different in ways that no entry excuses.
    Failed(Vec<Mismatch>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "difference")]
    differences: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    /// Which files, `*` stands for anything.
    #[serde(default = "anything")]
    file: String,
    /// Which cases by name.
    #[serde(default)]
    case: Names,
    /// Which cases by what was recorded.
    #[serde(default)]
    when: When,
    /// Numbers of `DEFECTS.md`, or `part N` for what is not built yet; several with commas.
    reason: String,
    /// What we do instead, in words.
    instead: String,
    /// Tolerance: these headers may be there where the recording has none.
    #[serde(default)]
    headers: Vec<String>,
    /// Tolerance: bodies and parameters in the log are JSON values.
    #[serde(default)]
    log_values: Option<LogValuesName>,
    /// The locations (and what is below them) that may differ; all when absent.
    #[serde(default)]
    differs: Vec<String>,
    /// What our answer must be.
    #[serde(default)]
    expect: Option<Expect>,
    /// Known to differ, but no case of the checked-in files shows it: not reported as stale.
    #[serde(default)]
    foreseen: bool,
    #[serde(skip)]
    used: Cell<bool>,
    #[serde(skip)]
    selected: Cell<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum LogValuesName {
    Json,
}

/// One name or several; none selects every case.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
enum Names {
    #[default]
    All,
    One(String),
    Several(Vec<String>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct When {
    method: Option<String>,
    path: Option<String>,
    status: Option<u64>,
    transport_error: Option<bool>,
    json_subset: Option<Value>,
}

fn anything() -> String {
    "*".to_owned()
}

impl Differences {
    /// Reads the list and checks each reason against the text of `DEFECTS.md`.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, an entry is not understood, or a reason is not a known number.
    pub(crate) fn read(path: &Path, defects: &Path) -> Result<Self> {
        let read = |path: &Path| {
            std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
        };
        Self::parse(&read(path)?, &read(defects)?).with_context(|| format!("in {}", path.display()))
    }

    fn parse(text: &str, defects: &str) -> Result<Self> {
        let file: File = toml::from_str(text)?;
        for entry in &file.differences {
            for reason in entry.reasons() {
                ensure!(
                    is_later(reason) || names_defect(defects, reason),
                    "{}: reason {reason:?} is neither a number of DEFECTS.md nor \"part N\"",
                    entry.title()
                );
            }
            ensure!(
                entry.expect.is_none() || !entry.is_tolerance(),
                "{}: headers and log-values are tolerances and have no expect",
                entry.title()
            );
        }
        Ok(Self {
            entries: file.differences,
        })
    }

    /// How the log of a case is read.
    pub(crate) fn log_values(&self, file: &str, case: &Case) -> LogValues {
        let json = self
            .entries
            .iter()
            .any(|e| e.log_values.is_some() && e.selects(file, case));
        if json {
            LogValues::Json
        } else {
            LogValues::Text
        }
    }

    /// Notes that reading the log as JSON made a difference for this case.
    pub(crate) fn note_log_values(&self, file: &str, case: &Case) {
        for entry in self
            .entries
            .iter()
            .filter(|e| e.log_values.is_some() && e.selects(file, case))
        {
            entry.used.set(true);
        }
    }

    /// Decides what the mismatches of a case mean.
    pub(crate) fn judge(
        &self,
        file: &str,
        case: &Case,
        mut mismatches: Vec<Mismatch>,
        observed: &Observed<'_>,
    ) -> Judgement {
        let selecting: Vec<_> = self
            .entries
            .iter()
            .filter(|e| e.selects(file, case))
            .collect();
        for entry in &selecting {
            entry.selected.set(true);
            let before = mismatches.len();
            mismatches.retain(|m| !entry.tolerates(m));
            if mismatches.len() < before {
                entry.used.set(true);
            }
        }
        if mismatches.is_empty() {
            return Judgement::Passed;
        }
        for entry in selecting
            .iter()
            .filter(|e| mismatches.iter().any(|m| e.excuses(m)))
        {
            entry.used.set(true);
        }
        let excusing = excusing(&selecting, &mismatches);
        let mut failures: Vec<_> = mismatches
            .iter()
            .filter(|m| !excusing.iter().any(|e| e.excuses(m)))
            .cloned()
            .collect();
        failures.extend(
            excusing
                .iter()
                .flat_map(|entry| entry.broken_promises(observed)),
        );
        if !failures.is_empty() {
            // Whether the entries still say something is seen once the case is repaired.
            selecting.iter().for_each(|entry| entry.used.set(true));
            return Judgement::Failed(failures);
        }
        let mut reasons: Vec<_> = excusing
            .iter()
            .flat_map(|e| e.reasons())
            .map(str::to_owned)
            .collect();
        reasons.sort();
        reasons.dedup();
        let later = reasons.iter().any(|reason| is_later(reason));
        Judgement::Deliberate { reasons, later }
    }

    /// Entries that excused nothing in a complete run over `files`.
    ///
    /// One for several files is judged only when all the checked-in ones were run, one that selects no
    /// case only when its file is the checked-in one.
    pub(crate) fn stale(&self, files: &[String], extent: Extent) -> Vec<String> {
        let judged = |entry: &Entry| match extent {
            Extent::AllCheckedIn => true,
            Extent::CheckedIn => files.contains(&entry.file),
            Extent::Foreign => files.contains(&entry.file) && entry.selected.get(),
        };
        self.entries
            .iter()
            .filter(|e| !e.used.get() && !e.foreseen && judged(e))
            .map(|e| {
                let why = if e.selected.get() {
                    "every case it selects passes"
                } else {
                    "no case is selected"
                };
                format!("{} ({}): {why}", e.title(), e.reason)
            })
            .collect()
    }
}

/// The entries that excuse something. Where entries that name the case excuse all of it, the general
/// ones are left out: what they expect is not what was decided for this case.
fn excusing<'a>(selecting: &[&'a Entry], mismatches: &[Mismatch]) -> Vec<&'a Entry> {
    let excusing = |named_only: bool| -> Vec<&'a Entry> {
        let entries = selecting.iter().filter(|e| !named_only || e.is_named());
        entries
            .filter(|e| mismatches.iter().any(|m| e.excuses(m)))
            .copied()
            .collect()
    };
    let named = excusing(true);
    let all = mismatches
        .iter()
        .all(|m| named.iter().any(|e| e.excuses(m)));
    if all { named } else { excusing(false) }
}

impl Entry {
    fn is_named(&self) -> bool {
        !matches!(self.case, Names::All)
    }

    fn is_tolerance(&self) -> bool {
        !self.headers.is_empty() || self.log_values.is_some()
    }

    fn reasons(&self) -> impl Iterator<Item = &str> {
        self.reason.split(',').map(str::trim)
    }

    /// How messages name the entry.
    fn title(&self) -> String {
        let cases = match &self.case {
            Names::All => "*".to_owned(),
            Names::One(name) => name.clone(),
            Names::Several(names) => names.join(", "),
        };
        format!("{}: {cases}: {}", self.file, self.instead)
    }

    fn selects(&self, file: &str, case: &Case) -> bool {
        let named = match &self.case {
            Names::All => true,
            Names::One(name) => glob(name, &case.name),
            Names::Several(names) => names.iter().any(|name| glob(name, &case.name)),
        };
        named && glob(&self.file, file) && self.when.holds(case)
    }

    fn tolerates(&self, mismatch: &Mismatch) -> bool {
        let header = mismatch.location.strip_prefix("header ");
        mismatch.unexpected && header.is_some_and(|name| self.headers.iter().any(|h| h == name))
    }

    /// A service that does not start or answer is excused only where the entry is about that.
    fn excuses(&self, mismatch: &Mismatch) -> bool {
        if self.is_tolerance() {
            return false;
        }
        let listed = self.differs.iter().any(|place| {
            mismatch
                .location
                .strip_prefix(place.as_str())
                .is_some_and(|r| r.is_empty() || r.starts_with('.'))
        });
        if mismatch.location == "start" {
            return listed || self.expect.as_ref().is_some_and(Expect::is_about_the_start);
        }
        listed || (self.differs.is_empty() && mismatch.location != "request")
    }

    fn broken_promises(&self, observed: &Observed<'_>) -> Vec<Mismatch> {
        let Some(expect) = &self.expect else {
            return Vec::new();
        };
        let broken = expect.broken(observed);
        broken
            .into_iter()
            .map(|m| Mismatch {
                text: format!("{} (deliberate, {}: {})", m.text, self.reason, self.instead),
                ..m
            })
            .collect()
    }
}

impl When {
    fn holds(&self, case: &Case) -> bool {
        let base = Base::new("");
        let fits = |wanted: &Value| {
            case.response
                .get("json")
                .is_some_and(|got| subset_differences(wanted, got, "", &base).is_empty())
        };
        self.method
            .as_ref()
            .is_none_or(|m| *m == case.request.method)
            && self
                .path
                .as_ref()
                .is_none_or(|p| glob(p, &case.request.path))
            && self.status.is_none_or(|s| case.status() == Some(s))
            && self
                .transport_error
                .is_none_or(|e| e == case.is_transport_error())
            && self.json_subset.as_ref().is_none_or(fits)
    }
}

/// Whether `*` in the pattern, standing for any text, makes it equal to `text`.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let Some(last) = pattern
        .contains('*')
        .then(|| parts.next_back().unwrap_or_default())
    else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn is_later(reason: &str) -> bool {
    reason
        .strip_prefix("part ")
        .is_some_and(|number| number.parse::<u32>().is_ok())
}

/// The list runs several numbers into one line, each followed by a blank: `T4 M ... T5 M ...`.
fn names_defect(defects: &str, reason: &str) -> bool {
    let mut chars = reason.chars();
    let shaped = chars.next().is_some_and(|c| c.is_ascii_uppercase())
        && !chars.as_str().is_empty()
        && chars.all(|c| c.is_ascii_digit());
    shaped && defects.split_whitespace().any(|word| word == reason)
}

#[cfg(test)]
mod tests;
