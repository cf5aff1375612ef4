//! The socket and the clock as hyper wants them.

use super::shared::Shared;
use crate::{Application, event_loop::Connection, spare};
use bytes::{Buf, BytesMut};
use hyper::rt::ReadBufCursor;
use std::{
    future::Future,
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};
use tokio::io::{AsyncReadExt as _, AsyncWrite};

/// After so many bytes the loop turns to its other connections: small frames are much work.
const IN_ONE_TURN: usize = 16 * 1024;
/// Room that is made for one read.
const READ: usize = 4 * 1024;

pub(super) struct Socket<A> {
    connection: Connection<A>,
    shared: Arc<Shared>,
    read: BytesMut,
    /// Read in this turn.
    turn: usize,
}

impl<A> Socket<A> {
    pub(super) const fn new(
        connection: Connection<A>,
        shared: Arc<Shared>,
        read: BytesMut,
    ) -> Self {
        Self {
            connection,
            shared,
            read,
            turn: 0,
        }
    }

    fn wrote(&self, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(1..)) = outcome {
            self.shared.wrote();
        }
        outcome
    }
}

impl<A: Application> hyper::rt::Read for Socket<A> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut out: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let me = self.get_mut();
        if me.read.is_empty() {
            if me.turn >= IN_ONE_TURN {
                me.turn = 0;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if me.read.capacity() == 0 {
                me.read = spare::take();
            }
            me.read.reserve(READ);
            let read = pin!(me.connection.stream.read_buf(&mut me.read)).poll(cx);
            if me.read.is_empty() {
                spare::put_back(std::mem::take(&mut me.read));
            }
            me.turn += ready!(read)?;
        }
        let count = me.read.len().min(out.remaining());
        out.put_slice(me.read.get(..count).unwrap_or_default());
        me.read.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl<A: Application> hyper::rt::Write for Socket<A> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let me = self.get_mut();
        let outcome = Pin::new(&mut me.connection.stream).poll_write(cx, bytes);
        me.wrote(outcome)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let me = self.get_mut();
        let outcome = Pin::new(&mut me.connection.stream).poll_write_vectored(cx, slices);
        me.wrote(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().connection.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().connection.stream).poll_shutdown(cx)
    }
}

/// tokio's clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timer;

struct Sleep(Pin<Box<tokio::time::Sleep>>);

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl hyper::rt::Sleep for Sleep {}

impl hyper::rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Sleep(Box::pin(tokio::time::sleep(duration))))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        let sleep = tokio::time::sleep_until(deadline.into());
        Box::pin(Sleep(Box::pin(sleep)))
    }
}
