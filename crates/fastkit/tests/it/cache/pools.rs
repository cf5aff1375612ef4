//! Pools: what the recorded answers of the original say (`cache_env.json`), and where they are
//! defects (J6), what is right instead.

use fastkit::cache::{self, Clock, Policy, Pool, Ttl};
use std::{sync::Arc, time::Duration};

fn clocked() -> (Pool, Clock) {
    let clock = Clock::manual();
    let pool = cache::builder().clock(clock.clone()).build().unwrap();
    (pool, clock)
}

fn filled(policy: Policy) -> Vec<&'static str> {
    let pool = cache::builder().max_size(3).policy(policy).build().unwrap();
    for key in ["a", "b", "c"] {
        pool.set(key, 1, 0).unwrap();
    }
    for key in ["a", "a", "b"] {
        assert_eq!(pool.get(key).unwrap(), Some(1));
    }
    pool.set("d", 1, 0).unwrap();
    let kept = ["a", "b", "c", "d"].into_iter();
    kept.filter(|key| pool.get::<i32>(key).unwrap().is_some())
        .collect()
}

/// The cases of `cache_env.json` in their order. Those of the decorator stand in `functions`, those of
/// the environment in `env`.
#[test]
fn the_recorded_cases() {
    let pool = cache::builder().build().unwrap();
    // get_after_set
    pool.set("a", 1, 120).unwrap();
    assert_eq!(pool.get("a").unwrap(), Some(1));
    // set_none_then_get_default: a None that was set is a value.
    pool.set("none", None::<i32>, 0).unwrap();
    assert_eq!(pool.get::<Option<i32>>("none").unwrap(), Some(None));
    // add_existing
    assert!(!pool.add("a", 2, 0).unwrap());
    assert_eq!(pool.get("a").unwrap(), Some(1));
    // delete
    assert!(pool.delete("a"));
    assert!(!pool.delete("a"));
    // size, len
    pool.set("q", 1, 0).unwrap();
    pool.set("z", 1, 0).unwrap();
    assert_eq!(pool.size(), 3);
    // get_many
    let many = pool.get_many::<i32>(["q", "missing", "z"]).unwrap();
    assert_eq!(
        many.into_iter().collect::<Vec<_>>(),
        [("q".to_owned(), 1), ("z".to_owned(), 1)]
    );
    // clear
    pool.clear();
    assert_eq!(pool.size(), 0);
    // bad_type
    let error = "bad".parse::<Policy>().unwrap_err().to_string();
    assert_eq!(
        error,
        r#""bad" is no policy: expected fifo, lru, lfu, lifo, mru or rr"#
    );
    // evict_*_max3_set_abc_get_aab_set_d, for the original's default and by name
    assert_eq!("cache".parse::<Policy>().unwrap(), Policy::default());
    assert_eq!(filled(Policy::default()), ["b", "c", "d"]);
    assert_eq!(filled(Policy::Fifo), ["b", "c", "d"]);
    assert_eq!(filled(Policy::Lifo), ["a", "b", "d"]);
}

/// same_name_other_maxsize_ignored is defect J6: the first size went on to hold in silence.
#[test]
fn one_name_is_one_pool_and_cannot_have_other_settings() {
    let first = cache::pool("pools-one");
    first.set("a", 1, 0).unwrap();
    assert_eq!(cache::pool("pools-one").get("a").unwrap(), Some(1));
    assert!(cache::builder().open("pools-one").is_ok());
    let error = cache::builder()
        .max_size(5)
        .ttl(60)
        .open("pools-one")
        .unwrap_err();
    assert!(error.is_other_settings());
    assert_eq!(
        error.to_string(),
        "cache pool \"pools-one\" exists with policy fifo, max_size 256, ttl 0 s, 2 weighers, and cannot have \
         policy fifo, max_size 5, ttl 60 s, 2 weighers: the same name is the same pool"
    );
    assert!(cache::pools().iter().any(|pool| pool.name() == "pools-one"));
    assert!(cache::builder().max_size(0).build().is_err());
    assert!(cache::builder().ttl(-1).build().unwrap_err().is_ttl());
}

