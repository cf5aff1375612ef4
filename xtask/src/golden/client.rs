//! A small HTTP/1.1 client that sends exactly what a case says, header bytes included.
//!
//! An ordinary client would normalise what the cases are about (paths with `..`, odd header values,
//! methods). One connection for each request; no TLS, no redirects. Key type: [`Answer`].

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::case::Request;

/// The longest wait for one read or write.
const PATIENCE: Duration = Duration::from_secs(20);

/// The most bytes of a body that are read.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// What the service answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// Lower-case names; repeated fields are joined by `, `.
    pub(crate) headers: BTreeMap<String, String>,
    /// The body with its framing removed.
    pub(crate) body: Vec<u8>,
}

/// Sends a recorded request to `host` (`127.0.0.1:8080`) and reads the answer.
///
/// # Errors
///
/// When the connection fails or the answer is cut short or is not HTTP/1.
pub(crate) fn send(host: &str, request: &Request) -> Result<Answer> {
    let address = if host.contains(':') {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    let mut stream =
        TcpStream::connect(&address).with_context(|| format!("connecting to {address}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // A service may answer and close before it has read everything: the answer counts, not the write.
    let written = stream.write_all(&request_bytes(host, request)?);
    read_answer(BufReader::new(&mut stream), &request.method).or_else(|error| {
        written.context("sending the request")?;
        Err(error)
    })
}

fn request_bytes(host: &str, request: &Request) -> Result<Vec<u8>> {
    let mut head = format!(
        "{} {} HTTP/1.1\r\nhost: {host}\r\n",
        request.method, request.path
    )
    .into_bytes();
    let mut has_length = false;
    for (name, value) in request.headers.iter().flatten() {
        let value = value
            .as_str()
            .with_context(|| format!("header {name} is not a string"))?;
        ensure!(
            !value.contains(['\r', '\n']),
            "header {name} has a line break"
        );
        has_length |= name.eq_ignore_ascii_case("content-length");
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend(latin1(value)?);
        head.extend_from_slice(b"\r\n");
    }
    let body = request.body.as_deref();
    if let (Some(body), false) = (body, has_length) {
        head.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
    }
    head.extend_from_slice(b"\r\n");
    head.extend_from_slice(body.unwrap_or_default().as_bytes());
    Ok(head)
}

/// Header values travel as Latin-1, as the recordings were made.
fn latin1(value: &str) -> Result<Vec<u8>> {
    value
        .chars()
        .map(|c| u8::try_from(c).with_context(|| format!("header value has {c:?}")))
        .collect()
}

fn read_answer(mut from: impl BufRead, method: &str) -> Result<Answer> {
    loop {
        let mut answer = read_head(&mut from)?;
        if answer.status < 200 && answer.status != 101 {
            continue;
        }
        answer.body = read_body(from, method, &answer)?;
        return Ok(answer);
    }
}

fn read_head(from: &mut impl BufRead) -> Result<Answer> {
    let line = read_line(from)?;
    let mut words = line.splitn(3, ' ');
    let version = words.next().unwrap_or_default();
    ensure!(
        version.starts_with("HTTP/1."),
        "not an HTTP/1 answer: {line:?}"
    );
    let status = words
        .next()
        .unwrap_or_default()
        .parse()
        .with_context(|| format!("bad status line {line:?}"))?;
    let mut answer = Answer {
        status,
        ..Answer::default()
    };
    loop {
        let line = read_line(from)?;
        if line.is_empty() {
            return Ok(answer);
        }
        let Some((name, value)) = line.split_once(':') else {
            bail!("bad header line {line:?}")
        };
        let (name, value) = (name.to_ascii_lowercase(), value.trim());
        answer
            .headers
            .entry(name)
            .and_modify(|joined| {
                joined.push_str(", ");
                joined.push_str(value);
            })
            .or_insert_with(|| value.to_owned());
    }
}

fn read_line(from: &mut impl BufRead) -> Result<String> {
    let mut line = Vec::new();
    from.read_until(b'\n', &mut line)
        .context("reading the answer")?;
    ensure!(
        line.pop() == Some(b'\n'),
        "the connection ended within the answer's head"
    );
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(line.into_iter().map(char::from).collect())
}

fn read_body(mut from: impl BufRead, method: &str, answer: &Answer) -> Result<Vec<u8>> {
    if method == "HEAD" || matches!(answer.status, 101 | 204 | 304) {
        return Ok(Vec::new());
    }
    let header = |name: &str| answer.headers.get(name).map(String::as_str);
    if header("transfer-encoding").is_some_and(|v| v.to_ascii_lowercase().contains("chunked")) {
        return read_chunks(from);
    }
    let mut body = Vec::new();
    if let Some(length) = header("content-length") {
        let length: u64 = length
            .parse()
            .with_context(|| format!("content-length {length:?}"))?;
        from.take(length.min(MOST_BYTES))
            .read_to_end(&mut body)
            .context("reading the body")?;
        ensure!(
            body.len() as u64 == length,
            "body of {} bytes, {length} announced",
            body.len()
        );
    } else {
        from.by_ref()
            .take(MOST_BYTES)
            .read_to_end(&mut body)
            .context("reading the body")?;
    }
    Ok(body)
}

fn read_chunks(mut from: impl BufRead) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(&mut from)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size =
            u64::from_str_radix(size, 16).with_context(|| format!("bad chunk size {line:?}"))?;
        if size == 0 {
            while !read_line(&mut from)?.is_empty() {}
            return Ok(body);
        }
        let before = body.len() as u64;
        from.by_ref()
            .take(size.min(MOST_BYTES))
            .read_to_end(&mut body)?;
        ensure!(body.len() as u64 == before + size, "chunk cut short");
        ensure!(
            read_line(&mut from)?.is_empty(),
            "chunk without its line end"
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(value: serde_json::Value) -> Request {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn sends_the_recorded_bytes() {
        let sent = request_bytes(
            "h:1",
            &request(json!({"method": "POST", "path": "/a/../b?x=%20", "headers": {"X-A": "é \"q"}, "body": "张"})),
        )
        .unwrap();
        let head = b"POST /a/../b?x=%20 HTTP/1.1\r\nhost: h:1\r\nX-A: \xe9 \"q\r\ncontent-length: 3\r\n\r\n";
        assert_eq!(sent, [head.as_slice(), "张".as_bytes()].concat());
    }

    #[test]
    fn a_given_length_is_kept() {
        let sent = request_bytes(
            "h",
            &request(json!({"method": "POST", "path": "/", "headers": {"Content-Length": "9"}, "body": "x"})),
        )
        .unwrap();
        assert!(
            !String::from_utf8(sent)
                .unwrap()
                .contains("content-length: 1")
        );
    }

    #[test]
    fn line_breaks_in_a_header_are_refused() {
        let bad = request(json!({"method": "GET", "path": "/", "headers": {"a": "b\r\nc: d"}}));
        assert!(request_bytes("h", &bad).is_err());
    }

    #[test]
    fn reads_each_framing() {
        let length =
            b"HTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\ncontent-length: 2\r\n\r\nokrest".as_slice();
        let answer = read_answer(length, "GET").unwrap();
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (200, b"ok".as_slice())
        );
        assert_eq!(answer.headers["a"], "1, 2");

        let chunked =
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;x\r\nab\r\n1\r\nc\r\n0\r\nt: 1\r\n\r\n";
        assert_eq!(read_answer(chunked.as_slice(), "GET").unwrap().body, b"abc");

        let until_close = b"HTTP/1.0 404 Not Found\n\nall".as_slice();
        assert_eq!(read_answer(until_close, "GET").unwrap().body, b"all");

        let head_only = b"HTTP/1.1 405 No\r\ncontent-length: 31\r\n\r\n".as_slice();
        assert!(read_answer(head_only, "HEAD").unwrap().body.is_empty());
    }

    #[test]
    fn what_is_cut_short_is_an_error() {
        for bytes in [
            "",
            "HTTP/1.1 200 OK\r\ncontent-len",
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
            "SSH-2.0-x\r\n\r\n",
        ] {
            assert!(read_answer(bytes.as_bytes(), "GET").is_err(), "{bytes:?}");
        }
    }
}
