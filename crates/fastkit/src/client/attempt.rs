//! One attempt of a call: it is sent, redirects are followed, the answer is read. Or two of them, where
//! a slow one gets a rival (hedging).
//!
//! What is to be made of a failure is only said here ([`Failure`]), not done.

use super::{
    Error,
    body::Body,
    core::{Call, Core, Mode},
    error::Kind,
    redirect::{self, Target},
};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header};
use std::{
    borrow::Cow, error::Error as StdError, future::poll_fn, io, pin::Pin, task::Poll, time::Instant,
};
use url::Url;

/// How much is read of an answer that is only quoted in an error.
const GLIMPSE: usize = 64 * 1024;
/// How often a request is sent again at once after an upstream has refused it unseen.
const REFUSALS: u32 = 2;

/// An answer of an attempt.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) version: Version,
    pub(super) headers: HeaderMap,
    pub(super) body: AnswerBody,
    /// What was asked for in the end, where redirects led away from the call's own method and URL.
    pub(super) moved: Option<Box<(Method, Url)>>,
}

pub(super) enum AnswerBody {
    Whole(Bytes),
    /// Boxed: what most answers have is small.
    Open(Box<reqwest::Response>),
}

/// An attempt without an answer.
pub(super) struct Failure {
    pub(super) error: Error,
    /// Whether another attempt may go better.
    pub(super) transient: bool,
    /// Whether the upstream has seen nothing of the request.
    pub(super) unsent: bool,
    /// Whether the attempt's time was over.
    pub(super) late: bool,
}

impl Failure {
    /// One that would be the same the next time.
    fn lasting(error: Error) -> Self {
        Self {
            error,
            transient: false,
            unsent: false,
            late: false,
        }
    }

    fn redirect(text: impl Into<Cow<'static, str>>) -> Self {
        Self::lasting(Error::new(Kind::Redirect, text))
    }

    pub(super) fn timeout(text: &'static str) -> Self {
        Self {
            error: Error::new(Kind::Timeout, text),
            transient: true,
            unsent: false,
            late: true,
        }
    }

    /// `first`: nothing was sent before, as it is after a redirect.
    fn transport(error: reqwest::Error, first: bool) -> Self {
        let (kind, text) = classify(&error);
        let connecting = error.is_connect();
        Self {
            transient: !matches!(kind, Kind::Builder | Kind::Tls | Kind::Decode),
            unsent: connecting && first,
            late: false,
            error: Error::transport(kind, text, error),
        }
    }
}

/// What an error of the transport is for us.
pub(super) fn classify(error: &reqwest::Error) -> (Kind, &'static str) {
    if error.is_builder() {
        (Kind::Builder, "the request cannot be made")
    } else if error.is_timeout() {
        match error.is_connect() {
            true => (Kind::Timeout, "no connection in time"),
            false => (Kind::Timeout, "no answer in time"),
        }
    } else if find::<rustls::Error>(error).is_some() {
        (Kind::Tls, "no secure connection")
    } else if error.is_dns() {
        (Kind::Dns, "the host's name cannot be resolved")
    } else if let Some(error) = find::<io::Error>(error)
        && matches!(
            error.kind(),
            io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof
        )
    {
        (Kind::Network, "the connection was reset")
    } else if error.is_connect() {
        (Kind::Connect, "no connection")
    } else if error.is_decode()
        && let Some(error) = find::<io::Error>(error)
        && matches!(
            error.kind(),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
        )
    {
        (Kind::Decode, "the answer cannot be decompressed")
    } else {
        (Kind::Network, "the connection broke")
    }
}

/// Whether the upstream says that it has not looked at the request (RFC 9113, 8.7): it closes its HTTP/2 connection in
/// good order, or wants fewer requests on it. Nothing speaks against another connection then, at once.
fn is_refused(error: &reqwest::Error) -> bool {
    find::<h2::Error>(error).is_some_and(|error| {
        let reason = match error.is_go_away() {
            true => h2::Reason::NO_ERROR,
            false => h2::Reason::REFUSED_STREAM,
        };
        error.is_remote() && error.reason() == Some(reason)
    })
}

