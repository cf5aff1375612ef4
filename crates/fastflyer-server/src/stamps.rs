//! [`Stamps`]: headers that a service puts on every answer, as lines that are ready to be sent.
//!
//! A header map hashes each name and allocates each value; a request id and a duration need neither.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Header lines of one answer beside its header map. They replace nothing: a service that stamps a
/// name keeps it out of the map.
///
/// ```
/// use fastflyer_server::Stamps;
/// use http::{HeaderMap, HeaderName};
///
/// let mut stamps = Stamps::default();
/// stamps.put(&HeaderName::from_static("x-request-id"), b"order-17");
/// let mut headers = HeaderMap::new();
/// stamps.apply(&mut headers);
/// assert_eq!(headers["x-request-id"], "order-17");
/// ```
#[derive(Debug, Default)]
pub struct Stamps {
    lines: Vec<u8>,
}

impl Stamps {
    /// Adds a line. A byte that no header value may hold is written as `?`.
    pub fn put(&mut self, name: &HeaderName, value: &[u8]) {
        self.lines.extend_from_slice(name.as_str().as_bytes());
        self.lines.extend_from_slice(b": ");
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
        let name = HeaderName::from_static("x-a");
        stamps.put(&name, b"one\r\nset-cookie: two\0");
        assert_eq!(stamps.lines(), b"x-a: one??set-cookie: two?\r\n");
        stamps.clear();
        assert_eq!(stamps.lines(), b"");
    }

    #[test]
    fn lines_and_map_say_the_same() {
        let mut stamps = Stamps::default();
        stamps.put(&HeaderName::from_static("x-a"), b"");
        stamps.put(&HeaderName::from_static("x-b"), b"2: two");
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
