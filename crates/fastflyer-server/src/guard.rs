//! [`Guard`]: the socket as hyper sees it, with every head checked before hyper reads it.
//!
//! hyper is lenient where two servers may read the same bytes differently, answers malformed
//! requests with empty bodies and has no time limits of its own that answer. The guard delivers only
//! bytes that have passed the strict scan. At a bad or late one it reports the end of the input:
//! hyper then finishes what is in flight and shuts the connection down, and in that shutdown the
//! guard writes the application's answer, so that earlier answers of a pipeline come first. A body
//! that goes wrong is reported through the [`Exchange`] instead, since its request is being answered.
//!
//! Behind a request that asks for an upgrade nothing is judged until it is answered: after `101` the
//! guard is the application's socket, and lets all bytes pass in both directions.

use crate::{
    Application, ProtocolError,
    body_scan::BodyScan,
    event_loop::Connection,
    head::{self, Head, Persistence, Rescan, bad},
    hyper_front::Exchange,
    presence, spare,
    upgrade::{Direction, Tie},
    watch::{Phase, Verdict},
};
use bytes::{Buf, BytesMut};
use http::{StatusCode, Uri};
use hyper::rt::ReadBufCursor;
use std::{
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

/// Room that is made for one read.
const READ: usize = 4 * 1024;
/// Most bytes that are read after the last answer, so that the answer is not lost to a reset.
pub(crate) const MOST_DRAINED: usize = 64 * 1024;

pub(crate) struct Guard<A> {
    connection: Connection<A>,
    exchange: Arc<Exchange>,
    /// Received; the first `good` bytes have passed.
    buffer: BytesMut,
    good: usize,
    place: Place,
    rescan: Rescan,
    heads: u64,
    /// The client has asked to close after the present request. hyper looks for that too, but not
    /// in a header with bytes that are not ASCII.
    is_last: bool,
    /// hyper waits for input.
    reading: bool,
    /// hyper waits until the client takes output.
    blocked: bool,
    /// Something was written since the wait began.
    progress: bool,
    closing: Closing,
}

enum Place {
    Head,
    Body(BodyScan),
    /// A request that asks for an upgrade is with the application.
    Asked,
    /// No more input for hyper. `true`: the client has closed its side.
    End(bool),
}

/// The steps of the end of a connection.
enum Closing {
    No,
    Fault(ProtocolError, Verdict),
    Answer {
        bytes: Vec<u8>,
        sent: usize,
        lingers: bool,
    },
    Shutdown {
        lingers: bool,
    },
    Draining(usize),
}

impl<A: Application> Guard<A> {
    /// A guard whose first bytes have been read already.
    pub(crate) fn new(connection: Connection<A>, exchange: Arc<Exchange>, read: BytesMut) -> Self {
        Self {
            connection,
            exchange,
            buffer: read,
            good: 0,
            place: Place::Head,
            rescan: Rescan::default(),
            heads: 0,
            is_last: false,
            reading: false,
            blocked: false,
            progress: false,
            closing: Closing::No,
        }
    }

    /// Lets as much of the present request pass as is known to be good.
    fn check(&mut self) {
        while self.good < self.buffer.len() {
            let fresh = self.buffer.get(self.good..).unwrap_or_default();
            match &mut self.place {
                Place::End(_) | Place::Asked => return,
                // hyper gets the next request when it asks for it: then all before are answered.
                Place::Head if self.good > 0 => return,
                Place::Head => {
                    if fresh.starts_with(b"\r\n") {
                        self.buffer.advance(2);
                        continue;
                    }
                    let limits = &self.connection.event_loop.config.limits;
                    if !self.rescan.is_due(fresh, limits) {
                        return;
                    }
                    match head::scan(fresh, limits, |_, _| {}).and_then(|head| checked(fresh, head))
                    {
                        Ok(None) => return,
                        Ok(Some(head)) => {
                            self.rescan.reset();
                            self.heads += 1;
                            self.good += head.len;
                            self.is_last = head.persistence == Persistence::Close;
                            match BodyScan::new(head.framing) {
                                None if head.upgrade => {
                                    self.exchange.ask(self.heads);
                                    self.place = Place::Asked;
                                }
                                Some(body) => {
                                    self.connection.watch.begin_body();
                                    self.place = Place::Body(body);
                                }
                                None => self.place = self.after_request(),
                            }
                        }
                        Err(error) => return self.refuse(error, Verdict::Late),
                    }
                }
                Place::Body(body) => match body.advance(fresh) {
                    Ok(progress) => {
                        self.good += progress.taken;
                        if progress.ended {
                            self.place = self.after_request();
                        }
                    }
                    Err((taken, error)) => {
                        self.good += taken;
                        return self.refuse(error, Verdict::Late);
                    }
                },
            }
        }
    }

    fn after_request(&self) -> Place {
        if self.is_last {
            Place::End(false)
        } else {
            Place::Head
        }
    }

    /// Ends the input. The answer is the guard's own for a head, and the wrapper's for a body.
    fn refuse(&mut self, error: ProtocolError, verdict: Verdict) {
        match self.place {
            Place::Head => self.closing = Closing::Fault(error, verdict),
            Place::Body(_) => self.exchange.break_off(self.heads, error),
            Place::End(_) | Place::Asked => {}
        }
        self.place = Place::End(false);
    }

    /// The client has closed its side.
    fn end(&mut self) {
        if let Place::Head = self.place {
            // What is wrong with a head that is not whole does not depend on how it arrived.
            self.rescan.reset();
            self.check();
        }
        if let Place::Body(_) = self.place {
            self.refuse(bad("the body ended early"), Verdict::Late);
        }
        self.place = Place::End(true);
    }

    /// Tells the sweep what is waited for.
    fn enter_waiting(&self) {
        let Connection { watch, .. } = &self.connection;
        let now = self.connection.now();
        match self.place {
            _ if self.blocked => {}
            Place::Body(_) => watch.await_body(now),
            Place::Head if !self.buffer.is_empty() => watch.stay_in(Phase::Head, now),
            Place::Head if watch.phase() != Phase::New => watch.stay_in(Phase::Idle, now),
            Place::Head | Place::End(_) | Place::Asked => {}
        }
    }

    fn refuse_if_late(&mut self) -> bool {
        let verdict = match self.connection.watch.phase() {
            Phase::Head | Phase::Body => self.connection.watch.verdict(),
            _ => None,
        };
        if let Some(verdict) = verdict {
            self.refuse(late(verdict), verdict);
        }
        verdict.is_some()
    }

    /// Input of an upgraded connection: all bytes pass.
    fn poll_raw(
        &mut self,
        cx: &mut Context<'_>,
        mut out: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.buffer.is_empty() {
            if self.buffer.capacity() == 0 {
                self.buffer = spare::take();
            }
            self.buffer.reserve(READ);
            let read = pin!(self.connection.stream.read_buf(&mut self.buffer)).poll(cx);
            if let (Poll::Pending, Some(tie)) = (&read, self.exchange.tie()) {
                tie.wait(Direction::Read, cx)?;
            }
            if self.buffer.is_empty() {
                spare::put_back(std::mem::take(&mut self.buffer));
            }
            ready!(read)?;
        }
        let count = self.buffer.len().min(out.remaining());
        out.put_slice(self.buffer.get(..count).unwrap_or_default());
        self.buffer.advance(count);
        Poll::Ready(Ok(()))
    }

    fn poll_input(
        &mut self,
        cx: &mut Context<'_>,
        mut out: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(tie) = self.exchange.tie() {
            tie.check()?;
            return self.poll_raw(cx, out);
        }
        loop {
            if self.good > 0 {
                let count = self.good.min(out.remaining());
                out.put_slice(self.buffer.get(..count).unwrap_or_default());
                self.buffer.advance(count);
                self.good -= count;
                let has_more = self.good == 0 && !self.buffer.is_empty();
                self.exchange
                    .set_more(has_more && matches!(self.place, Place::Head));
                return Poll::Ready(Ok(()));
            }
            self.check();
            if self.good > 0 {
                let Connection { watch, .. } = &self.connection;
                watch.received_body(self.good, self.connection.now());
                watch.stay_in(Phase::Handling, self.connection.now());
                continue;
            }
            match self.place {
                Place::End(_) => return Poll::Ready(Ok(())),
                Place::Asked if self.exchange.is_answered(self.heads) => {
                    self.place = Place::Head;
                    continue;
                }
                // The answer polls hyper again.
                Place::Asked => return Poll::Pending,
                Place::Head | Place::Body(_) => {}
            }
            if self.buffer.capacity() == 0 {
                self.buffer = spare::take();
            }
            self.buffer.reserve(READ);
            let read = pin!(self.connection.stream.read_buf(&mut self.buffer)).poll(cx);
            match read {
                Poll::Ready(Ok(0)) => self.end(),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    if self.buffer.is_empty() {
                        // An idle connection holds no buffer.
                        spare::put_back(std::mem::take(&mut self.buffer));
                    }
                    self.enter_waiting();
                    if !self.refuse_if_late() {
                        return Poll::Pending;
                    }
                }
            }
        }
    }

    /// Notes whether a write went through.
    fn wrote<T>(&mut self, cx: &Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_pending() {
            if let Some(tie) = self.exchange.tie() {
                tie.wait(Direction::Write, cx)?;
            }
            if !self.blocked || self.progress {
                self.connection
                    .watch
                    .enter(Phase::Writing, self.connection.now());
            }
            self.blocked = true;
            self.progress = false;
        } else {
            self.progress = true;
            if self.exchange.tie().is_some() {
                // Nobody says when all is written.
                self.flushed();
            }
        }
        outcome
    }

    /// All output is with the kernel.
    fn flushed(&mut self) {
        if std::mem::take(&mut self.blocked) {
            let phase = match self.exchange.tie() {
                Some(_) => Phase::Upgraded,
                None => Phase::Handling,
            };
            self.connection.watch.enter(phase, self.connection.now());
            if self.reading {
                self.enter_waiting();
            }
        }
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.exchange.tie().is_some() {
            // The application may read on.
            let outcome = Pin::new(&mut self.connection.stream).poll_shutdown(cx);
            return self.wrote(cx, outcome);
        }
        loop {
            match &mut self.closing {
                Closing::No => self.closing = Closing::Shutdown { lingers: true },
                Closing::Fault(error, verdict) => {
                    let mut bytes = Vec::new();
                    self.connection.reject(error, &mut bytes);
                    // Somebody waits for the place of an evicted connection.
                    let lingers = *verdict == Verdict::Late;
                    self.closing = Closing::Answer {
                        bytes,
                        sent: 0,
                        lingers,
                    };
                }
                Closing::Answer {
                    bytes,
                    sent,
                    lingers,
                } => {
                    let rest = bytes.get(*sent..).unwrap_or_default();
                    if rest.is_empty() {
                        self.closing = Closing::Shutdown { lingers: *lingers };
                        continue;
                    }
                    let outcome = Pin::new(&mut self.connection.stream).poll_write(cx, rest);
                    if let Poll::Ready(Ok(count)) = outcome {
                        *sent += count;
                    }
                    if ready!(self.wrote(cx, outcome))? == 0 {
                        return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                    }
                }
                Closing::Shutdown { lingers } => {
                    let lingers = *lingers;
                    // An encrypted stream says goodbye, which the client may not take.
                    let outcome = Pin::new(&mut self.connection.stream).poll_shutdown(cx);
                    ready!(self.wrote(cx, outcome))?;
                    if !lingers || matches!(self.place, Place::End(true)) {
                        return Poll::Ready(Ok(()));
                    }
                    self.connection
                        .watch
                        .enter(Phase::Closing, self.connection.now());
                    self.closing = Closing::Draining(0);
                }
                Closing::Draining(drained) => {
                    let mut scratch = [0; 2048];
                    let mut buffer = ReadBuf::new(&mut scratch);
                    ready!(Pin::new(&mut self.connection.stream).poll_read(cx, &mut buffer))?;
                    *drained += buffer.filled().len();
                    if buffer.filled().is_empty() || *drained > MOST_DRAINED {
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }
    }
}

/// The answer to a client that took too long or has to make room.
pub(crate) fn late(verdict: Verdict) -> ProtocolError {
    match verdict {
        Verdict::Late => ProtocolError {
            status: StatusCode::REQUEST_TIMEOUT,
            reason: "the request took too long to arrive",
        },
        Verdict::Evicted => ProtocolError {
            status: StatusCode::SERVICE_UNAVAILABLE,
            reason: "the server has no room for a request that is not complete",
        },
    }
}

/// hyper would refuse a target that is no URI with an answer of its own.
fn checked(buffer: &[u8], head: Option<Head>) -> Result<Option<Head>, ProtocolError> {
    match &head {
        Some(head) if Uri::try_from(head.target.of(buffer)).is_err() => Err(NOT_A_URI),
        _ => Ok(head),
    }
}

pub(crate) const NOT_A_URI: ProtocolError = bad("the request target is not a URI");

impl<A> Drop for Guard<A> {
    fn drop(&mut self) {
        if let Some(tie) = self.exchange.tie() {
            if self.blocked && tie.check().is_err() {
                presence::reset_at_close(self.connection.stream.number());
            }
            tie.release();
        }
    }
}

impl<A: Application> hyper::rt::Read for Guard<A> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let me = self.get_mut();
        let outcome = me.poll_input(cx, buffer);
        me.reading = outcome.is_pending();
        outcome
    }
}

impl<A: Application> hyper::rt::Write for Guard<A> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let me = self.get_mut();
        me.exchange.tie().map_or(Ok(()), Tie::check)?;
        let outcome = Pin::new(&mut me.connection.stream).poll_write(cx, bytes);
        me.wrote(cx, outcome)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let me = self.get_mut();
        me.exchange.tie().map_or(Ok(()), Tie::check)?;
        let outcome = Pin::new(&mut me.connection.stream).poll_write_vectored(cx, slices);
        me.wrote(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let me = self.get_mut();
        let outcome = Pin::new(&mut me.connection.stream).poll_flush(cx);
        // hyper flushes when it has written all it had.
        ready!(me.wrote(cx, outcome))?;
        me.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_close(cx)
    }
}
