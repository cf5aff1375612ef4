//! [`Redis`]: a server of its own, in a folder of its own.

use std::io::{self, BufRead, BufReader, ErrorKind};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::free_port;

/// What it says when it listens.
const READY: &str = "Ready to accept connections";
/// What is missing where the program is not installed.
const MISSING: &str = "this needs the program redis-server: `cargo xtask test` installs it, or do so by hand, on Debian by `apt-get install redis-server`";

/// A running `redis-server` on 127.0.0.1. Every write is on the disk before it is answered.
#[derive(Debug)]
pub struct Redis {
    folder: TempDir,
    options: Vec<String>,
    port: u16,
    process: Child,
}

impl Redis {
    /// Starts one on a free port.
    ///
    /// # Errors
    ///
    /// When the program is not there, or ends at once.
    pub fn start() -> Result<Self> {
        Self::with(&[])
    }

    /// With further options as on its command line.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn with(options: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir().context("a folder for Redis")?;
        let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        // The port may be taken again before it is used.
        for _ in 0..20 {
            let port = free_port()?;
            if let Some(process) = launch(&folder, &options, port)? {
                return Ok(Self {
                    folder,
                    options,
                    port,
                    process,
                });
            }
        }
        bail!("redis-server with {options:?} ends at once")
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `redis://127.0.0.1:PORT/0`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Ends it by force.
    pub fn kill(&mut self) {
        // A stopped process dies of KILL too; one that has ended already is as it should be.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Starts it again after [`kill`](Self::kill), with what it knew.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn restart(&mut self) -> Result<()> {
        // A connection of somebody else may have the port for a moment.
        for _ in 0..100 {
            if let Some(process) = launch(&self.folder, &self.options, self.port)? {
                self.process = process;
                return Ok(());
            }
            thread::sleep(Duration::from_millis(50));
        }
        bail!("redis-server does not start again on port {}", self.port)
    }

    /// As [`restart`](Self::restart), without what it knew.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn restart_empty(&mut self) -> Result<()> {
        self.folder = tempfile::tempdir().context("a folder for Redis")?;
        self.restart()
    }

    /// Stops it in its tracks: connections stay, and nothing is answered.
    pub fn pause(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        // Who has ended gets no signal.
        let _ = kill(Pid::from_raw(self.process.id() as i32), signal);
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The server as soon as it listens; `None` when it ended instead.
fn launch(folder: &TempDir, options: &[String], port: u16) -> Result<Option<Child>> {
    let started = Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args(["--save", "", "--appendonly", "yes"])
        // What was answered is with the kernel, and outlives a killed server. No test waits for a disk.
        .args(["--appendfsync", "no"])
        .arg("--dir")
        .arg(folder.path())
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn();
    let mut process = match started {
        Err(error) if error.kind() == ErrorKind::NotFound => bail!(MISSING),
        started => started.context("starting redis-server")?,
    };
    let mut output = BufReader::new(process.stdout.take().context("its output")?);
    let mut line = String::new();
    loop {
        line.clear();
        if output.read_line(&mut line).context("reading its output")? == 0 {
            process.wait().context("waiting for redis-server")?;
            return Ok(None);
        }
        if line.contains(READY) {
            // A pipe that nobody reads would stop it one day.
            thread::spawn(move || io::copy(&mut output, &mut io::sink()));
            return Ok(Some(process));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::{Ipv4Addr, TcpStream};

    fn ask(redis: &Redis, command: &str, answer: &str) -> io::Result<bool> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, redis.port()))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(command.as_bytes())?;
        let mut bytes = vec![0; answer.len()];
        stream.read_exact(&mut bytes)?;
        Ok(bytes == answer.as_bytes())
    }

    #[test]
    fn it_remembers_or_forgets_as_it_is_told() {
        let mut redis = Redis::start().unwrap();
        assert!(ask(&redis, "SET a 1\r\n", "+OK\r\n").unwrap());
        redis.kill();
        assert!(ask(&redis, "PING\r\n", "+PONG\r\n").is_err());
        redis.restart().unwrap();
        assert!(ask(&redis, "GET a\r\n", "$1\r\n1\r\n").unwrap());
        redis.kill();
        redis.restart_empty().unwrap();
        assert!(ask(&redis, "GET a\r\n", "$-1\r\n").unwrap());
        redis.pause();
        assert!(ask(&redis, "PING\r\n", "+PONG\r\n").is_err());
        redis.resume();
        assert!(ask(&redis, "PING\r\n", "+PONG\r\n").unwrap());
    }
}
