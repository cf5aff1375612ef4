//! Both fronts give the same verdict on the same bytes: generated requests, mutated, from a seed.

use crate::support::*;
use bytes::Bytes;
use std::time::Duration;

/// Connections per run; each is made to both fronts.
const CASES: u64 = 3_000;

/// xorshift64*: the same bytes in every run, without a dependency.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

fn request(dice: &mut Dice) -> Vec<u8> {
    let method = dice.pick(&[
        "GET", "GET", "POST", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "get", "X-Y",
    ]);
    let target = dice.pick(&[
        "/",
        "/echo",
        "/a/b?c=d",
        "/%zz",
        "/ä",
        "*",
        "http://a/b",
        "/{x}|\"y\"",
        "/a#b",
        "a",
        "/stream",
        "/exact",
        "/own",
        "/status?404",
        "//",
        "/?",
        "/big?20000",
    ]);
    let version = match dice.roll(24) {
        0 => "HTTP/1.2",
        1 => "HTTP/2.0",
        2 | 3 => "HTTP/1.0",
        _ => "HTTP/1.1",
    };
    let mut text = format!("{method} {target} {version}\r\n");
    if dice.roll(12) > 0 {
        text.push_str("Host: example.com:80\r\n");
    }
    for _ in 0..dice.roll(4) {
        text.push_str(dice.pick(&[
            "X-A: b\r\n",
            "x-a:\t c \r\n",
            "Cookie: a=b; c=d\r\n",
            "Accept: */*\r\n",
            "X-Empty:\r\n",
            "Connection: keep-alive\r\n",
            "Connection: close\r\n",
            "Connection: x, Close\r\n",
            "TE: trailers\r\n",
            "Expect: 100-continue\r\n",
            "Expect: x\r\n",
            "Upgrade: websocket\r\n",
            "Connection: upgrade\r\nUpgrade: echo\r\n",
            "Connection: Upgrade, close\r\nUpgrade: h2c\r\n",
            "Host: b\r\n",
            "Bad Name: x\r\n",
            "X: \u{e4}\r\n",
        ]));
    }
    let size = [0, 1, 5, 300][dice.roll(4)];
    let body = "x".repeat(size);
    match dice.roll(6) {
        0 | 1 => text.push_str("\r\n"),
        2 | 3 => text.push_str(&format!("Content-Length: {size}\r\n\r\n{body}")),
        4 => text.push_str(&format!(
            "Transfer-Encoding: chunked\r\n\r\n{size:x}\r\n{body}{}",
            if size > 0 { "\r\n0\r\n\r\n" } else { "\r\n" }
        )),
        _ => text.push_str(dice.pick(&[
            "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
            "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "Content-Length: -1\r\n\r\n",
            "Content-Length: 03\r\n\r\nabc",
            "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nTrailer: x\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        ])),
    }
    text.into_bytes()
}

fn case(dice: &mut Dice) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..=dice.roll(4) {
        bytes.extend(request(dice));
    }
    let edits = if dice.roll(2) == 0 {
        0
    } else {
        1 + dice.roll(3)
    };
    for _ in 0..edits {
        let at = dice.roll(bytes.len());
        let byte = b"\r\n :,;0aZ\t\0\x7f\xff/"[dice.roll(14)];
        match dice.roll(4) {
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            2 => drop(bytes.remove(at)),
            _ if dice.roll(4) == 0 => bytes.truncate(at + 1),
            _ => {}
        }
        if bytes.is_empty() {
            bytes.push(b'G');
        }
    }
    bytes
}

/// Statuses, paths, and bodies by length and beginning; whether it hung; whole bodies delivered.
type Verdict = (
    Vec<(u16, Option<String>, usize, String)>,
    bool,
    Vec<(String, Bytes)>,
);

fn verdict(server: &Running, bytes: &[u8], cut: Option<usize>) -> Verdict {
    let mut client = Client::connect(server.address);
    match cut {
        Some(at) => {
            client.send(&bytes[..at]);
            std::thread::sleep(Duration::from_millis(1));
            client.send(&bytes[at..]);
        }
        None => client.send(bytes),
    }
    client.half_close();
    let (received, end) = client.rest();
    let answers = answers(&received);
    let whole = std::mem::take(&mut *server.seen.lock().unwrap())
        .into_iter()
        .filter_map(|(path, body)| Some((path, body?)))
        .collect();
    let answers = answers
        .into_iter()
        .map(|answer| {
            let start = answer.body.iter().take(60).copied().collect::<Vec<_>>();
            (
                answer.status,
                answer.header("x-path").map(str::to_owned),
                answer.body.len(),
                start.escape_ascii().to_string(),
            )
        })
        .collect();
    (answers, end == End::TimedOut, whole)
}

#[test]
fn both_fronts_agree() {
    let servers = FRONTS.map(|front| start(config(front)));
    let mut dice = Dice(0x5eed);
    let mut classes = [0; 6];
    for number in 0..CASES {
        let bytes = case(&mut dice);
        let cut = (dice.roll(3) == 0).then(|| dice.roll(bytes.len()));
        let [hyper, fast] = [0, 1].map(|index| verdict(&servers[index], &bytes, cut));
        assert_eq!(
            hyper,
            fast,
            "case {number}, hyper left, cut {cut:?}: {}",
            bytes.escape_ascii()
        );
        assert!(!hyper.1, "case {number} hangs: {}", bytes.escape_ascii());
        for (status, ..) in &hyper.0 {
            classes[usize::from(status / 100)] += 1;
        }
    }
    // The seed reaches what it is meant to reach.
    assert!(
        classes[2] > 1_000 && classes[4] > 1_000 && classes[5] > 100,
        "{classes:?}"
    );
}
