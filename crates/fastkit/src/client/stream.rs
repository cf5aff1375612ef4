//! [`ResponseStream`]: an answer whose body is read piece by piece.

use super::{
    Error,
    attempt::{AnswerBody, classify},
    clock::after,
    error::Kind,
    response::{Head, check_status, head_accessors},
    transport::runtime,
};
use crate::context::Served;
use bytes::Bytes;
use futures_core::Stream;
use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

/// An answer whose body is still on its way: for what is large, or never ends.
///
/// ```no_run
/// # use fastkit::client::{AsyncClient, Error};
/// # async fn run() -> Result<(), Error> {
/// let mut answer = AsyncClient::new().get("https://httpbin.org/stream/20").stream().await?;
/// while let Some(piece) = answer.chunk().await? {
///     println!("{} bytes", piece.len());
/// }
/// # Ok(())
/// # }
/// ```
pub struct ResponseStream {
    head: Arc<Head>,
    body: AnswerBody,
    timeout: Option<Duration>,
}

head_accessors!(ResponseStream);

impl ResponseStream {
    pub(super) fn new(head: Head, body: AnswerBody, timeout: Option<Duration>) -> Self {
        Self {
            head: Arc::new(head),
            body,
            timeout,
        }
    }

    /// The next piece; `None` at the end.
    ///
    /// In the scope of a request or job, it waits until the deadline of that at most. A stream that is passed on as the body
    /// of an answer is read after it, and has none.
    ///
    /// # Errors
    /// Code 604 when no piece comes in time or that deadline is over, 605 when the connection breaks, 602 when the answer cannot be
    /// decompressed.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        self.chunk_until(deadline()).await
    }

    /// As [`chunk`](Self::chunk), with the deadline of whom it is read for.
    pub(super) async fn chunk_until(
        &mut self,
        deadline: Option<Instant>,
    ) -> Result<Option<Bytes>, Error> {
        let now = Instant::now();
        // Asked before, since pieces that are there already would be taken whatever the time.
        if deadline.is_some_and(|deadline| deadline <= now) {
            let error = Error::new(Kind::Timeout, "the time for reading the answer is over");
            return Err(self.failed(error));
        }
        let own = self.timeout.map(|timeout| after(now, timeout));
        let end = [own, deadline].into_iter().flatten().min();
        let response = match &mut self.body {
            AnswerBody::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                return Ok((!bytes.is_empty()).then_some(bytes));
            }
            AnswerBody::Open(response) => response,
        };
        if end.is_some()
            && let Err(error) = runtime()
        {
            return Err(self.failed(error));
        }
        let next = response.chunk();
        let next = match end {
            None => next.await,
            Some(end) => tokio::time::timeout_at(end.into(), next)
                .await
                .map_err(|_| self.failed(Error::new(Kind::Timeout, "the answer does not go on")))?,
        };
        next.map_err(|error| {
            let (kind, text) = classify(&error);
            self.failed(Error::transport(kind, text, error))
        })
    }

    fn failed(&self, error: Error) -> Error {
        error.of(self.method(), self.url()).after(self.attempts())
    }

    /// The answer itself, unless its status is 400 or more. The body is not read for it.
    ///
    /// # Errors
    /// Code 601.
    pub fn error_for_status(self) -> Result<Self, Error> {
        check_status(&self.head)?;
        Ok(self)
    }

    pub(super) fn shared_head(&self) -> Arc<Head> {
        self.head.clone()
    }

    /// The body as a stream, to be passed on.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static {
        Pieces(Some(next(self)))
    }
}

/// When nobody waits any more for what is being done on this thread.
pub(super) fn deadline() -> Option<Instant> {
    Served::current()?.deadline
}

type Next = Pin<Box<dyn Future<Output = (ResponseStream, Result<Option<Bytes>, Error>)> + Send>>;

fn next(mut answer: ResponseStream) -> Next {
    Box::pin(async move {
        let piece = answer.chunk().await;
        (answer, piece)
    })
}

struct Pieces(Option<Next>);

impl Stream for Pieces {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(future) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let (answer, piece) = ready!(future.as_mut().poll(cx));
        let piece = piece.transpose();
        self.0 = match &piece {
            Some(Ok(_)) => Some(next(answer)),
            _ => None,
        };
        Poll::Ready(piece)
    }
}

impl fmt::Debug for ResponseStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseStream")
            .field("status", &self.status())
            .field("url", &crate::mask::mask_url(self.url()))
            .finish_non_exhaustive()
    }
}