/// The first error of this type in the chain, those wrapped by `io::Error` included.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        // The source of a wrapping `io::Error` is that of the wrapped one, which itself is left out.
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}

impl Core {
    /// An attempt, with a rival where that was asked for and may be. It ends at `end` at the latest.
    pub(super) async fn hedged(
        &self,
        call: &Call,
        body: &mut Body,
        end: Instant,
        attempts: &mut u32,
    ) -> Result<Answer, Failure> {
        let rival = self.defaults.hedge_after.filter(|_| call.may_repeat);
        let Some((after, mut copy)) = rival.and_then(|after| Some((after, body.repeat()?))) else {
            return self.attempt(call, body, end).await;
        };
        // Boxed as a whole, since calls without rivals would have to carry it along.
        Box::pin(async move {
            let mut first = Box::pin(self.attempt(call, body, end));
            if let Ok(outcome) = tokio::time::timeout(after, first.as_mut()).await {
                return outcome;
            }
            if !self.host(call).spend_retry() {
                return first.await;
            }
            *attempts += 1;
            let second = Box::pin(self.attempt(call, &mut copy, end));
            let usable = |outcome: &Result<Answer, Failure>| matches!(outcome, Ok(answer) if !call.retry.calls_for_retry(answer.status));
            race([first, second], usable).await
        })
        .await
    }

    async fn attempt(&self, call: &Call, body: &mut Body, end: Instant) -> Result<Answer, Failure> {
        tokio::time::timeout_at(end.into(), self.follow(call, body))
            .await
            .unwrap_or_else(|_| Err(Failure::timeout("no answer in time")))
    }

    /// Sends, goes where the answer sends us, and reads the last one.
    async fn follow(&self, call: &Call, body: &mut Body) -> Result<Answer, Failure> {
        let mut moved = None;
        let mut response = self
            .send(&call.method, &call.url, || self.headers(call), body, true)
            .await?;
        if self.target(&call.method, &call.url, &response).is_some() {
            // Boxed, since calls without redirects would have to carry it along.
            let redirected = Box::pin(self.redirected(call, body.next(), response));
            (response, moved) = redirected.await?;
        }
        let status = response.status();
        let version = response.version();
        let headers = std::mem::take(response.headers_mut());
        let stays_open = call.mode == Mode::Stream;
        let body = if stays_open && !call.is_retried(status) {
            AnswerBody::Open(Box::new(response))
        } else {
            let glimpse = stays_open.then_some(GLIMPSE);
            AnswerBody::Whole(self.collect(&mut response, glimpse).await?)
        };
        Ok(Answer {
            status,
            version,
            headers,
            body,
            moved,
        })
    }

    /// Where an answer sends us, if we go there.
    fn target(&self, method: &Method, url: &Url, response: &reqwest::Response) -> Option<Target> {
        if self.defaults.redirects == 0 || *method == Method::HEAD {
            return None;
        }
        redirect::target(response.status(), response.headers(), url)
    }

    /// Goes where the answer sends us. The last answer, and what it is an answer to where that is something else.
    async fn redirected(
        &self,
        call: &Call,
        mut body: Body,
        mut response: reqwest::Response,
    ) -> Result<(reqwest::Response, Option<Box<(Method, Url)>>), Failure> {
        let (mut method, mut url) = (call.method.clone(), call.url.clone());
        let mut headers = self.headers(call);
        let mut visited: Vec<(Method, Url)> = Vec::new();
        while let Some(target) = self.target(&method, &url, &response) {
            let (next, with_body) = redirect::next_method(response.status(), &method);
            if !with_body {
                body = Body::default();
            } else if body.is_gone() {
                // It cannot be sent again: the redirect itself is the answer.
                break;
            }
            let Target::Url(to) = target else {
                return Err(Failure::redirect("a redirect goes to what is no HTTP URL"));
            };
            visited.push((method, url.clone()));
            if visited.iter().any(|(m, u)| *m == next && *u == to) {
                return Err(Failure::redirect("the redirects go in a circle"));
            }
            if visited.len() > self.defaults.redirects as usize {
                let text = format!("more than {} redirects", self.defaults.redirects);
                return Err(Failure::redirect(text));
            }
            redirect::adapt_headers(&mut headers, &url, &to, with_body);
            (method, url) = (next, to);
            response = self
                .send(&method, &url, || headers.clone(), &mut body, false)
                .await?;
        }
        let moved = (!visited.is_empty()).then(|| Box::new((method, url)));
        Ok((response, moved))
    }

