//! [`Io`]: the bytes below a WebSocket, from a server or from a test client, and when the last ones
//! came.

use hyper::{rt, upgrade::Upgraded};
use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf},
    time::Instant,
};

/// The service's end of a connection in process; travels in the extensions of a request.
#[derive(Clone, Debug)]
pub(crate) struct InProcess(Arc<Mutex<Option<DuplexStream>>>);

impl InProcess {
    pub(crate) fn new(stream: DuplexStream) -> Self {
        Self(Arc::new(Mutex::new(Some(stream))))
    }

    pub(super) fn take(&self) -> Option<DuplexStream> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// When something was last heard of the client.
#[derive(Clone, Debug)]
pub(super) struct Pulse {
    begun: Instant,
    /// Milliseconds since `begun`; `u64::MAX` while nobody listens.
    heard: Arc<AtomicU64>,
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            heard: Arc::default(),
        }
    }

    pub(super) fn mark(&self) {
        let now = self.begun.elapsed().as_millis() as u64;
        self.heard.store(now, Relaxed);
    }

    /// The service itself does not read: the silence is not the client's.
    pub(super) fn pause(&self) {
        self.heard.store(u64::MAX, Relaxed);
    }

    pub(super) fn silence(&self) -> Duration {
        let now = self.begun.elapsed().as_millis() as u64;
        Duration::from_millis(now.saturating_sub(self.heard.load(Relaxed)))
    }

    pub(super) fn age(&self) -> Duration {
        self.begun.elapsed()
    }
}

/// The connection below the protocol.
pub(super) struct Io {
    stream: Stream,
    pulse: Pulse,
}

pub(super) enum Stream {
    Upgraded(Upgraded),
    InProcess(DuplexStream),
}

impl Io {
    pub(super) fn new(stream: Stream, pulse: Pulse) -> Self {
        Self { stream, pulse }
    }
}

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        match &mut this.stream {
            Stream::Upgraded(stream) => {
                // hyper's buffer over the same memory; made whole first, so that no byte is undefined.
                let mut inner = rt::ReadBuf::new(buffer.initialize_unfilled());
                ready!(rt::Read::poll_read(Pin::new(stream), cx, inner.unfilled()))?;
                let count = inner.filled().len();
                buffer.advance(count);
            }
            Stream::InProcess(stream) => ready!(Pin::new(stream).poll_read(cx, buffer))?,
        }
        if buffer.filled().len() > before {
            this.pulse.mark();
        }
        Poll::Ready(Ok(()))
    }
}

macro_rules! either {
    ($self:expr, $stream:ident => $hyper:expr, $tokio:expr) => {
        match &mut $self.get_mut().stream {
            Stream::Upgraded($stream) => $hyper,
            Stream::InProcess($stream) => $tokio,
        }
    };
}

impl AsyncWrite for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        either!(self, stream =>
            rt::Write::poll_write(Pin::new(stream), cx, bytes),
            AsyncWrite::poll_write(Pin::new(stream), cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream =>
            rt::Write::poll_flush(Pin::new(stream), cx),
            AsyncWrite::poll_flush(Pin::new(stream), cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream =>
            rt::Write::poll_shutdown(Pin::new(stream), cx),
            AsyncWrite::poll_shutdown(Pin::new(stream), cx))
    }
}
