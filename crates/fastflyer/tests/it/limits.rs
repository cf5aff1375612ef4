//! Limits of what a request may bring, and of how long it may take.

use crate::support::{client, client_with, send_chunked};
use fastflyer::{Router, http::Method, prelude::*, testing::TestClient};
use std::fmt::Write as _;

#[derive(Serialize, Deserialize, JsonSchema)]
struct Text {
    text: String,
}

#[post("/json")]
async fn json(#[body] text: Text) -> usize {
    text.text.len()
}

#[post("/any")]
async fn any(Json(value): Json<serde_json::Value>) -> bool {
    value.is_null()
}

#[post("/form")]
async fn form(Form(text): Form<Text>) -> usize {
    text.text.len()
}

#[post("/fields")]
async fn fields(#[form] a: String, #[form] b: Option<String>) -> String {
    a + b.as_deref().unwrap_or("")
}

#[post("/bytes", body_limit = 8)]
async fn raw(body: bytes::Bytes) -> usize {
    body.len()
}

#[post("/upload", body_limit = 4 * 1024 * 1024)]
async fn upload(mut parts: Multipart) -> Result<Vec<String>> {
    let mut names = Vec::new();
    while let Some(part) = parts.next().await? {
        let name = part.name().unwrap_or("-").to_owned();
        let length = part.bytes().await?.len();
        names.push(format!("{name}:{length}"));
    }
    Ok(names)
}

#[get("/slow")]
async fn slow() {
    std::future::pending::<()>().await;
}

#[get("/query")]
async fn query(#[query] n: Option<u64>) -> u64 {
    n.unwrap_or(0)
}

fn router() -> Router {
    routes![json, any, form, fields, raw, upload, slow, query]
}

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

async fn post(
    client: &TestClient,
    path: &str,
    media_type: &str,
    body: impl Into<bytes::Bytes>,
) -> (u16, String) {
    let answer = client
        .post(path)
        .header("content-type", media_type)
        .body(body)
        .send()
        .await;
    let text = answer.text().to_owned();
    assert!(answer.json()["code"].is_u64(), "{text}");
    (answer.status(), text)
}

#[tokio::test]
async fn bodies_are_limited_with_and_without_a_length() {
    let client = client_with(router(), &[("flyer_body_limit", "32")]);
    let fits = format!("{{\"text\":\"{}\"}}", "x".repeat(21));
    let large = format!("{{\"text\":\"{}\"}}", "x".repeat(22));
    assert_eq!(fits.len(), 32);
    assert_eq!(post(&client, "/demo/json", JSON, fits.clone()).await.0, 200);
    let (status, text) = post(&client, "/demo/json", JSON, large.clone()).await;
    assert_eq!(status, 413);
    assert!(text.contains("请求体超过 32 字节"), "{text}");
    assert_eq!(
        post(
            &client,
            "/demo/form",
            FORM,
            format!("text={}", "x".repeat(27))
        )
        .await
        .0,
        200
    );
    assert_eq!(
        post(
            &client,
            "/demo/form",
            FORM,
            format!("text={}", "x".repeat(28))
        )
        .await
        .0,
        413
    );
    assert_eq!(
        post(
            &client,
            "/demo/fields",
            FORM,
            format!("a={}", "x".repeat(31))
        )
        .await
        .0,
        413
    );
    assert_eq!(post(&client, "/demo/bytes", FORM, "12345678").await.0, 200);
    assert_eq!(post(&client, "/demo/bytes", FORM, "123456789").await.0, 413);
    for (path, kind, body, status) in [
        ("/demo/json", JSON, &fits, 200),
        ("/demo/json", JSON, &large, 413),
        ("/demo/bytes", FORM, &"123456789".to_owned(), 413),
        ("/demo/form", FORM, &format!("text={}", "x".repeat(28)), 413),
    ] {
        let pieces = body.as_bytes().chunks(5).map(<[u8]>::to_vec).collect();
        let (got, text) = send_chunked(&client, path, kind, pieces).await;
        assert_eq!(got, status, "{path}: {text}");
    }
}

