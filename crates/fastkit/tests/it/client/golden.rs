//! What the original's clients did, by the recorded cases: the same, or a difference with its reason.

use super::{Stub, setup};
use fastkit::client::{
    AsyncClient, Client, Error, Response, RetryPolicy,
    stub::{Reply, SkippingClock},
};
use http::{HeaderMap, HeaderName, Method};
use serde_json::Value;
use std::time::Duration;

/// Case, number in `tests/golden/DEFECTS.md`, attempts and code or status of ours.
const DIFFERENCES: &[(&str, &str, u64, u64)] = &[
    // Connections that break are retried, and are 605.
    ("close_no_response", "K3", 3, 605),
    // So are timeouts, and are 604.
    ("timeout", "K3", 3, 604),
    // A POST may act twice: it is not repeated, and its answer comes back.
    ("post_500_is_retried", "K2", 1, 500),
];

fn cases() -> Vec<Value> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/golden/cases/http_client.json"
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The replies of a recorded upstream: `/500,200`, `/close`, `/slow3`.
fn replies(script: &str) -> Vec<Reply> {
    let words = script.trim_start_matches('/').split(',').enumerate();
    let replies: Vec<_> = words
        .map(|(index, word)| match word {
            "close" => Reply::close_silently(),
            "slow3" => Reply::black_hole(),
            "302" => Reply::redirect(302, "/target"),
            status => Reply::status(status.parse().unwrap()).body(format!("body-{status}-{index}")),
        })
        .collect();
    replies
}

fn python_dict(text: &Value) -> Vec<(String, String)> {
    let json = text.as_str().unwrap_or("{}").replace('\'', "\"");
    let object: serde_json::Map<String, Value> = serde_json::from_str(&json).unwrap();
    let plain = |value: Value| value.as_str().map_or(value.to_string(), str::to_owned);
    object
        .into_iter()
        .map(|(name, value)| (name, plain(value)))
        .collect()
}

struct Ours {
    attempts: u64,
    code: u64,
    text: String,
    waits: Vec<f64>,
}

fn ours(outcome: Result<Response, Error>, clock: &SkippingClock) -> Ours {
    let waits = clock.waits().iter().map(Duration::as_secs_f64).collect();
    match outcome {
        Ok(answer) => Ours {
            attempts: answer.attempts().into(),
            code: answer.status_code().into(),
            text: answer.text().into_owned(),
            waits,
        },
        Err(error) => Ours {
            attempts: error.attempts().into(),
            code: error.code().into(),
            text: error.to_string(),
            waits,
        },
    }
}

macro_rules! ask {
    ($client:expr, $case:expr, $url:expr) => {{
        let method: Method = $case["method"]
            .as_str()
            .unwrap()
            .to_uppercase()
            .parse()
            .unwrap();
        let given = &$case["request_kwargs"];
        let mut request = $client.request(method, $url);
        let mut headers = HeaderMap::new();
        for (name, value) in python_dict(&given["headers"]) {
            headers.insert(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        request = request.headers(headers);
        for (name, value) in python_dict(&given["cookies"]) {
            request = request.cookie(&name, &value);
        }
        if let Some(json) = given["json"].as_str() {
            let json: Value = serde_json::from_str(&json.replace('\'', "\"")).unwrap();
            request = request.json(&json);
        }
        request
    }};
}

#[tokio::test]
async fn every_recorded_case_or_its_difference() {
    let mut seen = 0;
    for case in cases() {
        let name = case["name"].as_str().unwrap();
        let Some(script) = case["server_script"].as_str() else {
            continue;
        };
        seen += 1;
        let stub = Stub::start().unwrap();
        stub.on("/", replies(script));
        stub.on("/target", [Reply::ok("body-200-0")]);
        let clock = SkippingClock::new();
        let mut builder = AsyncClient::builder()
            .no_proxy()
            .no_log()
            .retry(RetryPolicy::new().jitter(false))
            .clock(&clock);
        if let Some(timeout) = case["client_kwargs"]["timeout"].as_u64() {
            // A tenth of the recorded second: nobody has to wait for the black hole.
            builder = builder.timeout(Duration::from_millis(timeout * 100));
        }
        if let Some(headers) = case["client_kwargs"]["headers"].as_object() {
            for (name, value) in headers {
                builder = builder.header(name.as_str(), value.as_str().unwrap());
            }
        }
        let url = stub.url("/");
        let outcome = match case["mode"].as_str() {
            Some("sync") => {
                let client = builder.build_blocking().unwrap();
                let case = case.clone();
                let call = move || ask!(client, case, url).send();
                tokio::task::spawn_blocking(call).await.unwrap()
            }
            _ => ask!(builder.build().unwrap(), case, url).send().await,
        };
        let ours = ours(outcome, &clock);

        let recorded = (
            case["attempts"].as_u64().unwrap(),
            case["result"]["status_code"].as_u64().unwrap(),
        );
        match DIFFERENCES.iter().find(|(of, ..)| *of == name) {
            Some((_, defect, attempts, code)) => {
                assert_eq!(
                    (ours.attempts, ours.code),
                    (*attempts, *code),
                    "{name} ({defect})"
                );
                assert_ne!(
                    (ours.attempts, ours.code),
                    recorded,
                    "{name}: no difference any more"
                );
            }
            None => {
                assert_eq!((ours.attempts, ours.code), recorded, "{name}");
                let waits: Vec<_> = case["waits_s"].as_array().unwrap().iter().collect();
                let waits: Vec<_> = waits.iter().map(|wait| wait.as_f64().unwrap()).collect();
                assert_eq!(ours.waits, waits, "{name}");
                let text = case["result"]["text"].as_str().unwrap();
                match ours.code {
                    // The wording is ours; the last answer is quoted.
                    600.. => assert!(
                        ours.text.contains("body-500-") && ours.text.contains("500"),
                        "{name}: {}",
                        ours.text
                    ),
                    _ => assert_eq!(ours.text, text, "{name}"),
                }
            }
        }
        check_headers(name, &case, &stub);
    }
    assert!(seen > 10, "{seen}");
}

/// What was sent first, by name; wording and transport details are ours (R5).
fn check_headers(name: &str, case: &Value, stub: &Stub) {
    let requests = stub.requests();
    let first = &requests[0];
    let ids: Vec<_> = requests.iter().map(|r| r.header("x-request-id")).collect();
    assert!(
        ids.windows(2).all(|pair| pair[0] == pair[1]),
        "{name}: one id for all attempts"
    );
    for (header, value) in case["sent_headers"].as_object().unwrap() {
        let ours_alone = ["host", "connection", "accept-encoding", "user-agent"];
        if ours_alone.contains(&header.as_str()) {
            continue;
        }
        let value = value.as_str().unwrap();
        let sent = first
            .header(header)
            .unwrap_or_else(|| panic!("{name}: no {header}"));
        assert_eq!(first.count(header), 1, "{name}: {header}");
        match value {
            "<UUID>" => assert_eq!(sent.len(), 36, "{name}: {header}"),
            value => assert_eq!(sent, value, "{name}: {header}"),
        }
    }
}

/// `inherited_close` (K5): a client can be closed, by being dropped; `inherited_stream`: it streams.
#[tokio::test]
async fn clients_end_when_they_are_dropped() {
    let (stub, client, _) = setup();
    stub.on("/", [Reply::ok("x")]);
    let mut answer = client.get(stub.url("/")).stream().await.unwrap();
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "x");
    drop(client);
    drop(Client::new());
}
