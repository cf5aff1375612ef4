//! The JSON schemas of bodies, made from the same shapes that are written.

use super::{
    Envelope,
    accept::PROBLEM,
    format::{DataKind, Format as _, Shape, Slot},
    formats::Problem,
};
use crate::reply::Origin;
use fastkit::settings::ResponseFormat;
use serde_json::{Map, Value, json};

/// What a body is about, for its schema.
struct About<'a> {
    /// The code of a success; `None` for failures.
    code: Option<u32>,
    data: &'a Value,
}

impl Envelope {
    /// The schema of a success whose data has the schema `data`. `follow` gives what a reference
    /// stands for, which tells lists and nothing apart; `kind` is known for pages and for nothing.
    pub(crate) fn success_schema(
        &self,
        code: u32,
        data: &Value,
        follow: &dyn Fn(&Value) -> Value,
        kind: Option<DataKind>,
    ) -> Value {
        let kinds = match kind {
            Some(kind) => vec![(kind, data.clone())],
            None => kinds(data, follow, 0),
        };
        let bodies = kinds.into_iter().map(|(kind, data)| {
            let about = About {
                code: Some(code),
                data: &data,
            };
            schema(&self.format.success(kind), &about)
        });
        alternatives(bodies.collect())
    }

    /// The components of failed requests: name and schema. `with_data`: whether a handler may fail
    /// with data of its own.
    pub(crate) fn failure_schemas(&self, with_data: bool) -> Vec<(&'static str, Value)> {
        let data = if with_data {
            json!({"description": "Empty, unless the handler failed with data of its own."})
        } else {
            json!({"type": "object", "maxProperties": 0})
        };
        let about = About {
            code: None,
            data: &data,
        };
        let described = |shape: &Shape, text: &str| {
            let mut schema = schema(shape, &about);
            schema["description"] = json!(text);
            schema
        };
        let problem = described(
            &Problem.failure(),
            "The body of every failed request as problem details (RFC 9457).",
        );
        if self.response_format == ResponseFormat::Problem {
            return vec![("Problem", problem)];
        }
        let failure = described(&self.format.failure(), "The body of every failed request.");
        vec![("Failure", failure), ("Problem", problem)]
    }

    /// The media types of a failure, each with the component that describes its body.
    pub(crate) fn failure_content(&self) -> &'static [(&'static str, &'static str)] {
        match self.response_format {
            ResponseFormat::Problem => &[(PROBLEM, "Problem")],
            _ => &[("application/json", "Failure"), (PROBLEM, "Problem")],
        }
    }

    /// The code that a failure of this code is sent with.
    pub(crate) fn documented_code(&self, code: u32, origin: Origin) -> u32 {
        let exception = self.exceptions.documented(code, origin);
        exception
            .and_then(|exception| exception.code)
            .map(|code| self.without_base(code.number()))
            .unwrap_or_else(|| self.code_of(code, origin))
    }

    /// The HTTP status under which a failure with this code is sent.
    pub(crate) fn documented_status(&self, code: u32, origin: Origin) -> u16 {
        let strict = super::http_status(self.documented_code(code, origin));
        self.failure_status(strict, origin).as_u16()
    }
}

fn schema(shape: &Shape, about: &About<'_>) -> Value {
    match shape {
        Shape::Object(fields) => {
            let mut properties = Map::new();
            let mut required = Vec::new();
            for field in fields {
                let name = field.name.as_ref();
                let mut value = schema(&field.shape, about);
                if field.optional {
                    // What is absent is left out and never null.
                    if let Some(Value::Array(types)) = value.get_mut("type") {
                        types.retain(|name| name != "null");
                        value["type"] = types[0].clone();
                    }
                } else {
                    required.push(name);
                }
                properties.insert(name.to_owned(), value);
            }
            if properties.is_empty() {
                return json!({"type": "object", "maxProperties": 0});
            }
            let mut object = json!({"type": "object"});
            if !required.is_empty() {
                object["required"] = json!(required);
            }
            object["properties"] = Value::Object(properties);
            object
        }
        Shape::Slot(slot) => slot_schema(*slot, about),
        Shape::Constant(value) => json!({"const": value}),
        Shape::Computed(computed) => computed.schema.clone(),
    }
}

