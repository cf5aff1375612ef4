//! Walking a root JSON schema: references, alternatives, properties, types.
//!
//! Only what the schemas of Rust types contain; a general resolver is not wanted here.

use serde_json::Value;

/// References and alternatives nest no deeper than this in a sound schema; recursion ends here.
const MAX_DEPTH: usize = 16;

/// The JSON types that a schema admits.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Types {
    pub(crate) integer: bool,
    pub(crate) number: bool,
    pub(crate) boolean: bool,
    pub(crate) string: bool,
    pub(crate) array: bool,
}

/// Calls `visit` with the schema, what it refers to, and every alternative or part of it.
/// Stops early when `visit` returns a value.
pub(crate) fn find_in<'s, R>(
    root: &'s Value,
    schema: &'s Value,
    visit: &mut dyn FnMut(&'s Value) -> Option<R>,
) -> Option<R> {
    find_within(root, schema, MAX_DEPTH, visit)
}

fn find_within<'s, R>(
    root: &'s Value,
    schema: &'s Value,
    depth: usize,
    visit: &mut dyn FnMut(&'s Value) -> Option<R>,
) -> Option<R> {
    if let Some(found) = visit(schema) {
        return Some(found);
    }
    let depth = depth.checked_sub(1)?;
    let referred = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| root.pointer(reference.strip_prefix('#')?));
    let parts = ["allOf", "anyOf", "oneOf"]
        .into_iter()
        .filter_map(|keyword| schema.get(keyword)?.as_array())
        .flatten();
    referred
        .into_iter()
        .chain(parts)
        .find_map(|part| find_within(root, part, depth, visit))
}

/// The schema of a property, wherever among alternatives it is declared.
pub(crate) fn property<'s>(root: &'s Value, schema: &'s Value, name: &str) -> Option<&'s Value> {
    find_in(root, schema, &mut |part| part.get("properties")?.get(name))
}

/// The names of all declared properties, without order or uniqueness.
pub(crate) fn property_names<'s>(root: &'s Value, schema: &'s Value) -> Vec<&'s str> {
    let mut names = Vec::new();
    find_in::<()>(root, schema, &mut |part| {
        if let Some(properties) = part.get("properties").and_then(Value::as_object) {
            names.extend(properties.keys().map(String::as_str));
        }
        None
    });
    names
}

/// The schema of properties that are not declared, when it says anything about them.
pub(crate) fn other_properties<'s>(root: &'s Value, schema: &'s Value) -> Option<&'s Value> {
    find_in(root, schema, &mut |part| {
        part.get("additionalProperties")
            .filter(|other| other.is_object() || other.as_bool() == Some(true))
    })
}

/// The schema of a list's item.
pub(crate) fn item<'s>(root: &'s Value, schema: &'s Value, index: usize) -> Option<&'s Value> {
    find_in(root, schema, &mut |part| {
        part.get("prefixItems")
            .and_then(|items| items.get(index))
            .or_else(|| part.get("items"))
    })
}

/// The types that a schema admits, by `type` and by its allowed values.
pub(crate) fn types(root: &Value, schema: &Value) -> Types {
    let mut types = Types::default();
    find_in::<()>(root, schema, &mut |part| {
        match part.get("type") {
            Some(Value::String(name)) => types.admit(name),
            Some(Value::Array(names)) => {
                for name in names.iter().filter_map(Value::as_str) {
                    types.admit(name);
                }
            }
            _ => {
                let constant = part.get("const").into_iter();
                let choices = part
                    .get("enum")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten();
                for value in constant.chain(choices) {
                    types.admit(match value {
                        Value::Bool(_) => "boolean",
                        Value::Number(number) if number.is_f64() => "number",
                        Value::Number(_) => "integer",
                        Value::String(_) => "string",
                        Value::Array(_) => "array",
                        _ => "",
                    });
                }
            }
        }
        None
    });
    types
}

impl Types {
    fn admit(&mut self, name: &str) {
        match name {
            "integer" => self.integer = true,
            "number" => self.number = true,
            "boolean" => self.boolean = true,
            "string" => self.string = true,
            "array" => self.array = true,
            _ => {}
        }
    }
}
