//! A process with one single job, for the measurements of promise 13.
//!
//! It writes a line of JSON for each thing that its runs do. Between the start and the end of a run it keeps
//! writing a value to Redis with the fence of the run, over a connection that no test cuts off: what a
//! process does that has lost its lock and does not know. It ends by TERM, and with its standard input.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result};
use clap::Parser;
use fastkit::executor::lock::{FileLock, Lock, RedisLock};
use fastkit::executor::{Job, JobError, Run, Scheduler, Trigger};
use fastkit::redis::Redis;
use serde_json::json;

/// How long one step of a run takes.
const STEP: Duration = Duration::from_millis(20);

#[derive(Clone, Debug, Parser)]
struct Options {
    /// What the lines call this process
    #[arg(long)]
    name: String,
    /// Where the locks are: the URL of a Redis, or a folder
    #[arg(long)]
    lock: String,
    /// The Redis that runs write to
    #[arg(long)]
    data: String,
    /// Where the lines go
    #[arg(long)]
    out: PathBuf,
    /// How often the job is due, in milliseconds
    #[arg(long)]
    period: u64,
    /// How long a run takes, in milliseconds
    #[arg(long)]
    lasts: u64,
    /// How long a lock outlives its holder, in milliseconds
    #[arg(long)]
    ttl: u64,
}

/// The lines that all processes write to one file, each with one call.
#[derive(Debug)]
struct Lines {
    file: File,
    name: String,
}

impl Lines {
    /// `began` is when that was begun which is over now.
    fn add(&self, what: &str, run: &Run, began: SystemTime) {
        let line = json!({
            "began": unix_us(began),
            "at": unix_us(SystemTime::now()),
            "process": self.name,
            "what": what,
            "run": run.id().as_str(),
            "due": run.scheduled().timestamp_micros(),
            "fence": run.fence().map(|fence| fence.number()),
            "reason": run.reason().map(|reason| reason.to_string()),
        });
        if let Err(error) = (&self.file).write_all(format!("{line}\n").as_bytes()) {
            eprintln!("a line is lost: {error}");
        }
    }
}

fn unix_us(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_micros() as u64)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(&options.out);
    let lines = Arc::new(Lines {
        file: file.with_context(|| format!("{}", options.out.display()))?,
        name: options.name.clone(),
    });
    let lock: Arc<dyn Lock> = if options.lock.starts_with("redis") {
        Arc::new(RedisLock::new(Redis::open(&options.lock)?, "reliability"))
    } else {
        Arc::new(FileLock::new(&options.lock))
    };
    let data = Redis::open(&options.data)?;
    let lasts = Duration::from_millis(options.lasts);
    let work = move |run: Run| {
        let (lines, data) = (lines.clone(), data.clone());
        async move { work(&run, &lines, &data, lasts).await }
    };
    let trigger = Trigger::interval(Duration::from_millis(options.period));
    let job = Job::new("job", trigger, work)
        .single_job(true)
        .lock_ttl(Duration::from_millis(options.ttl));
    let scheduler = Scheduler::builder().lock(lock).build();
    scheduler.add_job(job)?;
    scheduler.start()?;

    let (sender, closed) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = sender.send(());
    });
    let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = closed => {}
        _ = term.recv() => {}
    }
    scheduler.stop(Duration::from_secs(10)).await;
    Ok(())
}

async fn work(run: &Run, lines: &Lines, data: &Redis, lasts: Duration) -> Result<(), JobError> {
    lines.add("start", run, SystemTime::now());
    let end = Instant::now() + lasts;
    while Instant::now() < end {
        if let Some(fence) = run.fence() {
            let began = SystemTime::now();
            if let Ok(written) = fence.redis_set(data, "value", run.id().as_str()).await {
                let what = if written { "written" } else { "refused" };
                lines.add(what, run, began);
            }
        }
        if !run.pause(STEP).await {
            lines.add("cancelled", run, SystemTime::now());
            return Ok(());
        }
    }
    lines.add("end", run, SystemTime::now());
    Ok(())
}
