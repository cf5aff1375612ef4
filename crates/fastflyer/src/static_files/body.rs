//! A response body that reads a file on the blocking pool, chunk by chunk.

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::{
    fs::File,
    io::{self, Read as _},
    pin::Pin,
    task::{Context, Poll},
};
use tokio::task::{JoinHandle, spawn_blocking};

/// Bytes read at a time: what a reader that is slow or gone can hold in memory.
const CHUNK: u64 = 128 * 1024;

/// The next `remaining` bytes of a file. Must be polled inside of a tokio runtime.
pub(super) struct FileBody {
    state: State,
    remaining: u64,
}

enum State {
    Idle(File),
    Reading(JoinHandle<io::Result<(File, Bytes)>>),
    Ended,
}

impl FileBody {
    /// Sends `len` bytes from where the file stands.
    pub(super) const fn new(file: File, len: u64) -> Self {
        Self {
            state: State::Idle(file),
            remaining: len,
        }
    }
}

impl http_body::Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.remaining == 0 {
            return Poll::Ready(None);
        }
        let mut reading = match std::mem::replace(&mut self.state, State::Ended) {
            State::Idle(file) => {
                let len = self.remaining.min(CHUNK);
                spawn_blocking(move || read(file, len))
            }
            State::Reading(reading) => reading,
            State::Ended => return Poll::Ready(None),
        };
        let Poll::Ready(read) = Pin::new(&mut reading).poll(cx) else {
            self.state = State::Reading(reading);
            return Poll::Pending;
        };
        let (file, chunk) = read.map_err(io::Error::other)??;
        self.remaining -= chunk.len() as u64;
        self.state = State::Idle(file);
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}

/// Reads exactly `len` bytes. A file that became shorter is an error, since its length was promised.
pub(super) fn read(mut file: File, len: u64) -> io::Result<(File, Bytes)> {
    let mut chunk = Vec::with_capacity(usize::try_from(len).unwrap_or(0));
    (&mut file).take(len).read_to_end(&mut chunk)?;
    if chunk.len() as u64 != len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((file, chunk.into()))
}
