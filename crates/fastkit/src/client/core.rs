//! [`Core`]: what all clones of a client share, and the life of a call: attempts, waits, the end.
//!
//! Both clients run their calls here. A [`Call`] is prepared where the caller stands, since the
//! request that is being served is known there; it may run elsewhere.

use super::{
    Error, Response, RetryPolicy,
    attempt::{Answer, AnswerBody, Failure},
    body::Body,
    clock::{Clock, after},
    defaults::Defaults,
    error::Kind,
    host::{Host, Hosts, Leave},
    request::{Request, replace_headers},
    response::{Head, id_text},
    retry::retry_after,
    stream::ResponseStream,
    transport::{self, Transport},
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

pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Stands in the log for the status of a call that nobody waited for to the end.
const NO_STATUS: u16 = 0;
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

#[derive(Debug)]
pub(super) struct Core {
    pub(super) transport: Transport,
    /// Its headers have a place for the id of a request, so that a copy has room for it.
    pub(super) defaults: Defaults,
    /// The id of every request, where they all have the same.
    pub(super) request_id: Option<HeaderValue>,
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
#[derive(Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) url: Url,
    /// Besides those of every request, or instead of them.
    own_headers: HeaderMap,
    pub(super) mode: Mode,
    pub(super) retry: Arc<RetryPolicy>,
    /// Whether it can be sent twice without harm.
    pub(super) may_repeat: bool,
    timeout: Option<Duration>,
    /// When the request that is being served has to be answered.
    deadline: Option<Instant>,
    request_id: HeaderValue,
}

impl Call {
    /// Whether an answer of this status is no final one.
    pub(super) fn is_retried(&self, status: StatusCode) -> bool {
        self.may_repeat && self.retry.calls_for_retry(status)
    }

    /// `https://example.com:8443`.
    fn origin(&self) -> &str {
        &self.url[..Position::BeforePath]
    }

    fn request_id(&self) -> &str {
        id_text(&self.request_id)
    }
}

impl Core {
    /// Everything that depends on the caller and on the client's settings.
    pub(super) fn prepare(&self, request: Request, mode: Mode) -> Result<(Box<Call>, Body), Error> {
        let served = Served::current();
        let (method, url, mut headers, body, options) = request.finish(&self.defaults.headers)?;
        let retry = options
            .retry
            .map_or_else(|| self.defaults.retry.clone(), Arc::new);
        retry.check()?;
        // Exactly one: the caller's own, that of the request being served, or a new one.
        let request_id = headers
            .remove(X_REQUEST_ID)
            .or_else(|| self.request_id.clone())
            .unwrap_or_else(|| {
                let served = served.as_ref().map(|served| served.id);
                value_of(served.unwrap_or_else(RequestId::random))
            });
        if let Some(trace) = served.as_ref().and_then(|served| served.trace.as_ref())
            && !headers.contains_key(TRACEPARENT)
            && !self.defaults.headers.contains_key(TRACEPARENT)
        {
            let value = HeaderValue::from_str(trace.parent()).ok();
            value.map(|value| headers.insert(TRACEPARENT, value));
            let value = trace
                .state()
                .and_then(|state| HeaderValue::from_str(state).ok());
            value.map(|value| headers.insert(TRACESTATE, value));
        }
        let call = Call {
            may_repeat: [&headers, &self.defaults.headers]
                .iter()
                .any(|headers| retry.may_repeat(&method, headers))
                && body.repeat().is_some(),
            method,
            url,
            own_headers: headers,
            mode,
            retry,
            timeout: options.timeout.unwrap_or(self.defaults.timeout),
            deadline: served.and_then(|served| served.deadline),
            request_id,
        };
        Ok((Box::new(call), body))
    }

    /// The headers of a request of the call.
    pub(super) fn headers(&self, call: &Call) -> HeaderMap {
        let mut headers = self.defaults.headers.clone();
        if let Some(place) = headers.get_mut(X_REQUEST_ID) {
            *place = call.request_id.clone();
        }
        if !call.own_headers.is_empty() {
            replace_headers(&mut headers, call.own_headers.clone());
        }
        headers
    }

    /// Makes the call and reads the answer.
    #[expect(
        clippy::manual_async_fn,
        reason = "an async fn has room for its arguments twice, which each call would pay for"
    )]
    pub(super) fn whole(
        self: Arc<Self>,
        call: Box<Call>,
        mut body: Body,
    ) -> impl Future<Output = Result<Response, Error>> + Send {
        async move {
            let (answer, course) = self.run(&call, &mut body).await?;
            let (head, body) = head(call, answer, course);
            Ok(response(head, body))
        }
    }

    /// Makes the call and leaves the body to the caller.
    pub(super) async fn stream(
        self: Arc<Self>,
        call: Box<Call>,
        mut body: Body,
    ) -> Result<ResponseStream, Error> {
        let timeout = call.timeout;
        let (answer, course) = self.run(&call, &mut body).await?;
        let (head, body) = head(call, answer, course);
        Ok(ResponseStream::new(head, body, timeout))
    }

    /// Attempts, and one line in the log, also if it is dropped on the way. No `async fn`, which would hold what the
    /// guard holds a second time.
    fn run<'a>(
        &'a self,
        call: &'a Call,
        body: &'a mut Body,
    ) -> impl Future<Output = Result<(Answer, Course), Error>> + Send + 'a {
        let mut life = Life {
            core: self,
            call,
            body,
            started: self.clock.now(),
            attempts: 0,
            ended: false,
        };
        async move {
            let outcome = life
                .core
                .attempts(life.call, life.body, life.started, &mut life.attempts)
                .await;
            let course = life.end();
            let Life { core, call, .. } = life;
            let outcome = outcome.map_err(|ended| match ended {
                Ended::Failed(error) => error
                    .of(&call.method, call.url.as_str())
                    .after(course.attempts),
                Ended::Exhausted(answer, why) => {
                    let text = format!("answered with {}, {why}", answer.status.as_u16());
                    let (head, body) = head(Box::new(call.clone()), *answer, course);
                    Error::answer(Kind::Exhausted, text, response(head, body))
                }
            });
            core.tell(call, life.body, Some(outcome.as_ref()), course);
            Ok((outcome?, course))
        }
    }

    /// Attempts until one is final, or no other may follow.
    async fn attempts(
        &self,
        call: &Call,
        body: &mut Body,
        started: Instant,
        attempts: &mut u32,
    ) -> Result<Answer, Ended> {
        transport::runtime().map_err(Ended::Failed)?;
        let most = after(started, call.retry.max_delay);
        let deadline = call.deadline.map_or(most, |deadline| deadline.min(most));
        let mut host = match self.defaults.breaker {
            Some(_) => self.host(call),
            None => self.hosts.known(call.origin()),
        };
        host.earn();
        let mut now = started;
        loop {
            if now >= deadline {
                let text = "the time for this call is over";
                return Err(Ended::Failed(Error::new(Kind::Timeout, text)));
            }
            let leave = host
                .leave(self.defaults.breaker.as_ref(), now)
                .map_err(Ended::Failed)?;
            *attempts += 1;
            let end = call
                .timeout
                .map_or(deadline, |timeout| deadline.min(after(now, timeout)));
            // Then it is the caller who has no more time, which says nothing of the host.
            let cut = call.deadline == Some(end);
            let end = self.clock.real(end);
            // In a scope, lest an answer's room is kept for the time of the wait.
            let (wait, why) = {
                let outcome = self.hedged(call, body, end, attempts).await;
                self.report(leave, &outcome, cut);
                match self.judge(call, body, outcome, *attempts, deadline) {
                    Verdict::Final(outcome) => return outcome,
                    Verdict::Again(wait, why) => (wait, why),
                }
            };
            self.pause(call, *attempts, wait, &why).await;
            now = self.clock.now();
            host = self.host(call);
        }
    }

    /// Tells the breaker of the host how an attempt went. `cut`: it had less time than the client gives one.
    fn report(&self, leave: Leave<'_>, outcome: &Result<Answer, Failure>, cut: bool) {
        match outcome {
            Ok(answer)
                if answer.status != StatusCode::TOO_MANY_REQUESTS
                    && self.defaults.retry.statuses.contains(&answer.status) =>
            {
                leave.bad(self.clock.now());
            }
            Ok(_) => leave.good(),
            Err(failure) if failure.transient && !(failure.late && cut) => {
                leave.bad(self.clock.now());
            }
            Err(_) => drop(leave),
        }
    }

    /// Whether an attempt was the last one.
    fn judge(
        &self,
        call: &Call,
        body: &Body,
        outcome: Result<Answer, Failure>,
        attempts: u32,
        deadline: Instant,
    ) -> Verdict {
        match outcome {
            Ok(answer) if !call.is_retried(answer.status) => Verdict::Final(Ok(answer)),
            Ok(answer) => {
                let asked = retry_after(&answer.headers, SystemTime::now());
                match self.wait(call, attempts, asked, deadline) {
                    Err(why) => Verdict::Final(Err(Ended::Exhausted(Box::new(answer), why))),
                    Ok(wait) => {
                        let why = format!("answered with {}", answer.status.as_u16());
                        Verdict::Again(wait, why)
                    }
                }
            }
            Err(failure) => {
                let may_repeat = call.may_repeat
                    || (failure.unsent && call.retry.attempts > 1 && body.repeat().is_some());
                let wait = match failure.transient && may_repeat {
                    true => self.wait(call, attempts, None, deadline).ok(),
                    false => None,
                };
                match wait {
                    None => Verdict::Final(Err(Ended::Failed(failure.error))),
                    Some(wait) => Verdict::Again(wait, failure.error.to_string()),
                }
            }
        }
    }

    /// The host of a call, which is remembered from now on.
    pub(super) fn host(&self, call: &Call) -> Arc<Host> {
        self.hosts.of(call.origin())
    }

    /// How long to wait for the next attempt, or why there is none.
    fn wait(
        &self,
        call: &Call,
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
        if !self.host(call).spend_retry() {
            return Err("and the host has got as many retries as it may (retry budget)".to_owned());
        }
        Ok(wait)
    }

    async fn pause(&self, call: &Call, attempts: u32, wait: Duration, why: &str) {
        tracing::warn!(
            method = call.method.as_str(),
            url = &*mask_url(call.url.as_str()),
            request_id = call.request_id(),
            attempts,
            wait_ms = wait.as_millis() as u64,
            "trying an HTTP call again: {why}"
        );
        self.clock.sleep(wait).await;
    }

    /// Tells the log that the call is over. Without an outcome if it was dropped before it had one.
    fn tell(
        &self,
        call: &Call,
        body: &Body,
        outcome: Option<Result<&Answer, &Error>>,
        course: Course,
    ) {
        let Some(log) = self.defaults.log.log() else {
            return;
        };
        let none = HeaderMap::new();
        let (status, headers, answer_body) = match outcome {
            None => (NO_STATUS, &none, Some(b"".as_slice())),
            Some(Ok(answer)) => {
                let body = match &answer.body {
                    AnswerBody::Whole(body) => Some(body.as_ref()),
                    AnswerBody::Open(_) => None,
                };
                (answer.status.as_u16(), &answer.headers, body)
            }
            Some(Err(error)) => {
                let answer = error.response();
                let headers = answer.map_or(&none, Response::headers);
                let body = answer.map_or(b"".as_slice(), |answer| answer.bytes());
                let code = u16::try_from(error.code()).unwrap_or(600);
                (code, headers, Some(body))
            }
        };
        let uri = call.url.as_str().parse().unwrap_or_default();
        log.log(&Record {
            direction: Direction::Out {
                attempts: course.attempts,
            },
            method: call.method.as_str(),
            uri: &uri,
            request_headers: &self.headers(call),
            request_body: body.as_bytes().map(AsRef::as_ref),
            request_truncated: false,
            status,
            response_headers: headers,
            constant_headers: None,
            response_body: answer_body,
            response_truncated: false,
            latency_ms: course.elapsed.as_millis() as u64,
            request_id: call.request_id(),
        });
    }
}

