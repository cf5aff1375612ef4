//! HTTP/2: by prior knowledge and by ALPN, strictness, stops, and clients that misbehave.

use crate::{requests::eventually, support::*, tls::Files};
use bytes::Bytes;
use fastflyer_server::{Front, ServerConfig};
use h2::client::{Connection, SendRequest};
use http::{Request, StatusCode, Version};
use rustls::pki_types::ServerName;
use std::{
    future::Future,
    io::{Read as _, Write as _},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{net::TcpStream, task::JoinHandle};

fn http2(front: Front) -> ServerConfig {
    let mut config = config(front);
    config.http2 = true;
    config
}

/// On a loop of the client's own, for at most 100 seconds.
fn run<F: Future>(client: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async { tokio::time::timeout(Duration::from_secs(100), client).await })
        .unwrap()
}

/// A client, and how its connection ends.
type Spoken = (SendRequest<Bytes>, JoinHandle<Result<(), h2::Error>>);

async fn connect(address: SocketAddr) -> Spoken {
    let socket = TcpStream::connect(address).await.unwrap();
    let (client, connection) = h2::client::handshake(socket).await.unwrap();
    (client, drive(connection))
}

fn drive<T>(connection: Connection<T>) -> JoinHandle<Result<(), h2::Error>>
where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    tokio::spawn(connection)
}

struct Got {
    status: StatusCode,
    headers: http::HeaderMap,
    body: Vec<u8>,
}

async fn ask(
    client: &mut SendRequest<Bytes>,
    request: Request<()>,
    body: Option<Vec<u8>>,
) -> Result<Got, h2::Error> {
    client.clone().ready().await?;
    let (response, mut stream) = client.send_request(request, body.is_none())?;
    if let Some(body) = body {
        let mut rest = Bytes::from(body);
        while !rest.is_empty() {
            stream.reserve_capacity(rest.len());
            let room = std::future::poll_fn(|cx| stream.poll_capacity(cx)).await;
            let Some(Ok(room)) = room else { break };
            stream.send_data(rest.split_to(room.min(rest.len())), false)?;
        }
        let _ = stream.send_data(Bytes::new(), true);
    }
    let response = response.await?;
    assert_eq!(response.version(), Version::HTTP_2);
    let (parts, mut stream) = response.into_parts();
    let mut body = Vec::new();
    while let Some(data) = stream.data().await {
        let data = data?;
        stream.flow_control().release_capacity(data.len())?;
        body.extend_from_slice(&data);
    }
    Ok(Got {
        status: parts.status,
        headers: parts.headers,
        body,
    })
}

fn get(path: &str) -> Request<()> {
    Request::get(format!("http://example.com{path}"))
        .body(())
        .unwrap()
}

fn post(path: &str) -> Request<()> {
    Request::post(format!("http://example.com{path}"))
        .body(())
        .unwrap()
}

async fn exercise(mut client: SendRequest<Bytes>, front: Front) {
    let got = ask(&mut client, get("/a?b"), None).await.unwrap();
    assert_eq!(got.status, 200, "{front:?}");
    assert_eq!(got.headers["x-path"], "/a");
    assert_eq!(got.headers["x-constant"], "1");
    assert!(got.headers.contains_key("date"));
    assert_eq!(got.headers["content-length"], "21");
    let got = ask(&mut client, post("/echo"), Some(vec![b'u'; 400_000]))
        .await
        .unwrap();
    assert_eq!(got.body, vec![b'u'; 400_000], "{front:?}");
    let got = ask(&mut client, get("/big?3000000"), None).await.unwrap();
    assert_eq!(got.body.len(), 3_000_000, "{front:?}");
    let got = ask(&mut client, get("/stream"), None).await.unwrap();
    assert_eq!(got.body, b"333332222211111", "{front:?}");
    // Not a connection's matter here, and no interim status.
    let got = ask(&mut client, get("/close"), None).await.unwrap();
    assert_eq!(got.headers.get("connection"), None);
    let got = ask(&mut client, get("/status?103"), None).await.unwrap();
    assert_eq!(got.status, 500, "{front:?}");
    assert!(ask(&mut client, get("/broken"), None).await.is_err());
    assert_eq!(ask(&mut client, get("/"), None).await.unwrap().status, 200);
}

#[test]
fn it_is_spoken_with_those_who_begin_with_it() {
    for front in FRONTS {
        let server = start(http2(front));
        run(async {
            let (client, _) = connect(server.address).await;
            exercise(client, front).await;
        });
        // And the other one with all others.
        let (answers, _) = exchange(server.address, &[GET, LAST]);
        assert_eq!(statuses(&answers), [200, 200], "{front:?}");
        let (answers, _) = exchange(server.address, &[b"PRI * HT", b"TP/1.1\r\n\r\n"]);
        assert_eq!(statuses(&answers), [400], "{front:?}");
    }
}

