//! Promise 2: a worker that is killed takes only its own requests with it, and is replaced at once.

use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::Signal;

use crate::load::{self, Load, Pace, Plan};
use crate::proc;
use crate::promise::{Finding, Suite};
use crate::service::{Service, ask, connect, ended_well, ending, eventually, read_answer, send};

/// How soon the replacement accepts.
const BOUND: Duration = Duration::from_millis(250);
/// Requests that take their time when the worker is killed.
const SLOW: usize = 20;
/// How often that is tried: the machine is used by others too.
const ATTEMPTS: usize = 5;

/// One of two workers under load, then the only one.
pub(crate) fn measure(suite: &Suite) -> Result<Finding> {
    let mut finding = Finding::default();
    under_load(suite, &mut finding).context("one of two")?;
    replacement(suite, &mut finding).context("the only one")?;
    Ok(finding)
}

fn under_load(suite: &Suite, finding: &mut Finding) -> Result<()> {
    let mut service = suite
        .service("2-killed")
        .set("flyer_workers", 2)
        .set("flyer_keepalive", 2)
        .set("flyer_log_rotate", "never")
        .run()?;
    let maximum = load::maximum(service.address, &suite.run(), Duration::from_secs(1))?;
    let plan = Plan::mixed(service.address, &suite.run(), Pace::Fixed(maximum / 2.0));
    let load = Load::start(plan);
    thread::sleep(Duration::from_secs(2));
    let before = service.workers();
    let victim = *before.first().context("no workers")?;
    let slow: Vec<_> = (0..SLOW)
        .map(|_| Slow::start(&service))
        .collect::<Result<_>>()?;
    // Until the workers have read them.
    thread::sleep(Duration::from_millis(100));
    let open = load.open();
    send(victim, Signal::SIGKILL)?;
    // It needs a core to die on, and its connections live as long as it does.
    let died = eventually(Duration::from_secs(10), || !proc::is_alive(victim));
    died.context("the worker does not die")?;
    let dead = Instant::now();
    let replaced = wait_for_another(&service, &before)?;
    let mut kept = (0, 0);
    for request in slow {
        let (process, is_answered) = request.end();
        kept.0 += u32::from(is_answered);
        kept.1 += u32::from(process != victim);
    }
    finding.expect(kept.0 == kept.1 && kept.1 > 0, || {
        format!(
            "{} of {} slow requests of the other worker were answered",
            kept.0, kept.1
        )
    });
    let report = load.stop()?;
    let losses = report.ledger.losses();
    let foreign = losses
        .iter()
        .filter(|loss| loss.process.is_some_and(|process| process != victim));
    let foreign = foreign.count();
    finding.expect(foreign == 0, || {
        format!("{foreign} requests of other workers failed")
    });
    // Sent later than that, they were not in flight.
    let late = losses
        .iter()
        .filter(|loss| loss.sent > dead + Duration::from_millis(20))
        .count();
    finding.expect(late == 0, || {
        format!("{late} requests failed that were sent later")
    });
    // What the client counts is a moment old: one turn of its loop.
    let most = open + 64;
    finding.expect(losses.len() as u64 <= most, || {
        format!(
            "{} failed of {open} open: {}",
            losses.len(),
            report.failures()
        )
    });
    let statuses = report.ledger.statuses();
    finding.expect(statuses.keys().all(|status| *status == 200), || {
        format!("{statuses:?}")
    });
    service.signal(Signal::SIGTERM)?;
    let status = service.wait(Duration::from_secs(10))?;
    finding.expect(ended_well(status), || {
        format!("ended with {}", ending(status))
    });
    // What the killed worker had answered and not yet written into the log died with it.
    let log = report.ledger.compare(&service.access_log())?;
    finding.expect(log.twice == 0, || log.to_string());
    finding.figure(format!(
        "{} of {} failed at {:.0}/s, {open} open in both workers; {} of {} slow requests of the other answered; a new one after {replaced:.0?}; {log}",
        losses.len(),
        report.ledger.issued(),
        maximum / 2.0,
        kept.0,
        kept.1,
    ));
    Ok(())
}

/// A request in flight at the kill.
struct Slow {
    stream: TcpStream,
    process: u32,
}

impl Slow {
    /// Asks who answers on a connection, then for something that takes its time there.
    fn start(service: &Service) -> Result<Self> {
        let mut stream = connect(service.address)?;
        write!(stream, "GET /pid HTTP/1.1\r\nhost: a\r\n\r\n")?;
        let process = read_answer(&mut stream)?.process().context("no process")?;
        write!(stream, "GET /slow?ms=1500 HTTP/1.1\r\nhost: a\r\n\r\n")?;
        Ok(Self { stream, process })
    }

    /// Whose it was, and whether it was answered.
    fn end(mut self) -> (u32, bool) {
        let answer = read_answer(&mut self.stream);
        (
            self.process,
            answer.is_ok_and(|answer| answer.status == 200),
        )
    }
}

/// The time until a process that was not there before serves.
fn wait_for_another(service: &Service, known: &[u32]) -> Result<Duration> {
    let serves = || {
        ask(service.address, "GET", "/pid")
            .ok()
            .and_then(|answer| answer.process())
            .is_some_and(|process| !known.contains(&process))
    };
    eventually(Duration::from_secs(10), serves).context("no new worker serves")
}

/// Without load and without another worker that would answer instead.
fn replacement(suite: &Suite, finding: &mut Finding) -> Result<()> {
    let service = suite.service("2-only").set("flyer_workers", 1).run()?;
    let mut times = Vec::new();
    for _ in 0..ATTEMPTS {
        let workers = service.workers();
        ensure!(workers.len() == 1, "{} workers", workers.len());
        let killed = Instant::now();
        send(workers[0], Signal::SIGKILL)?;
        // Waits in the backlog of the supervisor's socket until the new worker takes it.
        let mut answer = ask(service.address, "GET", "/pid");
        while answer
            .as_ref()
            .is_ok_and(|answer| answer.process() == Some(workers[0]))
            || answer.is_err()
        {
            ensure!(
                killed.elapsed() < Duration::from_secs(10),
                "no new worker serves"
            );
            answer = ask(service.address, "GET", "/pid");
        }
        times.push(killed.elapsed());
        if killed.elapsed() < BOUND && times.len() >= 2 {
            break;
        }
        // A worker that dies young would be started with a delay.
        thread::sleep(Duration::from_secs(2));
    }
    let best = times.iter().min().copied().unwrap_or_default();
    finding.expect(best < BOUND, || format!("the replacement took {best:.0?}"));
    let times: Vec<_> = times.iter().map(|time| format!("{time:.0?}")).collect();
    finding.figure(format!(
        "the only worker replaced after {}",
        times.join(", ")
    ));
    Ok(())
}
