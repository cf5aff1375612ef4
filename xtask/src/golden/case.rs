//! The recorded cases as files hold them, and which kinds of file are replayed at all.
//!
//! Strict about the format only: fields that are not known are ignored, optional ones may be absent or
//! null. Key types: [`CaseFile`], [`Case`].

use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::think;

/// What a file of recordings holds.
#[derive(Debug)]
pub(crate) enum CaseFile {
    /// Requests and answers, replayed in order.
    Http(Vec<Case>),
    /// A kind that is recognised and not replayed here.
    Later {
        /// What the file holds.
        kind: &'static str,
        /// The part of the project that brings what it tests, or what replays it.
        when: &'static str,
    },
}

/// One request with its recorded answer.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Case {
    /// Unique within its file.
    pub(crate) name: String,
    /// What was sent.
    pub(crate) request: Request,
    /// `status`, `headers` and `json` or `body`; or `error` where the transport failed.
    pub(crate) response: Map<String, Value>,
    /// Variables of the service; a name `settings.X` is a value of the settings file.
    #[serde(default)]
    pub(crate) server_env: Option<Map<String, Value>>,
    /// Paths that differ from run to run.
    #[serde(default)]
    pub(crate) volatile: Option<Vec<String>>,
    /// Paths whose value is a detail of the original's implementation.
    #[serde(default)]
    pub(crate) impl_specific: Option<Vec<String>>,
    /// The access-log lines that the request caused.
    #[serde(default)]
    pub(crate) access_log_json: Option<Vec<Value>>,
}

/// A recorded request.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Request {
    /// The method, any token.
    pub(crate) method: String,
    /// The request target as sent.
    pub(crate) path: String,
    /// Header fields in the order sent.
    #[serde(default)]
    pub(crate) headers: Option<Map<String, Value>>,
    /// The body, sent as UTF-8.
    #[serde(default)]
    pub(crate) body: Option<String>,
}

impl Case {
    /// The recorded status; absent where the transport failed.
    pub(crate) fn status(&self) -> Option<u64> {
        self.response.get("status").and_then(Value::as_u64)
    }

    /// The recorded value of a header, by its lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.response.get("headers")?.get(name)?.as_str()
    }

    /// Whether the recording is a failure of the transport.
    pub(crate) fn is_transport_error(&self) -> bool {
        self.response.contains_key("error")
    }

    /// The paths that are not compared.
    pub(crate) fn skipped(&self) -> Vec<String> {
        self.volatile
            .iter()
            .chain(&self.impl_specific)
            .flatten()
            .cloned()
            .collect()
    }

    /// The service's variables: names as the service knows them.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let given = self.server_env.iter().flatten();
        given
            .map(|(name, value)| (variable_name(name), plain(value)))
            .collect()
    }
}

/// Reads a file and finds out what it holds.
///
/// # Errors
///
/// When the file cannot be read, is not JSON, or has items of an HTTP case without the fields of one.
pub(crate) fn read(path: &Path) -> Result<CaseFile> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let mut value: Value =
        serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?;
    if let Some(cases) = think::cases(&value) {
        return Ok(CaseFile::Http(cases));
    }
    if let Some((kind, when)) = later_kind(&value) {
        return Ok(CaseFile::Later { kind, when });
    }
    // Like the replay program, pass over items that are no requests.
    if let Value::Array(items) = &mut value {
        items.retain(|item| item.get("request").is_some());
    }
    let cases = serde_json::from_value(value).with_context(|| {
        format!(
            "{} does not hold HTTP cases of the documented format",
            path.display()
        )
    })?;
    Ok(CaseFile::Http(cases))
}

/// `None` for HTTP cases (and what claims to be), else the kind and what replays it.
fn later_kind(value: &Value) -> Option<(&'static str, &'static str)> {
    let Value::Array(items) = value else {
        return Some(if value.get("tools").is_some() {
            ("MCP injection", "part 7")
        } else {
            ("load and signals", "measured by tests/reliability")
        });
    };
    if items.iter().any(|item| item.get("request").is_some()) {
        return None;
    }
    let first = items.first()?;
    let has = |name: &str| first.get(name).is_some();
    if has("steps") {
        Some(("dataset", "part 6"))
    } else if has("attempts") || has("client_kwargs") {
        Some(("http_client", "replayed by the own tests of fastkit"))
    } else if has("rc") {
        Some(("cli", "replayed by the CLI's own tests"))
    } else if has("procs") {
        Some((
            "scheduler",
            "run the right way by promise 13 of tests/reliability",
        ))
    } else if has("server_log") {
        Some(("mcp", "part 7"))
    } else if has("result") {
        Some(("recorded values", "by the own tests of fastkit; part 6"))
    } else {
        None
    }
}

/// `settings.STATUS_CODE_BASE` was set in the original's settings file; here every setting is a variable.
fn variable_name(recorded: &str) -> String {
    match recorded.strip_prefix("settings.") {
        Some("PREFIX") => "flyer_base_url".to_owned(),
        Some(setting) => format!("flyer_{}", setting.to_lowercase()),
        None => recorded.to_owned(),
    }
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn kinds_are_told_apart_by_their_fields() {
        assert_eq!(
            later_kind(&json!([{"name": "a", "request": {}, "response": {}}])),
            None
        );
        assert_eq!(
            later_kind(&json!([{"steps": []}])).map(|k| k.0),
            Some("dataset")
        );
        assert_eq!(later_kind(&json!([{"note": 1}, {"request": {}}])), None);
        assert_eq!(later_kind(&json!([{"rc": 0}])).map(|k| k.0), Some("cli"));
        assert_eq!(
            later_kind(&json!({"uvicorn": 1})).map(|k| k.0),
            Some("load and signals")
        );
    }

    #[test]
    fn settings_become_variables() {
        assert_eq!(
            variable_name("settings.STATUS_CODE_BASE"),
            "flyer_status_code_base"
        );
        assert_eq!(variable_name("settings.PREFIX"), "flyer_base_url");
        assert_eq!(variable_name("flyer_auth_user"), "flyer_auth_user");
        assert_eq!(plain(&json!(1000)), "1000");
    }

    #[test]
    fn optional_fields_may_be_null_or_unknown() {
        let case: Case = serde_json::from_value(json!({
            "name": "n", "request": {"method": "GET", "path": "/", "headers": null, "body": null},
            "response": {"error": "refused"}, "server_env": null, "volatile": null, "note": 1
        }))
        .unwrap();
        assert!(case.is_transport_error());
        assert!(case.environment().is_empty());
        assert!(case.skipped().is_empty());
    }
}
