//! How the path of a failing field is written.
//!
//! Fields of a body stand by their path alone, the others behind their place: `data[0].name`,
//! `query.n`. The key types are [`Place`] and [`FieldPath`].

use std::fmt::Write;

use super::received;

/// Longest name of a property that is repeated in a path: names come from the client.
const MAX_NAME: usize = 64;

/// The part of a request that a value comes from.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Place {
    /// The body, of JSON for instance.
    Body,
    /// The query.
    Query,
    /// The path.
    Path,
    /// A header.
    Header,
    /// A cookie.
    Cookie,
    /// A form in the body.
    Form,
}

impl Place {
    /// What stands before the names of fields, and for the value as a whole.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Body | Self::Form => "body",
            Self::Query => "query",
            Self::Path => "path",
            Self::Header => "header",
            Self::Cookie => "cookie",
        }
    }

    /// The path of a field by its name.
    #[must_use]
    pub fn field(self, name: &str) -> String {
        let mut path = FieldPath::new(self);
        path.name(name);
        path.finish()
    }
}

/// A path being written.
#[derive(Clone, Debug)]
pub(super) struct FieldPath {
    place: Place,
    text: String,
}

impl FieldPath {
    pub(super) fn new(place: Place) -> Self {
        let text = match place {
            Place::Body | Place::Form => String::new(),
            other => other.name().to_owned(),
        };
        Self { place, text }
    }

    /// Goes on to a property. A name that could be mistaken for a longer path is quoted, but for
    /// headers and the like, whose names have no structure.
    pub(super) fn name(&mut self, name: &str) {
        let name = received::truncate(name, MAX_NAME);
        let structured = matches!(self.place, Place::Body | Place::Form);
        if structured && (name.is_empty() || name.contains(['.', '[', ']', '"'])) {
            // Writing to a string cannot fail.
            let _ = write!(self.text, "[{name:?}]");
            return;
        }
        if !self.text.is_empty() {
            self.text.push('.');
        }
        self.text.push_str(&name);
    }

    pub(super) fn index(&mut self, index: usize) {
        let _ = write!(self.text, "[{index}]");
    }

    pub(super) fn finish(self) -> String {
        if self.text.is_empty() {
            self.place.name().to_owned()
        } else {
            self.text
        }
    }
}
