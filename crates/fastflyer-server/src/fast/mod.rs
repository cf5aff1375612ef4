//! The fast front: a small loop for plain HTTP/1.1 requests.
//!
//! Plain means: HTTP/1.1, a path as target, no body or one of known, moderate size, neither `Expect`
//! nor `Upgrade`. The head is scanned once, by the scan that guards hyper too; the request is built
//! from the scanned spans; the answers of a pipeline are written together. At the first request that
//! is not plain the connection goes to hyper for good, with the bytes already read. Key type:
//! [`Front`].

mod buffers;
mod output;
mod request;
mod response;

use crate::{
    Application, Body, ProtocolError, Service, answer,
    event_loop::{Connection, refuse_interim},
    guard::{NOT_A_URI, late},
    head::{self, Framing, Head, Persistence, Rescan, bad},
    header_maps::give_headers,
    http2, hyper_front, upgrade,
    watch::{Phase, Verdict},
};
use buffers::Buffers;
use bytes::{Buf, Bytes, BytesMut};
use http::Response;
use response::{Content, Sizing};
use std::{
    future::poll_fn,
    io,
    pin::{Pin, pin},
    task::Poll,
};
use tokio::io::AsyncReadExt as _;

/// Bodies up to this size are read before the application is called; larger ones go to hyper, which
/// hands them on as they come.
const MOST_BODY: u64 = 64 * 1024;
/// Room for one read.
const READ: usize = 4 * 1024;
/// Answers are written once this much has gathered, even if more requests wait.
const MOST_GATHERED: usize = 64 * 1024;
/// Bodies up to this size are copied behind their head; larger ones are written from where they are.
const MOST_COPIED: usize = 16 * 1024;

/// Serves a connection to its end.
pub(crate) async fn serve<A: Application>(connection: Connection<A>, service: A::Service) {
    let mut front = Front {
        connection,
        service,
        rescan: Rescan::default(),
        begun: None,
        served: false,
    };
    let mut buffers = None;
    // An I/O error means that nobody is left to be told.
    let Ok(end) = front.run(&mut buffers).await else {
        return;
    };
    // Boxed: the rare ways must not make every connection's task larger.
    match end {
        End::Gone => {}
        End::Close => Box::pin(front.connection.close()).await,
        End::Http2 => {
            let read = buffers.map_or_else(BytesMut::new, |mut buffers| buffers.take_input());
            let Front {
                connection,
                service,
                ..
            } = front;
            Box::pin(http2::serve(connection, service, read)).await;
        }
        End::Hyper => {
            let read = buffers.map_or_else(BytesMut::new, |mut buffers| buffers.take_input());
            let Front {
                connection,
                service,
                ..
            } = front;
            let served = Box::pin(hyper_front::serve(connection, service, read)).await;
            upgrade::outlast(served).await;
        }
    }
}

struct Front<A: Application> {
    connection: Connection<A>,
    service: A::Service,
    rescan: Rescan,
    /// A head whose body has not arrived whole.
    begun: Option<Head>,
    served: bool,
}

/// How the fast front is done with a connection.
enum End {
    /// The client has left, or somebody waits for its place.
    Gone,
    /// The last answer is written.
    Close,
    Hyper,
    Http2,
}

/// What is at the front of the input.
enum Next {
    Request(Head),
    More(Wait),
    Refuse(ProtocolError),
    Hyper,
}

/// What more input is waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wait {
    Request,
    Head,
    Body,
}

enum Filled {
    Some,
    End,
    Late(Verdict),
}

impl<A: Application> Front<A> {
    async fn run(&mut self, slot: &mut Option<Box<Buffers>>) -> io::Result<End> {
        loop {
            let wait = match slot {
                None => Wait::Request,
                Some(buffers) => match self.next(buffers) {
                    Next::Request(head) => {
                        if !self.answer(head, buffers).await? {
                            output::flush(&mut self.connection, &mut buffers.output, &[]).await?;
                            return Ok(End::Close);
                        }
                        continue;
                    }
                    Next::More(wait) => {
                        if !buffers.output.is_empty() {
                            output::flush(&mut self.connection, &mut buffers.output, &[]).await?;
                        }
                        wait
                    }
                    Next::Refuse(_)
                        if !self.served
                            && http2::is_spoken(
                                &self.connection.event_loop.config,
                                &buffers.input,
                            ) =>
                    {
                        return Ok(End::Http2);
                    }
                    Next::Refuse(error) => return self.refuse(error, Verdict::Late, buffers).await,
                    Next::Hyper => {
                        output::flush(&mut self.connection, &mut buffers.output, &[]).await?;
                        return Ok(End::Hyper);
                    }
                },
            };
            match (self.fill(slot, wait).await?, slot.as_mut()) {
                (Filled::Some, _) => {}
                (Filled::End, Some(buffers)) if wait == Wait::Body => {
                    return self
                        .refuse(bad("the body ended early"), Verdict::Late, buffers)
                        .await;
                }
                (Filled::End, Some(buffers)) if wait == Wait::Head => {
                    // What is wrong with a head that is not whole does not depend on how it arrived.
                    self.rescan.reset();
                    return match self.next(buffers) {
                        Next::Refuse(error) => self.refuse(error, Verdict::Late, buffers).await,
                        _ => Ok(End::Gone),
                    };
                }
                (Filled::Late(verdict), Some(buffers)) => {
                    return self.refuse(late(verdict), verdict, buffers).await;
                }
                (Filled::End | Filled::Late(_), _) => return Ok(End::Gone),
            }
        }
    }

