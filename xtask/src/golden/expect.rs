//! The answer that a deliberate difference promises, checked against what was observed.
//!
//! Key types: [`Expect`], [`Observed`].

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::client::Answer;
use super::compare::log_lines;
use super::matcher::{Base, Mismatch, string_matches, subset_differences};

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

/// The answer that was decided on; what is absent is not checked.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Expect {
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
    /// The service ends before it listens.
    Refused,
}

impl Expect {
    /// Whether the service is expected not to start.
    pub(super) fn is_about_the_start(&self) -> bool {
        self.start.is_some()
    }

    /// Where what was observed is not what was decided.
    pub(super) fn broken(&self, observed: &Observed<'_>) -> Vec<Mismatch> {
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
