//! Why a text value was refused.
//!
//! Deliberately without message texts and without the value: texts are localised elsewhere, and
//! only the caller knows whether a value may be shown. The key type is [`ValueError`].

use std::fmt;

use serde::de;

use super::scalar;

/// Why a text value does not have the form that its type needs.
///
/// It is one pointer wide, so that the good path stays cheap.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueError(Box<Inner>);

#[derive(Clone, Debug, PartialEq)]
struct Inner {
    kind: ValueErrorKind,
    name: Option<String>,
    index: Option<usize>,
}

/// The kinds of [`ValueError`], with what a message about them needs.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ValueErrorKind {
    /// There is no value.
    Missing,
    /// An integer is needed.
    NotInteger,
    /// A finite number is needed.
    NotNumber,
    /// A boolean word is needed.
    NotBool,
    /// Exactly one character is needed.
    NotChar,
    /// One of these names is needed.
    NotOneOf(&'static [&'static str]),
    /// An integer beyond its type.
    OutOfRange {
        /// The smallest value of the type.
        min: i128,
        /// The largest value of the type.
        max: u128,
    },
    /// Another number of occurrences is needed.
    WrongCount {
        /// How many are needed.
        expected: usize,
    },
    /// The type does not know this name and denies unknown ones.
    UnknownName,
    /// More pairs than are accepted.
    TooMany {
        /// How many are accepted.
        limit: usize,
    },
    /// The type cannot be read from a text at all: a mistake of the program, not of the client.
    Unsupported(&'static str),
    /// The text of the type's own `Deserialize`.
    Custom(String),
}

impl ValueError {
    /// An error of this kind about the value as a whole.
    #[must_use]
    #[cold]
    pub fn new(kind: ValueErrorKind) -> Self {
        Self(Box::new(Inner {
            kind,
            name: None,
            index: None,
        }))
    }

    /// Why the value was refused.
    #[must_use]
    pub fn kind(&self) -> &ValueErrorKind {
        &self.0.kind
    }

    /// The name of the field or parameter, where it is known.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// The position among repeated or positional values, where there are several.
    #[must_use]
    pub fn index(&self) -> Option<usize> {
        self.0.index
    }

    /// Whether the value is not there at all.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self.0.kind, ValueErrorKind::Missing)
    }

    /// Takes the position away, where a name says the same.
    pub(crate) fn without_index(mut self) -> Self {
        self.0.index = None;
        self
    }

    /// Adds the name unless a closer one is set.
    pub(super) fn or_name(mut self, name: &str) -> Self {
        if self.0.name.is_none() {
            self.0.name = Some(name.to_owned());
        }
        self
    }

    /// Adds the position unless a closer one is set.
    pub(super) fn or_index(mut self, index: usize) -> Self {
        if self.0.index.is_none() {
            self.0.index = Some(index);
        }
        self
    }
}

/// For logs of programmers; clients get localised texts.
impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.0.name {
            write!(f, "{name}: ")?;
        }
        match &self.0.kind {
            ValueErrorKind::Missing => f.write_str("missing"),
            ValueErrorKind::NotInteger => f.write_str("not an integer"),
            ValueErrorKind::NotNumber => f.write_str("not a finite number"),
            ValueErrorKind::NotBool => f.write_str("not a boolean"),
            ValueErrorKind::NotChar => f.write_str("not a single character"),
            ValueErrorKind::NotOneOf(names) => write!(f, "not one of {}", names.join(", ")),
            ValueErrorKind::OutOfRange { min, max } => write!(f, "not within {min} to {max}"),
            ValueErrorKind::WrongCount { expected } => write!(f, "not {expected} values"),
            ValueErrorKind::UnknownName => f.write_str("unknown name"),
            ValueErrorKind::TooMany { limit } => write!(f, "more than {limit} values"),
            ValueErrorKind::Unsupported(what) => write!(f, "a text cannot be read as {what}"),
            ValueErrorKind::Custom(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for ValueError {}

impl de::Error for ValueError {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self::new(ValueErrorKind::Custom(text.to_string()))
    }

    // The next two leave the unexpected value out: it may be a secret.
    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let expected = expected.to_string();
        Self::new(match expected.as_str() {
            "f32" | "f64" => ValueErrorKind::NotNumber,
            "a boolean" => ValueErrorKind::NotBool,
            "a character" => ValueErrorKind::NotChar,
            name if scalar::range_of(name).is_some() => ValueErrorKind::NotInteger,
            _ => ValueErrorKind::Custom(format!("expected {expected}")),
        })
    }

    fn invalid_value(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let expected = expected.to_string();
        Self::new(match scalar::range_of(&expected) {
            Some((min, max)) => ValueErrorKind::OutOfRange { min, max },
            None => ValueErrorKind::Custom(format!("expected {expected}")),
        })
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(ValueErrorKind::NotOneOf(expected))
    }

    fn unknown_field(name: &str, _: &'static [&'static str]) -> Self {
        Self::new(ValueErrorKind::UnknownName).or_name(name)
    }

    fn missing_field(name: &'static str) -> Self {
        Self::new(ValueErrorKind::Missing).or_name(name)
    }
}
