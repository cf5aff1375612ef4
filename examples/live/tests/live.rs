//! The service on a real socket, with a WebSocket client that is not ours.

use fastflyer::testing::{TestClient, TestServer};
use futures_util::{SinkExt as _, StreamExt as _};
use live_demo::app;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

type Client = WebSocketStream<TcpStream>;

async fn enter(server: &TestServer, room: &str, name: &str) -> Client {
    let address = server.address();
    let socket = TcpStream::connect(address).await.expect("a connection");
    let url = format!("ws://{address}/live/chat/{room}?name={name}");
    client_async(url, socket).await.expect("a handshake").0
}

async fn say(client: &mut Client, text: &str) {
    let message = Message::text(json!({ "text": text }).to_string());
    client.send(message).await.expect("an open WebSocket");
}

async fn hear(client: &mut Client) -> Value {
    let message = tokio::time::timeout(Duration::from_secs(60), client.next()).await;
    let message = message
        .expect("a message in time")
        .expect("a message")
        .expect("no error");
    serde_json::from_str(message.to_text().expect("text")).expect("JSON")
}

#[tokio::test]
async fn a_room_hears_what_its_members_say() {
    let server = TestServer::start(app()).expect("the app starts");
    let mut ann = enter(&server, "a", "ann").await;
    let mut bob = enter(&server, "a", "bob").await;
    let mut eve = enter(&server, "b", "eve").await;
    // Whoever hears itself is in the room.
    for (client, name) in [(&mut bob, "bob"), (&mut eve, "eve")] {
        say(client, "here").await;
        assert_eq!(hear(client).await, json!({"name": name, "text": "here"}));
    }
    say(&mut ann, "你好").await;
    let hello = json!({"name": "ann", "text": "你好"});
    assert_eq!(hear(&mut bob).await, hello);
    loop {
        // Ann may have heard bob arrive before.
        if hear(&mut ann).await == hello {
            break;
        }
    }
    say(&mut eve, "alone").await;
    assert_eq!(hear(&mut eve).await["text"], "alone");
}

#[tokio::test]
async fn the_stop_of_the_service_closes_the_rooms() {
    let server = TestServer::start(app()).expect("the app starts");
    let mut ann = enter(&server, "a", "ann").await;
    server.begin_stop();
    let message = ann.next().await.expect("a close").expect("no error");
    let Message::Close(Some(frame)) = message else {
        panic!("no close: {message}")
    };
    assert_eq!(u16::from(frame.code), 1012);
}

#[tokio::test]
async fn a_guest_without_a_name_is_refused_before_the_upgrade() {
    let client = TestClient::new(app()).expect("the app starts");
    let answer = client.get("/live/chat/a?name=").websocket().await;
    assert_eq!(answer.expect_err("a refusal").status(), 422);
}

#[tokio::test(start_paused = true)]
async fn the_clock_goes_on_where_a_client_left_off() {
    let client = TestClient::new(app()).expect("the app starts");
    let mut events = client
        .get("/live/clock")
        .header("last-event-id", "41")
        .events()
        .await;
    for count in 42..45 {
        let event = events.next().await.expect("a tick");
        assert_eq!(
            (event.name.as_str(), event.json()["count"].as_u64()),
            ("tick", Some(count))
        );
    }
}

#[tokio::test]
async fn the_page_is_served() {
    let client = TestClient::new(app()).expect("the app starts");
    let page = client.get("/live/app/static/index.html").send().await;
    assert_eq!(page.status(), 200);
    assert!(page.text().contains("new EventSource"));
}
