//! Loading: one for all, whatever becomes of the one.

use fastkit::cache::{self, Backend, Clock, Error, Pending, Pool, Remote, cached};
use std::{
    collections::BTreeMap,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};
use tokio::sync::{Semaphore, oneshot};

fn pool() -> Pool {
    cache::builder().build().unwrap()
}

/// Waits until something happened that others do.
async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait)
        .await
        .unwrap();
}

#[tokio::test]
async fn tasks_that_miss_together_load_once() {
    let pool = pool();
    let gate = Arc::new(Semaphore::new(0));
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (pool, gate) = (pool.clone(), gate.clone());
            tokio::spawn(async move {
                let load = || async {
                    gate.acquire().await.unwrap().forget();
                    Ok::<_, io::Error>("value".to_owned())
                };
                pool.get_or_load("key", load).await.unwrap()
            })
        })
        .collect();
    until(|| pool.stats().misses == 50).await;
    gate.add_permits(1);
    for task in tasks {
        assert_eq!(task.await.unwrap(), "value");
    }
    assert_eq!(pool.stats().loads, 1);
    // Another key does not wait for this one.
    assert_eq!(
        pool.get_or_load("other", || async { Ok::<_, io::Error>(1) })
            .await
            .unwrap(),
        1
    );
}

#[tokio::test]
async fn a_cancelled_load_is_taken_over() {
    let pool = pool();
    let first = tokio::spawn({
        let pool = pool.clone();
        async move {
            pool.get_or_load("key", std::future::pending::<Result<i32, io::Error>>)
                .await
        }
    });
    until(|| pool.stats().loads == 1).await;
    let second = tokio::spawn({
        let pool = pool.clone();
        async move {
            pool.get_or_load("key", || async { Ok::<_, io::Error>(2) })
                .await
        }
    });
    until(|| pool.stats().misses == 2).await;
    first.abort();
    assert_eq!(second.await.unwrap().unwrap(), 2);
    assert_eq!(pool.stats().load_failures, 1);
}

#[test]
fn a_panic_is_the_callers_and_nobody_waits_for_ever() {
    let pool = pool();
    let (started, has_started) = mpsc::channel();
    let (go, may_go) = mpsc::channel::<()>();
    let first = thread::spawn({
        let pool = pool.clone();
        move || {
            let load = || -> Result<i32, io::Error> {
                started.send(()).unwrap();
                may_go.recv().unwrap();
                std::panic::resume_unwind(Box::new("boom"))
            };
            catch_unwind(AssertUnwindSafe(|| pool.get_or_load_blocking("key", load))).is_err()
        }
    });
    has_started.recv().unwrap();
    let second = thread::spawn({
        let pool = pool.clone();
        move || {
            pool.get_or_load_blocking("key", || Ok::<_, io::Error>(2))
                .unwrap()
        }
    });
    while pool.stats().misses < 2 {
        thread::yield_now();
    }
    go.send(()).unwrap();
    assert!(first.join().unwrap(), "the panic goes on");
    assert_eq!(second.join().unwrap(), 2);
    assert_eq!((pool.stats().loads, pool.stats().load_failures), (2, 1));
}

#[tokio::test]
async fn threads_and_tasks_wait_for_each_other() {
    let pool = pool();
    let (go, may_go) = oneshot::channel::<()>();
    let task = tokio::spawn({
        let pool = pool.clone();
        async move {
            let load = || async {
                may_go.await.unwrap();
                Ok::<_, io::Error>(1)
            };
            pool.get_or_load("key", load).await.unwrap()
        }
    });
    until(|| pool.stats().loads == 1).await;
    let thread = thread::spawn({
        let pool = pool.clone();
        move || {
            pool.get_or_load_blocking("key", || Err::<i32, _>(io::Error::other("not run")))
                .unwrap()
        }
    });
    until(|| pool.stats().misses == 2).await;
    go.send(()).unwrap();
    assert_eq!(task.await.unwrap(), 1);
    assert_eq!(thread.join().unwrap(), 1);
}

#[test]
fn a_load_that_asks_for_itself_does_not_stand_still() {
    let pool = pool();
    let outer = pool.get_or_load_blocking("key", || {
        pool.get_or_load_blocking("key", || Ok::<_, io::Error>(1))
            .map(|inner| inner + 1)
    });
    assert_eq!(outer.unwrap(), 2);
    assert_eq!(pool.get("key").unwrap(), Some(2));
}

/// Runs it on a thread of its own, so that a load that waits for itself fails the test in time.
fn in_time<T: Send + 'static>(
    work: impl AsyncFnOnce() -> T + Send + 'static,
) -> Result<T, mpsc::RecvTimeoutError> {
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let _ = done.send(runtime.block_on(work()));
    });
    is_done.recv_timeout(Duration::from_secs(20))
}

