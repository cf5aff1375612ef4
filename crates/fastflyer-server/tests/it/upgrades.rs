//! Connections that stop being HTTP: who may ask, what passes, and how they end.

use crate::{requests::eventually, support::*};
use fastflyer_server::{Body, Server, Tower};
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::{
    io::{Read as _, Write as _},
    time::Duration,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// The answer of `/upgrade`: an echo; with `?flood` a sender without end, with `?drop` nobody.
pub(crate) fn switch(request: &mut Request<Body>) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
        *response.status_mut() = StatusCode::UPGRADE_REQUIRED;
        return response;
    };
    let wish = request.uri().query().unwrap_or_default().to_owned();
    if wish == "no" {
        *response.body_mut() = "no".into();
        return response;
    }
    if wish != "drop" {
        tokio::spawn(async move {
            let mut socket = TokioIo::new(upgrade.await.unwrap());
            if wish == "flood" {
                while socket.write_all(&[b'f'; 65_536]).await.is_ok() {}
                return;
            }
            let mut piece = [0; 8192];
            while let Ok(count @ 1..) = socket.read(&mut piece).await {
                if socket.write_all(&piece[..count]).await.is_err() {
                    return;
                }
            }
            let _ = socket.write_all(b"bye").await;
            let _ = socket.shutdown().await;
        });
    }
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert("connection", HeaderValue::from_static("upgrade"));
    headers.insert("upgrade", HeaderValue::from_static("echo"));
    response
}

const ASK: &str =
    "GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: echo\r\n\r\n";

/// A client whose connection is upgraded already.
fn upgraded(server: &Running, target: &str) -> Client {
    let mut client = Client::connect(server.address);
    client.send(ASK.replace("/upgrade", target).as_bytes());
    let answer = client.answer();
    assert_eq!(answer.status, 101);
    assert_eq!(answer.header("upgrade"), Some("echo"));
    assert_eq!(answer.header("connection"), Some("upgrade"));
    assert_eq!(answer.header("x-constant"), Some("1"));
    assert_eq!(answer.header("content-length"), None);
    assert_eq!(answer.header("transfer-encoding"), None);
    client
}

fn echoed(client: &mut Client, bytes: &[u8]) {
    client.send(bytes);
    expect(client, bytes);
}

fn expect(client: &mut Client, bytes: &[u8]) {
    let mut got = std::mem::take(&mut client.1);
    let early = got.len();
    assert!(early <= bytes.len(), "{}", got.escape_ascii());
    got.resize(bytes.len(), 0);
    client.0.read_exact(&mut got[early..]).unwrap();
    assert!(got == bytes, "{}", got.escape_ascii());
}

#[test]
fn all_bytes_pass_in_both_directions() {
    for front in FRONTS {
        let server = start(config(front));
        let mut client = upgraded(&server, "/upgrade");
        // None of it is a request; no part of it is judged.
        echoed(&mut client, b"\r\n\0\xff GET / HTTP/9.9\r\n\r\n");
        let much: Vec<u8> = (0..2_000_000_u32).map(|number| number as u8).collect();
        let mut sender = client.0.try_clone().unwrap();
        let sent = much.clone();
        let thread = std::thread::spawn(move || sender.write_all(&sent).unwrap());
        expect(&mut client, &much);
        thread.join().unwrap();
        client.half_close();
        assert_eq!(
            client.rest(),
            (b"bye".to_vec(), End::Closed),
            "{front:?}: the other direction outlives the first"
        );
        eventually(|| server.handle.stats().connections == 0);
    }
}

#[test]
fn bytes_right_behind_the_head_are_handed_over() {
    for front in FRONTS {
        let server = start(config(front));
        let mut client = Client::connect(server.address);
        let early = vec![b'e'; 30_000];
        let ask = [GET, ASK.as_bytes(), &early].concat();
        client.send(&ask);
        assert_eq!(client.answer().status, 200);
        assert_eq!(client.answer().status, 101);
        expect(&mut client, &early);
        echoed(&mut client, b"later");
        assert_eq!(server.handle.stats().requests, 2, "{front:?}");
    }
}