    /// Sends one request. `first`: nothing was sent before, as it is after a redirect.
    async fn send(
        &self,
        method: &Method,
        url: &Url,
        headers: impl Fn() -> HeaderMap,
        body: &mut Body,
        first: bool,
    ) -> Result<reqwest::Response, Failure> {
        let pool = self.transport.pool().map_err(Failure::lasting)?;
        let mut refusals = 0;
        loop {
            let content = body.next().into_wire().await.map_err(Failure::lasting)?;
            match pool.execute(request(method, url, headers(), content)).await {
                Ok(response) => return Ok(response),
                Err(error) if refusals < REFUSALS && is_refused(&error) && !body.is_gone() => {
                    refusals += 1;
                }
                Err(error) => return Err(Failure::transport(error, first)),
            }
        }
    }

    /// The whole body, or the beginning where no more is of interest.
    async fn collect(
        &self,
        response: &mut reqwest::Response,
        glimpse: Option<usize>,
    ) -> Result<Bytes, Failure> {
        let limit = glimpse.unwrap_or(self.defaults.max_size);
        let too_large = || {
            let text = format!("the answer is larger than {limit} bytes (max_response_size)");
            Failure::lasting(Error::new(Kind::TooLarge, text))
        };
        let told = response.content_length().unwrap_or(0);
        if glimpse.is_none() && told > limit as u64 {
            return Err(too_large());
        }
        let broke = |error| Failure::transport(error, false);
        let Some(first) = response.chunk().await.map_err(broke)? else {
            return Ok(Bytes::new());
        };
        // Most answers come in one piece, which is taken as it is.
        let mut all = None;
        let mut last = first;
        loop {
            let so_far = all.as_ref().map_or(0, BytesMut::len);
            if so_far + last.len() > limit {
                if glimpse.is_none() {
                    return Err(too_large());
                }
                let all = all.get_or_insert_with(BytesMut::new);
                all.extend_from_slice(&last[..limit - so_far]);
                return Ok(std::mem::take(all).freeze());
            }
            match response.chunk().await.map_err(broke)? {
                None if so_far == 0 => return Ok(last),
                None => {
                    let mut all = all.unwrap_or_default();
                    all.extend_from_slice(&last);
                    return Ok(all.freeze());
                }
                Some(next) => {
                    let expected = usize::try_from(told).unwrap_or(0).min(limit);
                    all.get_or_insert_with(|| BytesMut::with_capacity(expected))
                        .extend_from_slice(&last);
                    last = next;
                }
            }
        }
    }
}

/// A request as the transport takes it; `body` with its length where the transport would not find it.
fn request(
    method: &Method,
    url: &Url,
    headers: HeaderMap,
    (body, length): (Option<reqwest::Body>, Option<u64>),
) -> reqwest::Request {
    let mut request = reqwest::Request::new(method.clone(), url.clone());
    *request.body_mut() = body;
    *request.headers_mut() = headers;
    if let Some(length) = length {
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    request
}

/// The first outcome that is usable, else the better of the two.
async fn race<F: Future<Output = Result<Answer, Failure>>>(
    rivals: [Pin<Box<F>>; 2],
    usable: impl Fn(&Result<Answer, Failure>) -> bool,
) -> Result<Answer, Failure> {
    let mut rivals = rivals.map(Some);
    let mut worse: Option<Result<Answer, Failure>> = None;
    poll_fn(move |cx| {
        for slot in &mut rivals {
            let Some(rival) = slot else { continue };
            let Poll::Ready(outcome) = rival.as_mut().poll(cx) else {
                continue;
            };
            *slot = None;
            if usable(&outcome) {
                return Poll::Ready(outcome);
            }
            match worse.take() {
                None => worse = Some(outcome),
                // An answer tells more than none.
                Some(Ok(answer)) => return Poll::Ready(Ok(answer)),
                Some(Err(_)) => return Poll::Ready(outcome),
            }
        }
        Poll::Pending
    })
    .await
}
