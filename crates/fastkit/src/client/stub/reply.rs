//! [`Reply`]: what the stub does with one request.

use std::time::Duration;

/// What the stub does with a request: an answer, or a way to fail.
///
/// ```
/// use fastkit::client::stub::Reply;
/// use std::time::Duration;
///
/// let busy = Reply::status(429).header("retry-after", "7");
/// let slow = Reply::ok("late").delay(Duration::from_millis(50));
/// let broken = Reply::ok("0123456789").reset_after(3);
/// # let _ = (busy, slow, broken);
/// ```
#[derive(Clone, Debug)]
pub struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) delay: Duration,
    pub(super) end: End,
    pub(super) pieces: Option<(usize, Duration)>,
    pub(super) raw: bool,
}

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The connection is kept for the next request.
    KeepAlive,
    /// The connection is closed after the answer.
    Close,
    /// So many bytes of the body, then a reset, or a proper end of the connection.
    Cut { after: usize, reset: bool },
    /// A reset, or a proper end, before a single byte.
    Silent { reset: bool },
    /// Nothing at all, ever.
    BlackHole,
    /// The body again and again, without an end.
    Endless,
}

impl Reply {
    /// An answer without a body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            delay: Duration::ZERO,
            end: End::KeepAlive,
            pieces: None,
            raw: false,
        }
    }

    /// 200 with a body.
    #[must_use]
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::status(200).body(body)
    }

    /// 200 with a JSON body.
    #[must_use]
    pub fn json(value: &serde_json::Value) -> Self {
        Self::ok(value.to_string()).header("content-type", "application/json")
    }

    /// A redirect.
    #[must_use]
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::status(status).header("location", location)
    }

    /// The connection is reset (RST) once the request was read.
    #[must_use]
    pub fn reset() -> Self {
        Self::status(0).ending(End::Silent { reset: true })
    }

    /// The connection is closed without an answer.
    #[must_use]
    pub fn close_silently() -> Self {
        Self::status(0).ending(End::Silent { reset: false })
    }

    /// The request is read and never answered.
    #[must_use]
    pub fn black_hole() -> Self {
        Self::status(0).ending(End::BlackHole)
    }

    /// Exactly these bytes, then the connection is closed.
    #[must_use]
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        let mut reply = Self::ok(bytes).ending(End::Close);
        reply.raw = true;
        reply
    }

    fn ending(mut self, end: End) -> Self {
        self.end = end;
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Waits before the answer.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sends the body in pieces of this size, with a wait before each.
    #[must_use]
    pub fn pieces(mut self, size: usize, wait: Duration) -> Self {
        self.pieces = Some((size.max(1), wait));
        self
    }

    /// Resets the connection (RST) after the head and this much of the body.
    #[must_use]
    pub fn reset_after(self, bytes: usize) -> Self {
        self.ending(End::Cut {
            after: bytes,
            reset: true,
        })
    }

    /// Closes the connection after the head and this much of the body, which is less than was announced.
    #[must_use]
    pub fn truncate_after(self, bytes: usize) -> Self {
        self.ending(End::Cut {
            after: bytes,
            reset: false,
        })
    }

    /// Sends the body again and again, without an end.
    #[must_use]
    pub fn endless(self) -> Self {
        self.ending(End::Endless)
    }

    /// Closes the connection after the answer, without saying so in a header.
    #[must_use]
    pub fn close(self) -> Self {
        self.ending(End::Close)
    }
}
