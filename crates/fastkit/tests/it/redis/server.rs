//! A Redis server of a test: its own process, on a free port of 127.0.0.1, in a temporary folder.

use fastkit::redis::RedisConfig;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    io::{self, BufRead, BufReader, ErrorKind},
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;

/// What it says when it listens.
const READY: &str = "Ready to accept connections";

pub(crate) struct Server {
    folder: TempDir,
    options: Vec<String>,
    pub(crate) port: u16,
    process: Child,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// With further options as on its command line.
    pub(crate) fn with(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        // The port may be taken again before it is used.
        for _ in 0..20 {
            let port = free_port();
            if let Some(process) = launch(&folder, &options, port) {
                return Self {
                    folder,
                    options,
                    port,
                    process,
                };
            }
        }
        panic!("redis-server does not start");
    }

    pub(crate) fn config(&self) -> RedisConfig {
        RedisConfig::new("127.0.0.1", self.port)
    }

    /// With short limits, for what is going to reach them.
    pub(crate) fn impatient(&self) -> RedisConfig {
        impatient(self.port)
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again after [`kill`](Self::kill), with what it knew; every write is on the disk.
    pub(crate) fn restart(&mut self) {
        // A connection of somebody else may have the port for a moment.
        for _ in 0..100 {
            if let Some(process) = launch(&self.folder, &self.options, self.port) {
                self.process = process;
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the port {} is not free again", self.port);
    }

    /// As [`restart`](Self::restart), without what it knew.
    pub(crate) fn restart_empty(&mut self) {
        self.folder = tempfile::tempdir().unwrap();
        self.restart();
    }

    /// Stops it: connections stay, and nothing is answered.
    pub(crate) fn pause(&self) {
        self.signal(Signal::SIGSTOP);
    }

    pub(crate) fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.process.id()).unwrap();
        kill(Pid::from_raw(id), signal).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn impatient(port: u16) -> RedisConfig {
    RedisConfig::new("127.0.0.1", port)
        .connect_timeout(Duration::from_millis(300))
        .response_timeout(Duration::from_millis(300))
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The server as soon as it listens; `None` when it ended instead.
fn launch(folder: &TempDir, options: &[String], port: u16) -> Option<Child> {
    let started = Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args([
            "--save",
            "",
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
        ])
        .arg("--dir")
        .arg(folder.path())
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn();
    let mut process = match started {
        Ok(process) => process,
        Err(error) if error.kind() == ErrorKind::NotFound => panic!(
            "this test needs the program redis-server: `cargo xtask test` installs it, or do so by hand, on Debian by `apt-get install redis-server`"
        ),
        Err(error) => panic!("redis-server cannot be started: {error}"),
    };
    let mut output = BufReader::new(process.stdout.take().unwrap());
    let mut line = String::new();
    loop {
        line.clear();
        if output.read_line(&mut line).unwrap() == 0 {
            process.wait().unwrap();
            return None;
        }
        if line.contains(READY) {
            // A pipe that nobody reads would stop it one day.
            std::thread::spawn(move || io::copy(&mut output, &mut io::sink()));
            return Some(process);
        }
    }
}
