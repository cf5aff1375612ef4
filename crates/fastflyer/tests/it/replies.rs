//! What handlers return, in both formats.

use crate::support::{client, client_with};
use fastflyer::{ApiError, Locale, Page, Reply, Router, http::StatusCode, prelude::*};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt};

#[derive(Serialize, JsonSchema)]
struct Item {
    id: u64,
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum Either {
    One(Item),
    Many(Vec<Item>),
    None,
}

#[get("/either/{n}")]
async fn either(n: u8) -> Either {
    match n {
        0 => Either::None,
        1 => Either::One(Item { id: 1 }),
        _ => Either::Many(vec![Item { id: 1 }]),
    }
}

#[get("/option/{n}")]
async fn option(n: u8) -> Option<Vec<u8>> {
    (n > 0).then(|| vec![n])
}

#[get("/map")]
async fn map() -> BTreeMap<String, u8> {
    BTreeMap::from([("a".to_owned(), 1)])
}

#[get("/no-json")]
async fn no_json() -> BTreeMap<u8, f64> {
    BTreeMap::from([(1, f64::NAN)])
}

#[get("/bad-keys")]
async fn bad_keys() -> Reply<Vec<BadKeys>> {
    Reply::success(vec![BadKeys])
}

/// Fails to serialize after it has begun.
struct BadKeys;

impl Serialize for BadKeys {
    fn serialize<S: serde::Serializer>(&self, _: S) -> std::result::Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("secret reason"))
    }
}

impl JsonSchema for BadKeys {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "BadKeys".into()
    }

    fn json_schema(_: &mut fastflyer::schemars::SchemaGenerator) -> fastflyer::schemars::Schema {
        fastflyer::schemars::json_schema!({"type": "object"})
    }
}

#[get("/code/{code}")]
async fn code(code: u32) -> Reply<Item> {
    Reply::success(Item { id: 1 }).code(code)
}

#[get("/error/{code}")]
async fn error(code: u32) -> Result<()> {
    Err(ApiError::code(code).detail("why"))
}

#[derive(Debug)]
struct Failed;

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the cause")
    }
}

impl std::error::Error for Failed {}

#[get("/own-error")]
async fn own_error() -> std::result::Result<Item, Failed> {
    Err(Failed)
}

#[get("/fields")]
async fn fields() -> Result<Item> {
    Err(ApiError::unprocessable()
        .error("email", "taken")
        .error("email", "odd")
        .error("name", "long"))
}

#[get("/page")]
async fn page(#[query(default = 1)] page: u64) -> Page<Item> {
    Page::new(vec![Item { id: 1 }, Item { id: 2 }], 12, page, 5)
}

#[get("/nothing")]
async fn nothing() -> Reply {
    Reply::no_content()
}

#[post("/created", codes = [201])]
async fn created() -> Reply<Item> {
    Reply::created(Item { id: 9 })
        .location("/demo/items/9")
        .message("注册成功")
}

#[get("/status")]
async fn status() -> Reply {
    Reply::ok()
        .status(StatusCode::PARTIAL_CONTENT)
        .header("x-foo", "bar")
        .header("bad header", "x")
        .header("x-bad", "a\nb")
}

#[get("/shortcut/{n}")]
async fn shortcut(n: usize) -> Reply {
    let all: [fn() -> Reply; 9] = [
        Reply::ok,
        Reply::fail,
        Reply::error_bad_request,
        Reply::error_unauthorized,
        Reply::error_forbidden,
        Reply::error_not_found,
        Reply::error_method_not_allowed,
        Reply::error_internal,
        || Reply::localize(404u32),
    ];
    all[n]()
}

fn router() -> Router {
    routes![
        either, option, map, no_json, bad_keys, code, error, own_error, fields, page, nothing,
        created, status, shortcut
    ]
}

async fn get_data(client: &fastflyer::testing::TestClient, path: &str) -> Value {
    client.get(path).send().await.json()["data"].clone()
}

