//! The options of responses: names of fields, statuses, formats; codes in types; the defects of think-response.

use crate::support::{Query, RowNotFound, api, client_api, client_with, reasons};
use fastflyer::{
    Config, FlyerApi, Page,
    format::{DataKind, Format, Shape, Slot},
    prelude::*,
    reply::{Accepted, CodedReply, Created, NoContent},
    testing::TestClient,
};
use serde_json::{Value, json};
use std::time::Duration;

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct User {
    name: String,
}

fn user() -> User {
    User {
        name: "飞".to_owned(),
    }
}

#[get("/user")]
async fn one() -> User {
    user()
}

#[get("/users")]
async fn list() -> Vec<User> {
    vec![user()]
}

#[get("/page")]
async fn page(pagination: Pagination<2, 10>) -> Page<u64> {
    pagination.cut([1, 2, 3, 4, 5])
}

#[get("/nothing")]
async fn nothing() {}

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

#[get("/panics")]
async fn panics() -> User {
    panic!("secret")
}

#[get("/slow")]
async fn slow() -> User {
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    user()
}

#[get("/failed")]
async fn failed() -> Reply<Vec<User>> {
    Reply::success(vec![user()])
        .code(500_102u32)
        .message("登录失败")
        .detail("三次")
}

#[post("/validated")]
async fn validated(#[query(min = 1)] n: u8, #[query] b: bool) -> u8 {
    u8::from(b) + n
}

fn router() -> Router {
    routes![
        one, list, page, nothing, lost, row, query, panics, slow, failed, validated
    ]
}

async fn get(client: &TestClient, path: &str) -> (u16, Value) {
    let answer = client.get(&format!("/demo{path}")).send().await;
    (answer.status(), answer.json())
}

const ALIASES: &str = "message=msg,data.data=data.list,error=-,data.meta.pagination.per_page=data.meta.pagination.size";

#[tokio::test]
async fn fields_are_renamed_and_hidden_everywhere() {
    let in_code = FlyerApi::new(Config::new().base_url("/demo").response_fields(ALIASES));
    let clients = [
        client_with(router(), &[("flyer_response_fields", ALIASES)]),
        client_api(in_code.include(router())),
    ];
    for client in &clients {
        let (_, body) = get(client, "/user").await;
        assert_eq!(
            body,
            json!({"status": "success", "code": 200, "msg": "操作成功", "data": {"name": "飞"}})
        );
        let (_, body) = get(client, "/users").await;
        assert_eq!(body["data"], json!({"list": [{"name": "飞"}]}));
        let (_, body) = get(client, "/page?page=2").await;
        assert_eq!(body["data"]["list"], json!([3, 4]));
        let pagination = &body["data"]["meta"]["pagination"];
        assert_eq!(
            (&pagination["size"], &pagination["per_page"]),
            (&json!(2), &Value::Null)
        );
        let (status, body) = get(client, "/lost").await;
        assert_eq!(
            (status, body),
            (
                404,
                json!({"status": "error", "code": 404, "msg": "用户不存在", "data": {}})
            )
        );
        let (status, body) = get(client, "/no-such-path").await;
        assert_eq!((status, &body["msg"]), (404, &json!("资源未找到")));
        let document = client.app().openapi();
        let schema = &document["paths"]["/demo/page"]["get"]["responses"]["200"]["content"]["application/json"]
            ["schema"];
        assert_eq!(schema["required"], json!(["status", "code", "msg", "data"]));
        assert!(
            schema["properties"]["data"]["properties"]["list"].is_object(),
            "{schema}"
        );
        let failure = &document["components"]["schemas"]["Failure"];
        assert_eq!(
            failure["required"],
            json!(["status", "code", "msg", "data"])
        );
    }
}

