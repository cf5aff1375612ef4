//! The table of exceptions: errors by their type, failures of the framework by their kind.

use crate::support::{Query, RowNotFound, api, client_api, client_with, reasons};
use fastflyer::{Exception, FailureKind, axum, prelude::*, testing::TestClient};
use serde_json::{Value, json};
use std::time::Duration;

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct User {
    name: String,
}

#[get("/page")]
async fn page(pagination: Pagination<2, 10>) -> Page<u64> {
    pagination.cut([1, 2, 3, 4, 5])
}

#[get("/lost")]
async fn lost() -> Result<User> {
    Err(ApiError::not_found()
        .message("用户不存在")
        .error("name", "没有这个名字"))
}

#[get("/row")]
async fn row() -> Result<User> {
    Err(RowNotFound)?
}

#[get("/query")]
async fn query() -> Result<User> {
    Err(Query(RowNotFound))?
}

#[get("/blocking")]
fn blocking() -> Result<User> {
    Err(Query(RowNotFound))?
}

#[get("/panics")]
async fn panics() -> User {
    panic!("secret")
}

#[get("/slow")]
async fn slow() -> User {
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    User {
        name: String::new(),
    }
}

#[post("/validated")]
async fn validated(#[query(min = 1)] n: u8, #[query] b: bool) -> u8 {
    u8::from(b) + n
}

fn router() -> Router {
    routes![page, lost, row, query, blocking, panics, slow, validated]
}

async fn get(client: &TestClient, path: &str) -> (u16, Value) {
    let answer = client.get(&format!("/demo{path}")).send().await;
    (answer.status(), answer.json())
}

fn with_exceptions(settings: &[(&str, &str)]) -> TestClient {
    let api = api(router())
        .exception::<RowNotFound>(
            Exception::code(404_101u32)
                .message("数据未找到")
                .header("x-why", "row"),
        )
        .on(
            FailureKind::Validation,
            Exception::code(400_001u32).message("参数错误"),
        )
        .on(
            FailureKind::NotFound,
            Exception::new().message("走错了").header("x-why", "path"),
        )
        .on(
            FailureKind::MethodNotAllowed,
            Exception::new().detail("请换一种方法"),
        )
        .on(
            FailureKind::Panic,
            Exception::code(500_001u32).message("服务器错误"),
        )
        .on(FailureKind::Timeout, Exception::code(503_001u32));
    TestClient::with_settings(api, settings.iter().copied()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn exceptions_answer_errors_by_their_type_and_failures_by_their_kind() {
    let client = with_exceptions(&[("flyer_request_timeout", "1")]);
    // The paused clock would end the wait for another thread.
    let patient = with_exceptions(&[]);
    for (path, client) in [
        ("/row", &client),
        ("/query", &client),
        ("/blocking", &patient),
    ] {
        let answer = client.get(&format!("/demo{path}")).send().await;
        assert_eq!(
            (answer.status(), answer.header("x-why")),
            (404, "row"),
            "{path}"
        );
        assert_eq!(
            answer.json(),
            json!({"status": "error", "code": 404_101, "message": "数据未找到", "data": {}, "error": {}})
        );
    }
    let (status, body) = get(&client, "/page?page=0&per_page=x").await;
    assert_eq!(
        (status, &body["code"], &body["message"]),
        (400, &json!(400_001), &json!("参数错误"))
    );
    assert_eq!(body["error"].as_object().unwrap().len(), 2, "{body}");
    let answer = client.get("/demo/nowhere").send().await;
    assert_eq!((answer.status(), answer.header("x-why")), (404, "path"));
    assert_eq!(answer.json()["message"], "走错了");
    let answer = client.get("/demo/validated").send().await;
    assert_eq!((answer.status(), answer.header("allow")), (405, "POST"));
    assert_eq!(answer.json()["error"], json!({"detail": ["请换一种方法"]}));
    assert_eq!(get(&client, "/panics").await.1["code"], 500_001);
    assert_eq!(get(&client, "/slow").await.0, 503);
    // What a handler decided itself is its own.
    assert_eq!(get(&client, "/lost").await.1["message"], "用户不存在");

    let debug = with_exceptions(&[("flyer_debug", "1")]);
    let (_, body) = get(&debug, "/query").await;
    assert_eq!(
        body["error"],
        json!({"exception": ["the query failed: no row in table secret_users"]})
    );
    let flyer = with_exceptions(&[("flyer_response_format", "flyer")]);
    let (status, body) = get(&flyer, "/query").await;
    assert_eq!(
        (status, &body["code"], &body["message"]),
        (200, &json!(404_101), &json!("数据未找到"))
    );
}

#[tokio::test]
async fn the_log_has_the_causes_of_what_the_client_is_not_told() {
    let lines = std::sync::Arc::default();
    let log = crate::replies::Warnings("secret_users", std::sync::Arc::clone(&lines));
    let _guard = tracing::subscriber::set_default(log);
    let plain = client_with(router(), &[]);
    let axum = axum::Router::new().route(
        "/axum",
        axum::routing::get(async || Err::<(), _>(ApiError::from(RowNotFound))),
    );
    let mapped = api(Router::new().include(router()).axum(axum))
        .exception::<RowNotFound>(Exception::code(404u32));
    let mapped = client_api(mapped);
    assert_eq!(get(&plain, "/query").await.0, 500);
    assert_eq!(get(&mapped, "/query").await.0, 404);
    assert_eq!(get(&mapped, "/axum").await.0, 404);
    assert_eq!(
        *lines.lock().unwrap(),
        [
            "ERROR GET /demo/query: the query failed: no row in table secret_users",
            "WARN GET /demo/query: the query failed: no row in table secret_users",
            "WARN GET /demo/axum: no row in table secret_users",
        ]
    );
}

#[tokio::test]
async fn an_exception_may_look_at_the_error_and_the_outermost_decides() {
    let api = api(router())
        .exception::<RowNotFound>(Exception::code(404u32))
        .exception_with(|error: &Query| ApiError::conflict().message(format!("{}", error.0)));
    let client = client_api(api);
    assert_eq!(get(&client, "/row").await.0, 404);
    let (status, body) = get(&client, "/query").await;
    assert_eq!(
        (status, &body["message"]),
        (409, &json!("no row in table secret_users"))
    );
}

#[test]
fn exceptions_are_documented_and_wrong_ones_refused() {
    let client = with_exceptions(&[]);
    let responses = &client.app().openapi()["paths"]["/demo/page"]["get"]["responses"];
    assert!(
        responses["400"].is_object() && responses["422"].is_null(),
        "{responses}"
    );
    let found = reasons(
        api(router())
            .exception::<RowNotFound>(Exception::code(200u32))
            .exception_with(|_: &RowNotFound| ApiError::conflict())
            .on(FailureKind::Timeout, Exception::code(7u32)),
    );
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(found[0].contains("RowNotFound has the code 200, which is not that of an error"));
    assert!(found[1].contains("two exceptions for the error type"));
    assert!(found[2].contains("Timeout has the code 7"));
}

#[tokio::test]
async fn t7_exceptions_are_read() {
    let client = with_exceptions(&[]);
    assert_eq!(get(&client, "/row").await.1["message"], "数据未找到");
}
