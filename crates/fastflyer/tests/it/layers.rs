//! Plain axum routers, axum extractors and tower layers among operations.

use crate::support::{AUTH, CREDENTIALS, client, client_with};
use fastflyer::{
    ApiError, Router,
    axum::{self, extract::Request, middleware::Next, response::IntoResponse},
    http::{HeaderMap, Method, StatusCode},
    prelude::*,
};

async fn mark(request: Request, next: Next) -> axum::response::Response {
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .append("x-mark", "1".parse().unwrap());
    response
}

fn layered(router: Router) -> Router {
    router.layer(axum::middleware::from_fn(mark))
}

#[get("/items/{id}")]
async fn item(id: u64) -> u64 {
    id
}

#[get("/where/{id}")]
async fn where_is(
    id: u64,
    axum::extract::Path(all): axum::extract::Path<std::collections::HashMap<String, String>>,
    matched: axum::extract::MatchedPath,
) -> Vec<String> {
    vec![
        id.to_string(),
        all["id"].clone(),
        matched.as_str().to_owned(),
    ]
}

#[put("/where/{name}")]
async fn put_where(name: String, _uri: axum::extract::OriginalUri) -> String {
    name
}

#[post("/text")]
async fn text(headers: HeaderMap, axum::Json(body): axum::Json<u64>) -> u64 {
    body + headers.len() as u64
}

#[tokio::test]
async fn layers_wrap_operations_and_keep_their_behaviour() {
    let client = client(
        layered(routes![item]).include(Router::new().prefix("/more").include(routes![where_is])),
    );
    let answer = client.get("/demo/items/5").send().await;
    assert_eq!((answer.status(), answer.header("x-mark")), (200, "1"));
    assert_eq!(answer.json()["data"], 5);
    assert_eq!(answer.header("x-request-id").len(), 36);
    let answer = client.get("/demo/items/x").send().await;
    assert_eq!((answer.status(), answer.header("x-mark")), (422, "1"));
    assert!(answer.json()["error"]["path.id"].is_array());
    // The document knows them as ever.
    let document = client.get("/demo/openapi.json").send().await.json();
    assert_eq!(
        document["paths"]["/demo/items/{id}"]["get"]["operationId"],
        "item"
    );
    // What nobody routes is not the layer's.
    let answer = client.get("/demo/nothing").send().await;
    assert_eq!((answer.status(), answer.header("x-mark")), (404, ""));
}

#[tokio::test]
async fn the_layer_added_last_runs_first() {
    async fn tag(name: &'static str, request: Request, next: Next) -> axum::response::Response {
        let mut response = next.run(request).await;
        response
            .headers_mut()
            .append("x-order", name.parse().unwrap());
        response
    }
    let router = routes![item]
        .layer(axum::middleware::from_fn(|r, n| tag("inner", r, n)))
        .layer(axum::middleware::from_fn(|r, n| tag("outer", r, n)));
    let answer = client(router).get("/demo/items/1").send().await;
    let order: Vec<_> = answer
        .headers()
        .get_all("x-order")
        .iter()
        .map(|v| v.to_str().unwrap())
        .collect();
    assert_eq!(order, ["inner", "outer"]);
}

#[tokio::test]
async fn axum_extractors_see_names_and_templates() {
    let client = client(routes![where_is, put_where]);
    let answer = client.get("/demo/where/7").send().await;
    assert_eq!(
        answer.json()["data"]["data"],
        serde_json::json!(["7", "7", "/demo/where/{id}"]),
        "{}",
        answer.text()
    );
    // Another name for the same place is no contradiction.
    assert_eq!(client.put("/demo/where/x").send().await.json()["data"], "x");
}

#[tokio::test]
async fn rejections_of_axum_extractors_get_the_envelope() {
    let client = client(routes![text]);
    let answer = client
        .post("/demo/text")
        .header("content-type", "application/json")
        .body("x")
        .send()
        .await;
    assert_eq!(
        (answer.status(), &answer.json()["status"]),
        (400, &"error".into())
    );
    let answer = client.post("/demo/text").body("1").send().await;
    assert_eq!(
        (answer.status(), &answer.json()["code"]),
        (415, &415.into())
    );
    let answer = client.post("/demo/text").json(&"x").send().await;
    assert_eq!(
        (answer.status(), &answer.json()["code"]),
        (422, &422.into())
    );
}

