//! [`Sink`]: where finished lines go. A bounded buffer in memory that a thread of its own empties.
//!
//! The promise is towards the caller: appending a line costs a short lock and no system call while
//! lines come fast, never waits for a disk or a pipe, and never fails. What does not fit is dropped
//! and counted. It knows nothing of log levels or formats.

use super::target::{Rotation, Target};
use std::{
    fmt, io, mem,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::{Duration, Instant},
};

/// How long the writer rests between two writes while lines keep coming: a busy service pays a
/// hundred wake-ups a second and not one per line. Without a line each rest is twice as long, up to the second.
const REST: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(50));
/// After how long without a line the writer sleeps for good, and the next line has to pay for waking it: who writes
/// one a second never does. Longer would cost an idle process more than it saves: a wake-up is some microseconds here
/// or there, and these rests are twenty a second.
const PATIENCE: Duration = Duration::from_millis(1200);
/// The waits after a write that failed: doubled from the first to the second.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));
/// What is kept allocated while nothing happens.
const IDLE_CAPACITY: usize = 64 * 1024;

/// The sinks of this process that write to files: what a signal to reopen is about.
static FILES: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());

/// Opens all log files of this process anew: the log, the access log and every other [`Sink`] on a
/// file, as the signal USR1 asks for after something outside has put them aside.
///
/// Waits for nothing: the writers do it before their next line. A file that cannot be opened is
/// written on, and [`Sink::error`] tells why. Takes locks, so that it is not for the inside of a
/// signal handler.
///
/// ```
/// use fastkit::logger::{self, Sink};
/// use std::{fs, time::Duration};
///
/// # let folder = tempfile::tempdir()?;
/// # let (path, old) = (folder.path().join("access.log"), folder.path().join("access.old"));
/// let sink = Sink::file(&path)?;
/// sink.line(|buffer| buffer.extend_from_slice(b"before"));
/// sink.flush(Duration::from_secs(1));
/// fs::rename(&path, &old)?;
/// logger::reopen_all();
/// sink.line(|buffer| buffer.extend_from_slice(b"after"));
/// sink.flush(Duration::from_secs(1));
/// assert_eq!((fs::read_to_string(&old)?, fs::read_to_string(&path)?), ("before\n".into(), "after\n".into()));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn reopen_all() {
    let files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    for shared in files.iter().filter_map(Weak::upgrade) {
        shared.reopen();
    }
}

/// A bounded line writer that never blocks and never fails its callers.
///
/// Clones write to the same place. When the last one is dropped, what is buffered is written, for
/// as long as [`SinkBuilder::drop_timeout`] allows.
///
/// ```
/// use fastkit::logger::Sink;
/// use std::time::Duration;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("access.log");
/// let sink = Sink::file(&path)?;
/// sink.line(|buffer| buffer.extend_from_slice(b"one line"));
/// assert!(sink.flush(Duration::from_secs(1)));
/// assert_eq!(std::fs::read_to_string(&path)?, "one line\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Sink {
    handle: Arc<Handle>,
}

struct Handle {
    shared: Arc<Shared>,
    drop_timeout: Duration,
}

struct Shared {
    state: Mutex<State>,
    /// Wakes the writer.
    wake: Condvar,
    /// Tells those who flush that something was written.
    done: Condvar,
    bound: usize,
    report: fn(&mut Vec<u8>, u64),
}

#[derive(Default)]
struct State {
    /// Lines that the writer has not taken yet.
    front: Vec<u8>,
    /// Bytes that the writer has taken and not written yet.
    in_flight: usize,
    /// Bytes ever accepted, and bytes ever written or given up: what flush compares.
    accepted: u64,
    settled: u64,
    dropped: u64,
    /// Of these, the ones that no line has told of yet.
    unreported: u64,
    /// Lines that were accepted and could not be written, since the last flush that told of it.
    given_up: u64,
    writer: Writer,
    reopen: bool,
    urgent: bool,
    closed: bool,
    error: Option<String>,
}

/// What the writer does, as far as producers have to know.
#[derive(Default, PartialEq)]
enum Writer {
    /// Waits without a limit: the next line has to wake it.
    Idle,
    /// Comes back by itself, in a moment.
    Resting,
    /// Comes back by itself, later than who waits for a warning would like.
    Dozing,
    /// Writes, or has been woken.
    #[default]
    Busy,
    Gone,
}

/// How a [`Sink`] is made where the defaults don't fit; from [`Sink::builder`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it opens a sink"]
pub struct SinkBuilder {
    bound: usize,
    rotation: Option<Rotation>,
    report: fn(&mut Vec<u8>, u64),
    drop_timeout: Duration,
}

impl SinkBuilder {
    /// The most bytes that wait in memory (8 MiB).
    pub fn bound(mut self, bytes: usize) -> Self {
        self.bound = bytes;
        self
    }

    /// When a file is put aside for a new one (never).
    pub fn rotation(mut self, rotation: Rotation) -> Self {
        self.rotation = Some(rotation);
        self
    }

