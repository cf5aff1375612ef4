//! Event streams (server-sent events): answers that go on.
//!
//! A handler returns an [`EventStream`] made of any stream of [`Event`]s. The type of the events'
//! data is documented; what goes over the wire cannot be broken by what stands in an event. The
//! stream ends when the service stops, so that the client reconnects to another instance, and is
//! dropped when the client leaves. Not for messages from the client: those are
#![cfg_attr(feature = "ws", doc = "[WebSockets](crate::ws).")]
#![cfg_attr(not(feature = "ws"), doc = "WebSockets (feature `ws`).")]
//!
//! ```
//! use fastflyer::{prelude::*, sse::{Event, EventStream}, testing::TestClient};
//! use futures_util::stream;
//!
//! #[derive(Serialize, JsonSchema)]
//! struct Progress {
//!     percent: u8,
//! }
//!
//! #[get("/progress")]
//! async fn progress() -> EventStream<Progress> {
//!     let steps = [50, 100].map(|percent| Event::new(Progress { percent }).id(percent));
//!     EventStream::new(stream::iter(steps))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> fastflyer::Result<()> {
//! let client = TestClient::new(FlyerApi::new(Config::new()).include(routes![progress]))?;
//! let mut events = client.get("/flyer/progress").events().await;
//! let first = events.next().await.expect("an event");
//! assert_eq!((first.data.as_str(), first.id.as_deref()), (r#"{"percent":50}"#, Some("50")));
//! # Ok(())
//! # }
//! ```

mod body;
mod event;
mod last_event_id;

pub use event::{Event, EventData, IntoEvent, Text};
pub use last_event_id::LastEventId;

use crate::{ApiError, Body, Response, context::Context, openapi::Describer, reply::IntoReply};
use body::EventBody;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream::BoxStream};
use http::{HeaderValue, header};
use std::{fmt, marker::PhantomData, time::Duration};

/// How long a stream is silent before a comment goes over the wire, unless it is set.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// An answer of events whose data is a `T`: JSON, or plain text with [`Text`].
///
/// See the [module](self) for an example.
#[must_use = "a stream does nothing until a handler returns it"]
pub struct EventStream<T> {
    events: BoxStream<'static, Result<Bytes, ApiError>>,
    keep_alive: Option<Duration>,
    data: PhantomData<fn() -> T>,
}

impl<T: EventData> EventStream<T> {
    /// A stream of [`Event<T>`], or of `Result<Event<T>, E>`.
    ///
    /// An error is logged and breaks the connection off, so that the client sees that the stream is
    /// not whole; browsers reconnect. What the client shall know is an event.
    pub fn new<S>(events: S) -> Self
    where
        S: Stream + Send + 'static,
        S::Item: IntoEvent<T>,
    {
        let events = events.map(|event| event.into_event()?.encode());
        Self {
            events: events.boxed(),
            keep_alive: Some(KEEP_ALIVE),
            data: PhantomData,
        }
    }

    /// Sends a comment whenever the stream was silent for so long (15 seconds, unless it is set): it
    /// keeps proxies from closing the connection, and shows that the client has left. Zero means
    /// never.
    pub fn keep_alive(mut self, silence: Duration) -> Self {
        self.keep_alive = Some(silence).filter(|silence| !silence.is_zero());
        self
    }
}

#[diagnostic::do_not_recommend]
impl<T: EventData> IntoReply for EventStream<T> {
    fn into_reply(self, cx: &Context) -> Response {
        let body = EventBody::new(self.events, self.keep_alive, cx);
        let mut response = Response::new(Body::new(body));
        let headers = response.headers_mut();
        let constant = HeaderValue::from_static;
        headers.insert(header::CONTENT_TYPE, constant("text/event-stream"));
        headers.insert(header::CACHE_CONTROL, constant("no-store"));
        // nginx would gather events until its buffer is full.
        headers.insert("x-accel-buffering", constant("no"));
        response
    }

    fn describe(describer: &mut Describer<'_>) {
        describer.event_stream::<T>();
    }
}

impl<T> fmt::Debug for EventStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream")
            .field("keep_alive", &self.keep_alive)
            .finish_non_exhaustive()
    }
}