#[tokio::test]
async fn deep_json_is_malformed_and_no_failure_of_the_service() {
    let client = client(router());
    for depth in [200, 100_000] {
        let (status, text) = post(
            &client,
            "/demo/any",
            JSON,
            "[".repeat(depth) + &"]".repeat(depth),
        )
        .await;
        assert_eq!(status, 400, "{text}");
        let (status, _) = post(&client, "/demo/any", JSON, "{\"a\":".repeat(depth)).await;
        assert_eq!(status, 400);
        let (status, _) = post(&client, "/demo/json", JSON, "{\"a\":".repeat(depth)).await;
        assert!(matches!(status, 400 | 422), "{status}");
    }
    let (status, _) = post(
        &client,
        "/demo/any",
        JSON,
        "[".repeat(100) + &"]".repeat(100),
    )
    .await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn forms_have_at_most_a_thousand_fields() {
    let client = client(router());
    let many = |count: usize| {
        (0..count).fold(String::from("text=x&a=x"), |mut text, index| {
            let _ = write!(text, "&f{index}={index}");
            text
        })
    };
    assert_eq!(post(&client, "/demo/form", FORM, many(900)).await.0, 200);
    for path in ["/demo/form", "/demo/fields"] {
        let (status, text) = post(&client, path, FORM, many(100_000)).await;
        assert_eq!(status, 422, "{text}");
        let body: serde_json::Value = serde_json::from_str(&text).unwrap();
        // Once, however many arguments read the form.
        assert_eq!(
            body["error"]["body"].as_array().map(Vec::len),
            Some(1),
            "{text}"
        );
    }
}

fn parts(count: usize, length: usize) -> String {
    let mut body = String::new();
    for index in 0..count {
        let _ = write!(
            body,
            "--B\r\nContent-Disposition: form-data; name=\"f{index}\"\r\n\r\n{}\r\n",
            "x".repeat(length)
        );
    }
    body + "--B--\r\n"
}

#[tokio::test]
async fn uploads_are_limited_by_size_and_number() {
    let client = client(router());
    let kind = "multipart/form-data; boundary=B";
    let (status, text) = post(&client, "/demo/upload", kind, parts(2, 3)).await;
    assert_eq!(status, 200);
    assert!(text.contains("[\"f0:3\",\"f1:3\"]"), "{text}");
    assert_eq!(
        post(&client, "/demo/upload", kind, parts(1_000, 1)).await.0,
        200
    );
    assert_eq!(
        post(&client, "/demo/upload", kind, parts(1_001, 1)).await.0,
        413
    );
    // A part that is read as a whole, and the body as a whole.
    assert_eq!(
        post(&client, "/demo/upload", kind, parts(1, 1024 * 1024))
            .await
            .0,
        200
    );
    assert_eq!(
        post(&client, "/demo/upload", kind, parts(1, 1024 * 1024 + 1))
            .await
            .0,
        413
    );
    assert_eq!(
        post(&client, "/demo/upload", kind, parts(5, 1024 * 1024))
            .await
            .0,
        413
    );
    for broken in [
        "",
        "no parts",
        "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx",
        "--B\r\nx\r\n\r\n--B--",
    ] {
        let (status, text) = post(&client, "/demo/upload", kind, broken).await;
        assert_eq!(status, 400, "{broken:?}: {text}");
    }
    for kind in [
        "",
        "multipart/form-data",
        "multipart/mixed; boundary=B",
        "application/json",
    ] {
        assert_eq!(
            post(&client, "/demo/upload", kind, parts(1, 1)).await.0,
            415,
            "{kind:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_is_answered_504() {
    let client = client_with(router(), &[("flyer_request_timeout", "3")]);
    let before = tokio::time::Instant::now();
    let answer = client.get("/demo/slow").send().await;
    assert_eq!(before.elapsed().as_secs(), 3);
    assert_eq!(
        (answer.status(), answer.json()["code"].clone()),
        (504, 504.into())
    );
    assert_eq!(answer.header("x-request-id").len(), 36);
}

#[tokio::test]
async fn a_plain_handler_that_takes_too_long_is_answered_504_too() {
    #[get("/stuck")]
    fn stuck() {
        std::thread::park_timeout(std::time::Duration::from_secs(2));
    }
    let client = client_with(routes![stuck], &[("flyer_request_timeout", "50ms")]);
    assert_eq!(client.get("/demo/stuck").send().await.status(), 504);
}

#[tokio::test]
async fn long_queries_are_read() {
    let client = client(router());
    let query = "a=1&".repeat(2_000);
    assert_eq!(
        client
            .get(&format!("/demo/query?{query}n=7"))
            .send()
            .await
            .json()["data"],
        7
    );
    assert_eq!(
        client
            .request(Method::GET, "/demo/query?n=%FF")
            .send()
            .await
            .status(),
        422
    );
    assert_eq!(client.get("/demo/query?&&=&n").send().await.status(), 422);
}
