//! Several journals on one folder, as several processes have them; damage; and what they come to against
//! a model that knows no files.

use super::*;
use crate::executor::{
    Outcome, Past,
    lock::{Answer, Claim, FileLock, Lock},
    store::Fact,
};
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    path::Path,
    thread,
    time::Duration,
};

fn time(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
}

fn due(job: &str, second: i64) -> Entry {
    fact(job, Fact::Due { at: time(second) })
}

fn ran(job: &str, second: i64) -> Entry {
    let past = Past {
        run: format!("run-{second}"),
        scheduled: time(second),
        started: time(second),
        duration_ms: 10,
        outcome: Outcome::Succeeded,
        text: Some("a\nresult of \"two\" lines".into()),
        process: 7,
    };
    fact(job, Fact::Ran(past))
}

fn fact(job: &str, fact: Fact) -> Entry {
    let job = job.into();
    Entry { job, fact }
}

fn removed(job: &str, service: &str) -> Entry {
    removed_at(job, service, 0)
}

fn removed_at(job: &str, service: &str, second: i64) -> Entry {
    let (service, at) = (service.into(), time(second));
    fact(job, Fact::Removed { service, at })
}

fn data(folder: &Path) -> String {
    fs::read_to_string(folder.join("jobs.jsonl")).unwrap()
}

/// What entries come to, in the plainest way.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model(BTreeMap<String, Job>);

#[derive(Clone, Debug, Default, PartialEq)]
struct Job {
    due: Option<DateTime<Utc>>,
    runs: BTreeSet<(DateTime<Utc>, String)>,
    paused: bool,
    removed: Option<(String, DateTime<Utc>)>,
}

impl Model {
    fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut model = Self::default();
        for entry in entries {
            let job = model.0.entry(entry.job.clone()).or_default();
            match &entry.fact {
                Fact::Due { at } => job.due = job.due.max(Some(*at)),
                Fact::Ran(past) => {
                    job.runs.insert((past.started, past.run.clone()));
                    if job.runs.len() > 20 {
                        job.runs.pop_first();
                    }
                }
                Fact::Paused => job.paused = true,
                Fact::Resumed => job.paused = false,
                Fact::Removed { service, at } => {
                    let removed = Some((service.clone(), *at));
                    job.paused &= job.removed == removed;
                    job.removed = removed;
                }
            }
        }
        // A job of which nothing is known any more is none.
        model.0.retain(|_, job| *job != Job::default());
        model
    }
}

#[test]
fn entries_come_to_all_in_their_order_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Journal::open(folder.path()).unwrap();
    let (one, two) = (open(), open());
    let first = [due("a", 1), ran("a", 1), fact("b", Fact::Paused)];
    one.append(&first).unwrap();
    one.append(&[]).unwrap();
    let second = [fact("b", Fact::Resumed), due("a", 2), removed("b", "now")];
    assert_eq!(Model::of(&one.poll().unwrap()), Model::of(&first));
    two.append(&second).unwrap();
    assert_eq!(one.poll().unwrap(), second);
    assert_eq!(
        Model::of(&two.poll().unwrap()),
        Model::of(first.iter().chain(&second))
    );
    // What says nothing new is not given.
    one.append(&[
        due("a", 1),
        due("a", 2),
        ran("a", 1),
        fact("b", Fact::Resumed),
    ])
    .unwrap();
    assert_eq!((one.poll().unwrap(), two.poll().unwrap()), (vec![], vec![]));
}

#[test]
fn the_first_poll_after_a_restart_is_short() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let mut all = vec![
        fact("a", Fact::Paused),
        removed("a", "first"),
        removed("a", "second"),
        fact("a", Fact::Paused),
    ];
    for second in 0..50 {
        all.extend([due("a", second), ran("a", second)]);
    }
    all.extend([fact("b", Fact::Paused), fact("b", Fact::Resumed)]);
    for entry in &all {
        journal.append(std::slice::from_ref(entry)).unwrap();
    }
    let first = Journal::open(folder.path()).unwrap().poll().unwrap();
    assert_eq!(first.len(), 20 + 3, "{first:?}");
    assert_eq!(Model::of(&first), Model::of(&all));
    assert_eq!(first[0], ran("a", 30), "the oldest first");
}

