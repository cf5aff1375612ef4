//! What the tests share: clients, errors of a handler, and bodies that arrive in pieces.

use axum::body::Body;
use fastflyer::{Config, FlyerApi, Router, axum, http, testing::TestClient};
use http_body_util::BodyExt as _;
use std::fmt;
use tower::ServiceExt as _;

/// A client of routes under `/demo`.
pub(crate) fn client(router: Router) -> TestClient {
    client_with(router, &[])
}

/// The same with settings.
pub(crate) fn client_with(router: Router, settings: &[(&str, &str)]) -> TestClient {
    TestClient::with_settings(api(router), settings.iter().copied()).unwrap()
}

pub(crate) fn client_api(api: FlyerApi) -> TestClient {
    TestClient::new(api).unwrap()
}

pub(crate) fn api(router: Router) -> FlyerApi {
    FlyerApi::new(Config::new().title("Demo").base_url("/demo")).include(router)
}

/// Basic authentication on, for `user:pass`.
pub(crate) const AUTH: [(&str, &str); 3] = [
    ("flyer_auth_enable", "1"),
    ("flyer_auth_user", "user"),
    ("flyer_auth_pass", "pass"),
];

/// `Authorization` of `user:pass`.
pub(crate) const CREDENTIALS: &str = "Basic dXNlcjpwYXNz";

/// Why an application does not start.
pub(crate) fn reasons(api: FlyerApi) -> Vec<String> {
    TestClient::new(api)
        .map(|_| ())
        .expect_err("a start error")
        .reasons()
        .to_vec()
}

/// A row that is not there, as a database says it.
#[derive(Debug)]
pub(crate) struct RowNotFound;

impl fmt::Display for RowNotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no row in table secret_users")
    }
}

impl std::error::Error for RowNotFound {}

/// An error around another one.
#[derive(Debug)]
pub(crate) struct Query(pub(crate) RowNotFound);

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the query failed")
    }
}

impl std::error::Error for Query {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// Sends a body in pieces, without a length.
pub(crate) async fn send_chunked(
    client: &TestClient,
    path: &str,
    content_type: &str,
    pieces: Vec<Vec<u8>>,
) -> (u16, String) {
    let stream = futures_util::stream::iter(pieces.into_iter().map(Ok::<_, std::io::Error>));
    let request = http::Request::post(path)
        .header("content-type", content_type)
        .body(Body::from_stream(stream))
        .unwrap();
    let response = client
        .app()
        .clone()
        .into_axum()
        .oneshot(request)
        .await
        .unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&bytes).into_owned())
}
