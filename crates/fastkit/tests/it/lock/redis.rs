//! Locks in Redis: how they end, and what a server does to them that stops, dies, forgets or is cut off.

use super::suite::{BOUND, LONG, Place, busy, claim, done, due, granted, in_the_end};
use crate::redis::server::{Reached as _, Server, impatient};
use chrono::TimeDelta;
use fastkit::{
    executor::lock::{Answer, Boxed, Claim, Fence, Lock, RedisLock},
    redis::{Redis, RedisConfig, cmd},
};
use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use test_servers::Proxy;

struct InRedis(Server);

impl Place for InRedis {
    fn lock(&self) -> Box<dyn Lock> {
        Box::new(lock(self.0.config()))
    }

    fn take_away<'a>(&'a self, name: &'a str) -> Boxed<'a, ()> {
        Box::pin(async move {
            let redis = Redis::open(self.0.config()).unwrap();
            assert!(redis.del(&format!("demo:{{{name}}}:run")).await.unwrap());
        })
    }
}

promises!(InRedis(Server::start().unwrap()));

fn lock(config: RedisConfig) -> RedisLock {
    RedisLock::new(Redis::open(config).unwrap(), "demo")
}

/// The time that a key still has, in milliseconds.
async fn left(redis: &Redis, key: &str) -> i64 {
    redis.command(cmd("PTTL").arg(key)).await.unwrap()
}

/// The time of the server in milliseconds.
async fn server_time(redis: &Redis) -> u64 {
    let (seconds, microseconds): (u64, u64) = redis.command(&cmd("TIME")).await.unwrap();
    seconds * 1000 + microseconds / 1000
}

#[tokio::test]
async fn every_key_ends_at_its_time() {
    let server = Server::start().unwrap();
    let lock = lock(server.config());
    let redis = lock.redis();
    let claim = Claim {
        ttl: Duration::from_secs(100),
        remember: Duration::from_secs(5),
        ..claim("job", due())
    };
    let before = server_time(redis).await;
    let mut lease = granted(&lock, &claim).await;
    assert!(lease.fence().number() >= before && lease.fence().number() < before + 60_000);
    let near = |left: i64, seconds: i64| (seconds - 30) * 1000 <= left && left <= seconds * 1000;
    assert!(near(left(redis, "demo:{job}:run").await, 100));
    let told = i64::try_from(busy(&lock, &claim).await.as_millis()).unwrap();
    assert!(near(told, 100), "{told}");
    assert!(
        redis
            .expire("demo:{job}:run", Duration::from_secs(60))
            .await
            .unwrap()
    );
    assert!(lease.renew().await.unwrap());
    assert!(near(left(redis, "demo:{job}:run").await, 100));
    let year = 400 * 24 * 60 * 60;
    assert!(near(left(redis, "demo:{job}:fence").await, year));
    lease.finish(true).await.unwrap();
    assert_eq!(left(redis, "demo:{job}:run").await, -2, "it is gone");
    assert!(
        near(left(redis, "demo:{job}:done").await, 3600),
        "at least an hour"
    );

    let rare = Claim {
        remember: Duration::from_secs(3 * 366 * 24 * 60 * 60),
        ..self::claim("rare", due())
    };
    granted(&lock, &rare).await.finish(true).await.unwrap();
    assert!(near(
        left(redis, "demo:{rare}:done").await,
        3 * 366 * 24 * 60 * 60
    ));
    assert!(near(
        left(redis, "demo:{rare}:fence").await,
        6 * 366 * 24 * 60 * 60
    ));
}

#[tokio::test]
async fn prefixes_are_apart() {
    let server = Server::start().unwrap();
    let redis = Redis::open(server.config()).unwrap();
    let (one, other) = (
        RedisLock::new(redis.clone(), "one"),
        RedisLock::new(redis, "other{"),
    );
    let first = granted(&one, &claim("job", due())).await;
    granted(&other, &claim("job", due()))
        .await
        .finish(true)
        .await
        .unwrap();
    first.finish(true).await.unwrap();
}

/// The run was there all the time, and only the lock has ended: nobody needs to run it again.
#[tokio::test]
async fn who_finishes_late_and_before_others_has_still_done_it() {
    let server = Server::start().unwrap();
    let lock = lock(server.config());
    let lease = granted(&lock, &claim("job", due())).await;
    assert!(lock.redis().del("demo:{job}:run").await.unwrap());
    lease.finish(true).await.unwrap();
    done(&lock, &claim("job", due())).await;
}

