//! Defects of the original system that only a whole process can show, by their numbers in
//! `tests/golden/DEFECTS.md`: logs (L), the start and the end of the process (P), the protocol (H13).

use crate::support::{Answer, Service, fastflyer, run, send};
use serde_json::{Value, json};
use std::{fs, net::TcpListener, path::Path, process::Command};

fn show(folder: &Path) -> Command {
    let mut command = fastflyer(folder);
    command.args(["show", "openapi"]);
    command
}

/// What a service logged of requests, and the lines of its program, after the requests were sent
/// and it was stopped.
fn logged(settings: &[(&str, &str)], requests: &[&str]) -> (Vec<Answer>, Vec<Value>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(show(folder.path()).envs(settings.iter().copied()));
    let answers = requests
        .iter()
        .map(|request| send(&service.address, request))
        .collect();
    let (code, output) = service.stop();
    assert_eq!(code, Some(0), "{output}");
    let (json, text): (Vec<&str>, Vec<&str>) =
        output.lines().partition(|line| line.starts_with('{'));
    let json = json
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    (
        answers,
        json,
        text.iter().map(|line| (*line).to_owned()).collect(),
    )
}

fn url(line: &Value) -> &str {
    let url = line["request"]["url"].as_str().unwrap();
    url.find("/flyer").map_or(url, |at| &url[at..])
}

#[test]
fn l1_requests_are_logged_by_default_and_health_checks_are_not() {
    let requests = [
        "GET /flyer/items/1",
        "GET /health_check",
        "GET /flyer/health_check",
    ];
    let (_, lines, _) = logged(&[], &requests);
    assert_eq!(
        lines.iter().map(url).collect::<Vec<_>>(),
        ["/flyer/items/1"]
    );
    // A set value replaces the default; an empty one excludes nothing.
    let (_, lines, _) = logged(&[("flyer_access_log_exclude_uris", "")], &requests);
    assert_eq!(lines.len(), 3);
}

#[test]
fn l2_failing_requests_are_logged_too() {
    let requests = [
        "GET /flyer/items/x",
        "GET /flyer/nope",
        "DELETE /flyer/items/1",
        "GET /flyer/shop/debug/fault",
        "NONSENSE",
    ];
    let (answers, lines, _) = logged(&[], &requests);
    let sent: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(sent, [422, 404, 405, 500, 400]);
    let logged: Vec<u64> = lines
        .iter()
        .map(|line| line["response"]["status"].as_u64().unwrap())
        .collect();
    assert_eq!(logged, [422, 404, 405, 500, 400]);
}

#[test]
fn l3_what_is_excluded_leaves_no_line_and_takes_no_other_with_it() {
    let settings = [("flyer_access_log_exclude_uris", "/flyer/items")];
    let requests = [
        "GET /flyer/items/1",
        "GET /flyer/users/relationship/a",
        "GET /health_check",
    ];
    let (_, lines, text) = logged(&settings, &requests.repeat(20));
    assert_eq!(lines.len(), 40);
    assert!(
        lines
            .iter()
            .all(|line| !url(line).starts_with("/flyer/items"))
    );
    assert!(
        !text.iter().any(|line| line.contains("/flyer/items/1")),
        "{text:?}"
    );
}

#[test]
fn l4_a_time_shows_its_milliseconds_once() {
    let (_, _, text) = logged(&[], &["GET /flyer/items/1"]);
    for line in text {
        let time = line.split(" | ").next().unwrap();
        // 2024-01-31 08:00:00.123
        let shape: String = time
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect();
        assert_eq!(shape, "0000-00-00 00:00:00.000", "{line}");
    }
}

#[test]
fn l5_an_uncaught_error_is_logged_once_with_its_request() {
    let (_, lines, text) = logged(&[], &["GET /flyer/shop/debug/fault"]);
    let causes: Vec<_> = text
        .iter()
        .filter(|line| line.contains("invalid digit"))
        .collect();
    assert_eq!(causes.len(), 1, "{text:?}");
    let id = lines[0]["logId"].as_str().unwrap();
    assert!(
        causes[0].contains("| ERROR |") && causes[0].contains(id),
        "{}",
        causes[0]
    );
}

#[test]
fn l6_the_line_holds_json_and_the_file_has_level_info() {
    let body = r#"POST /flyer/users/info?q=1 {"data": []}"#;
    let (_, lines, _) = logged(&[], &[body]);
    let request = &lines[0]["request"];
    assert_eq!(
        (&request["body"], &request["params"]),
        (&json!({"data": []}), &json!({"q": "1"}))
    );
    assert!(request["headers"].is_object() && lines[0]["response"]["body"].is_object());

    let folder = tempfile::tempdir().unwrap();
    let (code, _) = Service::start(&mut show(folder.path())).stop();
    assert_eq!(code, Some(0));
    let file = fs::read_to_string(folder.path().join("logs/error.log")).unwrap();
    assert!(file.contains("| INFO |"), "{file}");
}

#[test]
fn s6_secrets_of_requests_are_masked_in_the_access_log() {
    let requests = [
        "GET /flyer/items/1?token=hunter2",
        r#"POST /flyer/users/info {"data": [], "password": "hunter2"}"#,
        "GET /flyer/items/1 Authorization: Basic hunter2",
        "GET /flyer/items/1 Cookie: sid=hunter2",
    ];
    let (_, lines, text) = logged(&[("flyer_console_log_level", "debug")], &requests);
    assert_eq!(lines.len(), requests.len());
    let all = format!("{lines:?} {text:?}");
    assert!(!all.contains("hunter2"), "{all}");
    assert_eq!(lines[1]["request"]["body"]["password"], "***");
    assert_eq!(lines[2]["request"]["headers"]["authorization"], "***");
}

#[test]
fn h13_what_is_no_request_is_answered_in_the_envelope() {
    let (answers, _, _) = logged(&[], &["GE(T /flyer/items/1", "NONSENSE"]);
    for answer in answers {
        let body = answer.json();
        assert_eq!(
            (answer.status, &body["code"], &body["status"]),
            (400, &json!(400), &json!("error"))
        );
    }
}

#[test]
fn p1_a_failed_start_ends_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    // `run` waits for the end: a process that lived on would hang the test.
    for (name, value) in [
        ("flyer_port", port.as_str()),
        ("flyer_base_url", "no slash"),
    ] {
        let ended = run(show(folder.path())
            .env("flyer_host", "127.0.0.1")
            .env(name, value));
        assert_eq!(ended.code, Some(1), "{name}: {}", ended.stderr);
        assert!(ended.stderr.contains(value), "{}", ended.stderr);
    }
}
