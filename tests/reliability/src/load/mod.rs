//! The load client: numbered requests at a fixed rate over keep-alive, new and pipelined connections.
//!
//! Nothing is tried again: each request has one answer or is a loss. Latency counts from the moment
//! at which a request was due by the rate, not from when a connection was free for it, so that a
//! server that stops for a second shows it in every request of that second. One thread does all, and
//! wakes at most once in a millisecond: about that much of a latency is the client's own.
//! Key types: [`Plan`], [`Load`], [`Report`].

mod answer;
mod client;
mod connection;
mod histogram;
mod ledger;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

pub(crate) use answer::Answer;
pub(crate) use histogram::{Histogram, Millis};
pub(crate) use ledger::{Comparison, Failure, Ledger, Loss};

/// How fast requests are sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// So many a second, whether the server keeps up or not.
    Fixed(f64),
    /// The next one as soon as a connection is free: measures the maximum.
    Greedy,
}

/// How requests use connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// One after the other on a connection that stays.
    KeepAlive,
    /// Each on a connection of its own, which every second time the server is asked to close.
    New,
    /// [`DEPTH`] at a time on a connection that stays.
    Pipelined,
}

/// How many requests a pipelined connection sends at a time.
pub(crate) const DEPTH: usize = 4;
/// How large the body of a POST is.
pub(crate) const BODY: usize = 16 * 1024;

/// What to send.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The server.
    pub(crate) address: SocketAddr,
    /// Told apart from all other runs by this part of the request ids.
    pub(crate) run: String,
    /// How fast.
    pub(crate) pace: Pace,
    /// How many; `None` goes on until it is stopped.
    pub(crate) requests: Option<u64>,
    /// Which ways are used, and over how many connections at most; requests go through them in turn.
    pub(crate) ways: Vec<(Way, usize)>,
    /// Every how many requests of a way a POST with 16 KiB is sent and not a GET; 0 is never.
    pub(crate) post_every: usize,
    /// How long after it was due a request may be without its answer.
    pub(crate) timeout: Duration,
}

impl Plan {
    /// All ways, GET and POST, until it is stopped.
    pub(crate) fn mixed(address: SocketAddr, run: &str, pace: Pace) -> Self {
        Self {
            address,
            run: run.to_owned(),
            pace,
            requests: None,
            ways: vec![
                (Way::KeepAlive, 16),
                (Way::Pipelined, 8),
                (Way::KeepAlive, 16),
                (Way::New, 32),
            ],
            post_every: 4,
            timeout: Duration::from_secs(10),
        }
    }

    /// The same with a number of requests.
    pub(crate) fn of(mut self, requests: u64) -> Self {
        self.requests = Some(requests);
        self
    }
}

/// A running load client.
#[derive(Debug)]
pub(crate) struct Load {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Result<Report>>>,
}

/// What a running client tells and is told.
#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    issued: AtomicU64,
    open: AtomicU64,
}

/// What came of a plan.
#[derive(Debug)]
pub(crate) struct Report {
    /// Every request.
    pub(crate) ledger: Ledger,
    /// How long answers took, from when they were due.
    pub(crate) latency: Histogram,
    /// The processes that have answered.
    pub(crate) processes: BTreeSet<u32>,
    /// From the first request to the last answer.
    pub(crate) took: Duration,
}

impl Load {
    /// Starts the client in a thread of its own.
    pub(crate) fn start(plan: Plan) -> Self {
        let shared = Arc::new(Shared::default());
        let told = Arc::clone(&shared);
        let thread = std::thread::spawn(move || client::run(&plan, &told));
        Self {
            shared,
            thread: Some(thread),
        }
    }

    /// Requests that were due so far.
    pub(crate) fn issued(&self) -> u64 {
        self.shared.issued.load(Relaxed)
    }

    /// Requests that are sent and not answered now.
    pub(crate) fn open(&self) -> u64 {
        self.shared.open.load(Relaxed)
    }

    /// Waits until so many were due, or the client has ended.
    pub(crate) fn wait_for(&self, issued: u64) {
        while self.issued() < issued && !self.is_finished() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether all is done.
    pub(crate) fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Sends nothing new, waits for what is open, and returns what came of it.
    ///
    /// # Errors
    ///
    /// When the client itself fails.
    pub(crate) fn stop(self) -> Result<Report> {
        self.shared.stop.store(true, Relaxed);
        self.join()
    }

    /// Waits until the plan is carried out.
    ///
    /// # Errors
    ///
    /// When the client itself fails.
    pub(crate) fn join(mut self) -> Result<Report> {
        let thread = self.thread.take().ok_or_else(|| anyhow!("joined before"))?;
        thread
            .join()
            .map_err(|_| anyhow!("the load client panicked"))?
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.shared.stop.store(true, Relaxed);
    }
}

impl Report {
    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        let answered: u64 = self.ledger.statuses().values().sum();
        #[expect(
            clippy::cast_precision_loss,
            reason = "a request count is far below 2^52"
        )]
        let answered = answered as f64;
        answered / self.took.as_secs_f64().max(0.001)
    }

    /// The losses by kind, `none` if there are none, and statuses other than 200.
    pub(crate) fn failures(&self) -> String {
        let mut kinds = BTreeMap::<_, usize>::new();
        for loss in self.ledger.losses() {
            *kinds.entry(format!("{:?}", loss.failure)).or_default() += 1;
        }
        for (status, count) in self.ledger.statuses() {
            if status != 200 {
                kinds.insert(
                    format!("status {status}"),
                    usize::try_from(count).unwrap_or(0),
                );
            }
        }
        let kinds: Vec<_> = kinds
            .iter()
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        if kinds.is_empty() {
            "none".to_owned()
        } else {
            kinds.join(", ")
        }
    }
}

/// Measures the highest rate of a mix in so much time.
///
/// # Errors
///
/// When the client fails or requests do.
pub(crate) fn maximum(address: SocketAddr, run: &str, time: Duration) -> Result<f64> {
    let load = Load::start(Plan::mixed(address, run, Pace::Greedy));
    let end = Instant::now() + time;
    while Instant::now() < end && !load.is_finished() {
        std::thread::sleep(Duration::from_millis(20));
    }
    let report = load.stop()?;
    anyhow::ensure!(
        report.ledger.failed() == 0,
        "while the maximum was measured: {}",
        report.failures()
    );
    Ok(report.rate())
}
