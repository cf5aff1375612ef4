//! The thread pool as the README of the original shows it, in both forms.

use fastkit::{
    background,
    executor::{Scheduler, Task, ThreadPool, ThreadPoolConfig, lock::FileLock},
    jobs, threadpool,
};
use std::{
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(30);

fn pool() -> ThreadPool {
    ThreadPool::new(ThreadPoolConfig {
        name: "background".into(),
        threads: 10,
        queue: Some(1000),
    })
}

/// Whoever runs, and the thread that it runs on.
static RUNS: Mutex<Option<mpsc::Sender<String>>> = Mutex::new(None);

/// The first form: one of them runs, the others wait until its lock is given back.
#[background(single_job)]
fn hello_world_thread() {
    while !threadpool::is_stopped() {
        let name = thread::current().name().unwrap_or_default().to_owned();
        let sender = RUNS.lock().unwrap().clone();
        sender.unwrap().send(name).unwrap();
        threadpool::sleep(Duration::from_secs(5));
    }
}

#[test]
fn the_two_forms_of_the_readme() {
    let folder = tempfile::tempdir().unwrap();
    let (sender, runs) = mpsc::channel();
    *RUNS.lock().unwrap() = Some(sender);
    let service = |pool: &ThreadPool| {
        let scheduler = Scheduler::builder()
            .background(pool.clone())
            .lock(Arc::new(FileLock::new(folder.path())))
            .build();
        scheduler.start().unwrap();
        scheduler
    };
    let (first, second) = (pool(), pool());
    let one = service(&first);
    one.add(jobs![hello_world_thread]).unwrap();
    assert!(
        runs.recv_timeout(PATIENCE)
            .unwrap()
            .starts_with("background-")
    );
    // The second form, in another service, of the task with the same name.
    let two = service(&second);
    let name = concat!(module_path!(), ".hello_world_thread").replace("::", ".");
    let name = name.strip_prefix("it.").unwrap();
    let task = Task::new(name, hello_world_thread).single_job(true);
    let explicit = second.start(task).unwrap();
    assert_eq!(second.submit(|| 1 + 1).unwrap().join(), Ok(2));
    assert!(!explicit.is_finished());
    assert_eq!(second.threads(), 1, "it waits without a thread");
    assert!(first.stop(PATIENCE).is_empty());
    runs.recv_timeout(PATIENCE).unwrap();
    assert_eq!(second.waiting(), 0);
    assert!(second.stop(PATIENCE).is_empty());
    assert_eq!(explicit.join(), Ok(None));
    drop((one, two));
}
