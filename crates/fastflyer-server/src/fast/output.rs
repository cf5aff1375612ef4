//! Answers on their way out, and the sweep's knowledge of whether the client takes them.

use super::MOST_GATHERED;
use crate::{Application, event_loop::Connection, watch::Phase};
use std::{
    future::poll_fn,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::AsyncWrite;

/// Bytes to be written.
#[derive(Debug, Default)]
pub(super) struct Output {
    bytes: Vec<u8>,
    sent: usize,
    /// The client does not take more.
    blocked: bool,
    /// Something was written since the wait began.
    progress: bool,
}

impl Output {
    /// Where answers are appended.
    pub(super) fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// The first so many bytes are written.
    fn advance(&mut self, count: usize) {
        self.sent += count;
        // A client that always lags a little behind never lets all of it be cleared.
        if self.sent >= MOST_GATHERED {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
    }

    /// The client does not take more.
    fn wait<A: Application>(&mut self, connection: &Connection<A>) {
        if !self.blocked || self.progress {
            connection
                .watch
                .enter(Phase::Writing, connection.event_loop.state.now());
        }
        self.blocked = true;
        self.progress = false;
    }
}

/// Writes all that is gathered, and `tail` behind it.
pub(super) async fn flush<A: Application>(
    connection: &mut Connection<A>,
    output: &mut Output,
    tail: &[u8],
) -> io::Result<()> {
    let mut tail_sent = 0;
    poll_fn(|cx| poll_flush(connection, output, tail, &mut tail_sent, cx)).await
}

/// One turn of [`flush`]; `tail_sent` is kept between turns by the caller.
pub(super) fn poll_flush<A: Application>(
    connection: &mut Connection<A>,
    output: &mut Output,
    tail: &[u8],
    tail_sent: &mut usize,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    loop {
        let first = output.bytes.get(output.sent..).unwrap_or_default();
        let second = tail.get(*tail_sent..).unwrap_or_default();
        let stream = Pin::new(&mut connection.stream);
        let written = match (first.is_empty(), second.is_empty()) {
            (true, true) => {
                // A plain socket keeps nothing back, an encrypted one may.
                let flushed = stream.poll_flush(cx);
                if flushed.is_pending() {
                    output.wait(connection);
                }
                ready!(flushed)?;
                output.bytes.clear();
                output.sent = 0;
                if std::mem::take(&mut output.blocked) {
                    connection
                        .watch
                        .enter(Phase::Handling, connection.event_loop.state.now());
                }
                return Poll::Ready(Ok(()));
            }
            (false, true) => stream.poll_write(cx, first),
            (true, false) => stream.poll_write(cx, second),
            (false, false) => {
                stream.poll_write_vectored(cx, &[IoSlice::new(first), IoSlice::new(second)])
            }
        };
        let gathered = first.len();
        if written.is_pending() {
            output.wait(connection);
        }
        let count = ready!(written)?;
        if count == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        output.progress = true;
        let of_first = count.min(gathered);
        output.advance(of_first);
        *tail_sent += count - of_first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_not_kept() {
        let mut output = Output::default();
        output.bytes().extend_from_slice(&[b'0'; 1_000]);
        for number in 0..1_000 {
            output.bytes().extend_from_slice(&[number as u8; 1_000]);
            output.advance(1_000);
            assert_eq!(output.len(), 1_000);
            assert!(output.bytes.ends_with(&[number as u8; 1_000]));
            assert!(output.bytes.len() <= MOST_GATHERED + 1_000);
        }
    }
}
