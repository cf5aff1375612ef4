//! One line for each call, in the shape of the access log, without secrets.

use super::{AMPLE, setup_with};
use fastkit::{
    access_log::{Limits, Record, write_line},
    client::{
        AsyncClient, CallLog,
        stub::{Reply, Stub},
    },
};
use serde_json::{Value, json};
use std::{
    future::IntoFuture as _,
    sync::{Arc, Mutex},
    time::Duration,
};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl CallLog for Lines {
    fn log(&self, call: &Record<'_>) {
        let mut line = Vec::new();
        write_line(&mut line, call, &Limits::default());
        self.0
            .lock()
            .unwrap()
            .push(String::from_utf8(line).unwrap());
    }
}

impl Lines {
    fn take(&self) -> Vec<Value> {
        let lines = std::mem::take(&mut *self.0.lock().unwrap());
        for line in &lines {
            assert!(!line.contains("hunter2"), "{line}");
        }
        lines
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

#[tokio::test]
async fn a_call_is_one_line_whatever_its_attempts() {
    let lines = Lines::default();
    let (stub, client, _) = setup_with(|builder| builder.log(lines.clone()));
    let answer = json!({"id": 1, "token": "hunter2"});
    let good = Reply::json(&answer).header("set-cookie", "s=hunter2");
    stub.on("/a", [Reply::status(500), good]);
    let url = stub
        .url("/a?page=1&api_key=hunter2")
        .replace("://", "://me:hunter2@");
    let request = client
        .put(url)
        .header("X-Request-ID", "r-1")
        .cookie("s", "hunter2")
        .json(&json!({"name": "pen", "password": "hunter2"}));
    request.send().await.unwrap();

    let [line] = lines.take().try_into().unwrap();
    assert_eq!(
        (&line["direction"], &line["logId"], &line["attempts"]),
        (&json!("out"), &json!("r-1"), &json!(2))
    );
    let request = &line["request"];
    assert_eq!(request["method"], "PUT");
    assert_eq!(request["url"], stub.url("/a?page=1&api_key=***"));
    assert_eq!(request["params"], json!({"page": "1", "api_key": "***"}));
    assert_eq!(request["body"], json!({"name": "pen", "password": "***"}));
    assert_eq!(request["headers"]["authorization"], "***");
    assert_eq!(request["headers"]["cookie"], "***");
    assert_eq!(request["headers"]["x-request-id"], "r-1");
    let response = &line["response"];
    assert_eq!(
        (&response["status"], &response["body"]),
        (&json!(200), &json!({"id": 1, "token": "***"}))
    );
    assert_eq!(response["headers"]["set-cookie"], "***");
    // 2 s were waited.
    assert!(line["latency"].as_u64().unwrap() >= 2000);
}

#[tokio::test]
async fn failures_are_logged_with_their_code() {
    let lines = Lines::default();
    let (stub, client, _) = setup_with(|builder| builder.log(lines.clone()));
    stub.on("/down", [Reply::status(503).body("down")]);
    client.get(stub.url("/down")).send().await.unwrap_err();
    let url = stub.url("/gone");
    drop(stub);
    client.get(url).send().await.unwrap_err();
    let [down, gone] = lines.take().try_into().unwrap();
    assert_eq!(
        (&down["response"]["status"], &down["response"]["body"]),
        (&json!(606), &json!("down"))
    );
    assert_eq!(
        (&gone["response"]["status"], &gone["attempts"]),
        (&json!(603), &json!(3))
    );
}

#[tokio::test]
async fn streams_are_logged_without_their_bodies() {
    let lines = Lines::default();
    let (stub, client, _) = setup_with(|builder| builder.log(lines.clone()));
    stub.on("/", [Reply::ok("long")]);
    client.get(stub.url("/")).stream().await.unwrap();
    assert_eq!(lines.take()[0]["response"]["body"], "<stream>");
}

/// As a server does with a handler whose client has left.
#[tokio::test]
async fn a_call_that_is_dropped_is_one_line_without_a_status() {
    let lines = Lines::default();
    // Its waits are real ones, so that the second call is dropped in one.
    let client = AsyncClient::builder()
        .no_proxy()
        .log(lines.clone())
        .build()
        .unwrap();
    for (name, reply) in [
        ("hole", Reply::black_hole()),
        ("wait", Reply::status(503).header("retry-after", "50")),
    ] {
        let stub = Stub::start().unwrap();
        stub.on("/", [reply]);
        let request = client.put(stub.url("/")).json(&json!({"name": name}));
        let call = tokio::spawn(request.into_future());
        let sent = move || stub.wait_for(1, AMPLE).map(|_| stub);
        let stub = tokio::task::spawn_blocking(sent).await.unwrap().unwrap();
        // Where the call is by then changes nothing of the line.
        tokio::time::sleep(Duration::from_millis(100)).await;
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
        assert_eq!(stub.requests().len(), 1);

        let [line] = lines.take().try_into().unwrap();
        assert_eq!(
            (&line["direction"], &line["attempts"]),
            (&json!("out"), &json!(1))
        );
        assert_eq!(line["request"]["body"], json!({"name": name}));
        assert_eq!(
            line["response"],
            json!({"status": 0, "body": "", "headers": {}})
        );
    }
    // What was never begun is no call.
    drop(client.get("http://127.0.0.1:9/").into_future());
    assert_eq!(lines.take().len(), 0);
}
