//! Locks in files: among processes.

use super::suite::{Place, busy, claim, done, due, granted, in_the_end};
use chrono::TimeDelta;
use fastkit::{
    env,
    executor::lock::{Answer, Boxed, FileLock, Lock},
};
use std::{
    fs::{self, OpenOptions},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

const ROLE: &str = "fastkit_lock_role";
const FOLDER: &str = "fastkit_lock_folder";
const RUNS: i64 = 200;

struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

impl Place for Files {
    fn lock(&self) -> Box<dyn Lock> {
        Box::new(FileLock::new(self.0.path()))
    }

    fn take_away<'a>(&'a self, name: &'a str) -> Boxed<'a, ()> {
        Box::pin(async move {
            fs::remove_file(self.0.path().join(format!("{name}.lock"))).unwrap();
        })
    }
}

promises!(Files::new());

/// Does nothing in an ordinary run.
#[tokio::test]
async fn role() {
    let folder = PathBuf::from(env::get(FOLDER, ""));
    let lock = FileLock::new(folder.join("locks"));
    match env::get(ROLE, "").as_str() {
        "hold" => {
            let _lease = granted(&lock, &claim("job", due())).await;
            println!("held");
            std::io::stdout().flush().unwrap();
            // Until it is killed, or the test that started it is gone.
            let _ = std::io::stdin().read_line(&mut String::new());
        }
        "run" => {
            let mut number = 0;
            while number < RUNS {
                let claim = claim("job", due() + TimeDelta::seconds(number));
                match lock.acquire(&claim).await.unwrap() {
                    Answer::Done => number += 1,
                    Answer::Busy(_) => std::thread::yield_now(),
                    Answer::Granted(lease) => {
                        let mut runs = append(&folder);
                        writeln!(runs, "begin {number} {}", lease.fence()).unwrap();
                        writeln!(runs, "end {number} {}", lease.fence()).unwrap();
                        lease.finish(true).await.unwrap();
                    }
                }
            }
        }
        _ => {}
    }
}

fn append(folder: &Path) -> fs::File {
    let mut options = OpenOptions::new();
    let runs = options.create(true).append(true);
    runs.open(folder.join("runs")).unwrap()
}

fn child(role: &str, folder: &Path, output: Stdio) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "lock::file::role", "--nocapture", "--quiet"])
        .env(ROLE, role)
        .env(FOLDER, folder)
        .stdin(Stdio::piped())
        .stdout(output)
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn the_lock_of_a_killed_process_is_free_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let lock = FileLock::new(folder.path().join("locks"));
    let claim = claim("job", due());
    let mut holder = child("hold", folder.path(), Stdio::piped());
    let output = BufReader::new(holder.stdout.take().unwrap());
    assert!(
        output.lines().any(|line| line.unwrap().ends_with("held")),
        "it had the lock"
    );
    assert_eq!(busy(&lock, &claim).await, Duration::from_secs(1));
    holder.kill().unwrap();
    holder.wait().unwrap();
    let (lease, time) = in_the_end(&lock, &claim).await;
    println!("taken over {time:?} after the holder was killed");
    lease.finish(true).await.unwrap();
    done(&lock, &claim).await;
}

#[test]
fn processes_run_everything_once() {
    let folder = tempfile::tempdir().unwrap();
    let processes: Vec<_> = (0..4)
        .map(|_| child("run", folder.path(), Stdio::null()))
        .collect();
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    let runs = fs::read_to_string(folder.path().join("runs")).unwrap();
    let mut lines = runs.lines();
    let mut last = 0;
    for number in 0..RUNS {
        let begin = lines.next().unwrap();
        let words: Vec<_> = begin.split(' ').collect();
        assert_eq!(words[..2], ["begin", &number.to_string()]);
        let fence: u64 = words[2].parse().unwrap();
        assert!(fence > last, "{fence} after {last}");
        last = fence;
        assert_eq!(lines.next().unwrap(), begin.replace("begin", "end"));
    }
    assert_eq!(lines.next(), None);
}

/// The scheduler does this on the thread of its timers.
#[tokio::test]
async fn a_lock_takes_no_time_worth_a_thread() {
    let files = Files::new();
    let lock = files.lock();
    let mut times: Vec<_> = (0..200)
        .map(|number| claim("job", due() + TimeDelta::seconds(number)))
        .collect::<Vec<_>>()
        .iter()
        .map(|claim| {
            let start = Instant::now();
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            let std::task::Poll::Ready(Ok(Answer::Granted(lease))) =
                lock.acquire(claim).as_mut().poll(&mut context)
            else {
                panic!("it waits");
            };
            assert!(lease.finish(true).as_mut().poll(&mut context).is_ready());
            start.elapsed()
        })
        .collect();
    times.sort();
    println!(
        "a lock taken and given back: median {:?}, longest {:?}",
        times[100], times[199]
    );
}
