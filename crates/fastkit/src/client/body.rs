//! [`Body`]: what a request carries, from memory, a file, or a stream.
//!
//! Bodies from memory and from files can be sent again; streams and readers only once. Not here:
//! how forms and multipart bodies are written (`request`, `multipart`).

use super::Error;
use bytes::Bytes;
use futures_core::Stream;
use std::{
    collections::VecDeque,
    error::Error as StdError,
    fmt, fs,
    io::{self, Read},
    path::PathBuf,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::task::JoinHandle;

/// How much of a file or reader is read at a time.
const CHUNK: usize = 64 * 1024;

type BoxError = Box<dyn StdError + Send + Sync>;
type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, BoxError>> + Send>>;

/// The body of a request.
///
/// ```
/// use fastkit::client::Body;
///
/// let text = Body::from("hello");
/// let bytes = Body::from(vec![1, 2, 3]);
/// let file = Body::file("report.csv");
/// # let _ = (text, bytes, file);
/// ```
pub struct Body(pub(super) Content);

pub(super) enum Content {
    Bytes(Bytes),
    /// Parts that can be read again: what a file holds, and what stands around it.
    Parts(Vec<Part>),
    Once(ByteStream),
    /// The stream was sent.
    Gone,
}

#[derive(Clone, Debug)]
pub(super) enum Part {
    Bytes(Bytes),
    File(PathBuf),
}

impl Default for Body {
    fn default() -> Self {
        Self(Content::Bytes(Bytes::new()))
    }
}

impl Body {
    /// A file, read while it is sent. Its length is sent as `Content-Length`.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Content::Parts(vec![Part::File(path.into())]))
    }

    /// A stream. It can be sent once only: a call with it is neither retried nor redirected with its
    /// body.
    pub fn stream<S, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        Self(Content::Once(Box::pin(Converted(Box::pin(stream)))))
    }

    /// A reader, read on tokio's threads for blocking work while it is sent. As a
    /// [`stream`](Self::stream), it can be sent once only.
    pub fn reader(reader: impl Read + Send + 'static) -> Self {
        Self(Content::Once(Box::pin(Reading::Idle(Box::new(reader)))))
    }

    /// What is in memory as one piece; `None` of anything else.
    pub(super) fn as_bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            Content::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The body once more; `None` of one that can be sent once only.
    pub(super) fn repeat(&self) -> Option<Self> {
        match &self.0 {
            Content::Bytes(bytes) => Some(bytes.clone().into()),
            Content::Parts(parts) => Some(Self(Content::Parts(parts.clone()))),
            Content::Once(_) | Content::Gone => None,
        }
    }

    /// Whether it was sent and cannot be sent again.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self.0, Content::Gone)
    }

    /// The body for this sending, with nothing left where it can be sent once only.
    pub(super) fn next(&mut self) -> Self {
        self.repeat()
            .unwrap_or_else(|| Self(std::mem::replace(&mut self.0, Content::Gone)))
    }

    /// The body as the transport takes it, and its length where the transport would not find it.
    pub(super) async fn into_wire(self) -> Result<(Option<reqwest::Body>, Option<u64>), Error> {
        match self.0 {
            Content::Bytes(bytes) if bytes.is_empty() => Ok((None, None)),
            Content::Bytes(bytes) => Ok((Some(bytes.into()), None)),
            Content::Parts(parts) => {
                let length = length(parts.clone()).await?;
                let stream = Joined {
                    parts: parts.into(),
                    file: None,
                };
                Ok((Some(reqwest::Body::wrap_stream(stream)), Some(length)))
            }
            Content::Once(stream) => Ok((Some(reqwest::Body::wrap_stream(stream)), None)),
            Content::Gone => Err(Error::builder(
                "the body is a stream and was sent already; it cannot be sent again",
            )),
        }
    }
}

