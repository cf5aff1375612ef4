//! How answers are framed.

use crate::support::*;
use fastflyer_server::Front;

fn get(front: Front, path: &str) -> Answer {
    let server = start(config(front));
    let mut client = Client::connect(server.address);
    client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
    client.answer()
}

#[test]
fn streams_are_chunked_and_known_sizes_are_not() {
    for front in FRONTS {
        let stream = get(front, "/stream");
        assert_eq!(
            stream.header("transfer-encoding"),
            Some("chunked"),
            "{front:?}"
        );
        assert_eq!(stream.body, b"333332222211111");
        let exact = get(front, "/exact");
        assert_eq!(
            (exact.header("content-length"), &exact.body[..]),
            (Some("5"), &b"exact"[..]),
            "{front:?}"
        );
        // Too large to be copied behind its head.
        let pieces = get(front, "/stream?100000");
        let parts: Vec<u8> = pieces.body.chunks(100_000).map(|part| part[0]).collect();
        assert_eq!(
            (pieces.body.len(), &parts[..]),
            (300_000, &b"321"[..]),
            "{front:?}"
        );
        let big = get(front, "/big?3000000");
        assert_eq!(big.body.len(), 3_000_000, "{front:?}");
    }
}

#[test]
fn a_broken_stream_is_not_ended_as_if_it_were_whole() {
    for front in FRONTS {
        let server = start(config(front));
        let mut client = Client::connect(server.address);
        client.send(b"GET /broken HTTP/1.1\r\nHost: a\r\n\r\n");
        let (bytes, _) = client.rest();
        assert!(
            !bytes.ends_with(b"0\r\n\r\n"),
            "{front:?}: {}",
            bytes.escape_ascii()
        );
    }
}

#[test]
fn no_body_where_there_must_be_none() {
    for front in FRONTS {
        let server = start(config(front));
        for (request, length) in [
            ("HEAD /big?500", Some("500")),
            ("HEAD /exact", Some("5")),
            ("HEAD /stream", None),
            ("GET /status?204", None),
            ("GET /status?304", None),
        ] {
            let mut client = Client::connect(server.address);
            client.send(
                format!("{request} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes(),
            );
            let (bytes, end) = client.rest();
            let text = String::from_utf8(bytes).unwrap();
            assert_eq!(end, End::Closed, "{front:?} {request}");
            assert!(text.ends_with("\r\n\r\n"), "{front:?} {request}: {text}");
            let sent = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            assert_eq!(
                sent.filter(|_| length.is_some()),
                length,
                "{front:?} {request}: {text}"
            );
        }
    }
}

#[test]
fn the_answer_decides_on_headers_and_on_closing() {
    for front in FRONTS {
        assert_eq!(get(front, "/").header("x-constant"), Some("1"), "{front:?}");
        let own = get(front, "/own");
        assert_eq!(own.header("x-constant"), Some("own"), "{front:?}");
        assert_eq!(
            own.headers
                .iter()
                .filter(|(name, _)| name == "x-constant")
                .count(),
            1
        );
        let server = start(config(front));
        let (answers, end) = exchange(server.address, &[b"GET /close HTTP/1.1\r\nHost: a\r\n\r\n"]);
        assert_eq!(
            (statuses(&answers), end),
            (vec![200], End::Closed),
            "{front:?}"
        );
        assert_eq!(answers[0].header("connection"), Some("close"), "{front:?}");
    }
}

#[test]
fn the_date_is_one() {
    for front in FRONTS {
        let answer = get(front, "/");
        let dates: Vec<_> = answer
            .headers
            .iter()
            .filter(|(name, _)| name == "date")
            .collect();
        assert_eq!(dates.len(), 1, "{front:?}");
        assert_eq!(dates[0].1.len(), 29, "{front:?}");
    }
}

#[test]
fn an_interim_status_of_the_application_is_an_error() {
    for front in FRONTS {
        for status in [100, 101, 103] {
            let server = start(config(front));
            let request = format!("GET /status?{status} HTTP/1.1\r\nHost: a\r\n\r\n");
            let (answers, end) = exchange(server.address, &[request.as_bytes()]);
            assert_eq!(
                (statuses(&answers), end),
                (vec![500], End::Closed),
                "{front:?}"
            );
        }
    }
}
