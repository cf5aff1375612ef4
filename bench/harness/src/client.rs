//! The load client, attended: opens its connections, waits, sends, keeps them open until told otherwise. Between these
//! steps the harness looks at the server.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;

use crate::servers::Case;

/// For ten thousand connections on a machine that has others to serve.
const OPENING: Duration = Duration::from_secs(300);

/// Longer than any measurement; under callgrind a server is 50 times slower.
const SENDING: Duration = Duration::from_secs(1800);

/// What the client is to do.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    /// What the client calls the request.
    pub(crate) request: &'static str,
    /// How many requests are under way on a connection.
    pub(crate) depth: &'static str,
    /// Connections that send.
    pub(crate) connections: u32,
    /// Connections besides that only lie there.
    pub(crate) idle: u32,
    pub(crate) amount: Amount,
}

/// How long the client sends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Amount {
    Requests(u64),
    Seconds(f64),
}

impl Job {
    pub(crate) const fn new(case: Case, connections: u32, amount: Amount) -> Self {
        Self {
            request: case.request(),
            depth: case.depth(),
            connections,
            idle: 0,
            amount,
        }
    }
}

/// What the load client prints.
#[derive(Debug, Deserialize)]
pub(crate) struct Load {
    /// Answers while the clock ran.
    pub(crate) requests: u64,
    /// Answers before: one on each connection.
    pub(crate) opening: u64,
    pub(crate) rate: f64,
    pub(crate) p50: u32,
    pub(crate) p99: u32,
}

impl Load {
    /// All requests that the server got.
    pub(crate) const fn all(&self) -> u64 {
        self.requests + self.opening
    }
}

/// A running load client; killed when dropped.
#[derive(Debug)]
pub(crate) struct Client {
    child: Child,
    /// Closed when its connections may end.
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Client {
    /// Starts the client behind `wrapper` and waits until all its connections are open, each with one answer.
    pub(crate) fn open(
        executable: &Path,
        wrapper: &[String],
        port: u16,
        job: &Job,
    ) -> Result<Self, String> {
        let executable = executable.display().to_string();
        let mut words = wrapper.iter().map(String::as_str).collect::<Vec<_>>();
        words.push(&executable);
        let (amount, count) = match job.amount {
            Amount::Requests(count) => ("--requests", count.to_string()),
            Amount::Seconds(seconds) => ("--seconds", seconds.to_string()),
        };
        let mut child = Command::new(words[0])
            .args(&words[1..])
            .args(["--attended", "--port", &port.to_string()])
            .args(["--case", job.request, "--depth", job.depth])
            .args(["--connections", &job.connections.to_string()])
            .args(["--idle", &job.idle.to_string()])
            .args([amount, &count])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .map_err(|error| format!("the load client cannot be started: {error}"))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or("the load client has no output")?;
        let (sender, lines) = channel();
        // Ends with the client's output.
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let client = Self {
            child,
            stdin,
            lines,
        };
        match client.line(OPENING, || {})?.as_str() {
            "ready" => Ok(client),
            other => Err(format!("the load client said {other:?}")),
        }
    }

    /// Has it send what it was started for; `meanwhile` is called every 50 ms. Its connections stay open.
    pub(crate) fn run(&mut self, meanwhile: impl FnMut()) -> Result<Load, String> {
        let stdin = self.stdin.as_mut().ok_or("the load client was closed")?;
        stdin
            .write_all(b"\n")
            .map_err(|error| format!("the load client does not listen: {error}"))?;
        let text = self.line(SENDING, meanwhile)?;
        serde_json::from_str(&text)
            .map_err(|error| format!("the load client said {text:?}: {error}"))
    }

    /// Lets its connections end. An error when an answer was wrong, or the server closed a connection.
    pub(crate) fn close(mut self) -> Result<(), String> {
        drop(self.stdin.take());
        let status = self.child.wait().map_err(|error| error.to_string())?;
        if status.success() {
            Ok(())
        } else {
            Err("the load client failed; its reason stands above".to_owned())
        }
    }

    fn line(&self, patience: Duration, mut meanwhile: impl FnMut()) -> Result<String, String> {
        let asked = Instant::now();
        while asked.elapsed() < patience {
            match self.lines.recv_timeout(Duration::from_millis(50)) {
                Ok(line) => return Ok(line),
                Err(RecvTimeoutError::Timeout) => meanwhile(),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err("the load client failed; its reason stands above".to_owned());
                }
            }
        }
        Err(format!(
            "the load client said nothing for {} s",
            patience.as_secs()
        ))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Already reaped after `close`; otherwise a failure is on its way up and says more than these could.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// All that the job asks for, when nothing is to be looked at between its steps.
pub(crate) fn load(
    executable: &Path,
    wrapper: &[String],
    port: u16,
    job: &Job,
) -> Result<Load, String> {
    let mut client = Client::open(executable, wrapper, port, job)?;
    let load = client.run(|| {})?;
    client.close()?;
    Ok(load)
}
