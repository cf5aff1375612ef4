//! [`Holders`]: the processes of one scenario, with the servers that they share.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use test_servers::{Proxy, Redis};

use super::TTL;
use super::runs::{Record, Run};
use crate::promise::Suite;

/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a waiting loop looks.
const STEP: Duration = Duration::from_millis(10);

/// What keeps the locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Locks {
    Redis,
    Files,
}

/// One scenario.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    name: &'static str,
    pub(super) count: usize,
    locks: Locks,
    pub(super) period: Duration,
    pub(super) lasts: Duration,
}

impl Plan {
    /// With short runs, once a second.
    pub(super) fn new(name: &'static str, count: usize, locks: Locks) -> Self {
        Self {
            name,
            count,
            locks,
            period: Duration::from_secs(1),
            lasts: Duration::from_millis(150),
        }
    }

    /// With runs that are long enough for something to happen to them.
    pub(super) fn long_runs(self) -> Self {
        Self {
            period: Duration::from_secs(8),
            lasts: Duration::from_secs(4),
            ..self
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.count)
    }
}

/// Processes that share one job.
#[derive(Debug)]
pub(super) struct Holders {
    plan: Plan,
    program: PathBuf,
    folder: PathBuf,
    /// Keeps the locks, and is harmed.
    redis: Redis,
    /// Is written to, and never harmed.
    data: Redis,
    processes: HashMap<String, Holder>,
}

#[derive(Debug)]
struct Holder {
    child: Child,
    /// Its own way to the Redis of the locks.
    way: Proxy,
}

impl Drop for Holder {
    fn drop(&mut self) {
        // A stopped process dies of KILL too.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Holders {
    /// The servers, and no processes yet.
    pub(super) fn start(suite: &Suite, plan: &Plan) -> Result<Self> {
        let name: String = plan
            .to_string()
            .replace(|c: char| !c.is_alphanumeric(), "-");
        let folder = suite.folder.join(format!("13-{name}"));
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        Ok(Self {
            plan: plan.clone(),
            program: suite.jobs.clone(),
            folder,
            redis: Redis::start()?,
            data: Redis::start()?,
            processes: HashMap::new(),
        })
    }

    /// Starts that many processes.
    pub(super) fn add(&mut self, count: usize) -> Result<()> {
        for _ in 0..count {
            let name = format!("p{}", self.processes.len());
            let way = Proxy::to(self.redis.port())?;
            let lock = match self.plan.locks {
                Locks::Redis => format!("redis://127.0.0.1:{}/0", way.port()),
                Locks::Files => self.folder.join("locks").display().to_string(),
            };
            let log = std::fs::File::create(self.folder.join(format!("{name}.log")))?;
            let child = Command::new(&self.program)
                .args(["--name", &name, "--lock", &lock, "--data", &self.data.url()])
                .arg("--out")
                .arg(self.folder.join("runs.jsonl"))
                .args(["--period", &self.plan.period.as_millis().to_string()])
                .args(["--lasts", &self.plan.lasts.as_millis().to_string()])
                .args(["--ttl", &TTL.as_millis().to_string()])
                .stdin(Stdio::piped())
                .stdout(log.try_clone()?)
                .stderr(log)
                .spawn()
                .context("starting a process with a job")?;
            self.processes.insert(name, Holder { child, way });
        }
        Ok(())
    }

    /// What has happened so far.
    pub(super) fn record(&self) -> Result<Record> {
        let text = std::fs::read_to_string(self.folder.join("runs.jsonl"));
        Record::read(&text.unwrap_or_default())
    }

    /// Ends all in order; what has happened.
    pub(super) fn end(mut self) -> Result<Record> {
        for holder in self.processes.values_mut() {
            // The end of its input.
            drop(holder.child.stdin.take());
        }
        let end = Instant::now() + PATIENCE;
        for holder in self.processes.values_mut() {
            while holder.child.try_wait()?.is_none() {
                if Instant::now() > end {
                    bail!("a process does not end");
                }
                thread::sleep(STEP);
            }
        }
        self.record()
    }

    /// Waits until that many runs are over.
    pub(super) fn wait_for_runs(&self, count: usize) -> Result<()> {
        let over = |record: &Record| record.runs.iter().filter(|run| run.over).count();
        self.wait(&format!("{count} runs"), |record| {
            (over(record) >= count).then_some(())
        })
    }

    /// Waits until a run that has just begun has written.
    pub(super) fn wait_for_start(&self) -> Result<Run> {
        let run = self.wait("a run", |record| record.last_started().cloned())?;
        self.wait_for_write(&run)?;
        Ok(run)
    }

    /// Waits until the run has written something.
    pub(super) fn wait_for_write(&self, run: &Run) -> Result<()> {
        self.wait("a write", |record| {
            record.run(&run.run)?.has_written().then_some(())
        })
    }

    /// Waits until the run is over.
    pub(super) fn wait_for_end(&self, run: &Run) -> Result<()> {
        self.wait("the end of the run", |record| {
            record.run(&run.run)?.over.then_some(())
        })
    }

    /// Waits until another run has begun after this one.
    pub(super) fn wait_for_other(&self, run: &Run) -> Result<Run> {
        self.wait("another run", |record| {
            record
                .last_started()
                .filter(|last| last.run != run.run)
                .cloned()
        })
    }

    fn wait<T>(&self, what: &str, found: impl Fn(&Record) -> Option<T>) -> Result<T> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = found(&self.record()?) {
                return Ok(found);
            }
            if Instant::now() > end {
                bail!("no {what} within {PATIENCE:?}");
            }
            thread::sleep(STEP);
        }
    }

    /// Sends a signal to a process.
    pub(super) fn signal(&self, name: &str, signal: Signal) -> Result<()> {
        let holder = self.processes.get(name).context("no such process")?;
        kill(Pid::from_raw(holder.child.id() as i32), signal).context("sending a signal")
    }

    /// Cuts a process off from the Redis of the locks.
    pub(super) fn cut_off(&self, name: &str) -> Result<()> {
        let holder = self.processes.get(name).context("no such process")?;
        holder.way.hold();
        Ok(())
    }

    pub(super) fn kill_redis(&mut self) {
        self.redis.kill();
    }

    pub(super) fn start_redis(&mut self) -> Result<()> {
        self.redis.restart_empty()
    }

    pub(super) fn pause_redis(&self) {
        self.redis.pause();
    }

    pub(super) fn resume_redis(&self) {
        self.redis.resume();
    }
}
