//! The corpus: valid requests from templates, then mutated, each from its number and a seed alone.
//!
//! Key type: [`Case`].

use std::fmt::Write;

/// One connection's worth of bytes.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) seed: u64,
    pub(super) number: u64,
    pub(super) bytes: Vec<u8>,
    /// How many good requests stand before the mutated one.
    pub(super) good: usize,
    /// Where it is sent in two pieces.
    cut: Option<usize>,
}

/// splitmix64: the same bytes in every run, without a dependency.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap_or(0) % sides.max(1)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len())]
    }
}

impl Case {
    /// The case with that number.
    pub(super) fn new(seed: u64, number: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ number);
        let good = [0, 0, 0, 1, 2][dice.roll(5)];
        let mut bytes = Vec::new();
        for index in 0..good {
            let target = ["/items/7?size=3", "/pid"][index % 2];
            bytes.extend_from_slice(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
        }
        let mut request = template(&mut dice);
        for _ in 0..=dice.roll(3) {
            mutate(&mut dice, &mut request);
        }
        bytes.extend(request);
        let cut = (dice.roll(16) == 0).then(|| dice.roll(bytes.len()));
        Self {
            seed,
            number,
            bytes,
            good,
            cut,
        }
    }

    /// What is sent at a time.
    pub(super) fn pieces(&self) -> [&[u8]; 2] {
        let (first, second) = self.bytes.split_at(self.cut.unwrap_or(self.bytes.len()));
        [first, second]
    }

    /// Whether a request of it may be taken for HEAD.
    pub(super) fn may_be_head(&self) -> bool {
        self.bytes.windows(4).any(|bytes| bytes == b"HEAD")
    }
}

const TARGETS: &[&str] = &[
    "/pid",
    "/items/1",
    "/items/1?size=5",
    "/items/x",
    "/items/1?size=-1&size=999",
    "/items/%31",
    "/items/%zz",
    "/items/%00",
    "/nothing",
    "/health_check",
    "/slow?ms=0",
    "*",
    "http://a/pid",
    "//pid",
    "/pid/",
    "/../pid",
    "/items/99999999999999999999999",
    "/pid?\u{e4}",
];

const FIELDS: &[&str] = &[
    "Accept: */*",
    "Cookie: a=b; c=d",
    "X-Kind: \u{4e2d}\u{6587}",
    "X-Request-ID: abc-1",
    "X-Request-ID: \"<script>",
    "Accept-Language: en;q=0.5, zh-CN",
    "X-Forwarded-For: 1.2.3.4, garbage",
    "Connection: keep-alive",
    "Connection: close",
    "Expect: 100-continue",
    "TE: trailers",
    "Range: bytes=0-1",
    "Authorization: Basic ????",
    "Origin: null",
];

/// Framings that two servers may read in two ways, and wrong ones.
const FRAMINGS: &[&str] = &[
    "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "Content-Length: 3, 3\r\n\r\nabc",
    "Content-Length: +3\r\n\r\nabc",
    "Content-Length: 0x3\r\n\r\nabc",
    "Content-Length: -1\r\n\r\n",
    "Content-Length: 18446744073709551616\r\n\r\n",
    "Content-Length: 99999999999\r\n\r\nabc",
    "Content-Length:\r\n\r\n",
    "Content-Length : 3\r\n\r\nabc",
    "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: identity\r\n\r\nabc",
    "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nTrailer: x\r\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    "Transfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n",
    "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\n3\r\nab",
    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /pid HTTP/1.1\r\nHost: a\r\n\r\n",
];

const JSON: &[&str] = &[
    "{\"name\":\"a\",\"quantity\":1}",
    "{\"name\":\"\",\"quantity\":0}",
    "{\"name\":1,\"quantity\":\"x\",\"tags\":{}}",
    "{\"quantity\":1e400}",
    "{\"name\":\"\\ud800\",\"quantity\":1}",
    "{\"name\":\"a\",\"name\":\"b\",\"quantity\":-0}",
    "[[[[[[[[[[",
    "{\"name\":\"a\"",
    "null",
    "\u{feff}{}",
    "{\"tags\":[1,2,null,{}],\"name\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"quantity\":99999999999}",
    "",
];

