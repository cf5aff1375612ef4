//! Serving real files of a temporary folder.

use super::*;
use http_body_util::BodyExt as _;
use std::fs;
use tempfile::TempDir;

const LARGE: usize = 300_000;

/// `public/` is the root; `secret.txt` lies beside it.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("public");
    fs::create_dir_all(root.join("css")).unwrap();
    fs::create_dir_all(root.join(".git")).unwrap();
    fs::write(folder.path().join("secret.txt"), "secret").unwrap();
    fs::write(root.join("hello.txt"), "hello, world").unwrap();
    fs::write(root.join("empty.txt"), "").unwrap();
    fs::write(root.join("css/site.css"), "body{}").unwrap();
    fs::write(root.join("中文 名.html"), "<p>你好</p>").unwrap();
    fs::write(root.join(".env"), "secret").unwrap();
    fs::write(root.join(".git/config"), "secret").unwrap();
    fs::write(root.join("100%.txt"), "percent").unwrap();
    fs::write(root.join("large.bin"), pattern()).unwrap();
    fs::write(root.join("app.js"), "plain").unwrap();
    fs::write(root.join("app.js.gz"), "packed").unwrap();
    fs::write(root.join("alone.js.gz"), "packed").unwrap();
    folder
}

fn pattern() -> Vec<u8> {
    (0..LARGE).map(|index| (index % 251) as u8).collect()
}

fn files(folder: &TempDir) -> StaticFiles {
    StaticFiles::new(folder.path().join("public"))
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        map.append(*name, HeaderValue::from_str(value).unwrap());
    }
    map
}

