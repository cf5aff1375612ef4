//! Promise 5: ten thousand clients that say nothing, drip, or do not read, harm nobody else.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::attack::{Attack, Kind, Toll};
use crate::load::{Load, Millis, Pace, Plan, Report};
use crate::proc;
use crate::promise::{Finding, Suite};
use crate::service::{Service, eventually};

/// Requests a second of those who are to be served meanwhile.
const RATE: f64 = 500.0;
/// The most that their 99th percentile may be.
const BOUND: Duration = Duration::from_millis(50);
/// The most memory, in bytes, that an attacker may cost.
const MEMORY: u64 = 20 * 1024;
/// After what time each kind must be gone, without the second that is granted: what
/// `docs/defaults.md` says, with a head limit of 5 s so that the measurement is shorter.
const LIMITS: [(Kind, Duration); 4] = [
    (Kind::Silent, Duration::from_secs(5)),
    (Kind::Head, Duration::from_secs(HEAD)),
    (Kind::Body, Duration::from_secs(5)),
    (Kind::Read, Duration::from_secs(30)),
];
const HEAD: u64 = 5;
/// What a quiet time is taken to be at least: below, the turns of the client's own loop count.
const NOISE: Duration = Duration::from_millis(5);
/// How often the latency is measured until it is as promised: others use the machine too.
const ATTEMPTS: usize = 3;

/// With room for all of them, then with the default number of connections.
pub(crate) fn measure(suite: &Suite) -> Result<Finding> {
    let mut finding = Finding::default();
    roomy(suite, &mut finding).context("with room for all")?;
    crowded(suite, &mut finding).context("with the default of 1,000 connections")?;
    Ok(finding)
}

fn others(suite: &Suite, service: &Service, seconds: u64) -> Result<Report> {
    let load = Load::start(Plan::mixed(
        service.address,
        &suite.run(),
        Pace::Fixed(RATE),
    ));
    std::thread::sleep(Duration::from_secs(seconds));
    load.stop()
}

fn roomy(suite: &Suite, finding: &mut Finding) -> Result<()> {
    let attackers = suite.pick(2_000, 10_000);
    let seconds = suite.pick(3, 8);
    let mut service = suite
        .service("5-roomy")
        .alone()
        .set("flyer_worker_connections", 20_000)
        .set("flyer_header_timeout", HEAD)
        .run()?;
    let mut latencies = Vec::new();
    let attack = loop {
        let quiet = others(suite, &service, seconds)?.latency.p99();
        let before = proc::resident(service.process)?;
        let attack = Attack::start(service.address, &Kind::ALL, attackers);
        // Some are always between the end of one connection and the next.
        let all = || attack.held() >= attackers * 95 / 100;
        let all_held = eventually(Duration::from_secs(15), all).is_some();
        finding.expect(all_held, || {
            format!("only {} of {attackers} attackers got in", attack.held())
        });
        let report = others(suite, &service, seconds)?;
        finding.expect(report.ledger.failed() == 0, || {
            format!("others failed: {}", report.failures())
        });
        let grown = proc::resident(service.process)?.saturating_sub(before) * 1024;
        latencies.push((quiet, report.latency.p99(), grown / attackers as u64));
        if is_kept(&latencies) || latencies.len() == ATTEMPTS {
            break attack;
        }
        drop(attack);
        // Until the server has seen that they have gone.
        let gone = || proc::descriptors(service.process) < attackers / 10;
        eventually(Duration::from_secs(10), gone);
    };
    let shown: Vec<_> = latencies
        .iter()
        .map(|(quiet, latency, _)| format!("{} (quiet {})", Millis(*latency), Millis(*quiet)))
        .collect();
    finding.expect(is_kept(&latencies), || {
        format!("p99 of others: {}", shown.join(", "))
    });
    let each = latencies
        .iter()
        .map(|(_, _, each)| *each)
        .max()
        .unwrap_or_default();
    finding.expect(each <= MEMORY, || {
        format!("{each} bytes of memory for each")
    });
    attack.renew_no_more();
    // In the short form those who do not read are not waited for: they have 30 s.
    let patience = Duration::from_secs(suite.pick(HEAD + 2, 35));
    let least = if suite.short { attackers / 4 } else { 0 };
    eventually(patience, || attack.held() <= least);
    let toll = attack.stop()?;
    judge(suite, &toll, finding);
    finding.expect(service.is_running(), || {
        format!("the service died: {}", service.printed())
    });
    finding.figure(format!(
        "{attackers} attackers: p99 of others {}, {each} bytes each, {}",
        shown.join(", "),
        lives(&toll),
    ));
    Ok(())
}

/// Whether the last attempt is as promised. Where the machine alone takes most of the bound, only what the
/// attack adds can be told.
fn is_kept(latencies: &[(Duration, Duration, u64)]) -> bool {
    latencies.last().is_some_and(|(quiet, latency, _)| {
        *latency <= (*quiet).max(NOISE) * 2 && (*latency <= BOUND || *quiet > BOUND / 2)
    })
}

/// Each kind is gone by its limit and a second.
fn judge(suite: &Suite, toll: &Toll, finding: &mut Finding) {
    for (kind, limit) in LIMITS {
        let (index, longest) = (kind as usize, toll.longest[kind as usize]);
        let bound = limit + Duration::from_secs(1);
        finding.expect(longest <= bound, || {
            format!("{kind:?}: one lasted {longest:.1?}")
        });
        if kind == Kind::Read && suite.short {
            continue;
        }
        finding.expect(toll.ended[index] > 0 && toll.left[index] == 0, || {
            format!(
                "{kind:?}: {} ended, {} left",
                toll.ended[index], toll.left[index]
            )
        });
    }
}

fn lives(toll: &Toll) -> String {
    let lives = Kind::ALL.map(|kind| match toll.longest[kind as usize] {
        Duration::ZERO => format!("{kind:?} not awaited"),
        longest => format!("{kind:?} {longest:.1?}"),
    });
    format!("lived at most: {}", lives.join(", "))
}

/// More attackers than connections, of one kind at a time and all together: nearly all others get in.
/// A place is free after half a second of slowness, so a rush fills the backlog for some seconds.
fn crowded(suite: &Suite, finding: &mut Finding) -> Result<()> {
    let attackers = suite.pick(1_500, 10_000);
    let mixes: [&[Kind]; 5] = [
        &[Kind::Silent],
        &[Kind::Head],
        &[Kind::Body],
        &[Kind::Read],
        &Kind::ALL,
    ];
    let mut figures = Vec::new();
    for kinds in mixes {
        if suite.short && kinds.len() == 1 {
            continue;
        }
        let name = if kinds.len() == 1 {
            format!("{:?}", kinds[0])
        } else {
            "all".to_owned()
        };
        let service = suite.service(&format!("5-crowded-{name}")).alone().run()?;
        let attack = Attack::start(service.address, kinds, attackers);
        eventually(Duration::from_secs(3), || attack.held() >= 1_000);
        let began = Instant::now();
        let report = others(suite, &service, suite.pick(2, 4))?;
        let took = began.elapsed();
        let failed = report.ledger.failed();
        finding.expect(failed * 20 <= report.ledger.issued(), || {
            format!(
                "crowded by {name}: {failed} of {} failed: {}",
                report.ledger.issued(),
                report.failures()
            )
        });
        figures.push(format!(
            "{name} {failed} failed, p99 {} in {took:.0?}",
            Millis(report.latency.p99())
        ));
        drop(attack);
    }
    finding.figure(format!(
        "{attackers} on 1,000 connections: {}",
        figures.join(", ")
    ));
    Ok(())
}
