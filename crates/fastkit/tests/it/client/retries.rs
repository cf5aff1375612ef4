//! What is tried again, after which waits, and when no more.

use super::{AMPLE, seconds, setup, setup_with};
use fastkit::{
    client::{RetryPolicy, stub::Reply},
    context::{RequestId, Served},
};
use http::Method;
use std::{
    future::IntoFuture as _,
    time::{Duration, Instant, SystemTime},
};

#[tokio::test]
async fn two_failures_then_an_answer() {
    let (stub, client, clock) = setup();
    stub.on(
        "/",
        [Reply::status(500), Reply::status(500), Reply::ok("done")],
    );
    let answer = client.get(stub.url("/")).send().await.unwrap();
    assert_eq!((answer.status_code(), answer.attempts()), (200, 3));
    assert_eq!(answer.text(), "done");
    assert_eq!(seconds(&clock), [2, 4]);
    assert!(answer.elapsed() >= Duration::from_secs(6));
    let ids: Vec<_> = stub.requests();
    assert!(
        ids.iter()
            .all(|r| r.header("x-request-id") == Some(answer.request_id()))
    );
}

#[tokio::test]
async fn a_status_that_stays_is_606_with_the_last_answer() {
    let (stub, client, clock) = setup();
    stub.on("/", [Reply::status(503).body("down")]);
    let error = client.get(stub.url("/")).send().await.unwrap_err();
    assert_eq!((error.code(), error.attempts()), (606, 3));
    assert!(error.is_exhausted());
    assert_eq!(error.status().unwrap().as_u16(), 503);
    assert_eq!(seconds(&clock), [2, 4]);
    assert!(
        error.to_string().contains("503") && error.to_string().contains("down"),
        "{error}"
    );
    assert_eq!(error.into_response().unwrap().text(), "down");
}

#[tokio::test]
async fn the_documented_options_count() {
    let policy = RetryPolicy::new()
        .stop_max_attempt_number(6)
        .wait_exponential_multiplier(Duration::from_secs(1))
        .wait_exponential_max(Duration::from_secs(5))
        .jitter(false);
    let (stub, client, clock) = setup_with(|builder| builder.retry(policy));
    stub.on("/", [Reply::status(502)]);
    let error = client.get(stub.url("/")).send().await.unwrap_err();
    assert_eq!(error.attempts(), 6);
    assert_eq!(seconds(&clock), [1, 2, 4, 5, 5]);
}

#[tokio::test]
async fn stop_max_delay_ends_a_call_before_a_wait_that_is_too_long() {
    let policy = RetryPolicy::new()
        .stop_max_attempt_number(10)
        .stop_max_delay(Duration::from_secs(7))
        .jitter(false);
    let (stub, client, clock) = setup_with(|builder| builder.retry(policy));
    stub.on("/", [Reply::status(500)]);
    let error = client.get(stub.url("/")).send().await.unwrap_err();
    // 2 + 4 is less than 7, 8 more are not.
    assert_eq!((error.attempts(), seconds(&clock)), (3, vec![2, 4]));
    assert!(error.to_string().contains("no time is left"), "{error}");
}

#[tokio::test]
async fn jitter_takes_at_most_half() {
    let policy = RetryPolicy::new();
    let (stub, client, clock) = setup_with(|builder| builder.retry(policy));
    stub.on("/", [Reply::status(500), Reply::status(500), Reply::ok("")]);
    client.get(stub.url("/")).send().await.unwrap();
    let waits = clock.waits();
    for (wait, most) in waits.iter().zip([2.0, 4.0]) {
        assert!(
            (most / 2.0..=most).contains(&wait.as_secs_f64()),
            "{waits:?}"
        );
    }
    assert_eq!(waits.len(), 2);
}

#[tokio::test]
async fn retry_after_in_seconds_and_as_a_date() {
    let (stub, client, clock) = setup();
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(30));
    stub.on(
        "/",
        [
            Reply::status(429).header("retry-after", "7"),
            Reply::status(503).header("retry-after", &date),
            Reply::ok(""),
        ],
    );
    let answer = client.get(stub.url("/")).send().await.unwrap();
    assert_eq!(answer.attempts(), 3);
    let waits = seconds(&clock);
    assert_eq!(waits[0], 7);
    assert!((20..=30).contains(&waits[1]), "{waits:?}");
}

