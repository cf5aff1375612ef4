//! Names and values of queries and `application/x-www-form-urlencoded` bodies: as one JSON object,
//! and masked inside a URL.
//!
//! Not here: which names are secret (`crate::mask`), and when a body is taken for a form (`body`).

use super::{
    body::{find_secret, push_text},
    text::{self, MASKED},
};
use crate::mask::{MASK, decode, is_secret_name_bytes};

/// Up to this many pairs, repeated names are found by comparing each with each.
const FEW: usize = 12;

/// What becomes of the values of a repeated name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeated {
    /// All, as an array at the place of the first.
    All,
    /// The last, as handlers take it for a single parameter; the URL in the same line has them all.
    Last,
}

/// Appends `name=value&..` as an object. Ends early, though whole, once more than `enough` bytes are written.
pub(super) fn push_object(out: &mut Vec<u8>, pairs: &[u8], enough: usize, repeated: Repeated) {
    out.push(b'{');
    if split(pairs).nth(FEW).is_none() {
        push_few(out, pairs, repeated);
    } else {
        push_many(out, pairs, out.len().saturating_add(enough), repeated);
    }
    out.push(b'}');
}

fn push_few(out: &mut Vec<u8>, pairs: &[u8], repeated: Repeated) {
    for (index, (name, _)) in split(pairs).enumerate() {
        let name = decode(name);
        let is_same = |other: &[u8]| *decode(other) == *name;
        if split(pairs).take(index).all(|(other, _)| !is_same(other)) {
            let rest = split(pairs).skip(index);
            let values = rest.filter_map(|(other, value)| is_same(other).then_some(value));
            push_field(out, &name, values, repeated);
        }
    }
}

/// As [`push_few`], for as many pairs as a hostile request can hold.
fn push_many(out: &mut Vec<u8>, pairs: &[u8], end: usize, repeated: Repeated) {
    let decoded = split(pairs).map(|(name, value)| (decode(name), value));
    let pairs: Vec<_> = decoded.collect();
    let mut sorted: Vec<usize> = (0..pairs.len()).collect();
    sorted.sort_by_key(|index| &pairs[*index].0);
    for (index, (name, _)) in pairs.iter().enumerate() {
        let first = sorted.partition_point(|other| pairs[*other].0 < *name);
        // The sort is stable: the first of a name is the first in the request.
        if sorted.get(first) == Some(&index) {
            let same = sorted[first..].iter().map(|other| &pairs[*other]);
            let same = same.take_while(|(other, _)| other == name);
            push_field(out, name, same.map(|(_, value)| *value), repeated);
        }
        if out.len() > end {
            return;
        }
    }
}

fn push_field<'a>(
    out: &mut Vec<u8>,
    name: &[u8],
    mut values: impl Iterator<Item = &'a [u8]>,
    repeated: Repeated,
) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    push_text(out, name, true);
    out.push(b':');
    if is_secret_name_bytes(name) {
        out.extend_from_slice(MASKED);
        return;
    }
    if repeated == Repeated::Last {
        push_text(out, &decode(values.last().unwrap_or_default()), true);
        return;
    }
    let start = out.len();
    push_text(out, &decode(values.next().unwrap_or_default()), true);
    let mut several = false;
    for value in values {
        several = true;
        out.push(b',');
        push_text(out, &decode(value), true);
    }
    if several {
        out.insert(start, b'[');
        out.push(b']');
    }
}

/// Whether a value in `name=value&..` belongs to a secret name.
pub(super) fn holds_secret(pairs: &[u8]) -> bool {
    split(pairs).any(|(name, value)| !value.is_empty() && is_secret_name_bytes(&decode(name)))
}

/// Appends a URL, or a part of one, with the secrets in its query and fragment masked, as the
/// inside of a JSON string.
pub(super) fn push_url(out: &mut Vec<u8>, url: &[u8]) {
    match url.iter().position(|byte| matches!(byte, b'?' | b'#')) {
        Some(query) => {
            text::push(out, &url[..=query]);
            push_query(out, &url[query + 1..]);
        }
        None => text::push(out, url),
    }
}

/// Appends a query with its secrets masked, as the inside of a JSON string.
pub(super) fn push_query(out: &mut Vec<u8>, query: &[u8]) {
    // A second `?` or a `#` only occurs where a client built the URL wrongly or put another URL into
    // a value; what follows it may be a name all the same.
    let is_separator = |byte: &u8| matches!(byte, b'&' | b'?' | b'#' | b';');
    for part in query.split_inclusive(is_separator) {
        let shown = shown_len(part);
        text::push(out, &part[..shown]);
        if shown < part.len() {
            out.extend_from_slice(MASK.as_bytes());
            out.extend(part.last().filter(|byte| is_separator(byte)));
        }
    }
}

/// How much of a parameter may be shown: of one with a secret name, the name; of one whose value
/// holds a secret (`a=password=x`, or JSON) as well; of one whose name does, nothing.
fn shown_len(parameter: &[u8]) -> usize {
    let equals = parameter.iter().position(|byte| *byte == b'=');
    let (name, value) = parameter.split_at(equals.unwrap_or(parameter.len()));
    let holds_secret = |text| find_secret(&decode(text)).is_some();
    if holds_secret(name) {
        0
    } else if !value.is_empty()
        && (is_secret_name_bytes(&decode(name)) || holds_secret(&value[1..]))
    {
        name.len() + 1
    } else {
        parameter.len()
    }
}

/// The pairs, not decoded; without those that are empty.
fn split(pairs: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let pairs = pairs.split(|byte| *byte == b'&');
    pairs.filter(|pair| !pair.is_empty()).map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=');
        equals.map_or((pair, &pair[pair.len()..]), |at| {
            (&pair[..at], &pair[at + 1..])
        })
    })
}
