//! The access log: requests that nobody has waited for. Its lines are tested in fastkit.

use crate::support::api;
use fastflyer::{axum::extract::OriginalUri, prelude::*, testing::TestServer};
use serde_json::{Value, json};
use std::{io::Write as _, net::TcpStream, sync::mpsc};

#[derive(Clone)]
struct Reached(mpsc::Sender<()>);

#[post("/direct")]
async fn direct(State(reached): State<Reached>, Json(_): Json<u64>) -> Result<()> {
    wait(&reached).await
}

/// A foreign argument sends the request through axum's router.
#[post("/routed")]
async fn routed(
    State(reached): State<Reached>,
    OriginalUri(_): OriginalUri,
    Json(_): Json<u64>,
) -> Result<()> {
    wait(&reached).await
}

async fn wait(reached: &Reached) -> Result<()> {
    let _ = reached.0.send(());
    std::future::pending().await
}

#[test]
fn a_request_whose_client_has_left_has_a_line_too() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    let settings = [
        ("flyer_access_log", "1"),
        ("flyer_access_logfile", log.to_str().unwrap()),
    ];
    let (sender, reached) = mpsc::channel();
    let api = api(fastflyer::routes![direct, routed]).state(Reached(sender));
    let server = TestServer::with_settings(api, settings).unwrap();
    for path in ["direct", "routed"] {
        let mut socket = TcpStream::connect(server.address()).unwrap();
        write!(
            socket,
            "POST /demo/{path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1\r\n\r\n7"
        )
        .unwrap();
        reached.recv().unwrap();
    }
    // Both are dropped with their connections; the log writes what it has before it ends.
    drop(server);
    let text = std::fs::read_to_string(&log).unwrap();
    for (path, body) in [("direct", json!(7)), ("routed", json!(""))] {
        let line = text
            .lines()
            .find(|line| line.contains(&format!("/demo/{path}")));
        let line: Value = serde_json::from_str(line.expect(path)).unwrap();
        assert_eq!(line["response"]["status"], 499, "{line}");
        assert_eq!(line["request"]["headers"]["host"], "x", "{line}");
        assert_eq!(line["request"]["body"], body, "{line}");
    }
}
