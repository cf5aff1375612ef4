//! The one strict scan of a request head, shared by both fronts.
//!
//! It decides where the head ends, how its body is framed and whether it may be answered at all. It
//! is deliberately stricter than RFC 9112 allows a recipient to be: wherever two servers could read
//! the same bytes differently (request smuggling), the request is refused. It builds nothing: the
//! caller is told the spans of each field. Key type: [`Head`].

use crate::{Limits, ProtocolError};
use http::StatusCode;

/// Bytes of a buffer, from the first to before the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    pub(crate) fn of(self, buffer: &[u8]) -> &[u8] {
        buffer.get(self.start..self.end).unwrap_or_default()
    }
}

/// How the body after a head is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    None,
    Length(u64),
    Chunked,
}

/// What the `Connection` header asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Persistence {
    Default,
    Close,
    KeepAlive,
}

/// A complete head that may be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Bytes up to and with the empty line, empty lines before the request line included.
    pub(crate) len: usize,
    pub(crate) method: Span,
    pub(crate) target: Span,
    pub(crate) framing: Framing,
    pub(crate) persistence: Persistence,
    /// HTTP/1.1, an origin-form target, neither `Expect` nor `Upgrade`.
    pub(crate) plain: bool,
    /// May be answered `101`: HTTP/1.1, no body, `Upgrade` named by `Connection`, which does not
    /// also ask to close.
    pub(crate) upgrade: bool,
}

const TOKEN: u8 = 1;
const TARGET: u8 = 2;
const VALUE: u8 = 4;
const HOST: u8 = 8;

/// Which bytes may stand where: tokens (RFC 9110, 5.6.2), targets (visible bytes without `#`, and
/// what may be UTF-8), field values (RFC 9110, 5.5).
static CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let byte = i as u8;
        if byte == b'\t' || (byte >= b' ' && byte != 127) {
            table[i] |= VALUE;
        }
        if byte > b' ' && byte != 127 && byte != b'#' {
            table[i] |= TARGET;
        }
        if byte > b' '
            && byte < 127
            && !matches!(byte, b'"' | b',' | b'/' | b'<' | b'>' | b'?' | b'@' | b'\\')
        {
            table[i] |= HOST;
        }
        if byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'!' | b'#'
                    | b'$'
                    | b'%'
                    | b'&'
                    | b'\''
                    | b'*'
                    | b'+'
                    | b'-'
                    | b'.'
                    | b'^'
                    | b'_'
                    | b'`'
                    | b'|'
                    | b'~'
            )
        {
            table[i] |= TOKEN;
        }
        i += 1;
    }
    table
};

/// The longest method that is looked at; the longest registered one has 17 letters.
const LONGEST_METHOD: usize = 24;

pub(crate) const fn bad(reason: &'static str) -> ProtocolError {
    ProtocolError {
        status: StatusCode::BAD_REQUEST,
        reason,
    }
}

const fn fault(status: StatusCode, reason: &'static str) -> ProtocolError {
    ProtocolError { status, reason }
}

const BARE_LF: ProtocolError = bad("a line must end in CR LF");
const BARE_CR: ProtocolError = bad("a CR must be followed by LF");
const REQUEST_LINE: ProtocolError = bad("malformed request line");
const LENGTH: ProtocolError = bad("Content-Length must be given once, as one decimal number");
const LINE_TOO_LONG: ProtocolError =
    fault(StatusCode::URI_TOO_LONG, "the request line is too long");
const HEAD_TOO_LARGE: ProtocolError = fault(
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    "the request head is too large",
);
const TOO_MANY: ProtocolError = fault(
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    "too many header fields",
);

fn run(buffer: &[u8], from: usize, class: u8) -> usize {
    let mut i = from;
    while let Some(&byte) = buffer.get(i)
        && CLASS[byte as usize] & class != 0
    {
        i += 1;
    }
    i
}