#[test]
fn half_a_line_is_waited_for_and_never_spoils_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    journal.append(&[due("a", 1)]).unwrap();
    journal.poll().unwrap();
    let whole = String::from_utf8(to_lines(&[due("a", 2)]).unwrap()).unwrap();
    let write = |text: &str| {
        let path = folder.path().join("jobs.jsonl");
        let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    let (head, tail) = whole.split_at(20);
    write(head);
    assert_eq!(journal.poll().unwrap(), []);
    write(tail);
    assert_eq!(journal.poll().unwrap(), [due("a", 2)]);
    // Who wrote this has died.
    write(head);
    journal.append(&[due("a", 3)]).unwrap();
    assert_eq!(journal.poll().unwrap(), [due("a", 3)]);
    // All but its end was written: it counts.
    write(
        String::from_utf8(to_lines(&[due("a", 4)]).unwrap())
            .unwrap()
            .trim_end(),
    );
    assert_eq!(journal.poll().unwrap(), []);
    journal.append(&[due("a", 5)]).unwrap();
    assert_eq!(journal.poll().unwrap(), [due("a", 4), due("a", 5)]);
}

#[test]
fn damaged_lines_are_left_out_and_kept_aside() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Journal::with_large(folder.path().into(), 200_000).unwrap();
    let journal = open();
    journal.append(&[due("a", 1)]).unwrap();
    let path = folder.path().join("jobs.jsonl");
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    let newer = "{\"job\":\"a\",\"fact\":\"ofALaterVersion\"}";
    let long = "x".repeat(150_000);
    file.write_all(format!("{newer}\n\n\n{long}\n").as_bytes())
        .unwrap();
    file.write_all(b"\xff\x00{]\n").unwrap();
    journal.append(&[due("b", 2)]).unwrap();
    assert_eq!(journal.poll().unwrap(), [due("a", 1), due("b", 2)]);
    assert_eq!(open().poll().unwrap(), [due("a", 1), due("b", 2)]);
    // Large enough to be replaced.
    for second in 0..1000 {
        journal.append(&[due("a", second)]).unwrap();
    }
    assert!(data(folder.path()).len() < 100_000);
    let aside = fs::read(folder.path().join("jobs.damaged")).unwrap();
    let lines: Vec<_> = aside.split(|byte| *byte == b'\n').collect();
    assert_eq!((lines[0], lines[2]), (newer.as_bytes(), &b"\xff\x00{]"[..]));
    assert_eq!(lines[1].len(), 64 * 1024, "its beginning is enough");
    assert_eq!(open().poll().unwrap(), [due("a", 999), due("b", 2)]);
}

#[test]
fn a_file_that_others_have_replaced_is_read_on() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Journal::with_large(folder.path().into(), 4000).unwrap();
    let (writer, reader, late) = (open(), open(), open());
    let generations: BTreeSet<_> = (0..2000)
        .map(|second| {
            let entries = [due("a", second), ran("a", second)];
            writer.append(&entries).unwrap();
            if second % 7 != 0 {
                let news = reader.poll().unwrap();
                for entry in &entries {
                    assert!(news.contains(entry), "{second}: {news:?}");
                }
                assert!(news.len() <= 4, "only what is new: {news:?}");
            }
            assert!(data(folder.path()).len() < 16_000);
            data(folder.path()).lines().next().unwrap().to_owned()
        })
        .collect();
    assert!(generations.len() > 10, "{}", generations.len());
    // However many files later.
    let last = Model::of(&late.poll().unwrap());
    assert_eq!(
        last,
        Model::of(
            (0..2000)
                .map(|s| ran("a", s))
                .chain([due("a", 1999)])
                .collect::<Vec<_>>()
                .iter()
        )
    );
}