/// A call from its beginning to its end. It may be dropped on the way, with the future that it runs in, and is then
/// told to the log here: what it has sent is sent.
struct Life<'a> {
    core: &'a Core,
    call: &'a Call,
    body: &'a mut Body,
    started: Instant,
    attempts: u32,
    ended: bool,
}

impl Life<'_> {
    fn course(&self) -> Course {
        let now = self.core.clock.now();
        Course {
            attempts: self.attempts,
            elapsed: now.saturating_duration_since(self.started),
        }
    }

    /// It has come to its end.
    fn end(&mut self) -> Course {
        self.ended = true;
        self.course()
    }
}

impl Drop for Life<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.core.tell(self.call, self.body, None, self.course());
        }
    }
}

/// What a call took.
#[derive(Clone, Copy)]
struct Course {
    attempts: u32,
    elapsed: Duration,
}

/// What follows an attempt.
enum Verdict {
    Final(Result<Answer, Ended>),
    /// Another one after a time, and why.
    Again(Duration, String),
}

/// A call without a usable answer.
enum Ended {
    Failed(Error),
    /// The last answer still called for a retry; and why there is none.
    Exhausted(Box<Answer>, String),
}

fn head(call: Box<Call>, answer: Answer, course: Course) -> (Head, AnswerBody) {
    let Call {
        method,
        url,
        request_id,
        ..
    } = *call;
    let (method, url) = match answer.moved {
        None => (method, url),
        Some(moved) => *moved,
    };
    let head = Head {
        method,
        url: url.into(),
        status: answer.status,
        version: answer.version,
        headers: answer.headers,
        attempts: course.attempts,
        elapsed: course.elapsed,
        request_id,
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

/// The id as it is, in one piece of memory that all copies share.
fn value_of(id: RequestId) -> HeaderValue {
    struct Shared(RequestId);
    impl AsRef<[u8]> for Shared {
        fn as_ref(&self) -> &[u8] {
            self.0.as_bytes()
        }
    }
    // The characters of an id are all allowed in a header.
    HeaderValue::from_maybe_shared(Bytes::from_owner(Shared(id)))
        .unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ClientBuilder;

    /// Each call is an allocation of this size, and what is larger takes the slow way of glibc's allocator.
    #[test]
    fn a_call_takes_little_room() {
        let core = Arc::new(ClientBuilder::new().core().unwrap());
        let request = Request::new(None, Method::GET, "http://127.0.0.1/");
        let (call, body) = core.prepare(request, Mode::Whole).unwrap();
        let size = size_of_val(&core.whole(call, body));
        assert!(size <= 1032, "{size} bytes");
    }
}
