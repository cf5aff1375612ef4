//! What a log line costs its caller: `cargo run --profile fast -p fastkit --example sink_cost`.
//!
//! First a finished line that is handed to a sink, then a whole `info!` with two fields and a request
//! id, formatted for a file. The promise is at most 3 microseconds; a line after more than a second of silence costs more,
//! since it wakes its writer. The best of several rounds counts while busy, since others use the machine too, and
//! otherwise the median.

use fastkit::{
    context::{RequestId, enter},
    logger::{self, Format, Level, LogConfig, Sink},
};
use std::{
    error::Error,
    io::{self, Write},
    time::{Duration, Instant},
};
use tracing_subscriber::{Registry, layer::SubscriberExt};

const ROUNDS: u32 = 20;
const LINES: u32 = 5_000;
/// How many lines with a silence before each.
const SINGLE: u32 = 11;

/// The cost of a line while lines come fast, of one a quarter of a second after another, and of one that wakes its
/// writer.
fn cost(mut line: impl FnMut(), mut flush: impl FnMut()) -> [Duration; 3] {
    let mut busy = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        (0..LINES).for_each(|_| line());
        busy = busy.min(start.elapsed() / LINES);
        flush();
    }
    let mut after = |silence| {
        let mut costs: Vec<Duration> = (0..SINGLE)
            .map(|_| {
                std::thread::sleep(silence);
                let start = Instant::now();
                line();
                start.elapsed()
            })
            .collect();
        costs.sort();
        costs[costs.len() / 2]
    };
    let seldom = after(Duration::from_millis(250));
    // The writer sleeps by then.
    let idle = after(Duration::from_millis(2000));
    [busy, seldom, idle]
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("fastkit-sink-cost-{}", std::process::id()));
    let mut out = io::stdout().lock();
    let mut tell = |what: &str, [busy, seldom, idle]: [Duration; 3], dropped: u64| {
        writeln!(
            out,
            "{what:28} {busy:>9.2?} when busy, {seldom:>9.2?} four times a second, {idle:>9.2?} when idle; {dropped} dropped"
        )
    };
    let text = [b'x'; 600];
    for (what, sink) in [
        ("600 bytes to nothing", Sink::builder().writer(io::sink())?),
        ("600 bytes to a file", Sink::file(folder.join("line.log"))?),
    ] {
        let line = || {
            sink.line(|buffer| buffer.extend_from_slice(&text));
        };
        let flush = || {
            sink.flush(Duration::from_secs(10));
        };
        let cost = cost(line, flush);
        tell(what, cost, sink.dropped())?;
    }
    for (what, format) in [
        ("info! as text to a file", Format::Text),
        ("info! as JSON to a file", Format::Json),
    ] {
        let config = LogConfig {
            console: None,
            file: Some(Level::Info),
            folder: folder.clone(),
            format,
            ..LogConfig::default()
        };
        let (layer, guard, warning) = logger::layer(&config)?;
        if let Some(warning) = warning {
            return Err(warning.into());
        }
        let cost = tracing::subscriber::with_default(Registry::default().with(layer), || {
            let _request = enter(RequestId::random());
            let line = || logger::info!(user = 7, path = "/flyer/items/7", "a line of a handler");
            cost(line, || {
                guard.flush(Duration::from_secs(10));
            })
        });
        tell(what, cost, guard.file().map_or(0, Sink::dropped))?;
    }
    std::fs::remove_dir_all(folder)?;
    Ok(())
}