    /// Writes the line, without its newline, that tells how many were dropped (a line of the text
    /// log format; [`json_report`](super::json_report) for files of JSON lines).
    pub fn report(mut self, report: fn(&mut Vec<u8>, u64)) -> Self {
        self.report = report;
        self
    }

    /// The longest time that dropping the last sink waits for its lines to be written (2 s).
    pub fn drop_timeout(mut self, timeout: Duration) -> Self {
        self.drop_timeout = timeout;
        self
    }

    /// Writes to standard output.
    ///
    /// # Errors
    /// When the descriptor cannot be duplicated or the writer thread cannot be started.
    pub fn stdout(self) -> io::Result<Sink> {
        let target = Target::stdout()?;
        self.open(target)
    }

    /// Appends to a file, which is made with its folders where they are missing.
    ///
    /// # Errors
    /// When the file cannot be opened or the writer thread cannot be started.
    pub fn file(self, path: impl Into<PathBuf>) -> io::Result<Sink> {
        let target = Target::file(path.into(), self.rotation)?;
        let sink = self.open(target)?;
        let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
        files.retain(|file| file.strong_count() > 0);
        files.push(Arc::downgrade(&sink.handle.shared));
        drop(files);
        Ok(sink)
    }

    /// Writes to anything; [`Sink::reopen`] does nothing there.
    ///
    /// # Errors
    /// When the writer thread cannot be started.
    pub fn writer(self, writer: impl io::Write + Send + 'static) -> io::Result<Sink> {
        self.open(Target::Stream(Box::new(writer)))
    }

    fn open(self, target: Target) -> io::Result<Sink> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            wake: Condvar::new(),
            done: Condvar::new(),
            bound: self.bound,
            report: self.report,
        });
        let thread = shared.clone();
        // Detached on purpose: a write that hangs in the kernel must not keep the process from
        // ending. The handle waits for the writer's last word instead, with a limit.
        drop(
            thread::Builder::new()
                .name("log-writer".to_owned())
                .spawn(move || thread.write_all(target))?,
        );
        Ok(Sink {
            handle: Arc::new(Handle {
                shared,
                drop_timeout: self.drop_timeout,
            }),
        })
    }
}

impl Sink {
    /// A builder with the defaults.
    pub fn builder() -> SinkBuilder {
        SinkBuilder {
            bound: 8 * 1024 * 1024,
            rotation: None,
            report: super::format::text_report,
            drop_timeout: Duration::from_secs(2),
        }
    }

    /// A sink on standard output.
    ///
    /// # Errors
    /// See [`SinkBuilder::stdout`].
    pub fn stdout() -> io::Result<Self> {
        Self::builder().stdout()
    }

    /// A sink that appends to a file.
    ///
    /// # Errors
    /// See [`SinkBuilder::file`].
    pub fn file(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::builder().file(path.as_ref())
    }

    /// Appends one line: `write` puts it, without a newline, at the end of the buffer. Whether
    /// there was room for it; if not, it is counted in [`dropped`](Self::dropped).
    ///
    /// `write` runs under the sink's lock: it has to be short and must not use the sink. It must
    /// leave alone what stands in the buffer already.
    pub fn line(&self, write: impl FnOnce(&mut Vec<u8>)) -> bool {
        let shared = &*self.handle.shared;
        let mut state = shared.lock();
        let start = state.front.len();
        if start + state.in_flight >= shared.bound {
            state.drop_lines(1);
            return false;
        }
        {
            let mut line = Line {
                buffer: &mut state.front,
                start,
                whole: false,
            };
            write(line.buffer);
            line.buffer.push(b'\n');
            line.whole = true;
        }
        let length = state.front.len();
        if length + state.in_flight > shared.bound {
            state.front.truncate(start);
            state.drop_lines(1);
            return false;
        }
        state.accepted += length.saturating_sub(start) as u64;
        let wake = match state.writer {
            Writer::Idle => true,
            Writer::Resting | Writer::Dozing => length > shared.bound / 4,
            Writer::Busy | Writer::Gone => false,
        };
        if wake {
            state.writer = Writer::Busy;
            drop(state);
            shared.wake.notify_one();
        }
        true
    }

    /// Has the lines so far written at once, without waiting for it: warnings and errors.
    pub(super) fn hasten(&self) {
        let shared = &*self.handle.shared;
        let mut state = shared.lock();
        if state.writer == Writer::Dozing {
            state.writer = Writer::Busy;
            drop(state);
            shared.wake.notify_one();
        }
    }

    /// Lets the writer write what is there, without waiting for more.
    pub(super) fn hurry(&self) {
        self.handle.shared.hurry();
    }

    /// Waits until all lines that were appended before this call are written. `false` when the
    /// time is over first, or when lines that had been accepted were given up since the last flush.
    pub fn flush(&self, timeout: Duration) -> bool {
        self.handle.shared.flush(timeout)
    }

    /// Opens the file anew before the next line is written, for log rotation from outside. When
    /// that fails, the old file is kept. Standard output is left as it is.
    pub fn reopen(&self) {
        self.handle.shared.reopen();
    }

