//! Whether and how a message repeats the value that was received.
//!
//! Naming the value helps a caller, unless it is a secret: then logs and screenshots of the answer
//! would leak it. Secrets are known by the names of their fields only.

use std::borrow::Cow;

use serde_json::Value;

use super::messages::Received;

/// Longest value that is repeated.
const MAX_VALUE: usize = 64;

/// Parts of names that mean a secret wherever they stand, compared without case and separators.
const SECRET_PARTS: [&str; 17] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "authorization",
    "apikey",
    "accesskey",
    "privatekey",
    "signature",
    "密码",
    "口令",
    "密钥",
    "令牌",
    "验证码",
    "凭证",
];

/// Words of names that mean a secret when they stand alone.
const SECRET_WORDS: [&str; 13] = [
    "pwd", "pass", "key", "auth", "session", "sid", "otp", "pin", "cvv", "cvc", "ssn", "cookie",
    "sign",
];

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
    /// A text, quoted and cut.
    pub(super) fn text(text: &str) -> Self {
        Self::Text(format!("{:?}", truncate(text, MAX_VALUE)))
    }
}

/// Whether a name in the path says that the value is a secret.
pub(super) fn is_secret(path: &str) -> bool {
    let joined: String = path
        .chars()
        .filter(|c| !matches!(c, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect();
    SECRET_PARTS.iter().any(|part| joined.contains(part))
        || words(path).any(|word| {
            SECRET_WORDS
                .iter()
                .any(|secret| word.eq_ignore_ascii_case(secret))
        })
}

/// The words of a path, by separators and by camel case.
fn words(path: &str) -> impl Iterator<Item = &str> {
    path.split(|c: char| !c.is_alphanumeric()).flat_map(|part| {
        let mut rest = part;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let mut previous_lower = false;
            let end = rest
                .char_indices()
                .find(|&(_, c)| {
                    let boundary = previous_lower && c.is_uppercase();
                    previous_lower = c.is_lowercase() || c.is_numeric();
                    boundary
                })
                .map_or(rest.len(), |(at, _)| at);
            let (word, after) = rest.split_at(end);
            rest = after;
            Some(word)
        })
    })
}

/// The text, or its first `max` characters and an ellipsis.
pub(super) fn truncate(text: &str, max: usize) -> Cow<'_, str> {
    match text.char_indices().nth(max) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}
