//! The one place where bodies are shaped: success, failure and error become bytes here, and the
//! schemas of these shapes stand beside the code that writes them.
//!
//! The options of `flyer_response_*` are resolved into an [`Envelope`] once at start; a request
//! only asks it. What a body looks like is a [`Format`]; `template` writes it, `schema` documents it.
//! Key type: [`Envelope`].

mod accept;
mod answer;
mod exceptions;
mod fields;
pub(crate) mod format;
mod formats;
mod schema;
mod template;
#[cfg(test)]
mod tests;

pub use answer::Answer;
pub use exceptions::{Exception, FailureKind};
pub(crate) use exceptions::{Exceptions, Panicked};
pub use format::{DataKind, Field, Format, Shape, Slot};
pub use formats::{Flyer, Problem, Standard};

use crate::{
    Body, Response,
    context::Context,
    reply::{ApiError, Data, Origin, ReplyHead, json_response},
    validation::FieldErrors,
};
use fastkit::{
    context::RequestId,
    settings::{ErrorStatus, FieldRule, PageParams, ResponseFormat, Settings},
    status::{self, Locale, phrase},
};
use fields::Renamed;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, LazyLock},
};
use template::{Bodies, Template, Templates};

/// How bodies look: the response options in force, resolved once at start.
#[derive(Clone)]
pub struct Envelope {
    response_format: ResponseFormat,
    format: Arc<dyn Format>,
    bodies: Arc<Bodies>,
    /// Failures for clients that ask for problem details.
    problems: Arc<Problems>,
    exceptions: Arc<Exceptions>,
    error_status: ErrorStatus,
    code_base: u32,
    codes_url: Arc<str>,
    pub(crate) locale: Locale,
    pub(crate) page_params: PageParams,
    debug: bool,
}

/// Failures as problem details.
struct Problems {
    failed_reply: Templates,
    failure: Template,
}

impl Default for Envelope {
    /// The standard format in zh-CN, with the HTTP status of each code.
    fn default() -> Self {
        static DEFAULT: LazyLock<Envelope> = LazyLock::new(|| {
            #[expect(
                clippy::expect_used,
                reason = "a test makes each built-in format ready"
            )]
            let bodies = |format: &dyn Format| Bodies::new(format).expect("a built-in format");
            let Bodies {
                failed_reply,
                failure,
                ..
            } = bodies(&Problem);
            Envelope {
                response_format: ResponseFormat::Standard,
                format: Arc::new(Standard),
                bodies: Arc::new(bodies(&Standard)),
                problems: Arc::new(Problems {
                    failed_reply,
                    failure,
                }),
                exceptions: Arc::default(),
                error_status: ErrorStatus::Strict,
                code_base: 0,
                codes_url: "/codes".into(),
                locale: Locale::ZhCn,
                page_params: PageParams::PagePerPage,
                debug: false,
            }
        });
        DEFAULT.clone()
    }
}

impl Envelope {
    /// Resolves the options of `flyer_response_*`, `flyer_locale` and `flyer_debug`.
    ///
    /// # Errors
    ///
    /// Each rule of `flyer_response_fields` that cannot hold, with the reason.
    pub fn new(settings: &Settings) -> Result<Self, Vec<String>> {
        Self::with(settings, None, Exceptions::default())
    }

    /// The same with a format and exceptions of the application's own.
    pub(crate) fn with(
        settings: &Settings,
        own: Option<Arc<dyn Format>>,
        exceptions: Exceptions,
    ) -> Result<Self, Vec<String>> {
        let rules = &settings.response_fields;
        let mut reasons = exceptions.problems().to_vec();
        let format = match own {
            Some(own) => renamed(own, rules),
            None => match settings.response_format {
                ResponseFormat::Standard => renamed(Standard, rules),
                ResponseFormat::Flyer => renamed(Flyer, rules),
                // What RFC 9457 names has these names: the rules are about successes.
                ResponseFormat::Problem => renamed(Standard, rules),
            },
        };
        let format = format.unwrap_or_else(|found| {
            reasons.extend(found);
            Arc::new(Standard)
        });
        let bodies = Bodies::new(&*format).map_err(|reason| vec![reason]);
        let bodies = bodies.unwrap_or_else(|found| {
            reasons.extend(found);
            Self::default().bodies.as_ref().clone()
        });
        if !reasons.is_empty() {
            return Err(reasons);
        }
        Ok(Self {
            response_format: settings.response_format,
            error_status: settings
                .response_error_status
                .unwrap_or_else(|| format.error_status()),
            format,
            bodies: Arc::new(bodies),
            exceptions: Arc::new(exceptions),
            code_base: settings.status_code_base,
            codes_url: format!("{}/codes", settings.base_url).into(),
            locale: settings.locale,
            page_params: settings.page_params,
            debug: settings.debug,
            ..Self::default()
        })
    }

