//! What an operation answers: successes, streams, connections, and the failures that it may end with.

use super::Describer;
use crate::{
    ApiError,
    codes::Code,
    envelope::{DataKind, http_status, succeeds},
    language::Preferences,
    reply::{Data, Origin},
    sse::EventData,
};
use fastkit::status::Locale;
#[cfg(feature = "ws")]
use schemars::JsonSchema;
#[cfg(feature = "ws")]
use serde::Serialize;
use serde_json::{Value, json};
use std::any::TypeId;

const JSON: &str = "application/json";

impl Describer<'_> {
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
            let status = http_status(code);
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

    /// A response of which nothing is known but that it is one.
    pub fn opaque_response(&mut self) {
        let response = json!({"description": self.text(200)});
        self.responses.entry("200").or_insert(response);
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
    pub(super) fn declared_failure(&mut self, code: Code) {
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

    pub(super) fn failure(&mut self, code: u32, origin: Origin) {
        let status = self.envelope.documented_status(code, origin);
        let text = self.text(self.envelope.documented_code(code, origin));
        self.failed(status.to_string(), &text);
    }

    /// A failure under a status, in each form in which it may be sent.
    pub(super) fn failed(&mut self, status: String, description: &str) {
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
}