#[test]
fn a_file_that_is_deleted_or_cut_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.jsonl");
    let journal = Journal::open(folder.path()).unwrap();
    journal.append(&[due("a", 1), due("a", 2)]).unwrap();
    assert_eq!(journal.poll().unwrap(), [due("a", 2)]);
    fs::remove_file(&path).unwrap();
    assert_eq!(journal.poll().unwrap(), []);
    journal.append(&[due("a", 3)]).unwrap();
    assert_eq!(journal.poll().unwrap(), [due("a", 3)]);
    // Emptied, without a header then, and with entries that somebody has written by hand.
    fs::write(&path, "").unwrap();
    assert_eq!(journal.poll().unwrap(), []);
    journal.append(&[due("a", 4)]).unwrap();
    assert_eq!(journal.poll().unwrap(), [due("a", 4)]);
    fs::write(
        &path,
        to_lines(&[due("a", 5), fact("b", Fact::Paused)]).unwrap(),
    )
    .unwrap();
    assert_eq!(
        journal.poll().unwrap(),
        [due("a", 5), fact("b", Fact::Paused)]
    );
}

#[test]
fn a_job_that_is_removed_again_is_news_and_is_not_paused() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Journal::with_large(folder.path().into(), 2000).unwrap();
    let (one, two) = (open(), open());
    let paused = || fact("a", Fact::Paused);
    for second in 0..100 {
        let entries = [paused(), removed_at("a", "now", second)];
        one.append(&entries).unwrap();
        let news = two.poll().unwrap();
        assert!(news.contains(&entries[1]), "{second}: {news:?}");
        assert_eq!(open().poll().unwrap(), [entries[1].clone()]);
    }
    one.append(&[paused()]).unwrap();
    assert_eq!(two.poll().unwrap(), [paused()]);
    let both = [removed_at("a", "now", 99), paused()];
    assert_eq!(open().poll().unwrap(), both);
}

#[test]
fn a_file_that_does_not_say_when_a_job_was_removed_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let mut text = data(folder.path());
    text.push_str("{\"job\":\"a\",\"fact\":\"removed\",\"service\":\"one\"}\n");
    fs::write(folder.path().join("jobs.jsonl"), text).unwrap();
    let (service, at) = ("one".into(), DateTime::UNIX_EPOCH);
    let gone = fact("a", Fact::Removed { service, at });
    assert_eq!(journal.poll().unwrap(), [gone]);
    assert!(!folder.path().join("jobs.damaged").exists());
}

#[tokio::test]
async fn a_single_job_of_any_name_may_share_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    Journal::open(folder.path()).unwrap();
    let files = fs::read_dir(folder.path()).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let lock = FileLock::new(folder.path());
    let mut leases = Vec::new();
    for file in files.collect::<Vec<_>>() {
        for name in [file.clone(), file.trim_end_matches(".lock").to_owned()] {
            let claim = Claim {
                name,
                due: None,
                ttl: Duration::from_secs(30),
                remember: Duration::ZERO,
            };
            let answer = lock.acquire(&claim).await.unwrap();
            leases.extend(matches!(answer, Answer::Granted(_)).then_some(answer));
        }
    }
    assert!(leases.len() >= 3, "{leases:?}");
    let journal = Journal::open(folder.path()).unwrap();
    journal.append(&[due("a", 1)]).unwrap();
    assert_eq!(journal.poll().unwrap(), [due("a", 1)]);
}

