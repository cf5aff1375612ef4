use super::*;
use chrono::TimeDelta;

fn claim(name: &str, due: Option<DateTime<Utc>>) -> Claim {
    Claim {
        name: name.to_owned(),
        due,
        ttl: Duration::from_secs(30),
        remember: Duration::from_secs(3600),
    }
}

fn granted(lock: &FileLock, claim: &Claim) -> Box<dyn Lease> {
    match lock.try_acquire(claim).unwrap() {
        Answer::Granted(lease) => lease,
        other => panic!("{other:?}"),
    }
}

#[test]
fn names_are_safe_and_differ() {
    let cases = [
        ("tasks.hello", "tasks.hello.lock"),
        ("..", "%2E..lock"),
        (".", "%2E.lock"),
        ("", "%.lock"),
        ("../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd.lock"),
        ("a b\0\n", "a%20b%00%0A.lock"),
        ("任务", "%E4%BB%BB%E5%8A%A1.lock"),
        ("%2E", "%252E.lock"),
    ];
    for (name, file) in cases {
        assert_eq!(file_name(name), file, "{name:?}");
    }
    let long = |end: &str| file_name(&("x".repeat(5000) + end));
    assert!(long("a").len() <= 255, "{}", long("a").len());
    assert_ne!(long("a"), long("b"));
    assert_eq!(long("a"), long("a"));
    assert_eq!(
        checksum(b"foobar"),
        0x343e_1662_793c_64bf_6f0d_3597_ba44_6f18,
        "the published value"
    );
}

#[test]
fn every_name_makes_a_file_in_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let lock = FileLock::new(folder.path().join("made/here"));
    let names = ["", "..", ".", "a/b", "a\\b", &"长".repeat(500), "~", "-rf"];
    for name in names {
        drop(granted(&lock, &claim(name, None)));
    }
    assert_eq!(fs::read_dir(lock.folder()).unwrap().count(), names.len());
}

#[test]
fn a_record_is_always_as_long_and_survives() {
    let folder = tempfile::tempdir().unwrap();
    let lock = FileLock::new(folder.path());
    let due = DateTime::from_timestamp(1_790_000_000, 123_456_789).unwrap();
    let claim = claim("job", Some(due));
    let path = folder.path().join("job.lock");
    let lease = granted(&lock, &claim);
    assert_eq!(fs::metadata(&path).unwrap().len(), RECORD as u64);
    ready(lease.finish(true)).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), RECORD as u64);
    let record: Record = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!((record.due, record.done), (Some(due), Some(due)));
    let again = FileLock::new(folder.path()).try_acquire(&claim).unwrap();
    assert!(matches!(again, Answer::Done), "{again:?}");
}

#[test]
fn a_damaged_record_is_as_none() {
    let folder = tempfile::tempdir().unwrap();
    let lock = FileLock::new(folder.path());
    let path = folder.path().join("job.lock");
    let due = Utc::now();
    let longer = vec![b'x'; 10_000];
    let cases: [&[u8]; 6] = [
        b"",
        b"{",
        b"\xff\xfe\0",
        b"[]",
        b"{\"fence\":-1}",
        longer.as_slice(),
    ];
    for text in cases {
        fs::write(&path, text).unwrap();
        let before = u64::try_from(Utc::now().timestamp_millis()).unwrap();
        let lease = granted(&lock, &claim("job", Some(due)));
        assert!(lease.fence().number() >= before);
        ready(lease.finish(true)).unwrap();
        let next = lock.try_acquire(&claim("job", Some(due))).unwrap();
        assert!(matches!(next, Answer::Done), "whole again: {next:?}");
    }
}

#[test]
fn a_fence_grows_over_a_clock_that_goes_back() {
    let folder = tempfile::tempdir().unwrap();
    let lock = FileLock::new(folder.path());
    let ahead = u64::try_from(Utc::now().timestamp_millis()).unwrap() + 3_600_000;
    let text = format!("{{\"due\":null,\"done\":null,\"at\":null,\"fence\":{ahead}}}");
    fs::write(folder.path().join("job.lock"), text).unwrap();
    let fence = granted(&lock, &claim("job", None)).fence().number();
    assert_eq!(fence, ahead + 1);
}

#[test]
fn a_record_of_a_clock_far_ahead_stops_no_run() {
    let folder = tempfile::tempdir().unwrap();
    let lock = FileLock::new(folder.path());
    let now = Utc::now();
    for (ahead, is_done) in [(TimeDelta::hours(1), true), (TimeDelta::days(400), false)] {
        let record = Record {
            due: Some(now + ahead),
            done: Some(now + ahead),
            at: Some(now + ahead),
            fence: 1,
        };
        let text = serde_json::to_vec(&record).unwrap();
        fs::write(folder.path().join("job.lock"), text).unwrap();
        let answer = lock.try_acquire(&claim("job", Some(now))).unwrap();
        assert_eq!(matches!(answer, Answer::Done), is_done, "{answer:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_is_removed_while_it_is_held_ends_the_lease() {
    let folder = tempfile::tempdir().unwrap();
    let lock = FileLock::new(folder.path());
    let path = folder.path().join("job.lock");
    let due = Some(Utc::now());
    let mut first = granted(&lock, &claim("job", due));
    assert!(ready(first.renew()).unwrap());
    fs::remove_file(&path).unwrap();
    assert!(!ready(first.renew()).unwrap(), "nobody can see it");

    let second = granted(&lock, &claim("job", due));
    assert!(!ready(first.renew()).unwrap());
    ready(first.finish(true)).unwrap();
    let third = lock.try_acquire(&claim("job", due)).unwrap();
    assert!(matches!(third, Answer::Busy(_)), "{third:?}");
    ready(second.finish(true)).unwrap();
    let fourth = lock.try_acquire(&claim("job", due)).unwrap();
    assert!(matches!(fourth, Answer::Done), "{fourth:?}");
}

/// Threads that take the lock while another removes the file all the time: who has it finds its file
/// under the name, or nothing there; never the file of another who holds it at the same time.
#[cfg(unix)]
#[test]
fn who_locks_a_removed_file_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let lock = FileLock::new(folder.path());
    let path = folder.path().join("job.lock");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    match lock.try_acquire(&claim("job", None)) {
                        Ok(Answer::Granted(lease)) => drop(lease),
                        Ok(_) => {}
                        Err(error) => {
                            assert!(error.to_string().contains("again and again"), "{error}");
                        }
                    }
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..2000 {
                let _ = fs::remove_file(&path);
            }
        });
    });
    assert!(matches!(
        lock.try_acquire(&claim("job", None)).unwrap(),
        Answer::Granted(_)
    ));
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let lock = FileLock::new(file.path().join("locks"));
    let error = lock.try_acquire(&claim("job", None)).unwrap_err();
    assert!(
        error
            .to_string()
            .contains(&file.path().display().to_string()),
        "{error}"
    );
    let lock = FileLock::new("/proc/nothing/here");
    let error = lock.try_acquire(&claim("job", None)).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("cannot make the folder \"/proc/nothing/here\": "),
        "{error}"
    );
}

/// The futures of a file lock never wait.
fn ready<T>(future: Boxed<'_, T>) -> T {
    let mut future = future;
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("it waits"),
    }
}
