//! The refusals of serde_json in words.
//!
//! serde's error is an English sentence and nothing else. The sentences of derived types are known
//! and become localised messages; any other is repeated behind a localised one, without positions
//! and without paths of source files.

use serde_json::Error;
use serde_json::error::Category;
use serde_path_to_error::Segment;

use super::messages::{Message, Wording};
use super::place::FieldPath;
use super::{FieldErrors, Place, received};
use crate::values::integer_range;

/// Longest sentence of a type that is repeated.
const MAX_TEXT: usize = 200;

/// One error for a JSON value that serde refused, at serde's path; for a text that is no JSON, one
/// with its line and column.
#[must_use]
pub fn explain_parse<'a>(
    error: &serde_path_to_error::Error<Error>,
    place: Place,
    wording: impl Into<Wording<'a>>,
) -> FieldErrors {
    let inner = error.inner();
    let mut path = FieldPath::new(place);
    let mut errors = FieldErrors::new();
    if matches!(inner.classify(), Category::Syntax | Category::Eof) {
        let message = Message::Malformed {
            line: inner.line(),
            column: inner.column(),
        };
        errors.add(path.finish(), message.text(wording));
        return errors;
    }
    let mut last = None;
    for segment in error.path() {
        match segment {
            Segment::Seq { index } => path.index(*index),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                path.name(key);
                last = Some(key.as_str());
            }
            Segment::Unknown => {}
        }
    }
    let text = without_position(inner);
    let (message, member) = match known(&text) {
        Some(Known::Value(message)) => (message, None),
        Some(Known::Member(name, message)) => (message, Some(name)),
        None => {
            let message = custom(&text, &path.clone().finish());
            (message, None)
        }
    };
    if let Some(member) = member
        && last != Some(member)
    {
        path.name(member);
    }
    errors.add(path.finish(), message.text(wording));
    errors
}

/// A type's own sentence about a field. It may repeat the value, so of a secret it is not shown.
pub(super) fn custom(text: &str, path: &str) -> Message {
    if received::is_secret(path) {
        return Message::Unreadable(None);
    }
    let words: Vec<_> = text
        .split_whitespace()
        .filter(|word| !word.contains(".rs:"))
        .collect();
    let text = words.join(" ");
    let shown = received::truncate(&text, MAX_TEXT).into_owned();
    Message::Unreadable((!shown.is_empty()).then_some(shown))
}

fn without_position(error: &Error) -> String {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&position) {
        Some(sentence) => sentence.to_owned(),
        None => text,
    }
}

/// What a sentence of serde says.
enum Known<'t> {
    /// About the value at the path.
    Value(Message),
    /// About a member of it.
    Member(&'t str, Message),
}

fn known(text: &str) -> Option<Known<'_>> {
    if let Some(rest) = text.strip_prefix("missing field ") {
        return Some(Known::Member(quoted(rest)?, Message::Required));
    }
    if let Some(rest) = text.strip_prefix("unknown field ") {
        return Some(Known::Member(quoted(rest)?, Message::Unexpected));
    }
    if let Some(rest) = text.strip_prefix("duplicate field ") {
        return Some(Known::Member(quoted(rest)?, Message::Duplicate));
    }
    if text.starts_with("data did not match any variant of untagged enum") {
        return Some(Known::Value(Message::NoForm));
    }
    let (what, expected) = text.rsplit_once(", expected ")?;
    if what.starts_with("unknown variant ") {
        let names: Vec<_> = expected
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect();
        return (!names.is_empty()).then_some(Known::Value(Message::OneOf(names)));
    }
    if what.starts_with("invalid value: integer")
        && let Some((min, max)) = integer_range(expected)
    {
        let message = Message::Range(min.to_string(), max.to_string());
        return Some(Known::Value(message));
    }
    if what.starts_with("invalid ") {
        let name = match expected {
            _ if integer_range(expected).is_some() => "integer",
            "f32" | "f64" => "number",
            "a boolean" => "boolean",
            "a character" => "character",
            "a string" | "a borrowed string" | "a string or bytes" => "string",
            "a sequence" => "array",
            "a map" => "object",
            _ if expected.starts_with("struct ") => "object",
            "unit" | "null" => "null",
            // The sentence before it repeats the value.
            _ => {
                let rest = custom(&format!("expected {expected}"), "");
                return Some(Known::Value(rest));
            }
        };
        return Some(Known::Value(Message::Type(vec![name])));
    }
    None
}

/// The text between the first backticks.
fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('`')?.split('`').next()
}