/// The length of all parts. Files are asked here, so that a missing one is found before sending.
async fn length(parts: Vec<Part>) -> Result<u64, Error> {
    let measure = move || {
        let mut sum = 0;
        for part in &parts {
            sum += match part {
                Part::Bytes(bytes) => bytes.len() as u64,
                Part::File(path) => fs::metadata(path)
                    .and_then(|about| match about.is_file() {
                        true => Ok(about.len()),
                        false => Err(io::Error::other("it is no file")),
                    })
                    .map_err(|error| {
                        let text = format!("{} cannot be sent", path.display());
                        Error::builder(text).caused_by(error)
                    })?,
            };
        }
        Ok(sum)
    };
    tokio::task::spawn_blocking(measure)
        .await
        .unwrap_or_else(|error| {
            Err(Error::builder("the files cannot be looked at").caused_by(error))
        })
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Content::Bytes(bytes))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl From<&'static [u8]> for Body {
    fn from(bytes: &'static [u8]) -> Self {
        Bytes::from_static(bytes).into()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Content::Bytes(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Content::Parts(parts) => write!(f, "Body({} parts)", parts.len()),
            Content::Once(_) => f.write_str("Body(stream)"),
            Content::Gone => f.write_str("Body(sent)"),
        }
    }
}

/// A stream with the errors of the caller.
struct Converted<S>(Pin<Box<S>>);

impl<S, E> Stream for Converted<S>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: Into<BoxError>,
{
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(self.0.as_mut().poll_next(cx));
        Poll::Ready(item.map(|item| item.map_err(Into::into)))
    }
}

type BoxRead = Box<dyn Read + Send>;

/// A reader that is read off the event loop.
enum Reading {
    Idle(BoxRead),
    Busy(JoinHandle<(BoxRead, io::Result<Bytes>)>),
    Done,
}

impl Stream for Reading {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match &mut *self {
                Self::Idle(_) => {
                    let Self::Idle(reader) = std::mem::replace(&mut *self, Self::Done) else {
                        return Poll::Ready(None);
                    };
                    *self = Self::Busy(tokio::task::spawn_blocking(move || read(reader)));
                }
                Self::Busy(task) => {
                    let outcome = ready!(Pin::new(task).poll(cx));
                    *self = Self::Done;
                    return Poll::Ready(match outcome {
                        Err(error) => Some(Err(error.into())),
                        Ok((_, Err(error))) => Some(Err(error.into())),
                        Ok((_, Ok(bytes))) if bytes.is_empty() => None,
                        Ok((reader, Ok(bytes))) => {
                            *self = Self::Idle(reader);
                            Some(Ok(bytes))
                        }
                    });
                }
                Self::Done => return Poll::Ready(None),
            }
        }
    }
}

fn read(mut reader: BoxRead) -> (BoxRead, io::Result<Bytes>) {
    let mut chunk = vec![0; CHUNK];
    let outcome = loop {
        match reader.read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Err(error),
            Ok(length) => {
                chunk.truncate(length);
                break Ok(chunk.into());
            }
        }
    };
    (reader, outcome)
}

/// Opens when it is first read, so that opening happens off the event loop too.
struct Unopened(PathBuf, Option<fs::File>);

impl Read for Unopened {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let file = match &mut self.1 {
            Some(file) => file,
            none => none.insert(fs::File::open(&self.0)?),
        };
        file.read(buffer)
    }
}

/// Parts one after the other.
struct Joined {
    parts: VecDeque<Part>,
    file: Option<Reading>,
}

impl Stream for Joined {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(file) = &mut self.file {
                if let Some(item) = ready!(Pin::new(file).poll_next(cx)) {
                    return Poll::Ready(Some(item));
                }
                self.file = None;
            }
            match self.parts.pop_front() {
                None => return Poll::Ready(None),
                Some(Part::Bytes(bytes)) if bytes.is_empty() => {}
                Some(Part::Bytes(bytes)) => return Poll::Ready(Some(Ok(bytes))),
                Some(Part::File(path)) => {
                    self.file = Some(Reading::Idle(Box::new(Unopened(path, None))));
                }
            }
        }
    }
}