#[test]
fn an_async_load_that_asks_for_itself_does_not_stand_still() {
    let nested = in_time(async || {
        let pool = pool();
        let outer = pool.get_or_load("key", || async {
            tokio::task::yield_now().await;
            let inner = pool.get_or_load("key", || async {
                tokio::task::yield_now().await;
                Ok::<_, io::Error>(1)
            });
            inner.await.map(|inner| inner + 1)
        });
        (outer.await.unwrap(), pool.get("key").unwrap())
    });
    assert_eq!(nested, Ok((2, Some(2))));

    // On the thread of the task: nobody else could end the load meanwhile.
    let blocking = in_time(async || {
        let pool = pool();
        let outer = pool.get_or_load("key", || async {
            tokio::task::yield_now().await;
            pool.get_or_load_blocking("key", || Ok::<_, io::Error>(1))
                .map(|inner| inner + 1)
        });
        outer.await.unwrap()
    });
    assert_eq!(blocking, Ok(2));

    // The other way round, and with another load in between.
    let between = in_time(async || {
        let pool = pool();
        let outer = pool.get_or_load("a", || async {
            let inner = pool.get_or_load("b", || async {
                pool.get_or_load("a", || async { Ok::<_, io::Error>(1) })
                    .await
            });
            inner.await
        });
        outer.await.unwrap()
    });
    assert_eq!(between, Ok(1));

    let remote = in_time(async || {
        let remote = Remote::new("nested", Elsewhere::default());
        let outer = remote.get_or_load("key", || async {
            let inner = remote.get_or_load("key", || async { Ok::<_, io::Error>(1) });
            inner.await.map(|inner| inner + 1)
        });
        (outer.await.unwrap(), remote.get("key").await.unwrap())
    });
    assert_eq!(remote, Ok((2, Some(2))));
}

#[test]
fn an_async_function_may_ask_for_itself() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);

    #[cached]
    async fn twice() -> usize {
        match CALLS.fetch_add(1, Ordering::SeqCst) {
            0 => Box::pin(twice()).await + 10,
            calls => calls,
        }
    }

    assert_eq!(
        in_time(async || (twice().await, twice().await)),
        Ok((11, 11))
    );
    assert_eq!(CALLS.load(Ordering::SeqCst), 2);
}

#[test]
fn what_a_cancelled_load_drops_may_ask_for_its_key() {
    struct Asks(Pool);
    impl Drop for Asks {
        fn drop(&mut self) {
            let again = self.0.get_or_load_blocking("key", || Ok::<_, io::Error>(1));
            assert_eq!(again.unwrap(), 1);
        }
    }
    let cancelled = in_time(async || {
        let pool = pool();
        let load = pool.get_or_load("key", || async {
            let _asks = Asks(pool.clone());
            std::future::pending::<Result<i32, io::Error>>().await
        });
        tokio::select! {
            biased;
            _ = load => unreachable!("it never ends"),
            () = tokio::task::yield_now() => {}
        }
        pool.stats().loads
    });
    assert_eq!(cancelled, Ok(2));
}

#[tokio::test]
async fn loads_that_take_turns_on_one_task_are_one() {
    let pool = pool();
    let load = || async {
        tokio::task::yield_now().await;
        Ok::<_, io::Error>(1)
    };
    let (one, two) = tokio::join!(pool.get_or_load("key", load), pool.get_or_load("key", load));
    assert_eq!((one.unwrap(), two.unwrap(), pool.stats().loads), (1, 1, 1));
}

#[tokio::test]
async fn errors_pass_through_and_are_not_kept() {
    let pool = pool();
    for _ in 0..2 {
        let error = pool
            .get_or_load("key", || async { Err::<i32, _>(io::Error::other("away")) })
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "away");
    }
    assert_eq!(
        (pool.stats().loads, pool.stats().load_failures, pool.size()),
        (2, 2, 0)
    );
}

#[tokio::test]
async fn who_waited_for_a_failure_gets_it_or_tries_alone() {
    for shared in [true, false] {
        let pool = pool();
        let gate = Arc::new(Semaphore::new(0));
        let tasks: Vec<_> = (0..10)
            .map(|_| {
                let (pool, gate) = (pool.clone(), gate.clone());
                tokio::spawn(async move {
                    let load = || async {
                        gate.acquire().await.unwrap().forget();
                        Err::<i32, _>("away".to_owned())
                    };
                    if shared {
                        pool.loader().get_or_load("key", load).await
                    } else {
                        pool.get_or_load("key", load).await
                    }
                })
            })
            .collect();
        until(|| pool.stats().misses == 10).await;
        gate.add_permits(10);
        for task in tasks {
            assert_eq!(task.await.unwrap(), Err("away".to_owned()));
        }
        assert_eq!(pool.stats().loads, if shared { 1 } else { 10 });
    }
}

