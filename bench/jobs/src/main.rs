//! What the scheduler costs: how long it takes to add jobs, what they cost while nothing is due, and how late a
//! thousand of them begin that are due in one second. Beside it tokio-cron-scheduler with the same jobs.
//!
//! `cargo run --release -p jobs-bench` in `bench/`. The delay of a start is the time on the clock of the wall when the
//! job runs, less the time that it was due.

mod fastflyer;
mod peer;
mod process;

use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

/// How many jobs are added and then idle.
const MANY: usize = 100_000;
/// How many are added to the peer, which takes minutes for more.
const PEER_MANY: usize = 2_000;
/// How many jobs are due once a second.
const DUE: usize = 1_000;
/// How long it is measured.
const SPAN: Duration = Duration::from_secs(10);

/// What one of them does: it says how late it begins.
static DELAYS: Mutex<Vec<u64>> = Mutex::new(Vec::new());

fn began(due: SystemTime) {
    let late = SystemTime::now().duration_since(due).unwrap_or_default();
    if let Ok(mut delays) = DELAYS.lock() {
        delays.push(late.as_micros() as u64);
    }
}

/// The start of the current second: what a job that is due each second was due at, if it is less than a second late.
fn this_second() -> SystemTime {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs())
}

fn main() -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        println!("| | fastkit | tokio-cron-scheduler |");
        println!("|---|--:|--:|");
        let ours = fastflyer::add(MANY).await?;
        let theirs = peer::add(PEER_MANY).await?;
        println!(
            "| adding {MANY} jobs (the peer {PEER_MANY}) | {} ms, {:.1} us each | {} ms, {:.1} us each |",
            ours.took.as_millis(),
            ours.took.as_micros() as f64 / MANY as f64,
            theirs.took.as_millis(),
            theirs.took.as_micros() as f64 / PEER_MANY as f64,
        );
        println!(
            "| memory of a job | {:.2} KiB | {:.2} KiB |",
            ours.memory_kib as f64 / MANY as f64,
            theirs.memory_kib as f64 / PEER_MANY as f64,
        );
        println!(
            "| CPU while none is due | {:.2} % of a core | {:.2} % of a core |",
            ours.idle * 100.0,
            theirs.idle * 100.0
        );
        let ours = delays(fastflyer::spread(DUE, SPAN).await)?;
        println!("| {DUE} a second, spread: p50, p99, greatest delay, runs | {ours} | - |");
        let ours = delays(fastflyer::at_once(DUE, SPAN).await)?;
        let theirs = delays(peer::at_once(DUE, SPAN).await)?;
        println!("| {DUE} at the same moment, each second: the same | {ours} | {theirs} |");
        Ok(())
    })
}

/// What adding jobs took, and what having them costs.
struct Added {
    took: Duration,
    memory_kib: u64,
    /// The share of a core.
    idle: f64,
}

impl Added {
    /// Called with the state before, and the time that adding took.
    async fn measure(memory_before: u64, began: Instant) -> Self {
        let took = began.elapsed();
        let memory_kib = process::memory_kib().saturating_sub(memory_before);
        // What was put off until after the jobs were added does not count as idle.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let (cpu, watched) = (process::cpu(), Instant::now());
        tokio::time::sleep(Duration::from_secs(5)).await;
        let used = process::cpu().saturating_sub(cpu);
        Self {
            took,
            memory_kib,
            idle: used.as_secs_f64() / watched.elapsed().as_secs_f64(),
        }
    }
}

fn delays(ran: Result<(), String>) -> Result<String, String> {
    ran?;
    let mut delays = std::mem::take(&mut *DELAYS.lock().map_err(|error| error.to_string())?);
    delays.sort_unstable();
    let at = |share: f64| {
        let index = (delays.len() as f64 * share) as usize;
        delays.get(index.min(delays.len().saturating_sub(1))).copied().unwrap_or_default() as f64 / 1000.0
    };
    Ok(format!(
        "{:.1} ms, {:.1} ms, {:.1} ms, {}",
        at(0.5),
        at(0.99),
        at(1.0),
        delays.len()
    ))
}
