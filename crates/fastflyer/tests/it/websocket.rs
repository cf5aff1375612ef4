//! WebSockets: handshake, messages, limits, ends. In process where that shows it, else over a real
//! socket with a client that is not ours.

use crate::support::{AUTH, CREDENTIALS, api, client, client_with, reasons};
use fastflyer::{
    Operation,
    fastkit::context::Served,
    http::Method,
    prelude::*,
    testing::{TestClient, TestServer},
    ws::{Accepted, CloseCode, Config as Limits, JsonSocket, Message, Sender, Upgrade, WebSocket},
};
use futures_util::{SinkExt as _, StreamExt as _};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, sync::mpsc, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, client::IntoClientRequest as _, protocol::CloseFrame},
};

/// Long enough for any machine; what is awaited comes at once.
const PATIENCE: Duration = Duration::from_secs(60);

/// What handlers tell the tests.
#[derive(Clone)]
struct Reports(mpsc::UnboundedSender<String>);

impl Reports {
    fn tell(&self, text: impl ToString) {
        self.0.send(text.to_string()).unwrap();
    }
}

/// Tells when it is dropped.
struct Guard(Reports);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.0.send("dropped".to_owned());
    }
}

/// A room.
#[websocket("/echo/{name}", tag = "live", summary = "Echo", max_message = 1000)]
async fn echo(
    name: String,
    #[query(default = 1)] times: u8,
    State(reports): State<Reports>,
    mut socket: WebSocket,
) -> Result<()> {
    while let Some(message) = socket.recv().await {
        match message {
            Ok(Message::Text(text)) => {
                for _ in 0..times {
                    socket.send(format!("{name}: {text}")).await?;
                }
            }
            Ok(bytes) => socket.send(bytes).await?,
            Err(error) => {
                reports.tell(&error);
                return Err(error.into());
            }
        }
    }
    reports.tell(format!("closed with {}", socket.close_code().unwrap()));
    Ok(())
}

