//! The blocking client: the same rules, on plain threads; an error on event loops.

use super::AMPLE;
use fastkit::client::{
    Client, ClientBuilder, RetryPolicy,
    stub::{Reply, SkippingClock, Stub},
};
use fastkit::context::{RequestId, Served, enter};
use std::{
    io::Read as _,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

fn builder(clock: &SkippingClock) -> ClientBuilder {
    Client::builder()
        .no_proxy()
        .no_log()
        .retry(RetryPolicy::new().jitter(false))
        .clock(clock)
}

fn setup() -> (Stub, Client) {
    let client = builder(&SkippingClock::new()).build_blocking().unwrap();
    (Stub::start().unwrap(), client)
}

#[test]
fn the_same_rules_on_a_plain_thread() {
    let (stub, client) = setup();
    stub.on("/", [Reply::status(500), Reply::ok("done")]);
    let id = RequestId::parse(b"outer").unwrap();
    let _scope = enter(id);
    let answer = client.put(stub.url("/")).json(&[1]).send().unwrap();
    assert_eq!(
        (&*answer.text(), answer.attempts(), answer.request_id()),
        ("done", 2, "outer")
    );
    stub.on("/", [Reply::status(503)]);
    assert_eq!(client.get(stub.url("/")).send().unwrap_err().code(), 606);
    assert_eq!(
        Client::new()
            .get(stub.url("/nothing"))
            .send()
            .unwrap()
            .status_code(),
        404
    );
}

#[test]
fn many_threads_at_once() {
    let (stub, client) = setup();
    stub.on("/", [Reply::ok("x")]);
    let url = stub.url("/");
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..10 {
                    assert_eq!(client.get(&url).send().unwrap().text(), "x");
                }
            });
        }
    });
    assert_eq!(stub.requests().len(), 160);
}

#[test]
fn large_answers_are_read_as_they_come() {
    let (stub, client) = setup();
    stub.on("/", [Reply::ok(vec![b'x'; 300_000])]);
    let mut answer = client.get(stub.url("/")).stream().unwrap();
    assert_eq!((answer.status_code(), answer.attempts()), (200, 1));
    let mut body = Vec::new();
    answer.read_to_end(&mut body).unwrap();
    assert_eq!(body.len(), 300_000);
    assert!(answer.chunk().unwrap().is_none());
    stub.on("/", [Reply::status(404)]);
    let error = client
        .get(stub.url("/"))
        .stream()
        .unwrap()
        .error_for_status();
    assert_eq!(error.unwrap_err().code(), 601);
}

#[tokio::test]
async fn on_an_event_loop_it_is_an_error() {
    let (stub, client) = setup();
    let error = client.get(stub.url("/")).send().unwrap_err();
    assert!(error.is_blocking() && error.code() == 600, "{error}");
    assert!(error.to_string().contains("AsyncClient"), "{error}");
    let task = {
        let (client, url) = (client.clone(), stub.url("/"));
        tokio::spawn(async move { client.get(url).send().map(drop) })
    };
    assert!(task.await.unwrap().unwrap_err().is_blocking());
    assert_eq!(stub.requests().len(), 0);
    // The task itself goes on as before.
    tokio::task::yield_now().await;

    // Threads for blocking work may use it, also those of tokio.
    let url = stub.url("/");
    let done = tokio::task::spawn_blocking(move || client.get(url).send().map(|a| a.status_code()));
    assert_eq!(done.await.unwrap().unwrap(), 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_the_workers_of_a_larger_runtime_too() {
    let (stub, client) = setup();
    let (url, other) = (stub.url("/"), client.clone());
    let task = tokio::spawn(async move { other.get(url).send().map(drop) });
    assert!(task.await.unwrap().unwrap_err().is_blocking());
    let url = stub.url("/");
    let done = tokio::task::spawn_blocking(move || client.get(url).send().map(|a| a.status_code()));
    assert_eq!(done.await.unwrap().unwrap(), 404);
}

#[test]
fn a_thread_that_has_only_entered_a_runtime_may_wait() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (stub, client) = setup();
    let _entered = runtime.enter();
    assert_eq!(client.get(stub.url("/")).send().unwrap().status_code(), 404);
}

#[test]
fn an_answer_that_does_not_come_holds_up_no_other_call() {
    let (stub, client) = setup();
    stub.on("/hole", [Reply::black_hole()]);
    stub.on("/", [Reply::ok("x")]);
    let (sender, receiver) = mpsc::channel();
    let (slow, hole) = (client.clone(), stub.url("/hole"));
    let waiting = thread::spawn(move || {
        let outcome = slow.get(hole).send();
        sender.send(()).unwrap();
        outcome.map(drop)
    });
    stub.wait_for(1, AMPLE).unwrap();
    assert_eq!(client.get(stub.url("/")).send().unwrap().text(), "x");
    assert!(receiver.try_recv().is_err());
    drop(stub);
    assert!(waiting.join().unwrap().is_err());
}

#[test]
fn a_thread_reads_on_until_the_deadline_of_the_request_that_it_serves() {
    let stub = Stub::start().unwrap();
    stub.on("/", [Reply::ok("never").pieces(1, 10 * AMPLE)]);
    let client = Client::builder()
        .no_proxy()
        .no_log()
        .no_timeout()
        .build_blocking()
        .unwrap();
    let mut answer = client.get(stub.url("/")).stream().unwrap();
    let served = Served {
        id: RequestId::random(),
        deadline: Some(Instant::now() + Duration::from_millis(50)),
        trace: None,
    };
    let _scope = served.enter();
    let error = answer.chunk().unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert!(answer.read(&mut [0; 1]).is_err());
}
