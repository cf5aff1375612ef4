//! Event streams: what goes over the wire, how they end, what the document says.

use crate::support::{api, client, client_with};
use fastflyer::{
    fastkit::context::Served,
    prelude::*,
    sse::{Event, EventStream, LastEventId, Text},
    testing::TestServer,
};
use futures_util::{Stream, StreamExt as _, stream};
use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

#[derive(Serialize, JsonSchema)]
struct Tick {
    count: u64,
}

/// Events from a number on.
#[get("/ticks/{most}", tag = "live")]
async fn ticks(most: u64, LastEventId(last): LastEventId<u64>) -> EventStream<Tick> {
    let first = last.map_or(1, |last| last + 1);
    let ticks = (first..=most).map(|count| Event::new(Tick { count }).id(count).name("tick"));
    EventStream::new(stream::iter(ticks))
}

#[get("/lines")]
async fn lines() -> EventStream<Text> {
    EventStream::new(stream::iter([
        Event::text("a\r\n\r\nevent: forged\ndata: b").retry(Duration::from_secs(2)),
        Event::text("c").name("x\ndata: forged").id("1\r\n\r\n"),
    ]))
}

#[get("/refused", codes = [403])]
async fn refused() -> Result<EventStream<Text>> {
    Err(ApiError::forbidden().message("no events for you"))
}

#[get("/fails")]
async fn fails() -> EventStream<u8> {
    let events = [Ok(Event::new(1)), Err(std::io::Error::other("secret"))];
    EventStream::new(stream::iter(events))
}

#[get("/panics")]
async fn panics() -> EventStream<u8> {
    EventStream::new(stream::iter(0..2).map(|n| match n {
        0 => Event::new(n),
        _ => panic!("boom"),
    }))
}

#[get("/silent")]
async fn silent() -> EventStream<Text> {
    let first = stream::iter([Event::text("hello")]);
    EventStream::new(first.chain(stream::pending())).keep_alive(Duration::from_millis(20))
}

#[get("/quiet")]
async fn quiet() -> EventStream<Text> {
    let first = stream::iter([Event::text("hello")]);
    EventStream::new(first.chain(stream::pending()))
}

/// Tells when its stream is dropped.
#[derive(Clone)]
struct Dropped(Arc<Mutex<Option<mpsc::Sender<()>>>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        // The sender goes with the last clone that a stream holds.
        if let Some(sender) = self.0.lock().ok().and_then(|mut slot| slot.take()) {
            let _ = sender.send(());
        }
    }
}

struct Watched {
    dropped: Dropped,
}

impl Stream for Watched {
    type Item = Event<Text>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        let _ = &self.dropped;
        std::task::Poll::Pending
    }
}

type Slot = Arc<Mutex<Option<mpsc::Sender<()>>>>;

#[get("/watched")]
async fn watched(State(slot): State<Slot>) -> EventStream<Text> {
    let sender = slot.lock().unwrap().take();
    let dropped = Dropped(Arc::new(Mutex::new(sender)));
    EventStream::new(Watched { dropped }).keep_alive(Duration::from_millis(10))
}

fn router() -> Router {
    fastflyer::routes![ticks, lines, refused, fails, panics, quiet, silent]
}

#[tokio::test]
async fn events_come_with_their_names_and_ids() {
    let client = client(router());
    let mut events = client.get("/demo/ticks/2").events().await;
    let header = |name: &str| events.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-accel-buffering"), "no");
    assert_eq!(header("x-request-id").len(), 36);
    for count in 1..=2 {
        let event = events.next().await.unwrap();
        assert_eq!(
            (event.name.as_str(), event.id),
            ("tick", Some(count.to_string()))
        );
        assert_eq!(
            serde_json::json!({ "count": count }),
            event_json(&event.data)
        );
    }
    assert_eq!(events.next().await, None);
}

fn event_json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// What is known of the request where its events are made. It is asked in the stream: the handler has returned by then.
#[get("/served")]
fn served() -> EventStream<Text> {
    EventStream::new(stream::iter([()]).map(|()| {
        let served = Served::current().unwrap();
        let trace = served.trace.map(|trace| trace.parent().to_owned());
        Event::text(format!("{} {trace:?} {:?}", served.id, served.deadline))
    }))
}

#[tokio::test]
async fn events_are_made_in_their_request_and_its_trace() {
    let limits = [("flyer_request_timeout", "60")];
    let client = client_with(fastflyer::routes![served], &limits);
    let request = client.get("/demo/served").header("x-request-id", "r-1");
    let request = request.header("traceparent", PARENT);
    let event = request.events().await.next().await.unwrap();
    assert_eq!(event.data, format!("r-1 Some({PARENT:?}) None"));
}

#[tokio::test]
async fn a_client_goes_on_where_it_left_off() {
    let client = client(router());
    for (id, expected) in [("2", "3"), ("", "1"), ("an old id", "1"), ("-1", "1")] {
        let request = client.get("/demo/ticks/3").header("last-event-id", id);
        let first = request.events().await.next().await.unwrap();
        assert_eq!(first.id.as_deref(), Some(expected), "{id:?}");
    }
}

