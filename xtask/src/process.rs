//! Child processes: commands in the foreground, services in the background, and their certain end.
//!
//! Services run in process groups of their own and are ended when their value is dropped, and by the
//! signal thread when the task itself is interrupted. Not here: which services there are.
//! Key types: [`Service`], [`Ready`].

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// How long a service may take to stop before it is killed.
const STOP_PATIENCE: Duration = Duration::from_secs(3);

/// How often a waiting loop looks.
const STEP: Duration = Duration::from_millis(20);

/// The most bytes of a log that a message quotes.
const TAIL: usize = 2_000;

/// What must end with this task. Process-wide, because signals are.
static RUNNING: Mutex<Vec<Target>> = Mutex::new(Vec::new());

/// Set by the first signal: nothing new is started while the rest is being ended.
static STOPPING: AtomicBool = AtomicBool::new(false);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// A command in the foreground: of our own group, so that the terminal's keys reach it.
    Process(i32),
    /// A service with all its children.
    Group(i32),
}

/// Ends all children when the task is interrupted, then exits with 128 + the signal's number.
///
/// # Errors
///
/// When the signal handlers cannot be installed.
pub(crate) fn end_children_on_signals() -> Result<()> {
    let mut signals =
        Signals::new([SIGINT, SIGTERM, SIGHUP]).context("installing signal handlers")?;
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            STOPPING.store(true, Ordering::SeqCst);
            let targets = running().clone();
            targets
                .iter()
                .for_each(|target| target.send(Signal::SIGTERM));
            let deadline = Instant::now() + STOP_PATIENCE;
            while Instant::now() < deadline && targets.iter().any(|target| target.is_alive()) {
                thread::sleep(STEP);
            }
            targets
                .iter()
                .for_each(|target| target.send(Signal::SIGKILL));
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}

/// Runs a command in the foreground, with our input and output.
///
/// # Errors
///
/// When it cannot be started.
pub(crate) fn run(command: &mut Command) -> Result<ExitStatus> {
    let mut child = spawn(command)?;
    let _registered = Registered::new(Target::Process(id(&child)));
    child
        .wait()
        .with_context(|| format!("waiting for {}", described(command)))
}

/// Like [`run`] and also returns all that was printed, on both streams, as text.
///
/// # Errors
///
/// When it cannot be started.
pub(crate) fn run_and_capture(command: &mut Command) -> Result<(ExitStatus, String)> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = spawn(command)?;
    let _registered = Registered::new(Target::Process(id(&child)));
    let text = Mutex::new(Vec::new());
    let (out, err) = (child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        scope.spawn(|| out.map(|from| copy_lines(from, &text, std::io::stdout())));
        scope.spawn(|| err.map(|from| copy_lines(from, &text, std::io::stderr())));
    });
    let status = child
        .wait()
        .with_context(|| format!("waiting for {}", described(command)))?;
    let text = text.into_inner().unwrap_or_default();
    Ok((status, String::from_utf8_lossy(&text).into_owned()))
}

/// Runs a build in the foreground; its progress is shown, its standard output is returned.
///
/// # Errors
///
/// When it cannot be started.
pub(crate) fn run_and_print_build(command: &mut Command) -> Result<(ExitStatus, String)> {
    let mut child = spawn(command.stdout(Stdio::piped()))?;
    let _registered = Registered::new(Target::Process(id(&child)));
    let mut text = Vec::new();
    if let Some(mut out) = child.stdout.take() {
        out.read_to_end(&mut text)
            .context("reading the build's messages")?;
    }
    let status = child
        .wait()
        .with_context(|| format!("waiting for {}", described(command)))?;
    Ok((status, String::from_utf8_lossy(&text).into_owned()))
}

/// Runs a command quietly; its standard output on success.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A port of 127.0.0.1 that nobody listens on now.
///
/// # Errors
///
/// When the system has none left.
pub(crate) fn free_port() -> Result<u16> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("looking for a free port")?;
    Ok(listener.local_addr()?.port())
}

