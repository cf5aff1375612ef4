//! [`Describer`]: what one operation says about itself while the document is built.

use super::Schemas;
use crate::{
    ApiError, Envelope,
    codes::Code,
    envelope::{DataKind, succeeds},
    extract::{Constraints, ParamKind, TypeKey},
    language::Preferences,
    operation::Operation,
    reply::{Data, Origin},
    sse::EventData,
};
use fastkit::status::Locale;
use schemars::JsonSchema;
#[cfg(feature = "ws")]
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::any::TypeId;

const JSON: &str = "application/json";

/// Collects parameters, body and responses of one operation.
#[derive(Debug)]
pub struct Describer<'a> {
    schemas: &'a mut Schemas,
    envelope: &'a Envelope,
    operation: &'a Operation,
    path_names: Vec<String>,
    parameters: Vec<Value>,
    body: Option<Value>,
    responses: Map<String, Value>,
    states: Vec<TypeKey>,
    rejects: bool,
    /// Whether nothing of ours can refuse the request or fail to answer it.
    safe: bool,
    /// What a WebSocket receives and sends, where the operation is one.
    websocket: Option<Map<String, Value>>,
}

/// What the documentation says of one parameter, beside its type.
#[derive(Clone, Copy, Debug, Default)]
#[doc(hidden)]
pub struct ParamDoc {
    /// The text of the parameter, in Markdown.
    pub description: &'static str,
    /// Whether the handler has a value for an absent parameter.
    pub optional: bool,
    /// That value as JSON, if it can be shown.
    pub default: Option<fn() -> Value>,
    /// Bounds that are checked beside the type.
    pub constraints: Constraints,
}

