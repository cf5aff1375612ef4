//! One of everything, end to end in process.

use fastflyer::{prelude::*, testing::TestClient};
use serde_json::json;

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Item {
    item_id: u64,
}

/// 演示接口：项目信息查询
///
/// - 附加说明: 这个位置可以加入更多说明列表。
#[get("/items/{id}", tag = "项目管理", summary = "项目查询接口")]
async fn get_item(Path(id): Path<u64>) -> Reply<Item> {
    Reply::success(Item { item_id: id })
}

#[get("/plain/{id}")]
async fn plain(
    id: u64,
    #[query] verbose: Option<bool>,
    #[header] x_tenant: Option<String>,
    #[query(default = 10, min = 1, max = 100)] size: u32,
) -> Result<Item> {
    let n: u64 = "7".parse()?;
    let _ = (verbose, x_tenant);
    Ok(Item {
        item_id: id + n + u64::from(size),
    })
}

#[get("/list")]
fn list() -> Vec<Item> {
    vec![Item { item_id: 1 }]
}

#[get("/unit")]
async fn unit() {}

#[get("/status")]
async fn status() -> fastflyer::http::StatusCode {
    fastflyer::http::StatusCode::ACCEPTED
}

#[get("/opaque")]
async fn opaque() -> impl fastflyer::axum::response::IntoResponse {
    (fastflyer::http::StatusCode::CREATED, "x")
}

#[get("/boom")]
async fn boom() -> String {
    panic!("boom")
}

#[get("/boom-plain")]
fn boom_plain() -> String {
    panic!("boom")
}

#[get("/cause")]
async fn cause() -> Result<()> {
    let _: u64 = "x".parse()?;
    Ok(())
}

#[get("/page", codes = [404, 409u32])]
async fn page() -> Page<u64> {
    Page::new(vec![1, 2], 12, 2, 5)
}

#[derive(Serialize, Deserialize, JsonSchema, Validate)]
struct User {
    /// 姓名
    #[garde(length(chars, min = 1, max = 64))]
    name: String,
    #[garde(range(min = 0, max = 150))]
    #[serde(default)]
    age: u8,
    #[garde(dive)]
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Address>,
}

#[derive(Serialize, Deserialize, JsonSchema, Validate)]
struct Address {
    #[garde(length(chars, min = 2))]
    city: String,
}

#[post("/users", tag = "用户")]
async fn create(Json(user): Json<User>) -> Reply<User> {
    Reply::created(user)
}

#[post("/users/{org}")]
fn create_plain(org: String, #[query] dry_run: bool, #[body] user: User) -> Reply<User> {
    let _ = (org, dry_run);
    Reply::success(user).header("x-foo", "bar")
}

#[get("/mixed/{id}")]
async fn mixed(id: u64, version: fastflyer::axum::extract::OriginalUri) -> String {
    format!("{id} {}", version.0)
}

#[get("/state")]
async fn state(State(n): State<u32>) -> u32 {
    n
}

fn api() -> FlyerApi {
    FlyerApi::new(Config::new().title("Demo").base_url("/demo"))
        .state(9u32)
        .include(routes![
            get_item,
            plain,
            list,
            unit,
            status,
            opaque,
            boom,
            boom_plain,
            cause,
            page,
            create,
            create_plain,
            mixed,
            state
        ])
}