#[tokio::test]
async fn failures_are_kept_for_their_time() {
    let clock = Clock::manual();
    let pool = cache::builder().clock(clock.clone()).build().unwrap();
    let loader = pool.loader().ttl(60).unwrap().negative(5).unwrap();
    let fail = || async { Err::<i32, _>("no such user".to_owned()) };
    for _ in 0..3 {
        assert_eq!(
            loader.get_or_load("key", fail).await,
            Err("no such user".to_owned())
        );
    }
    assert_eq!(pool.stats().loads, 1);
    assert_eq!(
        pool.get::<i32>("key").unwrap(),
        None,
        "a failure is no value"
    );
    clock.advance(Duration::from_secs(5));
    assert_eq!(
        loader
            .get_or_load("key", || async { Ok::<_, String>(1) })
            .await,
        Ok(1)
    );
    assert_eq!(
        loader.get_or_load_blocking("key", || Err::<i32, _>(String::new())),
        Ok(1)
    );
    clock.advance(Duration::from_secs(60));
    assert_eq!(
        loader.get_or_load_blocking("key", || Ok::<_, String>(2)),
        Ok(2)
    );
    assert!(pool.loader().ttl(-1).unwrap_err().is_ttl());
}

#[tokio::test]
async fn what_was_deleted_or_set_meanwhile_is_not_overwritten() {
    let pool = pool();
    for case in ["delete", "set", "clear"] {
        let (go, may_go) = oneshot::channel::<()>();
        let loads = pool.stats().loads;
        let task = tokio::spawn({
            let pool = pool.clone();
            async move {
                let load = || async {
                    may_go.await.unwrap();
                    Ok::<_, io::Error>("old".to_owned())
                };
                pool.get_or_load("key", load).await.unwrap()
            }
        });
        until(|| pool.stats().loads > loads).await;
        match case {
            "delete" => assert!(!pool.delete("key")),
            "set" => pool.set("key", "new".to_owned(), 0).unwrap(),
            _ => pool.clear(),
        }
        go.send(()).unwrap();
        assert_eq!(task.await.unwrap(), "old", "its own caller gets it");
        let expected = (case == "set").then(|| "new".to_owned());
        assert_eq!(pool.get("key").unwrap(), expected, "{case}");
        pool.clear();
    }
}

/// A backend that keeps its values here, and can be away.
#[derive(Clone, Default)]
struct Elsewhere {
    values: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    away: Arc<Mutex<bool>>,
}

impl Elsewhere {
    fn answer<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut BTreeMap<String, Vec<u8>>) -> T,
    ) -> Pending<'_, T> {
        let answer = if *self.away.lock().unwrap() {
            Err(Error::backend("refused"))
        } else {
            Ok(work(&mut self.values.lock().unwrap()))
        };
        Box::pin(async { answer })
    }
}

impl Backend for Elsewhere {
    fn get<'a>(&'a self, key: &'a str) -> Pending<'a, Option<Vec<u8>>> {
        self.answer(|values| values.get(key).cloned())
    }

    fn set<'a>(&'a self, key: &'a str, value: Vec<u8>, _: Option<Duration>) -> Pending<'a, ()> {
        self.answer(|values| {
            values.insert(key.to_owned(), value);
        })
    }

