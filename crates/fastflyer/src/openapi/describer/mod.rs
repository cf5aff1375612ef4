//! [`Describer`]: what one operation says about itself while the document is built.

mod request;
mod responses;

use super::Schemas;
use crate::{
    Envelope,
    codes::Code,
    envelope::succeeds,
    extract::{Constraints, TypeKey},
    operation::Operation,
    reply::Origin,
};
use serde_json::{Map, Value, json};

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

    /// The names of the parameters by which clients ask for pages.
    pub(crate) fn page_params(&self) -> fastkit::settings::PageParams {
        self.envelope.page_params
    }

    /// The handler takes a `State<T>`.
    pub(crate) fn needs_state(&mut self, key: TypeKey) {
        self.states.push(key);
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
