//! `#[cached]`: what is kept, for whom, for how long.

use fastkit::cache::{self, cached};
use std::{
    hash::Hash,
    rc::Rc,
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// A counter of calls.
struct Calls(AtomicUsize);

impl Calls {
    const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    fn count(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn made(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[test]
fn a_plain_function_runs_once_per_arguments() {
    static CALLS: Calls = Calls::new();

    #[cached]
    fn twice(number: u32, name: &str, list: &[u8], own: String) -> String {
        CALLS.count();
        let mut own = own;
        own.push_str(&format!("{number} {name} {list:?}"));
        own
    }

    let first = twice(1, "a", &[1, 2], "x".to_owned());
    assert_eq!(first, "x1 a [1, 2]");
    assert_eq!(twice(1, "a", &[1, 2], "x".to_owned()), first);
    assert_eq!(CALLS.made(), 1);
    twice(2, "a", &[1, 2], "x".to_owned());
    twice(1, "b", &[1, 2], "x".to_owned());
    twice(1, "a", &[1], "x".to_owned());
    twice(1, "a", &[1, 2], "y".to_owned());
    assert_eq!(CALLS.made(), 5);
    assert!(invalidate_twice(1, "a", &[1, 2], "x".to_owned()));
    assert!(!invalidate_twice(1, "a", &[1, 2], "x".to_owned()));
    twice(1, "a", &[1, 2], "x".to_owned());
    assert_eq!(CALLS.made(), 6);
    let stats = cache::pool("it::cache::functions::twice").stats();
    assert_eq!((stats.hits, stats.misses, stats.loads), (1, 6, 6));
}

#[tokio::test]
async fn an_async_function_runs_once_per_arguments() {
    static CALLS: Calls = Calls::new();

    #[cached(ttl = "5m")]
    async fn load(mut id: u64, name: &str) -> Result<String, std::io::Error> {
        CALLS.count();
        tokio::task::yield_now().await;
        if id == 0 {
            return Err(std::io::Error::other("zero"));
        }
        id += u64::from("1".parse::<u8>().map_err(std::io::Error::other)?);
        Ok(format!("{id} {name}"))
    }

    assert_eq!(load(1, "a").await.unwrap(), "2 a");
    assert_eq!(load(1, "a").await.unwrap(), "2 a");
    assert_eq!(CALLS.made(), 1);
    for _ in 0..2 {
        assert_eq!(load(0, "a").await.unwrap_err().to_string(), "zero");
    }
    assert_eq!(CALLS.made(), 3, "errors are not kept");
    assert!(invalidate_load(1, "a"));
    let _spawned: String = tokio::spawn(load(1, "a")).await.unwrap().unwrap();
    assert_eq!(CALLS.made(), 4);
}

#[test]
fn a_key_of_text_is_shared_with_the_pool() {
    static CALLS: Calls = Calls::new();

    #[derive(Clone)]
    struct User {
        id: u32,
    }

    #[cached(
        key = "user:{user.id}/{page:03}/{{}}",
        pool = "functions-users",
        ttl = 60
    )]
    fn name(user: &User, page: u8, _trace: f64) -> Option<String> {
        CALLS.count();
        (user.id != 0).then(|| format!("user {}", user.id))
    }

    let user = User { id: 7 };
    assert_eq!(name(&user, 1, 0.5).as_deref(), Some("user 7"));
    assert_eq!(name(&user, 1, 0.7).as_deref(), Some("user 7"));
    assert_eq!(CALLS.made(), 1);
    let pool = cache::pool("functions-users");
    assert_eq!(
        pool.get("user:7/001/{}").unwrap(),
        Some("user 7".to_owned())
    );
    assert!(pool.delete("user:7/001/{}"));
    name(&user, 1, 0.5);
    assert_eq!(CALLS.made(), 2);
    assert!(invalidate_name(&user, 1, 0.0));
    pool.set("user:7/001/{}", "from elsewhere".to_owned(), 60)
        .unwrap();
    assert_eq!(name(&user, 1, 0.5).as_deref(), Some("from elsewhere"));
    // What has another type is no value of this function.
    pool.set("user:7/001/{}", 5, 60).unwrap();
    assert_eq!(name(&user, 1, 0.5).as_deref(), Some("user 7"));
    name(&User { id: 0 }, 1, 0.5);
    name(&User { id: 0 }, 1, 0.5);
    assert_eq!(CALLS.made(), 5, "None is not kept");
}

#[test]
fn methods_keep_by_what_their_key_says() {
    static CALLS: Calls = Calls::new();

    struct Shop<T> {
        name: String,
        goods: Vec<T>,
    }

    impl<T: std::fmt::Debug> Shop<T> {
        /// How many.
        #[cached(key = (self.name.clone(), factor))]
        fn count(&self, factor: usize) -> usize {
            CALLS.count();
            self.goods.len() * factor
        }

        #[cached(key = "{self.name}", pool = "functions-shops")]
        async fn list(&self) -> String {
            CALLS.count();
            format!("{:?}", self.goods)
        }

        #[cached]
        fn rate(currency: &'static str) -> f64 {
            CALLS.count();
            currency.len() as f64
        }
    }

    // The same name in the same module, with the same key.
    struct Other;
    impl Other {
        #[cached(key = "all")]
        fn all(&self) -> &'static str {
            "other"
        }
    }

    impl<T> Shop<T> {
        #[cached(key = "all")]
        fn all(&self) -> &'static str {
            std::any::type_name::<T>()
        }
    }

    let numbers = Shop {
        name: "a".to_owned(),
        goods: vec![1, 2],
    };
    let words = Shop {
        name: "a".to_owned(),
        goods: vec!["x"],
    };
    assert_eq!(
        (numbers.count(2), numbers.count(2), numbers.count(3)),
        (4, 4, 6)
    );
    assert_eq!(words.count(2), 2, "of another type");
    assert_eq!(CALLS.made(), 3);
    assert_eq!(
        (Other.all(), numbers.all(), words.all()),
        ("other", "i32", "&str")
    );
    assert!(numbers.invalidate_count(2));
    numbers.count(2);
    words.count(2);
    assert_eq!(CALLS.made(), 4);
    assert_eq!(
        (Shop::<u8>::rate("EUR"), Shop::<u8>::rate("EUR")),
        (3.0, 3.0)
    );
    assert!(Shop::<u8>::invalidate_rate("EUR"));
    assert_eq!(CALLS.made(), 5);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        assert_eq!(numbers.list().await, "[1, 2]");
        assert_eq!(numbers.list().await, "[1, 2]");
    });
    assert_eq!(CALLS.made(), 6);
}