    /// Looks for the next request in the input.
    fn next(&mut self, buffers: &mut Buffers) -> Next {
        let Buffers { input, fields, .. } = buffers;
        let begun = self.begun.take();
        let is_new = begun.is_none();
        let head = match begun {
            Some(head) => head,
            None => {
                while input.starts_with(b"\r\n") {
                    input.advance(2);
                }
                if input.is_empty() {
                    return Next::More(Wait::Request);
                }
                let limits = &self.connection.event_loop.config.limits;
                if !self.rescan.is_due(input, limits) {
                    return Next::More(Wait::Head);
                }
                fields.clear();
                match head::scan(input, limits, |name, value| fields.push((name, value))) {
                    Ok(Some(head)) => head,
                    Ok(None) => return Next::More(Wait::Head),
                    Err(error) => return Next::Refuse(error),
                }
            }
        };
        let length = match head.framing {
            _ if !head.plain => return Next::Hyper,
            Framing::None => 0,
            Framing::Length(length) if length <= MOST_BODY => length as usize,
            Framing::Length(_) | Framing::Chunked => return Next::Hyper,
        };
        self.rescan.reset();
        if input.len() < head.len + length {
            if is_new {
                self.connection.watch.begin_body();
            }
            self.begun = Some(head);
            return Next::More(Wait::Body);
        }
        Next::Request(head)
    }

    /// Reads more. An idle connection holds no buffers: they go back to the loop's pool.
    async fn fill(&mut self, slot: &mut Option<Box<Buffers>>, wait: Wait) -> io::Result<Filled> {
        poll_fn(|cx| {
            let buffers = slot.get_or_insert_with(buffers::take);
            let now = self.connection.now();
            buffers.input.reserve(READ);
            let read = pin!(self.connection.stream.read_buf(&mut buffers.input)).poll(cx);
            let watch = &self.connection.watch;
            match read {
                Poll::Ready(Ok(0)) => {
                    if wait == Wait::Request
                        && let Some(idle) = slot.take()
                    {
                        buffers::put_back(idle);
                    }
                    Poll::Ready(Ok(Filled::End))
                }
                Poll::Ready(Ok(count)) => {
                    if wait == Wait::Body {
                        watch.received_body(count, now);
                    }
                    Poll::Ready(Ok(Filled::Some))
                }
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                Poll::Pending => {
                    match wait {
                        Wait::Request => {
                            if self.served {
                                watch.stay_in(Phase::Idle, now);
                            }
                            if let Some(idle) = slot.take() {
                                buffers::put_back(idle);
                            }
                            return Poll::Pending;
                        }
                        Wait::Head => watch.stay_in(Phase::Head, now),
                        Wait::Body => watch.await_body(now),
                    }
                    watch.verdict().map_or(Poll::Pending, |verdict| {
                        Poll::Ready(Ok(Filled::Late(verdict)))
                    })
                }
            }
        })
        .await
    }

    /// Writes the protocol layer's answer behind what is gathered.
    async fn refuse(
        &mut self,
        error: ProtocolError,
        verdict: Verdict,
        buffers: &mut Buffers,
    ) -> io::Result<End> {
        self.connection.reject(&error, buffers.output.bytes());
        output::flush(&mut self.connection, &mut buffers.output, &[]).await?;
        Ok(if verdict == Verdict::Evicted {
            End::Gone
        } else {
            End::Close
        })
    }

