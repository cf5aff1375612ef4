//! In which language answers speak, and where the texts come from.

use crate::support::{api, client, client_with};
use fastflyer::{
    ApiError, Config, FlyerApi, Router,
    extract::Language,
    prelude::*,
    testing::{TestClient, TestResponse},
};
use serde_json::json;
use std::{fs, path::Path};

#[derive(ResponseCode)]
enum Code {
    #[code(404101, zh = "商品不存在", en = "No such product")]
    NoProduct,
    #[code(409101, zh = "库存不足")]
    OutOfStock,
}

#[derive(Deserialize, JsonSchema, Validate)]
struct Item {
    #[garde(length(chars, min = 2, max = 5))]
    name: String,
    #[garde(skip)]
    count: u8,
    #[garde(prefix("X-"))]
    label: String,
}

#[get("/product", codes = [Code::NoProduct])]
async fn product() -> Result<u64> {
    Err(ApiError::code(Code::NoProduct))
}

#[get("/stock", codes = [Code::OutOfStock])]
async fn stock() -> Reply {
    Reply::localize(Code::OutOfStock).header("vary", "Origin")
}

#[post("/items")]
async fn items(Json(item): Json<Item>) -> String {
    format!("{}{}{}", item.name, item.count, item.label)
}

#[get("/greeting")]
async fn greeting(language: Language) -> Reply<String> {
    let text = language.text_with("greeting", &[("name", &"Li")]);
    Reply::success(text).message("spoken by the handler")
}

#[get("/own")]
async fn own() -> Reply {
    Reply::ok().message("always the same")
}

#[get("/panic")]
async fn panics() -> Reply {
    panic!("on purpose")
}

fn router() -> Router {
    routes![product, stock, items, greeting, own, panics]
}

/// A service with these locale files.
fn with_files(
    files: &[(&str, &str)],
    settings: &[(&str, &str)],
) -> Result<TestClient, Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let path = folder.path().to_str().unwrap();
    let settings = settings.iter().copied().chain([("flyer_locales", path)]);
    TestClient::with_settings(api(router()), settings).map_err(|error| {
        let shown = |reason: &String| reason.replace(path, "locales");
        error.reasons().iter().map(shown).collect()
    })
}

