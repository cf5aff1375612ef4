//! [`Stamps`]: headers that a service puts on every answer, as lines that are ready to be sent.
//!
//! A header map hashes each name and allocates each value; a request id and a duration need neither.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The name of a header as the beginning of its line.
///
/// ```
/// const REQUEST_ID: fastflyer_server::Stamp = fastflyer_server::Stamp::new("x-request-id: ");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Stamp(&'static str);

impl Stamp {
    /// Takes a name in lower case with the colon and the space that follow it.
    ///
    /// # Panics
    /// If it is not written so; in a constant that is an error of the compiler.
    pub const fn new(beginning: &'static str) -> Self {
        let bytes = beginning.as_bytes();
        assert!(bytes.len() > 2, "a header has a name");
        let (mut at, end) = (0, bytes.len() - 2);
        while at < end {
            let byte = bytes[at];
            let good = byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            assert!(good, "the name of a header is written in lower case");
            at += 1;
        }
        assert!(
            bytes[end] == b':' && bytes[end + 1] == b' ',
            "a name ends with a colon and a space"
        );
        Self(beginning)
    }
}

/// Header lines of one answer beside its header map. They replace nothing: a name that a service
/// stamps stays out of its maps and of the headers that the server puts on every answer.
///
/// ```
/// use fastflyer_server::{Stamp, Stamps};
///
/// let mut stamps = Stamps::default();
/// stamps.put(Stamp::new("x-request-id: "), b"order-17");
/// let mut headers = http::HeaderMap::new();
/// stamps.apply(&mut headers);
/// assert_eq!(headers["x-request-id"], "order-17");
/// ```
#[derive(Debug, Default)]
pub struct Stamps {
    lines: Vec<u8>,
}

impl Stamps {
    /// Adds a line. A tab, or a byte that no header value may hold, is written as `?`.
    pub fn put(&mut self, Stamp(beginning): Stamp, value: &[u8]) {
        self.lines.extend_from_slice(beginning.as_bytes());
        let start = self.lines.len();
        self.lines.extend_from_slice(value);
        if let Some(value) = self.lines.get_mut(start..) {
            // Without a branch per byte.
            for byte in value {
                *byte = if allowed(*byte) { *byte } else { b'?' };
            }
        }
        self.lines.extend_from_slice(b"\r\n");
    }

    /// Puts the headers into a map instead, for those who do not write lines; they replace what the
    /// map has of the same names.
    pub fn apply(&self, headers: &mut HeaderMap) {
        for line in self.lines.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let Some(colon) = line.iter().position(|byte| *byte == b':') else {
                continue;
            };
            let name = HeaderName::from_bytes(line.get(..colon).unwrap_or_default());
            let value = HeaderValue::from_bytes(line.get(colon + 2..).unwrap_or_default());
            if let (Ok(name), Ok(value)) = (name, value) {
                headers.insert(name, value);
            }
        }
    }

    pub(crate) fn lines(&self) -> &[u8] {
        &self.lines
    }

    pub(crate) fn clear(&mut self) {
        self.lines.clear();
    }
}

/// What [`HeaderValue`] allows, without the tab, which nothing that is stamped has.
const fn allowed(byte: u8) -> bool {
    byte >= b' ' && byte != 0x7f
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_end_its_line() {
        let mut stamps = Stamps::default();
        stamps.put(Stamp::new("x-a: "), b"one\r\nset-cookie: two\0");
        assert_eq!(stamps.lines(), b"x-a: one??set-cookie: two?\r\n");
        stamps.clear();
        assert_eq!(stamps.lines(), b"");
    }

    #[test]
    fn lines_and_map_say_the_same() {
        let mut stamps = Stamps::default();
        stamps.put(Stamp::new("x-a: "), b"");
        stamps.put(Stamp::new("x-b: "), b"2: two");
        let mut headers = HeaderMap::new();
        headers.insert("x-b", HeaderValue::from_static("old"));
        stamps.apply(&mut headers);
        assert_eq!(
            (&headers["x-a"], &headers["x-b"]),
            (
                &HeaderValue::from_static(""),
                &HeaderValue::from_static("2: two")
            )
        );
    }
}
