//! Bodies both ways: large, endless, compressed, streamed, from files, not UTF-8.

use super::{AMPLE, setup, setup_with};
use bytes::Bytes;
use fastkit::{
    client::{Body, FilePart, Multipart, RetryPolicy, stub::Reply},
    context::{RequestId, Scoped, Served},
};
use futures_core::Stream as _;
use serde::Deserialize;
use std::{
    future::poll_fn,
    io::Write as _,
    pin::pin,
    time::{Duration, Instant},
};
use tokio::time::timeout;

#[derive(Debug, Deserialize, PartialEq)]
struct Item {
    id: u64,
}

#[tokio::test]
async fn json_that_fits_and_does_not() {
    let (stub, client, _) = setup();
    stub.on("/", [Reply::json(&serde_json::json!({"id": 7}))]);
    let answer = client.get(stub.url("/")).send().await.unwrap();
    assert_eq!(answer.json::<Item>().unwrap(), Item { id: 7 });

    let wrong = serde_json::json!({"id": "hunter2", "password": "hunter2", "note": "shown"});
    stub.on("/", [Reply::json(&wrong)]);
    let answer = client.get(stub.url("/")).send().await.unwrap();
    let error = answer.json::<Vec<Item>>().unwrap_err();
    assert_eq!(error.code(), 602);
    let text = error.to_string();
    assert!(
        text.contains("shown") && text.contains(r#""password":"***""#),
        "{text}"
    );

    let long = format!("{{\"a\": \"{}\"", "x".repeat(100_000));
    stub.on(
        "/",
        [Reply::ok(long).header("content-type", "application/json")],
    );
    let answer = client.get(stub.url("/")).send().await.unwrap();
    let text = answer.json::<Item>().unwrap_err().to_string();
    assert!(text.len() < 800 && text.contains("is no JSON"), "{text}");
}

#[tokio::test]
async fn error_for_status_is_601() {
    let (stub, client, _) = setup();
    stub.on("/", [Reply::status(404).body("no such thing")]);
    let answer = client.get(stub.url("/")).send().await.unwrap();
    let error = answer.error_for_status().unwrap_err();
    assert_eq!((error.code(), error.status().unwrap().as_u16()), (601, 404));
    assert!(error.to_string().contains("no such thing"));
    assert_eq!(error.response().unwrap().text(), "no such thing");
    stub.on("/", [Reply::ok("x")]);
    let answer = client.get(stub.url("/")).send().await.unwrap();
    assert!(answer.error_for_status().is_ok());
}

#[tokio::test]
async fn what_is_no_utf8_is_shown_and_kept() {
    let (stub, client, _) = setup();
    stub.on("/", [Reply::ok(b"a\xff\xfeb".as_slice())]);
    let answer = client.get(stub.url("/")).send().await.unwrap();
    assert_eq!(answer.text(), "a\u{fffd}\u{fffd}b");
    assert_eq!(answer.bytes().as_ref(), b"a\xff\xfeb");
    assert_eq!(answer.json::<Item>().unwrap_err().code(), 602);
}

#[tokio::test]
async fn ten_mebibytes_come_whole() {
    let (stub, client, _) = setup();
    let body: Vec<u8> = (0..10 << 20).map(|n: u32| (n % 251) as u8).collect();
    stub.on("/", [Reply::ok(body.clone())]);
    let answer = client.get(stub.url("/")).send().await.unwrap();
    assert!(*answer.bytes() == body);
}

#[tokio::test]
async fn too_large_and_endless_answers_are_not_kept() {
    let (stub, client, _) = setup_with(|builder| builder.max_response_size(100_000));
    stub.on("/told", [Reply::ok(vec![0; 100_001])]);
    stub.on("/endless", [Reply::ok(vec![b'x'; 10_000]).endless()]);
    stub.on("/fits", [Reply::ok(vec![0; 100_000])]);
    for path in ["/told", "/endless"] {
        let error = client.get(stub.url(path)).send().await.unwrap_err();
        assert!(error.is_too_large() && error.code() == 600, "{error}");
        assert_eq!(error.attempts(), 1);
    }
    assert_eq!(
        client
            .get(stub.url("/fits"))
            .send()
            .await
            .unwrap()
            .bytes()
            .len(),
        100_000
    );
}

#[tokio::test]
async fn compressed_answers_are_unpacked_up_to_the_limit() {
    let zip = |bytes: &[u8]| {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    };
    let (stub, client, _) = setup_with(|builder| builder.max_response_size(1_000_000));
    let gzip = |body: Vec<u8>| Reply::ok(body).header("content-encoding", "gzip");
    stub.on("/", [gzip(zip(b"unpacked"))]);
    stub.on("/bomb", [gzip(zip(&vec![0; 20_000_000]))]);
    stub.on("/broken", [gzip(b"this is no gzip at all".to_vec())]);
    let answer = client.get(stub.url("/")).send().await.unwrap();
    assert_eq!(answer.text(), "unpacked");
    assert!(
        stub.requests()[0]
            .header("accept-encoding")
            .unwrap()
            .contains("gzip")
    );
    assert!(
        client
            .get(stub.url("/bomb"))
            .send()
            .await
            .unwrap_err()
            .is_too_large()
    );
    let error = client.get(stub.url("/broken")).send().await.unwrap_err();
    assert_eq!((error.code(), error.attempts()), (602, 1), "{error:?}");
}

#[tokio::test]
async fn answers_can_be_read_piece_by_piece() {
    let (stub, client, _) = setup_with(|builder| builder.max_response_size(10));
    stub.on("/", [Reply::status(500), Reply::ok(vec![b'x'; 50_000])]);
    let mut answer = client.get(stub.url("/")).stream().await.unwrap();
    assert_eq!((answer.status_code(), answer.attempts()), (200, 2));
    let mut length = 0;
    while let Some(piece) = answer.chunk().await.unwrap() {
        length += piece.len();
    }
    assert_eq!(length, 50_000);

    stub.on("/", [Reply::ok(vec![b'x'; 50_000]).reset_after(100)]);
    let mut answer = client.get(stub.url("/")).stream().await.unwrap();
    let error = loop {
        match answer.chunk().await {
            Ok(piece) => assert!(piece.is_some()),
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), 605);

    stub.on("/", [Reply::status(503).body("down")]);
    let error = client.get(stub.url("/")).stream().await.unwrap_err();
    assert_eq!(
        (error.code(), &*error.response().unwrap().text()),
        (606, "down")
    );
}

#[tokio::test]
async fn an_endless_answer_can_be_left() {
    let (stub, client, _) = setup();
    stub.on("/", [Reply::ok("tick\n").endless()]);
    let mut answer = client.get(stub.url("/")).stream().await.unwrap();
    assert!(answer.chunk().await.unwrap().is_some());
    drop(answer);
    stub.on("/", [Reply::ok("still there")]);
    assert_eq!(
        client.get(stub.url("/")).send().await.unwrap().text(),
        "still there"
    );
}

#[tokio::test]
async fn an_answer_can_be_passed_on_as_a_body() {
    let (stub, client, _) = setup();
    stub.on("/from", [Reply::ok(vec![b'x'; 200_000])]);
    stub.on("/to", [Reply::status(201)]);
    let from = client.get(stub.url("/from")).stream().await.unwrap();
    let request = client
        .post(stub.url("/to"))
        .body(Body::stream(from.into_stream()));
    assert_eq!(request.send().await.unwrap().status_code(), 201);
    assert_eq!(stub.requests()[1].body.len(), 200_000);
}

#[tokio::test]
async fn streams_are_sent_once_and_files_as_often_as_needed() {
    let (stub, client, _) = setup();
    stub.on("/", [Reply::status(500), Reply::ok("")]);
    let once = Body::reader(std::io::Cursor::new(vec![b'r'; 100_000]));
    let answer = client.put(stub.url("/")).body(once).send().await.unwrap();
    assert_eq!((answer.status_code(), answer.attempts()), (500, 1));
    assert_eq!(stub.requests()[0].body.len(), 100_000);
    assert_eq!(
        stub.requests()[0].header("transfer-encoding"),
        Some("chunked")
    );

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.bin");
    std::fs::write(&path, vec![b'f'; 150_000]).unwrap();
    stub.on("/", [Reply::status(500), Reply::ok("")]);
    let answer = client
        .put(stub.url("/"))
        .body(Body::file(&path))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.attempts(), 2);
    for request in &stub.requests()[1..] {
        assert_eq!(request.body, vec![b'f'; 150_000]);
        assert_eq!(request.header("content-length"), Some("150000"));
    }

    let missing = Body::file(folder.path().join("nothing"));
    let error = client
        .put(stub.url("/"))
        .body(missing)
        .send()
        .await
        .unwrap_err();
    assert!(
        error.is_builder() && error.to_string().contains("nothing"),
        "{error}"
    );
    assert_eq!(stub.requests().len(), 3);
}

