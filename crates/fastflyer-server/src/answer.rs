//! Heads as bytes: the headers that every answer has, and the answers of the protocol layer.

use crate::SampledHeaders;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

/// The constant headers, the sampled ones and the date as finished lines, made anew when the second
/// changes.
#[derive(Debug)]
pub(crate) struct Prepared {
    constant: HeaderMap,
    sampled: Option<SampledHeaders>,
    /// The names once more: comparing a few is quicker than hashing one.
    names: Vec<HeaderName>,
    /// Which lengths the names have, as [`length_bit`]s: most others differ in that already.
    lengths: u64,
    block: Mutex<Block>,
}

#[derive(Debug, Default)]
struct Block {
    second: u64,
    lines: Vec<u8>,
    sampled: HeaderMap,
}

impl Prepared {
    pub(crate) fn new(constant: &HeaderMap, sampled: Option<SampledHeaders>) -> Self {
        let mut prepared = Self {
            constant: constant.clone(),
            sampled,
            names: constant.keys().cloned().collect(),
            lengths: 0,
            block: Mutex::default(),
        };
        prepared.refresh();
        let sampled: Vec<HeaderName> = prepared.lock().sampled.keys().cloned().collect();
        prepared.names.extend(sampled);
        prepared.lengths = prepared
            .names
            .iter()
            .fold(length_bit(&header::DATE), |bits, name| {
                bits | length_bit(name)
            });
        prepared
    }

    /// Adds the prepared headers, but the date, that are not there already.
    pub(crate) fn complete(&self, headers: &mut HeaderMap) {
        let block = self.lock();
        for (name, value) in self.constant.iter().chain(&block.sampled) {
            if !headers.contains_key(name) {
                headers.insert(name, value.clone());
            }
        }
    }

    /// Whether the prepared headers or the date have this name.
    pub(crate) fn has(&self, name: &HeaderName) -> bool {
        self.lengths & length_bit(name) != 0
            && (*name == header::DATE || self.names.iter().any(|own| own == name))
    }

    fn lock(&self) -> MutexGuard<'_, Block> {
        self.block.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the clock of the machine; called a few times a second.
    pub(crate) fn refresh(&self) {
        let second = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_secs());
        let mut block = self.lock();
        if block.second != second || block.lines.is_empty() {
            block.second = second;
            block.lines.clear();
            block.lines.extend_from_slice(b"date: ");
            block.lines.extend_from_slice(&http_date(second));
            block.lines.extend_from_slice(b"\r\n");
            if let Some(SampledHeaders(sample)) = &self.sampled {
                block.sampled = sample();
            }
            let Block { lines, sampled, .. } = &mut *block;
            for (name, value) in self.constant.iter().chain(&*sampled) {
                line(lines, name, value);
            }
        }
    }

    /// Appends the lines that `own` does not have already.
    pub(crate) fn append(&self, out: &mut Vec<u8>, own: &HeaderMap) {
        let replaced = own.keys().any(|name| self.has(name));
        self.append_if(out, own, replaced);
    }

    /// Like [`append`](Self::append) where the caller knows whether `own` has any of the names.
    pub(crate) fn append_if(&self, out: &mut Vec<u8>, own: &HeaderMap, replaced: bool) {
        let block = self.lock();
        if !replaced {
            out.extend_from_slice(&block.lines);
            return;
        }
        if !own.contains_key(header::DATE) {
            let end = block
                .lines
                .iter()
                .position(|byte| *byte == b'\n')
                .map_or(0, |at| at + 1);
            out.extend_from_slice(block.lines.get(..end).unwrap_or_default());
        }
        for (name, value) in self.constant.iter().chain(&block.sampled) {
            if !own.contains_key(name) {
                line(out, name, value);
            }
        }
    }
}

fn length_bit(name: &HeaderName) -> u64 {
    1 << (name.as_str().len() & 63)
}