/// The names in `Vary` that have to do with language or stood there before.
fn varies_by(answer: &TestResponse) -> Vec<String> {
    let values = answer.headers().get_all("vary").iter();
    let mut names: Vec<String> = values
        .flat_map(|value| value.to_str().unwrap().split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .filter(|name| name != "accept")
        .collect();
    names.sort();
    names
}

async fn message(client: &TestClient, path: &str, language: &str) -> (String, String) {
    let request = client.get(path).header("accept-language", language);
    let answer = request.send().await;
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    (message, answer.header("content-language").to_owned())
}

#[tokio::test]
async fn the_client_chooses_among_the_languages_that_are_there() {
    let client = client(router());
    for (asked, text, language) in [
        ("en", "No such product", "en"),
        ("en-GB;q=0.9, fr", "No such product", "en"),
        ("zh-Hant-HK", "商品不存在", "zh-CN"),
        ("fr", "商品不存在", "zh-CN"),
        ("zh;q=0.1, en;q=0.9", "No such product", "en"),
        ("zh;q=0", "No such product", "en"),
        ("!!", "商品不存在", "zh-CN"),
    ] {
        let said = message(&client, "/demo/product", asked).await;
        assert_eq!(said, (text.to_owned(), language.to_owned()), "{asked}");
    }
    let answer = client.get("/demo/product").send().await;
    assert_eq!(answer.json()["message"], "商品不存在");
    assert_eq!(varies_by(&answer), ["accept-language"]);
    // Several lines are one list (RFC 9110, 5.3).
    let request = client.get("/demo/product").header("accept-language", "fr");
    let answer = request.header("accept-language", "en;q=0.1").send().await;
    assert_eq!(answer.header("content-language"), "en");
}

#[tokio::test]
async fn the_default_is_a_setting() {
    let client = client_with(router(), &[("flyer_locale", "en-US")]);
    assert_eq!(message(&client, "/demo/product", "fr").await.1, "en");
    assert_eq!(message(&client, "/demo/product", "zh").await.1, "zh-CN");
    assert_eq!(
        client.app().openapi()["paths"]["/demo/product"]["get"]["responses"]["404"]["description"],
        "`404101` No such product"
    );
    let refused = TestClient::with_settings(api(router()), [("flyer_locale", "fr")]);
    assert_eq!(
        refused.unwrap_err().reasons(),
        [
            "flyer_locale = \"fr\" is a language without texts; known: zh-CN, en; add fr.toml to the locale files"
        ]
    );
}

#[tokio::test]
async fn a_text_that_a_language_lacks_is_said_in_the_next_best() {
    let client = client(router());
    let said = message(&client, "/demo/stock", "en").await;
    assert_eq!(said, ("库存不足".to_owned(), "zh-CN".to_owned()));
    let answer = client.get("/demo/stock").send().await;
    assert_eq!(varies_by(&answer), ["accept-language", "origin"]);
}

#[tokio::test]
async fn what_the_handler_says_itself_has_no_language_unless_it_asked() {
    let client = client(router());
    let answer = client
        .get("/demo/own")
        .header("accept-language", "en")
        .send()
        .await;
    assert!(answer.headers().get("content-language").is_none());
    assert!(answer.headers().get("vary").is_none());
    let answer = client
        .get("/demo/greeting")
        .header("accept-language", "en")
        .send()
        .await;
    assert_eq!(answer.header("content-language"), "en");
    assert_eq!(answer.header("vary"), "accept-language");
    assert_eq!(answer.json()["data"], "greeting", "a key that no file has");
    let answer = client
        .get("/demo/health_check")
        .header("accept-language", "en")
        .send()
        .await;
    assert!(answer.headers().get("vary").is_none());
}

#[tokio::test]
async fn the_framework_speaks_the_language_too() {
    let client = client_with(router(), &[("flyer_body_limit", "16")]);
    for (path, status, zh, en) in [
        ("/demo/nothing/here", 404, "资源未找到", "Not Found"),
        ("/demo/panic", 500, "操作失败", "Operation failed"),
    ] {
        let answer = client
            .get(path)
            .header("accept-language", "en")
            .send()
            .await;
        assert_eq!(
            (answer.status(), &answer.json()["message"]),
            (status, &json!(en))
        );
        let answer = client.get(path).send().await;
        assert_eq!(
            (answer.status(), &answer.json()["message"]),
            (status, &json!(zh))
        );
    }
    let body = json!({"name": "a name that is too long"});
    let request = client.post("/demo/items").json(&body);
    let answer = request.header("accept-language", "en").send().await;
    assert_eq!(
        answer.json()["error"],
        json!({"detail": ["the body is larger than 16 bytes"]})
    );
    let answer = client.post("/demo/items").json(&body).send().await;
    assert_eq!(
        answer.json()["error"],
        json!({"detail": ["请求体超过 16 字节"]})
    );
}

#[tokio::test]
async fn fields_are_explained_in_the_language() {
    let client = client(router());
    let body = json!({"name": "x", "count": "many", "label": "Y"});
    let answer = client
        .post("/demo/items")
        .json(&body)
        .header("accept-language", "en")
        .send()
        .await;
    assert_eq!(answer.status(), 422);
    assert_eq!(answer.json()["message"], "Validation failed");
    assert_eq!(
        answer.json()["error"]["count"],
        json!(["Must be an integer; received \"many\"."])
    );
    assert_eq!(answer.header("content-language"), "en");
}

const JAPANESE: &str = "\
404101 = \"商品がありません\"
OutOfStock = \"在庫がありません\"
HTTP_404_NOT_FOUND = \"見つかりません\"
422 = \"検証に失敗しました\"

[validation]
type = \"{types}が必要です\"
min_length = \"{n} 文字以上にしてください\"
prefix = \"{part} で始めてください\"
received = \"{message}（受信値: {value}）\"

[validation.types]
integer = \"整数\"

[framework]
no_content_type = \"{wanted} を送ってください\"

[texts]
greeting = \"こんにちは、{name}\"
";

#[tokio::test]
async fn locale_files_add_languages_and_replace_texts() {
    let chinese = "NoProduct = \"没有这件商品\"\n[texts]\ngreeting = \"你好，{name}\"\n";
    let client = with_files(&[("ja.toml", JAPANESE), ("zh-CN.toml", chinese)], &[]).unwrap();
    for (path, asked, text, language) in [
        ("/demo/product", "ja-JP", "商品がありません", "ja"),
        ("/demo/product", "zh", "没有这件商品", "zh-CN"),
        ("/demo/product", "en", "No such product", "en"),
        ("/demo/stock", "ja", "在庫がありません", "ja"),
        ("/demo/nowhere", "ja", "見つかりません", "ja"),
        // Not in the file: the default language stands in, and says so.
        ("/demo/panic", "ja", "操作失败", "zh-CN"),
    ] {
        let said = message(&client, path, asked).await;
        assert_eq!(
            said,
            (text.to_owned(), language.to_owned()),
            "{path} {asked}"
        );
    }
    let greet = |language: &'static str| {
        let request = client
            .get("/demo/greeting")
            .header("accept-language", language);
        async move { request.send().await.json()["data"].clone() }
    };
    assert_eq!(greet("ja").await, "こんにちは、Li");
    assert_eq!(greet("zh").await, "你好，Li");
    assert_eq!(greet("en").await, "你好，Li", "the default stands in");

    let body = json!({"name": "x", "count": "many", "label": "X-1"});
    let ask = |body: serde_json::Value| {
        let request = client.post("/demo/items").json(&body);
        async move { request.header("accept-language", "ja").send().await.json() }
    };
    let answer = ask(body).await;
    assert_eq!(answer["message"], "検証に失敗しました");
    assert_eq!(
        answer["error"],
        json!({
            "name": ["2 文字以上にしてください"],
            "count": ["整数が必要です（受信値: \"many\"）"]
        })
    );
    let answer = ask(json!({"name": "xy", "count": 1, "label": "Y"})).await;
    assert_eq!(answer["error"], json!({"label": ["X- で始めてください"]}));
    let request = client
        .post("/demo/items")
        .body("{}")
        .header("accept-language", "ja");
    let answer = request.send().await;
    assert_eq!(
        answer.json()["error"],
        json!({"detail": ["application/json を送ってください"]})
    );

    // It may be the default too.
    let client = with_files(&[("ja.toml", JAPANESE)], &[("flyer_locale", "ja")]).unwrap();
    let answer = client.get("/demo/product").send().await;
    assert_eq!(
        (&answer.json()["message"], answer.header("content-language")),
        (&json!("商品がありません"), "ja")
    );
}

