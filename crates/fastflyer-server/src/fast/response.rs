//! How an answer is framed, and its head as bytes.

use crate::{
    Body,
    answer::{self, Prepared},
    body::Whole,
};
use http::{HeaderMap, StatusCode, header, response::Parts};
use std::io;

/// How the size of a body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sizing {
    /// Not at all: there is none.
    Untold,
    Known(u64),
    Chunked,
}

/// What follows the head.
#[derive(Debug)]
pub(super) enum Content {
    Nothing(Sizing),
    Full(Whole),
    Stream(Body, Sizing),
}

impl Content {
    /// Decides by the status, the method and what the body knows of itself (RFC 9112, 6.3).
    pub(super) fn of(parts: &Parts, mut body: Body, is_head: bool) -> Self {
        let hint = http_body::Body::size_hint(&body).exact();
        let status = parts.status;
        if status == StatusCode::NO_CONTENT {
            return Self::Nothing(Sizing::Untold);
        }
        if is_head || status == StatusCode::NOT_MODIFIED {
            let size = match hint {
                Some(size @ 1..) => Some(size),
                // An empty body says nothing about the size that GET would have.
                _ => {
                    declared(&parts.headers).or(hint.filter(|_| status != StatusCode::NOT_MODIFIED))
                }
            };
            return Self::Nothing(match size {
                Some(size) => Sizing::Known(size),
                None if status == StatusCode::NOT_MODIFIED => Sizing::Untold,
                None => Sizing::Chunked,
            });
        }
        match body.take_whole() {
            Some(bytes) => Self::Full(bytes),
            None => {
                let size = hint.or_else(|| declared(&parts.headers));
                Self::Stream(body, size.map_or(Sizing::Chunked, Sizing::Known))
            }
        }
    }

    pub(super) fn sizing(&self) -> Sizing {
        match self {
            Self::Nothing(sizing) | Self::Stream(_, sizing) => *sizing,
            Self::Full(bytes) => Sizing::Known(bytes.len() as u64),
        }
    }
}

fn declared(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// Appends the head of an answer. False: the connection closes after it, as the caller or the
/// answer itself wants.
pub(super) fn head(
    out: &mut Vec<u8>,
    parts: &Parts,
    stamps: &[u8],
    sizing: Sizing,
    closes: bool,
    prepared: &Prepared,
) -> bool {
    let mut closes = closes;
    let mut replaced = false;
    answer::status_line(out, parts.status);
    for (name, value) in &parts.headers {
        if answer::is_framing(name) {
            closes |= *name == header::CONNECTION
                && value
                    .as_bytes()
                    .split(|byte| *byte == b',')
                    .any(|token| token.trim_ascii().eq_ignore_ascii_case(b"close"));
            continue;
        }
        replaced |= prepared.has(name);
        answer::line(out, name, value);
    }
    out.extend_from_slice(stamps);
    prepared.append_if(out, &parts.headers, replaced);
    if closes {
        out.extend_from_slice(b"connection: close\r\n");
    }
    match sizing {
        Sizing::Untold => out.extend_from_slice(b"\r\n"),
        Sizing::Chunked => out.extend_from_slice(b"transfer-encoding: chunked\r\n\r\n"),
        Sizing::Known(size) => {
            out.extend_from_slice(b"content-length: ");
            out.extend_from_slice(itoa::Buffer::new().format(size).as_bytes());
            out.extend_from_slice(b"\r\n\r\n");
        }
    }
    !closes
}

impl Sizing {
    /// Appends a piece of a body.
    pub(super) fn append(&mut self, out: &mut Vec<u8>, data: &[u8]) -> io::Result<()> {
        if self.begin(out, data.len())? {
            out.extend_from_slice(data);
            self.end(out);
        }
        Ok(())
    }

    /// Appends what stands before a piece of that length. False: it is not sent.
    pub(super) fn begin(&mut self, out: &mut Vec<u8>, length: usize) -> io::Result<bool> {
        match self {
            Self::Chunked => {
                if length > 0 {
                    out.extend_from_slice(format!("{length:x}\r\n").as_bytes());
                }
                Ok(length > 0)
            }
            Self::Known(left) => {
                *left = left
                    .checked_sub(length as u64)
                    .ok_or_else(|| io::Error::other("the body is longer than it said"))?;
                Ok(true)
            }
            Self::Untold => Ok(false),
        }
    }

    /// Appends what stands behind a piece.
    pub(super) fn end(self, out: &mut Vec<u8>) {
        if self == Self::Chunked {
            out.extend_from_slice(b"\r\n");
        }
    }

    /// Appends the end of a body.
    pub(super) fn finish(self, out: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Chunked => out.extend_from_slice(b"0\r\n\r\n"),
            Self::Known(1..) => return Err(io::Error::other("the body is shorter than it said")),
            Self::Known(0) | Self::Untold => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Response;

    fn sizing(status: u16, length: Option<u64>, body: Body, is_head: bool) -> Sizing {
        let mut response = Response::builder().status(status);
        if let Some(length) = length {
            response = response.header("content-length", length);
        }
        let (parts, body) = response.body(body).unwrap().into_parts();
        Content::of(&parts, body, is_head).sizing()
    }

    #[test]
    fn sizes_are_told_where_they_may_be() {
        let stream = || {
            Body::new(http_body_util::BodyExt::map_frame(
                Body::from("abc"),
                |frame| frame,
            ))
        };
        assert_eq!(
            sizing(200, None, Body::from("abc"), false),
            Sizing::Known(3)
        );
        assert_eq!(
            sizing(200, Some(9), Body::from("abc"), false),
            Sizing::Known(3)
        );
        assert_eq!(sizing(200, None, Body::empty(), false), Sizing::Known(0));
        assert_eq!(sizing(200, None, stream(), false), Sizing::Chunked);
        assert_eq!(sizing(200, Some(3), stream(), false), Sizing::Known(3));
        assert_eq!(sizing(200, Some(9), Body::empty(), true), Sizing::Known(9));
        assert_eq!(sizing(200, None, Body::from("abc"), true), Sizing::Known(3));
        assert_eq!(
            sizing(204, Some(9), Body::from("abc"), false),
            Sizing::Untold
        );
        assert_eq!(sizing(304, None, Body::empty(), false), Sizing::Untold);
        assert_eq!(sizing(304, Some(9), Body::empty(), false), Sizing::Known(9));
    }

    #[test]
    fn a_body_keeps_to_what_it_said() {
        let mut out = Vec::new();
        let mut known = Sizing::Known(3);
        assert!(known.append(&mut out, b"ab").is_ok());
        assert!(known.finish(&mut out).is_err());
        assert!(known.append(&mut out, b"cd").is_err());
        let mut chunked = Sizing::Chunked;
        out.clear();
        assert!(chunked.append(&mut out, b"").is_ok());
        assert!(chunked.append(&mut out, &[b'x'; 17]).is_ok());
        assert!(chunked.finish(&mut out).is_ok());
        assert_eq!(
            out,
            [b"11\r\n".as_slice(), &[b'x'; 17], b"\r\n0\r\n\r\n"].concat()
        );
    }
}
