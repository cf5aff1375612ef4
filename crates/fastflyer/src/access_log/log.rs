//! [`AccessLog`]: where the lines go, and which requests get one.

use crate::{
    app::Core,
    context::PeerInfo,
    memory,
    service::{self, Asked},
};
use bytes::Bytes;
use fastkit::{
    access_log::{Constant, Direction, Limits, Record, write_line},
    context::RequestId,
    logger::{Sink, json_report},
    settings::Settings,
};
use http::{HeaderMap, StatusCode};
use std::{path::Path, sync::Arc};

/// Where and what is logged of requests.
#[derive(Debug)]
pub(crate) struct AccessLog {
    sink: Sink,
    excluded: Vec<String>,
    limits: Limits,
    constant_headers: Constant,
}

/// The answer as the log sees it.
pub(crate) struct Answer<'a> {
    pub(crate) status: StatusCode,
    pub(crate) headers: &'a HeaderMap,
    /// What was seen of the body; `None` of a stream that was not looked into.
    pub(crate) body: Option<&'a [u8]>,
    /// Whether `body` is only its beginning.
    pub(crate) truncated: bool,
}

impl AccessLog {
    /// The log that the settings ask for, if they do. `constant_headers` are what the server puts on
    /// every answer. `console` is the sink of standard output that
    /// the logger has already: two could cut each other's lines in two.
    ///
    /// # Errors
    ///
    /// The file that cannot be opened, and why.
    pub(crate) fn new(
        settings: &Settings,
        constant_headers: &HeaderMap,
        console: Option<&Sink>,
    ) -> Result<Option<Self>, String> {
        if !settings.access_log {
            return Ok(None);
        }
        let sink = open(settings, console)?;
        Ok(Some(Self {
            sink,
            excluded: settings.access_log_exclude_uris.clone(),
            limits: limits(settings),
            constant_headers: Constant::new(constant_headers),
        }))
    }

    /// Where the lines go.
    pub(crate) fn sink(&self) -> &Sink {
        &self.sink
    }

    /// Whether a request of this path is logged.
    pub(crate) fn wants(&self, path: &str) -> bool {
        !self
            .excluded
            .iter()
            .any(|prefix| path.starts_with(prefix.as_str()))
    }

    pub(crate) fn write(
        &self,
        core: &Core,
        asked: &Asked<'_>,
        answer: &Answer<'_>,
        latency: u64,
        peer: &Arc<PeerInfo>,
        request_id: RequestId,
    ) {
        let ip = service::client_ip(core, peer, asked.headers);
        let forwarded = if ip == peer.ip {
            None
        } else {
            ip.map(|ip| ip.to_string())
        };
        let record = Record {
            direction: Direction::In {
                client_ip: forwarded.as_deref().unwrap_or(&peer.text),
                scheme: service::scheme(core, peer, asked.headers),
                memory_kib: memory::kilobytes(),
            },
            method: asked.method.as_str(),
            uri: asked.uri,
            request_headers: asked.headers,
            request_body: asked.body.map(Bytes::as_ref),
            status: answer.status.as_u16(),
            response_headers: answer.headers,
            constant_headers: Some(&self.constant_headers),
            response_body: answer.body,
            response_truncated: answer.truncated,
            request_truncated: false,
            latency_ms: latency,
            request_id: request_id.as_str(),
        };
        self.sink.line(|out| write_line(out, &record, &self.limits));
    }

    /// How many bytes of a streamed answer are worth keeping.
    pub(super) fn body_limit(&self) -> usize {
        self.limits.body
    }
}

/// Where lines go by the settings.
pub(super) fn open(settings: &Settings, console: Option<&Sink>) -> Result<Sink, String> {
    match &settings.access_logfile {
        None => match console {
            Some(console) => Ok(console.clone()),
            None => Sink::stdout().map_err(|error| format!("flyer_access_logfile: -: {error}")),
        },
        // A file of JSON lines tells of lost ones by such a line too.
        Some(path) => Sink::builder()
            .rotation(settings.into())
            .report(json_report)
            .file(path)
            .map_err(|error| {
                format!(
                    "flyer_access_logfile: {}: {error}",
                    Path::new(path).display()
                )
            }),
    }
}

pub(super) fn limits(settings: &Settings) -> Limits {
    Limits {
        body: settings.max_body_log_length,
        params: settings.max_params_log_length,
        headers: settings.max_headers_log_length,
    }
}
