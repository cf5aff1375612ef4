//! Bodies: which way a body is shown, by its content type or, without one, by its looks.
//!
//! What is printed as plain text ends before the first secret (`push_text`): where its value ends
//! cannot be known. Not here: the JSON scanner (`json`) and forms (`form`).

use super::{
    form, json,
    text::{self, MASKED},
};
use crate::mask::{MASK, is_secret_name_bytes};

/// A body and what is known of it.
pub(super) struct Body<'a> {
    /// The bytes that were seen.
    pub(super) bytes: &'a [u8],
    /// Whether there were more.
    pub(super) truncated: bool,
    pub(super) content_type: Option<&'a [u8]>,
    /// Whether a Content-Encoding hides what the content type says.
    pub(super) encoded: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Json,
    Form,
    Multipart,
    Text,
    Binary,
    Unknown,
}

/// Appends the body as a JSON value, looking at its first `limit` bytes.
pub(super) fn push(out: &mut Vec<u8>, body: &Body<'_>, limit: usize) {
    if body.bytes.is_empty() && !body.truncated {
        out.extend_from_slice(br#""""#);
        return;
    }
    let complete = !body.truncated && body.bytes.len() <= limit;
    let shown = &body.bytes[..body.bytes.len().min(limit)];
    let kind = if body.encoded {
        Kind::Binary
    } else {
        body.content_type.map_or(Kind::Unknown, kind)
    };
    match kind {
        Kind::Json => push_json(out, shown, complete),
        // curl sends what it is given as a form, JSON included.
        Kind::Form | Kind::Unknown if looks_like_json(shown) => push_guess(out, shown, complete),
        Kind::Form => push_form(out, shown, complete),
        Kind::Text => push_text(out, shown, complete),
        Kind::Unknown => push_unknown(out, body, shown, complete),
        Kind::Multipart => push_size(out, "multipart", body),
        Kind::Binary => push_size(out, "binary", body),
    }
}

fn kind(content_type: &[u8]) -> Kind {
    if content_type == b"application/json" {
        return Kind::Json;
    }
    let essence = content_type.split(|byte| *byte == b';').next();
    let essence = essence.unwrap_or_default().trim_ascii();
    let starts_with = |prefix: &[u8]| {
        let start = essence.get(..prefix.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    let suffix = essence.last_chunk::<5>();
    if essence.is_empty() {
        Kind::Unknown
    } else if essence.eq_ignore_ascii_case(b"application/json")
        || essence.eq_ignore_ascii_case(b"text/json")
        || suffix.is_some_and(|suffix| suffix.eq_ignore_ascii_case(b"+json"))
    {
        Kind::Json
    } else if essence.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
        Kind::Form
    } else if starts_with(b"multipart/") {
        Kind::Multipart
    } else if starts_with(b"text/") {
        Kind::Text
    } else {
        Kind::Binary
    }
}

fn looks_like_json(bytes: &[u8]) -> bool {
    matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['))
}

fn push_json(out: &mut Vec<u8>, bytes: &[u8], complete: bool) {
    let start = out.len();
    let valid = json::push_value(out, bytes);
    if !(valid && complete) {
        hide_rest(out, start, complete);
    }
}

/// As [`push_json`], for what looks like JSON but is called a form or nothing: if the names of JSON
/// do not explain every secret in it, it goes out as text.
fn push_guess(out: &mut Vec<u8>, bytes: &[u8], complete: bool) {
    let start = out.len();
    let valid = json::push_value(out, bytes);
    if !(valid && complete) || find_shown_secret(&out[start..]).is_some() {
        hide_rest(out, start, complete);
    }
}

/// Makes the rendered JSON since `start` a string that ends before the first secret in it: a quote
/// in the wrong place may have turned a name into a part of a string. What is left out of a whole
/// body is marked by "…"; a body that was cut by its length ends where it was cut.
#[cold]
fn hide_rest(out: &mut Vec<u8>, start: usize, complete: bool) {
    let secret = find_shown_secret(&out[start..]);
    if let Some(secret) = secret {
        out.truncate(start + secret);
        out.extend_from_slice(MASK.as_bytes());
    }
    if complete || secret.is_some() {
        out.extend_from_slice(text::ELLIPSIS);
    }
    text::quote_cut(out, start);
}

/// As [`find_secret`], but for those that are masked already.
#[cold]
fn find_shown_secret(rendered: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let secret = from + find_secret(&rendered[from..])?;
        if !rendered[secret..].starts_with(MASKED) {
            return Some(secret);
        }
        from = secret + MASKED.len();
    }
}

fn push_form(out: &mut Vec<u8>, bytes: &[u8], complete: bool) {
    let start = out.len();
    form::push_object(out, bytes, usize::MAX, form::Repeated::All);
    if !complete {
        // The object goes on.
        out.pop();
        text::quote_cut(out, start);
    }
}

fn push_unknown(out: &mut Vec<u8>, body: &Body<'_>, shown: &[u8], complete: bool) {
    let start = out.len();
    // A scalar, since objects and arrays have been seen to.
    if complete && find_secret(shown).is_none() && json::push_value(out, shown) {
        return;
    }
    out.truncate(start);
    // A character that the limit cut through is no fault.
    let is_text = str::from_utf8(shown)
        .map_or_else(|error| !complete && error.error_len().is_none(), |_| true);
    if !is_text {
        push_size(out, "binary", body);
    } else if form::holds_secret(shown) {
        push_form(out, shown, complete);
    } else {
        push_text(out, shown, complete);
    }
}

/// Appends text as a JSON string, up to the first secret in it.
pub(super) fn push_text(out: &mut Vec<u8>, bytes: &[u8], complete: bool) {
    let secret = find_secret(bytes);
    let mut shown = &bytes[..secret.unwrap_or(bytes.len())];
    if !complete
        && let Err(error) = str::from_utf8(shown)
        && error.error_len().is_none()
    {
        shown = &shown[..error.valid_up_to()];
    }
    out.push(b'"');
    text::push(out, shown);
    if secret.is_some() {
        out.extend_from_slice(MASK.as_bytes());
        out.extend_from_slice(text::ELLIPSIS);
    }
    out.push(b'"');
}

/// Where the value of the first secret in the text begins: after something like `password=`,
/// `"api_key": `, `<token>` or `密码：`.
pub(super) fn find_secret(text: &[u8]) -> Option<usize> {
    let mut begin = 0;
    for (at, byte) in text.iter().enumerate() {
        let end = match byte {
            b'=' | b':' | b'>' => at,
            // The last byte of a full-width colon or equals sign.
            0x9a | 0x9d if text[..at].ends_with(b"\xef\xbc") => at - 2,
            _ => continue,
        };
        let before = text.get(begin..end).unwrap_or_default();
        if let Some(last) = before.iter().rposition(|byte| is_word(*byte)) {
            let first = before[..last].iter().rposition(|byte| !is_word(*byte));
            let first = first.map_or(0, |gap| gap + 1);
            if is_secret_name_bytes(&before[first..=last]) {
                return Some(at + 1);
            }
        }
        begin = at + 1;
    }
    None
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii() || matches!(byte, b'_' | b'-' | b'.')
}

/// Appends `"<binary 12 bytes>"`; `12+` where there were more than were seen.
fn push_size(out: &mut Vec<u8>, what: &str, body: &Body<'_>) {
    out.extend_from_slice(br#""<"#);
    out.extend_from_slice(what.as_bytes());
    out.push(b' ');
    let mut size = itoa::Buffer::new();
    out.extend_from_slice(size.format(body.bytes.len()).as_bytes());
    if body.truncated {
        out.push(b'+');
    }
    out.extend_from_slice(br#" bytes>""#);
}
