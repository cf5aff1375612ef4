//! [`Redis`]: a server of its own, in a folder of its own.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::free_port;

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(15);

/// A running `redis-server`, without persistence: what is killed has forgotten everything.
#[derive(Debug)]
pub struct Redis {
    child: Option<Child>,
    folder: TempDir,
    port: u16,
}

impl Redis {
    /// Starts one on a free port.
    ///
    /// # Errors
    ///
    /// When the program is not there, or does not answer.
    pub fn start() -> Result<Self> {
        let mut redis = Self {
            child: None,
            folder: tempfile::tempdir().context("a folder for Redis")?,
            port: 0,
        };
        // Somebody else may take the free port in the meantime.
        for _ in 0..5 {
            redis.port = free_port()?;
            if redis.run()? {
                return Ok(redis);
            }
        }
        bail!("redis-server ends at once; its log: {}", redis.log())
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `redis://127.0.0.1:PORT/0`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Ends it by force; its data is lost.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // A stopped process dies of KILL too.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it again on the same port, empty.
    ///
    /// # Errors
    ///
    /// When it does not answer.
    pub fn start_again(&mut self) -> Result<()> {
        self.kill();
        if self.run()? {
            Ok(())
        } else {
            bail!("redis-server does not start again; its log: {}", self.log())
        }
    }

    /// Stops it in its tracks: connections stay, nothing is answered.
    pub fn pause(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        if let Some(child) = &self.child {
            let _ = kill(Pid::from_raw(child.id() as i32), signal);
        }
    }

    /// Whether it answers in time; false when it has ended before.
    fn run(&mut self) -> Result<bool> {
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &self.port.to_string()])
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
            .args(["--logfile", "redis.log", "--enable-debug-command", "local"])
            .arg("--dir")
            .arg(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context(
                "redis-server; `cargo xtask test` installs it, or `apt-get install redis-server`",
            )?;
        let child = self.child.insert(child);
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if child.try_wait().context("redis-server")?.is_some() {
                return Ok(false);
            }
            if answers(self.port) {
                return Ok(true);
            }
            thread::sleep(Duration::from_millis(10));
        }
        bail!(
            "redis-server does not answer after {PATIENCE:?}; its log: {}",
            self.log()
        )
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("redis.log")).unwrap_or_default()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

fn answers(port: u16) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 7];
        stream.read_exact(&mut answer)?;
        Ok(&answer == b"+PONG\r\n")
    };
    ask().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_answers_forgets_and_answers_again() {
        let mut redis = Redis::start().unwrap();
        assert!(answers(redis.port()));
        redis.kill();
        assert!(!answers(redis.port()));
        redis.start_again().unwrap();
        assert!(answers(redis.port()));
        redis.pause();
        assert!(!answers(redis.port()));
        redis.resume();
        assert!(answers(redis.port()));
    }
}
