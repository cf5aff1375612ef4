//! Text values as they stand in paths, queries, forms, headers and cookies, read into Rust types.
//!
//! The rules are those that users of FastAPI know: booleans by word, repeated names as lists, the
//! last occurrence where one value is wanted. They differ where a Rust type says more: an integer
//! is limited to its type, and `1_000` or `4.0` are no integers.
//!
//! * [`Pairs`] holds ordered name/value pairs;
//! * [`one()`] and [`named`] read one parameter, [`many()`] a struct or map, [`sequence`] a tuple;
//! * [`to_json`] rebuilds the pairs as JSON, so that a schema can name every failing field. It is
//!   for the failure path only.
//!
//! What is deliberately not here: texts. A [`ValueError`] carries a kind, from which
//! [`crate::validation`] makes messages.

mod error;
mod json;
mod many;
mod occurrences;
mod one;
mod pairs;
mod scalar;
pub(crate) mod schema;
#[cfg(test)]
mod tests;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use error::{ValueError, ValueErrorKind};
pub use json::{to_json, value_to_json};
pub use pairs::{MAX_PAIRS, Pairs};

use occurrences::Occurrences;
pub(crate) use scalar::range_of as integer_range;

/// Reads one parameter from its occurrences, in the order they were sent.
///
/// No occurrence is `None` for an option, an empty list for a list, and missing for all else.
/// Of several occurrences a single value takes the last one; lists, sets and tuples take all.
///
/// # Errors
///
/// When the value is missing or does not have the form that `T` needs.
///
/// # Examples
///
/// ```
/// use fastflyer::values::one;
///
/// assert_eq!(one::<u64>(&["42"]), Ok(42));
/// assert_eq!(one::<bool>(&["Yes"]), Ok(true));
/// assert_eq!(one::<Option<u64>>(&[]), Ok(None));
/// assert_eq!(one::<Vec<u8>>(&["1", "2"]), Ok(vec![1, 2]));
/// assert!(one::<u64>(&["1_000"]).is_err());
/// ```
pub fn one<T: DeserializeOwned>(values: &[&str]) -> Result<T, ValueError> {
    T::deserialize(one::Parameter(Occurrences::slice(values)))
}

/// Reads the parameter `name` from `pairs`, by the rules of [`one()`], without collecting its values.
///
/// # Errors
///
/// As [`one()`]; the error carries the name.
pub fn named<T: DeserializeOwned>(pairs: &Pairs<'_>, name: &str) -> Result<T, ValueError> {
    T::deserialize(one::Parameter(Occurrences::named(pairs.items(), name)))
        .map_err(|error| error.or_name(name))
}

/// Reads a struct or map from pairs: fields by their serde names, repeated names as lists, unknown
/// names ignored unless the type denies them.
///
/// Where serde buffers fields (`flatten`, untagged and tagged enums) a text stays a text, because
/// nothing says which type is wanted. [`many_guided`] solves that with the schema.
///
/// # Errors
///
/// For the first field that is missing or malformed; the error carries its name.
///
/// # Examples
///
/// ```
/// use fastflyer::values::{Pairs, many};
///
/// #[derive(serde::Deserialize, PartialEq, Debug)]
/// struct Page {
///     page: u32,
///     #[serde(default)]
///     tags: Vec<String>,
/// }
///
/// let pairs = Pairs::from_query("page=2&tags=a&tags=b&other=1")?;
/// let page: Page = many(&pairs)?;
/// assert_eq!(page, Page { page: 2, tags: vec!["a".into(), "b".into()] });
/// # Ok::<(), fastflyer::values::ValueError>(())
/// ```
pub fn many<T: DeserializeOwned>(pairs: &Pairs<'_>) -> Result<T, ValueError> {
    many::deserialize(pairs.items())
}

/// As [`many()`], but where that fails the pairs are read once more with the types that `schema`
/// names, which is what flattened numbers and tagged enums need.
///
/// # Errors
///
/// That of [`many()`], when both readings fail.
pub fn many_guided<T: DeserializeOwned>(
    pairs: &Pairs<'_>,
    schema: &Value,
) -> Result<T, ValueError> {
    many(pairs)
        .or_else(|error| serde_json::from_value(to_json(pairs, schema)).map_err(|_other| error))
}

/// Reads the values of a path by position: a tuple, a list, or a single value when there is one.
///
/// # Errors
///
/// When the count or a value does not fit; the error carries the position.
///
/// # Examples
///
/// ```
/// use fastflyer::values::sequence;
///
/// assert_eq!(sequence::<(u64, String)>(&["7", "x"]), Ok((7, "x".to_owned())));
/// assert_eq!(sequence::<u64>(&["7"]), Ok(7));
/// ```
pub fn sequence<T: DeserializeOwned>(values: &[&str]) -> Result<T, ValueError> {
    T::deserialize(one::Parameter(Occurrences::slice(values)))
}
