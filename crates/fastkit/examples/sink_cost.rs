//! What a log line costs its caller: `cargo run --release -p fastkit --example sink_cost`.

use fastkit::logger::Sink;
use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

fn main() -> io::Result<()> {
    let line = [b'x'; 600];
    let folder = std::env::temp_dir().join("fastkit-sink-cost.log");
    let mut out = io::stdout().lock();
    for (name, sink) in [
        ("nothing", Sink::builder().writer(io::sink())?),
        ("a file", Sink::file(&folder)?),
    ] {
        let rounds = 200_000;
        let start = Instant::now();
        for _ in 0..rounds {
            sink.line(|buffer| buffer.extend_from_slice(&line));
        }
        let busy = start.elapsed() / rounds;
        sink.flush(Duration::from_secs(10));
        let start = Instant::now();
        let mut spent = Duration::ZERO;
        for _ in 0..50 {
            // The writer sleeps by now: each of these lines wakes it.
            std::thread::sleep(Duration::from_millis(25));
            let line_start = Instant::now();
            sink.line(|buffer| buffer.extend_from_slice(&line));
            spent += line_start.elapsed();
        }
        writeln!(
            out,
            "to {name}: {busy:?} a line when busy, {:?} when idle, {} dropped, {:?}",
            spent / 50,
            sink.dropped(),
            start.elapsed()
        )?;
    }
    std::fs::remove_file(folder)
}
