//! Headers as one JSON object, and the few of them the line needs for itself.
//!
//! The names are those of [`HeaderName`]: lower case and without a character that JSON escapes.

use super::{form, text};
use crate::mask::{is_secret_name_bytes, mask_url};
use http::{HeaderMap, HeaderName, HeaderValue};

/// What a header's value may hold.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Kind {
    /// Nothing that has to be hidden.
    Plain,
    /// A URL, whose query may hold secrets.
    Url,
    /// A secret.
    Secret,
}

/// The headers that stand elsewhere in the line, or say how a body is shown, found in one pass.
#[derive(Default)]
pub(super) struct Known<'a> {
    pub(super) host: Option<&'a [u8]>,
    pub(super) client_id: Option<&'a [u8]>,
    pub(super) content_type: Option<&'a [u8]>,
    pub(super) content_encoding: Option<&'a [u8]>,
}

impl<'a> Known<'a> {
    pub(super) fn find(headers: &'a HeaderMap) -> Self {
        let mut known = Self::default();
        for (name, value) in headers {
            let name = name.as_str().as_bytes();
            let slot = match name.len() {
                4 if name == b"host" => &mut known.host,
                11 if name == b"x-client-id" => &mut known.client_id,
                12 if name == b"content-type" => &mut known.content_type,
                16 if name == b"content-encoding" => &mut known.content_encoding,
                _ => continue,
            };
            slot.get_or_insert(value.as_bytes());
        }
        known
    }

    /// Whether the body is compressed.
    pub(super) fn is_encoded(&self) -> bool {
        self.content_encoding
            .is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity"))
    }
}

/// Headers that every answer carries unless it has its own of the name, rendered once.
#[derive(Debug, Default)]
pub struct Constant {
    fields: Vec<Field>,
    /// All of them.
    rendered: Vec<u8>,
    /// Which lengths their names have, as [`length_bit`]s.
    lengths: u64,
}

#[derive(Debug)]
struct Field {
    name: HeaderName,
    rendered: Vec<u8>,
}

impl Constant {
    /// Renders the headers.
    #[must_use]
    pub fn new(headers: &HeaderMap) -> Self {
        let mut constant = Self::default();
        for name in headers.keys() {
            let mut field = HeaderMap::new();
            for value in headers.get_all(name) {
                field.append(name, value.clone());
            }
            let mut rendered = Vec::new();
            constant.lengths |= push_fields(&mut rendered, &field, usize::MAX);
            constant.rendered.extend_from_slice(&rendered);
            let name = name.clone();
            constant.fields.push(Field { name, rendered });
        }
        constant
    }

    /// Appends those that `headers`, with names of these lengths, does not have.
    #[inline]
    fn push(&self, out: &mut Vec<u8>, headers: &HeaderMap, lengths: u64) {
        // Mostly no name of such a length has been seen, which is cheaper to find than the name.
        if lengths & self.lengths == 0 {
            out.extend_from_slice(&self.rendered);
        } else {
            self.push_missing(out, headers);
        }
    }

    fn push_missing(&self, out: &mut Vec<u8>, headers: &HeaderMap) {
        for field in &self.fields {
            if !headers.contains_key(&field.name) {
                out.extend_from_slice(&field.rendered);
            }
        }
    }
}

/// What an answer is sent with beside its own headers.
pub(super) struct Added<'a> {
    pub(super) request_id: &'a str,
    pub(super) latency_ms: u64,
    /// Shown of these are names that the answer has not.
    pub(super) constant: &'a Constant,
}

impl Added<'_> {
    fn push(&self, out: &mut Vec<u8>, headers: &HeaderMap, lengths: u64) {
        out.extend_from_slice(b",\"x-request-id\":\"");
        out.extend_from_slice(self.request_id.as_bytes());
        out.extend_from_slice(b"\",\"x-lasting-time\":\"");
        out.extend_from_slice(itoa::Buffer::new().format(self.latency_ms).as_bytes());
        out.push(b'"');
        self.constant.push(out, headers, lengths);
    }
}

/// Appends the headers as an object of at most `limit` bytes, or as a string with its beginning.
/// The values of a repeated name become an array.
pub(super) fn push_object(
    out: &mut Vec<u8>,
    headers: &HeaderMap,
    added: Option<Added<'_>>,
    limit: usize,
) {
    let start = out.len();
    let lengths = push_fields(out, headers, limit);
    if let Some(added) = added {
        added.push(out, headers, lengths);
    }
    // Each field begins with a comma; that of the first is where the brace belongs.
    match out.get_mut(start) {
        Some(comma) => *comma = b'{',
        None => out.push(b'{'),
    }
    out.push(b'}');
    text::limit_rendered(out, start, limit);
}