#[websocket("/ends/{how}")]
async fn ends(how: String, socket: WebSocket) -> Result<()> {
    socket.send("last words").await?;
    match how.as_str() {
        "forbidden" => Err(ApiError::forbidden().message("房间已满")),
        "fails" => Err(std::io::Error::other("secret"))?,
        "panics" => panic!("boom"),
        "closes" => {
            let code = CloseCode::try_from(4001)?;
            socket.close(code, "go elsewhere").await;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Ends with an error after both halves are gone.
#[websocket("/halves")]
async fn halves(socket: WebSocket) -> Result<()> {
    drop(socket.split());
    Err(ApiError::internal())
}

#[derive(Deserialize, JsonSchema)]
struct Question {
    number: u64,
}

#[derive(Serialize, JsonSchema)]
struct Answer {
    square: u64,
}

#[websocket("/squares", tag = "live")]
async fn squares(mut socket: JsonSocket<Question, Answer>) -> Result<()> {
    while let Some(question) = socket.recv().await {
        let number = question?.number;
        socket
            .send(&Answer {
                square: number * number,
            })
            .await?;
    }
    Ok(())
}

#[websocket("/protocols", protocols = ["v2", "v1"], origins = ["https://app.example"])]
async fn protocols(socket: WebSocket) -> Result<()> {
    let protocol = socket.protocol().unwrap_or("none").to_owned();
    socket.send(protocol).await?;
    Ok(())
}

#[websocket("/open", any_origin)]
async fn open(_socket: WebSocket) {}

/// Sends now and then, and does not care for what comes.
#[websocket("/clock")]
async fn clock(socket: WebSocket) -> Result<()> {
    let (sender, receiver) = socket.split();
    drop(receiver);
    for count in 1..=30 {
        tokio::time::sleep(Duration::from_secs(20)).await;
        sender.send(count.to_string()).await?;
    }
    Ok(())
}

/// Does not notice anything.
#[websocket("/deaf")]
async fn deaf(State(reports): State<Reports>, socket: WebSocket) {
    let _guard = Guard(reports);
    let _socket = socket;
    std::future::pending::<()>().await;
}

#[websocket("/flood")]
async fn flood(State(reports): State<Reports>, socket: WebSocket) {
    let (sender, _receiver) = socket.split();
    let full = loop {
        match sender.try_send("x".repeat(10_000)) {
            Ok(()) => tokio::task::yield_now().await,
            Err(error) => break error,
        }
    };
    reports.tell(full.is_full());
}

/// Never ceases to send, and more than a socket takes at once.
#[websocket("/fountain")]
async fn fountain(socket: WebSocket) -> Result<()> {
    loop {
        socket.send("x".repeat(1_000_000)).await?;
    }
}

type Room = Arc<Mutex<Vec<Sender>>>;

#[websocket("/room")]
async fn room(State(room): State<Room>, socket: WebSocket) {
    let (sender, mut receiver) = socket.split();
    room.lock().unwrap().push(sender);
    while let Some(Ok(message)) = receiver.recv().await {
        for member in room.lock().unwrap().iter() {
            let _ = member.try_send(message.clone());
        }
    }
}

/// An argument of axum's own, so that the request goes through its router.
#[websocket("/foreign")]
async fn foreign(uri: fastflyer::axum::extract::OriginalUri, socket: WebSocket) -> Result<()> {
    socket.send(uri.path().to_owned()).await?;
    Ok(())
}

fn router() -> Router {
    let by_hand = Operation::new(Method::GET, "/by-hand/{name}", "by_hand")
        .websocket(Limits::new().max_message(10))
        .try_handler(by_hand);
    fastflyer::routes![
        echo, ends, halves, squares, protocols, open, clock, deaf, flood, fountain, room, foreign
    ]
    .route(by_hand)
}

async fn by_hand(
    fastflyer::extract::Path(name): fastflyer::extract::Path<String>,
    upgrade: Upgrade,
) -> Result<Accepted> {
    if name == "nobody" {
        return Err(ApiError::not_found().message("nobody is not here"));
    }
    Ok(upgrade.run(|socket| async move { socket.send(name).await }))
}

fn with_states() -> (FlyerApi, mpsc::UnboundedReceiver<String>) {
    let (sender, reports) = mpsc::unbounded_channel();
    let api = api(router()).state(Reports(sender)).state(Room::default());
    (api, reports)
}

fn in_process() -> (TestClient, mpsc::UnboundedReceiver<String>) {
    let (api, reports) = with_states();
    (TestClient::new(api).unwrap(), reports)
}

fn served(settings: &[(&str, &str)]) -> (TestServer, mpsc::UnboundedReceiver<String>) {
    let (api, reports) = with_states();
    let server = TestServer::with_settings(api, settings.iter().copied()).unwrap();
    (server, reports)
}

type Client = WebSocketStream<TcpStream>;

async fn connect(server: &TestServer, path: &str) -> Client {
    let address = server.address();
    let socket = TcpStream::connect(address).await.unwrap();
    let request = format!("ws://{address}/demo{path}");
    let request = request.into_client_request().unwrap();
    client_async(request, socket).await.unwrap().0
}

async fn next(client: &mut Client) -> tungstenite::Message {
    timeout(PATIENCE, client.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap()
}

/// The code and reason that the service closes with; the connection has ended then.
async fn closed(client: &mut Client) -> (u16, String) {
    loop {
        if let tungstenite::Message::Close(frame) = next(client).await {
            // Our answer goes out while it is read on.
            while let Ok(Some(Ok(_))) = timeout(PATIENCE, client.next()).await {}
            let frame: CloseFrame = frame.unwrap();
            return (frame.code.into(), frame.reason.to_string());
        }
    }
}

async fn told(reports: &mut mpsc::UnboundedReceiver<String>) -> String {
    timeout(PATIENCE, reports.recv()).await.unwrap().unwrap()
}

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// What is known of the request where the socket is served.
#[websocket("/served")]
async fn traced(socket: WebSocket) -> Result<()> {
    let served = Served::current().unwrap();
    let trace = served.trace.map(|trace| trace.parent().to_owned());
    let text = format!("{} {trace:?} {:?}", served.id, served.deadline);
    socket.send(text).await?;
    Ok(())
}

#[tokio::test]
async fn a_handler_runs_in_its_request_and_its_trace() {
    let limits = [("flyer_request_timeout", "60")];
    let client = client_with(fastflyer::routes![traced], &limits);
    let request = client.get("/demo/served").header("x-request-id", "r-1");
    let request = request.header("traceparent", PARENT);
    let mut socket = request.websocket().await.unwrap();
    let text = socket.recv().await.unwrap();
    let expected = format!("r-1 Some({PARENT:?}) None");
    assert_eq!(text, Message::from(expected));
}

#[tokio::test]
async fn messages_go_both_ways() {
    let (client, mut reports) = in_process();
    let mut socket = client
        .get("/demo/echo/安?times=2")
        .websocket()
        .await
        .unwrap();
    assert_eq!(socket.headers()["x-request-id"].len(), 36);
    socket.send("你好").await;
    for _ in 0..2 {
        assert_eq!(socket.recv().await, Some(Message::from("安: 你好")));
    }
    socket.send(vec![1, 2, 3]).await;
    assert_eq!(socket.recv().await, Some(Message::from(vec![1, 2, 3])));
    let answered = socket.close(CloseCode::GOING_AWAY).await;
    assert_eq!(answered, CloseCode::GOING_AWAY);
    assert_eq!(told(&mut reports).await, "closed with 1001");
}

#[tokio::test]
async fn arguments_are_judged_before_the_upgrade() {
    let (client, _reports) = in_process();
    let request = client.get("/demo/echo/a?times=many");
    let answer = request.websocket().await.unwrap_err();
    assert_eq!(answer.status(), 422);
    assert!(answer.json()["error"].get("query.times").is_some());
    let answer = client
        .get("/demo/by-hand/nobody")
        .websocket()
        .await
        .unwrap_err();
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.json()["message"], "nobody is not here");
}

#[tokio::test]
async fn a_socket_by_hand_keeps_its_limits() {
    let (client, _reports) = in_process();
    let mut socket = client.get("/demo/by-hand/ann").websocket().await.unwrap();
    assert_eq!(socket.recv().await, Some(Message::from("ann")));
    assert_eq!(socket.recv().await, None);
    assert_eq!(socket.close_code(), CloseCode::NORMAL);
}

#[tokio::test]
async fn a_wrong_handshake_is_answered_in_the_uniform_shape() {
    let (client, _reports) = in_process();
    let path = "/demo/echo/a";
    let answer = client.get(path).send().await;
    assert_eq!(
        (answer.status(), answer.header("upgrade")),
        (426, "websocket")
    );
    assert_eq!(answer.json()["code"], 426);

    let request = client.get(path).header("sec-websocket-version", "8");
    let answer = request.websocket().await.unwrap_err();
    assert_eq!(answer.status(), 426);
    assert_eq!(answer.header("sec-websocket-version"), "13");

    for key in ["", "c2hvcnQ=", "no base64 at all!!!!!"] {
        let request = client.get(path).header("sec-websocket-key", key);
        let answer = request.websocket().await.unwrap_err();
        assert_eq!(answer.status(), 400, "{key}");
    }
    let answer = client.post(path).websocket().await.unwrap_err();
    assert_eq!((answer.status(), answer.header("allow")), (405, "GET"));
}

#[tokio::test]
async fn pages_of_other_sites_are_kept_out() {
    let (client, _reports) = in_process();
    let from = |path: &str, origin: &str| {
        let path = format!("/demo{path}");
        client
            .get(&path)
            .header("host", "api.example")
            .header("origin", origin)
            .websocket()
    };
    let answer = from("/echo/a", "https://evil.example").await.unwrap_err();
    assert_eq!(answer.status(), 403);
    assert_eq!(answer.json()["status"], "error");
    from("/echo/a", "https://api.example").await.unwrap();
    from("/open", "https://evil.example").await.unwrap();
    from("/protocols", "https://app.example").await.unwrap();
    assert_eq!(
        from("/protocols", "http://app.example")
            .await
            .unwrap_err()
            .status(),
        403
    );
}

#[tokio::test]
async fn a_subprotocol_is_agreed_on() {
    let (client, _reports) = in_process();
    for (offered, chosen) in [("v1, v2", "v2"), ("v1", "v1"), ("v9", "none")] {
        let request = client
            .get("/demo/protocols")
            .header("sec-websocket-protocol", offered);
        let mut socket = request.websocket().await.unwrap();
        assert_eq!(socket.recv().await, Some(Message::from(chosen)));
        let header = socket.headers().get("sec-websocket-protocol");
        let header = header.map_or("none", |value| value.to_str().unwrap());
        assert_eq!(header, chosen);
    }
}

#[tokio::test]
async fn authentication_covers_sockets() {
    let (api, _reports) = with_states();
    let client = TestClient::with_settings(api, AUTH).unwrap();
    let answer = client.get("/demo/open").websocket().await.unwrap_err();
    assert_eq!(answer.status(), 401);
    let request = client
        .get("/demo/open")
        .header("authorization", CREDENTIALS);
    request.websocket().await.unwrap();
}

#[tokio::test]
async fn the_end_of_the_handler_decides_the_code() {
    let (client, _reports) = in_process();
    for (how, code, reason) in [
        ("well", 1000, ""),
        ("forbidden", 1008, "房间已满"),
        ("fails", 1011, ""),
        ("panics", 1011, ""),
        ("closes", 4001, "go elsewhere"),
    ] {
        let path = format!("/demo/ends/{how}");
        let mut socket = client.get(&path).websocket().await.unwrap();
        assert_eq!(socket.recv().await, Some(Message::from("last words")));
        assert_eq!(socket.recv().await, None);
        assert_eq!(socket.close_code().number(), code, "{how}");
        assert_eq!(socket.close_reason(), reason, "{how}");
    }
    let mut socket = client.get("/demo/halves").websocket().await.unwrap();
    assert_eq!(socket.recv().await, None);
}

#[tokio::test]
async fn typed_messages_are_read_and_refused() {
    let (client, _reports) = in_process();
    let mut socket = client.get("/demo/squares").websocket().await.unwrap();
    socket.send_json(&serde_json::json!({"number": 7})).await;
    assert_eq!(socket.recv_json().await.unwrap()["square"], 49);
    socket
        .send_json(&serde_json::json!({"number": "seven"}))
        .await;
    assert_eq!(socket.recv().await, None);
    assert_eq!(socket.close_code(), CloseCode::INVALID_DATA);

    let mut socket = client.get("/demo/squares").websocket().await.unwrap();
    socket.send(vec![1]).await;
    assert_eq!(socket.recv().await, None);
    assert_eq!(socket.close_code(), CloseCode::UNSUPPORTED_DATA);
}

#[tokio::test]
async fn others_send_to_a_member_of_a_room() {
    let (client, _reports) = in_process();
    let mut ann = client.get("/demo/room").websocket().await.unwrap();
    ann.send("first").await;
    assert_eq!(ann.recv().await, Some(Message::from("first")));
    let mut bob = client.get("/demo/room").websocket().await.unwrap();
    bob.send("second").await;
    for socket in [&mut ann, &mut bob] {
        assert_eq!(socket.recv().await, Some(Message::from("second")));
    }
}

#[tokio::test]
async fn a_slow_member_is_noticed_without_waiting() {
    let (client, mut reports) = in_process();
    let _socket = client.get("/demo/flood").websocket().await.unwrap();
    assert_eq!(told(&mut reports).await, "true");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_pings_is_kept() {
    let (client, _reports) = in_process();
    let mut socket = client.get("/demo/clock").websocket().await.unwrap();
    for count in 1..=30 {
        assert_eq!(socket.recv().await, Some(Message::from(count.to_string())));
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_is_gone_and_a_deaf_handler_is_dropped() {
    let (client, mut reports) = in_process();
    let begun = tokio::time::Instant::now();
    // Nobody polls it, so no ping is answered.
    let _socket = client.get("/demo/deaf").websocket().await.unwrap();
    assert_eq!(reports.recv().await.unwrap(), "dropped");
    let lasted = begun.elapsed().as_secs();
    assert!((60..=110).contains(&lasted), "{lasted} s");
}

#[tokio::test]
async fn a_foreign_client_is_served_over_a_socket() {
    let (server, mut reports) = served(&[]);
    let mut client = connect(&server, "/echo/ann").await;
    client.send(tungstenite::Message::text("hi")).await.unwrap();
    assert_eq!(
        next(&mut client).await,
        tungstenite::Message::text("ann: hi")
    );
    client
        .send(tungstenite::Message::Ping("p".into()))
        .await
        .unwrap();
    assert_eq!(
        next(&mut client).await,
        tungstenite::Message::Pong("p".into())
    );
    client.close(None).await.unwrap();
    while client.next().await.is_some() {}
    assert_eq!(told(&mut reports).await, "closed with 1005");
    let mut client = connect(&server, "/foreign").await;
    assert_eq!(
        next(&mut client).await,
        tungstenite::Message::text("/demo/foreign")
    );
    assert_eq!(closed(&mut client).await.0, 1000);
    assert_eq!(server.stop(), 0);
}

#[tokio::test]
async fn a_message_over_the_limit_closes_with_1009() {
    let (server, mut reports) = served(&[]);
    let mut client = connect(&server, "/echo/ann").await;
    client
        .send(tungstenite::Message::text("x".repeat(1000)))
        .await
        .unwrap();
    assert!(next(&mut client).await.is_text());
    // Much more than the limit is on its way when the service stops to read.
    let _ = client
        .send(tungstenite::Message::text("x".repeat(60_000)))
        .await;
    assert_eq!(closed(&mut client).await.0, 1009);
    assert!(told(&mut reports).await.contains("larger"));
}

/// A frame of a client: final, masked with zeros.
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode, 0x80 | payload.len() as u8, 0, 0, 0, 0];
    frame.extend_from_slice(payload);
    frame
}

#[tokio::test]
async fn what_breaks_the_protocol_is_closed_with_its_code() {
    let (server, mut reports) = served(&[]);
    let unmasked = vec![0x81, 1, b'x'];
    for (bytes, code) in [
        (frame(0x1, b"\xff\xfe"), 1007),
        (unmasked, 1002),
        (frame(0x3, b"reserved"), 1002),
        (frame(0x0, b"no beginning"), 1002),
        (frame(0x8, &[0x03, 0xed]), 1002),
    ] {
        let mut client = connect(&server, "/echo/ann").await;
        client.get_mut().write_all(&bytes).await.unwrap();
        let (seen, reason) = closed(&mut client).await;
        assert_eq!(seen, code, "{bytes:?}: {reason}");
        told(&mut reports).await;
    }
    let mut client = connect(&server, "/echo/ann").await;
    client
        .send(tungstenite::Message::text("still here"))
        .await
        .unwrap();
    assert!(next(&mut client).await.is_text());
}

#[tokio::test]
async fn a_client_that_is_gone_is_an_error_for_the_handler() {
    let (server, mut reports) = served(&[]);
    let client = connect(&server, "/echo/ann").await;
    drop(client);
    assert!(told(&mut reports).await.contains("lost"));
    // Nothing is left to wait for.
    assert_eq!(server.stop(), 0);
}

#[tokio::test]
async fn the_stop_of_the_service_says_goodbye() {
    let (server, mut reports) = served(&[("flyer_graceful_timeout", "30")]);
    let mut client = connect(&server, "/echo/ann").await;
    client.send(tungstenite::Message::text("hi")).await.unwrap();
    assert!(next(&mut client).await.is_text());
    server.begin_stop();
    assert_eq!(
        closed(&mut client).await,
        (1012, "the service restarts".to_owned())
    );
    assert_eq!(told(&mut reports).await, "closed with 1012");
    assert_eq!(
        tokio::task::spawn_blocking(|| server.stop()).await.unwrap(),
        0
    );
}

#[tokio::test]
async fn a_handler_that_never_ceases_to_send_cannot_hold_up_the_stop() {
    let (server, _reports) = served(&[("flyer_graceful_timeout", "30")]);
    let mut client = connect(&server, "/fountain").await;
    assert!(next(&mut client).await.is_text());
    server.begin_stop();
    assert_eq!(closed(&mut client).await.0, 1012);
    let stopped = tokio::task::spawn_blocking(|| server.stop());
    assert_eq!(stopped.await.unwrap(), 0, "nothing was cut");
}

#[tokio::test]
async fn a_client_that_does_not_answer_the_close_cannot_hold_up_the_stop() {
    let (server, mut reports) = served(&[("flyer_graceful_timeout", "1")]);
    let _client = connect(&server, "/deaf").await;
    let stopped = timeout(PATIENCE, tokio::task::spawn_blocking(|| server.stop()));
    assert_eq!(stopped.await.unwrap().unwrap(), 1, "one was cut");
    assert_eq!(told(&mut reports).await, "dropped");
}

#[tokio::test]
async fn the_access_log_has_the_handshake() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    let settings = [
        ("flyer_access_log", "1"),
        ("flyer_access_logfile", log.to_str().unwrap()),
    ];
    let (server, _reports) = served(&settings);
    let mut client = connect(&server, "/echo/ann").await;
    client
        .send(tungstenite::Message::text("private words"))
        .await
        .unwrap();
    assert!(next(&mut client).await.is_text());
    client.close(None).await.unwrap();
    while client.next().await.is_some() {}
    tokio::task::spawn_blocking(|| server.stop()).await.unwrap();
    // The last handle of the queue's writer is gone with the server.
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.contains(r#""status":101"#), "{text}");
    assert!(!text.contains("private words"), "{text}");
}

#[tokio::test]
async fn a_layer_around_a_socket_is_passed() {
    let layer = fastflyer::axum::middleware::from_fn(
        async |request, next: fastflyer::axum::middleware::Next| next.run(request).await,
    );
    let server = TestServer::start(api(fastflyer::routes![protocols].layer(layer))).unwrap();
    let mut client = connect(&server, "/protocols").await;
    assert_eq!(next(&mut client).await, tungstenite::Message::text("none"));
    assert_eq!(closed(&mut client).await.0, 1000);
}

#[tokio::test]
async fn the_document_shows_sockets() {
    let client = client_with(
        fastflyer::routes![squares, protocols],
        &[("flyer_locale", "en")],
    );
    let document = client.app().openapi();
    let operation = &document["paths"]["/demo/squares"]["get"];
    let responses = operation["responses"].as_object().unwrap();
    let statuses: Vec<&str> = responses.keys().map(String::as_str).collect();
    assert_eq!(statuses, ["101", "400", "403", "426", "default"]);
    let messages = &operation["x-websocket"];
    assert_eq!(
        messages["receives"]["$ref"],
        "#/components/schemas/Question"
    );
    assert_eq!(messages["sends"]["$ref"], "#/components/schemas/Answer");
    let untyped = &document["paths"]["/demo/protocols"]["get"];
    assert_eq!(untyped["x-websocket"], serde_json::json!({}));
}

#[derive(Deserialize, JsonSchema)]
struct Checked {
    #[schemars(length(min = 1))]
    #[expect(dead_code, reason = "only the schema is looked at")]
    name: String,
}

#[websocket("/checked")]
async fn checked(_socket: JsonSocket<Checked, u8>) {}

#[websocket("/with-body")]
async fn with_body(Json(_body): Json<u8>, _socket: WebSocket) {}

#[test]
fn what_nobody_would_check_or_read_stops_the_start() {
    let found = reasons(api(fastflyer::routes![checked]));
    assert!(
        found[0].contains("the constraints of messages are not checked"),
        "{found:?}"
    );
    let found = reasons(api(fastflyer::routes![with_body]));
    assert!(found[0].contains("a handshake has none"), "{found:?}");
    let _ = client(fastflyer::routes![open]);
}