/// Like [`run`] for targets and values, eight bytes at a time where all eight are plain text: above
/// `least`, below DEL and other than `#`. The rest goes byte by byte.
fn long_run(buffer: &[u8], from: usize, class: u8, least: u8) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let mut i = from;
    while let Some(eight) = buffer.get(i..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*eight);
        // A high bit in `below` or in one of the `same` marks a byte that is not plain; borrows may
        // mark more of them, never fewer.
        let below = word.wrapping_sub(ONES * u64::from(least));
        let same = |byte: u8| (word ^ (ONES * u64::from(byte))).wrapping_sub(ONES);
        if (word | below | same(127) | same(b'#')) & HIGH != 0 {
            break;
        }
        i += 8;
    }
    run(buffer, i, class)
}

/// True for bytes that may stand in the value of a trailer or header field.
pub(crate) fn is_value_byte(byte: u8) -> bool {
    CLASS[byte as usize] & VALUE != 0
}

/// True for what may stand in `Host`.
#[cfg(feature = "http2")]
pub(crate) fn is_host(value: &[u8]) -> bool {
    !value.is_empty() && run(value, 0, HOST) == value.len()
}

/// True for bytes that may stand in a field name.
pub(crate) fn is_token_byte(byte: u8) -> bool {
    CLASS[byte as usize] & TOKEN != 0
}

/// Scans the head at the start of `buffer` and tells `field` the spans of each name and value, in
/// order. `None`: more bytes are needed.
///
/// # Errors
/// The answer to a head that is malformed, ambiguous or too large, as soon as that is certain.
pub(crate) fn scan(
    buffer: &[u8],
    limits: &Limits,
    mut field: impl FnMut(Span, Span),
) -> Result<Option<Head>, ProtocolError> {
    let Some(line) = request_line(buffer, limits)? else {
        return Ok(None);
    };
    let mut facts = Facts::default();
    let mut count = 0;
    let mut at = line.end;
    loop {
        if at > limits.head {
            return Err(HEAD_TOO_LARGE);
        }
        let name_end = run(buffer, at, TOKEN);
        match buffer.get(name_end) {
            Some(b':') if name_end > at => {}
            None => return incomplete(buffer, limits),
            Some(b'\r') if name_end == at => match buffer.get(at + 1) {
                Some(b'\n') => break,
                None => return incomplete(buffer, limits),
                Some(_) => return Err(BARE_CR),
            },
            Some(b'\n') if name_end == at => return Err(BARE_LF),
            Some(b' ' | b'\t') if name_end == at => {
                return Err(bad("a header field must not be folded over lines"));
            }
            Some(_) => return Err(bad("malformed header name")),
        }
        let value_end = long_run(buffer, name_end + 1, VALUE, b' ');
        match (buffer.get(value_end), buffer.get(value_end + 1)) {
            (Some(b'\r'), Some(b'\n')) => {}
            (None, _) | (Some(b'\r'), None) => return incomplete(buffer, limits),
            (Some(b'\r'), _) => return Err(BARE_CR),
            (Some(b'\n'), _) => return Err(BARE_LF),
            _ => return Err(bad("a header value must not hold control characters")),
        }
        count += 1;
        if count > limits.headers {
            return Err(TOO_MANY);
        }
        let name = Span {
            start: at,
            end: name_end,
        };
        let value = trimmed(buffer, name_end + 1, value_end);
        facts.note(name.of(buffer), value.of(buffer), line.http_11)?;
        field(name, value);
        at = value_end + 2;
    }
    let len = at + 2;
    if len > limits.head {
        return Err(HEAD_TOO_LARGE);
    }
    facts.finish(&line, len).map(Some)
}

fn incomplete(buffer: &[u8], limits: &Limits) -> Result<Option<Head>, ProtocolError> {
    if buffer.len() > limits.head {
        Err(HEAD_TOO_LARGE)
    } else {
        Ok(None)
    }
}

fn trimmed(buffer: &[u8], mut start: usize, mut end: usize) -> Span {
    let blank = |at: usize| matches!(buffer.get(at), Some(b' ' | b'\t'));
    while start < end && blank(start) {
        start += 1;
    }
    while start < end && blank(end - 1) {
        end -= 1;
    }
    Span { start, end }
}

