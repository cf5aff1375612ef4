//! Whether and how a message repeats the value that was received.
//!
//! Naming the value helps a caller, unless it is a secret: then logs and screenshots of the answer
//! would leak it. Secrets are known by the names of their fields, [`is_secret_name`], and as the
//! credentials of URLs.

use std::borrow::Cow;

use fastkit::mask::{is_secret_name, mask_url};
use serde_json::Value;

use super::messages::Received;

/// Longest value that is repeated.
const MAX_VALUE: usize = 64;

/// The value of a field as far as it may be repeated: short scalars of fields whose path names no
/// secret. The path includes the place, so cookies are never repeated.
pub(super) fn received(path: &str, value: &Value) -> Option<Received> {
    match value {
        Value::Array(_) => Some(Received::List),
        Value::Object(_) => Some(Received::Object),
        Value::Null => Some(Received::Text("null".to_owned())),
        _ if is_secret(path) => None,
        Value::String(text) => Some(Received::text(text)),
        scalar => Some(Received::Text(
            truncate(&scalar.to_string(), MAX_VALUE).into_owned(),
        )),
    }
}

impl Received {
    /// A text, quoted and cut, without the credentials of URLs in it.
    pub(super) fn text(text: &str) -> Self {
        // Masked first: the cut could hide what shows that a password stands before it.
        Self::Text(format!("{:?}", truncate(&mask_url(text), MAX_VALUE)))
    }
}

/// Whether a name in the path says that the value is a secret.
pub(super) fn is_secret(path: &str) -> bool {
    path.split(['.', '[', ']', '"']).any(is_secret_name)
}

/// The text, or its first `max` characters and an ellipsis.
pub(super) fn truncate(text: &str, max: usize) -> Cow<'_, str> {
    match text.char_indices().nth(max) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_judged_by_their_segments() {
        for path in [
            "data[0].password",
            "cookie.sid",
            "cookie.theme",
            "header.x-api-key",
            "secret.value",
            "[\"connect.sid\"].x",
            "用户.密码",
        ] {
            assert!(is_secret(path), "{path}");
        }
        for path in [
            "",
            "data[0].key",
            "api.key",
            "by[0].pass_rate",
            "monkey.author",
            "名称",
        ] {
            assert!(!is_secret(path), "{path}");
        }
    }

    #[test]
    fn credentials_of_urls_are_not_repeated() {
        let long = format!("redis://me:{}@db", "p".repeat(100));
        let Received::Text(text) = Received::text(&long) else {
            panic!("a text");
        };
        assert_eq!(text, r#""redis://me:***@db""#);
    }
}
