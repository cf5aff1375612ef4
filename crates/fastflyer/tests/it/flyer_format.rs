//! The format of FastFlyer's clients: codes, details, data, and which HTTP status goes with them.

use fastflyer::{http::StatusCode, prelude::*, testing::TestClient};
use serde::{Serializer, ser::Error as _};
use serde_json::{Value, json};

#[get("/none")]
async fn none() -> Reply {
    Reply::ok()
}

#[get("/null")]
async fn null() -> Reply<Option<u8>> {
    Reply::success(None)
}

#[get("/returned/{code}")]
async fn returned(code: u32) -> Reply {
    Reply::localize(code).detail("why").status(StatusCode::OK)
}

#[get("/raised/{code}")]
async fn raised(code: u32) -> Result<Reply> {
    Err(ApiError::code(code))
}

#[get("/uncaught")]
async fn uncaught() -> Result<u64> {
    Ok("x".parse()?)
}

#[derive(JsonSchema)]
struct Unfit;

impl Serialize for Unfit {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("not of its model"))
    }
}

#[get("/unfit")]
async fn unfit() -> Unfit {
    Unfit
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct User {
    name: String,
}

#[post("/users")]
async fn create(Json(user): Json<User>) -> Reply<User> {
    Reply::success(user)
}

fn client(settings: &[(&str, &str)]) -> TestClient {
    let config = Config::new()
        .title("t")
        .base_url("/f")
        .response_format("flyer");
    let config = settings
        .iter()
        .fold(config, |config, (name, value)| match *name {
            "error_status" => config.response_error_status(*value),
            "code_base" => config.status_code_base(*value),
            other => panic!("{other}"),
        });
    let routes = routes![none, null, returned, raised, uncaught, unfit, create];
    TestClient::new(FlyerApi::new(config).include(routes)).unwrap()
}

async fn get(client: &TestClient, path: &str) -> (u16, Value) {
    let answer = client.get(path).send().await;
    (answer.status(), answer.json())
}

#[tokio::test]
async fn what_is_returned_and_what_is_raised() {
    let client = client(&[]);
    let body = |code: u32, message: &str, detail: &str| json!({"code": code, "message": message, "detail": detail});
    for (path, status, wanted) in [
        ("/f/none", 200, body(200, "", "")),
        (
            "/f/null",
            200,
            json!({"code": 200, "message": "", "detail": "", "data": null}),
        ),
        ("/f/returned/200", 200, body(200, "", "why")),
        ("/f/returned/404", 200, body(404, "请求的资源不存在", "why")),
        ("/f/returned/1602", 200, body(1602, "", "why")),
        (
            "/f/raised/404",
            200,
            body(404, "请求的资源不存在", "Not Found"),
        ),
        ("/f/raised/603", 200, body(603, "", "Internal Server Error")),
        ("/f/uncaught", 200, body(500, "内部异常", "")),
        ("/f/unfit", 200, body(403, "响应参数校验不通过", "")),
        ("/f/nope", 404, body(404, "请求的资源不存在", "Not Found")),
    ] {
        assert_eq!(get(&client, path).await, (status, wanted), "{path}");
    }
}

#[tokio::test]
async fn a_body_that_is_refused_is_code_400() {
    let client = client(&[]);
    let send = |content_type: &'static str, body: &'static str| {
        client
            .post("/f/users")
            .header("content-type", content_type)
            .body(body)
            .send()
    };
    for (content_type, body) in [
        ("application/json", "{\"name\":"),
        ("application/json", "[\"a\"]"),
        ("application/json", ""),
        ("text/plain", "{\"name\":\"a\"}"),
    ] {
        let answer = send(content_type, body).await;
        let json = answer.json();
        assert_eq!(
            (answer.status(), &json["code"]),
            (200, &json!(400)),
            "{body}"
        );
        assert_eq!(json["message"], "请求参数校验不通过", "{body}");
        assert!(
            json["detail"]
                .as_str()
                .is_some_and(|detail| !detail.is_empty()),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_strict_status_is_that_of_the_code() {
    let client = client(&[("error_status", "strict"), ("code_base", "1000")]);
    let answer = client.post("/f/users").body("{}").send().await;
    assert_eq!(
        (answer.status(), &answer.json()["code"]),
        (400, &json!(1400))
    );
    assert_eq!(get(&client, "/f/raised/404").await.0, 404);
    assert_eq!(get(&client, "/f/returned/602").await.1["code"], 1602);
}

#[tokio::test]
async fn the_document_says_when_there_is_no_data() {
    let document = client(&[]).app().openapi().clone();
    let of = |path: &str| {
        let pointer =
            format!("/paths/~1f~1{path}/get/responses/200/content/application~1json/schema");
        // Beside the failures, which the format sends with status 200 too.
        let properties = format!("{pointer}/anyOf/0/properties");
        document.pointer(&properties).cloned().unwrap()
    };
    assert_eq!(of("none").get("data"), None);
    assert!(of("null").get("data").is_some());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn every_answer_shows_the_memory() {
    let client = client(&[]);
    for path in [
        "/f/none",
        "/f/raised/404",
        "/f/uncaught",
        "/health_check",
        "/f/nope",
    ] {
        let answer = client.get(path).send().await;
        let memory = answer.header("x-memory-usage").strip_suffix("KB");
        assert!(
            matches!(memory.map(str::parse::<u64>), Some(Ok(1..))),
            "{path}"
        );
    }
}