#[tokio::test]
async fn answers_have_one_shape() {
    let client = TestClient::new(api()).unwrap();
    for (path, status, body) in [
        (
            "/demo/items/5",
            200,
            json!({"status": "success", "code": 200, "message": "操作成功", "data": {"itemId": 5}, "error": {}}),
        ),
        (
            "/demo/plain/5",
            200,
            json!({"status": "success", "code": 200, "message": "操作成功", "data": {"itemId": 22}, "error": {}}),
        ),
        (
            "/demo/list",
            200,
            json!({"status": "success", "code": 200, "message": "操作成功", "data": {"data": [{"itemId": 1}]}, "error": {}}),
        ),
        (
            "/demo/unit",
            200,
            json!({"status": "success", "code": 200, "message": "操作成功", "data": {}, "error": {}}),
        ),
        (
            "/demo/state",
            200,
            json!({"status": "success", "code": 200, "message": "操作成功", "data": 9, "error": {}}),
        ),
        (
            "/demo/mixed/4",
            200,
            json!({"status": "success", "code": 200, "message": "操作成功", "data": "4 /demo/mixed/4", "error": {}}),
        ),
        (
            "/demo/boom",
            500,
            json!({"status": "fail", "code": 500, "message": "操作失败", "data": {}, "error": {}}),
        ),
        (
            "/demo/boom-plain",
            500,
            json!({"status": "fail", "code": 500, "message": "操作失败", "data": {}, "error": {}}),
        ),
        (
            "/demo/cause",
            500,
            json!({"status": "fail", "code": 500, "message": "操作失败", "data": {}, "error": {}}),
        ),
        (
            "/health_check",
            200,
            json!({"message": "success", "code": 200}),
        ),
        (
            "/demo/nope",
            404,
            json!({"status": "error", "code": 404, "message": "资源未找到", "data": {}, "error": {}}),
        ),
    ] {
        let answer = client.get(path).send().await;
        assert_eq!((answer.status(), answer.json()), (status, body), "{path}");
        assert_eq!(answer.header("x-request-id").len(), 36, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
    assert_eq!(client.get("/demo/status").send().await.status(), 202);
    assert_eq!(client.get("/demo/opaque").send().await.status(), 201);
}

#[tokio::test]
async fn every_failing_field_is_named() {
    let client = TestClient::new(api()).unwrap();
    let answer = client
        .get("/demo/plain/x?verbose=maybe&size=0")
        .send()
        .await;
    assert_eq!(answer.status(), 422);
    let error = answer.json()["error"].clone();
    assert_eq!(
        error["path.id"].as_array().map(Vec::len),
        Some(1),
        "{error}"
    );
    assert_eq!(
        error["query.verbose"].as_array().map(Vec::len),
        Some(1),
        "{error}"
    );
    assert_eq!(error["query.size"][0], "不能小于 1", "{error}");
    let body = json!({"name": "", "age": 151, "address": {"city": "x"}});
    let answer = client
        .post("/demo/users/a?dry_run=q")
        .json(&body)
        .send()
        .await;
    let error = answer.json()["error"].clone();
    for field in ["name", "age", "address.city", "query.dry_run"] {
        assert!(error[field][0].is_string(), "{field}: {error}");
    }
    let answer = client
        .post("/demo/users")
        .json(&json!({"name": "a"}))
        .send()
        .await;
    assert_eq!(answer.status(), 201);
    let answer = client
        .post("/demo/users")
        .header("content-type", "application/json")
        .body("{\n \"name\":")
        .send()
        .await;
    assert_eq!(answer.status(), 400, "{}", answer.text());
    let answer = client.post("/demo/users").body("{}").send().await;
    assert_eq!(answer.status(), 415);
}

#[tokio::test]
async fn the_document_is_whole() {
    let client = TestClient::new(api()).unwrap();
    let answer = client.get("/demo/openapi.json").send().await;
    let document = answer.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(
        document["paths"]["/demo/items/{id}"]["get"]["operationId"],
        "get_item"
    );
    if std::env::args().any(|argument| argument == "--nocapture") {
        println!("{}", serde_json::to_string_pretty(&document).unwrap());
    }
    let size = &document["paths"]["/demo/plain/{id}"]["get"]["parameters"][3]["schema"];
    assert_eq!(
        (&size["minimum"], &size["maximum"]),
        (&json!(1), &json!(100)),
        "{size}"
    );
    let responses = &document["paths"]["/demo/page"]["get"]["responses"];
    assert!(
        responses["404"].is_object() && responses["409"].is_object(),
        "{responses}"
    );
    assert_eq!(client.get("/demo/docs").send().await.status(), 200);
    assert_eq!(
        client.get("/").send().await.header("location"),
        "/demo/docs"
    );
    let page = client.get("/demo/page?x=1&page=2").send().await.json();
    assert_eq!(
        page["data"]["meta"]["pagination"]["links"]["next"],
        "http://localhost/demo/page?x=1&page=3&per_page=5"
    );
}
