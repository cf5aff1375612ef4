//! The measurements, a file for each promise.

mod blocked_loop;
mod bodies;
mod descriptors;
mod floods;
mod killed_worker;
mod logs;
mod malformed;
mod orphans;
mod restarts;
mod single_job;
mod slow_clients;
mod stop;

use anyhow::Result;

use crate::promise::{Finding, Promise, Suite};

/// All that are measured here, in their order.
pub(crate) const ALL: &[Promise] = &[
    promise(1, "rolling restarts", restarts::measure),
    promise(2, "killed worker", killed_worker::measure),
    promise(3, "blocked loop", blocked_loop::measure),
    promise(4, "graceful stop", stop::measure),
    promise(5, "slow clients", slow_clients::measure),
    promise(6, "malformed requests", malformed::measure),
    promise(7, "HTTP/2 floods", floods::measure),
    promise(8, "huge bodies", bodies::measure),
    promise(9, "no descriptors", descriptors::measure),
    promise(10, "log not writable", logs::measure),
    promise(13, "single jobs", single_job::measure),
    promise(16, "no orphans", orphans::measure),
];

const fn promise(
    number: u32,
    name: &'static str,
    measure: fn(&Suite) -> Result<Finding>,
) -> Promise {
    Promise {
        number,
        name,
        measure,
    }
}
