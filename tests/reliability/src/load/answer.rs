//! Answers as the suite reads them: HTTP/1.1 with a content length or chunks. What is stranger is an error.
//!
//! Key type: [`Answer`].

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// One answer, borrowed from what was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// The value of `x-request-id`.
    pub(crate) request_id: Option<String>,
    /// The value of `content-type`.
    pub(crate) content_type: Option<String>,
    /// Whether the server closes the connection after it.
    pub(crate) closes: bool,
    /// The content, without the framing.
    pub(crate) body: Vec<u8>,
    /// How many bytes it takes on the wire.
    pub(crate) length: usize,
}

/// How the end of a body is found.
enum Framing {
    Length(usize),
    Chunks,
}

impl Answer {
    /// The first answer in `bytes`, `None` while it is incomplete. `without_body` is said of answers to HEAD.
    ///
    /// # Errors
    ///
    /// When the bytes are no answer.
    pub(crate) fn read(bytes: &[u8], without_body: bool) -> Result<Option<Self>> {
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut head = httparse::Response::new(&mut fields);
        let httparse::Status::Complete(start) = head.parse(bytes).context("a malformed head")?
        else {
            return Ok(None);
        };
        let mut answer = Self {
            status: head.code.context("no status")?,
            request_id: None,
            content_type: None,
            closes: head.version == Some(0),
            body: Vec::new(),
            length: start,
        };
        let mut framing = None;
        for field in head.headers.iter() {
            let value = std::str::from_utf8(field.value).context("a field that is not UTF-8")?;
            match field.name.to_ascii_lowercase().as_str() {
                "x-request-id" => answer.request_id = Some(value.to_owned()),
                "content-type" => answer.content_type = Some(value.to_owned()),
                "connection" => answer.closes = value.eq_ignore_ascii_case("close"),
                "content-length" => {
                    ensure!(framing.is_none(), "two framings");
                    framing = Some(Framing::Length(value.parse().context("content-length")?));
                }
                "transfer-encoding" => {
                    ensure!(framing.is_none() && value == "chunked", "two framings");
                    framing = Some(Framing::Chunks);
                }
                _ => {}
            }
        }
        if without_body || answer.status < 200 || matches!(answer.status, 204 | 304) {
            return Ok(Some(answer));
        }
        match framing {
            Some(Framing::Length(length)) => {
                let Some(body) = bytes.get(start..start.saturating_add(length)) else {
                    return Ok(None);
                };
                answer.body = body.to_vec();
                answer.length += length;
            }
            Some(Framing::Chunks) => {
                if !answer.read_chunks(bytes)? {
                    return Ok(None);
                }
            }
            None => bail!("an answer without a length"),
        }
        Ok(Some(answer))
    }

    /// Whether the last chunk was there.
    fn read_chunks(&mut self, bytes: &[u8]) -> Result<bool> {
        loop {
            let rest = &bytes[self.length.min(bytes.len())..];
            let Ok(size) = httparse::parse_chunk_size(rest) else {
                bail!("a malformed chunk");
            };
            let httparse::Status::Complete((head, size)) = size else {
                return Ok(false);
            };
            let size = usize::try_from(size).context("a huge chunk")?;
            let end = head.saturating_add(size);
            if rest.len() < end.saturating_add(2) {
                return Ok(false);
            }
            ensure!(&rest[end..end + 2] == b"\r\n", "a chunk without an end");
            self.body.extend_from_slice(&rest[head..end]);
            self.length += end + 2;
            if size == 0 {
                return Ok(true);
            }
        }
    }

    /// The process that answered, as the handlers in `process.rs` of the service say it.
    pub(crate) fn process(&self) -> Option<u32> {
        let digits = self.body.strip_prefix(b"{\"pid\":")?.strip_suffix(b"}")?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    }

    /// Why a failure is not in the shape of all failures; `None` when it is.
    pub(crate) fn not_in_envelope(&self) -> Option<String> {
        let Some(kind) = &self.content_type else {
            return Some("no content type".to_owned());
        };
        if !kind.starts_with("application/json") {
            return Some(format!("content type {kind}"));
        }
        let body: Value = match serde_json::from_slice(&self.body) {
            Ok(body) => body,
            Err(error) => return Some(format!("no JSON: {error}")),
        };
        let said = body["code"].as_u64();
        if said != Some(u64::from(self.status)) {
            return Some(format!("status {} with code {}", self.status, body["code"]));
        }
        let has_text = body["message"]
            .as_str()
            .is_some_and(|text| !text.is_empty());
        let has_id = self.request_id.as_ref().is_some_and(|id| !id.is_empty());
        (!has_text || !has_id).then(|| "no message or no request id".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &[u8] = b"HTTP/1.1 200 OK\r\nX-Request-ID: r1-2\r\nContent-Length: 10\r\nConnection: close\r\n\r\n{\"pid\":12}HTTP";

    #[test]
    fn an_answer_is_read_when_it_is_whole() {
        let end = GOOD.len() - 4;
        for length in 0..end {
            assert_eq!(Answer::read(&GOOD[..length], false).unwrap(), None);
        }
        let answer = Answer::read(GOOD, false).unwrap().unwrap();
        assert_eq!(
            (answer.length, answer.process(), answer.closes),
            (end, Some(12), true)
        );
        assert_eq!(answer.request_id.as_deref(), Some("r1-2"));
        assert_eq!(Answer::read(GOOD, true).unwrap().unwrap().body, b"");
    }

    #[test]
    fn chunks_are_joined() {
        let bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        for length in 0..bytes.len() {
            assert_eq!(Answer::read(&bytes[..length], false).unwrap(), None);
        }
        let answer = Answer::read(bytes, false).unwrap().unwrap();
        assert_eq!(
            (answer.body.as_slice(), answer.length),
            (&b"abcde"[..], bytes.len())
        );
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for bytes in [
            &b"HTTQ/1.1 200 OK\r\n\r\n"[..],
            b"HTTP/1.1 200 OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc",
        ] {
            assert!(Answer::read(bytes, false).is_err());
        }
    }

    #[test]
    fn failures_outside_the_envelope_are_noticed() {
        let failure = |kind: &str, body: &str| {
            let text = format!(
                "HTTP/1.1 404 Not Found\r\nx-request-id: a\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            Answer::read(text.as_bytes(), false)
                .unwrap()
                .unwrap()
                .not_in_envelope()
        };
        assert_eq!(
            failure("application/json", r#"{"code":404,"message":"a"}"#),
            None
        );
        assert!(failure("text/plain", r#"{"code":404,"message":"a"}"#).is_some());
        assert!(failure("application/json", r#"{"code":500,"message":"a"}"#).is_some());
        assert!(failure("application/json", r#"{"code":404,"message":""}"#).is_some());
        assert!(failure("application/json", "").is_some());
    }
}
