//! The lines of the HTTP client's calls: they go where the lines of requests go.

use super::log::{AccessLog, limits, open};
use fastkit::{
    client::{LineLog, install_log},
    logger::Sink,
    settings::Settings,
};
use std::sync::Arc;

/// Lets the HTTP clients of this process write to the access log, unless `flyer_request_log` is 0.
///
/// # Errors
///
/// The file that cannot be opened, and why.
pub(crate) fn install(
    settings: &Settings,
    access_log: Option<&AccessLog>,
    console: Option<&Sink>,
) -> Result<(), String> {
    if !settings.request_log {
        install_log(None);
        return Ok(());
    }
    let sink = match access_log {
        Some(log) => log.sink().clone(),
        None => open(settings, console)?,
    };
    install_log(Some(Arc::new(LineLog::new(sink, limits(settings)))));
    Ok(())
}
