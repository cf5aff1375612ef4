//! Renewals on a clock that stands still but for the waits.

use super::*;
use crate::executor::{
    Given,
    lock::{Answer, Claim, Lock, memory::MemoryLock},
};
use chrono::Utc;
use serde_json::Value;
use std::sync::Arc;
use tokio::time::sleep;

const TTL: Duration = Duration::from_secs(20);

async fn granted(lock: &MemoryLock) -> (Box<dyn Lease>, Run) {
    let claim = Claim {
        name: "report".into(),
        due: Some(Utc::now()),
        ttl: TTL,
        remember: TTL,
    };
    let Ok(Answer::Granted(lease)) = lock.acquire(&claim).await else {
        panic!("the lock is free")
    };
    let fence = Some(lease.fence());
    let args = Arc::new(Value::Null);
    let run = Run::new("report".into(), Utc::now(), args, fence, Given::default());
    (lease, run)
}

#[tokio::test(start_paused = true)]
async fn a_lock_is_held_for_as_long_as_the_work_takes_and_given_back() {
    let lock = MemoryLock::default();
    let (lease, run) = granted(&lock).await;
    let work = async {
        sleep(TTL * 10).await;
        assert!(lock.is_held("report"));
        7
    };
    assert_eq!(
        hold(lease, TTL, Instant::now(), &run, work, |_| true).await,
        7
    );
    assert!(!run.is_cancelled());
    assert!(!lock.is_held("report"));
    assert!((29..=31).contains(&lock.renewals()), "{}", lock.renewals());
}

#[tokio::test(start_paused = true)]
async fn a_back_end_that_is_away_ends_the_run_a_fifth_before_the_ttl() {
    let lock = MemoryLock::default();
    let begin = Instant::now();
    let (lease, run) = granted(&lock).await;
    let work = async {
        sleep(TTL).await;
        let renewed = begin + TTL;
        lock.break_down(true);
        run.cancelled().await;
        // It was renewed at a third of the ttl again and again, for the last time before it broke down.
        let after = Instant::now() - renewed;
        assert!(after <= TTL * 4 / 5, "{after:?}");
        assert!(after >= TTL * 4 / 5 - TTL / 3 - TTL / 100, "{after:?}");
        assert!(lock.is_held("report"), "nobody else can have it yet");
    };
    hold(lease, TTL, begin, &run, work, |_| true).await;
    assert_eq!(run.reason(), Some(Reason::LockLost));
}

#[tokio::test(start_paused = true)]
async fn a_back_end_that_comes_back_in_time_ends_nothing() {
    let lock = MemoryLock::default();
    let (lease, run) = granted(&lock).await;
    let work = async {
        lock.break_down(true);
        sleep(TTL * 3 / 5).await;
        lock.break_down(false);
        sleep(TTL * 5).await;
    };
    hold(lease, TTL, Instant::now(), &run, work, |_| true).await;
    assert!(!run.is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_is_anothers_ends_the_run_at_the_next_renewal() {
    let lock = MemoryLock::default();
    let (lease, run) = granted(&lock).await;
    let begin = Instant::now();
    let work = async {
        lock.steal("report", TTL * 9);
        assert_eq!(run.cancelled().await, Reason::LockLost);
        assert!(begin.elapsed() <= TTL / 3 + TTL / 100);
    };
    hold(lease, TTL, begin, &run, work, |_| true).await;
    assert!(lock.is_held("report"), "that of the other stays");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_told_to_end_still_holds_its_lock() {
    let lock = MemoryLock::default();
    let (lease, run) = granted(&lock).await;
    let work = async {
        run.cancel(Reason::Stop);
        sleep(TTL * 3).await;
        assert!(lock.is_held("report"));
    };
    hold(lease, TTL, Instant::now(), &run, work, |_| true).await;
    assert_eq!(run.reason(), Some(Reason::Stop));
    assert!(!lock.is_held("report"));
}

#[tokio::test(start_paused = true)]
async fn what_was_not_done_may_be_run_by_another() {
    for done in [false, true] {
        let lock = MemoryLock::default();
        let (lease, run) = granted(&lock).await;
        let claim = Claim {
            name: "report".into(),
            due: Some(run.scheduled() - TTL),
            ttl: TTL,
            remember: TTL,
        };
        hold(lease, TTL, Instant::now(), &run, async {}, |()| done).await;
        assert!(!lock.is_held("report"));
        let answer = lock.acquire(&claim).await.unwrap();
        assert_eq!(matches!(answer, Answer::Done), done, "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn dropped_it_leaves_the_lock_to_its_end() {
    let lock = MemoryLock::default();
    let (lease, run) = granted(&lock).await;
    let held = hold(lease, TTL, Instant::now(), &run, pending::<()>(), |()| true);
    assert!(tokio::time::timeout(TTL * 2, held).await.is_err());
    assert!(lock.is_held("report"));
    sleep(TTL).await;
    assert!(!lock.is_held("report"));
}