#[test]
fn failures_are_kept_on_request() {
    static CALLS: Calls = Calls::new();

    #[cached(negative = 5, ttl = 60)]
    fn find(id: u32) -> Option<Arc<str>> {
        CALLS.count();
        (id > 0).then(|| "found".into())
    }

    #[cached(negative = "5s")]
    fn check(id: u32) -> Result<u32, String> {
        CALLS.count();
        Err(format!("{id} is wrong"))
    }

    assert_eq!((find(0), find(0)), (None, None));
    assert_eq!(CALLS.made(), 1);
    assert_eq!(
        (check(1), check(1)),
        (Err("1 is wrong".to_owned()), Err("1 is wrong".to_owned()))
    );
    assert_eq!(CALLS.made(), 2);
    assert!(invalidate_check(1));
    assert!(check(1).is_err());
    assert_eq!(CALLS.made(), 3);
    let stats = cache::pool("it::cache::functions::check").stats();
    assert_eq!((stats.loads, stats.load_failures), (2, 2));
    assert_eq!(
        cache::pool("it::cache::functions::find")
            .stats()
            .load_failures,
        0,
        "None is no failure"
    );
}

#[test]
fn eight_threads_make_one_call() {
    static CALLS: Calls = Calls::new();

    #[cached(ttl = 60, key = "slow:{id}")]
    fn slow(id: u32) -> u32 {
        CALLS.count();
        // Long enough for the others to come.
        thread::sleep(Duration::from_millis(50));
        id + 1
    }

    let barrier = Arc::new(Barrier::new(8));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let barrier = barrier.clone();
            thread::spawn(move || {
                barrier.wait();
                slow(1)
            })
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), 2);
    }
    assert_eq!(CALLS.made(), 1);
}

#[test]
fn values_end_after_their_time_and_errors_need_not_be_clone_or_send() {
    static CALLS: Calls = Calls::new();
    const SHORT: Duration = Duration::from_millis(1);

    #[cached(ttl = SHORT)]
    fn short() -> Result<usize, Rc<str>> {
        Ok(CALLS.count())
    }

    let first = short().unwrap();
    while short().unwrap() == first {
        thread::yield_now();
    }
}

#[tokio::test]
async fn a_value_that_is_about_to_end_is_loaded_ahead() {
    static CALLS: Calls = Calls::new();

    #[cached(ttl = "1h", refresh_ahead = "59m")]
    async fn ahead(name: String) -> String {
        format!("{name} {}", CALLS.count())
    }

    #[cached(ttl = "60m", refresh_ahead = Duration::from_secs(2 * 3600))]
    async fn always_ahead(name: String) -> String {
        format!("{name} {}", CALLS.count())
    }

    #[cached(ttl = "60m", refresh_ahead = Duration::from_secs(2 * 3600))]
    fn plain_ahead() -> usize {
        CALLS.count()
    }

    assert_eq!(ahead("a".to_owned()).await, "a 1");
    assert_eq!(ahead("a".to_owned()).await, "a 1");
    tokio::task::yield_now().await;
    assert_eq!(CALLS.made(), 1, "there is an hour left, less a moment");
    assert_eq!(always_ahead("b".to_owned()).await, "b 2");
    // Nobody waits for the new value: the old one is there.
    assert_eq!(always_ahead("b".to_owned()).await, "b 2");
    let end = std::time::Instant::now() + Duration::from_secs(20);
    while CALLS.made() == 2 {
        assert!(std::time::Instant::now() < end);
        tokio::task::yield_now().await;
    }
    assert_eq!(always_ahead("b".to_owned()).await, "b 3");
    let first = plain_ahead();
    while plain_ahead() == first {
        assert!(std::time::Instant::now() < end);
        thread::yield_now();
    }
}

