//! What every back end promises, as tests that are told where the locks are.

use chrono::{DateTime, TimeDelta, Utc};
use fastkit::executor::lock::{Answer, Boxed, Claim, Fence, Lease, Lock};
use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Long enough that no lock ends by itself while a test runs.
pub(crate) const LONG: Duration = Duration::from_secs(600);
/// Long enough for everything that a test waits for.
pub(crate) const BOUND: Duration = Duration::from_secs(30);

/// Where locks are kept.
pub(crate) trait Place: Sync {
    /// A lock of its own there, as another process would have it.
    fn lock(&self) -> Box<dyn Lock>;

    /// Takes a lock away from whoever has it.
    fn take_away<'a>(&'a self, name: &'a str) -> Boxed<'a, ()>;
}

/// A test per promise.
macro_rules! promises {
    ($place:expr) => {
        promises!($place; exclusive, done_once, what_was_not_done_is_for_another, older_times_are_done, tasks_are_never_done, death, renewal, loss,
            fences_grow, many_threads, odd_names);
    };
    ($place:expr; $($promise:ident),*) => {$(
        #[tokio::test]
        async fn $promise() {
            crate::lock::suite::$promise(&$place).await;
        }
    )*};
}

pub(crate) fn claim(name: &str, due: impl Into<Option<DateTime<Utc>>>) -> Claim {
    Claim {
        name: name.to_owned(),
        due: due.into(),
        ttl: LONG,
        remember: LONG,
    }
}

/// A time with parts of a second.
pub(crate) fn due() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 123_456_789).unwrap()
}

pub(crate) async fn granted(lock: &dyn Lock, claim: &Claim) -> Box<dyn Lease> {
    match lock.acquire(claim).await {
        Ok(Answer::Granted(lease)) => lease,
        other => panic!("{claim:?}: {other:?}"),
    }
}

pub(crate) async fn busy(lock: &dyn Lock, claim: &Claim) -> Duration {
    match lock.acquire(claim).await {
        Ok(Answer::Busy(time)) => time,
        other => panic!("{claim:?}: {other:?}"),
    }
}

pub(crate) async fn done(lock: &dyn Lock, claim: &Claim) {
    match lock.acquire(claim).await {
        Ok(Answer::Done) => {}
        other => panic!("{claim:?}: {other:?}"),
    }
}

