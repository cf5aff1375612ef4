//! Defects of the original, by their numbers, shown absent in the format of the original's clients.

use crate::support::{AUTH, CREDENTIALS, api, client_with};
use fastflyer::{AppEntry, Config, http::Method, prelude::*, testing::TestClient};
use serde_json::json;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Item {
    id: u64,
}

#[get("/items/{id}")]
async fn item(id: u64) -> Item {
    Item { id }
}

#[post("/items")]
async fn create(#[body] item: Item) -> Item {
    item
}

#[get("/fails/{code}")]
async fn fails(code: u32) -> Result<()> {
    Err(ApiError::code(code)
        .header("x-extra", "kept")
        .header("www-authenticate", "Bearer"))
}

#[get("/uncaught")]
async fn uncaught() -> Result<()> {
    Err(std::io::Error::other("open /etc/secret.py: line 5 of handler").into())
}

#[get("/panics")]
async fn panics() -> Item {
    panic!("secret")
}

/// Cannot be written as JSON, whatever its schema promises.
struct Broken;

impl Serialize for Broken {
    fn serialize<S: serde::Serializer>(&self, _: S) -> std::result::Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("field of models/user.py"))
    }
}

impl JsonSchema for Broken {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Broken".into()
    }

    fn json_schema(_: &mut fastflyer::schemars::SchemaGenerator) -> fastflyer::schemars::Schema {
        fastflyer::schemars::json_schema!({"type": "object"})
    }
}

#[get("/broken")]
async fn broken() -> Broken {
    Broken
}

#[get("/ids")]
async fn ids(
    headers: fastflyer::http::HeaderMap,
    fastflyer::extract::RequestId(id): fastflyer::extract::RequestId,
) -> Vec<String> {
    let sent = headers
        .get_all("x-request-id")
        .iter()
        .map(|value| value.to_str().unwrap().to_owned());
    std::iter::once(id.to_string()).chain(sent).collect()
}

#[get("/ip")]
async fn ip(fastflyer::extract::ClientIp(ip): fastflyer::extract::ClientIp) -> String {
    ip.map(|ip| ip.to_string()).unwrap_or_default()
}

fn router() -> Router {
    routes![item, create, fails, uncaught, panics, broken, ids, ip]
}

const FLYER: (&str, &str) = ("flyer_response_format", "flyer");

fn flyer(settings: &[(&str, &str)]) -> TestClient {
    let all: Vec<_> = settings.iter().copied().chain([FLYER]).collect();
    client_with(router(), &all)
}

#[tokio::test]
async fn s3_refused_credentials_are_401_and_browsers_ask() {
    let client = flyer(&AUTH);
    for (name, value) in [
        ("accept", "*/*"),
        ("authorization", "Basic d3Jvbmc6d3Jvbmc="),
    ] {
        let answer = client.get("/demo/items/1").header(name, value).send().await;
        assert_eq!(
            (answer.status(), answer.json()["code"].clone()),
            (401, json!(401))
        );
        assert!(
            answer
                .header("www-authenticate")
                .starts_with("Basic realm=")
        );
        assert!(
            !answer.json()["message"]
                .as_str()
                .unwrap_or_default()
                .is_empty()
        );
    }
}

#[tokio::test]
async fn s4_docs_are_closed_when_authentication_is_on() {
    let client = flyer(&AUTH);
    for path in ["/demo/docs", "/demo/redoc", "/demo/openapi.json"] {
        assert_eq!(client.get(path).send().await.status(), 401, "{path}");
        assert_eq!(
            client
                .get(path)
                .header("authorization", CREDENTIALS)
                .send()
                .await
                .status(),
            200,
            "{path}"
        );
    }
}

#[test]
fn s5_authentication_without_credentials_stops_the_start() {
    for half in [
        vec![],
        vec![("flyer_auth_user", "user")],
        vec![("flyer_auth_pass", "pass")],
    ] {
        let settings = [("flyer_auth_enable", "1"), FLYER].into_iter().chain(half);
        let error = TestClient::with_settings(api(router()), settings)
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(error.contains("flyer_auth_"), "{error}");
    }
}

