//! [`Tee`]: a streamed answer whose beginning is kept for the access log.
//!
//! Frames pass through as they come. The line is written when the stream ends or is dropped.

use super::Answer;
use crate::{Body, app::Core, context::PeerInfo, service::Asked};
use bytes::{Bytes, BytesMut};
use fastflyer_server::BoxError;
use fastkit::context::RequestId;
use http::{HeaderMap, StatusCode, response::Parts};
use http_body::{Body as _, Frame, SizeHint};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

/// A body that is logged when it has been sent.
pub(crate) struct Tee {
    body: Body,
    core: Arc<Core>,
    asked: Asked,
    status: StatusCode,
    headers: HeaderMap,
    latency: u64,
    peer: Arc<PeerInfo>,
    request_id: RequestId,
    seen: BytesMut,
    truncated: bool,
    limit: usize,
}

impl Tee {
    pub(crate) fn new(
        core: Arc<Core>,
        asked: Asked,
        parts: &Parts,
        body: Body,
        latency: u64,
        peer: Arc<PeerInfo>,
        request_id: RequestId,
    ) -> Self {
        let limit = core.access_log.as_ref().map_or(0, |log| log.body_limit());
        Self {
            body,
            core,
            asked,
            status: parts.status,
            headers: parts.headers.clone(),
            latency,
            peer,
            request_id,
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
        let Some(log) = &self.core.access_log else { return };
        let seen = std::mem::take(&mut self.seen).freeze();
        let answer = Answer {
            status: self.status,
            headers: &self.headers,
            body: Some(&seen),
            truncated: self.truncated || !self.body.is_end_stream(),
        };
        log.write(&self.core, &self.asked, &answer, self.latency, &self.peer, self.request_id);
    }
}
