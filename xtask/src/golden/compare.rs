//! Compares a whole answer, and the access log it caused, with a recorded case.
//!
//! What is compared: the status, a list of headers, the body, and the access log where the case has
//! one. Not compared, besides the case's own exceptions: headers outside the list, `charset`
//! suffixes, HTML pages, the bytes of static files, bodies of answers to HEAD.

use serde_json::Value;

use super::case::Case;
use super::client::Answer;
use super::matcher::{Base, Mismatch, differences, shortened, string_matches};

/// The headers that a client can depend on. `server`, `date`, `content-length` belong to the server.
const HEADERS: [&str; 14] = [
    "content-type",
    "location",
    "allow",
    "www-authenticate",
    "content-range",
    "accept-ranges",
    "x-request-id",
    "x-lasting-time",
    "x-host-ip",
    "x-memory-usage",
    "x-content-type-options",
    "x-extra",
    // Those that the calls of think-response set.
    "x-foo",
    "x-a",
];

/// Parts of a log line that differ from run to run.
const LOG_SKIPPED: [&str; 4] = [
    "log.latency",
    "log.memoryUsage",
    "log.request.headers",
    "log.response.headers",
];

/// Parts of a log line that the original wrote as JSON within a string.
const LOG_JSON_TEXTS: [&str; 3] = ["/request/body", "/request/params", "/response/body"];

/// How log lines are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogValues {
    /// As recorded: JSON within strings.
    Text,
    /// Bodies and parameters are JSON values; recorded strings are parsed before they are compared.
    Json,
}

/// The differences between the recorded answer and ours; none when the case passes.
///
/// `log` is what the request added to the access log, `None` where there is no log to look at.
pub(crate) fn compare(
    case: &Case,
    answer: &anyhow::Result<Answer>,
    base: &Base,
    log: Option<(&str, LogValues)>,
) -> Vec<Mismatch> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(_) if case.is_transport_error() => return Vec::new(),
        Err(error) => return vec![Mismatch::new("request", format!("failed: {error:#}"))],
    };
    if let Some(error) = case.response.get("error") {
        let text = format!("want transport error {error} got {}", answer.status);
        return vec![Mismatch::new("status", text)];
    }
    let mut found = Vec::new();
    if case.status() != Some(u64::from(answer.status)) {
        let want = case
            .status()
            .map_or_else(|| "nothing".to_owned(), |s| s.to_string());
        found.push(Mismatch::new(
            "status",
            format!("want {want} got {}", answer.status),
        ));
    }
    found.extend(
        HEADERS
            .iter()
            .filter_map(|name| compare_header(case, answer, name, base)),
    );
    if case.request.method == "HEAD" {
        return found;
    }
    found.extend(compare_body(case, answer, base));
    if let (Some((text, values)), Some(recorded)) = (log, &case.access_log_json) {
        found.extend(compare_log(recorded, text, values, base));
    }
    found
}

/// The access-log lines within what a service wrote, and how many looked like one but were not JSON.
pub(crate) fn log_lines(text: &str) -> (Vec<Value>, usize) {
    let candidates = text
        .lines()
        .filter_map(|line| line.find("{\"direction\"").map(|at| &line[at..]));
    let mut broken = 0;
    let lines = candidates
        .filter_map(|line| serde_json::from_str(line).inspect_err(|_| broken += 1).ok())
        .collect();
    (lines, broken)
}

fn compare_header(case: &Case, answer: &Answer, name: &str, base: &Base) -> Option<Mismatch> {
    let location = format!("header {name}");
    match (case.header(name), answer.headers.get(name)) {
        (None, None) => None,
        (None, Some(got)) => Some(Mismatch::unexpected(
            location,
            format!("unexpected {:?}", shortened(got)),
        )),
        (Some(want), None) => Some(Mismatch::new(
            location,
            format!("missing (want {:?})", shortened(want)),
        )),
        (Some(want), Some(got)) => {
            let same = match name {
                "allow" => methods(want) == methods(got),
                "content-type" => string_matches(without_charset(want), without_charset(got), base),
                _ => string_matches(want, got, base),
            };
            let text = || format!("want {:?} got {:?}", shortened(want), shortened(got));
            (!same).then(|| Mismatch::new(location, text()))
        }
    }
}

