//! Plain typed arguments: `id: u64`, `#[query] page: Option<u32>`, each one parameter.

use super::{ParamKind, Rejection, param::cookie_values};
use crate::{
    context::Context,
    validation::{FieldErrors, Place, explain_value, messages::Message},
    values::{self, Pairs},
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::borrow::Cow;

/// A type that one parameter can be read into.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from the path, the query, a header, a cookie or a form",
    label = "not a plain parameter type",
    note = "use numbers, `bool`, `String`, `Option<..>`, `Vec<..>`, or a type with `#[derive(Deserialize, JsonSchema)]`",
    note = "an extractor needs its pattern: `Path(id): Path<u64>`; a JSON body needs `#[body]`"
)]
pub trait Parameter: DeserializeOwned + JsonSchema + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema + Send + 'static> Parameter for T {}

/// Bounds of one parameter, checked on the text as it came.
#[derive(Clone, Copy, Debug, Default)]
#[doc(hidden)]
pub struct Constraints {
    /// The least number.
    pub min: Option<f64>,
    /// The greatest number.
    pub max: Option<f64>,
    /// The fewest characters.
    pub min_length: Option<u64>,
    /// The most characters.
    pub max_length: Option<u64>,
}

impl Constraints {
    /// Anything that the type takes.
    pub const NONE: Self = Self {
        min: None,
        max: None,
        min_length: None,
        max_length: None,
    };

    /// Adds the bounds to a schema; of a list they are those of its items.
    pub(crate) fn apply(&self, schema: &mut Value) {
        let target = match schema.get("items").is_some() {
            true => &mut schema["items"],
            false => schema,
        };
        for (keyword, bound) in [("minimum", self.min), ("maximum", self.max)] {
            if let Some(bound) = bound {
                target[keyword] = number(bound);
            }
        }
        for (keyword, bound) in [
            ("minLength", self.min_length),
            ("maxLength", self.max_length),
        ] {
            if let Some(bound) = bound {
                target[keyword] = json!(bound);
            }
        }
    }

    /// The first bound that a value does not meet.
    fn violation(&self, text: &str) -> Option<Message> {
        let length = text.chars().count() as u64;
        if let Some(min) = self.min_length.filter(|min| length < *min) {
            return Some(Message::MinLength(min));
        }
        if let Some(max) = self.max_length.filter(|max| length > *max) {
            return Some(Message::MaxLength(max));
        }
        let value: f64 = text.parse().ok()?;
        if let Some(min) = self.min.filter(|min| value < *min) {
            return Some(Message::Minimum(number(min).to_string()));
        }
        let max = self.max.filter(|max| value > *max)?;
        Some(Message::Maximum(number(max).to_string()))
    }

    fn is_none(&self) -> bool {
        self.min.is_none()
            && self.max.is_none()
            && self.min_length.is_none()
            && self.max_length.is_none()
    }
}

/// A bound as JSON: an integer where it is one.
fn number(bound: f64) -> Value {
    if bound.fract() == 0.0 && bound.abs() < 9.0e15 {
        json!(bound as i64)
    } else {
        json!(bound)
    }
}

/// A parameter of the path.
pub fn path<T: Parameter>(cx: &Context, name: &str, bounds: &Constraints) -> Result<T, Rejection> {
    let names = cx
        .mounted
        .as_ref()
        .map(|mounted| mounted.names.as_slice())
        .unwrap_or_default();
    let index = names.iter().position(|known| known == name);
    let value = index.and_then(|index| cx.params.value(index, cx.uri().path()));
    one(cx, ParamKind::Path, name, bounds, value.as_slice())
}

/// A parameter of the query; a list takes all of its occurrences.
pub fn query<T: Parameter>(cx: &Context, name: &str, bounds: &Constraints) -> Result<T, Rejection> {
    let query = cx.uri().query().unwrap_or("").as_bytes();
    let found: Vec<Cow<'_, str>> = form_urlencoded::parse(query)
        .filter(|(key, _)| key == name)
        .map(|(_, value)| value)
        .collect();
    let values: Vec<&str> = found.iter().map(Cow::as_ref).collect();
    one(cx, ParamKind::Query, name, bounds, &values)
}

/// A header; a list takes all of its lines.
pub fn header<T: Parameter>(
    cx: &Context,
    name: &str,
    bounds: &Constraints,
) -> Result<T, Rejection> {
    let lines = cx.headers().get_all(name).iter();
    let values: Vec<&str> = lines
        .filter_map(|line| std::str::from_utf8(line.as_bytes()).ok())
        .collect();
    one(cx, ParamKind::Header, name, bounds, &values)
}

/// A cookie.
pub fn cookie<T: Parameter>(
    cx: &Context,
    name: &str,
    bounds: &Constraints,
) -> Result<T, Rejection> {
    let cookies = cookie_values(cx.headers());
    let values: Vec<&str> = cookies
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value)
        .collect();
    one(cx, ParamKind::Cookie, name, bounds, &values)
}

/// A field of a form in the body.
pub async fn form<T: Parameter>(
    cx: &mut Context,
    name: &str,
    bounds: &Constraints,
) -> Result<T, Rejection> {
    let bytes = super::body::form_bytes(cx).await?;
    let pairs = Pairs::from_bytes(&bytes).map_err(|error| {
        Rejection::Fields(explain_value(&error, Place::Form, None, None, cx.wording()))
    })?;
    let values: Vec<&str> = pairs.get_all(name).collect();
    one(cx, ParamKind::Form, name, bounds, &values)
}

fn one<T: Parameter>(
    cx: &Context,
    kind: ParamKind,
    name: &str,
    bounds: &Constraints,
    values: &[&str],
) -> Result<T, Rejection> {
    let value = values::one::<T>(values).map_err(|error| {
        let given = values.last().map(|text| Value::from(*text));
        explain_value(
            &error,
            kind.place(),
            Some(name),
            given.as_ref(),
            cx.wording(),
        )
    })?;
    if !bounds.is_none()
        && let Some(message) = values.iter().find_map(|text| bounds.violation(text))
    {
        let mut fields = FieldErrors::new();
        fields.add(kind.place().field(name), message.text(cx.wording()));
        return Err(fields.into());
    }
    Ok(value)
}