fn plain() -> axum::Router {
    use axum::routing::{get, post};
    axum::Router::new()
        .route("/ok", get(async || "plain"))
        .route(
            "/fails",
            get(async || {
                ApiError::not_found()
                    .message("没有")
                    .header("x-why", "because")
            }),
        )
        .route(
            "/cause",
            get(async || ApiError::from(std::io::Error::other("disk at /secret is full"))),
        )
        .route(
            "/reply",
            get(async || Reply::success(7u8).header("x-foo", "bar")),
        )
        .route(
            "/panics",
            get(async || {
                if true {
                    panic!("plain boom")
                }
            }),
        )
        .route(
            "/own",
            get(async || (StatusCode::IM_A_TEAPOT, "short and stout")),
        )
        .route("/slow", get(async || std::future::pending::<()>().await))
        .route("/size", post(async |body: String| body.len().to_string()))
}

#[tokio::test]
async fn plain_routers_are_served_with_our_errors_and_headers() {
    let client = client(
        Router::new()
            .prefix("/p")
            .axum(plain())
            .include(routes![item]),
    );
    let answer = client.get("/demo/p/ok").send().await;
    assert_eq!((answer.status(), answer.text()), (200, "plain"));
    assert_eq!(answer.header("x-request-id").len(), 36);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let answer = client.get("/demo/p/fails").send().await;
    assert_eq!((answer.status(), answer.header("x-why")), (404, "because"));
    assert_eq!(answer.json()["message"], "没有");
    let answer = client.get("/demo/p/cause").send().await;
    assert_eq!(answer.status(), 500);
    assert!(!answer.text().contains("disk"), "{}", answer.text());
    let answer = client.get("/demo/p/reply").send().await;
    assert_eq!(
        (answer.json()["data"].clone(), answer.header("x-foo")),
        (7.into(), "bar")
    );
    let answer = client.get("/demo/p/panics").send().await;
    assert_eq!(
        (answer.status(), answer.json()["status"].clone()),
        (500, "fail".into())
    );
    assert!(!answer.text().contains("boom"), "{}", answer.text());
    // What axum code says itself stays as it is.
    let answer = client.get("/demo/p/own").send().await;
    assert_eq!((answer.status(), answer.text()), (418, "short and stout"));
    let answer = client.post("/demo/p/ok").send().await;
    assert_eq!(
        (answer.status(), answer.header("allow")),
        (405, "GET, HEAD")
    );
    assert_eq!(answer.json()["code"], 405);
    assert_eq!(
        client.get("/demo/p/nothing").send().await.json()["code"],
        404
    );
    assert_eq!(client.get("/demo/p/items/3").send().await.json()["data"], 3);
}

#[tokio::test]
async fn deferred_errors_follow_the_response_options() {
    let client = client_with(
        Router::new().axum(plain()),
        &[("flyer_response_format", "flyer"), ("flyer_debug", "1")],
    );
    let answer = client.get("/demo/fails").send().await;
    assert_eq!(answer.json()["code"], 404);
    assert_eq!(answer.json()["detail"], "Not Found");
    assert_eq!(answer.header("x-why"), "because");
    assert!(
        client
            .get("/demo/cause")
            .send()
            .await
            .text()
            .contains("disk")
    );
}

#[tokio::test]
async fn methods_of_both_kinds_of_routes_stand_in_allow() {
    #[get("/both")]
    async fn both() {}
    let post = axum::Router::new().route("/both", axum::routing::post(async || "axum"));
    let client = client(routes![both].axum(post));
    assert_eq!(client.get("/demo/both").send().await.status(), 200);
    assert_eq!(client.post("/demo/both").send().await.text(), "axum");
    let answer = client.put("/demo/both").send().await;
    assert_eq!(
        (answer.status(), answer.header("allow")),
        (405, "GET, POST")
    );
}

