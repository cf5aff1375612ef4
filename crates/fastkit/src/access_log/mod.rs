//! The access log's line: one JSON object for each request that was answered, or was sent.
//!
//! This module turns a [`Record`] into the line and decides what of it may be seen: secrets are
//! masked by name, long values are cut, and nothing that a peer sends can end the line, or write
//! into a terminal. It is deliberately neither a queue nor a file: [`write_line`] appends to a
//! buffer of the caller, in one pass and without allocating on the usual path, since it runs on the
//! event loop for every request.

mod body;
mod form;
mod headers;
mod json;
mod text;

#[cfg(test)]
mod tests;

pub use headers::Constant;

use body::Body;
use headers::{Added, Known};
use http::{HeaderMap, Uri};

/// How much of a message is logged; what is longer is cut and becomes a JSON string.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a body that are looked at.
    pub body: usize,
    /// Bytes of the rendered query parameters.
    pub params: usize,
    /// Bytes of the rendered headers of one message.
    pub headers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 4096,
            params: 2048,
            headers: 2048,
        }
    }
}

/// Which way the request went, and what only requests of that way have.
#[derive(Clone, Copy, Debug)]
pub enum Direction<'a> {
    /// A request that was answered.
    In {
        /// The address of the client, as text.
        client_ip: &'a str,
        /// `http` or `https`, of a request that does not say so itself.
        scheme: &'a str,
        /// The memory of the process, in KiB.
        memory_kib: u64,
    },
    /// A request that was sent.
    Out {
        /// How often it was sent.
        attempts: u32,
    },
}

/// What a line tells.
#[derive(Debug)]
pub struct Record<'a> {
    /// Answered or sent.
    pub direction: Direction<'a>,
    /// `GET`, `POST`, ...
    pub method: &'a str,
    /// In origin form with a Host header, or in absolute form.
    pub uri: &'a Uri,
    /// All of them; secret ones are masked in the line.
    pub request_headers: &'a HeaderMap,
    /// `None` if it was not read.
    pub request_body: Option<&'a [u8]>,
    /// Whether `request_body` is only the beginning.
    pub request_truncated: bool,
    /// The status, or the code of the failure where there was no answer.
    pub status: u16,
    /// All of them; secret ones are masked in the line.
    pub response_headers: &'a HeaderMap,
    /// Sent too, put by the server where the response does not have them; with them go `x-request-id`
    /// and `x-lasting-time`, which the response's own headers are without.
    pub constant_headers: Option<&'a Constant>,
    /// `None` for a stream whose bytes were not seen.
    pub response_body: Option<&'a [u8]>,
    /// Whether `response_body` is only the beginning.
    pub response_truncated: bool,
    /// How long it took, in milliseconds.
    pub latency_ms: u64,
    /// The id of the request.
    pub request_id: &'a str,
}

/// Appends the line of a request, without a newline at its end.
///
/// `body`, `headers` and `params` are JSON values, and JSON strings where they were cut or are no
/// JSON. A body that is JSON by its content type but broken is shown up to the fault, and a text
/// up to the first secret in it; binary ones, multipart ones and unseen ones by a word in angle
/// brackets.
pub fn write_line(out: &mut Vec<u8>, record: &Record<'_>, limits: &Limits) {
    let request = Known::find(record.request_headers);
    let response = Known::find(record.response_headers);

    out.extend_from_slice(match record.direction {
        Direction::In { .. } => br#"{"direction":"in","request":{"method":""#.as_slice(),
        Direction::Out { .. } => br#"{"direction":"out","request":{"method":""#.as_slice(),
    });
    text::push(out, record.method.as_bytes());
    out.extend_from_slice(br#"","url":""#);
    let scheme = match record.direction {
        Direction::In { scheme, .. } => scheme,
        Direction::Out { .. } => "http",
    };
    let scheme = record.uri.scheme_str().unwrap_or(scheme);
    push_url(out, scheme, record.uri, request.host);
    out.extend_from_slice(br#"","body":"#);
    let body = Body {
        bytes: record.request_body.unwrap_or_default(),
        truncated: record.request_truncated && record.request_body.is_some(),
        content_type: request.content_type,
        encoded: request.is_encoded(),
    };
    body::push(out, &body, limits.body);
    out.extend_from_slice(br#","headers":"#);
    headers::push_object(out, record.request_headers, None, limits.headers);
    out.extend_from_slice(br#","params":"#);
    push_params(out, record.uri.query(), limits.params);

    out.extend_from_slice(br#"},"response":{"status":"#);
    push_number(out, record.status.into());
    out.extend_from_slice(br#","body":"#);
    match record.response_body {
        Some(bytes) => {
            let body = Body {
                bytes,
                truncated: record.response_truncated,
                content_type: response.content_type,
                encoded: response.is_encoded(),
            };
            body::push(out, &body, limits.body);
        }
        None => out.extend_from_slice(br#""<stream>""#),
    }
    out.extend_from_slice(br#","headers":"#);
    let added = record.constant_headers.map(|constant| Added {
        request_id: record.request_id,
        latency_ms: record.latency_ms,
        constant,
    });
    headers::push_object(out, record.response_headers, added, limits.headers);

    out.extend_from_slice(br#"},"latency":"#);
    push_number(out, record.latency_ms);
    match record.direction {
        Direction::In {
            client_ip,
            memory_kib,
            ..
        } => {
            out.extend_from_slice(br#","clientIp":""#);
            text::push(out, client_ip.as_bytes());
            out.extend_from_slice(br#"","clientId":""#);
            text::push(out, request.client_id.unwrap_or_default());
            out.extend_from_slice(br#"","memoryUsage":""#);
            push_number(out, memory_kib);
            out.extend_from_slice(br#"KB","logId":""#);
        }
        Direction::Out { attempts } => {
            out.extend_from_slice(br#","attempts":"#);
            push_number(out, attempts.into());
            out.extend_from_slice(br#","logId":""#);
        }
    }
    text::push(out, record.request_id.as_bytes());
    out.extend_from_slice(br#""}"#);
}

fn push_url(out: &mut Vec<u8>, scheme: &str, uri: &Uri, host: Option<&[u8]>) {
    text::push(out, scheme.as_bytes());
    out.extend_from_slice(b"://");
    let authority = uri.authority().map(|authority| {
        let text = authority.as_str();
        // A user and password may stand before the host.
        let host = text.rsplit_once('@').map_or(text, |(_, host)| host);
        host.as_bytes()
    });
    text::push(out, authority.or(host).unwrap_or_default());
    text::push(out, uri.path().as_bytes());
    if let Some(query) = uri.query() {
        out.push(b'?');
        form::push_query(out, query.as_bytes());
    }
}

fn push_params(out: &mut Vec<u8>, query: Option<&str>, limit: usize) {
    let start = out.len();
    match query {
        Some(query) => form::push_object(out, query.as_bytes(), limit, form::Repeated::Last),
        None => out.extend_from_slice(b"{}"),
    }
    text::limit_rendered(out, start, limit);
}

#[inline]
fn push_number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends the beginning of a body as a JSON value, as it would stand in a line: with secrets
/// masked by name, and as a word in angle brackets where it is no text.
pub fn quote_body(out: &mut Vec<u8>, bytes: &[u8], headers: &HeaderMap, limit: usize) {
    let known = Known::find(headers);
    let body = Body {
        bytes,
        truncated: false,
        content_type: known.content_type,
        encoded: known.is_encoded(),
    };
    body::push(out, &body, limit);
}
