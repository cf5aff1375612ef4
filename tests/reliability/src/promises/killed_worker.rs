//! Promise 2: a worker that is killed takes only its own requests with it, and is replaced at once.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::Signal;

use crate::load::{self, Load, Pace, Plan};
use crate::promise::{Finding, Suite};
use crate::service::{Service, ask, ended_well, ending, eventually, send};

/// How soon the replacement accepts.
const BOUND: Duration = Duration::from_millis(250);
/// How often that is tried: the machine is used by others too.
const ATTEMPTS: usize = 3;

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
    let victim = *service.workers().first().context("no workers")?;
    let open = load.open();
    let killed = Instant::now();
    send(victim, Signal::SIGKILL)?;
    let replaced = wait_for_another(&service, &[victim])?;
    thread::sleep(Duration::from_secs(2));
    let report = load.stop()?;
    let losses = report.ledger.losses();
    let foreign = losses
        .iter()
        .filter(|loss| loss.process.is_some_and(|process| process != victim));
    let foreign = foreign.count();
    finding.expect(foreign == 0, || {
        format!("{foreign} requests of other workers failed")
    });
    // Sent later than the kernel needs to end a process, they were not in flight.
    let late = losses
        .iter()
        .filter(|loss| loss.sent > killed + Duration::from_millis(20))
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
        "{} of {} failed at {:.0}/s, {open} open in both, all of the killed one; the other served, a new one after {replaced:.0?}; {log}",
        losses.len(),
        report.ledger.issued(),
        maximum / 2.0,
    ));
    Ok(())
}

/// The time until a process that was not there before serves.
fn wait_for_another(service: &Service, known: &[u32]) -> Result<Duration> {
    let known: Vec<u32> = known.iter().copied().chain(service.workers()).collect();
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
