//! Builds the document from the mounted operations.

use super::{Describer, Schemas};
use crate::{Envelope, codes::CodeRow, extract::TypeKey, routing::Mounted};
use fastkit::settings::Contact;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The head of the document.
#[derive(Clone, Debug, Default)]
pub(crate) struct Info {
    pub(crate) title: String,
    pub(crate) version: String,
    pub(crate) description: Option<String>,
    pub(crate) contact: Option<Contact>,
    pub(crate) secured: bool,
}

/// The document, and which operation needs which state.
pub(crate) struct Built {
    pub(crate) document: Value,
    pub(crate) states: Vec<(TypeKey, String)>,
}

/// Builds the document.
///
/// # Errors
///
/// Every reason why it would not tell the truth: different types of one name, constraints that
/// nobody checks.
pub(crate) fn build(
    info: &Info,
    envelope: &Envelope,
    operations: &[Arc<Mounted>],
    codes: &[CodeRow],
) -> Result<Built, Vec<String>> {
    let mut sorted: Vec<&Arc<Mounted>> = operations.iter().collect();
    sorted.sort_by(|a, b| {
        (&a.path, a.operation.method.as_str()).cmp(&(&b.path, b.operation.method.as_str()))
    });
    let mut schemas = Schemas::default();
    let mut paths = Map::new();
    let mut tags: Vec<&str> = Vec::new();
    let mut states = Vec::new();
    let mut any_secured = false;
    for mounted in sorted {
        let operation = &mounted.operation;
        schemas.enter(operation.place.to_string());
        let mut describer = Describer::new(&mut schemas, envelope, operation, &mounted.path);
        (operation.describe)(&mut describer);
        let secured = info.secured && mounted.auth;
        let (object, needed) = describer.finish(&mounted.id, secured);
        states.extend(
            needed
                .into_iter()
                .map(|key| (key, operation.place.to_string())),
        );
        if operation.hidden {
            continue;
        }
        any_secured |= secured;
        for tag in &operation.tags {
            if !tags.contains(&tag.as_ref()) {
                tags.push(tag);
            }
        }
        let path = paths
            .entry(plain_template(&mounted.path))
            .or_insert_with(|| json!({}));
        path[operation.method.as_str().to_ascii_lowercase()] = object;
    }
    let mut paths = Value::Object(paths);
    let failures = envelope.failure_schemas(schemas.data_of_failures());
    let (mut components, mut problems) = schemas.finish(&mut paths);
    for (name, schema) in failures {
        if components.insert(name.to_owned(), schema).is_some() {
            problems.push(format!("a type is called `{name}` in the OpenAPI document, which is the name of the body of failed requests; rename it with #[schemars(rename = \"..\")]"));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    components.sort_keys();
    let mut head = json!({"title": info.title, "version": info.version});
    if let Some(description) = &info.description {
        head["description"] = json!(description);
    }
    if let Some(contact) = &info.contact {
        head["contact"] = json!({"name": contact.name});
        let rest = [("url", &contact.url), ("email", &contact.email)];
        for (name, value) in rest
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_ref()?)))
        {
            head["contact"][name] = json!(value);
        }
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": head,
        "servers": [{"url": "/"}],
        "tags": tags.iter().map(|tag| json!({"name": tag})).collect::<Vec<_>>(),
        "paths": paths,
        "components": {"schemas": components},
    });
    // The service's own codes; those of HTTP need no list. An extension and no component: no
    // operation refers to all of them, and a name of ours could be that of a type.
    let own: Vec<&CodeRow> = codes.iter().filter(|row| !row.is_built_in()).collect();
    if !own.is_empty() {
        document["x-codes"] = json!(own);
    }
    if any_secured {
        document["components"]["securitySchemes"] =
            json!({"basicAuth": {"type": "http", "scheme": "basic"}});
    }
    Ok(Built { document, states })
}

/// `/files/{*path}` is `/files/{path}` in OpenAPI.
fn plain_template(path: &str) -> String {
    path.replace("{*", "{")
}
