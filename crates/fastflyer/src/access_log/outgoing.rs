//! The lines of the HTTP client's calls: they go where the lines of requests go.

use super::log::{limits, open};
use fastkit::{
    client::{LineLog, install_log},
    logger::Sink,
    settings::Settings,
};
use std::sync::Arc;

/// Lets the HTTP clients of this process write to the access log, whose sink is `requests` where it is on, unless
/// `flyer_request_log` is 0. The sink that they write to.
///
/// # Errors
///
/// The file that cannot be opened, and why.
pub(crate) fn install(
    settings: &Settings,
    requests: Option<&Sink>,
    console: Option<&Sink>,
) -> Result<Option<Sink>, String> {
    if !settings.request_log {
        install_log(None);
        return Ok(None);
    }
    let sink = match requests {
        Some(sink) => sink.clone(),
        None => open(settings, console)?,
    };
    let log = LineLog::new(sink.clone(), limits(settings));
    install_log(Some(Arc::new(log)));
    Ok(Some(sink))
}
