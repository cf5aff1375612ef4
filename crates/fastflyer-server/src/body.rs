//! [`Body`]: one type for request and response bodies, cheap when the bytes are already there.

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt as _, combinators::UnsyncBoxBody};
use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// Any error a body can end with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A request or response body.
///
/// Bytes that are in memory stay what they are; what arrives from the network is hyper's body; all
/// else is boxed.
pub struct Body(Kind);

enum Kind {
    Full(Whole),
    Incoming(hyper::body::Incoming),
    Boxed(UnsyncBoxBody<Bytes, BoxError>),
}

/// A body in memory. A vector would cost an allocation to become [`Bytes`], which most need not.
#[derive(Debug)]
pub(crate) enum Whole {
    Shared(Bytes),
    Owned(Vec<u8>),
}

impl Whole {
    const EMPTY: Self = Self::Shared(Bytes::new());

    fn into_bytes(self) -> Bytes {
        match self {
            Self::Shared(bytes) => bytes,
            Self::Owned(bytes) => bytes.into(),
        }
    }
}

impl std::ops::Deref for Whole {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Shared(bytes) => bytes,
            Self::Owned(bytes) => bytes,
        }
    }
}

impl Body {
    /// A body without bytes.
    pub const fn empty() -> Self {
        Self(Kind::Full(Whole::EMPTY))
    }

    /// Wraps any body. Prefer `Body::from(bytes)` when the bytes are at hand.
    pub fn new<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Kind::Boxed(body.map_err(Into::into).boxed_unsync()))
    }

    /// The whole body, if it is in memory; the body is empty afterwards. `None` leaves it as it is.
    pub fn take_full(&mut self) -> Option<Bytes> {
        self.take_whole().map(Whole::into_bytes)
    }

    pub(crate) fn take_whole(&mut self) -> Option<Whole> {
        match &mut self.0 {
            Kind::Full(bytes) => Some(std::mem::replace(bytes, Whole::EMPTY)),
            Kind::Incoming(_) | Kind::Boxed(_) => None,
        }
    }

    /// The whole body, if it is in memory, without taking it.
    pub fn as_full(&self) -> Option<&[u8]> {
        match &self.0 {
            Kind::Full(bytes) => Some(bytes),
            Kind::Incoming(_) | Kind::Boxed(_) => None,
        }
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

macro_rules! from_bytes {
    ($($type:ty => $kind:ident),*) => {$(
        impl From<$type> for Body {
            fn from(bytes: $type) -> Self {
                Self(Kind::Full(Whole::$kind(bytes.into())))
            }
        }
    )*};
}

from_bytes!(Bytes => Shared, Vec<u8> => Owned, String => Owned, &'static str => Shared, &'static [u8] => Shared);

impl From<hyper::body::Incoming> for Body {
    fn from(body: hyper::body::Incoming) -> Self {
        Self(Kind::Incoming(body))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Kind::Full(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Full(bytes) => {
                let bytes = std::mem::replace(bytes, Whole::EMPTY);
                Poll::Ready(Some(Ok(Frame::data(bytes.into_bytes()))))
            }
            Kind::Incoming(body) => {
                let frame = ready!(Pin::new(body).poll_frame(cx));
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Kind::Boxed(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Full(bytes) => bytes.is_empty(),
            Kind::Incoming(body) => body.is_end_stream(),
            Kind::Boxed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Incoming(body) => body.size_hint(),
            Kind::Boxed(body) => body.size_hint(),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Full(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Kind::Incoming(_) | Kind::Boxed(_) => f.write_str("Body(stream)"),
        }
    }
}