#[tokio::test]
async fn authentication_covers_layered_operations_and_plain_routers() {
    for router in [
        layered(routes![item, where_is]),
        routes![item, where_is],
        layered(Router::new().include(routes![item, where_is])).axum(plain()),
    ] {
        let client = client_with(
            router.axum(axum::Router::new().route("/raw/{x}", axum::routing::any(async || "raw"))),
            &AUTH,
        );
        for path in [
            "/demo/items/1",
            "/demo/where/1",
            "/demo/raw/1",
            "/demo/where/a%2Fb",
            "/demo/items/1%2F",
            "/demo/raw/%2F",
        ] {
            for method in [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS] {
                let answer = client.request(method.clone(), path).send().await;
                assert!(
                    matches!(answer.status(), 401 | 404 | 405),
                    "{method} {path}: {}",
                    answer.status()
                );
                let with = client
                    .request(method.clone(), path)
                    .header("authorization", CREDENTIALS)
                    .send()
                    .await;
                assert_ne!(with.status(), 401, "{method} {path}");
            }
        }
        assert_eq!(client.get("/demo/items/1").send().await.status(), 401);
        assert_eq!(client.get("/demo/raw/1").send().await.status(), 401);
        assert_eq!(
            client
                .get("/demo/items/1")
                .header("authorization", CREDENTIALS)
                .send()
                .await
                .json()["data"],
            1
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_route_of_axum_is_given_up() {
    let client = client_with(
        Router::new().axum(plain()),
        &[("flyer_request_timeout", "2")],
    );
    let answer = client.get("/demo/slow").send().await;
    assert_eq!(
        (answer.status(), answer.json()["code"].clone()),
        (504, 504.into())
    );
}

#[tokio::test]
async fn the_body_limit_holds_for_axum_too() {
    #[post("/large", body_limit = 64)]
    async fn large(body: axum::extract::RawForm) -> usize {
        body.0.len()
    }
    let client = client_with(
        routes![text, echo_raw, large].axum(plain()),
        &[("flyer_body_limit", "16")],
    );
    let send = async |path: &str, length: usize| {
        let form = "application/x-www-form-urlencoded";
        client
            .post(path)
            .header("content-type", form)
            .body("x".repeat(length))
            .send()
            .await
            .status()
    };
    assert_eq!(send("/demo/size", 16).await, 200);
    assert_eq!(send("/demo/size", 17).await, 413);
    assert_eq!(send("/demo/echo-raw", 17).await, 413);
    assert_eq!(send("/demo/large", 64).await, 200);
    assert_eq!(send("/demo/large", 65).await, 413);
}

#[post("/echo-raw")]
async fn echo_raw(body: axum::extract::RawForm) -> usize {
    body.0.len()
}

#[tokio::test]
async fn an_application_is_an_axum_router_too() {
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;
    let client = client_with(routes![item], &[("flyer_trusted_proxies", "127.0.0.1")]);
    let router = axum::Router::new()
        .route("/mine", axum::routing::get(async || "mine"))
        .merge(client.app().clone().into_axum());
    for (path, expected) in [("/mine", "mine"), ("/demo/items/3", "\"data\":3")] {
        let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        assert!(String::from_utf8_lossy(&bytes).contains(expected), "{path}");
    }
}

#[tokio::test]
async fn a_handler_may_return_what_axum_knows() {
    #[get("/teapot")]
    async fn teapot() -> impl IntoResponse {
        (StatusCode::IM_A_TEAPOT, [("x-pot", "tea")], "short")
    }
    #[get("/either/{fail}")]
    async fn either(fail: bool) -> Result<axum::response::Response> {
        if fail {
            return Err(ApiError::conflict().message("taken"));
        }
        Ok(axum::response::Redirect::to("/elsewhere").into_response())
    }
    let client = client(routes![teapot, either]);
    assert_eq!(
        client.get("/demo/teapot").send().await.header("x-pot"),
        "tea"
    );
    assert_eq!(
        client.get("/demo/either/0").send().await.header("location"),
        "/elsewhere"
    );
    let answer = client.get("/demo/either/1").send().await;
    assert_eq!(
        (answer.status(), answer.json()["message"].clone()),
        (409, "taken".into())
    );
}