#[tokio::test]
async fn no_event_can_forge_another() {
    let mut events = client(router()).get("/demo/lines").events().await;
    let first = events.next().await.unwrap();
    assert_eq!(first.data, "a\n\nevent: forged\ndata: b");
    assert_eq!(first.name, "");
    assert_eq!(events.retry(), Some(Duration::from_secs(2)));
    let second = events.next().await.unwrap();
    assert_eq!(
        (second.data.as_str(), second.name.as_str(), second.id),
        ("c", "", None)
    );
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn a_refusal_before_the_stream_has_the_uniform_shape() {
    let answer = client(router()).get("/demo/refused").send().await;
    assert_eq!(answer.status(), 403);
    assert_eq!(answer.json()["message"], "no events for you");
    let answer = client(router()).get("/demo/ticks/many").send().await;
    assert_eq!(answer.status(), 422);
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_is_kept_alive() {
    let mut events = client(router()).get("/demo/quiet").events().await;
    assert_eq!(events.next().await.unwrap().data, "hello");
    // The clock is the test's: it goes on when nothing else does.
    let silence = tokio::time::timeout(Duration::from_secs(40), events.next()).await;
    assert!(silence.is_err(), "an event that nobody sent");
    assert_eq!(events.comments(), 2, "one every 15 seconds");
}

/// Asks over a real socket and reads until the connection ends.
fn raw(server: &TestServer, path: &str) -> TcpStream {
    let mut socket = TcpStream::connect(server.address()).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
    socket.write_all(request.as_bytes()).unwrap();
    socket
}

fn read_until(socket: &mut TcpStream, end: &str) -> String {
    let mut seen = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        let text = String::from_utf8_lossy(&seen).into_owned();
        if text.contains(end) {
            return text;
        }
        let count = socket.read(&mut buffer).unwrap();
        assert!(count > 0, "ended before {end:?}: {text}");
        seen.extend_from_slice(&buffer[..count]);
    }
}

#[test]
fn a_stream_that_fails_breaks_off_and_tells_nothing() {
    let server = TestServer::start(api(router())).unwrap();
    for path in ["/demo/fails", "/demo/panics"] {
        let mut text = String::new();
        raw(&server, path).read_to_string(&mut text).unwrap();
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(body.contains("data: "), "{text}");
        assert!(
            !body.ends_with("0\r\n\r\n"),
            "the end of a whole answer: {text}"
        );
        assert!(!text.contains("secret") && !text.contains("boom"), "{text}");
    }
    // The service goes on.
    let mut socket = raw(&server, "/demo/ticks/1");
    read_until(&mut socket, "0\r\n\r\n");
}

#[test]
fn the_stop_of_the_service_ends_a_stream_with_a_hint() {
    let server =
        TestServer::with_settings(api(router()), [("flyer_graceful_timeout", "20")]).unwrap();
    let mut socket = raw(&server, "/demo/silent");
    read_until(&mut socket, "hello");
    server.begin_stop();
    let rest = read_until(&mut socket, "0\r\n\r\n");
    let hint = rest.split("retry: ").nth(1).unwrap();
    let wait: u64 = hint.lines().next().unwrap().parse().unwrap();
    assert!((500..3000).contains(&wait), "{wait}");
    assert_eq!(server.stop(), 0, "nothing was cut");
}

#[test]
fn a_client_that_leaves_ends_the_stream() {
    let (sender, dropped) = mpsc::channel();
    let slot: Slot = Arc::new(Mutex::new(Some(sender)));
    let api = api(fastflyer::routes![watched]).state(slot);
    let server = TestServer::start(api).unwrap();
    let mut socket = raw(&server, "/demo/watched");
    read_until(&mut socket, "text/event-stream");
    drop(socket);
    dropped.recv_timeout(Duration::from_secs(30)).unwrap();
    server.stop();
}

#[test]
fn the_access_log_does_not_hold_a_stream_back() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    let settings = [
        ("flyer_access_log", "1"),
        ("flyer_access_logfile", log.to_str().unwrap()),
    ];
    let server = TestServer::with_settings(api(router()), settings).unwrap();
    let mut socket = raw(&server, "/demo/silent");
    // It would never come if it waited for the end.
    read_until(&mut socket, "hello");
    server.stop();
}

#[tokio::test]
async fn the_document_knows_the_data_of_the_events() {
    let client = client_with(router(), &[("flyer_locale", "en")]);
    let document = client.app().openapi();
    let operation = &document["paths"]["/demo/ticks/{most}"]["get"];
    let success = &operation["responses"]["200"];
    let schema = &success["content"]["text/event-stream"]["schema"];
    assert_eq!(schema["$ref"], "#/components/schemas/Tick");
    assert!(
        success["description"]
            .as_str()
            .unwrap()
            .contains("stream of events")
    );
    assert_eq!(operation["parameters"][1]["name"], "Last-Event-ID");
    assert_eq!(operation["parameters"][1]["required"], false);
    let text = &document["paths"]["/demo/refused"]["get"]["responses"];
    assert_eq!(
        text["200"]["content"]["text/event-stream"]["schema"]["type"],
        "string"
    );
    assert!(text.get("403").is_some());
}