#[test]
fn rules_that_cannot_hold_stop_the_start_with_all_reasons() {
    let config = Config::new().response_fields("mesage=msg,status=code,message=data.text");
    let found = reasons(FlyerApi::new(config).include(router()));
    for reason in [
        "\"mesage=msg\": there is no field \"mesage\"; the fields are status, code, message, data, error, data.data",
        "\"status=code\": two fields would be named \"code\", and one would swallow the other",
        "\"message=data.text\": \"data\" holds a value, nothing can be put into it",
    ] {
        assert!(found.iter().any(|line| line.contains(reason)), "{found:#?}");
    }
    // Reasons of another kind are told with them.
    let twice = FlyerApi::new(Config::new().response_fields("x=y")).include(routes![one, one]);
    let found = reasons(twice);
    assert!(found.len() >= 2, "{found:#?}");
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_failure_follows_the_option_for_statuses() {
    for (option, handler, validation) in
        [("strict", 404, 422), ("200", 200, 200), ("500", 500, 500)]
    {
        let uncaught = if option == "200" { 200 } else { 500 };
        let settings = [
            ("flyer_response_error_status", option),
            ("flyer_request_timeout", "1"),
        ];
        let config = Config::new()
            .base_url("/demo")
            .response_error_status(option);
        let clients = [
            client_with(router(), &settings),
            client_api(FlyerApi::new(config.request_timeout("1")).include(router())),
        ];
        for client in &clients {
            for (path, status, code) in [
                ("/user", 200, 200),
                ("/lost", handler, 404),
                ("/failed", uncaught, 500_102),
                ("/row", uncaught, 500),
                ("/panics", uncaught, 500),
                ("/page?page=0", validation, 422),
                ("/slow", 504, 504),
                ("/no-such-path", 404, 404),
                ("/validated", 405, 405),
            ] {
                let (sent, body) = get(client, path).await;
                assert_eq!(
                    (sent, &body["code"]),
                    (status, &json!(code)),
                    "{option} {path}"
                );
            }
        }
    }
}

#[tokio::test]
async fn failures_are_problem_details_for_who_asks_for_them() {
    let client = client_with(router(), &[("flyer_debug", "1")]);
    let ask = |path: &str, accept: &str| {
        let request = client.get(&format!("/demo{path}")).header("accept", accept);
        request
            .header("x-request-id", "2b5e4d8c-0f7a-4c1d-9f61-8f1f8f6d3a10")
            .send()
    };
    let answer = ask("/lost", "application/problem+json").await;
    assert_eq!(
        (
            answer.status(),
            answer.header("content-type"),
            answer.header("vary")
        ),
        (404, "application/problem+json", "accept")
    );
    assert_eq!(
        answer.json(),
        json!({
            "type": "about:blank",
            "title": "资源未找到",
            "status": 404,
            "detail": "用户不存在",
            "instance": "urn:uuid:2b5e4d8c-0f7a-4c1d-9f61-8f1f8f6d3a10",
            "code": 404,
            "errors": {"name": ["没有这个名字"]}
        })
    );
    let answer = ask("/lost", "application/json, application/problem+json;q=0.5").await;
    assert_eq!(
        (answer.header("content-type"), answer.header("vary")),
        ("application/json", "accept")
    );
    assert_eq!(answer.json()["message"], "用户不存在");
    // Successes have one form.
    let answer = ask("/user", "application/problem+json").await;
    assert_eq!(
        (answer.header("content-type"), answer.header("vary")),
        ("application/json", "accept-language")
    );
    for (path, status, title) in [
        ("/nowhere", 404, "资源未找到"),
        ("/validated", 405, "方法不允许"),
        ("/page?page=0", 422, "验证失败"),
        ("/panics", 500, "操作失败"),
    ] {
        let answer = ask(path, "application/problem+json").await;
        let body = answer.json();
        assert_eq!(
            (answer.status(), &body["title"]),
            (status, &json!(title)),
            "{path}"
        );
        assert_eq!(body["status"], status);
    }
    let exception = ask("/query", "application/problem+json").await.json();
    assert_eq!(
        exception["exception"],
        "the query failed: no row in table secret_users"
    );
    let answer = ask("/failed", "application/problem+json").await;
    assert_eq!(
        (answer.status(), answer.header("content-type")),
        (500, "application/problem+json")
    );
    let body = answer.json();
    assert_eq!(
        (&body["type"], &body["detail"], &body["data"]),
        (
            &json!("/demo/codes#500102"),
            &json!("登录失败; 三次"),
            &json!([{"name": "飞"}])
        )
    );
}

#[tokio::test]
async fn the_problem_format_sends_problem_details_to_everybody() {
    let settings = [
        ("flyer_response_format", "problem"),
        ("flyer_response_fields", "message=msg"),
    ];
    let client = client_with(router(), &settings);
    let answer = client
        .get("/demo/lost")
        .header("accept", "application/json");
    let answer = answer.header("x-request-id", "order-7").send().await;
    assert_eq!(
        (
            answer.status(),
            answer.header("content-type"),
            answer.header("vary")
        ),
        (404, "application/problem+json", "")
    );
    // An id that is no UUID is a reference, and the names of RFC 9457 stay.
    assert_eq!(answer.json()["instance"], "#order-7");
    let (status, body) = get(&client, "/users").await;
    assert_eq!(
        (status, body),
        (
            200,
            json!({"status": "success", "code": 200, "msg": "操作成功", "data": {"data": [{"name": "飞"}]}, "error": {}})
        )
    );
    let document = client.app().openapi();
    let default = &document["paths"]["/demo/lost"]["get"]["responses"]["default"]["content"];
    assert!(
        default["application/problem+json"].is_object() && default["application/json"].is_null()
    );
    assert!(document["components"]["schemas"]["Failure"].is_null());
}

/// A format with a body for each kind of data.
struct Own;

impl Format for Own {
    fn success(&self, data: DataKind) -> Shape {
        let body = Shape::object()
            .field("ok", true)
            .field("id", Slot::RequestId);
        match data {
            DataKind::Nothing | DataKind::Null => body,
            DataKind::List => body.field("rows", Slot::Data),
            DataKind::Page => body
                .field("rows", Slot::Data)
                .optional("more", Slot::NextLink),
            _ => body.field("row", Slot::Data),
        }
    }

    fn failure(&self) -> Shape {
        let hint = Shape::computed(json!({"type": "string"}), |answer| {
            json!(format!(
                "{} {}",
                answer.http_status().as_u16(),
                answer.code()
            ))
        });
        Shape::object()
            .field("ok", false)
            .field("id", Slot::RequestId)
            .field(
                "reason",
                Shape::object()
                    .field("text", Slot::Message)
                    .field("hint", hint),
            )
            .optional("fields", Slot::FieldErrors)
    }
}

#[tokio::test]
async fn a_format_of_ones_own_shapes_everything() {
    let own = api(router()).format(Own);
    let client = TestClient::with_settings(
        own,
        [(
            "flyer_response_fields",
            "reason.text=reason.words,rows=items",
        )],
    )
    .unwrap();
    let ask = async |path: &str| {
        let request = client
            .get(&format!("/demo{path}"))
            .header("x-request-id", "7");
        request.send().await.json()
    };
    assert_eq!(
        ask("/user").await,
        json!({"ok": true, "id": "7", "row": {"name": "飞"}})
    );
    assert_eq!(
        ask("/users").await,
        json!({"ok": true, "id": "7", "items": [{"name": "飞"}]})
    );
    assert_eq!(ask("/nothing").await, json!({"ok": true, "id": "7"}));
    assert_eq!(
        ask("/page?page=2").await,
        json!({"ok": true, "id": "7", "items": [3, 4], "more": "http://localhost/demo/page?page=3&per_page=2"})
    );
    assert_eq!(
        ask("/page?page=3").await,
        json!({"ok": true, "id": "7", "items": [5]})
    );
    assert_eq!(
        ask("/lost").await,
        json!({"ok": false, "id": "7", "reason": {"words": "用户不存在", "hint": "404 404"}, "fields": {"name": ["没有这个名字"]}})
    );
    let document = client.app().openapi();
    let schema = |path: &str| {
        document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            .clone()
    };
    assert_eq!(
        schema("/demo/users")["required"],
        json!(["ok", "id", "items"])
    );
    assert_eq!(schema("/demo/page")["properties"]["more"]["type"], "string");
    assert_eq!(
        schema("/demo/page")["required"],
        json!(["ok", "id", "items"])
    );
}

struct Twice;

impl Format for Twice {
    fn success(&self, _: DataKind) -> Shape {
        Shape::object()
            .field("a", Slot::Data)
            .field("b", Slot::Data)
    }

    fn failure(&self) -> Shape {
        Shape::object().field("a", Slot::Message)
    }
}

#[test]
fn a_format_that_cannot_be_written_is_refused() {
    let found = reasons(api(router()).format(Twice));
    assert_eq!(
        found,
        ["a body has Slot::Data in more than one place, or as an optional field"]
    );
}

#[post("/created")]
async fn created() -> Created<User> {
    Reply::created(user()).location("/users/1").into()
}

#[post("/accepted")]
async fn accepted() -> Accepted {
    Accepted::new(()).message("已受理")
}

#[post("/registered")]
async fn registered(#[query(default = false)] fail: bool) -> Result<CodedReply<200_101, User>> {
    if fail {
        return Err(ApiError::conflict());
    }
    Ok(CodedReply::new(user()).header("x-foo", "bar"))
}

#[delete("/gone")]
async fn gone() -> NoContent {
    NoContent::empty()
}

#[tokio::test]
async fn a_code_in_the_return_type_is_documented() {
    let client = client_with(routes![created, accepted, registered, gone], &[]);
    let document = client.app().openapi();
    for (method, path, status, code) in [
        ("post", "/demo/created", 201, 201),
        ("post", "/demo/accepted", 202, 202),
        ("post", "/demo/registered", 200, 200_101),
        ("delete", "/demo/gone", 204, 204),
    ] {
        let responses = document["paths"][path][method]["responses"]
            .as_object()
            .unwrap();
        let successes: Vec<&String> = responses.keys().filter(|s| s.starts_with('2')).collect();
        assert_eq!(successes, [&status.to_string()], "{path}");
        let request = match method {
            "post" => client.post(path),
            _ => client.delete(path),
        };
        let answer = request.send().await;
        assert_eq!(answer.status(), status);
        if status != 204 {
            assert_eq!(answer.json()["code"], code);
        }
    }
    let answer = client.post("/demo/created").send().await;
    assert_eq!(answer.header("location"), "/users/1");
    assert_eq!(
        client.post("/demo/registered?fail=1").send().await.status(),
        409
    );
}

#[tokio::test]
async fn a_failing_reply_with_data_is_as_documented() {
    for settings in [
        &[][..],
        &[("flyer_response_fields", "data.data=items")][..],
        &[("flyer_response_format", "flyer")][..],
        &[("flyer_response_format", "problem")][..],
    ] {
        let client = client_with(router(), settings);
        let answer = client.get("/demo/failed").send().await;
        let document = client.app().openapi();
        let responses = &document["paths"]["/demo/failed"]["get"]["responses"];
        let response = responses
            .get(answer.status().to_string())
            .unwrap_or(&responses["default"]);
        let mut schema = response["content"][answer.header("content-type")]["schema"].clone();
        schema["components"] = document["components"].clone();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let body = answer.json();
        assert!(validator.is_valid(&body), "{settings:?} {body} {schema:#}");
        assert!(body.to_string().contains("飞"), "{body}");
    }
    // Nobody fails with data there, so the document promises that there is none.
    let strict = client_with(routes![one, nothing], &[]);
    let failure = &strict.app().openapi()["components"]["schemas"]["Failure"];
    assert_eq!(failure["properties"]["data"]["maxProperties"], 0);
}

// ---- The defects of think-response, by their numbers ---------------------------------------------

#[get("/t1")]
async fn t1() -> Reply<User> {
    Reply::success(user()).message("m").header("x-a", "b")
}

#[get("/t5/{code}")]
async fn t5(code: u32) -> Reply {
    Reply::localize(code)
}

#[get("/t8/{kind}")]
async fn t8(kind: String) -> Reply<Value> {
    Reply::success(match kind.as_str() {
        "empty" => json!(""),
        "zero" => json!(0),
        "false" => json!(false),
        _ => json!([]),
    })
}

#[tokio::test]
async fn t1_headers_are_headers() {
    let answer = client_with(routes![t1], &[]).get("/demo/t1").send().await;
    assert_eq!(answer.header("x-a"), "b");
    assert_eq!(answer.json()["error"], json!({}));
}

#[tokio::test]
async fn t3_the_status_in_the_body_is_by_the_code() {
    for (option, http) in [("200", 200), ("500", 500)] {
        let client = client_with(router(), &[("flyer_response_error_status", option)]);
        let (status, body) = get(&client, "/lost").await;
        assert_eq!(
            (status, &body["status"], &body["code"]),
            (http, &json!("error"), &json!(404))
        );
        let (status, body) = get(&client, "/nothing").await;
        assert_eq!((status, &body["status"]), (200, &json!("success")));
    }
}

#[tokio::test]
async fn t4_no_content_has_no_body() {
    let answer = client_with(routes![gone], &[])
        .delete("/demo/gone")
        .send()
        .await;
    assert_eq!(
        (
            answer.status(),
            answer.text(),
            answer.header("content-type")
        ),
        (204, "", "")
    );
}

#[tokio::test]
async fn t5_what_is_no_code_is_a_failure_of_the_service() {
    let client = client_with(routes![t5], &[]);
    for code in [0, 12, 99] {
        assert_eq!(get(&client, &format!("/t5/{code}")).await.0, 500, "{code}");
    }
}

#[tokio::test]
async fn t6_codes_have_texts_without_a_language_file() {
    let client = client_with(routes![t5], &[]);
    assert_eq!(get(&client, "/t5/500").await.1["message"], "操作失败");
    let english = client_with(routes![t5], &[("flyer_locale", "en")]);
    assert_ne!(get(&english, "/t5/500").await.1["message"], "");
}

#[tokio::test]
async fn t8_scalars_stay_and_no_field_is_lost() {
    let client = client_with(routes![t8], &[]);
    for (kind, data) in [
        ("empty", json!("")),
        ("zero", json!(0)),
        ("false", json!(false)),
        ("list", json!({"data": []})),
    ] {
        assert_eq!(get(&client, &format!("/t8/{kind}")).await.1["data"], data);
    }
    let swapped = client_with(
        routes![t8],
        &[("flyer_response_fields", "code=status,status=code")],
    );
    let (_, body) = get(&swapped, "/t8/zero").await;
    assert_eq!(
        (&body["status"], &body["code"]),
        (&json!(200), &json!("success"))
    );
    let hidden = client_with(routes![t8], &[("flyer_response_fields", "data.data=-")]);
    assert_eq!(get(&hidden, "/t8/list").await.1["data"], json!({}));
}
