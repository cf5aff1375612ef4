use super::*;
use proptest::prelude::*;

fn judge(bytes: &[u8]) -> Result<Option<Head>, u16> {
    scan(bytes, &Limits::default(), |_, _| {}).map_err(|error| error.status.as_u16())
}

#[test]
fn a_plain_head_is_measured() {
    let text = b"POST /a?b=c HTTP/1.1\r\nHost: x:1\r\ncontent-LENGTH:  7 \r\nEmpty:\r\n\r\nbody";
    let mut fields = Vec::new();
    let head = scan(text, &Limits::default(), |name, value| {
        fields.push((name.of(text).to_vec(), value.of(text).to_vec()));
    })
    .unwrap()
    .unwrap();
    assert_eq!(head.len, text.len() - 4);
    assert_eq!(
        (head.method.of(text), head.target.of(text)),
        (&b"POST"[..], &b"/a?b=c"[..])
    );
    assert_eq!(head.framing, Framing::Length(7));
    assert!(head.plain);
    assert_eq!(fields[1], (b"content-LENGTH".to_vec(), b"7".to_vec()));
    assert_eq!(fields[2].1, b"");
}

#[test]
fn every_prefix_of_a_good_head_is_incomplete() {
    for text in [
        &b"GET / HTTP/1.1\r\nHost: a\r\nX-Y: z\r\n\r\n"[..],
        b"\r\n\r\nOPTIONS * HTTP/1.0\r\n\r\n",
        b"GET http://a/b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    ] {
        for end in 0..text.len() {
            assert_eq!(judge(&text[..end]), Ok(None), "{end}");
        }
        assert_eq!(judge(text).unwrap().unwrap().len, text.len());
    }
}

#[test]
fn refusals() {
    for (status, text) in [
        (400, &b"GET / HTTP/1.1\r\n\r\n"[..]),
        (400, b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
        (400, b"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        (400, b"GET / HTTP/1.1\nHost: a\n\n"),
        (400, b"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\nHost: a\r\n\n"),
        (400, b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\n: a\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"),
        (400, b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
        (400, b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, b"GET /#x HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, b"GET a.example HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, b"GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, b"GET /\r\n\r\n"),
        (400, b"\x16\x03\x01\x00\xa5\r\n\r\n"),
        (400, b"\n"),
        (400, b" GET / HTTP/1.1\r\n"),
        (400, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (400, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\n"),
        (400, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n"),
        (400, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\n"),
        (400, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n"),
        (400, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999999999\r\n\r\n"),
        (400, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
        (400, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n"),
        (400, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (400, b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (417, b"POST / HTTP/1.1\r\nHost: a\r\nExpect: cake\r\n\r\n"),
        (501, b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"),
        (501, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ / HTTP/1.1\r\n"),
        (505, b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
        (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        (505, b"GET / HTTP/3"),
    ] {
        assert_eq!(judge(text), Err(status), "{}", text.escape_ascii());
    }
}

#[test]
fn limits_have_their_own_answers() {
    let line =
        |count| format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(count)).into_bytes();
    assert!(judge(&line(8 * 1024 - 16)).is_ok());
    assert_eq!(judge(&line(8 * 1024 - 15)), Err(414));
    assert_eq!(judge(&line(20_000)[..9_000]), Err(414));
    let head = |count, size| {
        let field = format!("X: {}\r\n", "a".repeat(size));
        format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", field.repeat(count)).into_bytes()
    };
    assert!(judge(&head(99, 10)).unwrap().is_some());
    assert_eq!(judge(&head(100, 10)), Err(431));
    assert_eq!(judge(&head(4, 10_000)), Err(431));
    assert_eq!(judge(&head(1, 40_000)[..33_000]), Err(431));
}

#[test]
fn what_is_not_plain() {
    for (plain, text) in [
        (true, &b"GET /\xc3\xa4 HTTP/1.1\r\nHost:\r\n\r\n"[..]),
        (false, b"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        (false, b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
        (false, b"GET / HTTP/1.0\r\n\r\n"),
        (
            false,
            b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
        ),
        (
            false,
            b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n",
        ),
    ] {
        assert_eq!(
            judge(text).unwrap().unwrap().plain,
            plain,
            "{}",
            text.escape_ascii()
        );
    }
}

#[test]
fn persistence_is_a_list_of_tokens() {
    for (want, value) in [
        (Persistence::Close, "foo, Close"),
        (Persistence::Close, "close, keep-alive"),
        (Persistence::Close, "keep-alive,close"),
        (Persistence::KeepAlive, "Keep-Alive"),
        (Persistence::Default, "closed"),
    ] {
        let text = format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: {value}\r\n\r\n");
        assert_eq!(judge(text.as_bytes()).unwrap().unwrap().persistence, want);
    }
}

#[test]
fn rescans_only_when_a_line_ends() {
    let limits = Limits::default();
    let mut rescan = Rescan::default();
    assert!(rescan.is_due(b"GE", &limits));
    assert!(!rescan.is_due(b"GET / HTTP/1.1\r", &limits));
    assert!(rescan.is_due(b"GET / HTTP/1.1\r\n", &limits));
    assert!(!rescan.is_due(b"GET / HTTP/1.1\r\nHo", &limits));
    assert!(rescan.is_due(&vec![b'a'; 9_000], &limits));
}

proptest! {
    #[test]
    fn eight_at_a_time_is_the_same_as_one(bytes in proptest::collection::vec(any::<u8>(), 0..40), plain in proptest::collection::vec(32u8..127, 0..40)) {
        let text = [plain, bytes].concat();
        prop_assert_eq!(long_run(&text, 0, VALUE, b' '), run(&text, 0, VALUE));
        prop_assert_eq!(long_run(&text, 0, TARGET, b'!'), run(&text, 0, TARGET));
    }

    /// More bytes never turn a refusal into a pass, nor move the end of a complete head.
    #[test]
    fn a_verdict_is_final(bytes in mutated(), cut in 0usize..200) {
        let part = &bytes[..cut.min(bytes.len())];
        match judge(part) {
            Err(_) => prop_assert!(judge(&bytes).is_err()),
            Ok(Some(head)) => prop_assert_eq!(judge(&bytes), Ok(Some(head))),
            Ok(None) => {}
        }
    }
}

fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let whole = b"POST /path?q=1 HTTP/1.1\r\nHost: example\r\nContent-Length: 5\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\nhello".to_vec();
    let parts = prop::sample::select(b"\r\n :\t,aZ0/\0\x80".to_vec());
    proptest::collection::vec((0usize..130, 0u8..3, parts), 0..4).prop_map(move |edits| {
        let mut bytes = whole.clone();
        for (at, kind, byte) in edits {
            let at = at.min(bytes.len() - 1);
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => {
                    bytes.remove(at);
                }
            }
        }
        bytes
    })
}
