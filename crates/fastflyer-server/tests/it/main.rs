//! The server over real sockets: 127.0.0.1, port 0, short timeouts, both fronts.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]
#![expect(clippy::print_stdout, reason = "the figures that a test has measured")]

mod abandoned;
mod differential;
mod framing;
mod http2;
mod loops;
mod requests;
mod responses;
mod starting;
mod stopping;
mod supervisor;
mod support;
mod timeouts;
mod tls;
mod upgrades;