#[test]
fn mistakes_in_locale_files_stop_the_start_with_file_line_and_key() {
    let refused = |text: &str| with_files(&[("ja.toml", text)], &[]).expect_err(text);
    assert_eq!(
        refused("\n404999 = \"x\"\n"),
        ["locales/ja.toml:2: 404999 is no code of the service"]
    );
    assert_eq!(
        refused("NoProdukt = \"x\"\n"),
        ["locales/ja.toml:1: NoProdukt is no code of the service; did you mean \"NoProduct\"?"]
    );
    assert_eq!(
        refused("NoProduct = \"x\"\n404101 = \"y\"\n"),
        ["locales/ja.toml:1: NoProduct is a second text for the code 404101"]
    );
    let broken = refused("404101 = \"x\n");
    assert!(broken[0].starts_with("locales/ja.toml:1: "), "{broken:?}");
}

#[tokio::test]
async fn the_flyer_format_keeps_its_chinese_words_by_default() {
    let client = client_with(router(), &[("flyer_response_format", "flyer")]);
    assert_eq!(
        message(&client, "/demo/nothing", "zh").await.0,
        "请求的资源不存在"
    );
    assert_eq!(message(&client, "/demo/panic", "zh").await.0, "内部异常");
    assert_eq!(
        message(&client, "/demo/panic", "en").await.0,
        "Internal error"
    );
    assert_eq!(
        message(&client, "/demo/product", "en").await.0,
        "No such product"
    );
    let answer = client.get("/demo/own").send().await;
    assert!(answer.headers().get("content-language").is_none());
}

#[test]
fn an_absent_folder_is_no_mistake() {
    let config = Config::new().locales(Path::new("/no/such/folder"));
    assert!(TestClient::new(FlyerApi::new(config).include(router())).is_ok());
}