#[test]
fn a_time_to_live_is_checked_and_kept_to() {
    let (pool, clock) = clocked();
    // J6: negative times never ended.
    assert!(pool.set("a", 1, -1).unwrap_err().is_ttl());
    assert!(pool.add("a", 1, u64::MAX).unwrap_err().is_ttl());
    pool.set("a", 1, Duration::from_millis(1500)).unwrap();
    pool.set("b", 1, 0).unwrap();
    pool.set("c", 1, Ttl::POOL).unwrap();
    clock.advance(Duration::from_millis(1499));
    assert_eq!(pool.size(), 3);
    clock.advance(Duration::from_millis(1));
    assert_eq!(pool.get::<i32>("a").unwrap(), None);
    assert_eq!(pool.size(), 2);
    assert!(
        pool.add("a", 2, 1).unwrap(),
        "what has ended is no obstacle"
    );
    clock.advance(Duration::from_secs(1));
    assert!(!pool.delete("a"), "and nothing that could be deleted");
    clock.advance(Duration::from_secs(50 * 365 * 86_400));
    assert_eq!(pool.get("b").unwrap(), Some(1));
    assert_eq!(pool.stats().expirations, 1);

    let clock = Clock::manual();
    let short = cache::builder()
        .ttl(2)
        .clock(clock.clone())
        .policy(Policy::Lru)
        .build()
        .unwrap();
    short.set("pool", 1, Ttl::POOL).unwrap();
    short.set("own", 1, 5).unwrap();
    clock.advance(Duration::from_secs(2));
    assert_eq!(
        (short.get::<i32>("pool").unwrap(), short.get("own").unwrap()),
        (None, Some(1))
    );
    assert_eq!((short.size(), short.stats().expirations), (1, 1));
}

/// deco_returns_same_object_mutable is defect J6.
#[test]
fn nobody_changes_what_another_one_sees() {
    let pool = cache::builder().build().unwrap();
    pool.set("list", vec![1, 2], 0).unwrap();
    let mut mine: Vec<i32> = pool.get("list").unwrap().unwrap();
    mine.push(3);
    assert_eq!(pool.get("list").unwrap(), Some(vec![1, 2]));
}

#[test]
fn another_type_is_an_error_that_names_both() {
    let pool = cache::pool("pools-types");
    pool.set("a", 1i32, 0).unwrap();
    let error = pool.get::<String>("a").unwrap_err();
    assert!(error.is_wrong_type());
    assert_eq!(
        error.to_string(),
        "cache pool \"pools-types\": \"a\" holds a value of type i32, not alloc::string::String"
    );
}

#[test]
fn bytes_are_bounded() {
    for policy in [Policy::Fifo, Policy::Lru] {
        let pool = cache::builder()
            .max_bytes(10_000)
            .policy(policy)
            .weigher(|shared: &Arc<str>| shared.len())
            .build()
            .unwrap();
        for number in 0..100 {
            pool.set(&number.to_string(), "x".repeat(1000), 0).unwrap();
        }
        let most = pool.size();
        assert!((5..=9).contains(&most), "{policy}: {most}");
        pool.set("heavy", Arc::<str>::from("x".repeat(20_000)), 0)
            .unwrap();
        assert!(pool.get::<Arc<str>>("heavy").unwrap().is_none());
        assert!(pool.stats().evictions >= 91, "{policy}: {:?}", pool.stats());
    }
}

#[test]
fn each_policy_keeps_to_its_bound_and_counts() {
    for policy in ["fifo", "LRU", "lfu", "lifo", "mru", "rr"] {
        let policy: Policy = policy.parse().unwrap();
        let pool = cache::builder()
            .max_size(10)
            .policy(policy)
            .build()
            .unwrap();
        for number in 0..100 {
            let key = number.to_string();
            pool.set(&key, number, 0).unwrap();
            let _: Option<i32> = pool.get(&key).unwrap();
        }
        assert_eq!(pool.size(), 10, "{policy}");
        let stats = pool.stats();
        assert_eq!(stats.evictions, 90, "{policy}");
        assert_eq!(stats.hits + stats.misses, 100, "{policy}");
    }
}

#[test]
fn the_one_that_was_asked_for_least_recently_makes_room() {
    let pool = cache::builder()
        .max_size(3)
        .policy(Policy::Lru)
        .build()
        .unwrap();
    for key in ["a", "b", "c"] {
        pool.set(key, 1, 0).unwrap();
    }
    // Which also brings the order up to date: with this policy it lags behind a little.
    assert_eq!(pool.size(), 3);
    assert_eq!(pool.get("a").unwrap(), Some(1));
    assert_eq!(pool.size(), 3);
    pool.set("d", 1, 0).unwrap();
    assert_eq!(pool.size(), 3);
    assert_eq!(
        (pool.get::<i32>("b").unwrap(), pool.get("a").unwrap()),
        (None, Some(1))
    );
}

#[test]
fn threads_share_a_pool_without_harm() {
    for policy in [Policy::Fifo, Policy::Mru, Policy::Rr, Policy::Lfu] {
        let pool = cache::builder()
            .max_size(50)
            .policy(policy)
            .build()
            .unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4u32 {
                let pool = &pool;
                scope.spawn(move || {
                    for number in 0..2000u32 {
                        let key = (number * (thread + 1) % 100).to_string();
                        pool.set(&key, number, i64::from(number % 2)).unwrap();
                        let _: Option<u32> = pool.get(&key).unwrap();
                        if number % 7 == 0 {
                            pool.delete(&key);
                        }
                    }
                });
            }
        });
        assert!(pool.size() <= 50);
        let debug = format!("{pool:?}");
        assert!(debug.contains("hits"), "{debug}");
    }
}