/// A request that is valid, or nearly.
fn template(dice: &mut Dice) -> Vec<u8> {
    let mut text = match dice.roll(8) {
        0 | 1 => head(
            dice,
            &[
                "GET", "GET", "HEAD", "DELETE", "OPTIONS", "get", "G@T", "X-Y",
            ],
            None,
        ),
        2 => json(dice),
        3 => form(dice),
        4 => multipart(dice),
        _ => framed(dice),
    };
    if dice.roll(40) == 0 {
        text.insert_str(0, dice.pick(&["\r\n", "\n", " ", "\r\n\r\n\r\n", "\0"]));
    }
    text.into_bytes()
}

fn head(dice: &mut Dice, methods: &[&str], target: Option<&str>) -> String {
    let version = match dice.roll(30) {
        0 => "HTTP/1.0",
        1 => "HTTP/1.2",
        2 => "HTTP/2.0",
        3 => "HTTP/0.9",
        4 => "http/1.1",
        _ => "HTTP/1.1",
    };
    let target = target.unwrap_or_else(|| dice.pick(TARGETS));
    let mut text = format!("{} {target} {version}\r\n", dice.pick(methods));
    match dice.roll(20) {
        0 => {}
        1 => text.push_str("Host: a\r\nHost: b\r\n"),
        2 => text.push_str("Host: a b\r\n"),
        3 => text.push_str("Host:\r\n"),
        _ => text.push_str("Host: example.com:80\r\n"),
    }
    for _ in 0..dice.roll(4) {
        text.push_str(dice.pick(FIELDS));
        text.push_str("\r\n");
    }
    if dice.roll(200) == 0 {
        (0..dice.roll(300)).for_each(|number| _ = write!(text, "X-{number}: y\r\n"));
    }
    if dice.roll(200) == 0 {
        _ = write!(text, "X-Long: {}\r\n", "z".repeat(dice.roll(60_000)));
    }
    text.push_str("\r\n");
    text
}