    /// Shapes a success, or the failure that a reply's code says.
    pub(crate) fn success<T: Data>(
        &self,
        data: &T,
        head: ReplyHead,
        cx: Option<&Context>,
    ) -> Response {
        let http = head.status.unwrap_or_else(|| http_status(head.code));
        if http == StatusCode::NO_CONTENT || http == StatusCode::NOT_MODIFIED {
            if let Some(cx) = cx {
                cx.check_declared(http, head.declared);
            }
            return with_headers(empty_response(http), head.headers);
        }
        let failed = head.code_prefix() >= 400;
        let status = match (failed, head.status) {
            (true, None) => self.failure_status(http, Origin::Handler),
            _ => http,
        };
        if let Some(cx) = cx
            && !failed
            && http != StatusCode::OK
        {
            cx.check_declared(http, head.declared);
        }
        let message = self.message(head.message.as_ref(), head.code, Origin::Handler);
        let answer = Answer {
            code: head.code,
            wire_code: if failed {
                self.wire_code(head.code)
            } else {
                head.code
            },
            status,
            message: &message,
            title: if failed { self.text(head.code) } else { "" },
            own_message: head.message.is_some(),
            detail: head.detail.as_deref().unwrap_or(""),
            fallback_detail: "",
            errors: None,
            exception: None,
            page: data.paging(),
            cx,
            request_id: cx.map(Context::request_id),
            codes_url: &self.codes_url,
        };
        if failed {
            return self.failed_reply(&answer, data, head.headers);
        }
        let mut out = Vec::with_capacity(256);
        match self.bodies.success.write(&mut out, &answer, data) {
            Ok(()) => with_headers(json_response(status, out), head.headers),
            Err(error) => self.unwritable(&error, cx),
        }
    }

    /// A reply whose code is that of a failure: its data is sent too.
    #[cold]
    fn failed_reply<T: Data>(
        &self,
        answer: &Answer<'_>,
        data: &T,
        headers: Option<Box<HeaderMap>>,
    ) -> Response {
        let asked = |cx: &Context| accept::prefers_problem(cx.headers());
        let problem = self.is_problem() || answer.cx.is_some_and(asked);
        let templates = if problem {
            &self.problems.failed_reply
        } else {
            &self.bodies.failed_reply
        };
        let mut out = Vec::new();
        if let Err(error) = templates.write(&mut out, answer, data) {
            return self.unwritable(&error, answer.cx);
        }
        let mut response = json_response(answer.status, out);
        self.label(response.headers_mut(), problem);
        with_headers(response, headers)
    }

    #[cold]
    fn unwritable(&self, error: &serde_json::Error, cx: Option<&Context>) -> Response {
        let text = format!("the reply could not be written as JSON: {error}");
        let error = match self.response_format {
            // The code of a response that is not of its model.
            ResponseFormat::Flyer => ApiError::code(403u32).detail("").cause(text),
            _ => ApiError::uncaught(text),
        };
        let response = self.failure(&error);
        if let Some(cx) = cx {
            cx.log_failure(&error, &response);
        }
        response
    }

