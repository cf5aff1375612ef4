//! Errors: uncaught ones, those with a code, and answers that are not of their model.

use super::Raw;
use fastflyer::{
    axum::Json,
    env,
    http::StatusCode,
    prelude::*,
    serde_json::{Value, json},
    status::phrase,
};
use serde::{Serializer, ser::Error as _};
use std::{borrow::Cow, collections::HashMap, fmt, hint::black_box};

pub(super) fn router() -> Router {
    let uncaught = routes![keyerror, valueerror, runtimeerror, zerodiv];
    let coded = routes![internal, httpexc, httpexc_dict, errresp, errresp_content];
    let models = routes![badresponse, page, page_empty, data_none, base_extra];
    uncaught.include(coded).include(models)
}

/// An error that no handler expects.
#[derive(Debug)]
struct Fault(&'static str);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Fault {}

#[get("/keyerror")]
async fn keyerror() -> Reply<i64> {
    Reply::success(HashMap::from([("present", 1)])[black_box("missing")])
}

#[get("/valueerror")]
async fn valueerror() -> Result<Reply> {
    Err(Fault("bad value 密码=secret"))?
}

#[get("/runtimeerror")]
async fn runtimeerror() -> Result<Reply> {
    Err(Fault("boom"))?
}

#[get("/zerodiv")]
fn zerodiv() -> Reply<i64> {
    Reply::success(1 / black_box(0))
}

/// The original's exception with a code. Without a message it needs a code that has a text.
#[get("/internal/{code}")]
async fn internal(
    code: u32,
    #[query] message: Option<String>,
    #[query] detail: Option<String>,
) -> Result<Reply> {
    let message = message.filter(|text| !text.is_empty());
    // 1602 is 160 and a digit, so no error of ours; 200 is one only in the original's exceptions.
    if is_error(code) || (code < 1000 && message.is_none()) {
        let mut error = ApiError::code(code);
        if let Some(message) = message {
            error = error.message(message);
        }
        if let Some(detail) = detail {
            error = error.detail(detail);
        }
        return Err(error);
    }
    let standard = phrase(if code < 600 { code } else { 500 });
    Ok(answer(code, message, detail.map_or(Cow::Borrowed(standard), Cow::Owned)))
}

#[get("/httpexc/{code}")]
async fn httpexc(code: u32) -> Result<Reply> {
    const TEXT: &str = "http exc detail";
    if is_error(code) {
        return Err(ApiError::code(code).message(TEXT).detail(TEXT).header("X-Extra", "1"));
    }
    Ok(answer(code, Some(TEXT.to_owned()), TEXT.into()).header("X-Extra", "1"))
}

/// A detail that is no text, which ours always is.
#[get("/httpexc_dict")]
async fn httpexc_dict() -> Result<Raw> {
    let code = 409 + env::parse_or("flyer_status_code_base", 0)?;
    Ok(Json(json!({"code": code, "message": "{'a': 1}", "detail": {"a": 1}})))
}

/// The original's answer with a code, whose HTTP status is 200 unless it says another.
#[get("/errresp/{code}")]
async fn errresp(
    code: u32,
    #[query(default = 200)] http: u16,
    #[query] message: Option<String>,
) -> Reply {
    let message = message.filter(|text| !text.is_empty());
    let status = StatusCode::from_u16(http).ok().filter(|status| (200..600).contains(&status.as_u16()));
    answer(code, message, "d".into()).status(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
}

#[get("/errresp_content")]
async fn errresp_content() -> Raw {
    Json(json!({"code": 7, "message": "", "detail": "", "data": [1], "x": null}))
}

fn is_error(code: u32) -> bool {
    (400..1000).contains(&code)
}

fn answer(code: u32, message: Option<String>, detail: Cow<'static, str>) -> Reply {
    let reply = Reply::localize(code).detail(detail).status(StatusCode::OK);
    match message {
        Some(message) => reply.message(message),
        None => reply,
    }
}

/// Data that is a list or an object, as FastFlyer's `DataResponse` demands; anything else cannot be
/// written.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only the schema is asked")]
enum DataSchema {
    List(Vec<Value>),
    Object(HashMap<String, Value>),
}

#[derive(JsonSchema)]
#[schemars(with = "DataSchema")]
struct ListOrObject(Value);

impl Serialize for ListOrObject {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Value::Array(_) | Value::Object(_) => self.0.serialize(to),
            other => Err(S::Error::custom(format!("{other} is neither a list nor an object"))),
        }
    }
}

#[get("/badresponse")]
async fn badresponse() -> Reply<ListOrObject> {
    Reply::success(ListOrObject(json!(5)))
}

#[get("/data_none")]
async fn data_none() -> Reply<ListOrObject> {
    Reply::success(ListOrObject(Value::Null))
}

/// A page whose handler gave the total only: the original filled in its defaults.
#[get("/page")]
async fn page() -> Raw {
    let page_info = json!({"total": 2, "offset": 1, "size": 50});
    Json(json!({"code": 200, "message": "", "detail": "", "pageInfo": page_info, "data": [1, 2]}))
}

/// A page whose handler gave nothing: the original did not fill in the default of its default.
#[get("/page_empty")]
async fn page_empty() -> Raw {
    Json(json!({"code": 200, "message": "", "detail": "", "pageInfo": {}, "data": []}))
}

/// A code that is no code; what the model does not know is left out.
#[get("/base_extra")]
async fn base_extra() -> Raw {
    Json(json!({"code": 1, "message": "m", "detail": ""}))
}