/// Text without the escape sequences of a terminal.
pub(crate) fn without_colour(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\x1b' {
            chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether a service came up.
#[derive(Debug)]
pub(crate) enum Ready {
    /// It accepts connections.
    Yes,
    /// It ended before it did, with what it had printed.
    Ended(ExitStatus, String),
    /// Neither, within the time given.
    TooLate(String),
}

/// A background process, ended when dropped.
#[derive(Debug)]
pub(crate) struct Service {
    child: Child,
    log: PathBuf,
    _registered: Registered,
}

impl Service {
    /// Starts `command` with its output in the file `log`.
    ///
    /// # Errors
    ///
    /// When the log cannot be written or the command cannot be started.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let file = File::create(log).with_context(|| format!("writing {}", log.display()))?;
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .process_group(0);
        let child = spawn(command)?;
        let registered = Registered::new(Target::Group(id(&child)));
        Ok(Self {
            child,
            log: log.to_owned(),
            _registered: registered,
        })
    }

    /// Waits until something listens on `port`, the service ends, or `patience` is over.
    ///
    /// # Errors
    ///
    /// When the state of the process cannot be read.
    pub(crate) fn wait_for_port(&mut self, port: u16, patience: Duration) -> Result<Ready> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(Ready::Ended(status, self.log_tail()));
            }
            if TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok() {
                return Ok(Ready::Yes);
            }
            if Instant::now() > deadline {
                return Ok(Ready::TooLate(self.log_tail()));
            }
            thread::sleep(STEP);
        }
    }

    /// The end of what the service printed.
    pub(crate) fn log_tail(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let from = text.len().saturating_sub(TAIL);
        without_colour(&String::from_utf8_lossy(&text[from..]))
            .trim()
            .to_owned()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let target = Target::Group(id(&self.child));
        target.send(Signal::SIGTERM);
        let deadline = Instant::now() + STOP_PATIENCE;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            thread::sleep(STEP);
        }
        target.send(Signal::SIGKILL);
        // The result says nothing that could be acted on: the process is gone or was never there.
        drop(self.child.wait());
    }
}

/// Keeps a process on the list of what the signal thread ends.
#[derive(Debug)]
struct Registered(Target);

impl Registered {
    fn new(target: Target) -> Self {
        running().push(target);
        Self(target)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        running().retain(|target| *target != self.0);
    }
}

impl Target {
    /// A target that is gone already is what is wanted.
    fn send(self, signal: Signal) {
        _ = match self {
            Self::Process(id) => kill(Pid::from_raw(id), signal),
            Self::Group(id) => killpg(Pid::from_raw(id), signal),
        };
    }

    /// A process that ended and that nobody has waited for yet is not alive.
    fn is_alive(self) -> bool {
        let (Self::Process(id) | Self::Group(id)) = self;
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z ")
    }
}

fn running() -> MutexGuard<'static, Vec<Target>> {
    RUNNING
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn spawn(command: &mut Command) -> Result<Child> {
    ensure!(!STOPPING.load(Ordering::SeqCst), "interrupted");
    command
        .spawn()
        .with_context(|| format!("starting {}", described(command)))
}

fn described(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn id(child: &Child) -> i32 {
    i32::try_from(child.id()).expect("process ids of Linux are below 2^22")
}

fn copy_lines(from: impl Read, to: &Mutex<Vec<u8>>, mut shown: impl Write) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while matches!(from.read_until(b'\n', &mut line), Ok(1..)) {
        // Nobody may be looking any more; what was printed is captured all the same.
        drop(shown.write_all(&line).and_then(|()| shown.flush()));
        if let Ok(mut to) = to.lock() {
            to.append(&mut line);
        }
        line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_removed() {
        assert_eq!(without_colour("\x1b[1;32mok\x1b[0m done"), "ok done");
    }

    #[test]
    fn output_of_both_streams_is_captured() {
        let (status, text) =
            run_and_capture(Command::new("sh").args(["-c", "echo a; echo b >&2; exit 3"])).unwrap();
        assert_eq!(status.code(), Some(3));
        assert!(text.contains("a\n") && text.contains("b\n"));
    }

    #[test]
    fn a_service_that_ends_early_shows_what_it_printed() {
        let folder = tempfile::tempdir().unwrap();
        let mut service = Service::start(
            Command::new("sh").args(["-c", "echo flyer_port is bad; exit 1"]),
            &folder.path().join("log"),
        )
        .unwrap();
        let ready = service
            .wait_for_port(free_port().unwrap(), Duration::from_secs(10))
            .unwrap();
        let Ready::Ended(status, output) = ready else {
            panic!("{ready:?}")
        };
        assert_eq!(
            (status.code(), output.as_str()),
            (Some(1), "flyer_port is bad")
        );
    }

    #[test]
    fn a_dropped_service_is_gone_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let pids = folder.path().join("pid");
        let script = format!("sleep 60 & echo $! > {}; wait", pids.display());
        let service = Service::start(
            Command::new("sh").args(["-c", &script]),
            &folder.path().join("log"),
        )
        .unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        let pid = loop {
            if let Ok(pid) = std::fs::read_to_string(&pids)
                .unwrap_or_default()
                .trim()
                .parse::<i32>()
            {
                break pid;
            }
            assert!(Instant::now() < deadline);
            thread::sleep(STEP);
        };
        drop(service);
        let gone = || {
            let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            state.is_empty() || state.contains(") Z ")
        };
        while !gone() {
            assert!(Instant::now() < deadline);
            thread::sleep(STEP);
        }
    }
}
