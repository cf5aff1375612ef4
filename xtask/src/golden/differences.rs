//! The deliberate differences from the recordings: `tests/golden/differences.toml`.
//!
//! Two kinds of entry. A *tolerance* (`headers`, `log-values`) changes how answers are read. Every
//! other entry excuses the mismatches of the cases it selects, if our answer is what `expect` says.
//! Entries that excuse nothing are reported, so the list cannot outlive its reasons.
//! Key types: [`Differences`], [`Judgement`].

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::case::Case;
use super::client::Answer;
use super::compare::{LogValues, log_lines};
use super::matcher::{Base, Mismatch, string_matches, subset_differences};

/// The whole list.
#[derive(Debug, Default)]
pub(crate) struct Differences {
    entries: Vec<Entry>,
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

/// What was observed of one case.
#[derive(Debug)]
pub(crate) struct Observed<'a> {
    /// Our answer; `None` when the service did not start.
    pub(crate) answer: Option<&'a Answer>,
    /// What the request added to the access log.
    pub(crate) log: Option<&'a str>,
    /// What the service printed before it refused to start.
    pub(crate) start_output: Option<&'a str>,
    /// The address under test.
    pub(crate) base: &'a Base,
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

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Expect {
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    json_subset: Option<Value>,
    body: Option<String>,
    log_subset: Option<Vec<Value>>,
    start: Option<Start>,
    output: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Start {
    Refused,
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
    /// Entries that select no case at all count only when `all` checked-in files were run.
    pub(crate) fn stale(&self, files: &[String], all: bool) -> Vec<String> {
        self.entries
            .iter()
            .filter(|e| !e.used.get() && !e.foreseen)
            .filter(|e| files.iter().any(|file| glob(&e.file, file)))
            .filter(|e| e.selected.get() || all)
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

    /// A service that does not start is excused only where that is what the entry is about.
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
            return listed || self.expect.as_ref().is_some_and(|e| e.start.is_some());
        }
        listed || self.differs.is_empty()
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

impl Expect {
    fn broken(&self, observed: &Observed<'_>) -> Vec<Mismatch> {
        if let Some(Start::Refused) = self.start {
            return self.broken_refusal(observed);
        }
        let Some(answer) = observed.answer else {
            return vec![Mismatch::new("request", "no answer")];
        };
        let base = observed.base;
        let mut broken = Vec::new();
        if let Some(status) = self.status.filter(|s| *s != answer.status) {
            broken.push(Mismatch::new(
                "status",
                format!("want {status} got {}", answer.status),
            ));
        }
        for (name, pattern) in &self.headers {
            let got = answer.headers.get(name);
            if !got.is_some_and(|got| string_matches(pattern, got, base)) {
                broken.push(Mismatch::new(
                    format!("header {name}"),
                    format!("want {pattern:?} got {got:?}"),
                ));
            }
        }
        if let Some(wanted) = &self.json_subset {
            match serde_json::from_slice(&answer.body) {
                Ok(got) => broken.extend(subset_differences(wanted, &got, "json", base)),
                Err(_) => broken.push(Mismatch::new("json", "body is not JSON")),
            }
        }
        if let Some(pattern) = &self.body {
            let body = String::from_utf8_lossy(&answer.body);
            if !string_matches(pattern, &body, base) {
                broken.push(Mismatch::new(
                    "body",
                    format!("want {pattern:?} got {body:?}"),
                ));
            }
        }
        if let (Some(wanted), Some(log)) = (&self.log_subset, observed.log) {
            let lines = Value::Array(log_lines(log).0);
            broken.extend(subset_differences(
                &Value::Array(wanted.clone()),
                &lines,
                "log",
                base,
            ));
        }
        broken
    }

    fn broken_refusal(&self, observed: &Observed<'_>) -> Vec<Mismatch> {
        let Some(output) = observed.start_output else {
            return vec![Mismatch::new(
                "start",
                "the service started, it should have refused to",
            )];
        };
        match &self.output {
            Some(pattern) if !string_matches(pattern, output, observed.base) => {
                vec![Mismatch::new(
                    "start",
                    format!("want output {pattern:?} got {output:?}"),
                )]
            }
            _ => Vec::new(),
        }
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
mod tests {
    use serde_json::json;

    use super::*;

    const DEFECTS: &str = "H1 M errors are 200\nT4 M no content. T5 M codes\n";

    fn differences(text: &str) -> Differences {
        Differences::parse(text, DEFECTS).unwrap()
    }

    fn case(name: &str) -> Case {
        serde_json::from_value(json!({
            "name": name, "request": {"method": "GET", "path": "/demo/nope"},
            "response": {"status": 404, "headers": {}, "json": {"detail": "Not Found"}}
        }))
        .unwrap()
    }

    fn judge(
        list: &Differences,
        name: &str,
        mismatches: &[Mismatch],
        answer: &Answer,
    ) -> Judgement {
        let base = Base::new("http://h:1");
        let observed = Observed {
            answer: Some(answer),
            log: None,
            start_output: None,
            base: &base,
        };
        list.judge(
            "http_main.json",
            &case(name),
            mismatches.to_vec(),
            &observed,
        )
    }

    fn enveloped() -> Answer {
        Answer {
            status: 404,
            body: br#"{"code":404,"message":"m"}"#.to_vec(),
            ..Answer::default()
        }
    }

    #[test]
    fn star_stands_for_any_text() {
        assert!(
            glob("*", "")
                && glob("a*c", "abc")
                && glob("a*", "a")
                && glob("*b*", "abc")
                && glob("a", "a")
        );
        assert!(!glob("a", "ab") && !glob("a*c", "ab") && !glob("*x*", "abc") && !glob("", "a"));
        assert!(glob("a*b*b", "abb") && !glob("ab*b", "ab"));
    }

    #[test]
    fn reasons_must_be_known() {
        for reason in ["H1", "T5", "part 2", "H1, T4"] {
            let text = format!("[[difference]]\nreason = \"{reason}\"\ninstead = \"x\"");
            assert!(Differences::parse(&text, DEFECTS).is_ok(), "{reason}");
        }
        for reason in ["H2", "because", "M", "part x", ""] {
            let text = format!("[[difference]]\nreason = \"{reason}\"\ninstead = \"x\"");
            assert!(Differences::parse(&text, DEFECTS).is_err(), "{reason}");
        }
    }

    #[test]
    fn a_difference_must_be_the_decided_one() {
        let list = differences(
            "[[difference]]\nwhen = { status = 404, json-subset = { detail = \"Not Found\" } }\nreason = \"H1\"\n\
             instead = \"envelope\"\nexpect = { status = 404, json-subset = { code = 404 } }",
        );
        let wrong = [Mismatch::new("json.detail", "missing")];
        assert!(matches!(
            judge(&list, "a", &wrong, &enveloped()),
            Judgement::Deliberate { later: false, .. }
        ));
        let plain = Answer {
            status: 404,
            body: b"{}".to_vec(),
            ..Answer::default()
        };
        assert!(matches!(
            judge(&list, "a", &wrong, &plain),
            Judgement::Failed(_)
        ));
        assert!(matches!(judge(&list, "a", &[], &plain), Judgement::Passed));
    }

    #[test]
    fn only_the_named_places_may_differ() {
        let list = differences(
            "[[difference]]\ncase = [\"a\", \"b*\"]\nreason = \"H1\"\ninstead = \"x\"\ndiffers = [\"json.data\"]",
        );
        let below = [Mismatch::new("json.data.0", "x")];
        let beside = [
            Mismatch::new("json.data.0", "x"),
            Mismatch::new("json.database", "x"),
        ];
        assert!(matches!(
            judge(&list, "bc", &below, &enveloped()),
            Judgement::Deliberate { .. }
        ));
        assert!(matches!(
            judge(&list, "c", &below, &enveloped()),
            Judgement::Failed(_)
        ));
        let Judgement::Failed(failures) = judge(&list, "a", &beside, &enveloped()) else {
            panic!()
        };
        assert_eq!(failures.len(), 1);
    }

    #[test]
    fn an_entry_that_names_the_case_goes_before_general_ones() {
        let list = differences(
            "[[difference]]\nreason = \"H1\"\ninstead = \"x\"\nexpect = { status = 200 }\n\
             [[difference]]\ncase = \"a\"\nreason = \"T5\"\ninstead = \"x\"\nexpect = { status = 404 }",
        );
        let wrong = [Mismatch::new("json", "x")];
        let Judgement::Deliberate { reasons, .. } = judge(&list, "a", &wrong, &enveloped()) else {
            panic!()
        };
        assert_eq!(reasons, ["T5"]);
        assert!(matches!(
            judge(&list, "b", &wrong, &enveloped()),
            Judgement::Failed(_)
        ));
    }

    #[test]
    fn the_checked_in_list_is_valid_and_selects_cases() {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
        let list = Differences::read(&golden.join("differences.toml"), &golden.join("DEFECTS.md"))
            .unwrap();
        let (files, _) = crate::golden::sort_files(&golden.join("cases")).unwrap();
        for path in files {
            let crate::golden::CaseFile::Http(cases) = crate::golden::case::read(&path).unwrap()
            else {
                panic!()
            };
            let name = crate::golden::file_name(&path);
            for case in &cases {
                list.entries
                    .iter()
                    .filter(|e| e.selects(&name, case))
                    .for_each(|e| e.used.set(true));
            }
        }
        let idle: Vec<_> = list
            .entries
            .iter()
            .filter(|e| !e.used.get() && !e.foreseen)
            .map(Entry::title)
            .collect();
        assert_eq!(idle, Vec::<String>::new());
    }

    #[test]
    fn tolerated_headers_are_no_difference() {
        let list = differences(
            "[[difference]]\nheaders = [\"x-request-id\"]\nreason = \"H1\"\ninstead = \"x\"",
        );
        let extra = [Mismatch::unexpected("header x-request-id", "unexpected")];
        let wrong = [Mismatch::new("header x-request-id", "want a got b")];
        assert!(matches!(
            judge(&list, "a", &extra, &enveloped()),
            Judgement::Passed
        ));
        assert!(matches!(
            judge(&list, "a", &wrong, &enveloped()),
            Judgement::Failed(_)
        ));
    }

    #[test]
    fn a_refused_start_is_excused_only_where_it_is_expected() {
        let list = differences(
            "[[difference]]\ncase = \"a\"\nreason = \"H1\"\ninstead = \"x\"\n\
             [[difference]]\ncase = \"b\"\nreason = \"H1\"\ninstead = \"x\"\n\
             expect = { start = \"refused\", output = \"<ANY>flyer_auth_user<ANY>\" }",
        );
        let base = Base::new("http://h:1");
        let refused = |output| Observed {
            answer: None,
            log: None,
            start_output: Some(output),
            base: &base,
        };
        let start = || vec![Mismatch::new("start", "refused")];
        let judge = |name: &str, o: &Observed<'_>| list.judge("f", &case(name), start(), o);
        assert!(matches!(
            judge("a", &refused("flyer_auth_user")),
            Judgement::Failed(_)
        ));
        assert!(matches!(
            judge("b", &refused("x flyer_auth_user y")),
            Judgement::Deliberate { .. }
        ));
        assert!(matches!(
            judge("b", &refused("something else")),
            Judgement::Failed(_)
        ));
    }

    #[test]
    fn entries_that_excuse_nothing_are_stale() {
        let list = differences(
            "[[difference]]\nfile = \"http_main.json\"\ncase = \"used\"\nreason = \"H1\"\ninstead = \"x\"\n\
             [[difference]]\nfile = \"http_main.json\"\ncase = \"passes\"\nreason = \"H1\"\ninstead = \"x\"\n\
             [[difference]]\nfile = \"http_main.json\"\ncase = \"absent\"\nreason = \"H1\"\ninstead = \"x\"\n\
             [[difference]]\nfile = \"http_main.json\"\ncase = \"unseen\"\nreason = \"H1\"\ninstead = \"x\"\nforeseen = true\n\
             [[difference]]\nfile = \"http_other.json\"\nreason = \"H1\"\ninstead = \"x\"",
        );
        judge(&list, "used", &[Mismatch::new("json", "x")], &enveloped());
        judge(&list, "passes", &[], &enveloped());
        let files = ["http_main.json".to_owned()];
        assert_eq!(list.stale(&files, false).len(), 1);
        assert_eq!(list.stale(&files, true).len(), 2);
    }
}
