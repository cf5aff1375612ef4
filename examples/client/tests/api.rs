//! The service in process, its upstream on a socket: what becomes of failures, ids, deadlines, logs.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails, in its helpers too"
)]

use fastflyer::{
    client::{
        Client, RetryPolicy,
        stub::{Reply, Stub},
    },
    testing::TestClient,
};
use serde_json::{Value, json};
use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const PATHS: [&str; 2] = ["/flyer/echo", "/flyer/report"];

fn setup<const N: usize>(settings: [(&str, &str); N]) -> (Stub, TestClient) {
    let stub = Stub::start().unwrap();
    stub.on("/get", [Reply::json(&json!({"url": "here"}))]);
    let api = client_demo::app(&stub.url("")).unwrap();
    (stub, TestClient::with_settings(api, settings).unwrap())
}

#[tokio::test]
async fn both_kinds_of_handlers_ask_and_pass_the_id_and_the_trace_on() {
    let (stub, client) = setup([]);
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for path in PATHS {
        let request = client
            .get(path)
            .header("x-request-id", "outer-1")
            .header("traceparent", parent)
            .header("tracestate", "v=1");
        let answer = request.send().await;
        assert_eq!(answer.json()["data"], json!({"url": "here"}), "{path}");
    }
    for sent in stub.requests() {
        assert_eq!(sent.header("x-request-id"), Some("outer-1"));
        assert_eq!(sent.header("traceparent"), Some(parent));
        assert_eq!(sent.header("tracestate"), Some("v=1"));
    }
    assert_eq!(stub.requests()[0].target, "/get?word=hi");
}

#[tokio::test]
async fn failures_are_answers_with_their_code() {
    let (stub, client) = setup([("flyer_locale", "en")]);
    let cases = [
        (Reply::status(404), 601),
        (Reply::ok("<html>"), 602),
        (Reply::reset(), 605),
        (Reply::status(503).body("password=hunter2"), 606),
    ];
    for (reply, code) in cases {
        stub.on("/get", [reply]);
        let answer = client.get("/flyer/echo").send().await;
        let body = answer.json();
        assert_eq!(
            (answer.status(), &body["code"]),
            (500, &json!(code)),
            "{body}"
        );
        assert_eq!(body["status"], "fail");
        // What the upstream said is for the log.
        assert!(
            !answer.text().contains("hunter2") && !answer.text().contains("127.0.0.1"),
            "{body}"
        );
    }
    let texts =
        [601, 602, 605, 606].map(|code| fastflyer::status::text(code, fastflyer::Locale::En));
    let body = client.get("/flyer/echo").send().await.json();
    assert_eq!(body["message"], json!(texts[3].unwrap()));
    // A retry that is refused at once, in the plain handler.
    drop(stub);
    assert_eq!(client.get("/flyer/report").send().await.json()["code"], 603);
}

#[tokio::test]
async fn a_call_ends_with_the_request_that_it_is_made_for() {
    // The fewest threads for plain handlers that are allowed; each of them will ask a black hole.
    let (stub, client) = setup([("flyer_request_timeout", "3s"), ("flyer_threads", "5")]);
    stub.on("/get", [Reply::black_hole()]);
    let mut tasks = tokio::task::JoinSet::new();
    for path in ["/flyer/report"; 5].into_iter().chain(["/flyer/echo"]) {
        let client = client.clone();
        tasks.spawn(async move { client.get(path).send().await.json() });
    }
    while let Some(answer) = tasks.join_next().await {
        // Whoever is first: the handler with 604, or the service with 504.
        let code = answer.unwrap()["code"].as_u64().unwrap();
        assert!([504, 604].contains(&code), "{code}");
    }
    assert_eq!(stub.requests().len(), 6, "no call was tried again");
    // The threads are free again, long before the client's own limit of 5 s.
    stub.on("/get", [Reply::json(&json!({"url": "here"}))]);
    let answer = client.get("/flyer/report").send().await;
    assert_eq!(answer.json()["code"], 200);
}

/// A service that is stopped at the end of the test.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the program, asks it once, and gives the lines of its access log, at least `expected`.
fn lines_of_the_program(request_log: &str, expected: usize) -> Vec<Value> {
    let stub = Stub::start().unwrap();
    stub.on("/get", [Reply::json(&json!({"url": "here"}))]);
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let program = Command::new(env!("CARGO_BIN_EXE_client-demo"))
        .current_dir(folder.path())
        .env("UPSTREAM_URL", stub.url(""))
        .env("flyer_host", "127.0.0.1")
        .env("flyer_port", port.to_string())
        .env("flyer_access_logfile", &log)
        .env("flyer_request_log", request_log)
        .stdout(Stdio::null())
        .spawn();
    let _service = Service(program.unwrap());

    let patient = RetryPolicy::new()
        .stop_max_attempt_number(10)
        .wait_exponential_multiplier(Duration::from_millis(100));
    let client = Client::builder()
        .no_proxy()
        .retry(patient)
        .build_blocking()
        .unwrap();
    let url = format!("http://127.0.0.1:{port}/flyer/echo");
    let answer = client
        .get(url)
        .header("x-request-id", "outer-1")
        .send()
        .unwrap();
    assert_eq!(answer.status_code(), 200, "{}", answer.text());

    // The lines are written by a thread of the service, shortly after.
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        if text.lines().count() >= expected && text.ends_with('\n') {
            return text
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
        }
        assert!(Instant::now() < deadline, "{text}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn calls_stand_in_the_access_log_beside_the_request() {
    let lines = lines_of_the_program("1", 2);
    let directions: Vec<_> = lines.iter().map(|line| &line["direction"]).collect();
    assert_eq!(directions, ["out", "in"]);
    assert!(lines.iter().all(|line| line["logId"] == "outer-1"));
    assert_eq!(lines[0]["response"]["body"], json!({"url": "here"}));
    assert_eq!(lines[0]["request"]["params"], json!({"word": "hi"}));
}

#[test]
fn flyer_request_log_0_leaves_them_out() {
    let lines = lines_of_the_program("0", 1);
    assert_eq!((lines.len(), &lines[0]["direction"]), (1, &json!("in")));
}