/// Appends one header line.
pub(crate) fn line(out: &mut Vec<u8>, name: &HeaderName, value: &HeaderValue) {
    // The one line that nearly every answer has.
    if *name == header::CONTENT_TYPE && value.as_bytes() == b"application/json" {
        out.extend_from_slice(b"content-type: application/json\r\n");
        return;
    }
    out.extend_from_slice(name.as_str().as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value.as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Appends the status line.
pub(crate) fn status_line(out: &mut Vec<u8>, status: StatusCode) {
    if status == StatusCode::OK {
        out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
        return;
    }
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(status.canonical_reason().unwrap_or("Other").as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Appends a whole answer after which the connection closes.
pub(crate) fn last(out: &mut Vec<u8>, response: &Response<Bytes>, prepared: &Prepared) {
    status_line(out, response.status());
    prepared.append(out, response.headers());
    for (name, value) in response.headers() {
        if !is_framing(name) {
            line(out, name, value);
        }
    }
    out.extend_from_slice(b"connection: close\r\ncontent-length: ");
    out.extend_from_slice(itoa::Buffer::new().format(response.body().len()).as_bytes());
    out.extend_from_slice(b"\r\n\r\n");
    out.extend_from_slice(response.body());
}

/// An answer that goes on until its client leaves.
pub(crate) fn is_event_stream(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| {
        value
            .as_bytes()
            .get(..EVENT_STREAM.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(EVENT_STREAM))
    })
}

const EVENT_STREAM: &[u8] = b"text/event-stream";

/// Headers that the server writes by itself.
pub(crate) fn is_framing(name: &HeaderName) -> bool {
    *name == header::CONTENT_LENGTH
        || *name == header::CONNECTION
        || *name == header::TRANSFER_ENCODING
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`. Days to dates after Howard Hinnant's `civil_from_days`.
fn http_date(second: u64) -> [u8; 29] {
    const DAYS: [&[u8; 3]; 7] = [b"Thu", b"Fri", b"Sat", b"Sun", b"Mon", b"Tue", b"Wed"];
    const MONTHS: [&[u8; 3]; 12] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
        b"Dec",
    ];
    let (days, rest) = (second / 86_400, second % 86_400);
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12;
    let year = year_of_era + era * 400 + u64::from(month < 2);
    let mut text = *b"Thu, 01 Jan 1970 00:00:00 GMT";
    let mut two = |at: usize, number: u64| {
        text[at] = b'0' + (number / 10 % 10) as u8;
        text[at + 1] = b'0' + (number % 10) as u8;
    };
    two(5, day);
    two(12, year / 100);
    two(14, year % 100);
    two(17, rest / 3_600);
    two(20, rest / 60 % 60);
    two(23, rest % 60);
    text[..3].copy_from_slice(DAYS[(days % 7) as usize]);
    text[8..11].copy_from_slice(MONTHS[month as usize]);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_known_seconds() {
        for (second, text) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"),
            (4_102_444_800, "Fri, 01 Jan 2100 00:00:00 GMT"),
        ] {
            assert_eq!(std::str::from_utf8(&http_date(second)), Ok(text));
        }
    }

    #[test]
    fn sampled_headers_are_asked_once_a_second() {
        use std::sync::{
            Arc,
            atomic::{AtomicU64, Ordering::Relaxed},
        };
        let asked = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&asked);
        let sampled = SampledHeaders(Arc::new(move || {
            let mut headers = HeaderMap::new();
            headers.insert(
                "x-load",
                HeaderValue::from(counter.fetch_add(1, Relaxed) + 1),
            );
            headers
        }));
        let prepared = Prepared::new(&HeaderMap::new(), Some(sampled));
        prepared.refresh();
        // The second may have changed in between, no more than once.
        assert!(asked.load(Relaxed) <= 2);
        let mut out = Vec::new();
        prepared.append(&mut out, &HeaderMap::new());
        assert!(String::from_utf8_lossy(&out).contains("\r\nx-load: "));
        let mut headers = HeaderMap::new();
        prepared.complete(&mut headers);
        assert_eq!(headers.len(), 1);
        headers.insert("x-load", HeaderValue::from_static("own"));
        let mut out = Vec::new();
        prepared.append(&mut out, &headers);
        assert!(
            !String::from_utf8_lossy(&out).contains("x-load"),
            "the answer's own goes before"
        );
        prepared.complete(&mut headers);
        assert_eq!(headers["x-load"], "own");
    }

    #[test]
    fn the_answer_replaces_constant_headers() {
        let mut constant = HeaderMap::new();
        constant.insert("x-host-ip", HeaderValue::from_static("10.0.0.1"));
        constant.insert(
            "x-content-type-options",
            HeaderValue::from_static("nosniff"),
        );
        let prepared = Prepared::new(&constant, None);
        let response = Response::builder()
            .status(404)
            .header("x-host-ip", "other")
            .header("date", "today")
            .header("connection", "keep-alive")
            .body(Bytes::from_static(b"no"))
            .unwrap();
        let mut out = Vec::new();
        last(&mut out, &response, &prepared);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "HTTP/1.1 404 Not Found\r\nx-content-type-options: nosniff\r\nx-host-ip: other\r\ndate: today\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno"
        );
    }
}