#[tokio::test]
async fn a_far_retry_after_ends_the_call_at_once() {
    let (stub, client, clock) = setup();
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(86_400));
    stub.on(
        "/seconds",
        [Reply::status(429).header("retry-after", "3600")],
    );
    stub.on("/date", [Reply::status(503).header("retry-after", &date)]);
    stub.on(
        "/past",
        [
            Reply::status(503).header("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"),
            Reply::ok(""),
        ],
    );
    for path in ["/seconds", "/date"] {
        let error = client.get(stub.url(path)).send().await.unwrap_err();
        assert_eq!((error.code(), error.attempts()), (606, 1));
        assert!(error.to_string().contains("Retry-After"), "{error}");
    }
    assert!(clock.waits().is_empty());
    // One that is over leaves the documented wait.
    let answer = client.get(stub.url("/past")).send().await.unwrap();
    assert_eq!((answer.attempts(), seconds(&clock)), (2, vec![2]));
}

#[tokio::test]
async fn what_may_act_twice_is_sent_once() {
    let (stub, client, _) = setup();
    for (path, method) in [("/post", Method::POST), ("/patch", Method::PATCH)] {
        stub.on(path, [Reply::status(500)]);
        let answer = client
            .request(method, stub.url(path))
            .body("x")
            .send()
            .await;
        let answer = answer.unwrap();
        assert_eq!((answer.status_code(), answer.attempts()), (500, 1));
    }
    // Nothing of it is lost to the caller.
    for (path, method) in [("/put", Method::PUT), ("/delete", Method::DELETE)] {
        stub.on(path, [Reply::status(500), Reply::status(204)]);
        let answer = client
            .request(method, stub.url(path))
            .body("x")
            .send()
            .await;
        assert_eq!(answer.unwrap().attempts(), 2);
    }
}

#[tokio::test]
async fn what_may_act_twice_is_repeated_when_asked_for_or_safe() {
    let (stub, client, _) = setup();
    stub.on("/", [Reply::status(500), Reply::ok("")]);
    let keyed = client
        .post(stub.url("/"))
        .header("Idempotency-Key", "a1")
        .json(&1);
    assert_eq!(keyed.send().await.unwrap().attempts(), 2);
    assert_eq!(stub.requests()[1].text(), "1");

    stub.on("/", [Reply::status(500), Reply::ok("")]);
    let bold = RetryPolicy::new().retry_unsafe(true);
    let asked = client.post(stub.url("/")).retry(bold).body("x");
    assert_eq!(asked.send().await.unwrap().attempts(), 2);
}

#[tokio::test]
async fn a_post_that_was_not_sent_is_repeated() {
    let (_, client, clock) = setup();
    let nobody = closed_port();
    let error = client.post(nobody).body("x").send().await.unwrap_err();
    assert_eq!((error.code(), error.attempts()), (603, 3));
    assert_eq!(seconds(&clock), [2, 4]);
}

fn closed_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

#[tokio::test]
async fn without_retries_the_answer_comes_back() {
    let (stub, client, clock) = setup_with(|builder| builder.retry(RetryPolicy::none()));
    stub.on("/", [Reply::status(500)]);
    let answer = client.get(stub.url("/")).send().await.unwrap();
    assert_eq!((answer.status_code(), clock.waits().len()), (500, 0));
}

#[tokio::test]
async fn the_deadline_of_the_request_being_served_is_the_shorter_one() {
    let (stub, client, clock) = setup();
    stub.on("/", [Reply::status(500)]);
    stub.on("/hole", [Reply::black_hole()]);
    let served = |left| Served {
        id: RequestId::random(),
        deadline: Some(Instant::now() + left),
        trace: None,
    };
    // Time for the wait of 2 s, not for that of 4 s.
    let call = {
        let _scope = served(Duration::from_secs(5)).enter();
        client.get(stub.url("/")).into_future()
    };
    let error = call.await.unwrap_err();
    assert_eq!((error.code(), error.attempts()), (606, 2));
    assert_eq!(seconds(&clock), [2]);

    // An attempt ends with it, too.
    let started = Instant::now();
    let call = {
        let _scope = served(clock.waits()[0] + Duration::from_millis(300)).enter();
        client.get(stub.url("/hole")).into_future()
    };
    let error = call.await.unwrap_err();
    assert_eq!((error.code(), error.attempts()), (604, 1));
    assert!(started.elapsed() < AMPLE);

    // And nothing is sent when it is over.
    let sent = stub.requests().len();
    let call = {
        let _scope = served(Duration::ZERO).enter();
        client.get(stub.url("/")).into_future()
    };
    let error = call.await.unwrap_err();
    assert_eq!((error.code(), error.attempts()), (604, 0));
    assert_eq!(stub.requests().len(), sent);
}

#[test]
fn a_policy_without_attempts_is_refused() {
    let policy = RetryPolicy::new().stop_max_attempt_number(0);
    let error = fastkit::client::AsyncClient::builder()
        .retry(policy)
        .build();
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("stop_max_attempt_number")
    );
}
