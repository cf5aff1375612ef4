//! What an operation takes: its parameters and its body.

use super::{Describer, ParamDoc};
use crate::{extract::ParamKind, reply::Origin};
use schemars::JsonSchema;
use serde_json::{Value, json};

const FORM: &str = "application/x-www-form-urlencoded";

impl Describer<'_> {
    /// One parameter.
    #[doc(hidden)]
    pub fn param<T: JsonSchema + 'static>(&mut self, kind: ParamKind, name: &str, doc: ParamDoc) {
        let schema = self.schemas.input::<T>();
        let (mut schema, nullable) = without_null(schema);
        if let Some(constraint) = self.schemas.constraint(&schema) {
            let place = self.operation.place;
            self.schemas.problem(format!(
                "{place} takes the parameter `{name}`, whose type says `{constraint}`, but the constraints of types are checked in structs only; write min, max, min_length or max_length in its attribute, or take a struct that derives garde::Validate"
            ));
        }
        doc.constraints.apply(&mut schema);
        if let Some(default) = doc.default {
            schema["default"] = default();
        }
        if kind == ParamKind::Form {
            if !doc.description.is_empty() {
                schema["description"] = json!(doc.description);
            }
            self.form_field(name, schema, !(nullable || doc.optional));
            return;
        }
        let list = schema.get("type").is_some_and(|t| t == "array");
        let required = kind == ParamKind::Path || !(nullable || doc.optional || list);
        self.push_parameter(kind, name, schema, required, doc.description);
    }

    /// All parameters of one kind at once: the properties of a struct.
    pub(crate) fn params_of<T: JsonSchema + 'static>(&mut self, kind: ParamKind) {
        let schema = self.schemas.input::<T>();
        let target = self.schemas.follow(&schema, false).clone();
        if kind == ParamKind::Path {
            self.path_of(&schema, &target);
            return;
        }
        let required: Vec<&str> = target
            .get("required")
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        for (name, property) in target
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let (mut schema, nullable) = without_null(property.clone());
            let description = take_description(&mut schema);
            let needed = required.contains(&name.as_str()) && !nullable;
            let wire = if kind == ParamKind::Header {
                name.replace('_', "-")
            } else {
                name.clone()
            };
            if kind == ParamKind::Header && wire.bytes().any(|b| b.is_ascii_uppercase()) {
                let place = self.operation.place;
                self.schemas.problem(format!(
                    "{place} reads the header `{wire}` in a struct, where headers have lower case: `{}`",
                    wire.to_ascii_lowercase()
                ));
            }
            self.push_parameter(kind, &wire, schema, needed, &description);
        }
    }

    /// `Path<T>`: a single value, a tuple by position, or a struct by name.
    fn path_of(&mut self, schema: &Value, target: &Value) {
        let names = self.path_names.len();
        let wanted = match (
            target.get("prefixItems").and_then(Value::as_array),
            target.get("type"),
        ) {
            (Some(items), _) => items.len(),
            (None, Some(Value::String(one))) if matches!(one.as_str(), "object" | "array") => names,
            (None, Some(_)) => 1,
            (None, None) => names,
        };
        if wanted != names {
            let place = self.operation.place;
            self.schemas.problem(format!(
                "{place} reads {wanted} parameters with `Path`, but its path has {names}"
            ));
        }
        for name in target
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let name = name.as_str().unwrap_or("");
            if !self.path_names.iter().any(|known| known == name) {
                let place = self.operation.place;
                self.schemas.problem(format!(
                    "{place} reads the field `{name}` with `Path`, but its path has no `{{{name}}}`"
                ));
            }
        }
        for (index, name) in self.path_names.clone().iter().enumerate() {
            let own = target
                .pointer(&format!("/properties/{name}"))
                .or_else(|| target.get("prefixItems")?.get(index))
                .unwrap_or(schema);
            let mut own = own.clone();
            let description = take_description(&mut own);
            self.push_parameter(ParamKind::Path, name, own, true, &description);
        }
    }

    fn push_parameter(
        &mut self,
        kind: ParamKind,
        name: &str,
        schema: Value,
        required: bool,
        description: &str,
    ) {
        self.rejects = true;
        let place = kind.as_str();
        let mut parameter = json!({"name": name, "in": place, "required": required});
        if !description.is_empty() {
            parameter["description"] = json!(description);
        }
        parameter["schema"] = schema;
        let same = |known: &&mut Value| known["name"] == name && known["in"] == place;
        match self.parameters.iter_mut().find(same) {
            Some(known) => *known = parameter,
            None => self.parameters.push(parameter),
        }
    }

    fn form_field(&mut self, name: &str, schema: Value, required: bool) {
        let form = || json!({"required": false, "content": {FORM: {"schema": {"type": "object", "properties": {}, "required": []}}}});
        let fields = |body: &Value| body["content"][FORM]["schema"].get("properties").is_some();
        if !self.body.as_ref().is_none_or(fields) {
            self.one_body();
            return;
        }
        let body = self.body.get_or_insert_with(form);
        if required {
            body["required"] = json!(true);
        }
        let object = &mut body["content"][FORM]["schema"];
        object["properties"][name] = schema;
        if required && let Some(names) = object["required"].as_array_mut() {
            names.push(json!(name));
        }
        self.rejects = true;
        self.body_failures();
    }

    /// A JSON body.
    pub(crate) fn json_body<T: JsonSchema + 'static>(&mut self) {
        let schema = self.schemas.input::<T>();
        let (_, optional) = without_null(schema.clone());
        self.set_body("application/json", schema);
        if optional && let Some(body) = &mut self.body {
            body["required"] = json!(false);
        }
    }

    /// A body of form fields.
    pub(crate) fn form_body<T: JsonSchema + 'static>(&mut self) {
        let schema = self.schemas.input::<T>();
        self.set_body(FORM, schema);
    }

    /// A multipart body whose parts the handler reads one by one.
    pub(crate) fn multipart_body(&mut self) {
        // The names of parts stand in headers, which have no control characters.
        let names = json!({"pattern": r#"^[^\u0000-\u001f\u007f"]*$"#});
        let schema = json!({"type": "object", "additionalProperties": {}, "propertyNames": names});
        self.set_body("multipart/form-data", schema);
    }

    /// Any bytes.
    pub(crate) fn raw_body(&mut self) {
        self.one_body();
        self.body = Some(json!({"content": {"application/octet-stream": {}}}));
        self.failure(413, Origin::Framework);
    }

    fn set_body(&mut self, media_type: &str, schema: Value) {
        self.one_body();
        self.body = Some(json!({"required": true, "content": {media_type: {"schema": schema}}}));
        self.rejects = true;
        self.body_failures();
    }

    /// A body is read once: a second argument would find nothing.
    fn one_body(&mut self) {
        if self.body.is_some() {
            let place = self.operation.place;
            self.schemas.problem(format!(
                "{place} has two arguments that read the body; only one can"
            ));
        }
    }

    fn body_failures(&mut self) {
        self.failure(400, Origin::Validation);
        self.failure(413, Origin::Framework);
        self.failure(415, Origin::Validation);
    }

    /// Nobody checks the constraints of `T`: refuse the start if its schema promises any.
    pub(crate) fn unvalidated<T: JsonSchema + 'static>(&mut self) {
        let schema = self.schemas.input::<T>();
        if let Some(constraint) = self.schemas.constraint(&schema) {
            let name = T::schema_name();
            self.schemas.problem(format!(
                "{} takes a `{name}`, whose schema says `{constraint}`, but `{name}` does not derive garde::Validate, so nothing would check it; derive it, with #[garde(dive)] on nested fields",
                self.operation.place
            ));
        }
    }
}