/// The methods of an `Allow` header, which is a set.
fn methods(allow: &str) -> Vec<&str> {
    let mut methods: Vec<_> = allow.split(',').map(str::trim).collect();
    methods.sort_unstable();
    methods
}

fn without_charset(content_type: &str) -> &str {
    let at = content_type.to_ascii_lowercase().find("; charset=");
    at.map_or(content_type, |at| &content_type[..at])
}

fn compare_body(case: &Case, answer: &Answer, base: &Base) -> Vec<Mismatch> {
    let text = String::from_utf8_lossy(&answer.body);
    if let Some(recorded) = case.response.get("json") {
        return match serde_json::from_slice(&answer.body) {
            Ok(got) => differences(recorded, &got, "json", base, &case.skipped()),
            Err(_) => vec![Mismatch::new(
                "json",
                format!("body is not JSON: {:?}", shortened(&text)),
            )],
        };
    }
    // The bytes of static files are ours to choose; pages are looked at by the browser tests.
    let is_page = case
        .header("content-type")
        .is_some_and(|value| value.starts_with("text/html"));
    if case.response.contains_key("body_sha256") || is_page {
        return Vec::new();
    }
    match case.response.get("body").and_then(Value::as_str) {
        Some(recorded) if !string_matches(recorded, &text, base) => {
            let text = format!("want {:?} got {:?}", shortened(recorded), shortened(&text));
            vec![Mismatch::new("body", text)]
        }
        _ => Vec::new(),
    }
}

fn compare_log(recorded: &[Value], text: &str, values: LogValues, base: &Base) -> Vec<Mismatch> {
    let (lines, broken) = log_lines(text);
    let mut found: Vec<_> = (0..broken)
        .map(|_| Mismatch::new("log", "access log line is not JSON"))
        .collect();
    if lines.len() != recorded.len() {
        let text = format!("want {} lines got {}", recorded.len(), lines.len());
        found.push(Mismatch {
            unexpected: lines.len() > recorded.len(),
            ..Mismatch::new("log", text)
        });
        return found;
    }
    let skip = LOG_SKIPPED.map(str::to_owned);
    for (recorded, got) in recorded.iter().zip(&lines) {
        let mut recorded = recorded.clone();
        let mut got = got.clone();
        generalise_id(&mut recorded);
        if values == LogValues::Json {
            parse_texts(&mut recorded);
            parse_texts(&mut got);
        }
        found.extend(differences(&recorded, &got, "log", base, &skip));
    }
    found
}

/// An id that the recording did not send itself was made by the service.
fn generalise_id(line: &mut Value) {
    let sent = |id: &str| id.starts_with("rid-") || id.starts_with("a b");
    if let Some(fields) = line.as_object_mut()
        && !fields
            .get("logId")
            .and_then(Value::as_str)
            .is_some_and(sent)
    {
        fields.insert("logId".to_owned(), Value::from("<UUID>"));
    }
}

