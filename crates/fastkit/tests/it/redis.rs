//! The Redis handle with a real server: what it answers, how it fails, how it comes back.

pub(crate) mod server;

use fastkit::redis::{Redis, RedisConfig, Script, cmd};
use server::{Reached as _, Server, impatient};
use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};
use test_servers::{Proxy, free_port};

/// Far more than any limit here, and far less than a test that hangs.
const BOUND: Duration = Duration::from_secs(20);

fn open(config: RedisConfig) -> Redis {
    Redis::open(config).unwrap()
}

/// Asks until the server answers.
async fn back(redis: &Redis) {
    let start = Instant::now();
    while let Err(error) = redis.ping().await {
        assert!(error.is_unavailable(), "{error}");
        assert!(start.elapsed() < BOUND, "it does not come back: {error}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn values_are_kept_and_end() {
    let server = Server::start().unwrap();
    let redis = open(server.config());
    assert_eq!(redis.get::<String>("a").await.unwrap(), None);
    redis.set("a", "one", None).await.unwrap();
    assert_eq!(
        redis.get::<String>("a").await.unwrap().as_deref(),
        Some("one")
    );
    let left: i64 = redis.command(cmd("PTTL").arg("a")).await.unwrap();
    assert_eq!(left, -1, "without end");

    assert!(redis.expire("a", Duration::from_secs(1000)).await.unwrap());
    assert!(!redis.expire("b", Duration::from_secs(1)).await.unwrap());
    let left: i64 = redis.command(cmd("PTTL").arg("a")).await.unwrap();
    assert!((900_000..=1_000_000).contains(&left), "{left}");

    redis
        .set("n", 41, Some(Duration::from_nanos(1)))
        .await
        .unwrap();
    redis.set("n", 41, Some(Duration::MAX)).await.unwrap();
    let next: u64 = redis.command(cmd("INCR").arg("n")).await.unwrap();
    assert_eq!(next, 42);
    redis.set("bytes", &b"\0\xff"[..], None).await.unwrap();
    assert_eq!(
        redis.get::<Vec<u8>>("bytes").await.unwrap().unwrap(),
        b"\0\xff"
    );

    assert!(redis.del("a").await.unwrap());
    assert!(!redis.del("a").await.unwrap());
    assert!(redis.ping().await.unwrap() < BOUND);
}

#[tokio::test]
async fn many_share_a_connection() {
    let server = Server::start().unwrap();
    let redis = open(server.config());
    let tasks: Vec<_> = (0..200_u64)
        .map(|number| {
            let redis = redis.clone();
            tokio::spawn(async move {
                let key = format!("key {number}");
                redis.set(&key, number, None).await.unwrap();
                redis.get::<u64>(&key).await.unwrap()
            })
        })
        .collect();
    for (number, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.await.unwrap(), Some(number as u64));
    }
    let clients: String = redis.command(cmd("CLIENT").arg("LIST")).await.unwrap();
    assert_eq!(clients.lines().count(), 1, "{clients}");
}

#[tokio::test]
async fn a_script_is_loaded_when_the_server_does_not_know_it() {
    let server = Server::start().unwrap();
    let redis = open(server.config());
    let script = Script::new("return {KEYS[1], ARGV[1], ARGV[2] + 1}");
    for _ in 0..2 {
        let answer: (String, String, u64) =
            redis.script(&script, &["key"], ("value", 1)).await.unwrap();
        assert_eq!(answer, ("key".into(), "value".into(), 2));
        let flushed: String = redis.command(cmd("SCRIPT").arg("FLUSH")).await.unwrap();
        assert_eq!(flushed, "OK");
    }
    let known: Vec<bool> = {
        let _: u64 = redis
            .script(&Script::new("return 1"), &[], None::<u8>)
            .await
            .unwrap();
        let checksum = Script::new("return 1").checksum().to_owned();
        let exists = cmd("SCRIPT").arg("EXISTS").arg(checksum).take();
        redis.command(&exists).await.unwrap()
    };
    assert_eq!(known, [true]);

    let broken = Script::new("return redis.call('GET')");
    let error = redis
        .script::<u64>(&broken, &[], None::<u8>)
        .await
        .unwrap_err();
    assert!(error.is_script(), "{error:?}");
    let broken = Script::new("this is not Lua");
    let error = redis
        .script::<u64>(&broken, &[], None::<u8>)
        .await
        .unwrap_err();
    assert!(error.is_script(), "{error:?}");
}

#[tokio::test]
async fn errors_say_what_happened() {
    let server = Server::start().unwrap();
    let redis = open(server.config());
    redis.set("text", "secret words", None).await.unwrap();

    let error = redis.command::<u64>(cmd("LPUSH").arg("text").arg(1)).await;
    let error = error.unwrap_err();
    assert!(error.is_type() && !error.is_unavailable(), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!(
            "redis://127.0.0.1:{}/0: WRONGTYPE Operation against a key holding the wrong kind of value",
            server.port()
        )
    );
    let error = redis.get::<u64>("text").await.unwrap_err();
    assert!(error.is_type(), "{error:?}");
    assert!(!error.to_string().contains("secret"), "{error}");
    let error = redis.command::<u64>(cmd("INCR").arg("text")).await;
    assert!(error.as_ref().unwrap_err().is_server(), "{error:?}");
    let error = redis.command::<u64>(cmd("FLY").arg("secret")).await;
    let error = error.unwrap_err();
    assert!(
        error.is_server() && error.to_string().contains("FLY"),
        "{error}"
    );
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn nobody_listens() {
    let redis = open(RedisConfig::new("127.0.0.1", free_port().unwrap()));
    let error = redis.ping().await.unwrap_err();
    assert!(error.is_refused() && error.is_unavailable(), "{error:?}");
    assert!(error.to_string().starts_with(redis.url()), "{error}");
    // At once, since it was tried a moment ago.
    assert!(redis.ping().await.unwrap_err().is_refused());

    let redis = open(RedisConfig::new("no-such-host.invalid", 6379));
    assert!(redis.ping().await.unwrap_err().is_network());
}

#[tokio::test]
async fn passwords_and_users() {
    let server = Server::with(&[
        "--requirepass",
        "hunter2",
        "--user",
        "reader",
        "on",
        ">hunter3",
        "+get",
        "+select",
        "+client",
        "~*",
    ])
    .unwrap();
    let wrong = [
        server.config(),
        server.config().database(3),
        server.config().password("hunter1"),
        server.config().username("nobody").password("hunter2"),
    ];
    for config in wrong {
        let error = open(config).get::<String>("a").await.unwrap_err();
        assert!(error.is_auth(), "{error:?}");
        assert!(!error.to_string().contains("hunter"), "{error}");
    }
    let redis = open(server.config().password("hunter2").database(3));
    redis.set("a", 1, None).await.unwrap();
    assert!(redis.url().contains(":***@127.0.0.1:") && redis.url().ends_with("/3"));
    assert!(!format!("{redis:?}").contains("hunter2"));

    let reader = server.config().username("reader").password("hunter3");
    let redis = open(reader.database(3));
    assert_eq!(redis.get::<u64>("a").await.unwrap(), Some(1));
    let error = redis.set("a", 2, None).await.unwrap_err();
    assert!(
        error.is_auth() && error.to_string().contains("NOPERM"),
        "{error}"
    );

    let url = format!("redis://:hunter2@127.0.0.1:{}/3", server.port());
    let redis = Redis::open(url.as_str()).unwrap();
    assert_eq!(redis.get::<u64>("a").await.unwrap(), Some(1));

    let open_to_all = Server::start().unwrap();
    let error = open(open_to_all.config().password("hunter2")).ping().await;
    assert!(error.unwrap_err().is_auth());
    let error = open(open_to_all.config().database(99)).ping().await;
    assert!(error.unwrap_err().is_server(), "there are 16 databases");
}

#[tokio::test]
async fn a_server_that_was_killed_comes_back() {
    let mut server = Server::start().unwrap();
    let redis = open(server.config());
    redis.set("a", 1, None).await.unwrap();
    server.kill();
    let error = redis.get::<u64>("a").await.unwrap_err();
    assert!(error.is_unavailable() && !error.is_timeout(), "{error:?}");
    server.restart().unwrap();
    back(&redis).await;
    assert_eq!(redis.get::<u64>("a").await.unwrap(), Some(1));

    // Nobody used it in between: the next command connects anew by itself.
    server.kill();
    server.restart_empty().unwrap();
    back(&redis).await;
    assert_eq!(redis.get::<u64>("a").await.unwrap(), None);
}

#[tokio::test]
async fn a_service_starts_while_its_server_is_down() {
    let mut server = Server::start().unwrap();
    server.kill();
    let redis = open(server.config());
    assert!(redis.ping().await.is_err());
    server.restart().unwrap();
    back(&redis).await;
}

#[tokio::test]
async fn a_server_that_has_stopped_holds_nobody_up() {
    let server = Server::start().unwrap();
    let redis = open(server.impatient());
    redis.set("a", 1, None).await.unwrap();
    server.pause();
    let start = Instant::now();
    let error = redis.get::<u64>("a").await.unwrap_err();
    assert!(error.is_timeout() && error.is_unavailable(), "{error:?}");
    assert!(
        error.to_string().ends_with("no answer within 900ms"),
        "{error}"
    );
    // The system accepts connections for it.
    let error = redis.get::<u64>("a").await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    // Many at once wait no longer than one.
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let redis = redis.clone();
            tokio::spawn(async move { redis.get::<u64>("a").await })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap().unwrap_err().is_timeout());
    }
    assert!(start.elapsed() < BOUND, "{:?}", start.elapsed());
    server.resume();
    back(&redis).await;
    assert_eq!(redis.get::<u64>("a").await.unwrap(), Some(1));
}

