//! Handlers that read and write bodies of every kind.

use fastflyer::{
    axum::{Json as RawJson, body::Bytes, response::IntoResponse},
    http::header,
    prelude::*,
    serde_json::{Value, json},
};

/// What `/big` answers with: more than the buffers of two sockets take, and shared by all answers,
/// so that what each connection costs can be measured.
static BIG: [u8; 16 * 1024 * 1024] = [b'b'; 16 * 1024 * 1024];

pub(super) fn router() -> Router {
    routes![echo, big, json_body, item, item_by_id, form, upload]
}

/// The length of the body.
#[post("/echo")]
async fn echo(body: Bytes) -> RawJson<Value> {
    RawJson(json!({"length": body.len()}))
}

#[get("/big")]
async fn big() -> impl IntoResponse {
    let kind = [(header::CONTENT_TYPE, "application/octet-stream")];
    (kind, Bytes::from_static(&BIG))
}

/// Any JSON.
#[post("/json")]
async fn json_body(Json(value): Json<Value>) -> RawJson<Value> {
    RawJson(json!({"isObject": value.is_object()}))
}

#[derive(Serialize, Deserialize, JsonSchema, Validate)]
struct Item {
    #[garde(length(chars, min = 1, max = 20))]
    name: String,
    #[garde(range(min = 1, max = 1000))]
    quantity: u32,
    #[garde(skip)]
    #[serde(default)]
    tags: Vec<String>,
}

/// A body with rules.
#[post("/items")]
async fn item(Json(item): Json<Item>) -> Reply<Item> {
    Reply::success(item)
}

/// Parameters of the path, the query and a header.
#[get("/items/{id}")]
async fn item_by_id(
    id: u64,
    #[query(default = 10)] size: u8,
    #[header] x_kind: Option<String>,
) -> Reply<Value> {
    Reply::success(json!({"id": id, "size": size, "kind": x_kind}))
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Words {
    name: String,
}

#[post("/form")]
async fn form(Form(words): Form<Words>) -> Reply<Words> {
    Reply::success(words)
}

/// The number of parts.
#[post("/upload")]
async fn upload(mut parts: Multipart) -> Result<u64> {
    let mut count = 0;
    while let Some(mut part) = parts.next().await? {
        while part.chunk().await?.is_some() {}
        count += 1;
    }
    Ok(count)
}