#[test]
fn it_is_spoken_with_those_who_choose_it() {
    let files = Files::new();
    for front in FRONTS {
        let mut config = files.config(front);
        config.http2 = true;
        let server = start(config);
        run(async {
            let socket = TcpStream::connect(server.address).await.unwrap();
            let name = ServerName::try_from("localhost").unwrap();
            let socket = tokio_rustls::TlsConnector::from(files.trust(b"h2"))
                .connect(name, socket)
                .await
                .unwrap();
            assert_eq!(socket.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
            let (client, connection) = h2::client::handshake(socket).await.unwrap();
            drive(connection);
            exercise(client, front).await;
        });
    }
}

#[test]
fn it_is_not_spoken_unless_it_is_set() {
    for front in FRONTS {
        let server = start(config(front));
        let (answers, _) = exchange(
            server.address,
            &[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"],
        );
        assert_eq!(statuses(&answers), [505], "{front:?}");
    }
}

#[test]
fn what_http_1_refuses_is_refused() {
    let server = start(http2(Front::Fast));
    run(async {
        let (mut client, _) = connect(server.address).await;
        for (request, status) in [
            (get("/").map(|()| ()), 200),
            (
                Request::get("http://example.com/")
                    .header("host", "other")
                    .body(())
                    .unwrap(),
                400,
            ),
            (
                Request::get("http://example.com/")
                    .header("expect", "x")
                    .body(())
                    .unwrap(),
                417,
            ),
            (get(&format!("/{}", "x".repeat(9_000))), 414),
            (
                (0..101)
                    .fold(Request::get("http://example.com/"), |request, number| {
                        request.header(format!("x-{number}"), "y")
                    })
                    .body(())
                    .unwrap(),
                431,
            ),
        ] {
            let got = ask(&mut client, request, None).await.unwrap();
            assert_eq!(got.status, status);
            if status >= 400 {
                assert!(String::from_utf8_lossy(&got.body).contains("\"message\""));
                assert_eq!(got.headers["x-constant"], "1");
            }
        }
    });
    assert_eq!(server.handle.stats().rejected, 4);
}

#[test]
fn a_stop_finishes_what_is_in_flight() {
    let mut server = start(http2(Front::Fast));
    run(async {
        let (mut client, end) = connect(server.address).await;
        let (mut idle, idle_end) = connect(server.address).await;
        ask(&mut idle, get("/"), None).await.unwrap();
        let mut other = client.clone();
        let slow = tokio::spawn(async move { ask(&mut other, get("/slow?700"), None).await });
        while server.handle.stats().requests < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.handle.stop();
        assert_eq!(slow.await.unwrap().unwrap().status, 200);
        // A farewell, not a broken connection.
        end.await.unwrap().unwrap();
        idle_end.await.unwrap().unwrap();
        assert!(ask(&mut client, get("/"), None).await.is_err());
    });
    assert_eq!(server.join().stats.cut, 0);
}

#[test]
fn what_takes_longer_than_the_stop_is_cut() {
    let mut config = http2(Front::Fast);
    config.timeouts.graceful = Duration::from_millis(300);
    let server = start(config);
    run(async {
        let (mut client, _) = connect(server.address).await;
        let asked = tokio::spawn(async move { ask(&mut client, get("/forever"), None).await });
        while server.handle.stats().requests < 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let report = tokio::task::spawn_blocking(move || server.stop())
            .await
            .unwrap();
        assert_eq!((report.stats.cut, report.stats.abandoned), (1, 0));
        assert!(asked.await.unwrap().is_err());
    });
}

#[test]
fn an_idle_connection_is_told_goodbye() {
    let mut config = http2(Front::Fast);
    config.timeouts.keep_alive = Duration::from_millis(300);
    let server = start(config);
    run(async {
        let (mut client, end) = connect(server.address).await;
        // A handler takes longer than a connection may be idle.
        let got = ask(&mut client, get("/slow?900"), None).await.unwrap();
        assert_eq!(got.status, 200);
        end.await.unwrap().unwrap();
    });
    eventually(|| server.handle.stats().connections == 0);
    // Who only says hello has no more time.
    let mut silent = Client::connect(server.address);
    silent.send(PREFACE);
    assert_ne!(silent.rest().1, End::TimedOut);
}

#[test]
fn a_body_that_does_not_come_is_answered_408() {
    let mut config = http2(Front::Fast);
    config.timeouts.body_grace = Duration::from_millis(200);
    let server = start(config);
    run(async {
        let (mut client, _) = connect(server.address).await;
        let (response, mut stream) = client.send_request(post("/echo"), false).unwrap();
        stream.send_data(Bytes::from("abc"), false).unwrap();
        assert_eq!(response.await.unwrap().status(), 408);
        assert_eq!(
            ask(&mut client, get("/"), None).await.unwrap().status,
            200,
            "the others go on"
        );
    });
    assert_eq!(server.handle.stats().rejected, 1);
}

#[test]
fn a_client_that_takes_nothing_is_closed() {
    let mut config = http2(Front::Fast);
    config.timeouts.write_stall = Duration::from_millis(400);
    let server = start(config);
    run(async {
        let (mut client, end) = connect(server.address).await;
        let (response, _) = client.send_request(get("/big?5000000"), true).unwrap();
        let _unread = response.await.unwrap();
        let _ = end.await.unwrap();
    });
    eventually(|| server.handle.stats().connections == 0);
}

#[test]
fn a_reset_request_is_dropped() {
    let server = start(http2(Front::Fast));
    run(async {
        let (mut client, _) = connect(server.address).await;
        let (response, mut stream) = client.send_request(get("/forever"), true).unwrap();
        while server.handle.stats().requests < 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stream.send_reset(h2::Reason::CANCEL);
        drop(response);
        while server.handle.stats().abandoned < 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let seen = server.seen.lock().unwrap().clone();
        assert_eq!(seen, [("dropped".to_owned(), None)]);
        assert_eq!(ask(&mut client, get("/"), None).await.unwrap().status, 200);
    });
}

/// The preface and an empty frame of settings.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// Resident memory of this process, in KiB.
fn resident() -> u64 {
    std::fs::read_to_string("/proc/self/status")
        .unwrap()
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse().ok())
        .unwrap()
}

/// Sends what `attack` makes of a number until the server ends the connection or all is sent, while
/// another client asks on.
fn survives(name: &str, count: u32, attack: impl Fn(u32) -> Vec<u8> + Send + 'static) {
    let server = start(http2(Front::Fast));
    let before = resident();
    let over = Arc::new(AtomicBool::new(false));
    let sent = Arc::new(AtomicU64::new(0));
    let attacker = {
        let (over, sent, address) = (Arc::clone(&over), Arc::clone(&sent), server.address);
        std::thread::spawn(move || {
            let mut client = Client::connect(address);
            // What comes back is read, so that nothing is held up.
            let mut reader = client.0.try_clone().unwrap();
            let reading = std::thread::spawn(move || {
                let mut piece = [0; 65_536];
                while let Ok(1..) = reader.read(&mut piece) {}
            });
            client.send(PREFACE);
            for number in 0..count {
                if client.0.write_all(&attack(number)).is_err() {
                    break;
                }
                sent.fetch_add(1, SeqCst);
            }
            client.half_close();
            let _ = reading.join();
            over.store(true, SeqCst);
        })
    };
    let (mut slowest, mut asked) = (Duration::ZERO, 0);
    run(async {
        let (mut client, _) = connect(server.address).await;
        while !over.load(SeqCst) || asked < 20 {
            let begun = std::time::Instant::now();
            let got = ask(&mut client, get("/"), None).await.unwrap();
            assert_eq!(got.status, 200, "{name}");
            slowest = slowest.max(begun.elapsed());
            asked += 1;
        }
    });
    attacker.join().unwrap();
    let grown = resident().saturating_sub(before);
    let sent = sent.load(SeqCst);
    eprintln!(
        "{name}: {sent} of {count} sent, {grown} KiB grown, slowest of {asked} answers {slowest:?}"
    );
    assert!(grown < 64 * 1024, "{name}: {grown} KiB");
    assert!(slowest < Duration::from_secs(10), "{name}: {slowest:?}");
    eventually(|| server.handle.stats().connections == 0);
}

/// `GET http://a/forever`, from the static table and as literals.
fn headers(flags: u8, stream: u32) -> Vec<u8> {
    frame(1, flags, stream, b"\x82\x86\x41\x01a\x44\x08/forever")
}

#[test]
fn rapid_resets() {
    survives("rapid resets", 100_000, |number| {
        let stream = number * 2 + 1;
        [headers(5, stream), frame(3, 0, stream, &8u32.to_be_bytes())].concat()
    });
}

/// The server is made to reset: an update of a window by nothing is an error of the stream.
#[test]
fn resets_that_the_server_is_made_to_send() {
    survives("made resets", 100_000, |number| {
        let stream = number * 2 + 1;
        [headers(5, stream), frame(8, 0, stream, &[0; 4])].concat()
    });
}

#[test]
fn many_pings() {
    survives("pings", 2_000, |_| frame(6, 0, 0, &[7; 8]).repeat(100));
}

#[test]
fn many_settings() {
    survives("settings", 2_000, |_| frame(4, 0, 0, b"").repeat(100));
}

#[test]
fn a_head_without_an_end() {
    let piece: Vec<u8> = (0..500).flat_map(|_| *b"\0\x01x\x0212").collect();
    survives("continuations", 20_000, move |number| {
        if number == 0 {
            headers(1, 1)
        } else {
            frame(9, 0, 1, &piece)
        }
    });
}

#[test]
fn many_streams_that_wait() {
    survives("streams", 50_000, |number| headers(5, number * 2 + 1));
}
