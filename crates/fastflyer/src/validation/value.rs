//! The refusals of [`crate::values`] in words.

use serde_json::Value;

use super::messages::{Message, Wording};
use super::place::FieldPath;
use super::{FieldErrors, Place, parse, received};
use crate::values::{ValueError, ValueErrorKind};

/// One error for a text value that was refused.
///
/// The field is the one that the error names, else `name`, else the place as a whole; the position
/// among repeated values follows. `received` is the value sent, if the caller has it; it is
/// repeated only where the name does not say that it is a secret.
///
/// # Examples
///
/// ```
/// use fastflyer::Locale;
/// use fastflyer::validation::{Place, explain_value};
/// use fastflyer::values::one;
///
/// let error = one::<u64>(&["abc"]).unwrap_err();
/// let errors = explain_value(&error, Place::Path, Some("id"), None, Locale::ZhCn);
/// assert_eq!(errors.get("path.id"), ["必须是整数"]);
/// ```
#[must_use]
pub fn explain_value<'a>(
    error: &ValueError,
    place: Place,
    name: Option<&str>,
    received: Option<&Value>,
    wording: impl Into<Wording<'a>>,
) -> FieldErrors {
    let mut path = FieldPath::new(place);
    if let Some(name) = error.name().or(name) {
        path.name(name);
    }
    if let Some(index) = error.index() {
        path.index(index);
    }
    let path = path.finish();
    let message = message(error.kind(), &path);
    let received = received
        .map(|value| match (value, error.index()) {
            (Value::Array(items), Some(index)) => items.get(index).unwrap_or(value),
            _ => value,
        })
        .filter(|_| message.wants_received())
        .and_then(|value| match value {
            // All values are texts; a guided reading has made numbers and the like of some.
            Value::Array(_) | Value::Object(_) | Value::Null => None,
            Value::String(_) => received::received(&path, value),
            scalar => received::received(&path, &Value::String(scalar.to_string())),
        });
    let mut errors = FieldErrors::new();
    errors.add(path, message.text_with(received.as_ref(), wording));
    errors
}

fn message(kind: &ValueErrorKind, path: &str) -> Message {
    match kind {
        ValueErrorKind::Missing => Message::Required,
        ValueErrorKind::NotInteger => Message::Type(vec!["integer"]),
        ValueErrorKind::NotNumber => Message::Type(vec!["number"]),
        ValueErrorKind::NotBool => Message::Type(vec!["boolean"]),
        ValueErrorKind::NotChar => Message::Type(vec!["character"]),
        ValueErrorKind::NotOneOf(names) => {
            Message::OneOf(names.iter().map(|&name| name.to_owned()).collect())
        }
        ValueErrorKind::OutOfRange { min, max } => Message::Range(min.to_string(), max.to_string()),
        ValueErrorKind::WrongCount { expected } => Message::ItemCount(*expected),
        ValueErrorKind::UnknownName => Message::Unexpected,
        ValueErrorKind::TooMany { limit } => Message::TooMany(*limit),
        // A mistake of the program: its words are for the log, by `Display` of the error.
        ValueErrorKind::Unsupported(_) => Message::Unreadable(None),
        ValueErrorKind::Custom(text) => parse::custom(text, path),
    }
}