#[tokio::test]
async fn data_is_wrapped_by_what_it_is() {
    let client = client(router());
    for (path, data) in [
        ("/demo/either/0", json!({})),
        ("/demo/either/1", json!({"id": 1})),
        ("/demo/either/2", json!({"data": [{"id": 1}]})),
        ("/demo/option/0", json!({})),
        ("/demo/option/3", json!({"data": [3]})),
        ("/demo/map", json!({"a": 1})),
        ("/demo/no-json", json!({"1": null})),
    ] {
        assert_eq!(get_data(&client, path).await, data, "{path}");
    }
    let client = client_with(router(), &[("flyer_response_format", "flyer")]);
    for (path, data) in [
        ("/demo/either/0", json!(null)),
        ("/demo/either/2", json!([{"id": 1}])),
        ("/demo/option/3", json!([3])),
    ] {
        assert_eq!(get_data(&client, path).await, data, "{path}");
    }
}

#[tokio::test]
async fn codes_decide_status_and_kind() {
    let client = client(router());
    for (code, http, kind) in [
        (200, 200, "success"),
        (200_101, 200, "success"),
        (201, 201, "success"),
        (302, 302, "success"),
        (404, 404, "error"),
        (404_001, 404, "error"),
        (500_102, 500, "fail"),
        (605, 500, "fail"),
        (7, 500, "fail"),
    ] {
        let answer = client.get(&format!("/demo/code/{code}")).send().await;
        let body = answer.json();
        assert_eq!(
            (answer.status(), &body["code"], &body["status"]),
            (http, &json!(code), &json!(kind))
        );
    }
    for (code, http, sent) in [
        (404, 404, 404),
        (404_001, 404, 404_001),
        (605, 500, 605),
        (200, 500, 500),
        (0, 500, 500),
    ] {
        let answer = client.get(&format!("/demo/error/{code}")).send().await;
        assert_eq!(
            (answer.status(), answer.json()["code"].clone()),
            (http, json!(sent)),
            "{code}"
        );
        assert_eq!(answer.json()["error"], json!({"detail": ["why"]}));
    }
    for (n, http) in [200, 500, 400, 401, 403, 404, 405, 500, 404]
        .into_iter()
        .enumerate()
    {
        assert_eq!(
            client
                .get(&format!("/demo/shortcut/{n}"))
                .send()
                .await
                .status(),
            http
        );
    }
}

#[tokio::test]
async fn causes_stay_inside_unless_debugging() {
    let client = client(router());
    for path in ["/demo/own-error", "/demo/bad-keys"] {
        let answer = client.get(path).send().await;
        assert_eq!(answer.status(), 500, "{path}");
        assert_eq!(
            answer.json(),
            json!({"status": "fail", "code": 500, "message": "操作失败", "data": {}, "error": {}})
        );
    }
    let client = client_with(router(), &[("flyer_debug", "1")]);
    let answer = client.get("/demo/own-error").send().await;
    assert_eq!(answer.json()["error"], json!({"exception": ["the cause"]}));
}

#[tokio::test]
async fn field_errors_keep_their_order() {
    let client = client(router());
    let answer = client.get("/demo/fields").send().await;
    assert_eq!(
        (answer.status(), answer.json()["error"].clone()),
        (422, json!({"email": ["taken", "odd"], "name": ["long"]}))
    );
}

