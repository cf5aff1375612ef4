//! Tasks: names, arguments, runs, and single ones of several pools.

use super::*;
use crate::{
    context,
    executor::{Args, JobError, Reason, lock::memory::MemoryLock},
    threadpool::{self, ThreadPoolConfig},
};
use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

const LONG: Duration = Duration::from_secs(3600);
const PATIENCE: Duration = Duration::from_secs(30);

fn pool(threads: usize, lock: Option<&MemoryLock>) -> ThreadPool {
    let pool = ThreadPool::new(ThreadPoolConfig {
        name: "background".into(),
        threads,
        queue: Some(100),
    });
    let lock = lock.map(|lock| Arc::new(lock.clone()) as Arc<dyn Lock>);
    pool.serve(lock, Given::default());
    pool
}

#[test]
fn a_task_gets_its_arguments_and_its_run() {
    let pool = pool(2, None);
    let id = Arc::new(Mutex::new(None));
    let seen = id.clone();
    let task = Task::new("sum", move |run: Run, Args((a, b)): Args<(u32, u32)>| {
        *seen.lock().unwrap() = Some((run.id(), context::current()));
        assert_eq!((run.job(), run.fence()), ("sum", None));
        a + b
    });
    let handle = pool.start(task.args((1, 2))).unwrap();
    assert_eq!(handle.join(), Ok(Some("3".into())));
    let (run, request) = id.lock().unwrap().take().unwrap();
    assert_eq!(Some(run), request);
}

#[test]
fn a_failure_is_the_error_of_the_handle() {
    let pool = pool(1, None);
    let fails = || Err::<(), _>(JobError::new("no route to http://me:pw@host"));
    let error = pool.start(Task::new("report", fails)).unwrap().join();
    let error = error.unwrap_err();
    assert!(error.is_failure());
    assert_eq!(
        error.to_string(),
        "the task `report` failed: no route to http://me:***@host"
    );
    let panics = || assert_eq!(1, 2, "they differ");
    let error = pool.start(Task::new("report", panics)).unwrap().join();
    assert!(error.unwrap_err().is_panic());
}