#[tokio::test]
async fn a_stream_that_fails_ends_the_call() {
    struct Failing(bool);
    impl futures_core::Stream for Failing {
        type Item = Result<Bytes, std::io::Error>;
        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            let first = std::mem::replace(&mut self.0, false);
            std::task::Poll::Ready(Some(match first {
                true => Ok(Bytes::from_static(b"x")),
                false => Err(std::io::Error::other("the disk is gone")),
            }))
        }
    }
    let (stub, client, _) = setup_with(|builder| builder.retry(RetryPolicy::new()));
    stub.on("/", [Reply::ok("")]);
    let request = client.put(stub.url("/")).body(Body::stream(Failing(true)));
    assert_eq!(request.send().await.unwrap_err().attempts(), 1);
}

#[tokio::test]
async fn forms_with_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scan.pdf");
    std::fs::write(&path, b"%PDF").unwrap();
    let (stub, client, _) = setup();
    stub.on("/", [Reply::ok("")]);
    let form = Multipart::new()
        .text("title", "季度报告")
        .file(
            "inline",
            FilePart::bytes("a,b").name("a.csv").mime("text/csv"),
        )
        .file("scan", FilePart::path(&path));
    client
        .post(stub.url("/"))
        .multipart(form)
        .send()
        .await
        .unwrap();
    let request = &stub.requests()[0];
    let content_type = request.header("content-type").unwrap();
    let boundary = content_type
        .strip_prefix("multipart/form-data; boundary=")
        .unwrap();
    let text = request.text();
    assert_eq!(text.matches(boundary).count(), 4);
    for part in [
        "name=\"title\"\r\n\r\n季度报告\r\n",
        "filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\na,b\r\n",
        "filename=\"scan.pdf\"\r\nContent-Type: application/octet-stream\r\n\r\n%PDF\r\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(
        request.header("content-length"),
        Some(&*request.body.len().to_string())
    );
}

