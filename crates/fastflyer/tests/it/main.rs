//! The framework from outside, in process.

#![expect(
    clippy::unwrap_used,
    unreachable_pub,
    unused_qualifications,
    reason = "helpers of tests may panic, apps are public modules, and full paths read as a project's"
)]

mod access_log;
mod apps;
mod arguments;
mod auth;
mod codes;
mod defects;
mod exceptions;
mod extractors;
mod flyer_format;
mod hygiene;
#[cfg(feature = "jobs")]
mod jobs;
mod language;
#[cfg(unix)]
mod last_lines;
mod layers;
mod limits;
mod openapi;
mod pages;
mod processes;
mod replies;
mod responses;
mod routing;
mod smoke;
mod sse;
mod start_errors;
mod support;
#[cfg(feature = "jobs")]
mod tasks;
#[cfg(feature = "cache")]
mod toolkit;
mod ui;
mod websocket;
