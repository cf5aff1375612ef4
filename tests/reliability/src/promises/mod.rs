//! The measurements, a file for each promise.

mod bodies;
mod descriptors;
mod logs;
mod malformed;
mod slow_clients;
mod stop;

use crate::promise::{Finding, Promise, Suite};

/// All that are measured here, in their order.
pub(crate) const ALL: &[Promise] = &[
    promise(4, "graceful stop", stop::measure),
    promise(5, "slow clients", slow_clients::measure),
    promise(6, "malformed requests", malformed::measure),
    promise(8, "huge bodies", bodies::measure),
    promise(9, "no descriptors", descriptors::measure),
    promise(10, "log not writable", logs::measure),
];

const fn promise(
    number: u32,
    name: &'static str,
    measure: fn(&Suite) -> anyhow::Result<Finding>,
) -> Promise {
    Promise {
        number,
        name,
        measure,
    }
}
