//! The sink: nothing lost at a clean stop, nobody blocked or harmed by what it writes to.

use fastkit::logger::{Rotation, Sink};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read, Write},
    path::Path,
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

const SOON: Duration = Duration::from_secs(20);

fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path)
        .unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect()
}

fn put(sink: &Sink, text: &str) -> bool {
    sink.line(|buffer| buffer.extend_from_slice(text.as_bytes()))
}

/// A writer that stands still until it is opened.
#[derive(Clone, Default)]
struct Gate {
    state: Arc<(Mutex<Written>, Condvar)>,
}

#[derive(Default)]
struct Written {
    open: bool,
    bytes: Vec<u8>,
}

impl Gate {
    fn open(&self) {
        self.state.0.lock().unwrap().open = true;
        self.state.1.notify_all();
    }

    fn written(&self) -> String {
        String::from_utf8(self.state.0.lock().unwrap().bytes.clone()).unwrap()
    }
}

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self
            .state
            .1
            .wait_while(self.state.0.lock().unwrap(), |state| !state.open)
            .unwrap();
        state.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn many_threads_lose_nothing_at_a_clean_stop() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/folder/a.log");
    let sink = Sink::file(&path).unwrap();
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let sink = sink.clone();
            thread::spawn(move || {
                (0..5000).for_each(|line| assert!(put(&sink, &format!("{thread} {line}"))))
            })
        })
        .collect();
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    assert_eq!(sink.dropped(), 0);
    drop(sink);
    let mut next = BTreeMap::new();
    for line in lines(&path) {
        let (thread, number) = line.split_once(' ').unwrap();
        let expected: &mut usize = next.entry(thread.to_owned()).or_default();
        assert_eq!(
            number,
            expected.to_string(),
            "lines of one thread keep their order"
        );
        *expected += 1;
    }
    assert_eq!(next.into_values().collect::<Vec<_>>(), [5000; 4]);
}