#[tokio::test]
async fn a_network_that_loses_everything_or_breaks() {
    let server = Server::start().unwrap();
    let proxy = Proxy::to(server.port()).unwrap();
    let redis = open(impatient(proxy.port()));
    redis.set("a", 1, None).await.unwrap();

    proxy.hold();
    assert!(redis.get::<u64>("a").await.unwrap_err().is_timeout());
    assert!(redis.get::<u64>("a").await.unwrap_err().is_timeout());
    proxy.pass();
    back(&redis).await;
    assert_eq!(redis.get::<u64>("a").await.unwrap(), Some(1));

    proxy.cut();
    let error = redis.get::<u64>("a").await.unwrap_err();
    assert!(error.is_network(), "{error:?}");
    proxy.pass();
    back(&redis).await;
    assert_eq!(redis.get::<u64>("a").await.unwrap(), Some(1));
}

#[tokio::test]
async fn callers_that_give_up_early_do_not_keep_a_dead_connection() {
    let server = Server::start().unwrap();
    let proxy = Proxy::to(server.port()).unwrap();
    let redis = open(impatient(proxy.port()));
    redis.set("a", 1, None).await.unwrap();
    proxy.lose();
    let start = Instant::now();
    let hasty = || tokio::time::timeout(Duration::from_millis(100), redis.get::<u64>("a"));
    while !matches!(hasty().await, Ok(Ok(Some(1)))) {
        assert!(start.elapsed() < BOUND, "the dead connection is kept");
    }
}