fn with_body(dice: &mut Dice, target: &str, kind: &str, body: &str) -> String {
    let mut text = head(dice, &["POST"], Some(target));
    text.truncate(text.len() - 2);
    let length = match dice.roll(10) {
        0 => body.len() + 1 + dice.roll(50),
        1 => body.len().saturating_sub(1 + dice.roll(5)),
        _ => body.len(),
    };
    _ = write!(
        text,
        "Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    text
}

fn json(dice: &mut Dice) -> String {
    let kinds = [
        "application/json",
        "application/json; charset=utf-16",
        "text/plain",
        "application/",
        "",
    ];
    let (kind, body) = (dice.pick(&kinds), dice.pick(JSON));
    let target = dice.pick(&["/items", "/json"]);
    with_body(dice, target, kind, body)
}

fn form(dice: &mut Dice) -> String {
    let bodies = [
        "name=a",
        "name=%zz",
        "name=%",
        "name",
        "=",
        "&&&",
        "name=a&name=b",
        "n%00=1",
        "name=\u{e4}",
        "",
    ];
    let body = dice.pick(&bodies);
    with_body(dice, "/form", "application/x-www-form-urlencoded", body)
}

fn multipart(dice: &mut Dice) -> String {
    let kind = dice.pick(&[
        "multipart/form-data; boundary=b",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"b",
    ]);
    let body = dice.pick(&[
        "--b\r\ncontent-disposition: form-data; name=a\r\n\r\n1\r\n--b--\r\n",
        "--b\r\ncontent-disposition: form-data; name=a\r\n\r\n1\r\n",
        "--b\r\n\r\n\r\n--b--",
        "--b--",
        "--bb\r\n",
        "--b\r\ncontent-disposition: form-data; name=\"a\r\nx: y\r\n\r\n1\r\n--b--\r\n",
        "",
    ]);
    with_body(dice, "/upload", kind, body)
}

fn framed(dice: &mut Dice) -> String {
    let mut text = head(dice, &["POST", "PUT", "GET"], Some("/echo"));
    text.truncate(text.len() - 2);
    text.push_str(dice.pick(FRAMINGS));
    text
}

/// Changes a request in one of the ways that break readers.
fn mutate(dice: &mut Dice, bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        bytes.push(b'G');
    }
    let at = dice.roll(bytes.len());
    match dice.roll(12) {
        0 => bytes[at] ^= 1 << dice.roll(8),
        1 => bytes[at] = dice.pick(b"\r\n :,;0aZ\t\0\x7f\xff/%&="),
        2 => bytes.insert(at, dice.pick(b"\r\n :,;0aZ\t\0\x7f\xff/%&=")),
        3 => drop(bytes.remove(at)),
        4 => bytes.truncate(at + 1),
        5 => {
            // A piece of itself somewhere else.
            let end = (at + 1 + dice.roll(40)).min(bytes.len());
            let piece = bytes[at..end].to_vec();
            let to = dice.roll(bytes.len());
            bytes.splice(to..to, piece);
        }
        6 => change_line_end(dice, bytes),
        7 => {
            let line = dice.pick(&[
                "\r\n folded",
                "\r\nNo-Colon",
                "\r\n: no name",
                "\r\nA\0B: c",
                "\r\nX:\x01",
                "\r\nTransfer-Encoding: chunked",
            ]);
            insert_at_line_end(dice, bytes, line.as_bytes());
        }
        8 => {
            let line = format!(
                "\r\nContent-Length: {}",
                ["0", "5", "007", "1e3", " 4 ", "9223372036854775808"][dice.roll(6)]
            );
            insert_at_line_end(dice, bytes, line.as_bytes());
        }
        9 => {
            let many = vec![bytes[at]; 1 + dice.roll(300)];
            bytes.splice(at..at, many);
        }
        10 => bytes.extend_from_slice(dice.pick(&[
            &b"GET /pid HTTP/1.1\r\nHost: a\r\n\r\n"[..],
            b"\r\n\r\n",
            b"\0\0\0\0",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"\x16\x03\x01\x02\x00",
        ])),
        // As it is: good requests must stay good among bad ones.
        _ => {}
    }
}

fn line_ends(bytes: &[u8]) -> Vec<usize> {
    let pairs = bytes.windows(2).enumerate();
    pairs
        .filter(|(_, pair)| pair == b"\r\n")
        .map(|(at, _)| at)
        .collect()
}

fn change_line_end(dice: &mut Dice, bytes: &mut Vec<u8>) {
    let ends = line_ends(bytes);
    if !ends.is_empty() {
        let at = dice.pick(&ends);
        let end = dice
            .pick(&[&b"\n"[..], b"\r", b"\r\r\n", b"\n\r", b"\r\n\r\n", b""])
            .to_vec();
        bytes.splice(at..at + 2, end);
    }
}

fn insert_at_line_end(dice: &mut Dice, bytes: &mut Vec<u8>, line: &[u8]) {
    let ends = line_ends(bytes);
    if !ends.is_empty() {
        let at = dice.pick(&ends);
        bytes.splice(at..at, line.iter().copied());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_made_again_from_its_number() {
        for number in 0..200 {
            let case = Case::new(5, number);
            assert_eq!(case.bytes, Case::new(5, number).bytes);
            assert_eq!(case.pieces().concat(), case.bytes);
        }
        let differs = |number| Case::new(5, number).bytes != Case::new(6, number).bytes;
        assert!((0..200).filter(|number| differs(*number)).count() > 150);
    }

    #[test]
    fn good_requests_are_in_front() {
        let case = (0..100)
            .map(|number| Case::new(1, number))
            .find(|case| case.good == 2);
        let case = case.unwrap();
        assert!(
            case.bytes
                .starts_with(b"GET /items/7?size=3 HTTP/1.1\r\nHost: a\r\n\r\nGET /pid")
        );
    }
}
