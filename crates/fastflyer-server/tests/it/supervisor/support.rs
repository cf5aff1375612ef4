//! A supervised service in processes of its own, and what can be seen of it from outside.

use crate::support::Client;
use fastflyer_server::supervisor::control;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::{Duration, Instant},
};

/// Long enough for anything on a busy machine; whatever takes longer has failed.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A service, and a folder of its own. All its processes are gone once this is dropped.
pub(super) struct Service {
    pub(super) child: Child,
    pub(super) folder: tempfile::TempDir,
    lines: Receiver<String>,
    /// What it has printed so far.
    pub(super) printed: Vec<String>,
    /// How many of these lines `expect` has gone past.
    read: usize,
}

/// A command that runs the example, with a new folder for what the service needs.
pub(super) fn command(program: &Path, arguments: &[&str]) -> (Command, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    command
        // Arguments that name no test are no harm to libtest.
        .args([
            "--exact",
            "supervisor::serve",
            "--ignored",
            "--nocapture",
            "--test-threads",
            "1",
        ])
        .args(arguments)
        .arg(format!("behaviour={}", folder.path().display()))
        .arg(format!(
            "control={}",
            folder.path().join("run/control.sock").display()
        ))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // So that a signal to the group hits nobody else.
        .process_group(0);
    if !arguments
        .iter()
        .any(|argument| argument.starts_with("unix="))
    {
        command.arg("port=0");
    }
    (command, folder)
}

impl Service {
    pub(super) fn start(arguments: &[&str]) -> Self {
        let (command, folder) = command(&std::env::current_exe().unwrap(), arguments);
        Self::spawn(command, folder)
    }

    pub(super) fn spawn(mut command: Command, folder: tempfile::TempDir) -> Self {
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self {
            child,
            folder,
            lines,
            printed: Vec::new(),
            read: 0,
        }
    }

    /// Starts and waits until all workers are ready.
    pub(super) fn ready(arguments: &[&str]) -> Self {
        let mut service = Self::start(arguments);
        service.expect_ready();
        service
    }

    /// Waits for the first generation.
    pub(super) fn expect_ready(&mut self) {
        self.expect("all workers are ready");
    }

    pub(super) fn behave(&self, behaviour: &str, text: &str) {
        std::fs::write(self.folder.path().join(behaviour), text).unwrap();
    }

    pub(super) fn behave_again(&self, behaviour: &str) {
        std::fs::remove_file(self.folder.path().join(behaviour)).unwrap();
    }

    pub(super) fn control(&self) -> PathBuf {
        self.folder.path().join("run/control.sock")
    }

    /// The next line with this text in it, after those that were expected before.
    pub(super) fn expect(&mut self, text: &str) -> String {
        self.expect_within(text, PATIENCE)
            .unwrap_or_else(|| panic!("no {text:?} in {:#?}", self.printed))
    }

    pub(super) fn expect_within(&mut self, text: &str, patience: Duration) -> Option<String> {
        let end = Instant::now() + patience;
        loop {
            while let Some(line) = self.printed.get(self.read) {
                self.read += 1;
                if line.contains(text) {
                    return Some(line.clone());
                }
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => self.note(line),
                Err(_) => return None,
            }
        }
    }

    fn note(&mut self, line: String) {
        self.printed.push(line);
    }

    /// Waits until that many lines with this text have been printed, in whatever order.
    pub(super) fn expect_times(&mut self, text: &str, times: usize) {
        assert!(
            eventually(PATIENCE, || self.count(text) >= times),
            "not {times} times {text:?} in {:#?}",
            self.printed
        );
    }

    /// How many lines with this text have been printed so far.
    pub(super) fn count(&mut self, text: &str) -> usize {
        while let Ok(line) = self.lines.try_recv() {
            self.note(line);
        }
        self.printed
            .iter()
            .filter(|line| line.contains(text))
            .count()
    }

