//! The journal of jobs with several processes, which are this binary, started again.

use crate::child::{child, wait_for};
use chrono::DateTime;
use fastkit::executor::store::{Entry, Fact, Journal, Store};
use std::{collections::BTreeMap, fs, path::Path, process::Stdio};

const PROCESSES: usize = 3;
const ROUNDS: i64 = 500;

/// What process number `process` appends: together it is far more than a file may have.
fn batches(process: usize) -> impl Iterator<Item = Vec<Entry>> {
    (1..=ROUNDS).map(move |round| {
        let due = |job: i64| Entry {
            job: format!("{}-{process}-{job}", "x".repeat(60)),
            fact: Fact::Due {
                at: DateTime::from_timestamp(round, 0).unwrap(),
            },
        };
        let flag = |fact| Entry {
            job: format!("flag-{process}"),
            fact,
        };
        let last = if round % 3 == 0 {
            Fact::Paused
        } else {
            Fact::Resumed
        };
        (0..10).map(due).chain([flag(last)]).collect()
    })
}

/// What one of the processes does.
pub(crate) fn append(folder: &Path) {
    let journal = Journal::open(folder.join("journal")).unwrap();
    wait_for(|| folder.join("go").exists());
    let process = (0..PROCESSES)
        .find(|process| fs::create_dir(folder.join(format!("process-{process}"))).is_ok())
        .unwrap();
    for (round, batch) in batches(process).enumerate() {
        journal.append(&batch).unwrap();
        if round % 7 == 0 {
            journal.poll().unwrap();
        }
    }
}

#[derive(Debug, Default, PartialEq)]
struct Known {
    due: BTreeMap<String, i64>,
    paused: BTreeMap<String, bool>,
}

impl Known {
    fn take(&mut self, entries: impl IntoIterator<Item = Entry>) {
        for Entry { job, fact } in entries {
            match fact {
                Fact::Due { at } => {
                    let due = self.due.entry(job).or_default();
                    *due = (*due).max(at.timestamp());
                }
                Fact::Paused => drop(self.paused.insert(job, true)),
                Fact::Resumed => drop(self.paused.remove(&job)),
                other => panic!("nobody has written {other:?}"),
            }
        }
    }
}

#[test]
fn processes_that_append_while_others_replace_the_file_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Journal::open(folder.path().join("journal")).unwrap();
    let watch = open();
    let mut processes: Vec<_> = (0..PROCESSES)
        .map(|_| {
            let mut command = child("journal", folder.path());
            command.stdout(Stdio::null()).spawn().unwrap()
        })
        .collect();
    fs::write(folder.path().join("go"), "").unwrap();
    let mut seen = Known::default();
    wait_for(|| {
        seen.take(watch.poll().unwrap());
        processes
            .iter_mut()
            .all(|process| process.try_wait().unwrap().is_some())
    });
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    seen.take(watch.poll().unwrap());
    let mut all = Known::default();
    all.take((0..PROCESSES).flat_map(batches).flatten());
    assert_eq!(seen, all);
    let mut late = Known::default();
    let first = open().poll().unwrap();
    assert_eq!(first.len(), PROCESSES * 10, "the last of each job");
    late.take(first);
    assert_eq!(late, all);
    let size = fs::metadata(folder.path().join("journal/jobs.jsonl"))
        .unwrap()
        .len();
    assert!(size <= 1024 * 1024 + 100_000, "{size} bytes");
    assert!(!folder.path().join("journal/jobs.damaged").exists());
}
