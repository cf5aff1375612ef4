//! [`Core`]: what all clones of a client share, and the life of a call: attempts, waits, the end.
//!
//! Both clients run their calls here. A [`Call`] is prepared where the caller stands, since the
//! request that is being served is known there; it may run elsewhere.

use super::{
    CircuitBreaker, Error, Response, RetryPolicy,
    attempt::{Answer, AnswerBody},
    body::Body,
    call_log::Target,
    clock::{Clock, after},
    error::Kind,
    host::{Host, Hosts},
    request::Request,
    response::Head,
    retry::retry_after,
    stream::ResponseStream,
    transport::Transport,
};
use crate::{
    access_log::{Direction, Record},
    context::{RequestId, Served},
    mask::mask_url,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use url::{Position, Url};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

#[derive(Debug)]
pub(super) struct Core {
    pub(super) transport: Transport,
    pub(super) base_url: Option<Url>,
    pub(super) headers: HeaderMap,
    pub(super) timeout: Option<Duration>,
    pub(super) retry: Arc<RetryPolicy>,
    pub(super) redirects: u32,
    pub(super) max_size: usize,
    pub(super) breaker: Option<CircuitBreaker>,
    pub(super) hedge_after: Option<Duration>,
    pub(super) log: Target,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) hosts: Hosts,
}

/// Whether the body of the answer is read before the call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Whole,
    Stream,
}

/// A request that is ready to be sent, as often as needed; its body goes beside it.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) mode: Mode,
    pub(super) retry: Arc<RetryPolicy>,
    /// Whether it can be sent twice without harm.
    pub(super) may_repeat: bool,
    timeout: Option<Duration>,
    /// When the request that is being served has to be answered.
    deadline: Option<Instant>,
    request_id: Arc<str>,
    /// The body as the log shows it.
    shown_body: Option<Bytes>,
}

impl Call {
    /// Whether an answer of this status is no final one.
    pub(super) fn is_retried(&self, status: StatusCode) -> bool {
        self.may_repeat && self.retry.calls_for_retry(status)
    }
}

impl Core {
    /// Everything that depends on the caller and on the client's settings.
    pub(super) fn prepare(&self, request: Request, mode: Mode) -> Result<(Call, Body), Error> {
        let served = Served::current();
        let (method, url, mut headers, body, options) = request.finish(&self.headers)?;
        let retry = options.retry.map_or_else(|| self.retry.clone(), Arc::new);
        retry.check()?;
        let request_id = identify(&mut headers, served.as_ref());
        if let Some(trace) = served.as_ref().and_then(|served| served.trace.as_ref())
            && !headers.contains_key(TRACEPARENT)
        {
            let value = HeaderValue::from_str(trace.parent()).ok();
            value.map(|value| headers.insert(TRACEPARENT, value));
            let value = trace
                .state()
                .and_then(|state| HeaderValue::from_str(state).ok());
            value.map(|value| headers.insert(TRACESTATE, value));
        }
        let call = Call {
            may_repeat: retry.may_repeat(&method, &headers) && body.repeat().is_some(),
            method,
            url,
            headers,
            mode,
            retry,
            timeout: options.timeout.unwrap_or(self.timeout),
            deadline: served.and_then(|served| served.deadline),
            request_id,
            shown_body: body.as_bytes().cloned(),
        };
        Ok((call, body))
    }

    /// Makes the call and reads the answer.
    pub(super) async fn whole(self: Arc<Self>, call: Call, body: Body) -> Result<Response, Error> {
        let (head, body) = self.run(&call, body).await?;
        Ok(response(head, body))
    }

    /// Makes the call and leaves the body to the caller.
    pub(super) async fn stream(
        self: Arc<Self>,
        call: Call,
        body: Body,
    ) -> Result<ResponseStream, Error> {
        let (head, body) = self.run(&call, body).await?;
        Ok(ResponseStream::new(head, body, call.timeout))
    }

    async fn run(&self, call: &Call, body: Body) -> Result<(Head, AnswerBody), Error> {
        let started = self.clock.now();
        let mut attempts = 0;
        let outcome = self.attempts(call, body, started, &mut attempts).await;
        let elapsed = self.clock.now().saturating_duration_since(started);
        let outcome = match outcome {
            Ok(answer) => Ok(head(call, answer, attempts, elapsed)),
            Err(Ended::Failed(error)) => {
                Err(error.of(&call.method, call.url.as_str()).after(attempts))
            }
            Err(Ended::Exhausted(answer, why)) => {
                let status = answer.status.as_u16();
                let (head, body) = head(call, *answer, attempts, elapsed);
                let text = format!("answered with {status}, {why}");
                Err(Error::answer(Kind::Exhausted, text, response(head, body)))
            }
        };
        self.tell(call, &outcome, attempts, elapsed);
        outcome
    }

