//! Promise 1: rolling restarts, an upgrade of the program, more and fewer workers, and workers that
//! have served their number, all under load, fail no request.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sys::signal::Signal;

use crate::load::{self, Load, Millis, Pace, Plan};
use crate::promise::{Finding, Suite};
use crate::service::{Service, ended_well, ending, eventually};

/// The part of the highest rate that is sent.
const PART: f64 = 0.7;
/// How long clients may keep idle connections, in seconds; a replaced worker drains a second longer.
const KEEP_ALIVE: u64 = 2;
/// How long a change of workers may take.
const PATIENCE: Duration = Duration::from_secs(25);
const WORKERS: usize = 2;

/// A change that is made under load.
#[derive(Debug, Clone, Copy)]
enum Change {
    /// HUP: all workers anew.
    Restart,
    /// USR2: another file in the place of the program.
    Upgrade,
    /// TTIN, then TTOU.
    MoreAndLess,
}

/// The changes, then a service whose workers are replaced by themselves.
pub(crate) fn measure(suite: &Suite) -> Result<Finding> {
    let mut finding = Finding::default();
    let maximum = changes(suite, &mut finding).context("restarts")?;
    max_requests(suite, maximum, &mut finding).context("max_requests")?;
    Ok(finding)
}

fn changes(suite: &Suite, finding: &mut Finding) -> Result<f64> {
    use Change::{MoreAndLess, Restart, Upgrade};
    // A copy, so that the upgrade has a file to replace.
    let program = suite.folder.join("1-program");
    fs::copy(&suite.program, &program).context("copying the program")?;
    let mut start = suite.service("1-restarts");
    start.program = &program;
    let mut service = start
        .set("flyer_workers", WORKERS)
        .set("flyer_keepalive", KEEP_ALIVE)
        .set("flyer_log_rotate", "never")
        .run()?;
    let address = service.address;
    let maximum = load::maximum(address, &suite.run(), Duration::from_secs(suite.pick(1, 3)))?;
    let load = Load::start(Plan::mixed(
        address,
        &suite.run(),
        Pace::Fixed(maximum * PART),
    ));
    let steps: &[Change] = suite.pick(
        &[Restart, MoreAndLess, Upgrade],
        &[Restart, Upgrade, MoreAndLess, Restart, Upgrade, Restart],
    );
    std::thread::sleep(Duration::from_millis(500));
    for change in steps {
        make(*change, &service, &program).with_context(|| format!("{change:?}"))?;
    }
    load.wait_for(suite.requests);
    let report = load.stop()?;
    service.signal(Signal::SIGTERM)?;
    let status = service.wait(PATIENCE)?;
    finding.expect(ended_well(status), || {
        format!("ended with {}", ending(status))
    });
    let log = report.ledger.compare(&service.access_log())?;
    finding.expect(report.ledger.failed() == 0, || report.failures());
    finding.expect(log.is_exact(), || log.to_string());
    let restarts = steps
        .iter()
        .filter(|change| !matches!(change, MoreAndLess))
        .count();
    finding.figure(format!(
        "{} of {} failed at {:.0}/s (maximum {maximum:.0}/s), {restarts} restarts, {} processes, p99 {}, longest {}, {log}",
        report.ledger.failed(),
        report.ledger.issued(),
        maximum * PART,
        report.processes.len(),
        Millis(report.latency.p99()),
        Millis(report.latency.longest()),
    ));
    Ok(maximum)
}

/// Makes a change and waits until it is complete: what was to go has gone.
fn make(change: Change, service: &Service, program: &Path) -> Result<()> {
    let before = service.workers();
    let all_new = || {
        let now = service.workers();
        now.len() == WORKERS && now.iter().all(|worker| !before.contains(worker))
    };
    match change {
        Change::Restart => {
            service.signal(Signal::SIGHUP)?;
            ensure!(
                eventually(PATIENCE, all_new).is_some(),
                "after {PATIENCE:?}: {}",
                service.printed()
            );
        }
        Change::Upgrade => {
            let new = program.with_extension("new");
            fs::copy(program, &new)?;
            fs::rename(&new, program)?;
            service.signal(Signal::SIGUSR2)?;
            ensure!(
                eventually(PATIENCE, all_new).is_some(),
                "after {PATIENCE:?}: {}",
                service.printed()
            );
            let wanted = fs::metadata(program)?.ino();
            for process in service.workers().into_iter().chain([service.process]) {
                let running = fs::metadata(format!("/proc/{process}/exe"))?.ino();
                ensure!(running == wanted, "process {process} runs the old program");
            }
        }
        Change::MoreAndLess => {
            for (signal, wanted) in [(Signal::SIGTTIN, WORKERS + 1), (Signal::SIGTTOU, WORKERS)] {
                service.signal(signal)?;
                let holds = || service.workers().len() == wanted;
                ensure!(
                    eventually(PATIENCE, holds).is_some(),
                    "{signal}: {}",
                    service.printed()
                );
            }
        }
    }
    Ok(())
}

fn max_requests(suite: &Suite, maximum: f64, finding: &mut Finding) -> Result<()> {
    let requests = suite.requests / suite.pick(6, 4);
    let most = requests / suite.pick(5, 8);
    let mut service = suite
        .service("1-max-requests")
        .set("flyer_workers", WORKERS)
        .set("flyer_keepalive", KEEP_ALIVE)
        .set("flyer_log_rotate", "never")
        .set("flyer_enable_max_requests", 1)
        .set("flyer_max_requests", most)
        .set("flyer_max_requests_jitter", most / 4)
        .run()?;
    // One worker drains at a time: no faster than that, or a drain takes longer than the next number.
    let drain = Duration::from_secs(KEEP_ALIVE + 2).as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let rate = (maximum * PART).min(most as f64 * 2.0 / drain);
    let plan = Plan::mixed(service.address, &suite.run(), Pace::Fixed(rate)).of(requests);
    let report = Load::start(plan).join()?;
    service.signal(Signal::SIGTERM)?;
    let status = service.wait(PATIENCE)?;
    finding.expect(ended_well(status), || {
        format!("max_requests: ended with {}", ending(status))
    });
    let log = report.ledger.compare(&service.access_log())?;
    let replaced = report.processes.len().saturating_sub(WORKERS);
    finding.expect(report.ledger.failed() == 0, || {
        format!("max_requests: {}", report.failures())
    });
    finding.expect(log.is_exact(), || format!("max_requests: {log}"));
    finding.expect(replaced >= 3, || {
        format!("max_requests: only {replaced} workers were replaced")
    });
    finding.figure(format!(
        "max_requests: {} of {} failed at {rate:.0}/s, {replaced} workers replaced, p99 {}",
        report.ledger.failed(),
        report.ledger.issued(),
        Millis(report.latency.p99()),
    ));
    Ok(())
}
