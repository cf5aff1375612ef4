//! [`EventBody`]: an event stream as the body of an answer.
//!
//! It adds what the handler need not think of: comments while nothing happens, the end when the
//! service stops, the request in whose scope it runs, and containment of panics.

use crate::{ApiError, context::Context, service::panicked};
use bytes::Bytes;
use fastflyer_server::BoxError;
use fastkit::context::Served;
use futures_util::{
    future::{BoxFuture, pending},
    stream::BoxStream,
};
use http_body::Frame;
use std::{
    hash::{BuildHasher as _, RandomState},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context as TaskContext, Poll, ready},
    time::Duration,
};
use tokio::time::{Instant, Sleep};

/// A comment, which clients skip.
const COMMENT: Bytes = Bytes::from_static(b":\n\n");
/// The shortest and the longest wait, in milliseconds, that clients are told when the service stops.
/// They shall not all come back at once.
const RECONNECT: (u64, u64) = (500, 3000);

pub(super) struct EventBody {
    events: Option<BoxStream<'static, Result<Bytes, ApiError>>>,
    keep_alive: Option<Duration>,
    /// Runs out when the stream was silent for too long; made when it is first needed.
    silence: Option<Pin<Box<Sleep>>>,
    stopping: BoxFuture<'static, ()>,
    served: Served,
    place: String,
}

impl EventBody {
    pub(super) fn new(
        events: BoxStream<'static, Result<Bytes, ApiError>>,
        keep_alive: Option<Duration>,
        cx: &Context,
    ) -> Self {
        Self {
            events: Some(events),
            keep_alive,
            silence: None,
            stopping: match cx.core.server.get().cloned() {
                Some(server) => Box::pin(async move { server.stopping().await }),
                None => Box::pin(pending()),
            },
            served: cx.served(),
            place: cx.place(),
        }
    }

    /// Drops the handler's stream, in the scope of its request.
    fn end(&mut self) {
        let _scope = self.served.enter();
        self.events = None;
    }

    fn poll_silence(&mut self, cx: &mut TaskContext<'_>) -> Poll<()> {
        let Some(most) = self.keep_alive else {
            return Poll::Pending;
        };
        let sleep = || Box::pin(tokio::time::sleep(most));
        let silence = self.silence.get_or_insert_with(sleep);
        ready!(silence.as_mut().poll(cx));
        silence.as_mut().reset(Instant::now() + most);
        Poll::Ready(())
    }
}

impl http_body::Body for EventBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let Some(events) = &mut this.events else {
            return Poll::Ready(None);
        };
        // Before the events: a stream that is always ready ends too.
        if this.stopping.as_mut().poll(cx).is_ready() {
            this.end();
            return Poll::Ready(Some(Ok(Frame::data(reconnect()))));
        }
        let scope = this.served.enter();
        let polled = catch_unwind(AssertUnwindSafe(|| events.as_mut().poll_next(cx)));
        let polled = polled.unwrap_or_else(|panic| Poll::Ready(Some(Err(panicked(&*panic)))));
        let polled = polled.map_err(|error| {
            tracing::error!(target: "fastflyer", "{}: the event stream broke off: {error}", this.place);
            // Not the error itself: its text is for the log alone.
            BoxError::from("the event stream broke off")
        });
        drop(scope);
        match polled {
            Poll::Ready(Some(Ok(event))) => {
                if let (Some(silence), Some(most)) = (&mut this.silence, this.keep_alive) {
                    silence.as_mut().reset(Instant::now() + most);
                }
                Poll::Ready(Some(Ok(Frame::data(event))))
            }
            Poll::Ready(ended) => {
                this.end();
                Poll::Ready(ended.map(|error| error.map(Frame::data)))
            }
            Poll::Pending => {
                ready!(this.poll_silence(cx));
                Poll::Ready(Some(Ok(Frame::data(COMMENT))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.events.is_none()
    }
}

impl Drop for EventBody {
    fn drop(&mut self) {
        self.end();
    }
}

/// Tells the client when to come back, each another moment.
fn reconnect() -> Bytes {
    let (least, most) = RECONNECT;
    let random = RandomState::new().hash_one(());
    format!("retry: {}\n\n", least + random % (most - least)).into()
}
