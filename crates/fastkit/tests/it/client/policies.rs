//! What keeps a client from making an outage worse: budget, circuit breaker; and hedging.

use super::{AMPLE, setup, setup_with};
use fastkit::{
    client::{CircuitBreaker, RetryPolicy, stub::Reply},
    context::{RequestId, Scoped, Served},
};
use std::time::{Duration, Instant};

/// Promise 15: in an outage an upstream gets at most 1.2 times the requests it would get without retries.
#[tokio::test]
async fn an_outage_is_not_made_worse() {
    const CALLS: usize = 200;
    let (stub, client, _) = setup();
    stub.on("/", [Reply::status(503)]);
    for _ in 0..CALLS {
        assert_eq!(
            client.get(stub.url("/")).send().await.unwrap_err().code(),
            606
        );
    }
    let load = stub.requests().len() as f64 / CALLS as f64;
    println!("load on the upstream in an outage: {load:.3}x (at most 1.2x)");
    assert!(load <= 1.2, "{load}");

    // Once it is well, a failure is retried again.
    stub.on("/", [Reply::ok("")]);
    for _ in 0..10 {
        client.get(stub.url("/")).send().await.unwrap();
    }
    stub.on("/", [Reply::status(503), Reply::ok("")]);
    assert_eq!(
        client.get(stub.url("/")).send().await.unwrap().attempts(),
        2
    );
}

#[tokio::test]
async fn hosts_have_budgets_of_their_own() {
    let (bad, client, _) = setup();
    bad.on("/", [Reply::status(503)]);
    let mut last = String::new();
    for _ in 0..20 {
        last = client
            .get(bad.url("/"))
            .send()
            .await
            .unwrap_err()
            .to_string();
    }
    assert!(last.contains("retry budget"), "{last}");
    let (good, ..) = setup();
    good.on("/", [Reply::status(503), Reply::ok("")]);
    assert_eq!(
        client.get(good.url("/")).send().await.unwrap().attempts(),
        2
    );
}

#[tokio::test]
async fn an_open_circuit_keeps_requests_back_until_a_probe_is_good() {
    let breaker = CircuitBreaker::new()
        .failures(3)
        .open_for(Duration::from_secs(30));
    let (stub, client, clock) =
        setup_with(|builder| builder.circuit_breaker(breaker).retry(RetryPolicy::none()));
    stub.on("/", [Reply::status(500)]);
    for _ in 0..3 {
        assert_eq!(
            client
                .get(stub.url("/"))
                .send()
                .await
                .unwrap()
                .status_code(),
            500
        );
    }
    let error = client.get(stub.url("/")).send().await.unwrap_err();
    assert!(error.is_circuit_open() && error.code() == 600 && error.attempts() == 0);
    assert_eq!(stub.requests().len(), 3);

    clock.advance(Duration::from_secs(31));
    stub.on("/", [Reply::ok("")]);
    for _ in 0..3 {
        assert!(client.get(stub.url("/")).send().await.unwrap().is_success());
    }
}

#[tokio::test]
async fn too_many_requests_is_no_failure_of_the_host() {
    let breaker = CircuitBreaker::new().failures(1);
    let (stub, client, _) =
        setup_with(|builder| builder.circuit_breaker(breaker).retry(RetryPolicy::none()));
    stub.on("/", [Reply::status(429)]);
    for _ in 0..3 {
        assert_eq!(
            client
                .get(stub.url("/"))
                .send()
                .await
                .unwrap()
                .status_code(),
            429
        );
    }
}

#[tokio::test]
async fn a_slow_answer_gets_a_rival() {
    let (stub, client, _) = setup_with(|builder| builder.hedge_after(Duration::from_millis(50)));
    stub.on("/", [Reply::black_hole(), Reply::ok("second")]);
    let answer = client.get(stub.url("/")).send().await.unwrap();
    assert_eq!((&*answer.text(), answer.attempts()), ("second", 2));

    // A rival that fails does not win.
    stub.on(
        "/slow",
        [
            Reply::ok("first").delay(Duration::from_millis(400)),
            Reply::status(500),
        ],
    );
    let answer = client.get(stub.url("/slow")).send().await.unwrap();
    assert_eq!((&*answer.text(), answer.attempts()), ("first", 2));
}

#[tokio::test]
async fn what_may_act_twice_gets_no_rival() {
    let (stub, client, _) = setup_with(|builder| builder.hedge_after(Duration::from_millis(10)));
    stub.on("/", [Reply::ok("only").delay(Duration::from_millis(200))]);
    let answer = client.post(stub.url("/")).body("x").send().await.unwrap();
    assert_eq!(
        (answer.attempts(), stub.wait_for(1, AMPLE).unwrap().len()),
        (1, 1)
    );
}

/// A caller whose own time ends says nothing of the host; the client's limit for an attempt does.
#[tokio::test]
async fn callers_that_run_out_of_time_open_no_circuit() {
    let breaker = CircuitBreaker::new().failures(2);
    let (stub, client, _) =
        setup_with(|builder| builder.circuit_breaker(breaker).retry(RetryPolicy::none()));
    stub.on("/hole", [Reply::black_hole()]);
    stub.on("/", [Reply::ok("well")]);
    for _ in 0..4 {
        let served = Served {
            id: RequestId::random(),
            deadline: Some(Instant::now() + Duration::from_millis(100)),
            trace: None,
        };
        let call = Scoped::new(served, client.get(stub.url("/hole")).send());
        assert!(call.await.unwrap_err().is_timeout());
    }
    let answer = client.get(stub.url("/")).send().await.unwrap();
    assert_eq!(answer.text(), "well");

    for _ in 0..2 {
        let served = Served {
            id: RequestId::random(),
            deadline: Some(Instant::now() + AMPLE),
            trace: None,
        };
        let request = client
            .get(stub.url("/hole"))
            .timeout(Duration::from_millis(50));
        let error = Scoped::new(served, request.send()).await.unwrap_err();
        assert!(error.is_timeout());
    }
    let error = client.get(stub.url("/")).send().await.unwrap_err();
    assert!(error.is_circuit_open());
}