    fn add<'a>(&'a self, key: &'a str, value: Vec<u8>, _: Option<Duration>) -> Pending<'a, bool> {
        self.answer(|values| {
            let is_new = !values.contains_key(key);
            values.entry(key.to_owned()).or_insert(value);
            is_new
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> Pending<'a, bool> {
        self.answer(|values| values.remove(key).is_some())
    }

    fn clear<'a>(&'a self, prefix: &'a str) -> Pending<'a, ()> {
        self.answer(|values| values.retain(|key, _| !key.starts_with(prefix)))
    }

    fn size<'a>(&'a self, prefix: &'a str) -> Pending<'a, usize> {
        self.answer(|values| values.keys().filter(|key| key.starts_with(prefix)).count())
    }
}

#[tokio::test]
async fn a_backend_keeps_values_outside() {
    let backend = Elsewhere::default();
    let remote = Remote::new("it", backend.clone());
    remote.set("a", &vec![1, 2], 60).await.unwrap();
    assert_eq!(backend.values.lock().unwrap()["it:a"], b"[1,2]");
    assert_eq!(remote.get("a").await.unwrap(), Some(vec![1, 2]));
    assert!(!remote.add("a", &0, 0).await.unwrap());
    assert!(remote.get::<String>("a").await.unwrap_err().is_wrong_type());
    assert!(remote.set("a", &1, -1).await.unwrap_err().is_ttl());
    assert_eq!(
        remote.get_many::<Vec<u8>>(["a", "b"]).await.unwrap().len(),
        1
    );
    assert_eq!(remote.size().await.unwrap(), 1);
    assert!(remote.delete("a").await.unwrap());
    remote.clear().await.unwrap();

    let load = || async { Ok::<_, io::Error>(7) };
    assert_eq!(remote.get_or_load("n", load).await.unwrap(), 7);
    assert_eq!(remote.get_or_load("n", load).await.unwrap(), 7);
    assert_eq!(remote.stats().loads, 1);

    // A backend that is away stops nobody who can load.
    *backend.away.lock().unwrap() = true;
    assert!(remote.get::<i32>("n").await.unwrap_err().is_backend());
    assert_eq!(
        remote
            .get_or_load("n", || async { Ok::<_, io::Error>(8) })
            .await
            .unwrap(),
        8
    );
}

#[tokio::test]
async fn what_was_deleted_or_set_outside_meanwhile_is_not_overwritten() {
    for case in ["delete", "set", "add", "clear"] {
        let remote = Remote::new("meanwhile", Elsewhere::default());
        let load = || async {
            match case {
                "delete" => assert!(!remote.delete("key").await.unwrap()),
                "set" => remote.set("key", "new", 0).await.unwrap(),
                "add" => assert!(remote.add("key", "new", 0).await.unwrap()),
                _ => remote.clear().await.unwrap(),
            }
            Ok::<_, io::Error>("old".to_owned())
        };
        let loaded = remote.get_or_load("key", load).await;
        assert_eq!(loaded.unwrap(), "old", "its own caller gets it");
        let expected = matches!(case, "set" | "add").then(|| "new".to_owned());
        assert_eq!(remote.get("key").await.unwrap(), expected, "{case}");
    }
}

/// A backend that takes its time to keep a value, and tells that it has begun.
struct Slow {
    inner: Elsewhere,
    begun: Arc<Semaphore>,
    may_end: Arc<Semaphore>,
}

impl Backend for Slow {
    fn get<'a>(&'a self, key: &'a str) -> Pending<'a, Option<Vec<u8>>> {
        self.inner.get(key)
    }

    fn set<'a>(&'a self, key: &'a str, value: Vec<u8>, ttl: Option<Duration>) -> Pending<'a, ()> {
        Box::pin(async move {
            self.begun.add_permits(1);
            self.may_end.acquire().await.unwrap().forget();
            self.inner.set(key, value, ttl).await
        })
    }

    fn add<'a>(&'a self, key: &'a str, value: Vec<u8>, ttl: Option<Duration>) -> Pending<'a, bool> {
        self.inner.add(key, value, ttl)
    }

    fn delete<'a>(&'a self, key: &'a str) -> Pending<'a, bool> {
        self.inner.delete(key)
    }

    fn clear<'a>(&'a self, prefix: &'a str) -> Pending<'a, ()> {
        self.inner.clear(prefix)
    }

    fn size<'a>(&'a self, prefix: &'a str) -> Pending<'a, usize> {
        self.inner.size(prefix)
    }
}

#[tokio::test]
async fn what_is_deleted_while_it_is_being_kept_outside_goes() {
    let (begun, may_end) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let remote = Remote::new(
        "slow",
        Slow {
            inner: Elsewhere::default(),
            begun: begun.clone(),
            may_end: may_end.clone(),
        },
    );
    let load = remote.get_or_load("key", || async { Ok::<_, io::Error>("old".to_owned()) });
    let delete = async {
        begun.acquire().await.unwrap().forget();
        remote.delete("key").await.unwrap();
        may_end.add_permits(1);
    };
    let (loaded, ()) = tokio::join!(load, delete);
    assert_eq!(loaded.unwrap(), "old");
    assert_eq!(remote.get::<String>("key").await.unwrap(), None);
}

#[tokio::test]
async fn a_function_keeps_its_values_outside() {
    static REMOTE: LazyLock<Remote> = LazyLock::new(|| Remote::new("f", Elsewhere::default()));
    static CALLS: AtomicUsize = AtomicUsize::new(0);

    #[cached(backend = REMOTE, key = "user:{id}", ttl = 60)]
    async fn user(id: u64, fail: bool) -> Result<String, io::Error> {
        CALLS.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        if fail {
            return Err(io::Error::other("no"));
        }
        Ok(format!("user {id}"))
    }

    assert!(user(1, true).await.is_err());
    let (one, two) = tokio::join!(user(1, false), user(1, false));
    assert_eq!(
        (one.unwrap(), two.unwrap()),
        ("user 1".to_owned(), "user 1".to_owned())
    );
    assert_eq!(user(1, true).await.unwrap(), "user 1");
    assert_eq!(CALLS.load(Ordering::SeqCst), 2);
    assert!(invalidate_user(1, false).await.unwrap());
    assert!(user(1, true).await.is_err());
}