#[test]
fn all_that_cannot_be_is_told_at_once() {
    let pool = pool(1, None);
    let task = Task::new("not a name", |_: Args<u32>| {}).single_job(true);
    let refused = pool
        .start(task.args("seven").lock_ttl(Duration::from_millis(1)))
        .unwrap_err();
    assert!(refused.is_impossible() && !refused.is_full());
    let text = refused.to_string();
    for part in [
        "the task `not a name` cannot run: its name is \"not a name\"; 1 to 128 of `A-Z",
        "its arguments \"seven\" are no u32",
        "given no lock",
        "lock_ttl is 1ms; allowed is 100ms to 24h",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let refused = pool.start(Task::new("waits", async || {})).unwrap_err();
    assert!(refused.to_string().contains("asynchronous"), "{refused}");
    pool.stop(PATIENCE);
    let refused = pool.start(Task::new("late", || {})).unwrap_err();
    assert!(refused.is_stopped());
}

#[test]
fn a_part_of_a_run_is_told_with_it() {
    let pool = pool(1, None);
    let args = Arc::new(serde_json::Value::Null);
    let run = Run::new("report".into(), Utc::now(), args, None, Given::default());
    let (begin, begun) = mpsc::channel();
    let work = move || {
        begin.send(context::current()).unwrap();
        threadpool::sleep(LONG)
    };
    let handle = pool.run(&run, work).unwrap();
    let request = begun.recv_timeout(PATIENCE).unwrap();
    assert_eq!(request, Some(run.id()));
    handle.cancel();
    assert_eq!(handle.join(), Ok(false));
    assert_eq!(run.reason(), Some(Reason::Asked));
    assert_eq!(
        pool.run(&run, threadpool::is_stopped).unwrap().join(),
        Ok(true)
    );
}

/// What single tasks of any pool see of each other.
#[derive(Clone, Default)]
struct Witness {
    inside: Arc<AtomicUsize>,
    runs: Arc<Mutex<Vec<(usize, u64)>>>,
}

impl Witness {
    /// A single task that runs until it may end.
    fn task(&self, pool: usize, end: mpsc::Receiver<()>) -> (Task, mpsc::Receiver<()>) {
        let (begin, begun) = mpsc::channel();
        let (witness, end) = (self.clone(), Mutex::new(end));
        let task = Task::new("watch", move |run: Run| {
            assert_eq!(witness.inside.fetch_add(1, Ordering::SeqCst), 0);
            let fence = run.fence().unwrap().number();
            witness.runs.lock().unwrap().push((pool, fence));
            begin.send(()).unwrap();
            let _ = end.lock().unwrap().recv();
            witness.inside.fetch_sub(1, Ordering::SeqCst);
        });
        (task.single_job(true), begun)
    }
}

/// J4: the second runs after the first, and nothing behind it is blocked.
#[test]
fn single_tasks_of_two_pools_run_one_after_the_other_and_block_nobody() {
    let lock = MemoryLock::default();
    let (one, two) = (pool(1, Some(&lock)), pool(1, Some(&lock)));
    let witness = Witness::default();
    let (end_first, end) = mpsc::channel();
    let (task, first_begun) = witness.task(1, end);
    let first = one.start(task).unwrap();
    first_begun.recv_timeout(PATIENCE).unwrap();
    let (end_second, end) = mpsc::channel();
    let (task, second_begun) = witness.task(2, end);
    let second = two.start(task).unwrap();
    // The only thread of the second pool is free for those behind.
    for number in 0..10 {
        assert_eq!(two.submit(move || number).unwrap().join(), Ok(number));
    }
    assert!(two.waiting() == 1 && !second.is_finished());
    assert!(second_begun.try_recv().is_err());
    drop(end_first);
    assert_eq!(first.join(), Ok(None));
    second_begun.recv_timeout(PATIENCE).unwrap();
    assert!(lock.is_held("watch"));
    drop(end_second);
    assert_eq!(second.join(), Ok(None));
    assert_eq!(*witness.runs.lock().unwrap(), [(1, 1), (2, 2)]);
    // A stop waits until the lock is given back.
    assert!(two.stop(PATIENCE).is_empty() && one.stop(PATIENCE).is_empty());
    assert!(!lock.is_held("watch"));
}

#[test]
fn many_single_tasks_of_many_pools_never_overlap() {
    let lock = MemoryLock::default();
    let pools: Vec<_> = (0..4).map(|_| pool(2, Some(&lock))).collect();
    let witness = Witness::default();
    let handles: Vec<_> = (0..8)
        .map(|number| {
            let (_, end) = mpsc::channel();
            let (task, _begun) = witness.task(number % 4, end);
            (pools[number % 4].start(task).unwrap(), _begun)
        })
        .collect();
    for (handle, _begun) in handles {
        assert_eq!(handle.join(), Ok(None));
    }
    let runs = witness.runs.lock().unwrap();
    let fences: Vec<u64> = runs.iter().map(|(_, fence)| *fence).collect();
    assert_eq!(runs.len(), 8);
    assert!(fences.is_sorted_by(|a, b| a < b), "{fences:?}");
}

fn panic_without_lock() {
    panic!("it has no lock")
}

#[test]
fn a_single_task_that_waits_can_be_cancelled_and_stopped() {
    let lock = MemoryLock::default();
    lock.steal("watch", LONG);
    let pool = pool(1, Some(&lock));
    let never = || Task::new("watch", panic_without_lock).single_job(true);
    let (one, two) = (pool.start(never()).unwrap(), pool.start(never()).unwrap());
    one.cancel();
    assert!(one.join().unwrap_err().is_cancelled());
    let cut = pool.stop(PATIENCE);
    assert!(cut.is_empty(), "it had nothing to lose: {cut:?}");
    assert!(two.join().unwrap_err().is_stopped());
    assert!(pool.start(never()).unwrap_err().is_stopped());
}

#[test]
fn single_tasks_that_wait_count_for_the_bound() {
    let lock = MemoryLock::default();
    lock.steal("watch", LONG);
    let pool = ThreadPool::new(ThreadPoolConfig {
        name: "small".into(),
        threads: 1,
        queue: Some(3),
    });
    pool.serve(Some(Arc::new(lock)), Given::default());
    let task = || Task::new("watch", || {}).single_job(true);
    let taken: Vec<_> = (0..10).filter_map(|_| pool.start(task()).ok()).collect();
    assert_eq!(taken.len(), 4, "one more than the queue: a thread is free");
    assert!(pool.start(task()).unwrap_err().is_full());
    drop(pool);
    for handle in taken {
        assert!(handle.join().unwrap_err().is_stopped());
    }
}

#[test]
fn a_running_single_task_is_told_when_it_is_cancelled_or_has_lost_its_lock() {
    let lock = MemoryLock::default();
    let pool = pool(2, Some(&lock));
    let (begin, begun) = mpsc::channel();
    let reasons = Arc::new(Mutex::new(HashMap::new()));
    let start = |name: &'static str| {
        let (begin, reasons) = (begin.clone(), reasons.clone());
        let task = Task::new(name, move |run: Run| {
            begin.send(()).unwrap();
            run.sleep(LONG);
            reasons.lock().unwrap().insert(name, run.reason());
        });
        pool.start(task.single_job(true).lock_ttl(Duration::from_secs(2)))
            .unwrap()
    };
    let (asked, lost) = (start("asked"), start("lost"));
    begun.recv_timeout(PATIENCE).unwrap();
    begun.recv_timeout(PATIENCE).unwrap();
    asked.cancel();
    lock.steal("lost", LONG);
    assert_eq!((asked.join(), lost.join()), (Ok(None), Ok(None)));
    let reasons = reasons.lock().unwrap();
    assert_eq!(reasons["asked"], Some(Reason::Asked));
    assert_eq!(reasons["lost"], Some(Reason::LockLost));
}

#[test]
fn a_lock_is_not_kept_from_others_while_no_thread_is_free() {
    let lock = MemoryLock::default();
    let (busy, free) = (pool(1, Some(&lock)), pool(1, Some(&lock)));
    let endless = busy.submit(|| threadpool::sleep(LONG)).unwrap();
    while busy.waiting() > 0 {
        thread::yield_now();
    }
    let task = || Task::new("watch", || 7).single_job(true).lock_ttl(LONG);
    let stuck = busy.start(task()).unwrap();
    while !lock.is_held("watch") {
        thread::yield_now();
    }
    assert_eq!(free.start(task()).unwrap().join(), Ok(Some("7".into())));
    assert!(!stuck.is_finished());
    endless.cancel();
    assert_eq!(stuck.join(), Ok(Some("7".into())));
}

#[test]
fn a_lock_that_cannot_be_asked_for_is_waited_for() {
    let lock = MemoryLock::default();
    lock.break_down(true);
    let pool = pool(1, Some(&lock));
    let handle = pool
        .start(Task::new("watch", || true).single_job(true))
        .unwrap();
    assert_eq!(pool.submit(|| 1).unwrap().join(), Ok(1));
    assert!(!handle.is_finished());
    lock.break_down(false);
    assert_eq!(handle.join(), Ok(Some("true".into())));
}
