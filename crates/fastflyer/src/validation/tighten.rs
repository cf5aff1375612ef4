//! The schema of a type as the explaining validator wants it.
//!
//! Integers get the bounds that their `format` implies, and `pattern` is renamed to [`PATTERN`]. schemars writes `{"type": "integer", "format": "int32"}` without bounds, so 5e9 would pass the
//! schema while serde refuses it, and nothing could say why. Patterns of Rust are not always patterns of JSON Schema (`\z`), and one of them would
//! make the whole schema invalid.

use serde_json::{Map, Value, json};

/// The keyword that stands for `pattern`, checked by [`super::formats`].
pub(super) const PATTERN: &str = "x-pattern";

/// Adds the bounds and renames the patterns of a schema and of all schemas inside it.
pub(super) fn tighten(schema: &mut Value) {
    each(schema, &mut |schema| {
        bounds(schema);
        if let Some(pattern) = schema.remove("pattern") {
            schema.insert(PATTERN.to_owned(), pattern);
        }
    });
}

/// Adds the bounds of integers of up to 32 bits, for the document. The formats of 64 bits say
/// enough, and clients that read numbers as doubles would show their bounds wrong.
pub(crate) fn bound_integers(schema: &mut Value) {
    each(schema, &mut |schema| {
        let format = schema.get("format").and_then(Value::as_str).unwrap_or("");
        if matches!(
            format,
            "int8" | "int16" | "int32" | "uint8" | "uint16" | "uint32"
        ) {
            bounds(schema);
        }
    });
}

/// Visits a schema and all schemas inside it.
fn each(schema: &mut Value, visit: &mut dyn FnMut(&mut Map<String, Value>)) {
    let Value::Object(schema) = schema else {
        return;
    };
    visit(schema);
    for (keyword, value) in schema {
        match (keyword.as_str(), value) {
            ("properties" | "patternProperties" | "$defs" | "dependentSchemas", inner) => {
                if let Value::Object(schemas) = inner {
                    schemas.values_mut().for_each(|schema| each(schema, visit));
                }
            }
            ("allOf" | "anyOf" | "oneOf" | "prefixItems", Value::Array(schemas)) => {
                schemas.iter_mut().for_each(|schema| each(schema, visit));
            }
            (
                "items"
                | "additionalProperties"
                | "unevaluatedProperties"
                | "contains"
                | "if"
                | "then"
                | "else",
                inner,
            ) => each(inner, visit),
            // Not `not`: tighter there would be laxer here. And literals are no schemas.
            _ => {}
        }
    }
}

fn bounds(schema: &mut Map<String, Value>) {
    let is_integer = match schema.get("type") {
        Some(Value::String(name)) => name == "integer",
        Some(Value::Array(names)) => names.iter().any(|name| name == "integer"),
        _ => false,
    };
    let Some(format) = schema.get("format").and_then(Value::as_str) else {
        return;
    };
    let (min, max) = match format {
        "int8" => (json!(i8::MIN), json!(i8::MAX)),
        "int16" => (json!(i16::MIN), json!(i16::MAX)),
        "int32" => (json!(i32::MIN), json!(i32::MAX)),
        "int64" | "int" => (json!(i64::MIN), json!(i64::MAX)),
        "uint8" => (json!(0), json!(u8::MAX)),
        "uint16" => (json!(0), json!(u16::MAX)),
        "uint32" => (json!(0), json!(u32::MAX)),
        "uint64" | "uint" => (json!(0), json!(u64::MAX)),
        _ => return,
    };
    if !is_integer {
        return;
    }
    if !schema.contains_key("exclusiveMinimum") {
        schema.entry("minimum").or_insert(min);
    }
    if !schema.contains_key("exclusiveMaximum") {
        schema.entry("maximum").or_insert(max);
    }
}
