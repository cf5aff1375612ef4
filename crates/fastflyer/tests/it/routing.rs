//! Paths, methods, prefixes, encodings.

use crate::support::{client, client_with, reasons};
use fastflyer::{
    Config, FlyerApi, Operation, http::Method, operation::IntoOperation, prelude::*,
    testing::TestClient,
};

#[get("/items/{id}")]
async fn item(id: String) -> String {
    id
}

#[post("/items/{name}")]
async fn change(name: String) -> String {
    format!("changed {name}")
}

#[get("/items/all")]
async fn all() -> &'static str {
    "all"
}

#[get("/pairs/{a}/{b}")]
async fn pair(a: String, b: String) -> String {
    format!("{a}+{b}")
}

#[get("/files/{*path}")]
async fn files(path: String) -> String {
    path
}

#[get("/slash/")]
async fn slash() -> &'static str {
    "slash"
}

#[get("/项目/{id}")]
async fn chinese(id: String) -> String {
    id
}

#[get("")]
async fn index() -> &'static str {
    "index"
}

#[head("/probe")]
async fn probe() -> Reply {
    Reply::ok().header("x-probe", "1")
}

#[options("/probe")]
async fn ask() -> Reply {
    Reply::ok().header("allow", "HEAD, OPTIONS")
}

fn router() -> Router {
    routes![item, change, all, pair, files, slash, chinese, probe, ask]
        .include(Router::new().prefix("/under").include(routes![index]))
}

fn root_index() -> Operation {
    <index as IntoOperation>::operation().id("root_index")
}

async fn data(client: &TestClient, path: &str) -> String {
    let answer = client.get(path).send().await;
    assert_eq!(answer.status(), 200, "{path}: {}", answer.text());
    answer.json()["data"].as_str().unwrap_or("").to_owned()
}

#[tokio::test]
async fn fixed_segments_go_before_parameters() {
    let client = client(router());
    assert_eq!(data(&client, "/demo/items/all").await, "all");
    assert_eq!(data(&client, "/demo/items/5").await, "5");
    assert_eq!(
        client.post("/demo/items/5").send().await.json()["data"],
        "changed 5"
    );
}

#[tokio::test]
async fn a_path_is_decoded_once_and_then_split() {
    let client = client(router());
    assert_eq!(data(&client, "/demo/items/%E9%A3%9E").await, "飞");
    assert_eq!(data(&client, "/demo/items/a%20b+c").await, "a b+c");
    // Decoded once: what is left of a double encoding is text.
    assert_eq!(data(&client, "/demo/items/%2541").await, "%41");
    // As in Starlette, an encoded slash separates segments.
    assert_eq!(data(&client, "/demo/pairs/x%2Fy").await, "x+y");
    assert_eq!(client.get("/demo/items/x%2Fy").send().await.status(), 404);
    assert_eq!(data(&client, "/demo/it%65ms/5").await, "5");
    assert_eq!(data(&client, "/demo/%E9%A1%B9%E7%9B%AE/7").await, "7");
    assert_eq!(data(&client, "/demo/files/a/b%20c").await, "a/b c");
    // A wrong escape is text.
    assert_eq!(data(&client, "/demo/items/100%25%zz").await, "100%%zz");
}

#[tokio::test]
async fn what_is_no_text_in_a_path_is_replaced() {
    let client = client(router());
    assert_eq!(data(&client, "/demo/items/%FF").await, "\u{fffd}");
}

#[tokio::test]
async fn wrong_methods_name_the_declared_ones_only() {
    let client = client(router());
    let answer = client.delete("/demo/items/5").send().await;
    assert_eq!(
        (answer.status(), answer.header("allow")),
        (405, "GET, POST")
    );
    assert_eq!(answer.json()["status"], "error");
    // HEAD is answered where it was declared.
    let answer = client.request(Method::HEAD, "/demo/items/5").send().await;
    assert_eq!(
        (answer.status(), answer.header("allow")),
        (405, "GET, POST")
    );
    let answer = client.get("/demo/probe").send().await;
    assert_eq!(
        (answer.status(), answer.header("allow")),
        (405, "HEAD, OPTIONS")
    );
    assert_eq!(
        client
            .request(Method::HEAD, "/demo/probe")
            .send()
            .await
            .header("x-probe"),
        "1"
    );
    assert_eq!(
        client
            .request(Method::OPTIONS, "/demo/probe")
            .send()
            .await
            .status(),
        200
    );
    let strange = Method::from_bytes(b"PURGE").unwrap();
    assert_eq!(
        client.request(strange, "/demo/probe").send().await.status(),
        405
    );
}

