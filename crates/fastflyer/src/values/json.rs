//! Pairs as the JSON object that they stand for, guided by a schema.
//!
//! For the failure path: a validator over this object names every failing field, where serde names
//! the first. A text that does not parse stays a text, so that the validator finds it.

use serde_json::{Map, Number, Value};

use super::occurrences::{Groups, Occurrences};
use super::schema::{self, Types};
use super::{Pairs, scalar};

/// The pairs as a JSON object, with the types that the root schema names (`$defs` and `$ref`
/// included). Unknown names are kept as texts.
///
/// # Examples
///
/// ```
/// use fastflyer::values::{Pairs, to_json};
/// use serde_json::json;
///
/// let schema = json!({"properties": {
///     "n": {"type": "integer"},
///     "tags": {"type": "array", "items": {"type": "string"}},
/// }});
/// let pairs = Pairs::from_query("n=x&tags=1")?;
/// assert_eq!(to_json(&pairs, &schema), json!({"n": "x", "tags": ["1"]}));
/// # Ok::<(), fastflyer::values::ValueError>(())
/// ```
#[must_use]
pub fn to_json(pairs: &Pairs<'_>, schema: &Value) -> Value {
    let groups = Groups::new(pairs.items());
    let object: Map<String, Value> = groups
        .iter()
        .map(|(name, values)| {
            let property = schema::property(schema, schema, name)
                .or_else(|| schema::other_properties(schema, schema));
            (name.to_owned(), convert(values, property, schema))
        })
        .collect();
    Value::Object(object)
}

/// The occurrences of one parameter as JSON, by its own root schema; without any, `null`.
#[must_use]
pub fn value_to_json(values: &[&str], schema: &Value) -> Value {
    convert(Occurrences::slice(values), Some(schema), schema)
}

fn convert(values: Occurrences<'_>, schema: Option<&Value>, root: &Value) -> Value {
    let Some(schema) = schema else {
        return plain(values);
    };
    let types = schema::types(root, schema);
    if types.array {
        let items =
            values
                .enumerate()
                .map(|(index, text)| match schema::item(root, schema, index) {
                    Some(item) => scalar_value(text, schema::types(root, item)),
                    None => text.into(),
                });
        return Value::Array(items.collect());
    }
    match values.last() {
        Some(text) => scalar_value(text, types),
        None => Value::Null,
    }
}

/// Without a schema: one text, or a list of texts.
fn plain(values: Occurrences<'_>) -> Value {
    let mut texts: Vec<Value> = values.map(Value::from).collect();
    match texts.len() {
        0 | 1 => texts.pop().unwrap_or(Value::Null),
        _ => Value::Array(texts),
    }
}

fn scalar_value(text: &str, types: Types) -> Value {
    if types.string {
        return text.into();
    }
    if (types.integer || types.number) && scalar::is_integer(text) {
        return integer(text);
    }
    if types.number
        && let Ok(number) = scalar::number(text)
        && let Some(number) = Number::from_f64(number)
    {
        return Value::Number(number);
    }
    if types.boolean
        && let Ok(boolean) = scalar::boolean(text)
    {
        return Value::Bool(boolean);
    }
    text.into()
}

/// An integer of any size: beyond 64 bits as a float, which is past every bound that a schema
/// names, so that the range is what the validator complains about.
fn integer(text: &str) -> Value {
    if let Ok(number) = scalar::integer::<u64>(text) {
        return number.into();
    }
    if let Ok(number) = scalar::integer::<i64>(text) {
        return number.into();
    }
    scalar::number(text)
        .ok()
        .and_then(Number::from_f64)
        .map_or_else(|| text.into(), Value::Number)
}
