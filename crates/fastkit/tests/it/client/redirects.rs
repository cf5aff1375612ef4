//! Redirects: followed, not for HEAD, bounded, and without secrets for others.

use super::{setup, setup_with};
use fastkit::client::{
    Body,
    stub::{Reply, Stub},
};

#[tokio::test]
async fn followed_with_the_secrets_on_the_same_origin() {
    let (stub, client, _) = setup();
    stub.on("/a", [Reply::redirect(302, "/b?x=1")]);
    stub.on("/b", [Reply::ok("there")]);
    let request = client
        .get(stub.url("/a"))
        .bearer_auth("t0p")
        .cookie("s", "1");
    let answer = request.send().await.unwrap();
    assert_eq!((&*answer.text(), answer.attempts()), ("there", 1));
    assert_eq!(answer.url(), stub.url("/b?x=1"));
    let second = &stub.requests()[1];
    assert_eq!(second.header("authorization"), Some("Bearer t0p"));
    assert_eq!(second.header("cookie"), Some("s=1"));
}

#[tokio::test]
async fn secrets_do_not_follow_to_another_origin() {
    let (stub, client, _) = setup();
    let other = Stub::start().unwrap();
    stub.on("/", [Reply::redirect(307, &other.url("/"))]);
    other.on("/", [Reply::ok("there")]);
    let request = client
        .post(stub.url("/"))
        .basic_auth("me", "pw")
        .cookie("s", "1")
        .header("x-api-key", "k")
        .header("x-tenant", "blue")
        .body("kept");
    assert!(request.send().await.unwrap().is_success());
    let first = &stub.requests()[0];
    assert!(first.header("authorization").is_some() && first.header("cookie").is_some());
    let second = &other.requests()[0];
    for secret in ["authorization", "cookie", "x-api-key"] {
        assert_eq!(second.header(secret), None, "{secret}");
    }
    assert_eq!(second.header("x-tenant"), Some("blue"));
    assert_eq!(
        (second.method.as_str(), second.text().as_str()),
        ("POST", "kept")
    );
}

#[tokio::test]
async fn a_post_becomes_a_get_after_303() {
    let (stub, client, _) = setup();
    stub.on("/", [Reply::redirect(303, "/done")]);
    stub.on("/done", [Reply::ok("")]);
    client.post(stub.url("/")).json(&1).send().await.unwrap();
    let second = &stub.requests()[1];
    assert_eq!((second.method.as_str(), second.body.len()), ("GET", 0));
    assert_eq!(second.header("content-type"), None);
}

#[tokio::test]
async fn head_and_streams_stay_where_they_are() {
    let (stub, client, _) = setup();
    stub.on("/", [Reply::redirect(302, "/b")]);
    assert_eq!(
        client
            .head(stub.url("/"))
            .send()
            .await
            .unwrap()
            .status_code(),
        302
    );
    stub.on("/", [Reply::redirect(307, "/b")]);
    let body = Body::reader(std::io::Cursor::new("once"));
    let answer = client.post(stub.url("/")).body(body).send().await.unwrap();
    assert_eq!(
        (answer.status_code(), answer.header("location")),
        (307, Some("/b"))
    );
    let (stub, client, _) = setup_with(|builder| builder.max_redirects(0));
    stub.on("/", [Reply::redirect(302, "/b")]);
    assert_eq!(
        client
            .get(stub.url("/"))
            .send()
            .await
            .unwrap()
            .status_code(),
        302
    );
}

#[tokio::test]
async fn circles_and_long_ways_end() {
    let (stub, client, _) = setup();
    stub.on("/a", [Reply::redirect(302, "/b")]);
    stub.on("/b", [Reply::redirect(302, "/a")]);
    let error = client.get(stub.url("/a")).send().await.unwrap_err();
    assert!(error.is_redirect() && error.code() == 600, "{error}");
    assert_eq!(stub.requests().len(), 2);

    for step in 0..30 {
        stub.on(
            &format!("/{step}"),
            [Reply::redirect(302, &format!("/{}", step + 1))],
        );
    }
    let error = client.get(stub.url("/0")).send().await.unwrap_err();
    assert!(
        error.to_string().contains("more than 20 redirects"),
        "{error}"
    );

    stub.on("/file", [Reply::redirect(302, "file:///etc/passwd")]);
    assert!(
        client
            .get(stub.url("/file"))
            .send()
            .await
            .unwrap_err()
            .is_redirect()
    );
}
