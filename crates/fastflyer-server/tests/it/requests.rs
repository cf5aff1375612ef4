//! Keep-alive, expectations, large uploads and early answers.

use crate::support::*;
use std::time::{Duration, Instant};

#[test]
fn a_connection_serves_many_requests() {
    for front in FRONTS {
        let server = start(config(front));
        let mut client = Client::connect(server.address);
        for _ in 0..50 {
            client.send(GET);
            assert_eq!(client.answer().status, 200);
        }
        let stats = server.handle.stats();
        assert_eq!(
            (stats.accepted, stats.requests, stats.connections),
            (1, 50, 1),
            "{front:?}"
        );
    }
}

#[test]
fn a_thousand_pipelined_requests() {
    for front in FRONTS {
        let server = start(config(front));
        let (answers, end) = exchange(server.address, &[&GET.repeat(1_000), LAST]);
        assert_eq!((answers.len(), end), (1_001, End::Closed), "{front:?}");
    }
}

#[test]
fn a_large_chunked_upload_waits_for_the_continue() {
    for front in FRONTS {
        let server = start(config(front));
        let mut client = Client::connect(server.address);
        client.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
        assert_eq!(client.answer().status, 100, "{front:?}");
        let mut sender = Client(client.0.try_clone().unwrap(), Vec::new());
        let upload = std::thread::spawn(move || {
            let chunk = [b"10000\r\n".as_slice(), &[b'u'; 65_536], b"\r\n"].concat();
            for _ in 0..64 {
                sender.send(&chunk);
            }
            sender.send(b"0\r\n\r\n");
        });
        let (bytes, end) = client.rest();
        upload.join().unwrap();
        let answers = answers(&bytes);
        assert_eq!(
            (statuses(&answers), end),
            (vec![200], End::Closed),
            "{front:?}"
        );
        assert_eq!(answers[0].body.len(), 64 * 65_536);
    }
}

#[test]
fn bodies_of_every_size_arrive_whole() {
    for front in FRONTS {
        let server = start(config(front));
        let mut client = Client::connect(server.address);
        for size in [1, 100, 4_000, 8_192, 20_000, 65_536, 70_000, 300_000] {
            client.send(
                format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n")
                    .as_bytes(),
            );
            let body = vec![b'x'; size];
            for piece in body.chunks(10_000) {
                client.send(piece);
            }
            let answer = client.answer();
            assert_eq!((answer.status, answer.body.len()), (200, size), "{front:?}");
        }
    }
}

#[test]
fn an_early_answer_to_an_unread_body_arrives() {
    for front in FRONTS {
        let server = start(config(front));
        for _ in 0..20 {
            let mut client = Client::connect(server.address);
            client.send(b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n");
            client.send(&[b'x'; 50_000]);
            let (bytes, _) = client.rest();
            assert_eq!(statuses(&answers(&bytes)), [413], "{front:?}");
        }
    }
}

#[test]
fn the_rest_of_an_unread_body_is_read_for_a_while_only() {
    for front in FRONTS {
        let server = start(config(front));
        for framing in ["Content-Length: 10000000", "Transfer-Encoding: chunked"] {
            let mut waits = Client::connect(server.address);
            waits.send(format!("POST /early HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n").as_bytes());
            assert_eq!(waits.answer().status, 413, "{front:?} {framing}");
            // It neither sends nor closes: one second, then its place is free.
            let begun = Instant::now();
            eventually(|| server.handle.stats().connections == 0);
            assert!(
                begun.elapsed() < Duration::from_secs(5),
                "{front:?} {framing}"
            );
            assert_eq!(waits.rest().0, b"", "{front:?} {framing}");
        }
    }
}

#[test]
fn a_client_that_closes_its_side_is_still_answered() {
    for front in FRONTS {
        let server = start(config(front));
        let mut client = Client::connect(server.address);
        client.send(b"GET /slow?50 HTTP/1.1\r\nHost: a\r\n\r\n");
        client.half_close();
        let (bytes, end) = client.rest();
        assert_eq!(
            (statuses(&answers(&bytes)), end),
            (vec![200], End::Closed),
            "{front:?}"
        );
    }
}

#[test]
fn slow_handlers_do_not_hold_earlier_answers_back() {
    for front in FRONTS {
        let server = start(config(front));
        let mut client = Client::connect(server.address);
        client.send(&[GET, b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n"].concat());
        assert_eq!(client.answer().status, 200, "{front:?}");
        server.gate.open();
        assert_eq!(client.answer().status, 200, "{front:?}");
    }
}

#[test]
fn a_client_that_leaves_frees_its_place() {
    for front in FRONTS {
        let server = start(config(front));
        for request in [
            GET,
            b"GET /slow?100 HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET",
            b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n",
            b"",
        ] {
            let mut client = Client::connect(server.address);
            client.send(request);
        }
        eventually(|| {
            server.handle.stats().connections == 0 && server.handle.stats().accepted == 5
        });
    }
}

#[test]
fn a_panic_ends_one_connection_only() {
    for front in FRONTS {
        let server = start(config(front));
        let mut other = Client::connect(server.address);
        let mut client = Client::connect(server.address);
        client.send(b"GET /panic HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.rest().0, b"", "{front:?}");
        other.send(GET);
        assert_eq!(other.answer().status, 200, "{front:?}");
        eventually(|| server.handle.stats().connections == 1);
    }
}

pub(crate) fn eventually(mut condition: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if condition() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("not within ten seconds");
}