#[tokio::test]
async fn the_last_slash_is_corrected_by_307() {
    let client = client(router());
    for (asked, location) in [
        (
            "/demo/items/5/?a=1&b=%20",
            "http://localhost/demo/items/5?a=1&b=%20",
        ),
        ("/demo/slash", "http://localhost/demo/slash/"),
        ("/health_check/", "http://localhost/health_check"),
    ] {
        let answer = client.get(asked).send().await;
        assert_eq!(
            (answer.status(), answer.header("location")),
            (307, location),
            "{asked}"
        );
    }
    // The method stays, even one that the other path does not know.
    assert_eq!(client.delete("/demo/slash").send().await.status(), 307);
    // A Host that is none is not repeated.
    let answer = client
        .get("/demo/slash")
        .header("host", "a b<>")
        .send()
        .await;
    assert_eq!(answer.header("location"), "/demo/slash/");
    for lost in ["//demo/slash", "/demo/nothing/", "/demo/slash///", "/demo"] {
        assert_eq!(client.get(lost).send().await.status(), 404, "{lost}");
    }
}

#[tokio::test]
async fn an_empty_path_is_the_prefix_itself() {
    let client = client(router());
    assert_eq!(data(&client, "/demo/under").await, "index");
    assert_eq!(client.get("/demo/under/").send().await.status(), 307);
}

#[tokio::test]
async fn an_empty_base_url_leaves_the_routes_at_the_root() {
    let client = client_with(router().route(root_index()), &[("flyer_base_url", "")]);
    assert_eq!(data(&client, "/items/all").await, "all");
    assert_eq!(client.get("/docs").send().await.status(), 200);
    assert_eq!(
        client.get("/openapi.json").send().await.json()["paths"]["/"]["get"]["operationId"],
        "root_index"
    );
    // The project's own root goes before the redirect to the docs.
    assert_eq!(data(&client, "/").await, "index");
    let client = client_with(router(), &[("flyer_base_url", "")]);
    let answer = client.get("/").send().await;
    assert_eq!((answer.status(), answer.header("location")), (302, "/docs"));
    assert_eq!(client.get("/health_check/async").send().await.status(), 200);
}

#[tokio::test]
async fn an_operation_may_stand_where_the_base_url_ends() {
    let client = client(routes![index]);
    assert_eq!(data(&client, "/demo").await, "index");
    let client = client_with(router(), &[("flyer_base_url", "/items/x")]);
    assert_eq!(data(&client, "/items/x/items/y").await, "y");
}

#[tokio::test]
async fn an_operation_may_not_take_a_base_route() {
    #[get("/docs")]
    async fn docs() {}

    let found = reasons(FlyerApi::new(Config::new().base_url("/demo")).include(routes![docs]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("GET /demo/docs is defined twice: at "),
        "{found:?}"
    );
}

#[tokio::test]
async fn operations_behind_axum_see_the_same_paths() {
    let layered = router().layer(tower::layer::util::Identity::new());
    let client = client(layered);
    assert_eq!(data(&client, "/demo/%E9%A1%B9%E7%9B%AE/7").await, "7");
    assert_eq!(data(&client, "/demo/it%65ms/5").await, "5");
    assert_eq!(data(&client, "/demo/pairs/x%2Fy").await, "x+y");
    assert_eq!(data(&client, "/demo/items/%2541").await, "%41");
    assert_eq!(data(&client, "/demo/items/a%20b+c").await, "a b+c");
    assert_eq!(client.get("/demo/items/x%2Fy").send().await.status(), 404);
    assert_eq!(data(&client, "/demo/items/%FF").await, "\u{fffd}");
    let answer = client.request(Method::HEAD, "/demo/items/5").send().await;
    assert_eq!(
        (answer.status(), answer.header("allow")),
        (405, "GET, POST")
    );
    assert_eq!(client.get("/demo/slash").send().await.status(), 307);
}

#[tokio::test]
async fn a_redirect_keeps_the_scheme_that_a_trusted_proxy_names() {
    let proxied = client_with(router(), &[("flyer_trusted_proxies", "127.0.0.1")]);
    for (client, location) in [
        (client(router()), "http://localhost/demo/slash"),
        (proxied, "https://localhost/demo/slash"),
    ] {
        let path = location.rsplit("localhost").next().unwrap_or_default();
        let request = client.get(path).header("x-forwarded-proto", "https");
        let answer = request.send().await;
        assert_eq!(answer.status(), 307);
        assert_eq!(answer.header("location"), format!("{location}/"));
    }
}

#[tokio::test]
async fn a_service_with_tls_calls_itself_https() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    // The files are read when the service listens, which a test client does not.
    let tls = [
        ("flyer_tls_cert", "a.pem"),
        ("flyer_tls_key", "a.key"),
        ("flyer_access_log", "1"),
        ("flyer_access_logfile", log.to_str().unwrap()),
    ];
    let client = client_with(router(), &tls);
    let answer = client.get("/demo/slash").send().await;
    assert_eq!(answer.header("location"), "https://localhost/demo/slash/");
    // The log writes what it has before it ends.
    drop(client);
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(
        text.contains(r#""url":"https://localhost/demo/slash""#),
        "{text}"
    );
}
