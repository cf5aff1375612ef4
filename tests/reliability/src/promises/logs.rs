//! Promise 10: a log that cannot be written costs no request, and what is lost is counted.

use std::fs;
use std::io::BufReader;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::Signal;

use crate::load::{Comparison, Load, Pace, Plan, Report, Way};
use crate::promise::{Finding, Suite};
use crate::service::{Service, Start, ended_well, ending};

/// More bytes of lines than wait in memory (8 MiB).
const LINE: u64 = 4 * 1024;

/// A full disk, a pipe that nobody reads, and one whose reader has gone.
pub(crate) fn measure(suite: &Suite) -> Result<Finding> {
    let mut finding = Finding::default();
    full_disk(suite, &mut finding).context("full disk")?;
    stalled_pipe(suite, &mut finding).context("stalled pipe")?;
    closed_pipe(suite, &mut finding).context("closed pipe")?;
    Ok(finding)
}

/// Requests whose lines are long.
fn load(suite: &Suite, service: &Service) -> Result<Report> {
    let mut plan = Plan::mixed(service.address, &suite.run(), Pace::Fixed(5_000.0)).of(6_000);
    plan.ways = vec![(Way::KeepAlive, 16)];
    plan.post_every = 1;
    let report = Load::start(plan).join()?;
    let lines = 6_000 * LINE;
    ensure!(
        lines > 8 * 1024 * 1024,
        "fewer lines than wait in memory prove nothing"
    );
    Ok(report)
}

fn start<'a>(suite: &'a Suite, name: &str) -> Start<'a> {
    suite
        .service(name)
        .alone()
        .set("flyer_max_body_log_length", LINE)
}

fn no_failures(name: &str, report: &Report, finding: &mut Finding) {
    finding.expect(report.ledger.failed() == 0, || {
        format!("{name}: requests failed: {}", report.failures())
    });
}

/// Every answered request is in the log, or among those that the log says it lost.
fn all_counted(name: &str, log: &Comparison, finding: &mut Finding) {
    finding.expect(log.dropped > 0, || {
        format!("{name}: no lost line is reported")
    });
    finding.expect(log.unlogged == log.dropped && log.twice == 0, || {
        format!(
            "{name}: {} lines missing, {} reported; {log}",
            log.unlogged, log.dropped
        )
    });
}

/// A file system of 1 MiB that is given room again at the end; without the right to mount one,
/// `/dev/full`, where nothing can be counted.
fn full_disk(suite: &Suite, finding: &mut Finding) -> Result<()> {
    let folder = suite.folder.join("10-disk");
    fs::create_dir_all(&folder)?;
    let Some(_disk) = Disk::mount(&folder)? else {
        let service = start(suite, "10-full")
            .set("flyer_access_logfile", "/dev/full")
            .run()?;
        let report = load(suite, &service)?;
        no_failures("full disk", &report, finding);
        finding
            .skipped
            .push("the count of lost lines on a full disk needs root to mount one".into());
        return Ok(());
    };
    let log = folder.join("access.log");
    let mut service = start(suite, "10-full")
        .set("flyer_access_logfile", log.display())
        .run()?;
    let report = load(suite, &service)?;
    no_failures("full disk", &report, finding);
    let size = fs::metadata(&log)?.len();
    finding.expect(size <= 1024 * 1024, || {
        format!("the disk was not full: {size} bytes")
    });
    // More room: the service notices by itself and writes what it kept, then what it lost.
    Disk::resize(&folder, "64m")?;
    service.signal(Signal::SIGTERM)?;
    let status = service.wait(Duration::from_secs(10))?;
    finding.expect(ended_well(status), || {
        format!("full disk: ended with {}", ending(status))
    });
    let compared = report.ledger.compare(&log)?;
    all_counted("full disk", &compared, finding);
    finding.expect(compared.broken == 0, || {
        format!("full disk: {log}", log = compared)
    });
    finding.figure(format!(
        "full disk: {} of {} failed, {} lines lost, {} reported",
        report.ledger.failed(),
        report.ledger.issued(),
        compared.unlogged,
        compared.dropped
    ));
    Ok(())
}

/// Nobody reads standard output until all is answered.
fn stalled_pipe(suite: &Suite, finding: &mut Finding) -> Result<()> {
    let mut start = start(suite, "10-stalled").set("flyer_access_logfile", "-");
    start.settings.push(("flyer_log_format", "json".to_owned()));
    start.piped = true;
    let mut service = start.run()?;
    let report = load(suite, &service)?;
    no_failures("stalled pipe", &report, finding);
    let output = service.output.take().context("no pipe")?;
    let ledger = &report.ledger;
    let compared = thread::scope(|scope| -> Result<Comparison> {
        let reader = scope.spawn(move || ledger.compare_lines(BufReader::new(output)));
        // What waits is written once somebody reads; the end of the service ends the pipe.
        thread::sleep(Duration::from_secs(1));
        service.signal(Signal::SIGTERM)?;
        let status = service.wait(Duration::from_secs(10))?;
        finding.expect(ended_well(status), || {
            format!("stalled pipe: ended with {}", ending(status))
        });
        reader
            .join()
            .map_err(|_| anyhow::anyhow!("the reader panicked"))?
    })?;
    all_counted("stalled pipe", &compared, finding);
    finding.figure(format!(
        "stalled pipe: {} of {} failed, {} lines lost, {} reported",
        ledger.failed(),
        ledger.issued(),
        compared.unlogged,
        compared.dropped
    ));
    // The end must not wait for a reader either.
    let mut start = self::start(suite, "10-stalled-stop").set("flyer_access_logfile", "-");
    start.piped = true;
    let mut service = start.run()?;
    let report = load(suite, &service)?;
    no_failures("stalled pipe", &report, finding);
    let began = Instant::now();
    service.signal(Signal::SIGTERM)?;
    let status = service.wait(Duration::from_secs(10))?;
    let took = began.elapsed();
    finding.expect(ended_well(status) && took < Duration::from_secs(5), || {
        format!(
            "stalled pipe: a stop took {took:.1?} and ended with {}",
            ending(status)
        )
    });
    Ok(())
}

/// The reader of standard output has gone.
fn closed_pipe(suite: &Suite, finding: &mut Finding) -> Result<()> {
    let mut start = start(suite, "10-closed").set("flyer_access_logfile", "-");
    start.piped = true;
    let mut service = start.run()?;
    drop(service.output.take());
    let report = load(suite, &service)?;
    no_failures("closed pipe", &report, finding);
    service.signal(Signal::SIGTERM)?;
    let status = service.wait(Duration::from_secs(10))?;
    finding.expect(ended_well(status), || {
        format!("closed pipe: ended with {}", ending(status))
    });
    finding.figure(format!(
        "closed pipe: {} of {} failed",
        report.ledger.failed(),
        report.ledger.issued()
    ));
    Ok(())
}

/// A file system in memory, gone when dropped.
struct Disk<'a>(&'a Path);

impl<'a> Disk<'a> {
    /// `None` when that is not allowed here.
    fn mount(folder: &'a Path) -> Result<Option<Self>> {
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(folder)
            .output()
            .context("mount")?
            .status;
        Ok(status.success().then_some(Self(folder)))
    }

    fn resize(folder: &Path, size: &str) -> Result<()> {
        let status = Command::new("mount")
            .args(["-o", &format!("remount,size={size}")])
            .arg(folder)
            .status()
            .context("mount")?;
        ensure!(status.success(), "the disk cannot be made larger");
        Ok(())
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        // Lazily: a service that still runs has a file open there.
        _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}
