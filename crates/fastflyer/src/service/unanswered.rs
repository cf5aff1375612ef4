//! [`Exchange`] and [`Kept`]: what the access log has to know of a request, however that ends.

use super::Asked;
use crate::{
    app::Core,
    context::{Context, PeerInfo},
};
use bytes::Bytes;
use fastkit::context::RequestId;
use http::{HeaderMap, Method, Uri};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

/// A request on its way to its answer. Dropped before that, since the client has left or the service
/// could not wait any longer, it leaves a line in the access log all the same.
pub(super) struct Exchange {
    pub(super) cx: Context,
    pub(super) started: Instant,
    pub(super) answered: bool,
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let cx = &self.cx;
        if self.answered || !cx.core.wants_log(cx.parts.uri.path()) {
            return;
        }
        let asked = Asked {
            method: &cx.parts.method,
            uri: &cx.parts.uri,
            headers: &cx.parts.headers,
            body: cx.seen_body.as_ref(),
        };
        cx.core
            .log_unanswered(&asked, self.started, &cx.peer, cx.request_id);
    }
}

/// The same of a request that axum's router has.
pub(super) struct Kept {
    pub(super) core: Arc<Core>,
    pub(super) peer: Arc<PeerInfo>,
    pub(super) request_id: RequestId,
    pub(super) started: Instant,
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) seen_body: Arc<Mutex<Option<Bytes>>>,
    pub(super) answered: bool,
}

impl Kept {
    pub(super) fn with<T>(&self, log: impl FnOnce(&Asked<'_>) -> T) -> T {
        let body = self
            .seen_body
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let body = body.clone();
        log(&Asked {
            method: &self.method,
            uri: &self.uri,
            headers: &self.headers,
            body: body.as_ref(),
        })
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if !self.answered {
            self.with(|asked| {
                self.core
                    .log_unanswered(asked, self.started, &self.peer, self.request_id);
            });
        }
    }
}
