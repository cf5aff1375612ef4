//! Business codes from the enum to the answer, the document and the catalogue.

use crate::support::{AUTH, api, client, client_api, client_with, reasons};
use fastflyer::{ApiError, Operation, Reply, Router, codes::Code, http::Method, prelude::*};
use serde_json::{Value, json};

#[derive(Clone, Copy, ResponseCode)]
enum Account {
    /// The account is there now
    #[code(200101, zh = "注册成功", en = "Registered")]
    Registered,
    #[code(500102, zh = "登录失败", en = "Login failed")]
    LoginError,
    #[code(404, zh = "没有这个账号", en = "No such account")]
    Nobody,
    #[code(604102, zh = "短信超时")]
    MessageTimeout,
}

#[derive(ResponseCode)]
enum Unknown {
    #[code(409301, zh = "未登记", "ja" = "未登録")]
    Unregistered,
}

#[derive(ResponseCode)]
enum Other {
    #[code(500102, zh = "别的意思")]
    Clash,
}

#[post("/register", codes = [Account::Registered, 201])]
async fn register() -> Reply<u64> {
    Reply::success(7).code(Account::Registered)
}

#[post("/login", codes = [Account::LoginError, Account::Nobody, 403, 404_777])]
async fn login(#[query(default = 500102)] code: u32) -> Result<()> {
    Err(ApiError::code(code))
}

#[get("/localize")]
async fn localize() -> Reply {
    Reply::localize(Account::MessageTimeout)
}

#[get("/unregistered")]
async fn unregistered() -> Result<()> {
    Err(ApiError::code(Unknown::Unregistered))
}

#[get("/third/{which}")]
async fn third(which: u8) -> Result<()> {
    Err(match which {
        0 => ApiError::third_party(),
        1 => ApiError::third_party_status(),
        2 => ApiError::third_party_data(),
        3 => ApiError::third_party_unavailable(),
        4 => ApiError::third_party_timeout(),
        5 => ApiError::third_party_network(),
        _ => ApiError::third_party_retry(),
    })
}

fn router() -> Router {
    routes![register, login, localize, unregistered, third]
}

fn said(body: &Value) -> (u64, &str, &str) {
    (
        body["code"].as_u64().unwrap(),
        body["status"].as_str().unwrap(),
        body["message"].as_str().unwrap(),
    )
}

#[tokio::test]
async fn a_code_brings_its_text_and_its_status() {
    let client = client(router());
    let answer = client.post("/demo/register").send().await;
    assert_eq!(answer.status(), 200);
    assert_eq!(said(&answer.json()), (200101, "success", "注册成功"));
    let answer = client.get("/demo/localize").send().await;
    assert_eq!(answer.status(), 500);
    assert_eq!(said(&answer.json()), (604102, "fail", "短信超时"));
    // By its number alone it is the same code.
    let answer = client.post("/demo/login").send().await;
    assert_eq!(said(&answer.json()), (500102, "fail", "登录失败"));
    // A plain number without a text has that of its status, which the enum has replaced.
    let answer = client.post("/demo/login?code=404555").send().await;
    assert_eq!(said(&answer.json()), (404555, "error", "没有这个账号"));
}

#[tokio::test]
async fn an_entry_equal_to_a_built_in_code_replaces_its_text_everywhere() {
    let answer = client(router()).get("/demo/no/such/path").send().await;
    assert_eq!(said(&answer.json()), (404, "error", "没有这个账号"));
}

#[tokio::test]
async fn an_enum_that_nobody_declared_has_its_texts_too() {
    let client = client(router());
    let ask = |language: &'static str| {
        let request = client.get("/demo/unregistered");
        async move { request.header("accept-language", language).send().await }
    };
    assert_eq!(said(&ask("zh").await.json()), (409301, "error", "未登记"));
    // Its languages are none of the service's, though.
    let answer = ask("ja").await;
    assert_eq!(said(&answer.json()), (409301, "error", "未登记"));
    let known = client_api(api(router()).codes::<Unknown>());
    let request = known.get("/demo/unregistered");
    let answer = request.header("accept-language", "ja").send().await;
    assert_eq!(said(&answer.json()), (409301, "error", "未登録"));
    assert_eq!(answer.header("content-language"), "ja");
}

#[tokio::test]
async fn the_codes_of_third_parties_are_500() {
    let client = client(router());
    for which in 0..7u32 {
        let answer = client.get(&format!("/demo/third/{which}")).send().await;
        assert_eq!(answer.status(), 500);
        let body = answer.json();
        let (code, status, text) = said(&body);
        assert_eq!((code, status), (u64::from(600 + which), "fail"));
        assert!(text.starts_with("请求第三方服务"), "{text}");
    }
}

#[tokio::test]
async fn a_base_is_never_added_twice() {
    let client = client_with(router(), &[("flyer_status_code_base", "1000")]);
    for (code, sent, status) in [
        (404, 1404, 404),
        (1404, 1404, 404),
        (1602, 1602, 500),
        (500102, 500102, 500),
    ] {
        let answer = client
            .post(&format!("/demo/login?code={code}"))
            .send()
            .await;
        assert_eq!(answer.status(), status, "{code}");
        assert_eq!(answer.json()["code"], sent, "{code}");
    }
    // Neither a failure nor one with its base: a mistake of the program.
    for code in [1200, 200101, 99] {
        let answer = client
            .post(&format!("/demo/login?code={code}"))
            .send()
            .await;
        assert_eq!(
            (answer.status(), &answer.json()["code"]),
            (500, &json!(1500))
        );
    }
    let rows = client.get("/demo/codes").send().await.json();
    let row = |number: u64| {
        let rows = rows["data"]["data"].as_array().unwrap();
        rows.iter().find(|row| row["code"] == number).cloned()
    };
    assert_eq!(row(1403).unwrap()["httpStatus"], 403);
    assert!(row(403).is_none());
    assert_eq!(row(200).unwrap()["status"], "success");
}