    /// How many lines were lost so far: no room in the buffer, or given up after an error.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.handle.shared.lock().dropped
    }

    /// Why the last write failed; `None` while writing works.
    #[must_use]
    pub fn error(&self) -> Option<String> {
        self.handle.shared.lock().error.clone()
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink")
            .field("dropped", &self.dropped())
            .field("error", &self.error())
            .finish_non_exhaustive()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.flush(self.drop_timeout);
    }
}

/// A line that is being written: taken back when the closure panics half way.
struct Line<'a> {
    buffer: &'a mut Vec<u8>,
    start: usize,
    whole: bool,
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        if !self.whole {
            self.buffer.truncate(self.start);
        }
    }
}

impl State {
    fn drop_lines(&mut self, lines: u64) {
        self.dropped += lines;
        self.unreported += lines;
    }
}

impl Shared {
    /// A panic of a caller's closure leaves the buffer in order, so poisoning means nothing here.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reopen(&self) {
        self.lock().reopen = true;
        self.hurry();
    }

    fn hurry(&self) {
        self.lock().urgent = true;
        self.wake.notify_one();
    }

    fn flush(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        self.hurry();
        let mut state = self.lock();
        let target = state.accepted;
        while state.settled < target && state.writer != Writer::Gone {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self
                .done
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        mem::take(&mut state.given_up) == 0 && state.settled >= target
    }

    /// The writer thread: takes what is there, writes it, rests, until closed and empty.
    fn write_all(&self, mut target: Target) {
        let mut back = Vec::new();
        while self.take(&mut back, &mut target) {
            self.write(&back, &mut target);
            back.clear();
        }
        self.lock().writer = Writer::Gone;
        self.done.notify_all();
    }

    /// Waits for lines and swaps them into `back`. `false` when there will be no more.
    fn take(&self, back: &mut Vec<u8>, target: &mut Target) -> bool {
        let mut state = self.lock();
        // A little patience after a write collects what a busy service produces.
        let (mut rest, mut next) = (Some(REST.0), REST.0 * 2);
        let mut rested = Duration::ZERO;
        loop {
            if mem::take(&mut state.reopen) {
                drop(state);
                let outcome = target.reopen();
                state = self.lock();
                if let Err(error) = outcome {
                    state.error = Some(error.to_string());
                }
                continue;
            }
            let hurried = mem::take(&mut state.urgent) || state.closed;
            if let Some(time) = rest.take_if(|_| !hurried) {
                state.writer = match time > REST.0 {
                    true => Writer::Dozing,
                    false => Writer::Resting,
                };
                state = self
                    .wake
                    .wait_timeout(state, time)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0;
                state.writer = Writer::Busy;
                rested += time;
                continue;
            }
            if !state.front.is_empty() || state.unreported > 0 {
                break;
            }
            self.done.notify_all();
            if state.closed {
                return false;
            }
            if rested < PATIENCE && !hurried {
                rest = Some(next);
                next = (next * 2).min(REST.1);
                continue;
            }
            state.front.shrink_to(IDLE_CAPACITY);
            back.shrink_to(IDLE_CAPACITY);
            if !hurried {
                state.writer = Writer::Idle;
                state = self
                    .wake
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                state.writer = Writer::Busy;
            }
            rest = None;
        }
        mem::swap(&mut state.front, back);
        let unreported = mem::take(&mut state.unreported);
        if unreported > 0 {
            let start = back.len();
            (self.report)(back, unreported);
            back.push(b'\n');
            state.accepted += (back.len() - start) as u64;
        }
        state.in_flight = back.len();
        true
    }

    /// Writes the bytes; keeps trying with growing waits while they may be kept, and otherwise
    /// counts their lines as dropped.
    fn write(&self, bytes: &[u8], target: &mut Target) {
        let mut done = 0;
        let mut wait = BACK_OFF.0;
        loop {
            let outcome = target.write(&bytes[done..]);
            let mut state = self.lock();
            let error = match outcome {
                Ok(written) => {
                    done += written;
                    state.settled += written as u64;
                    state.in_flight = state.in_flight.saturating_sub(written);
                    if done >= bytes.len() {
                        state.error = None;
                        self.done.notify_all();
                        return;
                    }
                    if written > 0 {
                        wait = BACK_OFF.0;
                        continue;
                    }
                    io::Error::from(io::ErrorKind::WriteZero)
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => error,
            };
            let lost = target.is_lost(&error) || state.closed;
            state.error = Some(error.to_string());
            if lost {
                let lines = bytes[done..].iter().filter(|byte| **byte == b'\n').count();
                state.drop_lines(lines as u64);
                state.given_up += lines as u64;
                // Nobody is there to read of it.
                state.unreported = 0;
                state.settled += (bytes.len() - done) as u64;
                state.in_flight = 0;
                self.done.notify_all();
                return;
            }
            // Woken by flush, reopen and the end: all of them are reasons to try at once.
            state.urgent = false;
            let (mut state, _) = self
                .wake
                .wait_timeout(state, wait)
                .unwrap_or_else(PoisonError::into_inner);
            wait = (wait * 2).min(BACK_OFF.1);
            if mem::take(&mut state.reopen) {
                drop(state);
                // Its failure would be the next write's.
                let _ = target.reopen();
            }
        }
    }
}