#[test]
fn who_may_not_ask_is_answered_as_if_nothing_was_asked() {
    let body = ASK.replace("\r\n\r\n", "\r\nContent-Length: 3\r\n\r\nabc");
    let chunked = ASK.replace(
        "\r\n\r\n",
        "\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    );
    for front in FRONTS {
        let server = start(config(front));
        for ask in [
            ASK.replace("HTTP/1.1", "HTTP/1.0"),
            ASK.replace("keep-alive, Upgrade", "keep-alive"),
            ASK.replace("keep-alive, Upgrade", "close, upgrade"),
            ASK.replace("Upgrade: echo", "X-Upgrade: echo"),
            body.clone(),
            chunked.clone(),
        ] {
            let mut client = Client::connect(server.address);
            client.send(ask.as_bytes());
            assert_eq!(client.answer().status, 426, "{front:?} {ask}");
        }
    }
}

#[test]
fn an_upgrade_that_is_declined_leaves_the_connection_as_it_was() {
    for front in FRONTS {
        let server = start(config(front));
        let mut client = Client::connect(server.address);
        let declined = ASK.replace("/upgrade", "/upgrade?no");
        client.send(declined.repeat(2).as_bytes());
        client.send(&[GET, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"].concat());
        let (bytes, end) = client.rest();
        assert_eq!(
            (statuses(&answers(&bytes)), end),
            (vec![200, 200, 200, 400], End::Closed),
            "{front:?}"
        );
    }
}

#[test]
fn an_application_that_is_not_interested_closes() {
    for front in FRONTS {
        let server = start(config(front));
        let mut client = upgraded(&server, "/upgrade?drop");
        assert_eq!(client.rest(), (Vec::new(), End::Closed), "{front:?}");
        eventually(|| server.handle.stats().connections == 0);
    }
}

#[test]
fn an_idle_upgraded_connection_stays_and_keeps_its_permit() {
    for front in FRONTS {
        let mut config = config(front);
        config.max_connections = 1;
        config.timeouts.keep_alive = Duration::from_millis(500);
        config.timeouts.first_byte = Duration::from_millis(500);
        let server = start(config);
        let mut client = upgraded(&server, "/upgrade");
        // It is not evicted for a newcomer either, who waits until it ends.
        let mut newcomer = Client::connect(server.address);
        newcomer.send(GET);
        std::thread::sleep(Duration::from_millis(1_500));
        assert_eq!(server.handle.stats().accepted, 1, "{front:?}");
        echoed(&mut client, b"still here");
        drop(client);
        assert_eq!(newcomer.answer().status, 200, "{front:?}");
    }
}

#[test]
fn a_client_that_takes_nothing_is_cut() {
    for front in FRONTS {
        let mut config = config(front);
        config.timeouts.write_stall = Duration::from_millis(300);
        let server = start(config);
        let _client = upgraded(&server, "/upgrade?flood");
        eventually(|| server.handle.stats().connections == 0);
    }
}

#[test]
fn a_stop_waits_for_the_goodbye() {
    for front in FRONTS {
        let mut config = config(front);
        config.timeouts.graceful = Duration::from_secs(60);
        let mut server = start(config);
        let mut client = upgraded(&server, "/upgrade");
        server.handle.stop();
        // Longer than idle connections linger.
        std::thread::sleep(Duration::from_millis(400));
        echoed(&mut client, b"not yet");
        client.half_close();
        assert_eq!(client.rest(), (b"bye".to_vec(), End::Closed), "{front:?}");
        assert_eq!(server.join().stats.cut, 0, "{front:?}");
    }
}

#[test]
fn who_does_not_say_goodbye_is_cut() {
    for front in FRONTS {
        for now in [false, true] {
            let mut config = config(front);
            config.timeouts.graceful = Duration::from_millis(if now { 60_000 } else { 300 });
            let mut server = start(config);
            let mut client = upgraded(&server, "/upgrade");
            if now {
                server.handle.stop_now();
            } else {
                server.handle.stop();
            }
            assert_eq!(server.join().stats.cut, 1, "{front:?}");
            assert_ne!(client.rest().1, End::TimedOut, "{front:?}");
        }
    }
}

#[test]
fn web_sockets_of_axum_are_served() {
    use axum::{
        extract::ws::{Message, WebSocketUpgrade},
        routing::any,
    };
    for front in FRONTS {
        let router = axum::Router::new().route(
            "/ws",
            any(async |upgrade: WebSocketUpgrade| {
                upgrade.on_upgrade(async |mut socket| {
                    while let Some(Ok(message)) = socket.recv().await {
                        // The goodbye is answered by the next `recv`.
                        if !matches!(message, Message::Close(_)) {
                            socket.send(message).await.unwrap();
                        }
                    }
                })
            }),
        );
        let server = Server::bind(config(front)).unwrap();
        let (address, handle) = (server.local_addr().unwrap(), server.handle());
        let thread = std::thread::spawn(move || server.run(Tower::new(router)).unwrap());
        let mut client = Client::connect(address);
        client.send(
            b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        );
        let answer = client.answer();
        assert_eq!(
            (answer.status, answer.header("sec-websocket-accept")),
            (101, Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")),
            "{front:?}"
        );
        // "Hello", masked by 0, and the same unmasked; then a close and its echo.
        client.send(b"\x81\x85\0\0\0\0Hello");
        expect(&mut client, b"\x81\x05Hello");
        client.send(b"\x88\x82\0\0\0\0\x03\xe8");
        let (bytes, end) = client.rest();
        assert_eq!(
            (bytes.as_slice(), end),
            (b"\x88\x02\x03\xe8".as_slice(), End::Closed)
        );
        handle.stop();
        assert_eq!(thread.join().unwrap().stats.cut, 0, "{front:?}");
    }
}