#[tokio::test]
async fn operations_document_their_codes() {
    let client = client(router());
    let document = client.app().openapi();
    let responses = &document["paths"]["/demo/login"]["post"]["responses"];
    assert_eq!(responses["500"]["description"], "`500102` 登录失败");
    assert_eq!(
        responses["500"]["x-codes"],
        json!([{"code": 500102, "text": "登录失败", "name": "LoginError"}])
    );
    let json = &responses["500"]["content"]["application/json"];
    assert_eq!(
        json["schema"],
        json!({"$ref": "#/components/schemas/Failure"})
    );
    assert_eq!(
        json["examples"]["LoginError"],
        json!({
            "summary": "500102 登录失败",
            "value": {"status": "fail", "code": 500102, "message": "登录失败", "data": {}, "error": {}}
        })
    );
    assert_eq!(
        responses["404"]["description"],
        "没有这个账号\n\n`404777` 没有这个账号"
    );
    assert_eq!(
        responses["404"]["x-codes"][1],
        json!({"code": 404777, "text": "没有这个账号"})
    );
    assert_eq!(responses["403"]["description"], "禁止访问");
    assert!(responses["403"].get("x-codes").is_none());
    let responses = &document["paths"]["/demo/register"]["post"]["responses"];
    assert_eq!(responses["200"]["description"], "`200101` 注册成功");
    assert!(responses.get("201").is_some());
    let own: Vec<u64> = document["x-codes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["code"].as_u64().unwrap())
        .collect();
    assert_eq!(own, [404, 200101, 500102, 604102]);
}

#[tokio::test]
async fn by_hand_it_is_the_same() {
    let operation = |codes: [Code; 2]| {
        Operation::new(Method::POST, "/register", "register")
            .codes(codes)
            .handler(async || Reply::success(7u64).code(Account::Registered))
    };
    let by_hand = Router::new().route(operation([Account::Registered.into(), 201.into()]));
    let documents =
        [by_hand, routes![register]].map(|router| client(router).app().openapi().clone());
    assert_eq!(
        documents[0]["paths"]["/demo/register"]["post"]["responses"],
        documents[1]["paths"]["/demo/register"]["post"]["responses"]
    );
}

#[tokio::test]
async fn the_catalogue_lists_every_code() {
    let client = client(router());
    let answer = client.get("/demo/codes").send().await;
    assert_eq!(answer.status(), 200);
    let body = answer.json();
    let rows = body["data"]["data"].as_array().unwrap();
    let row = |number: u64| rows.iter().find(|row| row["code"] == number).unwrap();
    assert_eq!(
        row(200101),
        &json!({
            "code": 200101,
            "httpStatus": 200,
            "status": "success",
            "name": "Registered",
            "source": "Account",
            "description": "The account is there now",
            "texts": {"en": "Registered", "zh-CN": "注册成功"}
        })
    );
    assert_eq!(row(604102)["texts"], json!({"zh-CN": "短信超时"}));
    assert_eq!(
        row(605),
        &json!({
            "code": 605,
            "httpStatus": 500,
            "status": "fail",
            "name": "HTTP_605_THIRD_PARTY_NEWORK_ERROR",
            "source": "built-in",
            "texts": {
                "en": "Network error while requesting a third party",
                "zh-CN": "请求第三方服务网络异常"
            }
        })
    );
    assert_eq!(
        (&row(404)["source"], &row(404)["name"]),
        (&json!("Account"), &json!("Nobody"))
    );
    let numbers: Vec<u64> = rows
        .iter()
        .map(|row| row["code"].as_u64().unwrap())
        .collect();
    assert!(numbers.is_sorted() && numbers.len() > 70, "{numbers:?}");
}

#[tokio::test]
async fn the_catalogue_is_covered_like_the_docs() {
    let client = client_with(router(), &AUTH);
    assert_eq!(client.get("/demo/codes").send().await.status(), 401);
    let own = Operation::new(Method::GET, "/codes", "own").handler(async || "mine".to_owned());
    let answer = crate::support::client(Router::new().route(own))
        .get("/demo/codes")
        .send()
        .await;
    assert_eq!(
        answer.json()["data"],
        "mine",
        "a route of the project goes before"
    );
}

#[test]
fn a_number_with_two_meanings_stops_the_start() {
    assert_eq!(
        (Other::Clash.number(), Other::Clash.name()),
        (500102, "Clash")
    );
    let found = reasons(api(router()).codes::<Other>());
    assert_eq!(found.len(), 1, "{found:?}");
    for part in [
        "the code 500102 is `",
        "Other::Clash` at ",
        "Account::LoginError` at ",
        "tests/it/codes.rs:",
    ] {
        assert!(found[0].contains(part), "{found:?}");
    }
}
