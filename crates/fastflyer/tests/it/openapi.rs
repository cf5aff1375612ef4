//! The document: its content, its order, and whether it tells the truth about every answer.

use crate::support::{AUTH, api, client, client_with};
use fastflyer::{
    ApiError, AppEntry, Config, FlyerApi, Page, Router, http::Method, prelude::*,
    testing::TestClient,
};
use serde_json::{Value, json};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
struct Item {
    /// 编号
    #[serde(skip_deserializing)]
    #[garde(skip)]
    item_id: u64,
    /// 名称
    #[garde(length(chars, min = 1, max = 64))]
    name: String,
    #[garde(skip)]
    #[serde(default)]
    kind: Kind,
    #[garde(dive)]
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<Owner>,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Plain,
    Special,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Validate)]
struct Owner {
    #[garde(email)]
    email: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
enum Found {
    One(Box<Item>),
    Many(Vec<Item>),
    Nothing,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Secret {
    hidden_field: u8,
}

fn sample(id: u64) -> Item {
    Item {
        item_id: id,
        name: "螺丝".into(),
        kind: Kind::Plain,
        owner: Some(Owner {
            email: "a@b.cn".into(),
        }),
    }
}

/// 查询项目
///
/// 按编号查询。
#[get("/items/{id}", tag = "项目", codes = [200, 404])]
async fn get_item(
    /// 项目编号
    id: u64,
    /// 是否详细
    #[query]
    verbose: Option<bool>,
    #[query(default = 10, min = 1, max = 100)] size: u32,
    #[header] x_tenant: Option<String>,
) -> Result<Item> {
    let _ = (verbose, size, x_tenant);
    match id {
        0 => Err(ApiError::not_found()),
        1 => Err(ApiError::internal()),
        id => Ok(sample(id)),
    }
}

#[post("/items", tags = ["项目", "写入"], codes = [201])]
async fn create(Json(item): Json<Item>) -> Reply<Item> {
    Reply::created(item)
}

#[get("/list")]
async fn list() -> Vec<Item> {
    vec![sample(1)]
}

#[get("/page")]
async fn page(#[query(default = 1)] page: u64) -> Page<Item> {
    Page::new(vec![sample(1), sample(2)], 12, page, 5)
}

#[get("/found/{n}")]
async fn found(n: u8) -> Found {
    match n {
        0 => Found::Nothing,
        1 => Found::One(Box::new(sample(1))),
        _ => Found::Many(vec![sample(1)]),
    }
}

#[get("/maybe/{n}")]
async fn maybe(n: u8) -> Option<Item> {
    (n > 0).then(|| sample(1))
}

#[get("/maybe-list/{n}")]
async fn maybe_list(n: u8) -> Option<Vec<u8>> {
    (n > 0).then(|| vec![n])
}

#[get("/scalar/{n}")]
async fn scalar(n: u8) -> Option<u8> {
    (n > 0).then_some(n)
}

#[delete("/items/{id}", codes = [204])]
async fn remove(id: u64) -> Reply {
    let _ = id;
    Reply::no_content()
}

#[post("/form", deprecated)]
async fn form(
    /// 用户名
    #[form]
    name: String,
    #[form] age: Option<u8>,
) -> String {
    format!("{name}{age:?}")
}

#[post("/upload")]
async fn upload(mut parts: Multipart) -> Result<u64> {
    let mut count = 0;
    while parts.next().await?.is_some() {
        count += 1;
    }
    Ok(count)
}

#[get("/nothing")]
async fn nothing() {}

#[get("/hidden", hidden)]
async fn hidden() -> Secret {
    Secret { hidden_field: 1 }
}

#[get("/boom")]
async fn boom() -> String {
    panic!("boom")
}

fn operations() -> Vec<fastflyer::Operation> {
    use fastflyer::operation::IntoOperation;
    macro_rules! all {
        ($($name:ident)*) => { vec![$(<$name as IntoOperation>::operation()),*] };
    }
    all![get_item create list page found maybe maybe_list scalar remove form upload nothing hidden boom]
}

fn router(operations: impl IntoIterator<Item = fastflyer::Operation>) -> Router {
    operations.into_iter().fold(Router::new(), Router::route)
}

fn text(client: &TestClient) -> String {
    serde_json::to_string_pretty(client.app().openapi()).unwrap()
}

#[test]
fn the_document_of_a_service() {
    insta::assert_snapshot!("document", text(&client(router(operations()))));
    let client = client_with(router(operations()), &[("flyer_response_format", "flyer")]);
    let document = client.app().openapi();
    insta::assert_snapshot!(
        "document_flyer_get_item",
        serde_json::to_string_pretty(&document["paths"]["/demo/items/{id}"]).unwrap()
    );
}

#[test]
fn the_order_of_routes_changes_no_byte() {
    let first = text(&client(router(operations())));
    let mut reversed = operations();
    reversed.reverse();
    assert_eq!(first, text(&client(router(reversed))));
    let mut rotated = operations();
    rotated.rotate_left(5);
    let nested = rotated.into_iter().fold(Router::new(), |all, one| {
        all.include(Router::new().route(one))
    });
    assert_eq!(first, text(&client(nested)));
}

#[test]
fn types_are_split_only_where_input_and_output_differ() {
    let client = client(router(operations()));
    let schemas = &client.app().openapi()["components"]["schemas"];
    let names: Vec<_> = schemas
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert!(
        names.contains(&"Item") && names.contains(&"ItemInput"),
        "{names:?}"
    );
    assert!(
        names.contains(&"Owner") && !names.contains(&"OwnerInput"),
        "{names:?}"
    );
    assert!(schemas["ItemInput"]["properties"].get("itemId").is_none());
    assert_eq!(schemas["ItemInput"]["properties"]["name"]["maxLength"], 64);
    // Types of hidden operations are not shown.
    assert!(!names.contains(&"Secret"), "{names:?}");
    assert!(!text(&client).contains("hidden"), "{names:?}");
}

#[test]
fn apps_by_hand_read_as_apps_by_macro() {
    let entry = AppEntry::new("shop").router(|| routes![list, nothing]);
    let api = FlyerApi::new(Config::new().title("Demo").base_url("/demo")).load([entry]);
    let client = TestClient::new(api).unwrap();
    let document = client.app().openapi();
    assert_eq!(
        document["paths"]["/demo/list"]["get"]["operationId"],
        "shop_list"
    );
    assert_eq!(
        document["paths"]["/demo/nothing"]["get"]["operationId"],
        "shop_nothing"
    );
}

#[test]
fn tags_and_texts_come_from_router_attribute_and_comment() {
    let nested = Router::new().tag("外层").prefix("/a").include(
        Router::new()
            .tag("内层")
            .tag("外层")
            .prefix("/b/")
            .include(routes![get_item]),
    );
    let client = client(nested);
    let operation = &client.app().openapi()["paths"]["/demo/a/b/items/{id}"]["get"];
    assert_eq!(operation["tags"], json!(["外层", "内层", "项目"]));
    assert_eq!(operation["summary"], "查询项目");
    assert_eq!(operation["description"], "查询项目\n\n按编号查询。");
    assert_eq!(operation["parameters"][0]["description"], "项目编号");
}

/// The schema of a response by its status, with what it refers to.
fn schema_for(document: &Value, path: &str, method: &str, status: u16) -> Value {
    let responses = &document["paths"][path][method]["responses"];
    let response = responses
        .get(status.to_string())
        .or_else(|| responses.get("default"))
        .unwrap_or_else(|| panic!("{method} {path} says nothing of {status}"));
    let mut schema = response["content"]["application/json"]["schema"].clone();
    if let Some(object) = schema.as_object_mut() {
        object.insert("components".into(), document["components"].clone());
    }
    schema
}

/// Every answer, good and bad, has the shape that the document promises for its status.
#[tokio::test]
async fn every_answer_is_as_documented() {
    let item = json!({"name": "x"});
    let requests: Vec<(Method, &str, &str, Option<Value>)> = vec![
        (
            Method::GET,
            "/demo/items/{id}",
            "/demo/items/7?verbose=1&size=5",
            None,
        ),
        (Method::GET, "/demo/items/{id}", "/demo/items/0", None),
        (Method::GET, "/demo/items/{id}", "/demo/items/1", None),
        (
            Method::GET,
            "/demo/items/{id}",
            "/demo/items/x?size=0&verbose=x",
            None,
        ),
        (Method::POST, "/demo/items", "/demo/items", Some(item)),
        (
            Method::POST,
            "/demo/items",
            "/demo/items",
            Some(json!({"name": "", "owner": {"email": "x"}})),
        ),
        (Method::POST, "/demo/items", "/demo/items", Some(json!([]))),
        (Method::POST, "/demo/items", "/demo/items", None),
        (Method::GET, "/demo/list", "/demo/list", None),
        (Method::GET, "/demo/page", "/demo/page", None),
        (Method::GET, "/demo/page", "/demo/page?page=2", None),
        (Method::GET, "/demo/page", "/demo/page?page=x", None),
        (Method::GET, "/demo/found/{n}", "/demo/found/0", None),
        (Method::GET, "/demo/found/{n}", "/demo/found/1", None),
        (Method::GET, "/demo/found/{n}", "/demo/found/2", None),
        (Method::GET, "/demo/maybe/{n}", "/demo/maybe/0", None),
        (Method::GET, "/demo/maybe/{n}", "/demo/maybe/1", None),
        (
            Method::GET,
            "/demo/maybe-list/{n}",
            "/demo/maybe-list/0",
            None,
        ),
        (
            Method::GET,
            "/demo/maybe-list/{n}",
            "/demo/maybe-list/1",
            None,
        ),
        (Method::GET, "/demo/scalar/{n}", "/demo/scalar/0", None),
        (Method::GET, "/demo/scalar/{n}", "/demo/scalar/1", None),
        (Method::GET, "/demo/nothing", "/demo/nothing", None),
        (Method::GET, "/demo/boom", "/demo/boom", None),
        (Method::POST, "/demo/form", "/demo/form", None),
        (Method::POST, "/demo/form", "/demo/form", Some(json!({}))),
        (
            Method::POST,
            "/demo/upload",
            "/demo/upload",
            Some(json!({})),
        ),
        (
            Method::GET,
            "/demo/health_check",
            "/demo/health_check",
            None,
        ),
    ];
    let options: &[&[(&str, &str)]] = &[
        &[],
        &[("flyer_response_format", "flyer")],
        &[
            ("flyer_response_format", "flyer"),
            ("flyer_response_error_status", "strict"),
        ],
        &[("flyer_response_error_status", "200")],
        &[("flyer_response_error_status", "500"), ("flyer_debug", "1")],
        &[("flyer_body_limit", "4")],
        &AUTH,
    ];
    let mut judged = 0;
    for settings in options {
        let client = client_with(router(operations()), settings);
        let document = client.app().openapi().clone();
        for (method, template, path, body) in &requests {
            for credentials in [None, Some(crate::support::CREDENTIALS)] {
                let request = client.request(method.clone(), path);
                let request = credentials.iter().fold(request, |request, value| {
                    request.header("authorization", value)
                });
                let answer = match body {
                    Some(body) => request.json(body),
                    None => request,
                }
                .send()
                .await;
                let method = method.as_str().to_ascii_lowercase();
                let schema = schema_for(&document, template, &method, answer.status());
                let problems: Vec<String> = jsonschema::validator_for(&schema)
                    .unwrap()
                    .iter_errors(&answer.json())
                    .map(|error| format!("{} at {}", error, error.instance_path()))
                    .collect();
                assert!(
                    problems.is_empty(),
                    "{method} {path} with {settings:?}: {} {}\n{problems:?}\n{schema:#}",
                    answer.status(),
                    answer.text()
                );
                judged += 1;
            }
        }
        let gone = client
            .delete("/demo/items/7")
            .header("authorization", crate::support::CREDENTIALS)
            .send()
            .await;
        assert_eq!((gone.status(), gone.bytes().len()), (204, 0));
        assert!(
            document["paths"]["/demo/items/{id}"]["delete"]["responses"]["204"]["content"]
                .is_null()
        );
    }
    println!("{judged} answers judged");
}

#[test]
fn every_reference_has_its_target() {
    fn walk(value: &Value, document: &Value) {
        match value {
            Value::Object(object) => {
                if let Some(Value::String(target)) = object.get("$ref") {
                    let pointer = target.strip_prefix('#').expect("a local reference");
                    assert!(document.pointer(pointer).is_some(), "{target}");
                }
                object.values().for_each(|value| walk(value, document));
            }
            Value::Array(items) => items.iter().for_each(|value| walk(value, document)),
            _ => {}
        }
    }
    for settings in [&[][..], &[("flyer_response_format", "flyer")][..]] {
        let client = client_with(router(operations()), settings);
        walk(client.app().openapi(), client.app().openapi());
    }
}

#[test]
fn docs_can_be_taken_away() {
    let client = TestClient::with_settings(api(routes![list]), [("flyer_docs", "0")]).unwrap();
    let status = |path: &str| {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(client.get(path).send())
            .status()
    };
    for path in ["/demo/docs", "/demo/redoc", "/demo/openapi.json", "/"] {
        assert_eq!(status(path), 404, "{path}");
    }
}