    /// Has the request answered. False: it was the last one.
    async fn answer(&mut self, head: Head, buffers: &mut Buffers) -> io::Result<bool> {
        let is_head = head.method.of(&buffers.input) == b"HEAD";
        let Some(request) = request::take(&head, buffers) else {
            self.connection.reject(&NOT_A_URI, buffers.output.bytes());
            return Ok(false);
        };
        let event_loop = &self.connection.event_loop;
        self.connection
            .watch
            .enter(Phase::Handling, event_loop.state.now());
        event_loop.state.count(&event_loop.state.requests);
        self.served = true;

        let mut lost = None;
        let response: Option<Response<Body>> = {
            let Buffers { output, stamps, .. } = &mut *buffers;
            stamps.clear();
            let mut call = pin!(self.service.call(request, stamps));
            let connection = &mut self.connection;
            poll_fn(|cx| {
                if let Poll::Ready(response) = call.as_mut().poll(cx) {
                    return Poll::Ready(Some(response));
                }
                // What is answered already must not wait for this one.
                if let Poll::Ready(Err(error)) =
                    output::poll_flush(connection, output, &[], &mut 0, cx)
                {
                    lost = Some(error);
                    return Poll::Ready(None);
                }
                Poll::Pending
            })
            .await
        };
        match response {
            Some(response) => {
                self.write(response, is_head, head.persistence, buffers)
                    .await
            }
            None => Err(lost.unwrap_or_else(|| io::ErrorKind::BrokenPipe.into())),
        }
    }

    async fn write(
        &mut self,
        mut response: Response<Body>,
        is_head: bool,
        persistence: Persistence,
        buffers: &mut Buffers,
    ) -> io::Result<bool> {
        let is_interim = refuse_interim(&mut response);
        let (parts, body) = response.into_parts();
        let content = Content::of(&parts, body, is_head);
        let closes = is_interim
            || persistence == Persistence::Close
            || (self.connection.event_loop.is_stopping() && !self.has_more(buffers).await);
        let prepared = &self.connection.event_loop.state.prepared;
        let keeps = response::head(
            buffers.output.bytes(),
            &parts,
            buffers.stamps.lines(),
            content.sizing(),
            closes,
            prepared,
        );
        let endless =
            matches!(content, Content::Stream(..)) && answer::is_event_stream(&parts.headers);
        give_headers(parts.headers);
        match content {
            Content::Nothing(_) => {}
            Content::Full(body) if body.len() <= MOST_COPIED => {
                buffers.output.bytes().extend_from_slice(&body);
            }
            Content::Full(body) => {
                output::flush(&mut self.connection, &mut buffers.output, &body).await?;
            }
            Content::Stream(body, sizing) => {
                self.connection.watch.set_endless(endless);
                self.stream(body, sizing, buffers).await?;
                self.connection.watch.set_endless(false);
            }
        }
        if buffers.output.len() > MOST_GATHERED {
            output::flush(&mut self.connection, &mut buffers.output, &[]).await?;
        }
        Ok(keeps)
    }

    /// Whether more of a pipeline has arrived: its requests were sent in good faith, so that a stop
    /// answers them too before it closes the connection.
    async fn has_more(&mut self, buffers: &mut Buffers) -> bool {
        if !buffers.input.is_empty() {
            return true;
        }
        buffers.input.reserve(READ);
        poll_fn(|cx| {
            let read = pin!(self.connection.stream.read_buf(&mut buffers.input)).poll(cx);
            Poll::Ready(matches!(read, Poll::Ready(Ok(1..))))
        })
        .await
    }

    /// Writes a body as it comes. An error of the body ends the connection without the end of the
    /// body, so that the client does not take it for whole.
    async fn stream(
        &mut self,
        mut body: Body,
        sizing: Sizing,
        buffers: &mut Buffers,
    ) -> io::Result<()> {
        let output = &mut buffers.output;
        let connection = &mut self.connection;
        let mut left = sizing;
        loop {
            if output.len() > MOST_GATHERED {
                output::flush(connection, output, &[]).await?;
            }
            let frame = poll_fn(|cx| {
                if let Poll::Ready(frame) = http_body::Body::poll_frame(Pin::new(&mut body), cx) {
                    return Poll::Ready(Ok(frame));
                }
                match output::poll_flush(connection, output, &[], &mut 0, cx) {
                    Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                    _ => Poll::Pending,
                }
            })
            .await?;
            match frame {
                Some(Ok(frame)) => {
                    // Trailer fields are not sent: nobody has said that they are wanted.
                    if let Ok(data) = frame.into_data() {
                        let data: Bytes = data;
                        if data.len() <= MOST_COPIED {
                            left.append(output.bytes(), &data)?;
                        } else if left.begin(output.bytes(), data.len())? {
                            // A piece of any size that nobody reads must not be held twice.
                            output::flush(connection, output, &data).await?;
                            left.end(output.bytes());
                        }
                    }
                }
                Some(Err(error)) => {
                    // What was good of it is not held back.
                    output::flush(connection, output, &[]).await?;
                    return Err(io::Error::other(error));
                }
                None => return left.finish(output.bytes()),
            }
        }
    }
}