/// `null` cannot be written in a URL: an optional parameter has the schema of its value.
fn without_null(mut schema: Value) -> (Value, bool) {
    let null = json!({"type": "null"});
    if let Some(Value::Array(types)) = schema.get_mut("type")
        && types.contains(&json!("null"))
    {
        types.retain(|name| name != "null");
        if let [one] = types.as_slice() {
            schema["type"] = one.clone();
        }
        if let Some(Value::Array(values)) = schema.get_mut("enum") {
            values.retain(|value| !value.is_null());
        }
        return (schema, true);
    }
    if let Some(Value::Array(branches)) = schema.get_mut("anyOf")
        && branches.contains(&null)
    {
        branches.retain(|branch| *branch != null);
        if let [one] = branches.as_slice() {
            let mut one = one.clone();
            for key in ["description", "default"] {
                if let (Some(text), Some(object)) = (schema.get(key), one.as_object_mut()) {
                    object.entry(key).or_insert(text.clone());
                }
            }
            return (one, true);
        }
        return (schema, true);
    }
    (schema, false)
}

fn take_description(schema: &mut Value) -> String {
    let text = schema
        .as_object_mut()
        .and_then(|object| object.remove("description"));
    text.and_then(|text| text.as_str().map(str::to_owned))
        .unwrap_or_default()
}
