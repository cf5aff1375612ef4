//! The toolkit inside a service: log lines know their request, results are kept by `#[cached]`.

use fastflyer::{
    Config,
    cache::{self, cached},
    fastkit::context::follow,
    logger::{self, Level, LogConfig},
    prelude::*,
    testing::TestClient,
};
use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

#[cached(ttl = 60, key = "toolkit:{id}", pool = "toolkit-items")]
async fn stock(id: u64) -> Result<u64> {
    static LOADS: AtomicUsize = AtomicUsize::new(0);
    logger::info!(target: "toolkit", "loading {id}");
    if id == 0 {
        return Err(ApiError::not_found());
    }
    Ok(id * 10 + LOADS.fetch_add(1, Ordering::SeqCst) as u64)
}

#[get("/async/{id}")]
async fn on_the_loop(id: u64) -> Result<u64> {
    logger::info!(target: "toolkit", "async before");
    tokio::task::yield_now().await;
    let task = tokio::spawn(follow(async {
        logger::info!(target: "toolkit", "spawned")
    }));
    task.await?;
    let stock = stock(id).await;
    logger::info!(target: "toolkit", "async after");
    stock
}

#[get("/plain")]
fn on_the_pool() -> &'static str {
    logger::info!(target: "toolkit", "plain\nforged | request_id=x");
    "done"
}

/// An operation may itself be cached: the attribute that makes the operation stands first.
#[get("/whole/{id}")]
#[cached]
fn whole(id: u64) -> u64 {
    logger::info!(target: "toolkit", "whole {id}");
    id
}

#[tokio::test]
async fn every_line_of_a_request_carries_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let config = LogConfig {
        console: None,
        file: Some(Level::Info),
        folder: folder.path().to_owned(),
        directives: "off,toolkit=info".parse().unwrap(),
        ..LogConfig::default()
    };
    // For the whole process: plain handlers run on threads of their own.
    let guard = logger::init(&config).unwrap();
    let api = FlyerApi::new(Config::new()).include(routes![on_the_loop, on_the_pool, whole]);
    let client = TestClient::new(api).unwrap();
    let ask = async |path: &str, id: &str| {
        let request = client.get(path).header("x-request-id", id);
        let answer = request.send().await;
        (answer.status(), answer.json()["data"].clone())
    };
    let (one, two, three) = tokio::join!(
        ask("/flyer/async/7", "id-1"),
        ask("/flyer/plain", "id-2"),
        ask("/flyer/async/0", "id-3"),
    );
    assert_eq!((one.0, one.1), (200, 70.into()));
    assert_eq!((two.0, three.0), (200, 404));
    assert_eq!(ask("/flyer/async/7", "id-4").await.1, 70, "kept");
    assert_eq!(ask("/flyer/whole/3", "id-5").await, (200, 3.into()));
    assert_eq!(ask("/flyer/whole/3", "id-6").await, (200, 3.into()));
    assert!(cache::pool("toolkit-items").delete("toolkit:7"));
    assert_eq!(ask("/flyer/async/7", "id-7").await.1, 71);

    assert!(guard.flush(Duration::from_secs(20)));
    let text = fs::read_to_string(folder.path().join("error.log")).unwrap();
    let of = |id: &str| -> Vec<&str> {
        let ending = format!(" | request_id={id}");
        let lines = text.lines().filter_map(|line| line.strip_suffix(&ending));
        lines
            .filter_map(|line| line.splitn(4, " | ").nth(3))
            .collect()
    };
    assert_eq!(
        of("id-1"),
        ["async before", "spawned", "loading 7", "async after"]
    );
    assert_eq!(of("id-2"), ["plain\\nforged \\u007c request_id=x"]);
    assert_eq!(
        of("id-3"),
        ["async before", "spawned", "loading 0", "async after"]
    );
    assert_eq!(of("id-4"), ["async before", "spawned", "async after"]);
    assert_eq!((of("id-5"), of("id-6")), (vec!["whole 3"], vec![]));
    let without = text
        .lines()
        .filter(|line| !line.contains(" | request_id=id-"));
    assert_eq!(without.count(), 0, "{text}");
}