/// Once nobody waits for the answer that it is read for, a stream is not read on, neither by what waits
/// for a piece nor where the pieces come fast.
#[tokio::test]
async fn a_stream_is_read_until_the_deadline_of_the_request_being_served() {
    let (stub, client, _) = setup_with(|builder| builder.no_timeout());
    stub.on("/silent", [Reply::ok("never").pieces(1, 10 * AMPLE)]);
    stub.on("/", [Reply::ok("tick\n").endless()]);
    let served = |left| Served {
        id: RequestId::random(),
        deadline: Some(Instant::now() + left),
        trace: None,
    };
    let mut silent = client.get(stub.url("/silent")).stream().await.unwrap();
    let piece = Scoped::new(served(Duration::from_millis(50)), silent.chunk());
    let error = timeout(AMPLE, piece).await.unwrap().unwrap_err();
    assert!(error.is_timeout());

    // Of a stream that goes on after the request, as the body of its answer does, nothing is cut.
    let mut endless = Scoped::new(served(AMPLE), client.get(stub.url("/")).stream())
        .await
        .unwrap();
    let piece = Scoped::new(served(Duration::ZERO), endless.chunk()).await;
    assert!(piece.unwrap_err().is_timeout());
    assert!(endless.chunk().await.unwrap().is_some());
    let pieces = Scoped::new(served(AMPLE), async move { endless.into_stream() }).await;
    let mut pieces = pin!(pieces);
    let piece = poll_fn(|cx| pieces.as_mut().poll_next(cx)).await;
    assert!(!piece.unwrap().unwrap().is_empty());
}
