//! Numbers as pydantic reads them from JSON: a text that is one counts as one.

use serde::{Deserialize, Deserializer, de::Error};
use std::fmt::Display;

#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    Flag(bool),
    Integer(i64),
    Number(f64),
    Text(String),
}

/// An integer; `2`, `2.0`, `"2"` and `true` are some.
pub(super) fn integer<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let whole = |number: f64| {
        let exact = number.fract() == 0.0 && number.abs() < 9.0e15;
        exact.then_some(number as i64).ok_or_else(|| D::Error::custom("invalid type: not an integer"))
    };
    match Given::deserialize(from)? {
        Given::Flag(flag) => Ok(flag.into()),
        Given::Integer(integer) => Ok(integer),
        Given::Number(number) => whole(number),
        Given::Text(text) => parsed(&text),
    }
}

/// A number, or nothing.
pub(super) fn optional_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    Option::<Given>::deserialize(from)?
        .map(|given| match given {
            Given::Flag(flag) => Ok(if flag { 1.0 } else { 0.0 }),
            Given::Integer(integer) => Ok(integer as f64),
            Given::Number(number) => Ok(number),
            Given::Text(text) => parsed(&text),
        })
        .transpose()
}

fn parsed<T: std::str::FromStr<Err: Display>, E: Error>(text: &str) -> Result<T, E> {
    text.trim().parse().map_err(|error| E::custom(format!("{text:?}: {error}")))
}