async fn get(
    folder: &TempDir,
    path: &str,
    pairs: &[(&'static str, &str)],
) -> Result<Response<Body>, Refusal> {
    files(folder)
        .serve(&Method::GET, path, &headers(pairs))
        .await
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> Option<&'a str> {
    response
        .headers()
        .get(name)
        .map(|value| value.to_str().unwrap())
}

async fn bytes(response: Response<Body>) -> Bytes {
    response.into_body().collect().await.unwrap().to_bytes()
}

#[tokio::test]
async fn a_file_comes_with_its_type_and_validators() {
    let folder = folder();
    let response = get(&folder, "css/site.css", &[]).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(
        header(&response, "content-type"),
        Some("text/css; charset=utf-8")
    );
    assert_eq!(header(&response, "content-length"), Some("6"));
    assert_eq!(header(&response, "accept-ranges"), Some("bytes"));
    assert_eq!(header(&response, "cache-control"), Some("no-cache"));
    assert!(header(&response, "etag").unwrap().starts_with('"'));
    assert!(
        header(&response, "last-modified")
            .unwrap()
            .ends_with(" GMT")
    );
    assert_eq!(header(&response, "vary"), None);
    assert_eq!(bytes(response).await, "body{}");

    for (path, content) in [
        ("%E4%B8%AD%E6%96%87%20%E5%90%8D.html", "<p>你好</p>"),
        ("100%25.txt", "percent"),
        ("empty.txt", ""),
    ] {
        assert_eq!(
            bytes(get(&folder, path, &[]).await.unwrap()).await,
            content,
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_is_not_a_visible_file_below_the_root_is_not_found() {
    let folder = folder();
    for path in [
        "",
        "nope.css",
        "css",
        "css/",
        "css/nope",
        "hello.txt/",
        "hello.txt/more",
        "../secret.txt",
        "css/../../secret.txt",
        "css/../hello.txt",
        "%2e%2e/secret.txt",
        "%2e%2e%2fsecret.txt",
        "..%2fsecret.txt",
        ".%2e/secret.txt",
        "%252e%252e/secret.txt",
        "..%5csecret.txt",
        "..\\secret.txt",
        "%c0%ae%c0%ae/secret.txt",
        "/etc/passwd",
        "//etc/passwd",
        "%2fetc%2fpasswd",
        ".env",
        "%2eenv",
        ".git/config",
        "%2egit/config",
        ".",
        "./hello.txt",
        "css/./site.css",
        "css//site.css",
        "css%2fsite.css",
        "hello.txt%00",
        "hello.txt%00.css",
        "hello.txt%0a",
        "100%.txt",
        "100%2525.txt",
        "HELLO.TXT",
    ] {
        let refusal = get(&folder, path, &[]).await.expect_err(path);
        assert_eq!(refusal.status(), 404, "{path}");
    }
    let endless = "a".repeat(5000);
    assert_eq!(get(&folder, &endless, &[]).await.unwrap_err().status(), 404);
}

#[tokio::test]
async fn a_root_that_is_not_there_has_no_files_yet() {
    let folder = tempfile::tempdir().unwrap();
    let files = StaticFiles::new(folder.path().join("later"));
    let none = HeaderMap::new();
    assert_eq!(
        files
            .serve(&Method::GET, "a.txt", &none)
            .await
            .unwrap_err()
            .status(),
        404
    );
    fs::create_dir(folder.path().join("later")).unwrap();
    fs::write(folder.path().join("later/a.txt"), "now").unwrap();
    assert_eq!(
        bytes(files.serve(&Method::GET, "a.txt", &none).await.unwrap()).await,
        "now"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_followed_inside_of_the_root_only() {
    use std::os::unix::fs::symlink;

    let folder = folder();
    let root = folder.path().join("public");
    symlink("css/site.css", root.join("inside.css")).unwrap();
    symlink(root.join("css"), root.join("styles")).unwrap();
    symlink("../secret.txt", root.join("outside.txt")).unwrap();
    symlink("/etc/passwd", root.join("passwd")).unwrap();
    symlink(folder.path(), root.join("up")).unwrap();
    symlink(".env", root.join("env.txt")).unwrap();
    symlink(".git", root.join("git")).unwrap();
    symlink("dangling", root.join("nowhere")).unwrap();
    for path in ["inside.css", "styles/site.css"] {
        assert_eq!(
            bytes(get(&folder, path, &[]).await.unwrap()).await,
            "body{}",
            "{path}"
        );
    }
    for path in [
        "outside.txt",
        "passwd",
        "up/secret.txt",
        "up/public/hello.txt/x",
        "env.txt",
        "git/config",
        "nowhere",
    ] {
        let refusal = get(&folder, path, &[]).await.expect_err(path);
        assert_eq!(refusal.status(), 404, "{path}");
    }
    // A sibling whose name starts like the root's is outside too.
    fs::create_dir(folder.path().join("public-not")).unwrap();
    fs::write(folder.path().join("public-not/a.txt"), "secret").unwrap();
    symlink("../public-not", root.join("not")).unwrap();
    assert_eq!(
        get(&folder, "not/a.txt", &[]).await.unwrap_err().status(),
        404
    );
    // The root itself may be a link, as deployments make them.
    symlink(&root, folder.path().join("current")).unwrap();
    let current = StaticFiles::new(folder.path().join("current"));
    let response = current
        .serve(&Method::GET, "hello.txt", &HeaderMap::new())
        .await
        .unwrap();
    assert_eq!(bytes(response).await, "hello, world");
}

#[cfg(unix)]
#[tokio::test]
async fn pipes_and_sockets_are_not_files() {
    let folder = folder();
    let socket = folder.path().join("public/socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    assert_eq!(get(&folder, "socket", &[]).await.unwrap_err().status(), 404);
    let pipe = folder.path().join("public/pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    if made.is_ok_and(|status| status.success()) {
        assert_eq!(get(&folder, "pipe", &[]).await.unwrap_err().status(), 404);
    }
}

#[tokio::test]
async fn only_get_and_head_are_allowed() {
    let folder = folder();
    let none = HeaderMap::new();
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        for path in ["hello.txt", "nope"] {
            let refusal = files(&folder)
                .serve(&method, path, &none)
                .await
                .unwrap_err();
            assert_eq!(refusal.status(), 405);
            assert_eq!(refusal.headers()["allow"], "GET, HEAD");
        }
    }
    let get = get(&folder, "large.bin", &[]).await.unwrap();
    let head = files(&folder)
        .serve(&Method::HEAD, "large.bin", &none)
        .await
        .unwrap();
    assert_eq!(get.headers(), head.headers());
    assert_eq!(header(&head, "content-length"), Some("300000"));
    assert!(bytes(head).await.is_empty());
}

#[tokio::test]
async fn large_files_arrive_whole_and_in_chunks() {
    let folder = folder();
    let response = get(&folder, "large.bin", &[]).await.unwrap();
    assert_eq!(header(&response, "content-length"), Some("300000"));
    let mut body = response.into_body();
    assert_eq!(http_body::Body::size_hint(&body).exact(), Some(300_000));
    let (mut chunks, mut got) = (0, Vec::new());
    while let Some(frame) = body.frame().await {
        got.extend_from_slice(&frame.unwrap().into_data().unwrap());
        chunks += 1;
    }
    assert_eq!(got, pattern());
    assert_eq!(chunks, 3);
    assert!(http_body::Body::is_end_stream(&body));
}

#[tokio::test]
async fn a_file_that_shrinks_while_it_is_sent_is_cut_with_an_error() {
    let folder = folder();
    let response = get(&folder, "large.bin", &[]).await.unwrap();
    let file = fs::OpenOptions::new()
        .write(true)
        .open(folder.path().join("public/large.bin"));
    file.unwrap().set_len(1000).unwrap();
    let outcome = response.into_body().collect().await;
    assert!(
        outcome.is_err(),
        "a short body would look like the whole file"
    );
}

#[tokio::test]
async fn a_part_is_sent_on_request() {
    let folder = folder();
    for (path, range, content_range, content) in [
        ("hello.txt", "bytes=0-4", "bytes 0-4/12", b"hello".to_vec()),
        ("hello.txt", "bytes=-5", "bytes 7-11/12", b"world".to_vec()),
        (
            "hello.txt",
            "bytes=7-99",
            "bytes 7-11/12",
            b"world".to_vec(),
        ),
        (
            "large.bin",
            "bytes=1000-200999",
            "bytes 1000-200999/300000",
            pattern()[1000..201_000].to_vec(),
        ),
        (
            "large.bin",
            "bytes=299999-",
            "bytes 299999-299999/300000",
            pattern()[299_999..].to_vec(),
        ),
    ] {
        let response = get(&folder, path, &[("range", range)]).await.unwrap();
        assert_eq!(response.status(), 206, "{range}");
        assert_eq!(header(&response, "content-range"), Some(content_range));
        assert_eq!(
            header(&response, "content-length"),
            Some(content.len().to_string().as_str())
        );
        assert_eq!(bytes(response).await, content, "{range}");
    }
    for (path, range, total) in [
        ("hello.txt", "bytes=12-", "bytes */12"),
        ("empty.txt", "bytes=0-0", "bytes */0"),
    ] {
        let refusal = get(&folder, path, &[("range", range)]).await.unwrap_err();
        assert_eq!(refusal.status(), 416);
        assert_eq!(refusal.headers()["content-range"], total);
    }
    let several = get(&folder, "hello.txt", &[("range", "bytes=0-1,3-4")])
        .await
        .unwrap();
    assert_eq!(several.status(), 200);
    assert_eq!(bytes(several).await, "hello, world");
}

#[tokio::test]
async fn an_unchanged_file_is_not_sent_again() {
    let folder = folder();
    let first = get(&folder, "hello.txt", &[]).await.unwrap();
    let tag = header(&first, "etag").unwrap().to_owned();
    let date = header(&first, "last-modified").unwrap().to_owned();
    for (name, value) in [("if-none-match", &tag), ("if-modified-since", &date)] {
        let again = get(&folder, "hello.txt", &[(name, value)]).await.unwrap();
        assert_eq!(again.status(), 304, "{name}");
        assert_eq!(header(&again, "etag"), Some(tag.as_str()));
        assert_eq!(header(&again, "cache-control"), Some("no-cache"));
        assert_eq!(header(&again, "content-length"), None);
        assert!(bytes(again).await.is_empty());
    }
    fs::write(folder.path().join("public/hello.txt"), "changed").unwrap();
    let changed = get(&folder, "hello.txt", &[("if-none-match", &tag)])
        .await
        .unwrap();
    assert_eq!(changed.status(), 200);
    let refusal = get(&folder, "hello.txt", &[("if-match", &tag)])
        .await
        .unwrap_err();
    assert_eq!(refusal.status(), 412);
}

#[tokio::test]
async fn precompressed_siblings_are_used_where_switched_on() {
    let folder = folder();
    let gzip = headers(&[("accept-encoding", "gzip")]);
    let off = files(&folder)
        .serve(&Method::GET, "app.js", &gzip)
        .await
        .unwrap();
    assert_eq!(header(&off, "content-encoding"), None);
    assert_eq!(bytes(off).await, "plain");

    let on = files(&folder).precompressed(true);
    let packed = on.serve(&Method::GET, "app.js", &gzip).await.unwrap();
    assert_eq!(header(&packed, "content-encoding"), Some("gzip"));
    assert_eq!(
        header(&packed, "content-type"),
        Some("text/javascript; charset=utf-8")
    );
    assert_eq!(header(&packed, "vary"), Some("accept-encoding"));
    assert!(header(&packed, "etag").unwrap().ends_with("-gz\""));
    assert_eq!(bytes(packed).await, "packed");

    let refused = headers(&[("accept-encoding", "gzip;q=0")]);
    let plain = on.serve(&Method::GET, "app.js", &refused).await.unwrap();
    assert_eq!(header(&plain, "content-encoding"), None);
    assert_eq!(header(&plain, "vary"), Some("accept-encoding"));
    assert_eq!(bytes(plain).await, "plain");
    // No sibling: the file itself. No file: nothing, whatever lies beside it.
    assert_eq!(
        bytes(on.serve(&Method::GET, "hello.txt", &gzip).await.unwrap()).await,
        "hello, world"
    );
    assert_eq!(
        on.serve(&Method::GET, "alone.js", &gzip)
            .await
            .unwrap_err()
            .status(),
        404
    );
}

#[tokio::test]
async fn cache_control_can_be_chosen() {
    let folder = folder();
    let files = files(&folder).cache_control(HeaderValue::from_static("max-age=60"));
    let response = files
        .serve(&Method::GET, "hello.txt", &HeaderMap::new())
        .await
        .unwrap();
    assert_eq!(header(&response, "cache-control"), Some("max-age=60"));
}

#[test]
fn a_refusal_keeps_its_cause_to_the_log() {
    let refusal = Refusal::Unreadable(io::Error::other("/srv/app: denied"));
    assert_eq!(refusal.to_string(), "the file cannot be read");
    assert_eq!(
        std::error::Error::source(&refusal).unwrap().to_string(),
        "/srv/app: denied"
    );
    assert_eq!(refusal.status(), 500);
}
