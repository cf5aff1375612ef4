//! The service under test: starting it with settings, talking to it, ending it for certain.
//!
//! Each runs in a process group and a folder of its own below the suite's. Key types: [`Start`],
//! [`Service`].

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::load::Answer;
use crate::proc;

/// How long a service may take until it answers.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the suite waits for any one answer.
const ANSWER: Duration = Duration::from_secs(20);
/// How often a waiting loop looks.
const STEP: Duration = Duration::from_millis(5);
/// The most bytes of a service's output that a message quotes.
const TAIL: usize = 1_500;

/// The process groups that must end with the suite. Process-wide, because signals are.
static RUNNING: Mutex<Vec<i32>> = Mutex::new(Vec::new());

/// Ends all services when the suite is interrupted or takes longer than `limit`.
///
/// # Errors
///
/// When the signal handlers cannot be installed.
pub(crate) fn end_all_on_signals(limit: Duration) -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("signal handlers")?;
    let end = |code: i32| {
        let groups = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        for group in groups.iter() {
            _ = killpg(Pid::from_raw(*group), Signal::SIGKILL);
        }
        std::process::exit(code);
    };
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            end(128 + signal);
        }
    });
    thread::spawn(move || {
        thread::sleep(limit);
        eprintln!("error: the suite takes longer than {limit:?}");
        end(1);
    });
    Ok(())
}

/// How a service is started.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    /// The program.
    pub(crate) program: &'a Path,
    /// Where its files go; made anew.
    pub(crate) folder: PathBuf,
    /// Settings beside those that every service of the suite has.
    pub(crate) settings: Vec<(&'static str, String)>,
    /// A command that runs the program, which is added to its arguments.
    pub(crate) through: Vec<String>,
    /// Whether standard output is a pipe that the suite holds.
    pub(crate) piped: bool,
}

/// A running service.
#[derive(Debug)]
pub(crate) struct Service {
    /// The process that was started: the supervisor, or the service itself.
    pub(crate) process: u32,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its files.
    pub(crate) folder: PathBuf,
    /// The reading end of its standard output, if that is a pipe.
    pub(crate) output: Option<std::process::ChildStdout>,
    child: Child,
}

impl<'a> Start<'a> {
    /// The program with one more setting.
    pub(crate) fn set(mut self, name: &'static str, value: impl ToString) -> Self {
        self.settings.push((name, value.to_string()));
        self
    }

    /// One process, without a supervisor.
    pub(crate) fn alone(self) -> Self {
        self.set("flyer_supervisor", 0)
    }

    /// Starts the service and waits until it answers.
    ///
    /// # Errors
    ///
    /// When it ends or does not answer, with what it printed.
    pub(crate) fn run(self) -> Result<Service> {
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder)
                .with_context(|| format!("clearing {}", self.folder.display()))?;
        }
        fs::create_dir_all(&self.folder)
            .with_context(|| format!("making {}", self.folder.display()))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        // Through another program they are not our children's children.
        let wanted = self
            .settings
            .iter()
            .find(|(name, _)| *name == "flyer_workers")
            .filter(|_| self.through.is_empty());
        let workers: usize = wanted
            .and_then(|(_, value)| value.parse().ok())
            .unwrap_or(0);
        let mut command = self.command();
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().to_lowercase().starts_with("flyer_") {
                command.env_remove(name);
            }
        }
        let log = File::create(self.folder.join("output.log")).context("output.log")?;
        command
            .current_dir(&self.folder)
            .env("flyer_host", address.ip().to_string())
            .env("flyer_port", address.port().to_string())
            .env("flyer_log_path", self.folder.join("logs"))
            .env("flyer_access_logfile", self.folder.join("access.log"))
            // Lines with whole bodies would make the disk the limit.
            .env("flyer_max_body_log_length", "64")
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stderr(log.try_clone().context("output.log")?)
            .process_group(0);
        if self.piped {
            command.stdout(Stdio::piped());
        } else {
            command.stdout(log);
        }
        let mut child = command
            .spawn()
            .with_context(|| format!("starting {}", self.program.display()))?;
        let process = child.id();
        running(|groups| groups.push(id(process)));
        let mut service = Service {
            process,
            address,
            folder: self.folder,
            output: child.stdout.take(),
            child,
        };
        service.wait_until_it_answers()?;
        // The first worker answers before the others are started.
        ensure!(
            eventually(PATIENCE, || service.workers().len() >= workers).is_some(),
            "fewer than {workers} workers run: {}",
            service.printed()
        );
        Ok(service)
    }

    fn command(&self) -> Command {
        match self.through.split_first() {
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(self.program);
                command
            }
            None => Command::new(self.program),
        }
    }
}