#[test]
fn errors_name_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Journal::open(file.join("jobs")).unwrap_err();
    assert!(error.to_string().contains("file/jobs: "), "{error}");
    let journal = Journal::open(folder.path()).unwrap();
    journal.append(&[due("a", 1)]).unwrap();
    fs::remove_file(folder.path().join("jobs.jsonl")).unwrap();
    fs::create_dir(folder.path().join("jobs.jsonl")).unwrap();
    for error in [
        journal.append(&[due("a", 2)]).unwrap_err(),
        journal.poll().unwrap_err(),
    ] {
        assert!(error.to_string().contains("jobs.jsonl: "), "{error}");
    }
    fs::remove_dir(folder.path().join("jobs.jsonl")).unwrap();
    journal.append(&[due("a", 2)]).unwrap();
    assert_eq!(journal.poll().unwrap(), [due("a", 2)]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_that_names_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let path = folder.path().join("jobs.jsonl");
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    let error = journal.append(&[due("a", 1)]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert!(error.to_string().contains("jobs.jsonl: "), "{error}");
}

#[test]
fn threads_with_journals_of_their_own_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Journal::with_large(folder.path().into(), 8000).unwrap();
    let entries = |thread: i64| -> Vec<Entry> {
        let job = format!("job-{thread}");
        (0..60)
            .flat_map(|second| [ran(&job, second), due(&job, second)])
            .collect()
    };
    let (watch, done) = (open(), AtomicBool::new(false));
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut seen = Vec::new();
            while !done.load(Ordering::SeqCst) {
                seen.extend(watch.poll().unwrap());
            }
            seen.extend(watch.poll().unwrap());
            seen
        });
        let writers: Vec<_> = (0..8)
            .map(|thread| {
                let journal = open();
                scope.spawn(move || {
                    for batch in entries(thread).chunks(3) {
                        journal.append(batch).unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::SeqCst);
        let all: Vec<Entry> = (0..8).flat_map(entries).collect();
        assert_eq!(Model::of(&watcher.join().unwrap()), Model::of(&all));
        assert_eq!(Model::of(&open().poll().unwrap()), Model::of(&all));
    });
}

#[derive(Clone, Debug)]
enum Step {
    Append(usize, Vec<Entry>),
    Poll(usize),
    Restart(usize),
    /// Somebody dies in the middle of a line.
    Tear(usize),
    Garbage,
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let second = 0..60_i64;
    (0..3_usize, second, 0..6_u8).prop_map(|(job, second, kind)| {
        let job = ["a", "b.c", "d-e~f"][job];
        match kind {
            0 | 1 => due(job, second),
            2 | 3 => ran(job, second),
            4 if second % 2 == 0 => fact(job, Fact::Paused),
            4 => fact(job, Fact::Resumed),
            _ => removed_at(job, ["one", "two"][second as usize % 2], second / 20),
        }
    })
}

fn any_step() -> impl Strategy<Value = Step> {
    let batch = proptest::collection::vec(any_entry(), 0..6);
    prop_oneof![
        6 => (0..3_usize, batch).prop_map(|(at, batch)| Step::Append(at, batch)),
        3 => (0..3_usize).prop_map(Step::Poll),
        1 => (0..3_usize).prop_map(Step::Restart),
        1 => (1..30_usize).prop_map(Step::Tear),
        1 => Just(Step::Garbage),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_read_comes_to_what_was_written(steps in proptest::collection::vec(any_step(), 1..120)) {
        let folder = tempfile::tempdir().unwrap();
        let open = || Journal::with_large(folder.path().into(), 2000).unwrap();
        let mut journals: Vec<_> = (0..3).map(|_| (open(), Vec::new())).collect();
        let mut all = Vec::new();
        let write = |bytes: &[u8]| {
            let path = folder.path().join("jobs.jsonl");
            let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
            file.write_all(bytes).unwrap();
        };
        for step in steps {
            match step {
                Step::Append(at, batch) => {
                    journals[at].0.append(&batch).unwrap();
                    all.extend(batch);
                }
                Step::Poll(at) => {
                    let (journal, seen) = &mut journals[at];
                    seen.extend(journal.poll().unwrap());
                    prop_assert_eq!(Model::of(&*seen), Model::of(&all));
                }
                Step::Restart(at) => journals[at] = (open(), Vec::new()),
                Step::Tear(at) => {
                    let line = to_lines(&[due("torn", 1)]).unwrap();
                    write(&line[..at]);
                }
                Step::Garbage => write(b"\n{\"job\":1}\n"),
            }
        }
        for (journal, seen) in &mut journals {
            seen.extend(journal.poll().unwrap());
            prop_assert_eq!(Model::of(&*seen), Model::of(&all));
        }
        let first = open().poll().unwrap();
        prop_assert_eq!(Model::of(&first), Model::of(&all));
        prop_assert!(first.len() <= 3 * 23);
    }
}