impl<'a> Describer<'a> {
    pub(super) fn new(
        schemas: &'a mut Schemas,
        envelope: &'a Envelope,
        operation: &'a Operation,
        path: &str,
    ) -> Self {
        Self {
            schemas,
            envelope,
            operation,
            path_names: crate::routing::template_names(path),
            parameters: Vec::new(),
            body: None,
            responses: Map::new(),
            states: Vec::new(),
            rejects: false,
            safe: false,
            websocket: None,
        }
    }

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
        let form = || json!({"required": false, "content": {"application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": {}, "required": []}}}});
        const FORM: &str = "application/x-www-form-urlencoded";
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
        self.set_body("application/x-www-form-urlencoded", schema);
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

    /// The data of a success.
    pub(crate) fn success<T: Data>(&mut self) {
        self.success_with::<T>(None);
    }

    /// The same where the return type says the code.
    pub(crate) fn success_with<T: Data>(&mut self, code: Option<u32>) {
        let data = T::schema(self.schemas);
        let nothing = TypeId::of::<T>() == TypeId::of::<()>();
        let kind = if nothing {
            Some(DataKind::Nothing)
        } else {
            T::KIND
        };
        let declared = self.operation.codes.iter().copied();
        let mut codes: Vec<Code> = declared
            .filter(|code| succeeds(self.envelope.without_base(code.number())))
            .chain(code.map(Code::from))
            .collect();
        if codes.is_empty() {
            codes.push(200.into());
        }
        for own in codes {
            let code = own.number();
            let status = crate::envelope::http_status(code);
            if status == http::StatusCode::NO_CONTENT {
                self.responses
                    .insert("204".to_owned(), json!({"description": self.text(204)}));
                continue;
            }
            let follow = |schema: &Value| self.schemas.follow(schema, true).clone();
            let schema = self.envelope.success_schema(code, &data, &follow, kind);
            let text = self.described(own);
            let status = status.as_u16().to_string();
            self.response(status.clone(), &text, JSON, schema);
            self.list_code(&status, own, None);
        }
    }

    /// The handler returns a reply, which may have the code of a failure and data all the same.
    pub(crate) fn may_fail_with_data<T: 'static>(&mut self) {
        if TypeId::of::<T>() != TypeId::of::<()>() {
            self.schemas.failures_have_data();
        }
    }

    /// The health checks, whose body no option changes.
    pub(crate) fn health(&mut self) {
        self.safe = true;
        let schema = json!({
            "type": "object",
            "required": ["message", "code"],
            "properties": {
                "message": {"type": "string", "const": "success"},
                "code": {"type": "integer", "const": 200},
            },
        });
        let text = self.text(200);
        self.response("200".to_owned(), &text, JSON, schema);
    }

    /// A stream of events, whose data is a `T`.
    pub(crate) fn event_stream<T: EventData>(&mut self) {
        let schema = T::schema(self.schemas);
        let note = match self.envelope.texts.documented_in() {
            Locale::En => "a stream of events; the schema is that of an event's `data`",
            _ => "事件流，schema 描述每个事件的 `data`",
        };
        let description = format!("{}: {note}", self.text(200));
        let content = json!({"text/event-stream": {"schema": schema}});
        let response = json!({"description": description, "content": content});
        self.responses.insert("200".to_owned(), response);
    }

    /// The connection becomes a WebSocket.
    #[cfg(feature = "ws")]
    pub(crate) fn websocket(&mut self) {
        let description = match self.envelope.texts.documented_in() {
            Locale::En => "the connection becomes a WebSocket",
            _ => "连接升级为 WebSocket",
        };
        let response = json!({"description": description});
        self.responses.insert("101".to_owned(), response);
        for code in [400, 403, 426] {
            self.failure(code, Origin::Framework);
        }
        self.websocket.get_or_insert_default();
    }

    /// The messages of a WebSocket, in both directions.
    #[cfg(feature = "ws")]
    pub(crate) fn socket_messages<In, Out>(&mut self)
    where
        In: JsonSchema + 'static,
        Out: Serialize + JsonSchema + 'static,
    {
        let receives = self.schemas.input::<In>();
        if let Some(constraint) = self.schemas.constraint(&receives) {
            self.schemas.problem(format!(
                "{} receives a `{}`, whose schema says `{constraint}`, but the constraints of messages are not checked; check it in the handler, and take a type without",
                self.operation.place,
                In::schema_name(),
            ));
        }
        let sends = self.schemas.output::<Out>();
        let messages = self.websocket.get_or_insert_default();
        messages.insert("receives".to_owned(), receives);
        messages.insert("sends".to_owned(), sends);
    }

    /// A response of which nothing is known but that it is one.
    pub fn opaque_response(&mut self) {
        let response = json!({"description": self.text(200)});
        self.responses.entry("200").or_insert(response);
    }

    /// The names of the parameters by which clients ask for pages.
    pub(crate) fn page_params(&self) -> fastkit::settings::PageParams {
        self.envelope.page_params
    }

    /// The handler takes a `State<T>`.
    pub(crate) fn needs_state(&mut self, key: TypeKey) {
        self.states.push(key);
    }

    fn text(&self, code: u32) -> String {
        self.envelope.text(code, None).to_owned()
    }

    /// The text of a declared code, with its number where that is not the HTTP status.
    fn described(&self, code: Code) -> String {
        let number = self.envelope.without_base(code.number());
        let text = self.envelope.text(number, code.entry());
        if number < 1000 {
            return text.to_owned();
        }
        format!("`{}` {text}", self.envelope.sent_code(number))
    }

    /// Names a declared code at its response, with an example of the body where it is known.
    fn list_code(&mut self, status: &str, code: Code, example: Option<(String, Value)>) {
        let number = self.envelope.without_base(code.number());
        let sent = self.envelope.sent_code(number);
        let text = self.envelope.text(number, code.entry()).to_owned();
        let described = self.described(code);
        let Some(response) = self.responses.get_mut(status) else {
            return;
        };
        // Of several codes under one status the description says each.
        let lines = response["description"].as_str().unwrap_or("");
        if !lines.split("\n\n").any(|line| line == described) {
            response["description"] = json!(format!("{lines}\n\n{described}"));
        }
        // A plain number of HTTP says nothing that the status does not.
        if number < 1000 && code.entry().is_none() {
            return;
        }
        let mut row = json!({"code": sent, "text": text});
        if let Some(entry) = code.entry() {
            row["name"] = json!(entry.name);
        }
        match response.get_mut("x-codes").and_then(Value::as_array_mut) {
            Some(rows) => rows.push(row),
            None => response["x-codes"] = json!([row]),
        }
        if let Some((media_type, example)) = example {
            let name = code
                .entry()
                .map_or_else(|| sent.to_string(), |entry| entry.name.to_owned());
            let media = &mut response["content"][media_type];
            media["examples"][name] =
                json!({"summary": format!("{sent} {text}"), "value": example});
        }
    }

    /// A failure that the handler declares: its body is that which a handler's error would have.
    fn declared_failure(&mut self, code: Code) {
        let number = self.envelope.without_base(code.number());
        let status = self.envelope.documented_status(number, Origin::Handler);
        let described = self.described(code);
        self.failed(status.to_string(), &described);
        let answer = self
            .envelope
            .failure(&ApiError::code(code), Preferences::default());
        let media_type = answer.headers().get(http::header::CONTENT_TYPE);
        let media_type = media_type.and_then(|value| value.to_str().ok());
        let body = answer.body().as_full();
        let body = body.and_then(|bytes| serde_json::from_slice(bytes).ok());
        let example = media_type.map(str::to_owned).zip(body);
        self.list_code(&status.to_string(), code, example);
    }

    fn failure(&mut self, code: u32, origin: Origin) {
        let status = self.envelope.documented_status(code, origin);
        let text = self.text(self.envelope.documented_code(code, origin));
        self.failed(status.to_string(), &text);
    }

    /// A failure under a status, in each form in which it may be sent.
    fn failed(&mut self, status: String, description: &str) {
        for (media_type, component) in self.envelope.failure_content() {
            let schema = json!({"$ref": format!("#/components/schemas/{component}")});
            self.response(status.clone(), description, media_type, schema);
        }
    }

    /// Adds a response; a second one under the same status and media type is an alternative.
    fn response(&mut self, status: String, description: &str, media_type: &str, schema: Value) {
        let fresh = json!({"schema": schema});
        let Some(known) = self.responses.get_mut(&status) else {
            let response = json!({"description": description, "content": {media_type: fresh}});
            self.responses.insert(status, response);
            return;
        };
        // Of a response without content nothing is known: it may be this one too.
        let Some(content) = known.get_mut("content") else {
            return;
        };
        let Some(known) = content.get_mut(media_type) else {
            content[media_type] = fresh;
            return;
        };
        known["schema"] = match known["schema"].take() {
            old if old == schema => old,
            Value::Null => schema,
            Value::Object(mut object) if object.len() == 1 && object.contains_key("anyOf") => {
                if let Some(branches) = object["anyOf"].as_array_mut()
                    && !branches.contains(&schema)
                {
                    branches.push(schema);
                }
                Value::Object(object)
            }
            old => json!({"anyOf": [old, schema]}),
        };
    }

    /// The operation object, and the states that its handler needs.
    pub(super) fn finish(mut self, id: &str, secured: bool) -> (Value, Vec<TypeKey>) {
        let declared = self.operation.codes.iter().copied();
        let failures: Vec<Code> = declared
            .filter(|code| !succeeds(self.envelope.without_base(code.number())))
            .collect();
        for code in failures {
            self.declared_failure(code);
        }
        if self.rejects {
            self.failure(422, Origin::Validation);
        }
        if secured {
            self.failure(401, Origin::Framework);
        }
        if self.websocket.is_some() && self.body.is_some() {
            let place = self.operation.place;
            self.schemas.problem(format!(
                "{place} opens a WebSocket, but has an argument that reads the body; a handshake has none"
            ));
        }
        let succeeds = |status: &String| status == "101" || status.starts_with('2');
        if !self.responses.keys().any(succeeds) {
            self.opaque_response();
        }
        // Failures that an option hides behind a success are not under `default`.
        if !self.safe && self.envelope.documented_status(500, Origin::Uncaught) < 400 {
            self.failure(500, Origin::Uncaught);
        }
        let text = self.envelope.any_failure();
        self.failed("default".to_owned(), &text);

        let operation = self.operation;
        let mut object = Map::new();
        if !operation.tags.is_empty() {
            object.insert("tags".into(), json!(operation.tags));
        }
        if let Some(summary) = &operation.summary {
            object.insert("summary".into(), json!(summary));
        }
        if let Some(description) = &operation.description {
            object.insert("description".into(), json!(description));
        }
        object.insert("operationId".into(), json!(id));
        if operation.deprecated {
            object.insert("deprecated".into(), json!(true));
        }
        if !self.parameters.is_empty() {
            object.insert("parameters".into(), Value::Array(self.parameters));
        }
        if let Some(body) = self.body {
            object.insert("requestBody".into(), body);
        }
        if let Some(messages) = self.websocket {
            object.insert("x-websocket".into(), Value::Object(messages));
        }
        self.responses.sort_keys();
        object.insert("responses".into(), Value::Object(self.responses));
        if secured {
            object.insert("security".into(), json!([{"basicAuth": []}]));
        }
        (Value::Object(object), self.states)
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
