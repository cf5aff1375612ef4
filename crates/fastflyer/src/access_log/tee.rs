//! [`Tee`]: a streamed answer whose beginning is kept for the access log.
//!
//! Frames pass through as they come. The line is written when the stream ends or is dropped.

use super::{AccessLog, Answer};
use crate::{Body, app::Core, context::PeerInfo, service::Asked};
use bytes::{Bytes, BytesMut};
use fastflyer_server::BoxError;
use fastkit::context::RequestId;
use http::{HeaderMap, Method, StatusCode, Uri};
use http_body::{Body as _, Frame, SizeHint};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

/// The line of a request whose answer is still being sent.
pub(crate) struct Pending {
    pub(crate) core: Arc<Core>,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) request_headers: HeaderMap,
    pub(crate) request_body: Option<Bytes>,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) latency: u64,
    pub(crate) peer: Arc<PeerInfo>,
    pub(crate) request_id: RequestId,
}

/// A body that is logged when it has been sent.
pub(crate) struct Tee {
    line: Pending,
    body: Body,
    seen: BytesMut,
    truncated: bool,
    limit: usize,
}

impl Tee {
    pub(crate) fn new(line: Pending, body: Body) -> Self {
        let limit = line
            .core
            .access_log
            .as_ref()
            .map_or(0, AccessLog::body_limit);
        Self {
            line,
            body,
            seen: BytesMut::new(),
            truncated: false,
            limit,
        }
    }

    fn keep(&mut self, data: &Bytes) {
        let room = self.limit.saturating_sub(self.seen.len());
        self.truncated |= data.len() > room;
        self.seen.extend_from_slice(&data[..data.len().min(room)]);
    }
}

impl http_body::Body for Tee {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.keep(data);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Tee {
    fn drop(&mut self) {
        let seen = std::mem::take(&mut self.seen).freeze();
        let line = &self.line;
        let Some(log) = &line.core.access_log else {
            return;
        };
        let asked = Asked {
            method: &line.method,
            uri: &line.uri,
            headers: &line.request_headers,
            body: line.request_body.as_ref(),
        };
        let answer = Answer {
            status: line.status,
            headers: &line.headers,
            body: Some(&seen),
            truncated: self.truncated || !self.body.is_end_stream(),
        };
        log.write(
            &line.core,
            &asked,
            &answer,
            line.latency,
            &line.peer,
            line.request_id,
        );
    }
}
