//! The failing fields of a request with their messages.
//!
//! The key type is [`FieldErrors`], which is what stands in `error` of a response body.

use indexmap::IndexMap;
use indexmap::map::Entry;
use serde::{Serialize, Serializer};

/// Failing fields in the order they were found, each with its messages.
///
/// Serialises as `{"path": ["message", ...]}`. An empty one has allocated nothing.
///
/// # Examples
///
/// ```
/// use fastflyer::validation::FieldErrors;
///
/// let mut errors = FieldErrors::new();
/// errors.add("email", "This field is required.");
/// let json = serde_json::to_string(&errors)?;
/// assert_eq!(json, r#"{"email":["This field is required."]}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FieldErrors {
    fields: IndexMap<String, Vec<String>>,
}

impl FieldErrors {
    /// No errors.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a message to a field; the same message is kept once.
    pub fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        let message = message.into();
        match self.fields.entry(path.into()) {
            Entry::Occupied(mut field) => {
                if !field.get().contains(&message) {
                    field.get_mut().push(message);
                }
            }
            Entry::Vacant(field) => {
                field.insert(vec![message]);
            }
        }
    }

    /// Adds all messages of another set.
    pub fn merge(&mut self, other: Self) {
        for (path, messages) in other.fields {
            for message in messages {
                self.add(path.clone(), message);
            }
        }
    }

    /// The messages of a field; none when it did not fail.
    #[must_use]
    pub fn get(&self, path: &str) -> &[String] {
        self.fields.get(path).map_or(&[], Vec::as_slice)
    }

    /// All failing fields with their messages.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &[String])> {
        self.fields
            .iter()
            .map(|(path, messages)| (path.as_str(), messages.as_slice()))
    }

    /// How many fields failed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether no field failed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Adds the fields of `other` that are not covered yet: neither by themselves, nor by a field
    /// inside them, nor by one around them. `root` is the path of the value as a whole.
    pub(super) fn complete_with(&mut self, other: Self, root: &str) {
        for (path, messages) in other.fields {
            if path == root && !self.is_empty() {
                continue;
            }
            let covered = self
                .fields
                .keys()
                .any(|known| encloses(known, &path) || encloses(&path, known));
            if !covered {
                self.fields.insert(path, messages);
            }
        }
    }
}

/// Whether `inner` is `outer` or a path below it.
fn encloses(outer: &str, inner: &str) -> bool {
    inner
        .strip_prefix(outer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

impl Serialize for FieldErrors {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.fields.serialize(serializer)
    }
}