#[tokio::test]
async fn a_server_that_forgets_takes_the_lock_away() {
    let mut server = Server::start().unwrap();
    let (one, other) = (lock(server.config()), lock(server.config()));
    let claim = claim("job", due());
    let mut first = granted(&one, &claim).await;
    server.kill();
    let error = first.renew().await.unwrap_err();
    assert!(
        error.to_string().starts_with("redis://127.0.0.1:"),
        "{error}"
    );
    assert!(
        other.acquire(&claim).await.is_err(),
        "nobody starts without a lock"
    );
    server.restart_empty().unwrap();
    let (second, _) = in_the_end(&other, &claim).await;
    assert!(second.fence() > first.fence());
    assert!(!renewed_in_the_end(&mut *first).await, "lost");
    first.finish(true).await.unwrap();
    busy(&one, &claim).await;
    second.finish(true).await.unwrap();
    done(&one, &claim).await;
}

/// Renews until there is an answer.
async fn renewed_in_the_end(lease: &mut dyn fastkit::executor::lock::Lease) -> bool {
    let start = Instant::now();
    loop {
        match lease.renew().await {
            Ok(renewed) => return renewed,
            Err(error) => assert!(start.elapsed() < BOUND, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_server_that_remembers_leaves_the_lock() {
    let mut server = Server::start().unwrap();
    let (one, other) = (lock(server.config()), lock(server.config()));
    let claim = claim("job", due());
    let mut lease = granted(&one, &claim).await;
    server.kill();
    assert!(lease.renew().await.is_err());
    server.restart().unwrap();
    assert!(renewed_in_the_end(&mut *lease).await);
    busy(&other, &claim).await;
    lease.finish(true).await.unwrap();
    server.kill();
    server.restart().unwrap();
    let start = Instant::now();
    loop {
        match other.acquire(&claim).await {
            Ok(Answer::Done) => break,
            Err(error) => assert!(start.elapsed() < BOUND, "{error}"),
            other => panic!("{other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_server_that_has_stopped_is_an_error_in_time() {
    let server = Server::start().unwrap();
    let (one, other) = (lock(server.impatient()), lock(server.impatient()));
    let mut lease = granted(&one, &claim("job", due())).await;
    server.pause();
    let start = Instant::now();
    assert!(lease.renew().await.is_err());
    assert!(other.acquire(&claim("job", due())).await.is_err());
    assert!(other.acquire(&claim("new", due())).await.is_err());
    assert!(start.elapsed() < BOUND);
    server.resume();
    assert!(renewed_in_the_end(&mut *lease).await, "it has not ended");
    // The server has the command of the one who gave up, and gives the lock to nobody: who gave up gets it.
    let (new, time) = in_the_end(&other, &claim("new", due())).await;
    assert!(time < LONG);
    new.finish(true).await.unwrap();
    lease.finish(true).await.unwrap();
}

/// A lock that was given to somebody who had stopped waiting is not lost until its end.
#[tokio::test]
async fn an_answer_that_was_lost_is_asked_for_again() {
    let server = Server::start().unwrap();
    let proxy = Proxy::to(server.port()).unwrap();
    let (far, near) = (lock(impatient(proxy.port())), lock(server.config()));
    // So that the server knows the script.
    granted(&far, &claim("task", None))
        .await
        .finish(true)
        .await
        .unwrap();
    proxy.hold();
    assert!(far.acquire(&claim("task", None)).await.is_err());
    proxy.pass();
    // The command arrives late: the server gives the lock away, and the answer goes nowhere.
    let start = Instant::now();
    while lock_holders(&near).await == 0 {
        assert!(start.elapsed() < BOUND, "the late command never arrived");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    busy(&near, &claim("task", None)).await;
    let (lease, time) = in_the_end(&far, &claim("task", None)).await;
    assert!(time < LONG, "{time:?}");
    assert_eq!(lock_holders(&near).await, 1);
    lease.finish(true).await.unwrap();
    granted(&near, &claim("task", None))
        .await
        .finish(true)
        .await
        .unwrap();
}

async fn lock_holders(lock: &RedisLock) -> usize {
    let keys: Vec<String> = lock
        .redis()
        .command(cmd("KEYS").arg("*:run"))
        .await
        .unwrap();
    keys.len()
}

/// The holder is cut off, another takes over after the ttl, and what the first one still writes is refused.
#[tokio::test]
async fn a_holder_that_is_cut_off_cannot_do_harm() {
    let server = Server::start().unwrap();
    let proxy = Proxy::to(server.port()).unwrap();
    let (far, near) = (lock(impatient(proxy.port())), lock(server.config()));
    let ttl = Duration::from_secs(2);
    let claim = Claim {
        ttl,
        ..claim("job", due())
    };
    let mut first = granted(&far, &claim).await;
    assert!(
        first
            .fence()
            .redis_set(far.redis(), "report", "first")
            .await
            .unwrap()
    );
    proxy.hold();
    let cut = Instant::now();
    let error = first.renew().await.unwrap_err();
    assert!(error.to_string().contains("within 900ms"), "{error}");
    let late = first.fence().redis_set(far.redis(), "report", "late");
    assert!(late.await.unwrap_err().is_timeout());

    let (second, _) = in_the_end(&near, &claim).await;
    println!(
        "taken over {:?} after the cut with a ttl of {ttl:?}",
        cut.elapsed()
    );
    assert!(second.fence() > first.fence());
    assert!(
        second
            .fence()
            .redis_set(near.redis(), "report", "second")
            .await
            .unwrap()
    );
    proxy.pass();
    assert!(!renewed_in_the_end(&mut *first).await, "lost");
    assert!(
        !first
            .fence()
            .redis_set(far.redis(), "report", "stale")
            .await
            .unwrap()
    );
    assert!(
        !first
            .fence()
            .redis_check(far.redis(), "report")
            .await
            .unwrap()
    );
    first.finish(true).await.unwrap();
    let kept: Option<String> = near.redis().get("report").await.unwrap();
    assert_eq!(kept.as_deref(), Some("second"));
    second.finish(true).await.unwrap();
    done(&near, &claim).await;
}

#[tokio::test]
async fn a_fence_lets_no_older_write_in() {
    let server = Server::start().unwrap();
    let redis = Redis::open(server.config()).unwrap();
    let fence = Fence::new;
    assert!(fence(5).redis_set(&redis, "a", 1).await.unwrap());
    assert!(fence(5).redis_set(&redis, "a", 2).await.unwrap(), "its own");
    assert!(!fence(4).redis_set(&redis, "a", 3).await.unwrap());
    assert_eq!(redis.get::<u64>("a").await.unwrap(), Some(2));
    assert!(
        fence(1).redis_set(&redis, "b", 1).await.unwrap(),
        "each key has its own"
    );
    assert!(fence(9).redis_check(&redis, "a").await.unwrap());
    assert!(!fence(8).redis_set(&redis, "a", 4).await.unwrap());
    assert!(!fence(8).redis_check(&redis, "a").await.unwrap());
    let error = fence(10).redis_set(&redis, "a", &["two", "values"]).await;
    assert!(error.unwrap_err().is_script());
    assert!(
        fence(9).redis_set(&redis, "a", 5).await.unwrap(),
        "10 has written nothing"
    );
    redis.set("{x}:fence", "no number", None).await.unwrap();
    assert!(
        fence(1)
            .redis_set(&redis, "x", 1)
            .await
            .unwrap_err()
            .is_script()
    );
}

#[tokio::test]
async fn a_fence_grows_over_a_clock_that_goes_back() {
    let server = Server::start().unwrap();
    let lock = lock(server.config());
    let ahead = server_time(lock.redis()).await + 3_600_000;
    lock.redis()
        .set("demo:{job}:fence", ahead, None)
        .await
        .unwrap();
    let lease = granted(&lock, &claim("job", due())).await;
    assert_eq!(lease.fence().number(), ahead + 1);
    lease.finish(true).await.unwrap();
    let lease = granted(&lock, &claim("job", due() + TimeDelta::seconds(1))).await;
    assert_eq!(lease.fence().number(), ahead + 2);
}

#[tokio::test]
async fn a_key_without_end_is_busy_for_the_ttl() {
    let server = Server::start().unwrap();
    let lock = lock(server.config());
    lock.redis()
        .set("demo:{job}:run", "foreign", None)
        .await
        .unwrap();
    assert_eq!(busy(&lock, &claim("job", due())).await, LONG);
    lock.redis()
        .set("demo:{other}:done", "no number", None)
        .await
        .unwrap();
    let error = lock.acquire(&claim("other", due())).await.unwrap_err();
    assert!(error.to_string().contains("redis://"), "{error}");
}

/// Eight threads that take turns, each with a connection of its own through a network that fails, and a server
/// that is stopped, killed and emptied meanwhile. What they write to is a place that checks the fence.
#[test]
fn whatever_happens_no_stale_write_is_let_in() {
    const ROUNDS: usize = 12;
    let mut server = Server::start().unwrap();
    let proxy = Proxy::to(server.port()).unwrap();
    let (near, far) = (server.impatient(), impatient(proxy.port()));
    let place = Mutex::new(Written::default());
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for number in 0..8 {
            let config = if number % 2 == 0 { &near } else { &far };
            let (place, is_over) = (&place, &is_over);
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread();
                let runtime = { runtime }.enable_all().build().unwrap();
                runtime.block_on(take_turns(&lock(config.clone()), place, is_over));
            });
        }
        let wait_until = |what: &dyn Fn(&Written) -> bool| {
            let start = Instant::now();
            while !what(&place.lock().unwrap()) {
                if start.elapsed() > BOUND {
                    is_over.store(true, Ordering::SeqCst);
                    panic!("nobody gets on: {:?}", place.lock().unwrap());
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        // Each kind of trouble waits until somebody has written, so that it meets a holder.
        let progress = || {
            let before = place.lock().unwrap().accepted;
            wait_until(&|place| place.accepted >= before + 4);
        };
        for round in 0..ROUNDS {
            progress();
            match round % 4 {
                0 => {
                    server.kill();
                    server.restart_empty().unwrap();
                }
                1 => {
                    proxy.hold();
                    progress();
                    proxy.pass();
                }
                2 => {
                    server.pause();
                    std::thread::sleep(Duration::from_millis(500));
                    server.resume();
                }
                _ => {
                    proxy.cut();
                    progress();
                    proxy.pass();
                }
            }
        }
        wait_until(&|place| place.refused > 0 && place.lost > 0);
        is_over.store(true, Ordering::SeqCst);
    });
    let place = place.into_inner().unwrap();
    println!(
        "{} writes let in, {} stale ones refused, {} holders that were told of their loss",
        place.accepted, place.refused, place.lost
    );
}

/// A place that checks the fence.
#[derive(Debug, Default)]
struct Written {
    last: Option<(Fence, usize)>,
    accepted: usize,
    refused: usize,
    lost: usize,
}

/// Takes the lock again and again, and writes three times while it is had. Each eighth holder stops in
/// between until its lock has ended.
async fn take_turns(lock: &RedisLock, place: &Mutex<Written>, is_over: &AtomicBool) {
    static LEASES: AtomicUsize = AtomicUsize::new(0);
    let task = Claim {
        ttl: Duration::from_millis(500),
        ..claim("task", None)
    };
    while !is_over.load(Ordering::SeqCst) {
        let Ok(Answer::Granted(mut lease)) = lock.acquire(&task).await else {
            tokio::time::sleep(Duration::from_millis(2)).await;
            continue;
        };
        let number = LEASES.fetch_add(1, Ordering::SeqCst);
        for turn in 0..3 {
            let pause = if number % 8 == 7 && turn == 1 {
                task.ttl * 2
            } else {
                Duration::from_millis(10)
            };
            {
                let mut place = place.lock().unwrap();
                match place.last {
                    Some((last, _)) if lease.fence() < last => place.refused += 1,
                    Some((last, other)) if lease.fence() == last => {
                        assert_eq!(number, other, "two leases have the fence {last}");
                        place.accepted += 1;
                    }
                    _ => {
                        place.last = Some((lease.fence(), number));
                        place.accepted += 1;
                    }
                }
            }
            tokio::time::sleep(pause).await;
            // Who is told so goes on all the same, as one that did not look.
            if let Ok(false) = lease.renew().await {
                place.lock().unwrap().lost += 1;
            }
        }
        let _ = lease.finish(true).await;
    }
}
