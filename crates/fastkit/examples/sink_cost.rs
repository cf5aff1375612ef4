//! What a log line costs its caller: `cargo run --profile fast -p fastkit --example sink_cost`.
//!
//! First a finished line that is handed to a sink, then a whole `info!` with two fields and a request
//! id, formatted for a file. The promise is at most 3 microseconds. The best of several rounds counts
//! while busy, since others use the machine too.

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

/// The cost of a line while lines come fast, and that of one that wakes its writer.
fn cost(mut line: impl FnMut(), mut flush: impl FnMut()) -> (Duration, Duration) {
    let mut busy = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        (0..LINES).for_each(|_| line());
        busy = busy.min(start.elapsed() / LINES);
        flush();
    }
    let mut idle = Duration::ZERO;
    for _ in 0..ROUNDS {
        // The writer sleeps by then.
        std::thread::sleep(Duration::from_millis(250));
        let start = Instant::now();
        line();
        idle += start.elapsed();
    }
    (busy, idle / ROUNDS)
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("fastkit-sink-cost-{}", std::process::id()));
    let mut out = io::stdout().lock();
    let mut tell = |what: &str, (busy, idle): (Duration, Duration), dropped: u64| {
        writeln!(
            out,
            "{what:32} {busy:>9.2?} when busy {idle:>9.2?} when idle, {dropped} dropped"
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