    /// Shapes an error. The cause stays inside, but with `flyer_debug=1`.
    ///
    /// What only the request can tell is filled in by [`finish`](Self::finish).
    pub(crate) fn failure(&self, error: &ApiError) -> Response {
        let answered = self.exceptions.answer(error);
        let inner = answered.as_ref().unwrap_or(error).inner();
        let exception = self.exceptions.of(inner);
        let own_code = exception
            .and_then(|exception| exception.code)
            .unwrap_or_else(|| self.code_of(inner.code, inner.origin));
        let strict = http_status(own_code);
        let status = inner
            .status
            .unwrap_or_else(|| self.failure_status(strict, inner.origin));
        let own_message = exception
            .and_then(|exception| exception.message.as_ref())
            .or(inner.message.as_ref());
        let own_detail = exception.and_then(Exception::detail_text);
        let failed = Failed {
            code: own_code,
            wire_code: self.wire_code(own_code),
            status,
            message: self
                .message(own_message, own_code, inner.origin)
                .into_owned(),
            title: self.text(own_code).to_owned(),
            own_message: own_message.is_some(),
            detail: own_detail
                .or(inner.detail.as_deref())
                .unwrap_or_default()
                .to_owned(),
            fallback_detail: match inner.detail {
                Some(_) => "",
                None => fallback_detail(inner.origin, &inner.errors, strict),
            },
            errors: inner.errors.clone(),
            exception: error.chain().filter(|_| self.debug),
        };
        let mut out = Vec::new();
        let template = if self.is_problem() {
            &self.problems.failure
        } else {
            &self.bodies.failure
        };
        template.write_bare(&mut out, &failed.answer(None, &self.codes_url));
        let mut response = json_response(status, out);
        if self.is_problem() {
            self.label(response.headers_mut(), true);
        }
        let headers = exception.map(|exception| &exception.headers);
        for (name, value) in inner.headers.iter().chain(headers.into_iter().flatten()) {
            response.headers_mut().append(name, value.clone());
        }
        response.extensions_mut().insert(failed);
        response
    }

    /// Adds to a failure what the request says: its id, and the form that the client asked for.
    ///
    /// What is no failure of ours, or was finished before, stays as it is.
    pub(crate) fn finish(&self, response: &mut Response, asked: &HeaderMap, id: RequestId) {
        let Some(failed) = response.extensions_mut().remove::<Failed>() else {
            return;
        };
        let problem = self.is_problem() || accept::prefers_problem(asked);
        self.label(response.headers_mut(), problem);
        let template = if problem {
            &self.problems.failure
        } else {
            &self.bodies.failure
        };
        if problem || template.names_request() {
            let mut out = Vec::new();
            template.write_bare(&mut out, &failed.answer(Some(id), &self.codes_url));
            *response.body_mut() = Body::from(out);
        }
    }

    /// The headers that depend on the form of a failure.
    fn label(&self, headers: &mut HeaderMap, problem: bool) {
        if problem {
            let media_type = HeaderValue::from_static(accept::PROBLEM);
            headers.insert(header::CONTENT_TYPE, media_type);
        }
        if !self.is_problem() {
            headers.append(header::VARY, HeaderValue::from_static("accept"));
        }
    }

    fn is_problem(&self) -> bool {
        self.response_format == ResponseFormat::Problem
    }

    fn problem_shape(&self) -> Shape {
        Problem.failure()
    }

    /// The HTTP status of a failure whose handler set none.
    fn failure_status(&self, strict: StatusCode, origin: Origin) -> StatusCode {
        match (origin, self.error_status) {
            (Origin::Framework, _) | (_, ErrorStatus::Strict) => strict,
            (_, ErrorStatus::Always200) => StatusCode::OK,
            (_, ErrorStatus::Always500) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The code of a failure in this format: FastFlyer's clients know a failed validation as 400.
    fn code_of(&self, code: u32, origin: Origin) -> u32 {
        match (origin, self.format.validation_code()) {
            (Origin::Validation, Some(code)) => code,
            _ => code,
        }
    }

    pub(crate) fn is_flyer(&self) -> bool {
        self.response_format == ResponseFormat::Flyer
    }

    /// The code on the wire: `flyer_status_code_base` is added once to failures below 1000.
    fn wire_code(&self, code: u32) -> u32 {
        if code < 1000 {
            code + self.code_base
        } else {
            code
        }
    }

    /// The text of a code that nobody gave a message for.
    pub(crate) fn text(&self, code: u32) -> &'static str {
        match self.response_format {
            ResponseFormat::Flyer => status::flyer_text(code),
            _ => status::text(code, self.locale)
                .or_else(|| status::text(prefix(code)?, self.locale))
                // No code of HTTP: the text of its class.
                .or_else(|| status::text(prefix(code)? / 100 * 100, self.locale))
                .or_else(|| status::text(500, self.locale))
                .unwrap_or(""),
        }
    }

    fn message<'a>(
        &self,
        own: Option<&'a Cow<'static, str>>,
        code: u32,
        origin: Origin,
    ) -> Cow<'a, str> {
        if let Some(own) = own {
            return Cow::Borrowed(own);
        }
        Cow::Borrowed(match self.response_format {
            ResponseFormat::Flyer if origin == Origin::Uncaught => "内部异常",
            _ => self.text(code),
        })
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("format", &self.response_format)
            .field("error_status", &self.error_status)
            .field("code_base", &self.code_base)
            .field("locale", &self.locale)
            .field("debug", &self.debug)
            .field("exceptions", &self.exceptions)
            .finish_non_exhaustive()
    }
}