impl Service {
    fn wait_until_it_answers(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().context("waiting for the service")? {
                bail!("the service ended with {status}: {}", self.printed());
            }
            if ask(self.address, "GET", "/health_check").is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "the service does not answer: {}",
                self.printed()
            );
            thread::sleep(STEP);
        }
    }

    /// The end of what it printed.
    pub(crate) fn printed(&self) -> String {
        let text = fs::read(self.folder.join("output.log")).unwrap_or_default();
        let from = text.len().saturating_sub(TAIL);
        String::from_utf8_lossy(&text[from..]).trim().to_owned()
    }

    /// Where its access log is.
    pub(crate) fn access_log(&self) -> PathBuf {
        self.folder.join("access.log")
    }

    /// The workers that run now, oldest process id first.
    pub(crate) fn workers(&self) -> Vec<u32> {
        let mut workers = proc::children(self.process);
        workers.retain(|worker| proc::is_alive(*worker));
        workers
    }

    /// Sends a signal to the process that was started.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        send(self.process, signal)
    }

    /// Whether the process that was started still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits until it ends; how it did, and `None` if it did not within `patience`.
    ///
    /// # Errors
    ///
    /// When the process cannot be asked.
    pub(crate) fn wait(&mut self, patience: Duration) -> Result<Option<ExitStatus>> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait().context("waiting for the service")? {
                return Ok(Some(status));
            }
            if Instant::now() > deadline {
                return Ok(None);
            }
            thread::sleep(STEP);
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Workers are in the group of the service; whoever left it is found by its parents.
        let family = proc::family(self.process);
        _ = killpg(Pid::from_raw(id(self.process)), Signal::SIGKILL);
        for process in family {
            if process != self.process {
                _ = kill(Pid::from_raw(id(process)), Signal::SIGKILL);
            }
        }
        // Says nothing that could be acted on: the process has ended.
        drop(self.child.wait());
        let own = id(self.process);
        running(|groups| groups.retain(|group| *group != own));
    }
}

/// Sends a signal to a process.
///
/// # Errors
///
/// When there is none.
pub(crate) fn send(process: u32, signal: Signal) -> Result<()> {
    kill(Pid::from_raw(id(process)), signal)
        .with_context(|| format!("sending {signal} to process {process}"))
}

/// Whether a process ended by itself with the code 0.
pub(crate) fn ended_well(status: Option<ExitStatus>) -> bool {
    status.is_some_and(|status| status.success() && status.signal().is_none())
}

/// Prints how a process ended.
pub(crate) fn ending(status: Option<ExitStatus>) -> String {
    status.map_or("still running".to_owned(), |status| status.to_string())
}

/// Sends a request on a connection of its own and reads the answer.
///
/// # Errors
///
/// When there is none within 20 s.
pub(crate) fn ask(address: SocketAddr, method: &str, target: &str) -> Result<Answer> {
    let text =
        format!("{method} {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    exchange(address, text.as_bytes())
}

/// Sends bytes on a connection of its own and reads the answer.
///
/// # Errors
///
/// When there is none within 20 s.
pub(crate) fn exchange(address: SocketAddr, bytes: &[u8]) -> Result<Answer> {
    let mut stream = connect(address)?;
    stream.write_all(bytes).context("sending")?;
    read_answer(&mut stream)
}

/// A connection with time limits.
///
/// # Errors
///
/// When it is refused.
pub(crate) fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, ANSWER).context("connecting")?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(ANSWER))?;
    stream.set_write_timeout(Some(ANSWER))?;
    Ok(stream)
}

/// Reads one answer.
///
/// # Errors
///
/// When the connection ends first, or what comes is no answer.
pub(crate) fn read_answer(stream: &mut TcpStream) -> Result<Answer> {
    let mut bytes = Vec::new();
    let mut piece = [0; 16 * 1024];
    loop {
        let count = stream.read(&mut piece).context("waiting for an answer")?;
        ensure!(count > 0, "closed after {} bytes of an answer", bytes.len());
        bytes.extend_from_slice(&piece[..count]);
        if let Some(answer) = Answer::read(&bytes, false)? {
            return Ok(answer);
        }
    }
}

/// Waits until `holds`, looking often; how long it took, `None` if it did not within `patience`.
pub(crate) fn eventually(patience: Duration, mut holds: impl FnMut() -> bool) -> Option<Duration> {
    let started = Instant::now();
    loop {
        if holds() {
            return Some(started.elapsed());
        }
        if started.elapsed() > patience {
            return None;
        }
        thread::sleep(STEP);
    }
}

/// A port that nobody listens on, below those that the system gives to clients: ours would take it.
fn free_port() -> Result<u16> {
    /// Where the last search ended, so that a port is not used again at once.
    static NEXT: Mutex<u16> = Mutex::new(0);
    let mut next = NEXT.lock().unwrap_or_else(PoisonError::into_inner);
    let offset = u16::try_from(std::process::id() % 8_000).unwrap_or(0);
    for _ in 0..2_000 {
        *next = (*next + 1) % 2_000;
        let port = 20_000 + offset + *next;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port from {} on", 20_000 + offset)
}

fn running(change: impl FnOnce(&mut Vec<i32>)) {
    change(&mut RUNNING.lock().unwrap_or_else(PoisonError::into_inner));
}

fn id(process: u32) -> i32 {
    i32::try_from(process).expect("process ids of Linux are below 2^22")
}
