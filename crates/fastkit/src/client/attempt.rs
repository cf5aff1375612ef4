//! One attempt of a call: it is sent, redirects are followed, the answer is read. Or two of them, where
//! a slow one gets a rival (hedging).
//!
//! What is to be made of a failure is only said here ([`Failure`]), not done.

use super::{
    Error,
    body::Body,
    core::{Call, Core, Mode},
    error::Kind,
    host::Host,
    redirect::{self, Target},
};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header};
use std::{error::Error as StdError, future::poll_fn, io, pin::Pin, task::Poll, time::Duration};
use url::Url;

/// How much is read of an answer that is only quoted in an error.
const GLIMPSE: usize = 64 * 1024;

/// An answer of an attempt.
pub(super) struct Answer {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) status: StatusCode,
    pub(super) version: Version,
    pub(super) headers: HeaderMap,
    pub(super) body: AnswerBody,
}

pub(super) enum AnswerBody {
    Whole(Bytes),
    Open(reqwest::Response),
}

/// An attempt without an answer.
pub(super) struct Failure {
    pub(super) error: Error,
    /// Whether another attempt may go better.
    pub(super) transient: bool,
    /// Whether the upstream has seen nothing of the request.
    pub(super) unsent: bool,
}

impl Failure {
    /// One that would be the same the next time.
    fn lasting(error: Error) -> Self {
        Self {
            error,
            transient: false,
            unsent: false,
        }
    }

    pub(super) fn timeout(text: &'static str) -> Self {
        Self {
            error: Error::new(Kind::Timeout, text),
            transient: true,
            unsent: false,
        }
    }

    /// `first`: nothing was sent before, as it is after a redirect.
    fn transport(error: reqwest::Error, first: bool) -> Self {
        let (kind, text) = classify(&error);
        let connecting = error.is_connect();
        Self {
            transient: !matches!(kind, Kind::Builder | Kind::Tls | Kind::Decode),
            unsent: connecting && first,
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
    /// An attempt, with a rival where that was asked for and may be.
    pub(super) async fn hedged(
        &self,
        call: &Call,
        body: Body,
        limit: Duration,
        host: &Host,
        attempts: &mut u32,
    ) -> Result<Answer, Failure> {
        let rival = self.hedge_after.filter(|_| call.may_repeat);
        let Some((after, copy)) = rival.and_then(|after| Some((after, body.repeat()?))) else {
            return self.attempt(call, body, limit).await;
        };
        let mut first = Box::pin(self.attempt(call, body, limit));
        if let Ok(outcome) = tokio::time::timeout(after, first.as_mut()).await {
            return outcome;
        }
        if !host.spend_retry() {
            return first.await;
        }
        *attempts += 1;
        let second = Box::pin(self.attempt(call, copy, limit.saturating_sub(after)));
        let usable = |outcome: &Result<Answer, Failure>| matches!(outcome, Ok(answer) if !call.retry.calls_for_retry(answer.status));
        race([first, second], usable).await
    }

    async fn attempt(&self, call: &Call, body: Body, limit: Duration) -> Result<Answer, Failure> {
        tokio::time::timeout(limit, self.follow(call, body))
            .await
            .unwrap_or_else(|_| Err(Failure::timeout("no answer in time")))
    }

    /// Sends, goes where the answer sends us, and reads the last one.
    async fn follow(&self, call: &Call, mut body: Body) -> Result<Answer, Failure> {
        let pool = self.transport.pool().map_err(Failure::lasting)?;
        let mut method = call.method.clone();
        let mut url = call.url.clone();
        // Those of the call, until a redirect takes some out.
        let mut adapted: Option<HeaderMap> = None;
        let mut visited: Vec<(Method, Url)> = Vec::new();
        loop {
            let kept = body.repeat();
            let (wire, length) = body.into_wire().await.map_err(Failure::lasting)?;
            let mut request = reqwest::Request::new(method.clone(), url.clone());
            *request.headers_mut() = adapted.as_ref().unwrap_or(&call.headers).clone();
            *request.body_mut() = wire;
            if let Some(length) = length {
                let headers = request.headers_mut();
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
            }
            let response = pool
                .execute(request)
                .await
                .map_err(|error| Failure::transport(error, visited.is_empty()))?;

            let status = response.status();
            let followed = self.redirects > 0 && method != Method::HEAD;
            let target = followed
                .then(|| redirect::target(status, response.headers(), &url))
                .flatten();
            let Some(target) = target else {
                return self.read(call, method, url, response).await;
            };
            let (next, with_body) = redirect::next_method(status, &method);
            body = match (with_body, kept) {
                (false, _) => Body::default(),
                (true, Some(body)) => body,
                // It cannot be sent again: the redirect itself is the answer.
                (true, None) => return self.read(call, method, url, response).await,
            };
            let Target::Url(to) = target else {
                let text = "a redirect goes to what is no HTTP URL";
                return Err(Failure::lasting(Error::new(Kind::Redirect, text)));
            };
            visited.push((method, url.clone()));
            if visited.iter().any(|(m, u)| *m == next && *u == to) {
                let text = "the redirects go in a circle";
                return Err(Failure::lasting(Error::new(Kind::Redirect, text)));
            }
            if visited.len() > self.redirects as usize {
                let text = format!("more than {} redirects", self.redirects);
                return Err(Failure::lasting(Error::new(Kind::Redirect, text)));
            }
            let headers = adapted.get_or_insert_with(|| call.headers.clone());
            redirect::adapt_headers(headers, &url, &to, with_body);
            (method, url) = (next, to);
        }
    }

    async fn read(
        &self,
        call: &Call,
        method: Method,
        url: Url,
        mut response: reqwest::Response,
    ) -> Result<Answer, Failure> {
        let status = response.status();
        let version = response.version();
        let headers = std::mem::take(response.headers_mut());
        let stays_open = call.mode == Mode::Stream;
        let body = if stays_open && !call.is_retried(status) {
            AnswerBody::Open(response)
        } else {
            let glimpse = stays_open.then_some(GLIMPSE);
            AnswerBody::Whole(self.collect(&mut response, glimpse).await?)
        };
        Ok(Answer {
            method,
            url,
            status,
            version,
            headers,
            body,
        })
    }

    /// The whole body, or the beginning where no more is of interest.
    async fn collect(
        &self,
        response: &mut reqwest::Response,
        glimpse: Option<usize>,
    ) -> Result<Bytes, Failure> {
        let limit = glimpse.unwrap_or(self.max_size);
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