struct Line {
    method: Span,
    target: Span,
    http_11: bool,
    origin: bool,
    end: usize,
}

fn request_line(buffer: &[u8], limits: &Limits) -> Result<Option<Line>, ProtocolError> {
    // Old clients send an empty line after a body; RFC 9112, 2.2 asks to ignore it.
    let mut start = 0;
    while buffer.get(start) == Some(&b'\r') {
        match buffer.get(start + 1) {
            Some(b'\n') => start += 2,
            None => break,
            Some(_) => return Err(BARE_CR),
        }
        if start > limits.head {
            return Err(HEAD_TOO_LARGE);
        }
    }
    let more = |end: usize| {
        if end - start > limits.request_line {
            Err(LINE_TOO_LONG)
        } else {
            Ok(None)
        }
    };
    let method = Span {
        start,
        end: run(buffer, start, TOKEN),
    };
    if method.end - start > LONGEST_METHOD {
        return Err(fault(StatusCode::NOT_IMPLEMENTED, "unknown method"));
    }
    match buffer.get(method.end) {
        Some(b' ') if method.end > start => {}
        None => return more(method.end),
        Some(b'\r') if method.end == start && buffer.len() == start + 1 => return more(start),
        Some(b'\n') => return Err(BARE_LF),
        Some(_) => return Err(REQUEST_LINE),
    }
    let target = Span {
        start: method.end + 1,
        end: long_run(buffer, method.end + 1, TARGET, b'!'),
    };
    if target.end - start > limits.request_line {
        return Err(LINE_TOO_LONG);
    }
    match buffer.get(target.end) {
        Some(b' ') if target.end > target.start => {}
        None => return more(target.end),
        Some(_) => return Err(REQUEST_LINE),
    }
    let rest = buffer.get(target.end + 1..).unwrap_or_default();
    let Some(http_11) = version(rest)? else {
        return more(buffer.len());
    };
    let end = target.end + 11;
    if end - start > limits.request_line {
        return Err(LINE_TOO_LONG);
    }
    let origin = target_form(method.of(buffer), target.of(buffer))?;
    Ok(Some(Line {
        method,
        target,
        http_11,
        origin,
        end,
    }))
}

/// `Some(true)` for 1.1, `Some(false)` for 1.0, `None` when more bytes are needed.
fn version(rest: &[u8]) -> Result<Option<bool>, ProtocolError> {
    const V11: &[u8; 10] = b"HTTP/1.1\r\n";
    const V10: &[u8; 10] = b"HTTP/1.0\r\n";
    if rest.starts_with(V11) {
        return Ok(Some(true));
    }
    if rest.starts_with(V10) {
        return Ok(Some(false));
    }
    if V11.starts_with(rest) || V10.starts_with(rest) {
        return Ok(None);
    }
    Err(match rest {
        [
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            b'1',
            b'.',
            b'0' | b'1',
            b'\n',
            ..,
        ] => BARE_LF,
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'0' | b'1', ..] => REQUEST_LINE,
        [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', ..] => fault(
            StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            "only HTTP/1.1 and HTTP/1.0 are spoken here",
        ),
        _ => REQUEST_LINE,
    })
}

/// True for a path, false for a whole URI or the `*` of OPTIONS.
fn target_form(method: &[u8], target: &[u8]) -> Result<bool, ProtocolError> {
    let scheme = |name: &str| {
        target
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
    };
    if method == b"CONNECT" {
        Err(fault(
            StatusCode::NOT_IMPLEMENTED,
            "CONNECT is not supported",
        ))
    } else if target.first() == Some(&b'/') {
        Ok(true)
    } else if (method == b"OPTIONS" && target == b"*") || scheme("http://") || scheme("https://") {
        Ok(false)
    } else {
        Err(bad("the request target must be a path that starts with /"))
    }
}