#[test]
fn what_has_no_room_is_counted_and_reported() {
    let gate = Gate::default();
    let sink = Sink::builder()
        .bound(100)
        .report(|buffer, dropped| buffer.extend_from_slice(format!("lost {dropped}").as_bytes()))
        .writer(gate.clone())
        .unwrap();
    let line = "x".repeat(29);
    let kept = (0..50).filter(|_| put(&sink, &line)).count();
    assert_eq!(kept, 3, "three times 30 bytes fit into 100");
    assert_eq!(sink.dropped(), 47);
    assert!(!put(&sink, &"y".repeat(1000)), "a line that never fits");
    gate.open();
    assert!(sink.flush(SOON));
    put(&sink, "there is room again");
    assert!(sink.flush(SOON));
    let written = gate.written();
    assert!(
        written.starts_with(&format!("{line}\n{line}\n{line}\n")),
        "{written}"
    );
    assert!(written.contains("\nlost "), "{written}");
    let reported: u64 = written
        .lines()
        .filter_map(|line| line.strip_prefix("lost ")?.parse::<u64>().ok())
        .sum();
    assert_eq!(reported, 48);
    // The last of the reports may come after it.
    assert!(written.lines().any(|line| line == "there is room again"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_blocks_nobody_and_is_left_as_soon_as_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    let sink = Sink::builder()
        .bound(10_000)
        .drop_timeout(Duration::from_millis(500))
        .file(&path)
        .unwrap();
    let start = Instant::now();
    let kept = (0..5000).filter(|_| put(&sink, "0123456789")).count();
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "a full disk costs the callers nothing"
    );
    assert!(kept >= 909, "{kept}");
    assert_eq!(sink.dropped(), 5000 - kept as u64);
    assert!(!sink.flush(Duration::from_millis(100)));
    let end = Instant::now() + SOON;
    while sink.error().is_none() {
        assert!(Instant::now() < end, "the writer has its turn in time");
        thread::sleep(Duration::from_millis(5));
    }
    assert!(
        sink.error().unwrap().contains("No space left"),
        "{:?}",
        sink.error()
    );

    fs::remove_file(&path).unwrap();
    sink.reopen();
    assert!(sink.flush(SOON));
    assert_eq!(sink.error(), None);
    put(&sink, "last");
    let dropped = sink.dropped();
    drop(sink);
    let lines = lines(&path);
    assert_eq!(
        lines.iter().filter(|line| *line == "0123456789").count(),
        kept,
        "what was kept is written in the end"
    );
    let told = lines
        .iter()
        .filter_map(|line| line.rsplit_once(" | dropped=")?.1.parse::<u64>().ok());
    assert_eq!(told.sum::<u64>(), dropped);
    // What was lost may be told before it or after it.
    assert!(lines.iter().rev().take(2).any(|line| line == "last"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_stays_full_does_not_hold_up_the_end() {
    let sink = Sink::file("/dev/full").unwrap();
    put(&sink, "a");
    let start = Instant::now();
    drop(sink);
    assert!(start.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_closed_pipe_harms_nobody() {
    let (reader, writer) = io::pipe().unwrap();
    let sink = Sink::builder().writer(writer).unwrap();
    put(&sink, "read");
    assert!(sink.flush(SOON));
    drop(reader);
    for _ in 0..3 {
        assert!(put(&sink, "unread"));
        assert!(!sink.flush(SOON), "what was given up is not written");
    }
    assert_eq!(sink.dropped(), 3);
    assert!(sink.error().is_some());
}

#[test]
fn a_console_that_is_busy_for_a_moment_loses_nothing() {
    /// Says "not now" every other time, and takes seven bytes at most.
    struct Moody(Gate, bool);
    impl Write for Moody {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            self.0.write(&bytes[..bytes.len().min(7)])
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let gate = Gate::default();
    gate.open();
    let sink = Sink::builder().writer(Moody(gate.clone(), false)).unwrap();
    put(&sink, "a first line");
    put(&sink, "a second line");
    assert!(sink.flush(SOON));
    assert_eq!(gate.written(), "a first line\na second line\n");
    assert_eq!((sink.dropped(), sink.error()), (0, None));
}

#[test]
fn a_stalled_pipe_blocks_nobody() {
    let (mut reader, writer) = io::pipe().unwrap();
    let sink = Sink::builder()
        .bound(100_000)
        .drop_timeout(Duration::from_millis(200))
        .writer(writer)
        .unwrap();
    let line = "z".repeat(999);
    let start = Instant::now();
    (0..2000).for_each(|_| {
        put(&sink, &line);
    });
    assert!(start.elapsed() < Duration::from_secs(5));
    assert!(sink.dropped() > 1000);
    assert!(!sink.flush(Duration::from_millis(100)));
    let start = Instant::now();
    drop(sink);
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "the end waits for a bounded time"
    );
    // What was written is whole lines.
    let mut written = Vec::new();
    reader.read_to_end(&mut written).unwrap();
    assert!(
        written
            .split(|byte| *byte == b'\n')
            .filter(|part| !part.is_empty())
            .all(|part| part.len() == 999 || part.starts_with(b"2"))
    );
}

#[test]
fn a_file_that_was_moved_away_is_opened_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (path, moved) = (folder.path().join("a.log"), folder.path().join("moved.log"));
    let sink = Sink::file(&path).unwrap();
    put(&sink, "1");
    assert!(sink.flush(SOON));
    fs::rename(&path, &moved).unwrap();
    put(&sink, "2");
    assert!(sink.flush(SOON));
    sink.reopen();
    put(&sink, "3");
    drop(sink);
    assert_eq!(
        (lines(&moved), lines(&path)),
        (vec!["1".to_owned(), "2".to_owned()], vec!["3".to_owned()])
    );
}

#[test]
fn files_are_rotated_without_losing_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let rotation = Rotation {
        max_bytes: 1000,
        daily: false,
        keep: 100,
    };
    let sink = Sink::builder().rotation(rotation).file(&path).unwrap();
    for number in 0..1000 {
        put(&sink, &format!("line {number:05}"));
        if number % 100 == 0 {
            assert!(sink.flush(SOON));
        }
    }
    drop(sink);
    let mut files: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort_by_key(|path| {
        path.extension()
            .and_then(|number| number.to_str()?.parse::<u32>().ok())
    });
    // `a.log` is the newest, then a.log.1 and so on.
    let all: Vec<String> = files[1..]
        .iter()
        .rev()
        .chain(&files[..1])
        .flat_map(|path| lines(path))
        .collect();
    assert_eq!(
        all,
        (0..1000)
            .map(|number| format!("line {number:05}"))
            .collect::<Vec<_>>()
    );
    assert_eq!(files.len(), 12, "1000 lines of 11 bytes, 90 a file");
}

#[test]
fn a_panic_while_a_line_is_made_leaves_no_trace() {
    let gate = Gate::default();
    gate.open();
    let sink = Sink::builder().writer(gate.clone()).unwrap();
    put(&sink, "before");
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        sink.line(|buffer| {
            buffer.extend_from_slice(b"half a li");
            std::panic::resume_unwind(Box::new(()));
        })
    }));
    assert!(panic.is_err());
    put(&sink, "after");
    assert!(sink.flush(SOON));
    assert_eq!(gate.written(), "before\nafter\n");
}

#[test]
fn a_file_that_cannot_be_opened_is_an_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    // A file is no folder, whoever asks.
    assert!(Sink::file(file.path().join("a.log")).is_err());
}

/// The promise is at most 3 microseconds with optimisation; see `examples/sink_cost.rs` for the figure.
#[test]
fn a_line_is_cheap() {
    let sink = Sink::builder().writer(io::sink()).unwrap();
    let line = [b'x'; 300];
    // The best of ten: others use the machine, too.
    let costs = (0..10).map(|_| {
        let start = Instant::now();
        for _ in 0..2_000 {
            sink.line(|buffer| buffer.extend_from_slice(&line));
        }
        start.elapsed() / 2_000
    });
    let cost = costs.min().unwrap();
    assert!(
        cost < Duration::from_micros(30),
        "{cost:?} a line, without optimisation"
    );
}
