//! What the application sees of a request, and answers beside JSON.

use super::Raw;
use fastflyer::{
    axum::{Json, body::Bytes, response::IntoResponse},
    extract::RequestId,
    http::{HeaderMap, header},
    prelude::*,
    serde_json::{Value, json},
};

pub(super) fn router() -> Router {
    routes![echo_headers, raw, log, text]
}

/// The original put the request's id before the headers that came; here the id has an extractor.
#[get("/echo_headers")]
async fn echo_headers(RequestId(id): RequestId, headers: HeaderMap) -> Raw {
    let mut pairs = vec![json!(["x-request-id", id.as_str()])];
    pairs.extend(headers.iter().filter(|(name, _)| *name != "x-request-id").map(|(name, value)| {
        json!([name.as_str(), latin1(value.as_bytes())])
    }));
    Json(json!({"data": pairs, "rid": id.as_str()}))
}

fn latin1(bytes: &[u8]) -> Value {
    bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into()
}

#[post("/raw")]
async fn raw(body: Bytes) -> Raw {
    Json(json!({"len": body.len()}))
}

#[get("/log")]
fn log(#[query(default = "hi".to_owned())] m: String) -> Raw {
    logger::debug!("d:{m}");
    logger::info!("i:{m}");
    logger::warning!("w:{m}");
    logger::error!("e:{m}");
    Json(json!({"code": 200}))
}

#[get("/text")]
async fn text() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], "plain")
}
