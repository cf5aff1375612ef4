//! [`Client`]: the client for plain functions, handlers and threads.
//!
//! A facade: calls run on one thread of ours, with an event loop of its own, while the caller waits. So
//! both clients have the same rules, and a plain thread needs no runtime.

use super::{
    ClientBuilder, Error, RequestBuilder, Response, ResponseStream as AsyncStream,
    async_client::verbs,
    core::{Core, Mode},
    error::Kind,
    response::{Head, check_status, head_accessors},
    stream::deadline,
};
use bytes::{Buf as _, Bytes};
use http::Method;
use std::{
    fmt, future,
    io::{self, Read},
    sync::{Arc, OnceLock, mpsc},
    task::{Context, Poll, Waker},
    thread,
};
use tokio::{
    runtime::{Builder, Handle},
    task::coop,
};

/// The HTTP client for plain functions, threads and jobs. Clones share connections, budgets and
/// settings.
///
/// It is not for async code: on a thread that runs an event loop every call is an error, since all that the
/// loop serves would stand still. There is [`AsyncClient`](super::AsyncClient) for it.
///
/// ```no_run
/// use fastkit::client::Client;
///
/// let requests = Client::new();
/// let answer = requests.get("https://httpbin.org/get").params(&[("param1", "value1")]).send()?;
/// println!("{} {}", answer.status_code(), answer.text());
/// # Ok::<(), fastkit::client::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    pub(super) core: Arc<Core>,
}

verbs!(Client);

impl Client {
    /// What can be set once for all calls.
    ///
    /// ```
    /// use fastkit::client::Client;
    /// use std::time::Duration;
    ///
    /// let client = Client::builder().timeout(Duration::from_secs(5)).build_blocking()?;
    /// # Ok::<(), fastkit::client::Error>(())
    /// ```
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }
}

impl RequestBuilder<Client> {
    /// Sends the request and reads the answer.
    ///
    /// # Errors
    /// See [`Error`]. A status is none, unless it calls for retries and no retry was left; code 600
    /// on a thread that runs an event loop.
    pub fn send(self) -> Result<Response, Error> {
        let (call, body) = self.client.core.prepare(self.request, Mode::Whole)?;
        wait(self.client.core.whole(call, body))?
    }

    /// Sends the request and leaves the body of the answer to be read piece by piece.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn stream(self) -> Result<BlockingStream, Error> {
        let (call, body) = self.client.core.prepare(self.request, Mode::Stream)?;
        let stream = wait(self.client.core.stream(call, body))??;
        Ok(BlockingStream {
            head: stream.shared_head(),
            stream: Some(stream),
            piece: Bytes::new(),
        })
    }
}

/// Runs a future on our thread while this one waits.
fn wait<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Result<T, Error> {
    if is_event_loop() {
        return Err(Error::new(
            Kind::Blocking,
            "the blocking client was used on a thread that runs an event loop, which would stand still; use AsyncClient there, or spawn_blocking",
        ));
    }
    let (sender, receiver) = mpsc::sync_channel(1);
    event_loop()?.spawn(async move {
        // Nobody waits any more only if the waiting thread is gone.
        let _ = sender.send(future.await);
    });
    let gone = |_| {
        Error::new(
            Kind::Blocking,
            "the thread of the blocking client has ended",
        )
    };
    receiver.recv().map_err(gone)
}

/// Our thread, started when it is first needed.
fn event_loop() -> Result<&'static Handle, Error> {
    static LOOP: OnceLock<Result<Handle, String>> = OnceLock::new();
    let start = || -> io::Result<Handle> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        thread::Builder::new()
            .name("http-client".to_owned())
            .spawn(move || runtime.block_on(future::pending::<()>()))?;
        Ok(handle)
    };
    LOOP.get_or_init(|| start().map_err(|error| error.to_string()))
        .as_ref()
        .map_err(|error| {
            let text = format!("the thread of the blocking client cannot be started: {error}");
            Error::new(Kind::Blocking, text)
        })
}

/// Whether tokio is polling a task on this thread, so that waiting here would stall others.
///
/// tokio does not tell; blocking where it forbids to is a panic. But it gives every task that it polls a
/// budget of steps, and none to its threads for blocking work: where there is an end to the steps, a
/// task is being polled. The steps are given back, the last one first.
fn is_event_loop() -> bool {
    /// More than tokio's budget, which is 128.
    const STEPS: usize = 300;
    if Handle::try_current().is_err() {
        return false;
    }
    let mut cx = Context::from_waker(Waker::noop());
    let mut steps = Vec::with_capacity(STEPS);
    let mut ended = false;
    while steps.len() < STEPS && !ended {
        match coop::poll_proceed(&mut cx) {
            Poll::Ready(step) => steps.push(step),
            Poll::Pending => ended = true,
        }
    }
    while let Some(step) = steps.pop() {
        drop(step);
    }
    ended
}

/// An answer whose body is still on its way, as a reader.
///
/// ```no_run
/// # use fastkit::client::Client;
/// let mut answer = Client::new().get("https://example.com/large.iso").stream()?;
/// std::io::copy(&mut answer, &mut std::io::sink())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct BlockingStream {
    head: Arc<Head>,
    /// `None` while a piece is being read, and for good after a failure of the thread.
    stream: Option<AsyncStream>,
    piece: Bytes,
}

head_accessors!(BlockingStream);

impl BlockingStream {
    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// As those of [`ResponseStream::chunk`](AsyncStream::chunk); code 600 on a thread that runs an event loop.
    pub fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        if !self.piece.is_empty() {
            return Ok(Some(std::mem::take(&mut self.piece)));
        }
        if is_event_loop() {
            // The stream is kept: it can be read on another thread.
            return wait(future::ready(None));
        }
        let Some(mut stream) = self.stream.take() else {
            return Ok(None);
        };
        // Of this thread: the one that reads serves nobody.
        let deadline = deadline();
        let (stream, piece) = wait(async move {
            let piece = stream.chunk_until(deadline).await;
            (stream, piece)
        })?;
        self.stream = Some(stream);
        piece
    }

    /// The answer itself, unless its status is 400 or more. The body is not read for it.
    ///
    /// # Errors
    /// Code 601.
    pub fn error_for_status(self) -> Result<Self, Error> {
        check_status(&self.head)?;
        Ok(self)
    }
}

impl Read for BlockingStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() {
            match self.chunk().map_err(io::Error::other)? {
                Some(piece) => self.piece = piece,
                None => return Ok(0),
            }
        }
        let length = self.piece.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.piece[..length]);
        self.piece.advance(length);
        Ok(length)
    }
}

impl fmt::Debug for BlockingStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingStream")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
