//! [`Core`]: everything that the event loops share, made once at start and never changed.

use crate::{
    Body, Envelope, Response,
    access_log::{self, AccessLog},
    auth::Credentials,
    codes::Catalogue,
    context::PeerInfo,
    extract::{Explainers, StateMap},
    jobs::Runner,
    pool::Pool,
    routing::{Mounted, RouteTable},
    service::Asked,
};
use fastkit::{context::RequestId, settings::Settings};
use http::{HeaderMap, StatusCode};
use std::{
    net::IpAddr,
    sync::{Arc, OnceLock, atomic::AtomicBool},
    time::{Instant, SystemTime},
};

/// The assembled application.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) settings: Settings,
    pub(crate) envelope: Envelope,
    pub(crate) states: Arc<StateMap>,
    pub(crate) pool: Pool,
    pub(crate) jobs: Runner,
    pub(crate) table: RouteTable,
    /// Operations with foreign extractors or layers, and the axum routers of the project.
    pub(crate) axum: Option<axum::Router>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) access_log: Option<AccessLog>,
    pub(crate) explainers: Explainers,
    /// What every answer carries: the server puts it there.
    pub(crate) constant_headers: HeaderMap,
    pub(crate) operations: Vec<Arc<Mounted>>,
    pub(crate) catalogue: Catalogue,
    pub(crate) document: serde_json::Value,
    /// The server that serves this, once it does; a test client serves without one.
    pub(crate) server: OnceLock<fastflyer_server::Handle>,
    pub(crate) part: Part,
}

/// The part that this process has in the service: that of a process alone, unless it is told
/// otherwise.
#[derive(Debug)]
pub(crate) struct Part {
    /// It runs the hooks that run once per service at the start.
    pub(crate) starts: AtomicBool,
    /// It runs those that run once at the stop.
    pub(crate) stops: AtomicBool,
    /// The process of its supervisor, if it has one.
    pub(crate) supervisor: OnceLock<u32>,
    /// When it began.
    pub(crate) since: SystemTime,
}

impl Default for Part {
    fn default() -> Self {
        Self {
            starts: AtomicBool::new(true),
            stops: AtomicBool::new(true),
            supervisor: OnceLock::new(),
            since: SystemTime::now(),
        }
    }
}

impl Core {
    /// Whether `X-Forwarded-For` of this peer is believed.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.settings
            .trusted_proxies
            .iter()
            .any(|network| network.contains(address))
    }

    pub(crate) fn wants_log(&self, path: &str) -> bool {
        self.access_log.as_ref().is_some_and(|log| log.wants(path))
    }

    /// Logs a request that nobody waits for any more, with the status that nginx has for it: 499.
    pub(crate) fn log_unanswered(
        self: &Arc<Self>,
        asked: &Asked<'_>,
        started: Instant,
        peer: &Arc<PeerInfo>,
        request_id: RequestId,
    ) {
        let mut response = Response::default();
        if let Ok(status) = StatusCode::from_u16(499) {
            *response.status_mut() = status;
        }
        let latency = started.elapsed().as_millis() as u64;
        self.log_access(asked, response, latency, peer, request_id);
    }

    /// Logs a finished request: at once if the whole answer is at hand, else when it has been sent.
    pub(crate) fn log_access(
        self: &Arc<Self>,
        asked: &Asked<'_>,
        response: Response,
        latency: u64,
        peer: &Arc<PeerInfo>,
        request_id: RequestId,
    ) -> Response {
        let Some(log) = &self.access_log else {
            return response;
        };
        if let Some(bytes) = response.body().as_full() {
            let answer = access_log::Answer {
                status: response.status(),
                headers: response.headers(),
                body: Some(bytes),
                truncated: false,
            };
            log.write(self, asked, &answer, latency, peer, request_id);
            return response;
        }
        let line = access_log::Pending {
            core: self.clone(),
            method: asked.method.clone(),
            uri: asked.uri.clone(),
            request_headers: asked.headers.clone(),
            request_body: asked.body.cloned(),
            status: response.status(),
            headers: response.headers().clone(),
            latency,
            peer: peer.clone(),
            request_id,
        };
        response.map(|body| Body::new(access_log::Tee::new(line, body)))
    }
}