/// Lets what was spawned run, and waits until nobody loads any more.
async fn settled(calls: &Calls, at_least: usize) {
    let end = std::time::Instant::now() + Duration::from_secs(20);
    while calls.made() < at_least {
        assert!(std::time::Instant::now() < end, "waited in vain");
        tokio::task::yield_now().await;
    }
    // The task that made the last call has ended with it, or does so now.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn kept_failures_are_not_loaded_ahead() {
    static CALLS: Calls = Calls::new();

    #[cached(ttl = "1h", refresh_ahead = "30m", negative = "10m")]
    async fn down() -> Result<usize, String> {
        CALLS.count();
        Err("down".to_owned())
    }

    for _ in 0..10 {
        assert_eq!(down().await, Err("down".to_owned()));
        settled(&CALLS, 1).await;
    }
    assert_eq!(CALLS.made(), 1);
}

#[tokio::test]
async fn a_failure_ahead_of_time_leaves_the_value() {
    static CALLS: Calls = Calls::new();
    static PLAIN: Calls = Calls::new();

    #[cached(ttl = "1h", refresh_ahead = Duration::from_secs(2 * 3600), negative = "10m")]
    async fn up_once() -> Result<usize, String> {
        match CALLS.count() {
            1 => Ok(1),
            _ => Err("down".to_owned()),
        }
    }

    #[cached(ttl = "1h", refresh_ahead = Duration::from_secs(2 * 3600), negative = "10m")]
    fn plain_up_once() -> Result<usize, String> {
        match PLAIN.count() {
            1 => Ok(1),
            _ => Err("down".to_owned()),
        }
    }

    // What is gone, and known to be, takes the place of the value.
    static FOUND: Calls = Calls::new();
    #[cached(ttl = "1h", refresh_ahead = Duration::from_secs(2 * 3600), negative = "10m")]
    async fn there_once() -> Option<usize> {
        (FOUND.count() == 1).then_some(1)
    }

    assert_eq!(up_once().await, Ok(1));
    assert_eq!(up_once().await, Ok(1));
    settled(&CALLS, 2).await;
    assert_eq!(up_once().await, Ok(1));

    let end = std::time::Instant::now() + Duration::from_secs(20);
    while PLAIN.made() < 4 {
        assert_eq!(plain_up_once(), Ok(1));
        assert!(std::time::Instant::now() < end, "waited in vain");
        thread::yield_now();
    }

    assert_eq!(there_once().await, Some(1));
    assert_eq!(there_once().await, Some(1));
    settled(&FOUND, 2).await;
    assert_eq!(there_once().await, None);
    settled(&FOUND, 2).await;
    assert_eq!(FOUND.made(), 2, "a None that is kept is not loaded ahead");
}

#[test]
fn without_a_runtime_nothing_is_loaded_ahead_and_nothing_fails() {
    static CALLS: Calls = Calls::new();

    #[cached(ttl = "1h", refresh_ahead = Duration::from_secs(2 * 3600))]
    async fn alone() -> usize {
        CALLS.count()
    }

    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    for _ in 0..3 {
        let call = std::pin::pin!(alone()).poll(&mut cx);
        assert_eq!(call, std::task::Poll::Ready(1));
    }
    let stats = cache::pool("it::cache::functions::alone").stats();
    assert_eq!((stats.loads, stats.load_failures), (1, 0));
}

#[test]
fn functions_of_one_name_keep_apart() {
    mod one {
        #[fastkit::cache::cached(max_size = 5)]
        pub(super) fn same(number: u8) -> &'static str {
            if number == 0 { "none" } else { "one" }
        }
    }
    fn other() -> &'static str {
        #[cached(max_size = 6)]
        fn same(_number: u8) -> &'static str {
            "other"
        }
        same(1)
    }
    fn third() -> &'static str {
        #[cached(max_size = 6)]
        fn same(_number: u8) -> &'static str {
            "third"
        }
        same(1)
    }
    assert_eq!((one::same(1), other(), third()), ("one", "other", "third"));
}

#[test]
fn own_types_are_keys_by_value() {
    #[derive(Clone, PartialEq, Eq)]
    struct Sloppy(u8, u8);
    // Equal hashes are allowed for different values.
    impl Hash for Sloppy {
        fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
            self.0.hash(state);
        }
    }

    #[cached(policy = "lru")]
    fn second(of: Sloppy) -> u8 {
        of.1
    }

    assert_eq!((second(Sloppy(1, 2)), second(Sloppy(1, 3))), (2, 3));
}