#[tokio::test]
async fn pages_count_and_link() {
    let client = client(router());
    let body = client
        .get("/demo/page?page=2&q=a%20b&per_page=9")
        .send()
        .await
        .json();
    assert_eq!(
        body["data"]["meta"]["pagination"],
        json!({
            "count": 2, "per_page": 5, "current_page": 2, "total": 12, "total_pages": 3,
            "links": {
                "first": "http://localhost/demo/page?q=a+b&page=1&per_page=5",
                "prev": "http://localhost/demo/page?q=a+b&page=1&per_page=5",
                "next": "http://localhost/demo/page?q=a+b&page=3&per_page=5",
                "last": "http://localhost/demo/page?q=a+b&page=3&per_page=5",
            },
        })
    );
    let body = client.get("/demo/page?page=3").send().await.json();
    assert!(
        body["data"]["meta"]["pagination"]["links"]
            .get("next")
            .is_none()
    );
    let body = client.get("/demo/page?page=0").send().await.json();
    assert_eq!(body["data"]["meta"]["pagination"]["current_page"], 1);
    let body = client
        .get("/demo/page?page=18446744073709551615")
        .send()
        .await;
    assert_eq!(body.status(), 200);
    let client = client_with(router(), &[("flyer_response_format", "flyer")]);
    let body = client.get("/demo/page?page=2").send().await.json();
    assert_eq!(
        body["pageInfo"],
        json!({"total": 12, "offset": 5, "size": 5})
    );
    assert_eq!(body["data"], json!([{"id": 1}, {"id": 2}]));
}

#[tokio::test]
async fn headers_and_statuses_of_a_reply() {
    let client = client(router());
    let answer = client.get("/demo/nothing").send().await;
    assert_eq!(
        (
            answer.status(),
            answer.bytes().len(),
            answer.header("content-type")
        ),
        (204, 0, "")
    );
    let answer = client.post("/demo/created").send().await;
    assert_eq!(
        (answer.status(), answer.header("location")),
        (201, "/demo/items/9")
    );
    assert_eq!(answer.json()["message"], "注册成功");
    let answer = client.get("/demo/status").send().await;
    assert_eq!(
        (
            answer.status(),
            answer.header("x-foo"),
            answer.header("x-bad")
        ),
        (206, "bar", "")
    );
}

#[tokio::test]
async fn the_locale_decides_texts() {
    let client = client_with(router(), &[("flyer_locale", "en")]);
    let message = client.get("/demo/map").send().await.json()["message"].clone();
    assert_ne!(message, "操作成功");
    assert!(
        message
            .as_str()
            .is_some_and(|text| text.is_ascii() && !text.is_empty()),
        "{message}"
    );
    assert_eq!(client.app().settings().locale, Locale::En.into());
}

#[tokio::test]
async fn error_status_options_change_the_status_only() {
    for (option, status) in [("200", 200), ("500", 500), ("strict", 404)] {
        let client = client_with(router(), &[("flyer_response_error_status", option)]);
        let answer = client.get("/demo/error/404").send().await;
        assert_eq!(
            (answer.status(), answer.json()["code"].clone()),
            (status, json!(404))
        );
        assert_eq!(answer.json()["status"], "error");
        assert_eq!(client.get("/demo/unknown").send().await.status(), 404);
    }
}

/// Collects log lines that mention a word.
pub(crate) struct Warnings(
    pub(crate) &'static str,
    pub(crate) std::sync::Arc<std::sync::Mutex<Vec<String>>>,
);

impl tracing::Subscriber for Warnings {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        struct Text(String);
        impl tracing::field::Visit for Text {
            fn record_debug(&mut self, _: &tracing::field::Field, value: &dyn fmt::Debug) {
                self.0 = format!("{value:?}");
            }
        }
        let mut text = Text(String::new());
        event.record(&mut text);
        if text.0.contains(self.0) {
            self.1
                .lock()
                .unwrap()
                .push(format!("{} {}", event.metadata().level(), text.0));
        }
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test]
async fn an_undeclared_status_is_said_once() {
    #[post("/undeclared")]
    async fn undeclared() -> Reply<Item> {
        Reply::created(Item { id: 1 })
    }
    let lines = std::sync::Arc::default();
    let _guard =
        tracing::subscriber::set_default(Warnings("documentation", std::sync::Arc::clone(&lines)));
    let client = client(routes![undeclared, created]);
    for path in ["/demo/undeclared", "/demo/undeclared", "/demo/created"] {
        assert_eq!(client.post(path).send().await.status(), 201);
    }
    assert_eq!(
        *lines.lock().unwrap(),
        [
            "WARN POST /demo/undeclared answers 201, which its documentation does not know; declare it: codes = [201]"
        ]
    );
}
