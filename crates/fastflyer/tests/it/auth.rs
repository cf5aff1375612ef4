//! Basic authentication: what it covers, and how it refuses.

use crate::support::{AUTH, CREDENTIALS, client_with};
use fastflyer::{AppEntry, Config, FlyerApi, prelude::*, testing::TestClient};

#[get("/closed")]
async fn closed() {}

#[get("/open")]
async fn open() {}

fn client() -> TestClient {
    let mut app = AppEntry::new("public").router(|| routes![open]);
    app.auth_enabled = false;
    let closed_app = AppEntry::new("private").router(|| routes![closed]);
    let api = FlyerApi::new(Config::new().base_url("/demo")).load([app, closed_app]);
    TestClient::with_settings(api, AUTH).unwrap()
}

#[tokio::test]
async fn it_covers_apps_and_docs_but_not_health_and_assets() {
    let client = client();
    for path in [
        "/demo/closed",
        "/demo/docs",
        "/demo/redoc",
        "/demo/openapi.json",
    ] {
        let answer = client.get(path).send().await;
        assert_eq!(answer.status(), 401, "{path}");
        assert_eq!(
            answer.header("www-authenticate"),
            "Basic realm=\"FastFlyer\", charset=\"UTF-8\""
        );
        let body = answer.json();
        assert_eq!(
            (body["code"].clone(), body["status"].clone()),
            (401.into(), "error".into()),
            "{path}"
        );
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
    for path in [
        "/demo/open",
        "/health_check",
        "/demo/health_check",
        "/health_check/async",
        "/demo/static/favicon.svg",
    ] {
        assert_eq!(client.get(path).send().await.status(), 200, "{path}");
    }
    assert_eq!(client.get("/").send().await.status(), 302);
    assert_eq!(client.get("/demo/nothing").send().await.status(), 404);
}

#[tokio::test]
async fn it_refuses_whatever_is_not_exactly_right() {
    let client = client();
    for wrong in [
        "",
        "Basic",
        "Basic ",
        "basic dXNlcjpwYXNz=",
        "Basic dXNlcg==",
        "Bearer dXNlcjpwYXNz",
        "Basic dXNlcjpwYXNzeA==",
        "Basic dXNlcjo=",
        "Basic OnBhc3M=",
        "Basic !!!!",
        "BasicdXNlcjpwYXNz",
        "Basic 飞飞飞飞",
    ] {
        let answer = client
            .get("/demo/closed")
            .header("authorization", wrong)
            .send()
            .await;
        assert_eq!(answer.status(), 401, "{wrong:?}");
    }
    for right in [CREDENTIALS, "basic dXNlcjpwYXNz", "BASIC  dXNlcjpwYXNz "] {
        let answer = client
            .get("/demo/closed")
            .header("authorization", right)
            .send()
            .await;
        assert_eq!(answer.status(), 200, "{right:?}");
    }
}

#[tokio::test]
async fn nothing_is_covered_while_it_is_off() {
    let client = client_with(routes![closed], &[]);
    assert_eq!(client.get("/demo/closed").send().await.status(), 200);
    let document = client.get("/demo/openapi.json").send().await.json();
    assert!(document["components"]["securitySchemes"].is_null());
}

#[tokio::test]
async fn the_document_says_what_is_covered() {
    let client = client();
    let document = client.app().openapi();
    let closed = &document["paths"]["/demo/closed"]["get"];
    assert_eq!(closed["security"], serde_json::json!([{"basicAuth": []}]));
    assert!(closed["responses"]["401"].is_object());
    assert!(document["paths"]["/demo/open"]["get"]["security"].is_null());
    assert_eq!(
        document["components"]["securitySchemes"]["basicAuth"]["scheme"],
        "basic"
    );
}

#[tokio::test]
async fn credentials_are_checked_before_anything_else_of_the_request() {
    #[post("/body/{id}")]
    async fn body(id: u64, #[body] text: String) -> String {
        format!("{id}{text}")
    }
    let client = client_with(routes![body], &AUTH);
    let answer = client.post("/demo/body/x").body("{").send().await;
    assert_eq!(answer.status(), 401);
}
