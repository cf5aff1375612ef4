//! Bodies of both directions, with what the connection has to know of them.

use super::{Fault, shared::Active};
use crate::{Body, BoxError, Timeouts, guard::late, watch::Verdict};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use std::{
    future::Future as _,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::{Instant, Sleep};

/// Answers are handed on in pieces of this size: h2 keeps what it was given until the client takes it.
const PIECE: usize = 16 * 1024;

/// The body of an answer.
#[derive(Debug)]
pub(super) struct Tracked {
    body: Body,
    /// Of the last frame, not yet handed on.
    rest: Bytes,
    active: Active,
}

impl Tracked {
    pub(super) const fn new(body: Body, active: Active) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            active,
        }
    }
}

impl http_body::Body for Tracked {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let me = self.get_mut();
        me.active.owe(false);
        if me.rest.is_empty() {
            let frame = match ready!(Pin::new(&mut me.body).poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                other => return Poll::Ready(other),
            };
            match frame.into_data() {
                Ok(data) => me.rest = data,
                Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
            }
        }
        let piece = me.rest.split_to(me.rest.len().min(PIECE));
        me.active.owe(true);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let own = self.body.size_hint();
        let rest = self.rest.len() as u64;
        let mut hint = SizeHint::new();
        hint.set_lower(own.lower() + rest);
        if let Some(upper) = own.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}

/// The body of a request, which must keep to the rate that every body must.
#[derive(Debug)]
pub(super) struct Paced {
    body: Incoming,
    grace: Duration,
    /// Bytes a second.
    rate: u64,
    received: u64,
    waited: Duration,
    /// Since when, and until when, more is waited for.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
    fault: Fault,
}

impl Paced {
    pub(super) const fn new(body: Incoming, timeouts: &Timeouts, fault: Fault) -> Self {
        Self {
            body,
            grace: timeouts.body_grace,
            rate: timeouts.body_rate,
            received: 0,
            waited: Duration::ZERO,
            waiting: None,
            fault,
        }
    }

    /// How long the client may take for what it has sent.
    fn allowance(&self) -> Duration {
        match self.received.checked_div(self.rate) {
            Some(seconds) => self.grace.max(Duration::from_secs(seconds)),
            None => Duration::MAX,
        }
    }
}

impl http_body::Body for Paced {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let me = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut me.body).poll_frame(cx) {
            if let Some((since, _)) = me.waiting.take() {
                me.waited += since.elapsed();
            }
            if let Some(Ok(frame)) = &frame
                && let Some(data) = frame.data_ref()
            {
                me.received += data.len() as u64;
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        // A little more than nothing, so that no wait turns into a loop.
        let left = me
            .allowance()
            .saturating_sub(me.waited)
            .clamp(Duration::from_millis(10), Duration::from_secs(86_400));
        let (_, sleep) = me
            .waiting
            .get_or_insert_with(|| (Instant::now(), Box::pin(tokio::time::sleep(left))));
        ready!(sleep.as_mut().poll(cx));
        let error = late(Verdict::Late);
        let text = error.to_string();
        let _ = me.fault.set(error);
        Poll::Ready(Some(Err(text.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
