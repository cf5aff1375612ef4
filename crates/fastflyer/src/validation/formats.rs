//! The checks of `format` and `pattern` that the explaining validator uses.
//!
//! Where garde has the rule, its own function is the check, so that both always agree. For types
//! that read themselves from a text, the check is as lax as the laxest usual reader: a schema that
//! is stricter than the type would blame a field that is fine. What is too lax here is still
//! refused, and named, by serde.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use garde::rules::email::Email;
use garde::rules::pattern::regex::Regex;
use garde::rules::url::Url;
use jsonschema::paths::Location;
use jsonschema::{Draft, Keyword, ValidationError, Validator};
use serde_json::{Map, Value, json};

use super::tighten::PATTERN;

/// Compiles a schema with these checks. `None` for a schema that is no schema.
pub(super) fn compile(schema: &Value) -> Option<Validator> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .with_format("email", |text: &str| text.validate_email().is_ok())
        .with_format("uri", |text: &str| text.validate_url().is_ok())
        .with_format("ip", |text: &str| text.parse::<IpAddr>().is_ok())
        .with_format("ipv4", |text: &str| text.parse::<Ipv4Addr>().is_ok())
        .with_format("ipv6", |text: &str| text.parse::<Ipv6Addr>().is_ok())
        .with_format("uuid", is_uuid)
        .with_format("date-time", is_date_time)
        .with_format("partial-date-time", |text: &str| {
            is_date_time(&format!("{text}Z"))
        })
        .with_keyword(PATTERN, pattern)
        .build(schema)
        .ok()
}

/// Hyphenated, simple, braced or URN form, as the uuid crate reads them.
fn is_uuid(text: &str) -> bool {
    let text = text
        .strip_prefix('{')
        .and_then(|inner| inner.strip_suffix('}'))
        .or_else(|| text.strip_prefix("urn:uuid:"))
        .unwrap_or(text);
    let bytes = text.as_bytes();
    match bytes.len() {
        32 => bytes.iter().all(u8::is_ascii_hexdigit),
        36 => bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        }),
        _ => false,
    }
}

/// RFC 3339, with a blank instead of the `T` as well, as chrono reads it.
fn is_date_time(text: &str) -> bool {
    static STRICT: LazyLock<Option<Validator>> = LazyLock::new(|| {
        jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true)
            .build(&json!({"format": "date-time"}))
            .ok()
    });
    let Some(strict) = STRICT.as_ref() else {
        return true;
    };
    strict.is_valid(&Value::String(text.replacen(' ', "T", 1)))
}

/// `pattern` by garde's regular expressions: JSON Schema's dialect reads `\d` and `$` otherwise.
/// What does not compile there is not checked here.
struct Pattern {
    regex: Option<Regex>,
    source: String,
}

fn pattern<'a>(
    _: &'a Map<String, Value>,
    value: &'a Value,
    _: Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    let source = value.as_str().unwrap_or_default();
    Ok(Box::new(Pattern {
        regex: Regex::new(source).ok(),
        source: source.to_owned(),
    }))
}

impl<'i> Keyword<'i> for Pattern {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) {
            Ok(())
        } else {
            Err(ValidationError::custom(self.source.clone()))
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        match (&self.regex, instance) {
            (Some(regex), Value::String(text)) => regex.is_match(text),
            _ => true,
        }
    }
}
