//! The JSON schemas of the shapes that `write` produces, by the same rules.

use super::Envelope;
use crate::reply::{Origin, Pagination};
use fastkit::settings::ResponseFormat;
use serde_json::{Value, json};

impl Envelope {
    /// The schema of a success whose data has the schema `data`. `follow` gives what a reference
    /// stands for, which tells lists and nothing apart.
    pub(crate) fn success_schema(
        &self,
        code: u32,
        data: Value,
        follow: &dyn Fn(&Value) -> Value,
        paged: bool,
    ) -> Value {
        if self.format == ResponseFormat::Flyer {
            let mut properties = json!({
                "code": {"type": "integer", "examples": [code]},
                "message": {"type": "string"},
                "detail": {"type": "string"},
            });
            let mut required = vec!["code", "message", "detail"];
            if follow(&data) != json!({"type": "null"}) {
                properties["data"] = data;
                required.push("data");
            }
            if paged {
                properties["pageInfo"] = page_info();
                required.push("pageInfo");
            }
            return json!({"type": "object", "required": required, "properties": properties});
        }
        let data = if paged {
            let meta = json!({
                "type": "object",
                "required": ["pagination"],
                "properties": {"pagination": Pagination::schema()},
            });
            json!({
                "type": "object",
                "required": ["data", "meta"],
                "properties": {"data": data, "meta": meta},
            })
        } else {
            standard_data(data, follow, 0)
        };
        json!({
            "type": "object",
            "required": ["status", "code", "message", "data", "error"],
            "properties": {
                "status": {"type": "string", "const": "success"},
                "code": {"type": "integer", "examples": [code]},
                "message": {"type": "string"},
                "data": data,
                "error": {"type": "object", "maxProperties": 0},
            },
        })
    }

    /// The schema of every failure, the component `Failure`.
    pub(crate) fn failure_schema(&self) -> Value {
        if self.format == ResponseFormat::Flyer {
            return json!({
                "type": "object",
                "description": "The body of every failed request.",
                "required": ["code", "message", "detail"],
                "properties": {
                    "code": {"type": "integer"},
                    "message": {"type": "string"},
                    "detail": {"type": "string"},
                },
            });
        }
        json!({
            "type": "object",
            "description": "The body of every failed request.",
            "required": ["status", "code", "message", "data", "error"],
            "properties": {
                "status": {"type": "string", "enum": ["error", "fail"]},
                "code": {"type": "integer"},
                "message": {"type": "string"},
                "data": {"type": "object", "maxProperties": 0},
                "error": {
                    "type": "object",
                    "description": "Messages by the path of the field that they are about.",
                    "additionalProperties": {"type": "array", "items": {"type": "string"}},
                },
            },
        })
    }

    /// The HTTP status under which a failure with this code is sent.
    pub(crate) fn documented_status(&self, code: u32, origin: Origin) -> u16 {
        self.failure_status(super::http_status(self.code_of(code, origin)), origin)
            .as_u16()
    }
}

/// How far alternatives of alternatives are looked into; a type may refer to itself.
const DEPTH: u8 = 8;

/// `data` of the standard format: a list is wrapped, nothing is an empty object.
fn standard_data(data: Value, follow: &dyn Fn(&Value) -> Value, depth: u8) -> Value {
    let target = follow(&data);
    let types = match target.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let list = |items: Value| json!({"type": "object", "required": ["data"], "properties": {"data": items}});
    let empty = || json!({"type": "object", "maxProperties": 0});
    match types.as_slice() {
        ["array"] => list(data),
        ["null"] => empty(),
        // An optional list: wrapped when it is there.
        many if many.contains(&"array") && many.contains(&"null") => {
            let mut items = target;
            items["type"] = json!("array");
            json!({"anyOf": [list(items), empty()]})
        }
        many if many.contains(&"null") => {
            let mut scalar = target.clone();
            let rest: Vec<_> = many.iter().filter(|name| **name != "null").collect();
            scalar["type"] = if rest.len() == 1 {
                json!(rest[0])
            } else {
                json!(rest)
            };
            json!({"anyOf": [scalar, empty()]})
        }
        // What may be one of several is wrapped when it is a list.
        _ => match ["anyOf", "oneOf"]
            .iter()
            .find_map(|key| target.get(*key)?.as_array())
        {
            Some(branches)
                if depth < DEPTH && branches.iter().any(|branch| is_wrapped(branch, follow, 0)) =>
            {
                let branches = branches
                    .iter()
                    .map(|branch| standard_data(branch.clone(), follow, depth + 1));
                json!({"anyOf": branches.collect::<Vec<_>>()})
            }
            _ => data,
        },
    }
}

/// Whether data of this schema is sent in another shape than its own.
fn is_wrapped(schema: &Value, follow: &dyn Fn(&Value) -> Value, depth: u8) -> bool {
    let target = follow(schema);
    let lists = match target.get("type") {
        Some(Value::String(one)) => matches!(one.as_str(), "array" | "null"),
        Some(Value::Array(many)) => many.iter().any(|name| name == "array" || name == "null"),
        _ => false,
    };
    let branches = ["anyOf", "oneOf"]
        .iter()
        .find_map(|key| target.get(*key)?.as_array());
    lists
        || (depth < DEPTH
            && branches
                .into_iter()
                .flatten()
                .any(|b| is_wrapped(b, follow, depth + 1)))
}

fn page_info() -> Value {
    let count = json!({"type": "integer", "minimum": 0});
    json!({
        "type": "object",
        "required": ["total", "offset", "size"],
        "properties": {"total": count, "offset": count, "size": count},
    })
}
