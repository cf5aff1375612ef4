//! Requests that two servers could read differently, and the good ones around them.

use crate::support::*;

/// A name, the parts that are sent, the statuses of the answers.
type Case<'a> = (&'a str, &'a [&'a [u8]], &'a [u16]);

fn table(cases: &[Case<'_>]) {
    for front in FRONTS {
        let server = start(config(front));
        for (name, parts, want) in cases {
            let (answers, end) = exchange(server.address, parts);
            assert_eq!(statuses(&answers), *want, "{front:?}: {name}");
            assert_eq!(end, End::Closed, "{front:?}: {name}");
            for answer in &answers {
                assert_eq!(answer.header("x-constant"), Some("1"), "{front:?}: {name}");
                assert!(answer.header("date").is_some(), "{front:?}: {name}");
                if answer.status >= 400 {
                    let text = String::from_utf8_lossy(&answer.body);
                    assert!(text.contains("\"message\""), "{front:?}: {name}: {text}");
                    assert_eq!(
                        answer.header("connection"),
                        Some("close"),
                        "{front:?}: {name}"
                    );
                }
            }
        }
        assert_eq!(server.stop().stats.cut, 0);
    }
}

#[test]
fn good_requests() {
    let chunked: &[u8] = b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    table(&[
        ("one", &[LAST], &[200]),
        ("three pipelined", &[&[GET, GET, LAST].concat()], &[200; 3]),
        ("split head", &[&GET[..20], &GET[20..], LAST], &[200; 2]),
        (
            "chunked and pipelined",
            &[&[chunked, LAST].concat()],
            &[200; 2],
        ),
        (
            "plain, chunked, plain",
            &[&[GET, chunked, LAST].concat()],
            &[200; 3],
        ),
        (
            "body in two parts and pipelined",
            &[
                b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc",
                b"def",
                LAST,
            ],
            &[200; 2],
        ),
        (
            "empty lines between",
            &[b"\r\n\r\n", GET, b"\r\n", LAST],
            &[200; 2],
        ),
        ("1.0 closes", &[b"GET / HTTP/1.0\r\n\r\n"], &[200]),
        (
            "absolute target",
            &[b"GET http://a/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"],
            &[200],
        ),
        (
            "OPTIONS *",
            &[b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"],
            &[200],
        ),
        (
            "a target in UTF-8",
            &["GET /ä HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".as_bytes()],
            &[200],
        ),
    ]);
}

#[test]
fn bad_heads() {
    let ambiguous: &[u8] =
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc";
    let long = [
        b"GET /".as_slice(),
        &[b'a'; 9_000],
        b" HTTP/1.1\r\nHost: a\r\n\r\n",
    ]
    .concat();
    let large = [
        b"GET / HTTP/1.1\r\nHost: a\r\nX: ".as_slice(),
        &[b'a'; 40_000],
    ]
    .concat();
    let many = [
        b"GET / HTTP/1.1\r\nHost: a\r\n".as_slice(),
        &b"X: y\r\n".repeat(100),
        b"\r\n",
    ]
    .concat();
    table(&[
        (
            "length and chunked after two good",
            &[&[GET, GET, ambiguous].concat()],
            &[200, 200, 400],
        ),
        ("no host", &[b"GET / HTTP/1.1\r\n\r\n"], &[400]),
        ("bare LF", &[b"GET / HTTP/1.1\nHost: a\n\n"], &[400]),
        (
            "bare LF after a good one",
            &[&[GET, b"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"].concat()],
            &[200, 400],
        ),
        (
            "bare LF later",
            &[GET, b"GET / HTTP/1.1\r\nHost: a\n"],
            &[200, 400],
        ),
        ("TLS", &[b"\x16\x03\x01\x00\xa5\r\n\r\n"], &[400]),
        (
            "two hosts",
            &[b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"],
            &[400],
        ),
        (
            "length list",
            &[b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc"],
            &[400],
        ),
        (
            "fold",
            &[b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n"],
            &[400],
        ),
        (
            "chunked on 1.0",
            &[b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
            &[400],
        ),
        ("HTTP/2.0", &[b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"], &[505]),
        ("long line", &[&long], &[414]),
        ("large head", &[&large], &[431]),
        ("many fields", &[&many], &[431]),
        (
            "other expectation",
            &[b"POST / HTTP/1.1\r\nHost: a\r\nExpect: x\r\nContent-Length: 1\r\n\r\n"],
            &[417],
        ),
        (
            "CONNECT",
            &[b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n"],
            &[501],
        ),
        (
            "authority",
            &[b"GET a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n"],
            &[400],
        ),
        (
            "not UTF-8",
            &[b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n"],
            &[400],
        ),
        (
            "not a URI",
            &[b"GET /< HTTP/1.1\r\nHost: a\r\n\r\n"],
            &[400],
        ),
        (
            "bad after chunked",
            &[
                b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                b"GET / HTTP/9.9\r\n\r\n",
            ],
            &[200, 505],
        ),
    ]);
}

#[test]
fn bad_bodies() {
    table(&[
        (
            "bad chunk size",
            &[b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
            &[400],
        ),
        (
            "bad chunk end",
            &[&[
                GET,
                b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
            ]
            .concat()],
            &[200, 400],
        ),
        (
            "later",
            &[
                b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
                b"-",
            ],
            &[400],
        ),
    ]);
}

#[test]
fn a_body_that_ends_early_is_never_whole() {
    for front in FRONTS {
        let server = start(config(front));
        for request in [
            &b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"[..],
            b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc",
        ] {
            let mut client = Client::connect(server.address);
            client.send(request);
            client.half_close();
            let (bytes, _) = client.rest();
            assert_eq!(statuses(&answers(&bytes)), [400], "{front:?}");
        }
        let seen = server.seen.lock().unwrap();
        assert!(
            seen.iter().all(|(_, body)| body.is_none()),
            "{front:?}: {seen:?}"
        );
    }
}

#[test]
fn heads_split_at_every_byte() {
    let request =
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc";
    for front in FRONTS {
        let server = start(config(front));
        for cut in 1..request.len() {
            let mut client = Client::connect(server.address);
            client.send(&request[..cut]);
            std::thread::sleep(std::time::Duration::from_millis(2));
            client.send(&request[cut..]);
            let (bytes, end) = client.rest();
            let answers = answers(&bytes);
            assert_eq!(
                (statuses(&answers), end),
                (vec![200], End::Closed),
                "{front:?} at {cut}"
            );
            assert_eq!(answers[0].body, b"abc");
        }
    }
}

#[test]
fn bytes_one_at_a_time() {
    let request = b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nT: 1\r\n\r\n";
    for front in FRONTS {
        let server = start(config(front));
        let mut client = Client::connect(server.address);
        for byte in [&request[..], LAST].concat() {
            client.send(&[byte]);
        }
        let (bytes, end) = client.rest();
        let answers = answers(&bytes);
        assert_eq!(
            (statuses(&answers), end),
            (vec![200, 200], End::Closed),
            "{front:?}"
        );
        assert_eq!(answers[0].body, b"abc");
    }
}