/// What the header fields say about the connection and the body.
struct Facts {
    hosts: u8,
    length: Option<u64>,
    chunked: bool,
    persistence: Persistence,
    special: bool,
    /// There is `Upgrade`.
    upgrade: bool,
    /// `Connection` names it.
    upgrade_named: bool,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            hosts: 0,
            length: None,
            chunked: false,
            persistence: Persistence::Default,
            special: false,
            upgrade: false,
            upgrade_named: false,
        }
    }
}

impl Facts {
    fn note(&mut self, name: &[u8], value: &[u8], http_11: bool) -> Result<(), ProtocolError> {
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => {
                self.hosts += 1;
                if self.hosts > 1 {
                    return Err(bad("Host must be given once"));
                }
                if run(value, 0, HOST) < value.len() {
                    return Err(bad("malformed Host"));
                }
            }
            6 if name.eq_ignore_ascii_case(b"expect") => {
                if !value.eq_ignore_ascii_case(b"100-continue") {
                    return Err(fault(
                        StatusCode::EXPECTATION_FAILED,
                        "only Expect: 100-continue is known",
                    ));
                }
                self.special = true;
            }
            7 if name.eq_ignore_ascii_case(b"upgrade") => {
                self.special = true;
                self.upgrade = true;
            }
            10 if name.eq_ignore_ascii_case(b"connection") => {
                for token in value.split(|byte| *byte == b',') {
                    let token = token.trim_ascii();
                    if token.eq_ignore_ascii_case(b"close") {
                        self.persistence = Persistence::Close;
                    } else if token.eq_ignore_ascii_case(b"keep-alive") {
                        if self.persistence == Persistence::Default {
                            self.persistence = Persistence::KeepAlive;
                        }
                    } else if token.eq_ignore_ascii_case(b"upgrade") {
                        self.upgrade_named = true;
                    }
                }
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                if self.length.is_some() {
                    return Err(LENGTH);
                }
                self.length = Some(decimal(value).ok_or(LENGTH)?);
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                    return Err(bad("Transfer-Encoding must be chunked, given once"));
                }
                if !http_11 {
                    return Err(bad("Transfer-Encoding needs HTTP/1.1"));
                }
                self.chunked = true;
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(self, line: &Line, len: usize) -> Result<Head, ProtocolError> {
        if self.hosts == 0 && line.http_11 {
            return Err(bad("Host is missing"));
        }
        let framing = match (self.length, self.chunked) {
            (Some(_), true) => {
                return Err(bad(
                    "Content-Length and Transfer-Encoding must not be given together",
                ));
            }
            (None, true) => Framing::Chunked,
            (None | Some(0), false) => Framing::None,
            (Some(length), false) => Framing::Length(length),
        };
        Ok(Head {
            len,
            method: line.method,
            target: line.target,
            framing,
            persistence: self.persistence,
            plain: line.http_11 && line.origin && !self.special,
            upgrade: self.upgrade
                && self.upgrade_named
                && line.http_11
                && framing == Framing::None
                && self.persistence != Persistence::Close,
        })
    }
}

/// At most 18 digits, so that no sum of lengths can overflow.
fn decimal(value: &[u8]) -> Option<u64> {
    if value.is_empty() || value.len() > 18 {
        return None;
    }
    value.iter().try_fold(0u64, |sum, byte| {
        byte.is_ascii_digit()
            .then(|| sum * 10 + u64::from(byte - b'0'))
    })
}

/// Whether scanning an incomplete head again can tell anything new.
///
/// A head is judged when it first arrives and then only when a line ends or a limit is passed, so
/// that a client which sends single bytes does not make every byte cost a scan.
#[derive(Debug, Default)]
pub(crate) struct Rescan {
    seen: usize,
}

impl Rescan {
    pub(crate) fn is_due(&mut self, buffer: &[u8], limits: &Limits) -> bool {
        let seen = std::mem::replace(&mut self.seen, buffer.len());
        seen == 0
            || buffer.len() > limits.request_line
            || buffer.get(seen..).unwrap_or_default().contains(&b'\n')
    }

    pub(crate) fn reset(&mut self) {
        self.seen = 0;
    }
}

#[cfg(test)]
mod tests;