#[tokio::test]
async fn s7_x_forwarded_for_of_strangers_is_ignored() {
    let client = flyer(&[]);
    let answer = client
        .get("/demo/ip")
        .header("x-forwarded-for", "1.2.3.4")
        .send()
        .await;
    assert_eq!(answer.json()["data"], "127.0.0.1");
}

#[tokio::test]
async fn s8_causes_and_places_stay_inside() {
    let client = flyer(&[]);
    for path in ["/demo/uncaught", "/demo/panics"] {
        let answer = client.get(path).send().await;
        assert_eq!(
            answer.json(),
            json!({"code": 500, "message": "内部异常", "detail": ""}),
            "{path}"
        );
    }
    let answer = client.get("/demo/items/x").send().await;
    assert_eq!(answer.json()["code"], 400);
    for secret in [".rs", ".py", "line ", "fn "] {
        assert!(!answer.text().contains(secret), "{}", answer.text());
    }
}

#[tokio::test]
async fn s11_only_sane_request_ids_are_taken_over() {
    let client = flyer(&[]);
    for good in ["a", "order-17.A_b", &"x".repeat(64)] {
        let answer = client
            .get("/demo/ids")
            .header("x-request-id", good)
            .send()
            .await;
        assert_eq!(answer.header("x-request-id"), good);
        assert_eq!(answer.json()["data"][0], good);
    }
    for bad in [
        "",
        " ",
        "two words",
        "a\tb",
        "飞",
        "<x>",
        &"x".repeat(65),
        &"x".repeat(3000),
    ] {
        let answer = client
            .get("/demo/ids")
            .header("x-request-id", bad)
            .send()
            .await;
        assert_eq!(answer.header("x-request-id").len(), 36, "{bad:?}");
    }
}

#[tokio::test]
async fn h1_statuses_are_kept_where_they_are_not_for_compatibility() {
    let client = flyer(&[]);
    // 200 by default, for clients of the original; the code tells.
    for (path, code) in [
        ("/demo/items/x", 400),
        ("/demo/uncaught", 500),
        ("/demo/fails/403", 403),
    ] {
        let answer = client.get(path).send().await;
        assert_eq!(
            (answer.status(), answer.json()["code"].clone()),
            (200, json!(code)),
            "{path}"
        );
    }
    // And strict when the option says so.
    let client = flyer(&[("flyer_response_error_status", "strict")]);
    for (path, status) in [
        ("/demo/uncaught", 500),
        ("/demo/fails/403", 403),
        ("/demo/panics", 500),
    ] {
        assert_eq!(client.get(path).send().await.status(), status, "{path}");
    }
}

#[tokio::test]
async fn h2_unknown_paths_and_methods_are_answered_in_the_envelope() {
    let client = flyer(&[]);
    let answer = client.get("/demo/nothing").send().await;
    assert_eq!(
        answer.json(),
        json!({"code": 404, "message": "请求的资源不存在", "detail": "Not Found"})
    );
    assert_eq!(answer.status(), 404);
    let answer = client.delete("/demo/items/1").send().await;
    assert_eq!(
        (
            answer.status(),
            answer.json()["code"].clone(),
            answer.header("allow")
        ),
        (405, json!(405), "GET")
    );
}

