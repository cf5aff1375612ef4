//! A plain `fn` and an `async fn` with every kind of argument.

use fastflyer::{
    axum,
    extract::{ClientIp, RequestId},
    http::{HeaderMap, Method, Uri},
    prelude::*,
};

#[derive(Clone)]
struct Db;

#[derive(Serialize, Deserialize, JsonSchema, Validate)]
struct Item {
    #[garde(pattern(r"^\d+$"), length(max = 8))]
    number: String,
    #[garde(pattern(r"^\w+\s?$"))]
    word: String,
}

#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
enum Color {
    Red,
}

/// Everything.
#[expect(clippy::too_many_arguments, reason = "one of each")]
#[post("/plain/{id}/{color}/{type}", tag = "x", tags = ["y", "z"], summary = "s", description = "d",
    operation_id = "plain_one", codes = [200, 404], body_limit = 1024, deprecated, hidden = false)]
fn plain(
    /// The id.
    id: u64,
    color: Color,
    r#type: String,
    #[query] page: Option<u32>,
    #[query(name = "q", default = "x", min_length = 1)] text: String,
    #[query] ids: Vec<u8>,
    #[header(description = "who")] x_tenant: Option<String>,
    #[cookie] session: Option<String>,
    State(_db): State<Db>,
    ClientIp(_ip): ClientIp,
    RequestId(_id): RequestId,
    _method: Method,
    _uri: Uri,
    _headers: HeaderMap,
    #[body] item: Item,
) -> Result<Item> {
    let _ = (id, color, r#type, page, text, ids, x_tenant, session);
    Ok(item)
}

#[put("/form")]
async fn form(
    #[form] name: String,
    #[form(min = 1, max = 9)] size: i8,
    _original: axum::extract::OriginalUri,
) -> String {
    format!("{name}{size}")
}

#[patch("/json/{id}")]
async fn json(
    Path(id): Path<u64>,
    Query(_q): Query<Filter>,
    Json(item): Json<Item>,
) -> Reply<Item> {
    let _ = id;
    Reply::success(item)
}

#[derive(Deserialize, JsonSchema)]
struct Filter {
    _name: Option<String>,
}

#[options("/o")]
async fn ask() -> impl axum::response::IntoResponse {
    "x"
}

#[head("/h")]
fn probe() {}

#[delete("/d")]
async fn gone() -> std::result::Result<(), std::io::Error> {
    Ok(())
}

#[tokio::test]
async fn every_kind_of_argument_is_read() {
    let router = routes![plain, form, json, ask, probe, gone];
    let client = crate::support::client_api(crate::support::api(router).state(Db));
    let body = serde_json::json!({"number": "12", "word": "飞"});
    let answer = client.post("/demo/plain/1/Red/t").json(&body).send().await;
    assert_eq!(
        (answer.status(), answer.json()["data"].clone()),
        (200, body)
    );
    // Patterns mean digits and letters of any script, in the document as in the check.
    let body = serde_json::json!({"number": "x", "word": "-"});
    let answer = client.post("/demo/plain/1/Red/t").json(&body).send().await;
    assert_eq!(
        answer.json()["error"].as_object().map(serde_json::Map::len),
        Some(2)
    );
    let schema = &client.app().openapi()["components"]["schemas"]["Item"];
    assert_eq!(schema["properties"]["number"]["pattern"], r"^\d+$");
}
