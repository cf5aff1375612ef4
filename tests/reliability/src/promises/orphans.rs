//! Promise 16: when the supervisor is killed nothing of the service is left; as the first process of a
//! container it reaps the children of others, whatever their exit codes.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::signal::Signal;

use crate::load::{Load, Pace, Plan};
use crate::proc;
use crate::promise::{Finding, Suite};
use crate::service::{ask, ended_well, ending, eventually, send};

/// After what time nothing may be left.
const BOUND: Duration = Duration::from_secs(2);
/// Children of children that are left behind.
const STRANGERS: u32 = 20;
/// How long each of them lives, in milliseconds.
const LIFE: u32 = 2_000;

/// Kills a supervisor under load, then runs one as process 1.
pub(crate) fn measure(suite: &Suite) -> Result<Finding> {
    let mut finding = Finding::default();
    killed(suite, &mut finding).context("supervisor killed")?;
    first_process(suite, &mut finding).context("process 1")?;
    Ok(finding)
}

fn killed(suite: &Suite, finding: &mut Finding) -> Result<()> {
    let service = suite.service("16-killed").set("flyer_workers", 2).run()?;
    let load = Load::start(Plan::mixed(
        service.address,
        &suite.run(),
        Pace::Fixed(1_000.0),
    ));
    thread::sleep(Duration::from_millis(500));
    let mut family = proc::family(service.process);
    family.retain(|process| *process != service.process);
    finding.expect(family.len() == 2, || format!("{} workers", family.len()));
    // One of them is blocked: it has to end all the same.
    thread::scope(|scope| {
        scope.spawn(|| drop(ask(service.address, "GET", "/block?ms=8000")));
        thread::sleep(Duration::from_millis(100));
        let killed = Instant::now();
        let sent = send(service.process, Signal::SIGKILL);
        let none_left = || family.iter().all(|process| !proc::is_alive(*process));
        let gone = eventually(Duration::from_secs(8), none_left).map(|_| killed.elapsed());
        // The short form runs beside other work.
        let bound = BOUND + Duration::from_secs(suite.pick(1, 0));
        finding.expect(gone.is_some_and(|after| after <= bound), || match gone {
            Some(after) => format!("workers were left for {after:.1?}"),
            None => format!("workers are left: {family:?}"),
        });
        finding.figure(format!(
            "killed supervisor: {} workers, one of them blocked, gone after {:.1?}",
            family.len(),
            gone.unwrap_or_default()
        ));
        sent
    })?;
    // Requests fail from here on, which is not what this is about.
    drop(load.stop()?);
    Ok(())
}

fn first_process(suite: &Suite, finding: &mut Finding) -> Result<()> {
    let options = ["--pid", "--fork", "--kill-child", "--mount-proc"];
    let may = Command::new("unshare").args(options).arg("true").output();
    if !may.is_ok_and(|output| output.status.success()) {
        finding
            .skipped
            .push("running as process 1 needs the right to make a PID namespace".into());
        return Ok(());
    }
    let mut start = suite.service("16-first").set("flyer_workers", 2);
    start.through = std::iter::once("unshare")
        .chain(options)
        .map(str::to_owned)
        .collect();
    let mut service = start.run()?;
    let supervisor = *proc::children(service.process)
        .first()
        .context("no supervisor")?;
    let workers = proc::children(supervisor);
    let ids = std::fs::read_to_string(format!("/proc/{supervisor}/status")).unwrap_or_default();
    let is_first = ids
        .lines()
        .any(|line| line.starts_with("NSpid:") && line.ends_with("\t1"));
    finding.expect(is_first, || "the supervisor is not process 1".to_owned());
    for _ in 0..2 {
        let target = format!("/stray?ms={LIFE}&count={}", STRANGERS / 2);
        let answer = ask(service.address, "POST", &target)?;
        finding.expect(answer.status == 200, || {
            format!("/stray answered {}", answer.status)
        });
    }
    let strangers = || {
        proc::children(supervisor)
            .len()
            .saturating_sub(workers.len())
    };
    let came = eventually(Duration::from_secs(10), || {
        strangers() >= STRANGERS as usize
    })
    .is_some();
    finding.expect(came, || {
        format!("only {} strangers came to process 1", strangers())
    });
    let reaped = eventually(Duration::from_secs(10), || strangers() == 0).is_some();
    let zombies = proc::children(supervisor);
    let zombies = zombies
        .iter()
        .filter(|process| proc::state(**process) == Some('Z'))
        .count();
    finding.expect(reaped && zombies == 0, || {
        format!("{zombies} zombies, {} strangers", strangers())
    });
    finding.expect(proc::children(supervisor) == workers, || {
        "a stranger's exit code changed the workers".to_owned()
    });
    // unshare does not pass signals on; who stops a container talks to process 1.
    send(supervisor, Signal::SIGTERM)?;
    let status = service.wait(Duration::from_secs(10))?;
    finding.expect(ended_well(status), || {
        format!("process 1 ended with {}", ending(status))
    });
    finding.figure(format!(
        "as process 1: {STRANGERS} strangers reaped, {zombies} zombies, stopped with {}",
        ending(status)
    ));
    Ok(())
}
