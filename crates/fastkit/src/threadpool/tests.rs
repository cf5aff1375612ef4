//! Limits, order, ends of tasks and of pools.

use super::*;
use crate::context::{current, enter};
use std::{
    collections::HashSet,
    sync::{
        Barrier, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

const LONG: Duration = Duration::from_secs(3600);
/// What is waited for comes long before.
const PATIENCE: Duration = Duration::from_secs(30);

fn pool(threads: usize, queue: Option<usize>) -> ThreadPool {
    ThreadPool::new(ThreadPoolConfig {
        name: "test".into(),
        threads,
        queue,
    })
}

/// Occupies a thread until the sender is dropped; returns when it does.
fn occupy(pool: &ThreadPool) -> (mpsc::Sender<()>, Handle<bool>) {
    let (release, released) = mpsc::channel::<()>();
    let (begin, begun) = mpsc::channel();
    let handle = pool
        .submit(move || {
            begin.send(()).unwrap();
            let _ = released.recv();
            is_stopped()
        })
        .unwrap();
    begun.recv_timeout(PATIENCE).unwrap();
    (release, handle)
}

/// Until nothing waits any more.
fn wait_for_begin(pool: &ThreadPool) {
    while pool.waiting() > 0 {
        thread::yield_now();
    }
}

#[test]
fn threads_start_when_they_are_needed_up_to_the_limit() {
    let pool = pool(3, None);
    assert_eq!(pool.threads(), 0);
    for _ in 0..10 {
        pool.submit(|| {}).unwrap().join().unwrap();
    }
    let few = pool.threads();
    assert!((1..=3).contains(&few));
    let barrier = Arc::new(Barrier::new(3));
    // Each waits for the others: on two threads this would never end.
    let handles: Vec<_> = (0..3)
        .map(|_| {
            let barrier = barrier.clone();
            let run = move || {
                barrier.wait();
                thread::current().name().unwrap().to_owned()
            };
            pool.submit(run).unwrap()
        })
        .collect();
    let names: HashSet<_> = handles.into_iter().map(|h| h.join().unwrap()).collect();
    assert_eq!(
        names,
        HashSet::from(["test-0", "test-1", "test-2"].map(String::from))
    );
    let (_a, _b, _c) = (occupy(&pool), occupy(&pool), occupy(&pool));
    let waits = pool.submit(|| {}).unwrap();
    assert_eq!((pool.threads(), pool.waiting()), (3, 1));
    assert!(!waits.is_finished());
}

#[test]
fn calls_begin_in_their_order() {
    let pool = pool(1, None);
    let (release, _) = occupy(&pool);
    let order = Arc::new(Mutex::new(Vec::new()));
    let handles: Vec<_> = (0..1000)
        .map(|number| {
            let order = order.clone();
            pool.submit(move || order.lock().unwrap().push(number))
                .unwrap()
        })
        .collect();
    drop(release);
    for handle in handles {
        handle.join().unwrap();
    }
    assert_eq!(*order.lock().unwrap(), (0..1000).collect::<Vec<_>>());
}

#[test]
fn a_full_queue_is_told_and_has_room_again_later() {
    let pool = pool(1, Some(2));
    let (release, first) = occupy(&pool);
    let waiting = [pool.submit(|| 1).unwrap(), pool.submit(|| 2).unwrap()];
    let full = pool.submit(|| 3).unwrap_err();
    assert!(full.is_full() && !full.is_stopped() && !full.is_impossible());
    assert_eq!(
        full.to_string(),
        "the queue of the thread pool `test` is full: 2 wait, at most 2 may"
    );
    // One that is cancelled makes room at once, and is gone with what it holds.
    let held = Arc::new(());
    waiting[1].cancel();
    let holds = held.clone();
    let last = pool.submit(move || drop(holds)).unwrap();
    assert!(pool.submit(|| 4).is_err());
    last.cancel();
    assert_eq!(Arc::strong_count(&held), 1);
    drop(release);
    first.join().unwrap();
    let results = waiting.map(Handle::join);
    assert_eq!(results[0], Ok(1));
    assert!(results[1].as_ref().unwrap_err().is_cancelled());
    assert_eq!(pool.submit(|| 5).unwrap().join(), Ok(5));
}

#[test]
fn a_queue_of_nothing_takes_what_begins_at_once() {
    let pool = pool(2, Some(0));
    let (release, handle) = occupy(&pool);
    let other = occupy(&pool);
    assert!(pool.submit(|| {}).unwrap_err().is_full());
    drop(release);
    handle.join().unwrap();
    // The thread is free a moment after its result is there.
    let again = (0..).find_map(|_| pool.submit(|| 7).ok()).unwrap();
    assert_eq!(again.join(), Ok(7));
    drop(other);
}

#[test]
fn a_panic_is_contained_and_the_thread_lives_on() {
    struct Worse;
    impl Drop for Worse {
        fn drop(&mut self) {
            panic!("at the drop");
        }
    }
    let pool = pool(1, None);
    let error = pool
        .submit(|| -> u8 { panic!("boom {}", 1) })
        .unwrap()
        .join()
        .unwrap_err();
    assert!(error.is_panic() && !error.is_failure());
    assert_eq!(error.message(), Some("boom 1"));
    let long = "redis://me:secret@host ".to_owned() + &"é".repeat(5000);
    let error = pool
        .submit(move || -> u8 { std::panic::panic_any(long) })
        .unwrap()
        .join()
        .unwrap_err();
    let text = error.message().unwrap();
    assert!(text.starts_with("redis://me:***@host é") && text.chars().count() == 1000);
    // A result that nobody wants, and that panics when it is dropped.
    let (dropped, gone) = mpsc::channel::<()>();
    let unwanted = pool.submit(move || {
        let _ = gone.recv();
        Worse
    });
    drop(unwanted.unwrap());
    drop(dropped);
    let odd = pool.submit(|| std::panic::panic_any(7)).unwrap();
    assert_eq!(
        odd.join().unwrap_err().message(),
        Some("a value that is no text")
    );
    assert_eq!(pool.submit(|| 7).unwrap().join(), Ok(7));
    assert_eq!(pool.threads(), 1);
}

#[tokio::test]
async fn results_are_for_tasks_too() {
    let pool = pool(2, None);
    assert_eq!(pool.submit(|| "text").unwrap().await, Ok("text"));
    let (release, mut handle) = occupy(&pool);
    // Polled before it has ended, by two tasks one after the other.
    let mut polled = tokio::time::timeout(Duration::ZERO, &mut handle).await;
    assert!(polled.is_err() && !handle.is_finished());
    let waits = tokio::spawn(handle);
    drop(release);
    polled = Ok(waits.await.unwrap());
    assert_eq!(polled.unwrap(), Ok(false));
    let error = pool.submit(|| -> u8 { panic!() }).unwrap().await;
    assert!(error.unwrap_err().is_panic());
}

#[test]
fn who_is_cancelled_before_the_begin_never_begins_and_later_is_told() {
    let pool = pool(1, None);
    let (release, running) = occupy(&pool);
    let ran = Arc::new(AtomicUsize::new(0));
    let handles: Vec<_> = (0..1000)
        .map(|number| {
            let ran = ran.clone();
            let handle = pool
                .submit(move || ran.fetch_add(1, Ordering::SeqCst))
                .unwrap();
            if number % 10 != 0 {
                handle.cancel();
            }
            handle
        })
        .collect();
    assert_eq!(pool.waiting(), 100);
    running.cancel();
    running.cancel();
    drop(release);
    assert_eq!(running.join(), Ok(true));
    let ended = handles.into_iter().map(Handle::join);
    assert_eq!(ended.filter(Result::is_ok).count(), 100);
    assert_eq!(ran.load(Ordering::SeqCst), 100);
    // What was cancelled says nothing of what the thread runs next.
    assert_eq!(pool.submit(is_stopped).unwrap().join(), Ok(false));
    let done = pool.submit(|| 1).unwrap();
    pool.submit(|| {}).unwrap().join().unwrap();
    done.cancel();
    assert_eq!(done.join(), Ok(1));
}

#[test]
fn a_sleep_ends_when_the_task_is_told() {
    let pool = pool(2, None);
    let (begin, begun) = mpsc::channel();
    let free = pool
        .submit(move || {
            let none = sleep(Duration::ZERO);
            begin.send(()).unwrap();
            (none, sleep(Duration::MAX), sleep(LONG))
        })
        .unwrap();
    let own = pool.clone();
    let by_pool = pool.submit(move || own.sleep(LONG)).unwrap();
    wait_for_begin(&pool);
    begun.recv_timeout(PATIENCE).unwrap();
    free.cancel();
    assert_eq!(free.join(), Ok((true, false, false)));
    assert_eq!(pool.stop(PATIENCE), Vec::<String>::new());
    assert!(by_pool.join().is_ok_and(|slept| !slept));
    // On a thread of no pool.
    assert!(sleep(Duration::ZERO) && !is_stopped());
    assert!(pool.is_stopped() && !pool.sleep(LONG));
}

#[test]
fn a_stop_drops_the_queue_and_names_what_was_cut() {
    let pool = pool(2, None);
    let kind = pool
        .submit(|| {
            let mut rounds = 0;
            while !is_stopped() {
                rounds += 1;
                sleep(LONG);
            }
            rounds
        })
        .unwrap();
    let (release, stubborn) = occupy(&pool);
    wait_for_begin(&pool);
    let waiting = pool.submit(|| 1).unwrap();
    let cancelled = pool.submit(|| 2).unwrap();
    cancelled.cancel();
    // Long enough for the kind one to notice, however busy the machine is.
    let cut = pool.stop(Duration::from_secs(2));
    assert_eq!(cut.len(), 2, "{cut:?}");
    assert!(cut[0].contains("names_what_was_cut") && cut[1].contains("occupy"));
    assert!(waiting.join().unwrap_err().is_stopped());
    assert!(cancelled.join().unwrap_err().is_cancelled());
    assert_eq!(kind.join(), Ok(1));
    assert!(pool.submit(|| {}).unwrap_err().is_stopped());
    assert_eq!(pool.stop(Duration::ZERO).len(), 1, "one still runs");
    drop(release);
    assert_eq!(stubborn.join(), Ok(true));
    assert!(pool.stop(PATIENCE).is_empty());
}

#[test]
fn a_stop_and_cancels_at_the_same_time_end_everything_once() {
    for _ in 0..100 {
        let pool = pool(1, None);
        let (release, _) = occupy(&pool);
        let handles: Vec<_> = (0..100).map(|n| pool.submit(move || n).unwrap()).collect();
        let barrier = Barrier::new(2);
        let cut = thread::scope(|scope| {
            let stop = scope.spawn(|| {
                barrier.wait();
                pool.stop(Duration::ZERO).len()
            });
            barrier.wait();
            handles.iter().for_each(Handle::cancel);
            stop.join().unwrap()
        });
        let ends = handles.into_iter().map(|handle| handle.join().unwrap_err());
        let stopped = ends.filter(TaskError::is_stopped).count();
        assert_eq!(cut, stopped + 1, "and the one that runs");
        assert_eq!(pool.waiting(), 0);
        drop(release);
    }
}

#[test]
fn a_pool_can_be_stopped_on_its_own_thread() {
    let pool = pool(2, None);
    let other = pool.submit(|| sleep(LONG)).unwrap();
    wait_for_begin(&pool);
    let own = pool.clone();
    let cut = pool.submit(move || (own.stop(LONG), is_stopped())).unwrap();
    assert_eq!(cut.join(), Ok((Vec::new(), true)));
    assert!(other.is_finished());
}

#[test]
fn what_waits_runs_when_the_pool_is_gone_but_is_told() {
    let pool = pool(1, None);
    let sleeps = pool.submit(|| sleep(LONG)).unwrap();
    let (release, _) = {
        sleeps.cancel();
        let _ = sleeps.join();
        occupy(&pool)
    };
    let waits = pool.submit(is_stopped).unwrap();
    drop(pool);
    drop(release);
    assert_eq!(waits.join(), Ok(true));
}

#[test]
fn a_join_on_a_thread_of_the_pool_does_not_wait_for_itself() {
    fn fibonacci(pool: &ThreadPool, number: u64) -> u64 {
        if number < 2 {
            return number;
        }
        let own = pool.clone();
        let other = pool.submit(move || fibonacci(&own, number - 2)).unwrap();
        fibonacci(pool, number - 1) + other.join().unwrap()
    }
    let pool = pool(2, None);
    let own = pool.clone();
    assert_eq!(
        pool.submit(move || fibonacci(&own, 12)).unwrap().join(),
        Ok(144)
    );
    assert!(pool.stop(PATIENCE).is_empty());
}

#[test]
fn log_lines_belong_to_the_request_of_the_submitter_or_to_their_own() {
    let pool = pool(1, None);
    let id = RequestId::parse(b"mine").unwrap();
    let inside = {
        let _scope = enter(id);
        pool.submit(current).unwrap()
    };
    assert_eq!(inside.join(), Ok(Some(id)));
    let (one, two) = (pool.submit(current).unwrap(), pool.submit(current).unwrap());
    let (one, two) = (one.join().unwrap(), two.join().unwrap());
    assert!(one.is_some() && two.is_some() && one != two);
}

#[test]
fn ten_thousand_tasks_of_eight_threads_all_run_once() {
    let pool = pool(4, None);
    let sum = Arc::new(AtomicUsize::new(0));
    thread::scope(|scope| {
        for thread in 0..8 {
            let (pool, sum) = (&pool, &sum);
            scope.spawn(move || {
                let submit = |number: usize| {
                    let sum = sum.clone();
                    pool.submit(move || sum.fetch_add(number, Ordering::SeqCst))
                        .unwrap()
                };
                let handles: Vec<_> = (0..1250).map(|n| submit(thread * 1250 + n)).collect();
                for handle in handles {
                    handle.join().unwrap();
                }
            });
        }
    });
    assert_eq!(sum.load(Ordering::SeqCst), 9999 * 10_000 / 2);
    assert_eq!(pool.waiting(), 0);
    assert!(pool.threads() <= 4);
}