/// Asks until the lock is had, and how long that took.
pub(crate) async fn in_the_end(lock: &dyn Lock, claim: &Claim) -> (Box<dyn Lease>, Duration) {
    let start = Instant::now();
    loop {
        match lock.acquire(claim).await {
            Ok(Answer::Granted(lease)) => return (lease, start.elapsed()),
            Ok(Answer::Done) => panic!("nobody has finished it"),
            Ok(Answer::Busy(_)) | Err(_) => {}
        }
        assert!(start.elapsed() < BOUND, "nobody gets the lock");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) async fn exclusive(place: &impl Place) {
    let (one, other) = (place.lock(), place.lock());
    let claim = claim("job", due());
    let lease = granted(&*one, &claim).await;
    for lock in [&one, &other] {
        let time = busy(&**lock, &claim).await;
        assert!(!time.is_zero() && time <= LONG, "{time:?}");
        let later = self::claim("job", due() + TimeDelta::days(1));
        busy(&**lock, &later).await;
        busy(&**lock, &self::claim("job", None)).await;
    }
    let second = granted(&*other, &self::claim("another job", due())).await;
    lease.finish(true).await.unwrap();
    second.finish(true).await.unwrap();
}

pub(crate) async fn done_once(place: &impl Place) {
    let (one, other) = (place.lock(), place.lock());
    for number in 0..3 {
        let claim = claim("job", due() + TimeDelta::seconds(number));
        granted(&*one, &claim).await.finish(true).await.unwrap();
        done(&*one, &claim).await;
        done(&*other, &claim).await;
    }
}

pub(crate) async fn what_was_not_done_is_for_another(place: &impl Place) {
    let (one, other) = (place.lock(), place.lock());
    let claim = claim("job", due());
    let first = granted(&*one, &claim).await;
    let fence = first.fence();
    first.finish(false).await.unwrap();
    let second = granted(&*other, &claim).await;
    assert!(second.fence() > fence);
    second.finish(true).await.unwrap();
    // A run that is beside the times neither asks what is done nor says that any is.
    let beside = self::claim("job", None);
    granted(&*one, &beside).await.finish(true).await.unwrap();
    let next = self::claim("job", due() + TimeDelta::seconds(1));
    granted(&*other, &next).await.finish(true).await.unwrap();
    done(&*one, &next).await;
}

pub(crate) async fn older_times_are_done(place: &impl Place) {
    let lock = place.lock();
    let ago = |microseconds| claim("job", due() - TimeDelta::microseconds(microseconds));
    granted(&*lock, &ago(0)).await.finish(true).await.unwrap();
    for microseconds in [1, 1000, 3_600_000_000] {
        done(&*lock, &ago(microseconds)).await;
    }
    // While somebody runs for a later time, a back end may know that only when the run has ended.
    let lease = granted(&*lock, &ago(-1)).await;
    let older = lock.acquire(&ago(0)).await.unwrap();
    assert!(!matches!(older, Answer::Granted(_)), "{older:?}");
    busy(&*lock, &ago(-1)).await;
    busy(&*lock, &ago(-2)).await;
    lease.finish(true).await.unwrap();
    done(&*lock, &ago(-1)).await;
}

pub(crate) async fn tasks_are_never_done(place: &impl Place) {
    let lock = place.lock();
    let task = claim("task", None);
    for _ in 0..3 {
        let lease = granted(&*lock, &task).await;
        busy(&*lock, &task).await;
        lease.finish(true).await.unwrap();
    }
    // Nor do they forget what is done, should a job have the same name.
    let job = claim("task", due());
    granted(&*lock, &job).await.finish(true).await.unwrap();
    granted(&*lock, &task).await.finish(true).await.unwrap();
    done(&*lock, &job).await;
}

/// A lease that is dropped is that of a holder which died.
#[expect(clippy::print_stdout, reason = "the time is a figure to be read")]
pub(crate) async fn death(place: &impl Place) {
    let (one, other) = (place.lock(), place.lock());
    let ttl = Duration::from_secs(2);
    let claim = Claim {
        ttl,
        ..claim("job", due())
    };
    let lease = granted(&*one, &claim).await;
    let fence = lease.fence();
    busy(&*other, &claim).await;
    drop(lease);
    let (lease, time) = in_the_end(&*other, &claim).await;
    println!("taken over after {time:?} with a ttl of {ttl:?}");
    assert!(lease.fence() > fence);
    lease.finish(true).await.unwrap();
    done(&*one, &claim).await;
}

pub(crate) async fn renewal(place: &impl Place) {
    let (one, other) = (place.lock(), place.lock());
    let claim = claim("job", due());
    let mut lease = granted(&*one, &claim).await;
    for _ in 0..3 {
        assert!(lease.renew().await.unwrap());
        busy(&*other, &claim).await;
    }
    lease.finish(true).await.unwrap();
    done(&*other, &claim).await;
}

pub(crate) async fn loss(place: &impl Place) {
    let (one, other, third) = (place.lock(), place.lock(), place.lock());
    let claim = claim("job", due());
    let mut first = granted(&*one, &claim).await;
    place.take_away("job").await;
    assert!(!first.renew().await.unwrap(), "lost");
    let mut second = granted(&*other, &claim).await;
    assert!(!first.renew().await.unwrap(), "lost to another");
    first.finish(true).await.unwrap();
    // That did nothing: the other still has it, and the run is not done.
    busy(&*third, &claim).await;
    assert!(second.renew().await.unwrap());
    place.take_away("job").await;
    let last = granted(&*third, &claim).await;
    last.finish(true).await.unwrap();
    second.finish(true).await.unwrap();
    done(&*one, &claim).await;
}

pub(crate) async fn fences_grow(place: &impl Place) {
    let locks = [place.lock(), place.lock()];
    let mut last = Fence::new(0);
    for number in 0..100 {
        let lease = granted(&*locks[number % 2], &claim("task", None)).await;
        assert!(lease.fence() > last, "{:?} after {last:?}", lease.fence());
        last = lease.fence();
        lease.finish(true).await.unwrap();
    }
}

/// Eight threads that all want every run: each is run once, never two at a time, with growing fences.
pub(crate) async fn many_threads(place: &impl Place) {
    const RUNS: i64 = 60;
    let inside = AtomicUsize::new(0);
    let runs: Mutex<Vec<(i64, Fence)>> = Mutex::default();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let lock = place.lock();
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                runtime.block_on(async {
                    let start = Instant::now();
                    let mut number = 0;
                    while number < RUNS {
                        assert!(start.elapsed() < BOUND, "stuck at run {number}");
                        let claim = claim("job", due() + TimeDelta::milliseconds(number));
                        match lock.acquire(&claim).await.unwrap() {
                            Answer::Done => number += 1,
                            Answer::Busy(_) => tokio::task::yield_now().await,
                            Answer::Granted(lease) => {
                                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "alone");
                                runs.lock().unwrap().push((number, lease.fence()));
                                tokio::task::yield_now().await;
                                inside.fetch_sub(1, Ordering::SeqCst);
                                lease.finish(true).await.unwrap();
                            }
                        }
                    }
                });
            });
        }
    });
    let runs = runs.into_inner().unwrap();
    let mut times = BTreeMap::new();
    for (number, _) in &runs {
        *times.entry(*number).or_insert(0) += 1;
    }
    assert_eq!(times.len(), usize::try_from(RUNS).unwrap(), "{times:?}");
    assert!(times.values().all(|&times| times == 1), "{times:?}");
    assert!(
        runs.windows(2).all(|pair| pair[0].1 < pair[1].1),
        "{runs:?}"
    );
}

pub(crate) async fn odd_names(place: &impl Place) {
    let (one, other) = (place.lock(), place.lock());
    let long = "长".repeat(1000);
    let longer = long.clone() + "x";
    let names = [
        "", "..", ".", "a/b", "a\\b", "a{b", "a}b", "{}", "%", "a b\n", "任务", &long, &longer,
    ];
    let mut leases = Vec::new();
    for name in names {
        leases.push(granted(&*one, &claim(name, due())).await);
    }
    for (name, lease) in names.into_iter().zip(leases) {
        busy(&*other, &claim(name, due())).await;
        lease.finish(true).await.unwrap();
        done(&*other, &claim(name, due())).await;
    }
}
