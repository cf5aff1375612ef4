//! Ordered name/value pairs of a query, a form, or a path.
//!
//! Names repeat, and order is kept. The key type is [`Pairs`].

use std::borrow::Cow;

use super::occurrences::Occurrences;
use super::{ValueError, ValueErrorKind};

/// How many pairs are accepted: more are an attack rather than a form (Starlette's limit).
pub const MAX_PAIRS: usize = 1_000;

/// One decoded name with its value.
pub(super) type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Name/value pairs in the order they were sent; texts without escapes are borrowed.
#[derive(Clone, Debug, Default)]
pub struct Pairs<'a> {
    items: Vec<Pair<'a>>,
}

impl<'a> Pairs<'a> {
    /// Decodes a query string or an urlencoded form: `+` is a space, `a` alone is an empty value,
    /// a wrong escape stays as it is, and bytes that are no UTF-8 become U+FFFD, as in Starlette.
    ///
    /// # Errors
    ///
    /// When there are more than [`MAX_PAIRS`] pairs.
    pub fn from_query(query: &'a str) -> Result<Self, ValueError> {
        Self::from_bytes(query.as_bytes())
    }

    /// As [`Pairs::from_query`], for a form body.
    ///
    /// # Errors
    ///
    /// When there are more than [`MAX_PAIRS`] pairs.
    pub fn from_bytes(encoded: &'a [u8]) -> Result<Self, ValueError> {
        if encoded.is_empty() {
            return Ok(Self::default());
        }
        let expected = encoded.iter().filter(|&&byte| byte == b'&').count() + 1;
        let mut items = Vec::with_capacity(expected.min(MAX_PAIRS));
        for pair in form_urlencoded::parse(encoded) {
            if items.len() == MAX_PAIRS {
                return Err(ValueError::new(ValueErrorKind::TooMany {
                    limit: MAX_PAIRS,
                }));
            }
            items.push(pair);
        }
        Ok(Self { items })
    }

    /// Pairs that are decoded already, such as path parameters and text parts of a multipart form.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<Cow<'a, str>>,
        V: Into<Cow<'a, str>>,
    {
        Self {
            items: pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        }
    }

    /// The values of a name, in order.
    pub fn get_all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> + Clone {
        Occurrences::named(&self.items, name)
    }

    /// All pairs, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        self.items
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref()))
    }

    /// How many pairs there are, repeated names included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn items(&self) -> &[Pair<'a>] {
        &self.items
    }
}
