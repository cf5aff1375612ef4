//! Promise 9: running out of descriptors is survived, without a busy loop, and over at once.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::proc;
use crate::promise::{Finding, Suite};
use crate::service::{ask, connect, eventually};

/// The descriptors that the service may have.
const DESCRIPTORS: usize = 64;
/// More connections than that; the rest waits in the backlog.
const CONNECTIONS: usize = 150;
/// The part of a core, in per cent, that the service may use meanwhile.
const MOST_BUSY: f64 = 20.0;

/// Takes all descriptors with silent connections, looks at the processor, and lets go.
pub(crate) fn measure(suite: &Suite) -> Result<Finding> {
    let mut finding = Finding::default();
    let mut start = suite
        .service("9-descriptors")
        .alone()
        .set("flyer_access_log", 0);
    start.through = ["sh", "-c", "ulimit -n 64 && exec \"$0\""]
        .map(str::to_owned)
        .to_vec();
    let mut service = start.run()?;
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS {
        held.push(connect(service.address)?);
    }
    let full = || proc::descriptors(service.process) >= DESCRIPTORS;
    let is_full = eventually(Duration::from_secs(3), full).is_some();
    finding.expect(is_full, || {
        let count = proc::descriptors(service.process);
        format!("only {count} of {DESCRIPTORS} descriptors are taken: nothing was measured")
    });
    let busy = proc::processor_use(service.process, Duration::from_secs(2))?;
    finding.expect(busy < MOST_BUSY, || {
        format!("{busy:.0} % of a core while full")
    });
    finding.expect(service.is_running(), || {
        format!("the service died: {}", service.printed())
    });
    drop(held);
    let released = Instant::now();
    let answer = ask(service.address, "GET", "/pid").context("after the release")?;
    let recovered = released.elapsed();
    finding.expect(answer.status == 200, || {
        format!("then answered {}", answer.status)
    });
    finding.expect(recovered < Duration::from_secs(1), || {
        format!("{recovered:.1?} until the next answer")
    });
    finding.figure(format!(
        "{CONNECTIONS} connections on {DESCRIPTORS} descriptors: {busy:.1} % of a core, answered {recovered:.0?} after release"
    ));
    Ok(finding)
}