    pub(super) fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).unwrap();
    }

    pub(super) fn address(&mut self) -> SocketAddr {
        let text = "listening on ";
        while !self.printed.iter().any(|line| line.contains(text)) {
            let line = self.lines.recv_timeout(PATIENCE).unwrap();
            self.note(line);
        }
        let line = self
            .printed
            .iter()
            .find(|line| line.contains(text))
            .unwrap();
        line.rsplit_once(text).unwrap().1.parse().unwrap()
    }

    pub(super) fn connect(&mut self) -> Client {
        Client::connect(self.address())
    }

    /// Asks on a connection of its own.
    pub(super) fn ask(&mut self, path: &str) -> About {
        let mut client = self.connect();
        client.send(
            format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes(),
        );
        About::from(client.answer().body)
    }

    /// Waits until the workers have been handed so many requests.
    pub(super) fn expect_requests(&self, count: u64) {
        let mut control = control::Client::connect(&self.control(), PATIENCE).unwrap();
        let is_true = || control.status().unwrap().requests == count;
        assert!(eventually(PATIENCE, is_true));
    }

    /// Waits until a worker of that generation answers: one that drains may accept a last connection.
    pub(super) fn expect_answers_of(&mut self, generation: u64) {
        assert!(eventually(PATIENCE, || self.ask("/").generation == generation));
    }

    /// Waits for the end and gives the exit code; everything that was printed is there then.
    pub(super) fn end(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            match self
                .lines
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(line) => self.note(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it goes on after {:#?}", self.printed),
            }
        }
        // All holders of its output are gone, so it has ended or is about to.
        self.child.wait().unwrap()
    }

    /// Workers that were started, in this order.
    pub(super) fn workers(&self) -> Vec<i32> {
        let started = self
            .printed
            .iter()
            .filter(|line| line.ends_with(" started"));
        started.filter_map(|line| pid(line)).collect()
    }

    /// Asserts that no process of the service is left.
    pub(super) fn assert_gone(&self) {
        let workers = self.workers();
        // A process closes its files a moment before it is gone.
        let is_gone = || !workers.iter().any(|pid| is_alive(*pid));
        assert!(
            eventually(Duration::from_secs(5), is_gone),
            "{:#?}",
            self.printed
        );
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // All lines, so that all workers are known.
        self.count("");
        for pid in self.workers() {
            // Its workers end with it; this is for a test that has shown that they do not.
            if !eventually(Duration::from_secs(5), || !is_alive(pid)) && is_ours(pid) {
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
        }
    }
}

/// The pid in a line of the log.
pub(super) fn pid(line: &str) -> Option<i32> {
    line.split_once("(pid ")?.1.split_once(')')?.0.parse().ok()
}

/// A zombie is not alive: who has to bury it is another question.
pub(super) fn is_alive(pid: i32) -> bool {
    match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(text) => !text
            .rsplit_once(") ")
            .is_some_and(|(_, state)| state.starts_with('Z')),
        Err(_) if cfg!(target_os = "linux") => false,
        Err(_) => kill(Pid::from_raw(pid), None).is_ok(),
    }
}

/// The pid was not given to somebody else meanwhile.
fn is_ours(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/cmdline"))
        .is_ok_and(|line| line.contains("supervisor::serve"))
}

pub(super) fn eventually(patience: Duration, mut is_true: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + patience;
    while !is_true() {
        if Instant::now() > end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}

/// What a worker says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct About {
    pub(super) pid: i32,
    pub(super) index: usize,
    pub(super) generation: u64,
    pub(super) first: bool,
    pub(super) release: String,
}

impl From<Vec<u8>> for About {
    fn from(body: Vec<u8>) -> Self {
        let text = String::from_utf8(body).unwrap();
        let field = |name: &str| {
            text.split(' ')
                .find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
                .unwrap_or_else(|| panic!("no {name} in {text:?}"))
                .to_owned()
        };
        Self {
            pid: field("pid").parse().unwrap(),
            index: field("index").parse().unwrap(),
            generation: field("generation").parse().unwrap(),
            first: field("first").parse().unwrap(),
            release: field("release"),
        }
    }
}