/// Appends the fields; returns which lengths their names have, as [`length_bit`]s.
#[inline]
fn push_fields(out: &mut Vec<u8>, headers: &HeaderMap, limit: usize) -> u64 {
    let mut lengths = 0;
    let end = out.len().saturating_add(limit);
    // The entries of one name follow each other and share the name's place.
    let mut last: Option<&HeaderName> = None;
    let mut value_start = 0;
    for (name, value) in headers {
        if out.len() > end {
            break;
        }
        if last.is_some_and(|last| std::ptr::eq(last, name)) {
            push_repeated(out, value_start, name, value, limit);
            continue;
        }
        last = Some(name);
        let name = name.as_str().as_bytes();
        lengths |= length_bit(name);
        let kind = match common(name) {
            Some(rendered) => {
                out.extend_from_slice(rendered);
                Kind::Plain
            }
            None => {
                out.extend_from_slice(b",\"");
                out.extend_from_slice(name);
                out.extend_from_slice(b"\":\"");
                kind(name)
            }
        };
        value_start = out.len() - 1;
        push_value(out, kind, value, limit);
    }
    lengths
}

#[inline]
fn length_bit(name: &[u8]) -> u64 {
    1 << (name.len() & 63)
}

/// Adds a value to the array of those of its name, which the second of them begins.
#[cold]
fn push_repeated(
    out: &mut Vec<u8>,
    start: usize,
    name: &HeaderName,
    value: &HeaderValue,
    limit: usize,
) {
    if out.get(start) == Some(&b'[') {
        out.pop();
    } else {
        out.insert(start, b'[');
    }
    out.extend_from_slice(b",\"");
    push_value(out, kind(name.as_str().as_bytes()), value, limit);
    out.push(b']');
}

/// Appends the rest of a JSON string that has been opened.
#[inline(always)]
fn push_value(out: &mut Vec<u8>, kind: Kind, value: &HeaderValue, limit: usize) {
    if kind == Kind::Secret || value.is_sensitive() {
        out.extend_from_slice(b"***\"");
        return;
    }
    // What is longer than the limit is cut in any case.
    let bytes = value.as_bytes();
    let bytes = bytes.get(..limit.saturating_add(1)).unwrap_or(bytes);
    if kind == Kind::Url {
        match str::from_utf8(bytes) {
            // A user and a password may stand before the host.
            Ok(url) if url.contains('@') => form::push_url(out, mask_url(url).as_bytes()),
            _ => form::push_url(out, bytes),
        }
    } else {
        text::push(out, bytes);
    }
    out.push(b'"');
}

/// The rendered name, from the comma to the quote of the value, of a header that nearly every
/// message has and that holds neither a secret nor a URL: one short comparison and one copy.
#[inline(always)]
fn common(name: &[u8]) -> Option<&'static [u8]> {
    macro_rules! known {
        ($($name:literal)*) => {
            $(if name == $name.as_bytes() {
                return Some(concat!(",\"", $name, "\":\"").as_bytes());
            })*
        };
    }
    match name.len() {
        4 => {
            known!("host" "date");
        }
        6 => {
            known!("accept" "origin" "server");
        }
        9 => {
            known!("x-host-ip");
        }
        10 => {
            known!("user-agent" "connection");
        }
        11 => {
            known!("x-client-id");
        }
        12 => {
            known!("content-type" "x-request-id");
        }
        14 => {
            known!("content-length" "x-lasting-time" "x-memory-usage");
        }
        15 => {
            known!("accept-encoding" "accept-language");
        }
        22 => {
            known!("x-content-type-options");
        }
        _ => {}
    }
    None
}

/// What a header of this name holds.
pub(super) fn kind(name: &[u8]) -> Kind {
    match name {
        b"location" | b"content-location" | b"referer" | b"refresh" | b"link"
        | b"x-original-url" | b"x-original-uri" | b"x-rewrite-url" | b"x-forwarded-uri" => {
            Kind::Url
        }
        _ if is_secret_name_bytes(name) => Kind::Secret,
        _ => Kind::Plain,
    }
}