/// What a failure says, kept with the response until the request has been asked too.
#[derive(Clone)]
pub(crate) struct Failed {
    code: u32,
    wire_code: u32,
    status: StatusCode,
    message: String,
    title: String,
    own_message: bool,
    detail: String,
    fallback_detail: &'static str,
    errors: FieldErrors,
    exception: Option<String>,
}

impl Failed {
    /// The business code, after the table of exceptions was asked.
    pub(crate) fn code(&self) -> u32 {
        self.code
    }

    fn answer<'a>(&'a self, request_id: Option<RequestId>, codes_url: &'a str) -> Answer<'a> {
        Answer {
            code: self.code,
            wire_code: self.wire_code,
            status: self.status,
            message: &self.message,
            title: &self.title,
            own_message: self.own_message,
            detail: &self.detail,
            fallback_detail: self.fallback_detail,
            errors: Some(&self.errors),
            exception: self.exception.as_deref(),
            page: None,
            cx: None,
            request_id,
            codes_url,
        }
    }
}

fn renamed(format: impl Format, rules: &[FieldRule]) -> Result<Arc<dyn Format>, Vec<String>> {
    if rules.is_empty() {
        return Ok(Arc::new(format));
    }
    Ok(Arc::new(Renamed::new(format, rules)?))
}

/// FastFlyer's exceptions explain themselves by the phrase of their HTTP status, unless told
/// otherwise; its validation and uncaught errors do not.
fn fallback_detail(origin: Origin, errors: &FieldErrors, status: StatusCode) -> &'static str {
    let explained = matches!(origin, Origin::Handler | Origin::Framework);
    if !explained || !errors.is_empty() {
        return "";
    }
    phrase(u32::from(status.as_u16()))
}

impl ReplyHead {
    fn code_prefix(&self) -> u32 {
        prefix(self.code).unwrap_or(500)
    }
}

/// The first three digits of a business code; `None` unless they are 100 to 999.
pub(crate) const fn prefix(code: u32) -> Option<u32> {
    let mut prefix = code;
    while prefix > 999 {
        prefix /= 10;
    }
    if prefix >= 100 { Some(prefix) } else { None }
}

/// Whether a business code is that of a success.
pub(crate) const fn succeeds(code: u32) -> bool {
    matches!(prefix(code), Some(..400))
}

/// The HTTP status of a business code: its first three digits; 500 for 600-999 and for what is no
/// code. A code of 1xx is answered with 200, since an interim status cannot end a request.
pub(crate) fn http_status(code: u32) -> StatusCode {
    match prefix(code) {
        Some(200) | Some(100..200) => StatusCode::OK,
        Some(prefix @ 201..600) => {
            StatusCode::from_u16(prefix as u16).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        }
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn empty_response(status: StatusCode) -> Response {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}

fn with_headers(mut response: Response, headers: Option<Box<HeaderMap>>) -> Response {
    let Some(headers) = headers else {
        return response;
    };
    for (name, value) in headers.iter() {
        // The media type is the envelope's own.
        if name == header::CONTENT_TYPE {
            response.headers_mut().insert(name, value.clone());
        } else {
            response
                .headers_mut()
                .append(name, HeaderValue::clone(value));
        }
    }
    response
}
