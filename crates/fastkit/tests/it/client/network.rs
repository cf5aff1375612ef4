//! Connections that break, never come, or take too long: codes, and no secrets in errors.

use super::{AMPLE, setup, setup_with};
use fastkit::client::{Error, RetryPolicy, stub::Reply};
use std::{
    error::Error as _,
    time::{Duration, Instant},
};

fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    text
}

#[tokio::test]
async fn a_refused_connection_is_603() {
    let (stub, client, _) = setup();
    let url = stub
        .url("/a?token=hunter2")
        .replace("://", "://me:hunter2@");
    drop(stub);
    // The port may take a moment to be free.
    let error = client.get(url).send().await.unwrap_err();
    assert_eq!(
        (error.code(), error.attempts()),
        (603, 3),
        "{}",
        chain(&error)
    );
    assert!(error.is_connect() && !error.is_timeout());
    assert!(!chain(&error).contains("hunter2"), "{}", chain(&error));
    assert!(!format!("{error:?}").contains("hunter2"));
    assert!(error.url().unwrap().ends_with("/a?token=***"));
    assert!(error.source().is_some());
}

#[tokio::test]
async fn an_unknown_name_is_603() {
    let (_, client, _) = setup();
    let error = client
        .get("http://no-such-host.invalid/")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), 603, "{}", chain(&error));
    assert!(error.is_dns() && error.is_connect());
}

#[tokio::test]
async fn a_reset_before_or_within_the_answer_is_605_and_retried() {
    for broken in [
        Reply::reset(),
        Reply::close_silently(),
        Reply::ok("0123456789").reset_after(0),
        Reply::ok("0123456789").reset_after(4),
        Reply::ok("0123456789").truncate_after(4),
        Reply::raw("this is no HTTP\r\n\r\n"),
    ] {
        let (stub, client, _) = setup();
        stub.on("/", [broken.clone(), Reply::ok("whole")]);
        let answer = client.get(stub.url("/")).send().await.unwrap();
        assert_eq!(
            (&*answer.text(), answer.attempts()),
            ("whole", 2),
            "{broken:?}"
        );

        stub.on("/", [broken.clone()]);
        let error = client.get(stub.url("/")).send().await.unwrap_err();
        assert_eq!(
            (error.code(), error.attempts()),
            (605, 3),
            "{broken:?} {}",
            chain(&error)
        );
        assert!(error.is_network());

        // What may have been done is not sent again.
        let error = client
            .post(stub.url("/"))
            .body("x")
            .send()
            .await
            .unwrap_err();
        assert_eq!((error.code(), error.attempts()), (605, 1), "{broken:?}");
    }
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_made_anew() {
    let (stub, client, _) = setup();
    stub.on("/", [Reply::ok("a").close(), Reply::ok("b")]);
    for expected in ["a", "b", "b"] {
        let answer = client.get(stub.url("/")).send().await.unwrap();
        assert_eq!(answer.text(), expected);
    }
    let connections: Vec<_> = stub.requests().iter().map(|r| r.connection).collect();
    assert_eq!(connections.last(), Some(&1), "kept alive: {connections:?}");
}

#[tokio::test]
async fn a_black_hole_is_604_after_each_attempt() {
    let limit = Duration::from_millis(100);
    let (stub, client, _) = setup_with(|builder| builder.timeout(limit));
    stub.on("/", [Reply::black_hole()]);
    let started = Instant::now();
    let error = client.get(stub.url("/")).send().await.unwrap_err();
    assert_eq!(
        (error.code(), error.attempts()),
        (604, 3),
        "{}",
        chain(&error)
    );
    assert!(error.is_timeout());
    assert!(started.elapsed() >= 3 * limit && started.elapsed() < AMPLE);
    stub.on("/", [Reply::black_hole(), Reply::ok("late")]);
    let request = client.get(stub.url("/")).timeout(20 * limit);
    assert_eq!(request.send().await.unwrap().attempts(), 2);
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_604() {
    let slow = Reply::ok("x".repeat(1000)).pieces(1, Duration::from_millis(20));
    let (stub, client, _) = setup_with(|builder| {
        builder
            .timeout(Duration::from_millis(200))
            .retry(RetryPolicy::none())
    });
    stub.on("/", [slow]);
    let error = client.get(stub.url("/")).send().await.unwrap_err();
    assert_eq!(error.code(), 604, "{}", chain(&error));

    let (stub, client, _) = setup_with(|builder| {
        builder
            .read_timeout(Duration::from_millis(100))
            .retry(RetryPolicy::none())
    });
    stub.on("/", [Reply::ok("ab").pieces(1, Duration::from_secs(2))]);
    let error = client.get(stub.url("/")).send().await.unwrap_err();
    assert_eq!(error.code(), 604, "{}", chain(&error));
}
