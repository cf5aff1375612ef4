//! Promise 4: TERM and INT let everything in flight finish, and the exit code is 0.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::signal::Signal;

use crate::load::{self, Failure, Load, Pace, Plan};
use crate::promise::{Finding, Suite};
use crate::service::{connect, ended_well, ending, read_answer};

/// Requests that take their time while the signal comes.
const SLOW: usize = 20;
/// How long each of them takes.
const SLOW_MILLIS: u64 = 1_200;
/// How long everything may take.
const GRACEFUL: Duration = Duration::from_secs(5);

/// One process alone, and a supervisor with two workers.
pub(crate) fn measure(suite: &Suite) -> Result<Finding> {
    let mut finding = Finding::default();
    for (signal, workers) in [
        (Signal::SIGTERM, 0),
        (Signal::SIGINT, 0),
        (Signal::SIGTERM, 2),
    ] {
        let name = match workers {
            0 => format!("{signal} alone"),
            workers => format!("{signal} with {workers} workers"),
        };
        once(suite, signal, workers, &name, &mut finding).context(name)?;
    }
    Ok(finding)
}

fn once(
    suite: &Suite,
    signal: Signal,
    workers: usize,
    name: &str,
    finding: &mut Finding,
) -> Result<()> {
    let start = suite
        .service(&format!("4-{signal}-{workers}"))
        .set("flyer_log_rotate", "never")
        .set("flyer_graceful_timeout", GRACEFUL.as_secs());
    let mut service = match workers {
        0 => start.alone().run()?,
        workers => start.set("flyer_workers", workers).run()?,
    };
    let address = service.address;
    let maximum = load::maximum(address, &suite.run(), Duration::from_secs(suite.pick(1, 2)))?;
    let load = Load::start(Plan::mixed(
        address,
        &suite.run(),
        Pace::Fixed(maximum * 0.7),
    ));
    std::thread::sleep(Duration::from_secs(1));
    let mut slow = Vec::new();
    for _ in 0..SLOW {
        let mut stream = connect(address)?;
        write!(
            stream,
            "GET /slow?ms={SLOW_MILLIS} HTTP/1.1\r\nhost: a\r\n\r\n"
        )?;
        slow.push(stream);
    }
    // Until the server has read them; what it had not read would not be in flight.
    std::thread::sleep(Duration::from_millis(200));
    let in_flight = load.open() + SLOW as u64;
    let signalled = Instant::now();
    service.signal(signal)?;
    let status = service.wait(GRACEFUL + Duration::from_secs(2))?;
    let took = signalled.elapsed();
    let report = load.stop()?;

    let answered = slow.iter_mut().map(read_answer).filter_map(Result::ok);
    let answered = answered.filter(|answer| answer.status == 200).count();
    finding.expect(answered == SLOW, || {
        format!(
            "{name}: {} of {SLOW} slow requests without an answer",
            SLOW - answered
        )
    });
    // A connection that is made after the signal may be refused; all others are served.
    let lost = report.ledger.losses().iter().filter(|loss| {
        loss.sent < signalled || (!loss.is_first && loss.failure != Failure::Refused)
    });
    let lost = lost.count();
    finding.expect(lost == 0, || {
        format!("{name}: {lost} requests lost: {}", report.failures())
    });
    finding.expect(ended_well(status), || {
        format!(
            "{name}: ended with {}: {}",
            ending(status),
            service.printed()
        )
    });
    finding.expect(took < GRACEFUL, || format!("{name}: took {took:.1?}"));
    let log = report.ledger.compare(&service.access_log())?;
    finding.expect(log.is_exact(), || format!("{name}: {log}"));
    finding.figure(format!(
        "{name} at {:.0}/s: {lost} of {in_flight} in flight lost, exit code {} after {took:.1?}",
        maximum * 0.7,
        status.and_then(|status| status.code()).unwrap_or(-1),
    ));
    Ok(())
}