    /// Attempts until one is final, or no other may follow.
    async fn attempts(
        &self,
        call: &Call,
        mut body: Body,
        started: Instant,
        attempts: &mut u32,
    ) -> Result<Answer, Ended> {
        let own = after(started, call.retry.max_delay);
        let deadline = call.deadline.map_or(own, |deadline| deadline.min(own));
        let host = self.hosts.of(&call.url[..Position::BeforePath]);
        host.earn();
        let mut now = started;
        loop {
            let left = deadline.saturating_duration_since(now);
            if left.is_zero() {
                let text = "the time for this call is over";
                return Err(Ended::Failed(Error::new(Kind::Timeout, text)));
            }
            let leave = host
                .leave(self.breaker.as_ref(), now)
                .map_err(Ended::Failed)?;
            *attempts += 1;
            let limit = call.timeout.map_or(left, |timeout| timeout.min(left));
            let outcome = self.hedged(call, body.next(), limit, &host, attempts).await;
            match outcome {
                Ok(answer) => {
                    let asks_for_retry = self.retry.statuses.contains(&answer.status);
                    match asks_for_retry && answer.status != StatusCode::TOO_MANY_REQUESTS {
                        true => leave.bad(self.clock.now()),
                        false => leave.good(),
                    }
                    if !call.is_retried(answer.status) {
                        return Ok(answer);
                    }
                    let asked = retry_after(&answer.headers, SystemTime::now());
                    match self.wait(call, &host, *attempts, asked, deadline) {
                        Err(why) => return Err(Ended::Exhausted(Box::new(answer), why)),
                        Ok(wait) => {
                            let status = answer.status.as_u16();
                            drop(answer);
                            self.pause(call, *attempts, wait, &format!("answered with {status}"))
                                .await;
                        }
                    }
                }
                Err(failure) => {
                    match failure.transient {
                        true => leave.bad(self.clock.now()),
                        false => drop(leave),
                    }
                    let may_repeat = call.may_repeat
                        || (failure.unsent && call.retry.attempts > 1 && body.repeat().is_some());
                    if !(failure.transient && may_repeat) {
                        return Err(Ended::Failed(failure.error));
                    }
                    match self.wait(call, &host, *attempts, None, deadline) {
                        Err(_) => return Err(Ended::Failed(failure.error)),
                        Ok(wait) => self.pause(call, *attempts, wait, &failure.error).await,
                    }
                }
            }
            now = self.clock.now();
        }
    }

    /// How long to wait for the next attempt, or why there is none.
    fn wait(
        &self,
        call: &Call,
        host: &Host,
        attempts: u32,
        asked: Option<Duration>,
        deadline: Instant,
    ) -> Result<Duration, String> {
        if attempts >= call.retry.attempts {
            return Err("and no attempt is left".to_owned());
        }
        let wait = asked.unwrap_or_else(|| call.retry.wait(attempts, rand::random()));
        let left = deadline.saturating_duration_since(self.clock.now());
        if wait >= left {
            return Err(match asked {
                Some(wait) => format!(
                    "and asks to wait {} s, for which there is no time (Retry-After)",
                    wait.as_secs()
                ),
                None => "and no time is left".to_owned(),
            });
        }
        if !host.spend_retry() {
            return Err("and the host has got as many retries as it may (retry budget)".to_owned());
        }
        Ok(wait)
    }

    async fn pause(
        &self,
        call: &Call,
        attempts: u32,
        wait: Duration,
        why: &(dyn std::fmt::Display + Sync),
    ) {
        tracing::warn!(
            method = call.method.as_str(),
            url = &*mask_url(call.url.as_str()),
            request_id = &*call.request_id,
            attempts,
            wait_ms = wait.as_millis() as u64,
            "trying an HTTP call again: {why}"
        );
        self.clock.sleep(wait).await;
    }

    /// Tells the log that the call is over.
    fn tell(
        &self,
        call: &Call,
        outcome: &Result<(Head, AnswerBody), Error>,
        attempts: u32,
        elapsed: Duration,
    ) {
        let Some(log) = self.log.log() else { return };
        let none = HeaderMap::new();
        let (status, headers, body) = match outcome {
            Ok((head, AnswerBody::Whole(body))) => {
                (head.status.as_u16(), &head.headers, Some(body.as_ref()))
            }
            Ok((head, AnswerBody::Open(_))) => (head.status.as_u16(), &head.headers, None),
            Err(error) => {
                let answer = error.response();
                let headers = answer.map_or(&none, Response::headers);
                let body = answer.map_or(b"".as_slice(), |answer| answer.bytes());
                let code = u16::try_from(error.code()).unwrap_or(600);
                (code, headers, Some(body))
            }
        };
        let uri = call.url.as_str().parse().unwrap_or_default();
        log.log(&Record {
            direction: Direction::Out { attempts },
            method: call.method.as_str(),
            uri: &uri,
            request_headers: &call.headers,
            request_body: call.shown_body.as_deref(),
            request_truncated: false,
            status,
            response_headers: headers,
            constant_headers: None,
            response_body: body,
            response_truncated: false,
            latency_ms: elapsed.as_millis() as u64,
            request_id: &call.request_id,
        });
    }
}

/// A call without a usable answer.
enum Ended {
    Failed(Error),
    /// The last answer still called for a retry; and why there is none.
    Exhausted(Box<Answer>, String),
}

fn head(call: &Call, answer: Answer, attempts: u32, elapsed: Duration) -> (Head, AnswerBody) {
    let head = Head {
        method: answer.method,
        url: answer.url.into(),
        status: answer.status,
        version: answer.version,
        headers: answer.headers,
        attempts,
        elapsed,
        request_id: call.request_id.clone(),
    };
    (head, answer.body)
}

/// What the caller gets; a body that was left open is not in it.
fn response(head: Head, body: AnswerBody) -> Response {
    let body = match body {
        AnswerBody::Whole(body) => body,
        AnswerBody::Open(_) => Bytes::new(),
    };
    Response {
        head: Arc::new(head),
        body,
    }
}

/// Exactly one `x-request-id`: the caller's own, that of the request being served, or a new one.
fn identify(headers: &mut HeaderMap, served: Option<&Served>) -> Arc<str> {
    if let Some(own) = headers.get(X_REQUEST_ID).cloned() {
        let id = String::from_utf8_lossy(own.as_bytes()).into();
        headers.insert(X_REQUEST_ID, own);
        return id;
    }
    let id = served.map_or_else(RequestId::random, |served| served.id);
    if let Ok(value) = HeaderValue::from_bytes(id.as_bytes()) {
        headers.insert(X_REQUEST_ID, value);
    }
    id.as_str().into()
}