#[test]
fn every_runtime_may_use_it() {
    let server = Server::start().unwrap();
    let redis = open(server.config());
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap()
    };
    let stays = runtime();
    stays.block_on(redis.set("a", 1, None)).unwrap();
    for _ in 0..5 {
        let goes = runtime();
        assert_eq!(goes.block_on(redis.get::<u64>("a")).unwrap(), Some(1));
    }
    // The runtime of the first connection runs nothing at the moment: that stops nobody else.
    let (sender, receiver) = mpsc::channel();
    let other = redis.clone();
    thread::spawn(move || sender.send(runtime().block_on(other.get::<u64>("a"))));
    assert_eq!(receiver.recv_timeout(BOUND).unwrap().unwrap(), Some(1));
    assert_eq!(stays.block_on(redis.get::<u64>("a")).unwrap(), Some(1));

    let mut outside = Box::pin(redis.ping());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Err(error)) = outside.as_mut().poll(&mut context) else {
        panic!("there is no runtime to wait on");
    };
    assert!(error.is_config(), "{error}");
}

#[tokio::test]
async fn tls_is_verified_and_installs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("cert"), signed.cert.pem()).unwrap();
    std::fs::write(path("key"), signed.signing_key.serialize_pem()).unwrap();
    let port = free_port().unwrap();
    let _server = Server::with(&[
        "--tls-port",
        &port.to_string(),
        "--tls-cert-file",
        &path("cert"),
        "--tls-key-file",
        &path("key"),
        "--tls-ca-cert-file",
        &path("cert"),
        "--tls-auth-clients",
        "no",
    ])
    .unwrap();
    let url = format!("rediss://localhost:{port}");
    let config = RedisConfig::from_url(&url).unwrap();
    let error = open(config.clone()).ping().await.unwrap_err();
    assert!(
        error.is_network() && error.to_string().contains("TLS"),
        "{error}"
    );

    let trusting = config.add_root_certificate(signed.cert.pem()).unwrap();
    let redis = open(trusting.clone());
    redis.set("a", 1, None).await.unwrap();
    assert_eq!(redis.get::<u64>("a").await.unwrap(), Some(1));
    assert!(redis.url().starts_with("rediss://localhost:"));

    let plain = open(RedisConfig::new("localhost", port));
    assert!(plain.ping().await.is_err());
    assert!(trusting.add_root_certificate("no certificate").is_err());
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
}