fn slot_schema(slot: Slot, about: &About<'_>) -> Value {
    let messages = || {
        json!({
            "type": "object",
            "description": "Messages by the path of the field that they are about.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        })
    };
    match (slot, about.code) {
        (Slot::Data, _) => about.data.clone(),
        (Slot::Status, Some(_)) => json!({"type": "string", "const": "success"}),
        (Slot::Status, None) => json!({"type": "string", "enum": ["error", "fail"]}),
        (Slot::Code, Some(code)) => json!({"type": "integer", "examples": [code]}),
        (Slot::Code, None) => json!({"type": "integer"}),
        (Slot::HttpStatus, _) => json!({"type": "integer", "minimum": 100, "maximum": 599}),
        (Slot::Errors | Slot::FieldErrors, Some(_)) => {
            json!({"type": "object", "maxProperties": 0})
        }
        (Slot::Errors | Slot::FieldErrors, None) => messages(),
        (
            Slot::Message
            | Slot::Detail
            | Slot::Explanation
            | Slot::RequestId
            | Slot::Title
            | Slot::Occurrence,
            _,
        ) => json!({"type": "string"}),
        (Slot::ProblemType, _) => json!({"type": "string", "format": "uri-reference"}),
        (
            Slot::Count
            | Slot::PerPage
            | Slot::CurrentPage
            | Slot::Total
            | Slot::TotalPages
            | Slot::Offset,
            _,
        ) => json!({"type": "integer", "minimum": 0}),
        (
            Slot::FirstLink | Slot::PrevLink | Slot::NextLink | Slot::LastLink | Slot::Instance,
            _,
        ) => json!({"type": ["string", "null"], "format": "uri-reference"}),
        (Slot::NextCursor | Slot::PrevCursor | Slot::Exception, _) => {
            json!({"type": ["string", "null"]})
        }
    }
}

/// How far alternatives of alternatives are looked into; a type may refer to itself.
const DEPTH: u8 = 8;

/// The kinds that data of a schema can turn out to be, each with the schema of that kind.
fn kinds(data: &Value, follow: &dyn Fn(&Value) -> Value, depth: u8) -> Vec<(DataKind, Value)> {
    let target = follow(data);
    let types = match target.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let kind_of = |name: &str| match name {
        "array" => DataKind::List,
        "null" => DataKind::Null,
        _ => DataKind::Value,
    };
    match types.as_slice() {
        [] => {}
        [one] => return vec![(kind_of(one), data.clone())],
        many => {
            let mut found: Vec<(DataKind, Value)> = Vec::new();
            let values: Vec<&&str> = many
                .iter()
                .filter(|n| kind_of(n) == DataKind::Value)
                .collect();
            let mut push = |kind, types: Value| {
                let mut schema = target.clone();
                schema["type"] = types;
                if let Some(Value::Array(values)) = schema.get_mut("enum") {
                    values.retain(|value| value.is_null() == (kind == DataKind::Null));
                }
                found.push((kind, schema));
            };
            match values.as_slice() {
                [] => {}
                [one] => push(DataKind::Value, json!(one)),
                several => push(DataKind::Value, json!(several)),
            }
            for name in ["array", "null"] {
                if many.contains(&name) {
                    push(kind_of(name), json!(name));
                }
            }
            return found;
        }
    }
    let branches = ["anyOf", "oneOf"]
        .iter()
        .find_map(|key| target.get(*key)?.as_array());
    if let Some(branches) = branches.filter(|_| depth < DEPTH) {
        let all: Vec<_> = branches
            .iter()
            .flat_map(|branch| kinds(branch, follow, depth + 1))
            .collect();
        // A choice of nothing but values is one value.
        return if all.iter().all(|(kind, _)| *kind == DataKind::Value) {
            vec![(DataKind::Value, data.clone())]
        } else {
            all
        };
    }
    if says_nothing(&target) {
        return [DataKind::Value, DataKind::List, DataKind::Null]
            .map(|kind| (kind, data.clone()))
            .to_vec();
    }
    vec![(DataKind::Value, data.clone())]
}

/// Whether a schema allows anything.
fn says_nothing(schema: &Value) -> bool {
    const ANNOTATIONS: [&str; 5] = ["title", "description", "default", "examples", "$comment"];
    match schema {
        Value::Bool(any) => *any,
        Value::Object(object) => object
            .keys()
            .all(|keyword| ANNOTATIONS.contains(&keyword.as_str())),
        _ => false,
    }
}

/// One schema for what may be one of several: where they differ in a single field, the choice is in
/// that field.
fn alternatives(mut schemas: Vec<Value>) -> Value {
    let mut seen: Vec<Value> = Vec::new();
    schemas.retain(|schema| {
        let fresh = !seen.contains(schema);
        if fresh {
            seen.push(schema.clone());
        }
        fresh
    });
    if let Some(any) = schemas.iter().find(|schema| says_nothing(schema)) {
        return any.clone();
    }
    match schemas.as_slice() {
        [] => json!(true),
        [one] => one.clone(),
        [first, rest @ ..] => match single_difference(first, rest) {
            Some(name) => {
                let values = schemas
                    .iter()
                    .map(|schema| schema["properties"][&name].clone())
                    .collect();
                let mut merged = first.clone();
                merged["properties"][&name] = alternatives(values);
                merged
            }
            None => json!({"anyOf": schemas}),
        },
    }
}

/// The only property in which all of these objects differ from the first.
fn single_difference(first: &Value, rest: &[Value]) -> Option<String> {
    let properties = first.get("properties")?.as_object()?;
    let mut different: Option<&String> = None;
    for other in rest {
        let others = other.get("properties")?.as_object()?;
        if other.get("required") != first.get("required") || others.len() != properties.len() {
            return None;
        }
        for (name, value) in properties {
            if others.get(name)? != value {
                if different.is_some_and(|known| known != name) {
                    return None;
                }
                different = Some(name);
            }
        }
    }
    different.cloned()
}
