//! The command line as its users meet it: the real binary, real folders, real sockets on free ports.

#![expect(
    clippy::unwrap_used,
    reason = "tests end where something is not as expected"
)]

mod create;
mod ctl;
mod defects;
mod project;
mod show;
mod support;
mod truth;
mod usage;