#[tokio::test]
async fn h3_every_answer_carries_the_headers() {
    let client = flyer(&[]);
    for (method, path) in [
        (Method::GET, "/demo/items/1"),
        (Method::GET, "/demo/items/x"),
        (Method::GET, "/demo/uncaught"),
        (Method::GET, "/demo/panics"),
        (Method::GET, "/demo/nothing"),
        (Method::DELETE, "/demo/items/1"),
        (Method::GET, "/health_check"),
        (Method::GET, "/demo/docs"),
        (Method::GET, "/demo/openapi.json"),
        (Method::GET, "/demo/static/favicon.svg"),
        (Method::GET, "/"),
        (Method::GET, "/demo/items/1/"),
        (Method::POST, "/demo/items"),
    ] {
        let answer = client
            .request(method, path)
            .header("x-request-id", "mine")
            .send()
            .await;
        assert_eq!(answer.header("x-request-id"), "mine", "{path}");
        assert!(
            answer.header("x-lasting-time").parse::<u64>().is_ok(),
            "{path}"
        );
        assert!(
            answer
                .header("x-host-ip")
                .parse::<std::net::IpAddr>()
                .is_ok(),
            "{path}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
}

#[tokio::test]
async fn h4_any_code_without_a_message_is_answered_with_it() {
    let client = flyer(&[]);
    for code in [400, 403, 418, 600, 603, 606, 700, 999, 404_001] {
        let answer = client.get(&format!("/demo/fails/{code}")).send().await;
        assert_eq!(answer.json()["code"], code);
    }
}

#[tokio::test]
async fn h5_headers_of_errors_are_sent() {
    let client = flyer(&[]);
    let answer = client.get("/demo/fails/401").send().await;
    assert_eq!(
        (answer.header("x-extra"), answer.header("www-authenticate")),
        ("kept", "Bearer")
    );
}

#[tokio::test]
async fn h6_an_answer_that_cannot_be_written_is_a_plain_failure() {
    let client = flyer(&[]);
    let answer = client.get("/demo/broken").send().await;
    assert_eq!(
        answer.json(),
        json!({"code": 403, "message": "响应参数校验不通过", "detail": ""})
    );
}

#[tokio::test]
async fn h7_head_on_health_checks_works_under_both_paths() {
    let client = flyer(&[]);
    for path in [
        "/health_check",
        "/health_check/async",
        "/demo/health_check",
        "/demo/health_check/async",
    ] {
        for method in [Method::GET, Method::HEAD] {
            assert_eq!(
                client.request(method, path).send().await.status(),
                200,
                "{path}"
            );
        }
        assert_eq!(
            client.get(path).send().await.json(),
            json!({"message": "success", "code": 200})
        );
    }
}

#[tokio::test]
async fn h8_the_document_names_the_statuses_that_are_sent() {
    let document = flyer(&[]).app().openapi().clone();
    let responses = &document["paths"]["/demo/items"]["post"]["responses"];
    let mut statuses: Vec<_> = responses
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, ["200", "413", "default"]);
    assert!(!document.to_string().contains("HTTPValidationError"));
    let strict = client_with(router(), &[]).app().openapi().clone();
    let responses = &strict["paths"]["/demo/items"]["post"]["responses"];
    let mut statuses: Vec<_> = responses
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, ["200", "400", "413", "415", "422", "default"]);
}

#[tokio::test]
async fn h12_the_application_sees_the_request_id_once() {
    let client = flyer(&[]);
    let answer = client
        .get("/demo/ids")
        .header("x-request-id", "mine")
        .send()
        .await;
    assert_eq!(answer.json()["data"], json!(["mine", "mine"]));
}

#[tokio::test]
async fn h14_the_code_base_is_added_once_and_everywhere() {
    let client = flyer(&[("flyer_status_code_base", "1000")]);
    for (path, status, code) in [
        ("/demo/nothing", 404, 1404),
        ("/demo/items/x", 200, 1400),
        ("/demo/fails/404", 200, 1404),
        ("/demo/fails/602", 200, 1602),
        ("/demo/uncaught", 200, 1500),
        ("/demo/items/1", 200, 200),
    ] {
        let answer = client.get(path).send().await;
        assert_eq!(
            (answer.status(), answer.json()["code"].clone()),
            (status, json!(code)),
            "{path}"
        );
    }
}

#[tokio::test]
async fn p2_no_address_outside_is_needed_to_know_the_host() {
    let answer = flyer(&[]).get("/health_check").send().await;
    assert!(
        answer
            .header("x-host-ip")
            .parse::<std::net::IpAddr>()
            .is_ok()
    );
}

#[tokio::test]
async fn p8_a_last_slash_of_the_base_url_is_dropped() {
    let client = client_with(router(), &[FLYER, ("flyer_base_url", "/demo/")]);
    assert_eq!(client.app().settings().base_url, "/demo");
    assert_eq!(client.get("/demo/items/1").send().await.status(), 200);
    assert!(TestClient::new(FlyerApi::new(Config::new().base_url("/demo/"))).is_ok());
}

#[tokio::test]
async fn p12_an_app_that_does_nothing_stops_the_start_and_is_named() {
    let api = FlyerApi::new(Config::new()).load([AppEntry::new("broken")]);
    let error = TestClient::new(api).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("the app broken has neither"), "{error}");
}
