//! What is sent: URLs, parameters, headers, ids, bodies.

use super::{AMPLE, setup, setup_with};
use fastkit::{
    client::{
        AsyncClient,
        stub::{Reply, Stub},
    },
    context::{RequestId, Served, TraceContext},
};
use http::{HeaderMap, HeaderValue, Method};
use serde::Serialize;
use serde_json::json;
use std::{
    future::IntoFuture as _,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

#[tokio::test]
async fn every_verb() {
    let (stub, client, _) = setup();
    stub.on("/", [Reply::ok("body")]);
    let url = stub.url("/");
    for (request, method) in [
        (client.get(&url), "GET"),
        (client.post(&url), "POST"),
        (client.put(&url), "PUT"),
        (client.patch(&url), "PATCH"),
        (client.delete(&url), "DELETE"),
        (client.head(&url), "HEAD"),
        (client.options(&url), "OPTIONS"),
        (
            client.request(Method::from_bytes(b"REPORT").unwrap(), &url),
            "REPORT",
        ),
    ] {
        let answer = request.send().await.unwrap();
        let expected = if method == "HEAD" { "" } else { "body" };
        assert_eq!(
            (answer.text().as_ref(), answer.method().as_str()),
            (expected, method)
        );
        assert_eq!(stub.requests().last().unwrap().method, method);
    }
    assert_eq!(client.get(&url).await.unwrap().text(), "body");
}

#[tokio::test]
async fn parameters_are_appended() {
    #[derive(Serialize)]
    struct Page {
        page: u32,
        word: &'static str,
    }
    let (stub, client, _) = setup();
    let request = client
        .get(stub.url("/a?x=1"))
        .params(&[("y", "2 3"), ("y", "&")])
        .params(&Page {
            page: 4,
            word: "名",
        })
        .params(&[] as &[(&str, &str)]);
    request.send().await.unwrap();
    let target = "/a?x=1&y=2+3&y=%26&page=4&word=%E5%90%8D";
    assert_eq!(stub.requests()[0].target, target);
    let error = client
        .get(stub.url("/"))
        .params(&[[1]])
        .send()
        .await
        .unwrap_err();
    assert!(error.is_builder(), "{error}");
}

#[tokio::test]
async fn presets_are_sent_unless_the_request_has_its_own() {
    let (stub, client, _) = setup();
    let mut more = HeaderMap::new();
    more.insert("x-many", "1".parse().unwrap());
    more.append("x-many", "2".parse().unwrap());
    let client_of = |base: &str| {
        AsyncClient::builder()
            .no_proxy()
            .base_url(base)
            .header("content-type", "application/json")
            .header("x-tenant", "blue")
            .headers(more.clone())
            .user_agent("test/1")
            .bearer_auth("preset")
            .build()
            .unwrap()
    };
    let preset = client_of(&stub.url("/v1"));
    preset.get("/users").send().await.unwrap();
    preset
        .get("users?x=1")
        .header("X-Tenant", "red")
        .basic_auth("a", "b")
        .send()
        .await
        .unwrap();
    let sent = stub.requests();
    assert_eq!(
        (sent[0].target.as_str(), sent[1].target.as_str()),
        ("/v1/users", "/v1/users?x=1")
    );
    assert_eq!(sent[0].header("content-type"), Some("application/json"));
    assert_eq!(
        (sent[0].header("x-tenant"), sent[1].header("x-tenant")),
        (Some("blue"), Some("red"))
    );
    assert_eq!(
        (sent[0].count("x-many"), sent[0].header("user-agent")),
        (2, Some("test/1"))
    );
    assert_eq!(sent[0].header("authorization"), Some("Bearer preset"));
    assert_eq!(sent[1].header("authorization"), Some("Basic YTpi"));
    assert_eq!(sent[1].count("authorization"), 1);

    client.get(stub.url("/")).send().await.unwrap();
    let plain = stub.requests().pop().unwrap();
    assert!(plain.header("user-agent").unwrap().starts_with("FastKit/"));
    assert_eq!(plain.header("accept"), Some("*/*"));
}

#[tokio::test]
async fn bodies_have_their_content_type() {
    let (stub, client, _) = setup();
    let url = stub.url("/");
    client
        .post(&url)
        .json(&json!({"a": 1}))
        .send()
        .await
        .unwrap();
    client
        .post(&url)
        .form(&[("a", "1"), ("b", "é")])
        .send()
        .await
        .unwrap();
    client.post(&url).body("text").send().await.unwrap();
    client
        .post(&url)
        .header("content-type", "application/vnd.x+json")
        .json(&1)
        .send()
        .await
        .unwrap();
    let sent: Vec<_> = stub
        .requests()
        .into_iter()
        .map(|r| (r.header("content-type").unwrap_or("").to_owned(), r.text()))
        .collect();
    let expected = [
        ("application/json", r#"{"a":1}"#),
        ("application/x-www-form-urlencoded", "a=1&b=%C3%A9"),
        ("", "text"),
        ("application/vnd.x+json", "1"),
    ];
    assert_eq!(sent, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
}

#[tokio::test]
async fn user_and_password_of_the_url_become_a_header() {
    let (stub, client, _) = setup();
    let url = stub.url("/").replace("://", "://me%40x:p%3Aw@");
    let answer = client.get(&url).send().await.unwrap();
    assert_eq!(answer.url(), stub.url("/"));
    assert_eq!(
        stub.requests()[0].header("authorization"),
        Some("Basic bWVAeDpwOnc=")
    );
    client.get(&url).bearer_auth("t").send().await.unwrap();
    assert_eq!(stub.requests()[1].header("authorization"), Some("Bearer t"));
}

#[tokio::test]
async fn cookies_there_and_back() {
    let (stub, client, _) = setup();
    let reply = Reply::ok("").header("set-cookie", "s=abc; Path=/; HttpOnly");
    stub.on("/", [reply.header("set-cookie", "t=1")]);
    let answer = client
        .get(stub.url("/"))
        .cookie("a", "b")
        .cookie("c", "d")
        .send()
        .await
        .unwrap();
    assert_eq!(stub.requests()[0].header("cookie"), Some("a=b; c=d"));
    assert_eq!(
        (answer.cookie("s"), answer.cookie("t"), answer.cookie("u")),
        (Some("abc"), Some("1"), None)
    );
    for (name, value) in [
        ("a", "b\r\nx: y"),
        ("lang", "en; admin=1"),
        ("lang", "en\tus"),
        ("lang; admin", "hunter2"),
        ("a=b", "hunter2"),
        ("a\n", "hunter2"),
        ("", "hunter2"),
    ] {
        let request = client.get(stub.url("/")).cookie("s", "abc");
        let error = request.cookie(name, value).send().await.unwrap_err();
        assert!(error.is_builder(), "{name:?}={value:?}: {error}");
        // A cookie's value is mostly a secret.
        assert!(!error.to_string().contains(value), "{error}");
    }
    assert_eq!(stub.requests().len(), 1);
}

#[tokio::test]
async fn exactly_one_request_id() {
    let (stub, client, _) = setup();
    client.get(stub.url("/")).send().await.unwrap();
    client
        .get(stub.url("/"))
        .header("X-Request-ID", "mine")
        .send()
        .await
        .unwrap();
    let served = Served {
        id: RequestId::parse(b"outer").unwrap(),
        deadline: None,
        trace: TraceContext::parse(
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            Some(b"v=1"),
        ),
    };
    let (call, own) = {
        let _scope = served.enter();
        let own = client
            .get(stub.url("/"))
            .header("traceparent", "own")
            .header("x-request-id", "own");
        (client.get(stub.url("/")).into_future(), own.into_future())
    };
    call.await.unwrap();
    own.await.unwrap();
    let sent = stub.requests();
    assert!(
        sent.iter()
            .all(|request| request.count("x-request-id") == 1)
    );
    let ids: Vec<_> = sent
        .iter()
        .filter_map(|r| r.header("x-request-id"))
        .collect();
    assert_eq!(
        (ids[0].len(), &ids[1..]),
        (36, ["mine", "outer", "own"].as_slice())
    );
    let parent = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    assert_eq!(
        (sent[2].header("traceparent"), sent[2].header("tracestate")),
        (parent, Some("v=1"))
    );
    assert_eq!(
        (sent[3].header("traceparent"), sent[3].header("tracestate")),
        (Some("own"), None)
    );
    assert_eq!(sent[0].header("traceparent"), None);
}

#[tokio::test]
async fn mistakes_are_told_when_it_is_sent_and_send_nothing() {
    let (stub, client, _) = setup();
    let url = stub.url("/");
    let mistakes = [
        client.get("/relative"),
        client.get("ftp://a.test/"),
        client.get("http://"),
        client.get(&url).header("bad name", "x"),
        client.get(&url).header("x", "a\nb"),
        client.get(&url).bearer_auth("a\nb"),
    ];
    for request in mistakes {
        let shown = format!("{request:?}");
        let error = request.send().await.unwrap_err();
        assert!(
            error.is_builder() && error.code() == 600 && error.attempts() == 0,
            "{shown}"
        );
    }
    assert_eq!(stub.requests().len(), 0);
    for builder in [
        AsyncClient::builder().base_url("nothing"),
        AsyncClient::builder().header("a b", "c"),
        AsyncClient::builder().proxy("::"),
        AsyncClient::builder().add_root_certificate("no PEM"),
        AsyncClient::builder().identity("no PEM", "no key"),
    ] {
        assert!(builder.build().unwrap_err().is_builder());
    }
}

#[tokio::test]
async fn connections_are_kept_and_shared_by_clones() {
    let (stub, client, _) = setup();
    stub.on("/", [Reply::ok("x")]);
    let client = Arc::new(client);
    for _ in 0..5 {
        client.clone().get(stub.url("/")).send().await.unwrap();
    }
    assert!(
        stub.requests()
            .iter()
            .all(|request| request.connection == 0)
    );
    // The clients that `new` gives share theirs, too.
    for _ in 0..3 {
        AsyncClient::new().get(stub.url("/")).send().await.unwrap();
    }
    assert!(
        stub.requests()
            .iter()
            .all(|request| request.connection <= 1)
    );
}

#[tokio::test]
async fn a_proxy_is_asked() {
    let (proxy, client, _) = setup_with(|builder| builder);
    drop(client);
    let client = AsyncClient::builder()
        .proxy(&proxy.url("").replace("://", "://me:pw@"))
        .build()
        .unwrap();
    client.get("http://far.invalid/x").send().await.unwrap();
    let sent = &proxy.requests()[0];
    assert_eq!(sent.target, "http://far.invalid/x");
    assert_eq!(sent.header("proxy-authorization"), Some("Basic bWU6cHc="));
}

#[test]
fn without_a_runtime_it_is_an_error_that_says_so() {
    fn now<F: Future>(future: F) -> F::Output {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("it waits"),
        }
    }
    let stub = Stub::start().unwrap();
    stub.on("/", [Reply::ok("x").pieces(1, AMPLE)]);
    let builder = || AsyncClient::builder().no_proxy().no_log();
    let client = builder().build().unwrap();
    let hedging = builder().hedge_after(AMPLE).build().unwrap();
    for client in [&client, &hedging] {
        for error in [
            now(client.get(stub.url("/")).send()).unwrap_err(),
            now(client.get(stub.url("/")).stream()).unwrap_err(),
        ] {
            assert!(error.is_builder() && error.attempts() == 0, "{error}");
            assert!(error.to_string().contains("tokio runtime"), "{error}");
        }
    }
    assert_eq!(stub.requests().len(), 0);

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut stream = runtime
        .block_on(client.get(stub.url("/")).stream())
        .unwrap();
    let error = now(stream.chunk()).unwrap_err();
    assert!(error.to_string().contains("tokio runtime"), "{error}");
}

#[test]
fn what_is_shown_of_a_client_holds_no_secret() {
    let mut headers = HeaderMap::new();
    headers.insert("x-auth-token", HeaderValue::from_static("hunter2"));
    let builder = || {
        AsyncClient::builder()
            .base_url("http://me:hunter2@a.test/v1?token=hunter2")
            .header("x-api-key", "hunter2")
            .header("authorization", "Token hunter2")
            .headers(headers.clone())
            .proxy("http://p:hunter2@proxy.test:1")
    };
    let client = builder().build().unwrap();
    let blocking = builder().build_blocking().unwrap();
    for shown in [
        format!("{:?}", builder()),
        format!("{client:#?}"),
        format!("{blocking:?}"),
    ] {
        assert!(!shown.contains("hunter2"), "{shown}");
        for part in ["a.test/v1", "x-api-key", "authorization", "proxies: 1"] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
    }
}
