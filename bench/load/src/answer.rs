//! Just enough of HTTP/1.1 to find where an answer ends.

use memchr::{memchr_iter, memmem::Finder};

/// One answer at the start of a buffer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
    /// Head and body together.
    pub(crate) length: usize,
}

/// Why a buffer cannot be an answer of the benchmark.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unexpected(pub(crate) &'static str);

/// Finds answers; keeps the prepared search.
pub(crate) struct Reader {
    blank_line: Finder<'static>,
}

impl Reader {
    pub(crate) fn new() -> Self {
        Self {
            blank_line: Finder::new(b"\r\n\r\n"),
        }
    }

    /// The answer that begins the buffer, or `None` when more bytes are needed.
    pub(crate) fn next<'a>(&self, buffer: &'a [u8]) -> Result<Option<Answer<'a>>, Unexpected> {
        let Some(end) = self.blank_line.find(buffer) else {
            return Ok(None);
        };
        let (head, rest) = (&buffer[..end + 2], &buffer[end + 4..]);
        if !head.starts_with(b"HTTP/1.1 ") || head.len() < 14 {
            return Err(Unexpected("not an HTTP/1.1 status line"));
        }
        let status = number(&head[9..12]).ok_or(Unexpected("a status that is no number"))?;
        let length = content_length(head)?;
        Ok(rest.get(..length).map(|body| Answer {
            status: u16::try_from(status).unwrap_or(0),
            body,
            length: end + 4 + length,
        }))
    }
}

fn content_length(head: &[u8]) -> Result<usize, Unexpected> {
    const NAME: &[u8] = b"content-length:";
    for newline in memchr_iter(b'\n', head) {
        let line = &head[newline + 1..];
        // The first byte spares the comparison on nearly all lines.
        if line.first().is_some_and(|first| first | 0x20 == b'c')
            && line
                .get(..NAME.len())
                .is_some_and(|name| name.eq_ignore_ascii_case(NAME))
        {
            let value = &line[NAME.len()..];
            let value = &value[..memchr::memchr(b'\r', value).unwrap_or(value.len())];
            return number(value.trim_ascii()).ok_or(Unexpected("a bad content-length"));
        }
    }
    Err(Unexpected("an answer without content-length"))
}

fn number(digits: &[u8]) -> Option<usize> {
    if digits.is_empty() || digits.len() > 9 {
        return None;
    }
    digits.iter().try_fold(0, |sum, digit| {
        digit
            .is_ascii_digit()
            .then(|| sum * 10 + usize::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &[u8] =
        b"HTTP/1.1 200 OK\r\ncache-control: no\r\nContent-Length: 2\r\nx: y\r\n\r\nhi";

    #[test]
    fn a_whole_answer_is_found_and_what_follows_is_left() {
        let two = [ONE, ONE].concat();
        let answer = Reader::new().next(&two).unwrap().unwrap();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body, b"hi");
        assert_eq!(answer.length, ONE.len());
    }

    #[test]
    fn every_shorter_buffer_waits() {
        for end in 0..ONE.len() {
            assert_eq!(Reader::new().next(&ONE[..end]), Ok(None), "{end} bytes");
        }
    }

    #[test]
    fn what_it_cannot_measure_is_refused() {
        for bad in [
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\nhi",
            "HTTP/1.1 2x0 OK\r\ncontent-length: 2\r\n\r\nhi",
        ] {
            assert!(Reader::new().next(bad.as_bytes()).is_err(), "{bad:?}");
        }
    }
}
