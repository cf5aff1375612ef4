//! Reading requests, as far as a test's upstream has to: lengths and chunks, no more.

use std::{
    io::{self, BufRead, Read},
    time::Instant,
};

/// A request that the stub has got.
#[derive(Clone, Debug)]
pub struct Received {
    /// `GET`, `POST`, ...
    pub method: String,
    /// Path and query, as they came.
    pub target: String,
    /// Names in lower case, in their order.
    pub headers: Vec<(String, String)>,
    /// The body, without the framing of chunks.
    pub body: Vec<u8>,
    /// When its head was read.
    pub at: Instant,
    /// Which connection it came on, counted from 0.
    pub connection: usize,
}

impl Received {
    /// The value of a header; the first of several.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// How many headers of this name there are.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        let named = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        self.headers.iter().filter(named).count()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// The next request of a connection; `None` when the client has closed it.
pub(super) fn read_request(
    reader: &mut impl BufRead,
    connection: usize,
) -> io::Result<Option<Received>> {
    let start = line(reader)?;
    if start.is_empty() {
        return Ok(None);
    }
    let mut words = start.split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default().to_owned();
    let mut headers = Vec::new();
    loop {
        let line = line(reader)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut received = Received {
        method,
        target,
        headers,
        body: Vec::new(),
        at: Instant::now(),
        connection,
    };
    let chunked = received
        .header("transfer-encoding")
        .is_some_and(|coding| coding.contains("chunked"));
    if chunked {
        while let length @ 1.. = chunk_length(&line(reader)?)? {
            reader.take(length).read_to_end(&mut received.body)?;
            line(reader)?;
        }
        while !line(reader)?.is_empty() {}
    } else if let Some(length) = received.header("content-length") {
        let length = length.parse().map_err(io::Error::other)?;
        reader.take(length).read_to_end(&mut received.body)?;
        if (received.body.len() as u64) < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(Some(received))
}

fn chunk_length(line: &str) -> io::Result<u64> {
    u64::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16)
        .map_err(io::Error::other)
}

fn line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    reader.take(64 * 1024).read_until(b'\n', &mut line)?;
    while let Some(b'\r' | b'\n') = line.last() {
        line.pop();
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}