fn parse_texts(line: &mut Value) {
    for pointer in LOG_JSON_TEXTS {
        if let Some(value) = line.pointer_mut(pointer)
            && let Some(parsed) = value
                .as_str()
                .and_then(|text| serde_json::from_str(text).ok())
        {
            *value = parsed;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn case(value: Value) -> Case {
        let mut fields = json!({"name": "n", "request": {"method": "GET", "path": "/"}});
        fields
            .as_object_mut()
            .unwrap()
            .append(&mut value.as_object().unwrap().clone());
        serde_json::from_value(fields).unwrap()
    }

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> anyhow::Result<Answer> {
        let headers = headers
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Ok(Answer {
            status,
            headers,
            body: body.as_bytes().to_vec(),
        })
    }

    fn locations(
        case: &Case,
        answer: &anyhow::Result<Answer>,
        log: Option<(&str, LogValues)>,
    ) -> Vec<String> {
        let base = Base::new("http://h:1");
        compare(case, answer, &base, log)
            .into_iter()
            .map(|m| m.location)
            .collect()
    }

    #[test]
    fn status_headers_and_body_are_compared() {
        let case = case(json!({"response": {
            "status": 200, "headers": {"content-type": "text/plain; charset=utf-8", "allow": "GET, POST"}, "body": "ok <INT>"
        }}));
        let same = answer(
            200,
            &[
                ("content-type", "text/plain"),
                ("allow", "POST,GET"),
                ("server", "x"),
            ],
            "ok 1",
        );
        assert!(locations(&case, &same, None).is_empty());
        let other = answer(
            201,
            &[
                ("content-type", "text/html"),
                ("allow", "GET"),
                ("x-extra", "1"),
            ],
            "no",
        );
        assert_eq!(
            locations(&case, &other, None),
            [
                "status",
                "header content-type",
                "header allow",
                "header x-extra",
                "body"
            ]
        );
        assert_eq!(
            locations(&case, &answer(200, &[], "ok 1"), None),
            ["header content-type", "header allow"]
        );
    }

    #[test]
    fn answers_to_head_have_no_body() {
        let mut case =
            case(json!({"response": {"status": 405, "headers": {}, "json": {"detail": "x"}}}));
        assert_eq!(locations(&case, &answer(405, &[], ""), None), ["json"]);
        case.request.method = "HEAD".to_owned();
        assert!(locations(&case, &answer(405, &[], ""), None).is_empty());
    }

    #[test]
    fn pages_and_files_are_compared_by_their_heads_only() {
        let page = case(
            json!({"response": {"status": 200, "headers": {"content-type": "text/html"}, "body": "<a>"}}),
        );
        assert!(
            locations(
                &page,
                &answer(200, &[("content-type", "text/html")], "<b>"),
                None
            )
            .is_empty()
        );
        let file = case(
            json!({"response": {"status": 200, "headers": {}, "body_sha256": "x", "body_len": 3}}),
        );
        assert!(locations(&file, &answer(200, &[], "other"), None).is_empty());
    }

    #[test]
    fn transport_errors_match_transport_errors() {
        let case = case(json!({"response": {"error": "ConnectionRefusedError"}}));
        assert!(locations(&case, &Err(anyhow::anyhow!("reset")), None).is_empty());
        assert_eq!(locations(&case, &answer(200, &[], ""), None), ["status"]);
    }

    #[test]
    fn log_lines_are_found_behind_a_prefix() {
        let case = case(
            json!({"response": {"status": 200, "headers": {}}, "access_log_json": [
                {"direction": "in", "request": {"params": "{\"x\": \"2\"}", "headers": "a"}, "latency": 0, "logId": "f00"}
            ]}),
        );
        let id = "a38ce01c-cb7f-47d6-813d-a61365030cd9";
        let text = format!(
            "2026 | INFO | {{\"direction\":\"in\",\"request\":{{\"params\":{{\"x\":\"2\"}},\"headers\":{{}}}},\"latency\":9,\"logId\":\"{id}\"}}\nother\n"
        );
        let ok = answer(200, &[], "");
        assert!(locations(&case, &ok, Some((&text, LogValues::Json))).is_empty());
        assert_eq!(
            locations(&case, &ok, Some((&text, LogValues::Text))),
            ["log.request.params"]
        );
        assert_eq!(locations(&case, &ok, Some(("", LogValues::Text))), ["log"]);
        assert_eq!(
            locations(
                &case,
                &ok,
                Some(("{\"direction\" broken\n", LogValues::Text))
            ),
            ["log", "log"]
        );
    }

    #[test]
    fn ids_that_were_sent_are_kept_in_the_log() {
        let mut sent = json!({"logId": "rid-1"});
        generalise_id(&mut sent);
        assert_eq!(sent, json!({"logId": "rid-1"}));
        let mut made = json!({"logId": null});
        generalise_id(&mut made);
        assert_eq!(made, json!({"logId": "<UUID>"}));
    }
}
