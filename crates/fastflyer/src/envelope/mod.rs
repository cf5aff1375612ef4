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
    codes::{Catalogue, CodeEntry},
    context::Context,
    language::{self, LanguageId, Notice, Preferences, Said, Texts},
    reply::{ApiError, Data, Inner, Origin, ReplyHead, json_response, response_with},
    validation::FieldErrors,
};
use fastkit::{
    context::RequestId,
    settings::{ErrorStatus, FieldRule, PageParams, ResponseFormat, Settings},
    status::phrase,
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
    pub(crate) texts: Arc<Texts>,
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
                texts: Texts::built_in(),
                page_params: PageParams::PagePerPage,
                debug: false,
            }
        });
        DEFAULT.clone()
    }
}

impl Envelope {
    /// Resolves the options of `flyer_response_*` and `flyer_debug`, with the built-in texts.
    ///
    /// # Errors
    ///
    /// Each rule of `flyer_response_fields` that cannot hold, with the reason, and a `flyer_locale`
    /// without texts.
    pub fn new(settings: &Settings) -> Result<Self, Vec<String>> {
        let (format, locale) = (settings.response_format, &settings.locale);
        let catalogue = Catalogue::new([])?;
        let texts = Texts::new(format, locale, &catalogue, Vec::new())?;
        Self::with(settings, Arc::new(texts), None, Exceptions::default())
    }

    /// The same with texts, a format and exceptions of the application's own.
    pub(crate) fn with(
        settings: &Settings,
        texts: Arc<Texts>,
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
        let mut bodies = bodies.unwrap_or_else(|found| {
            reasons.extend(found);
            Self::default().bodies.as_ref().clone()
        });
        bodies.success.prepare(texts.of_code_everywhere(200));
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
            texts,
            page_params: settings.page_params,
            debug: settings.debug,
            ..Self::default()
        })
    }

    /// Shapes a success, or the failure that a reply's code says.
    pub(crate) fn success<T: Data>(
        &self,
        data: &T,
        mut head: ReplyHead,
        cx: Option<&Context>,
    ) -> Response {
        head.code = self.without_base(head.code);
        let preferences = cx.map_or_else(Preferences::default, |cx| cx.preferences);
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
        let (message, spoken) = self.message(
            head.message.as_ref(),
            head.code,
            head.entry,
            Origin::Handler,
            preferences,
        );
        let title = if failed {
            self.said(head.code, head.entry, preferences)
        } else {
            ""
        };
        let answer = Answer {
            code: head.code,
            wire_code: if failed {
                self.wire_code(head.code)
            } else {
                head.code
            },
            status,
            message: &message,
            title,
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
            let response = self.failed_reply(&answer, data, head.headers);
            return self.in_language(response, spoken);
        }
        let mut out = Vec::with_capacity(256);
        match self.bodies.success.write(&mut out, &answer, data) {
            Ok(()) => {
                match (spoken, head.headers) {
                    // Nearly every answer: its headers are at hand.
                    (Some(id), None) => response_with(status, out, self.texts.json_headers(id)),
                    (_, headers) => {
                        let response = with_headers(json_response(status, out), headers);
                        self.in_language(response, spoken)
                    }
                }
            }
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
        let preferences = cx.map_or_else(Preferences::default, |cx| cx.preferences);
        let response = self.failure(&error, preferences);
        if let Some(cx) = cx {
            cx.log_failure(&error, &response);
        }
        response
    }

    /// Shapes an error. The cause stays inside, but with `flyer_debug=1`.
    ///
    /// What only the request can tell is filled in by [`finish`](Self::finish).
    pub(crate) fn failure(&self, error: &ApiError, preferences: Preferences) -> Response {
        let answered = self.exceptions.answer(error);
        let inner = answered.as_ref().unwrap_or(error).inner();
        let exception = self.exceptions.of(inner);
        let excepted = exception.and_then(|exception| exception.code);
        let (own_code, entry) = match excepted {
            Some(code) => (self.failure_code(code.number()), code.entry()),
            None => {
                let code = self.failure_code(inner.code);
                (self.code_of(code, inner.origin), inner.entry)
            }
        };
        let strict = http_status(own_code);
        let status = inner
            .status
            .unwrap_or_else(|| self.failure_status(strict, inner.origin));
        let own_message = exception
            .and_then(|exception| exception.message.as_ref())
            .or(inner.message.as_ref());
        let own_detail = exception.and_then(Exception::detail_text);
        let (message, spoken) =
            self.message(own_message, own_code, entry, inner.origin, preferences);
        let detail = match own_detail.or(inner.detail.as_deref()) {
            Some(own) => own.to_owned(),
            None => self.notice(inner, preferences),
        };
        // The framework has said more than the message.
        let fields = inner.origin == Origin::Validation && !inner.errors.is_empty();
        let spoken = match inner.notice.is_some() || fields {
            true => spoken.or(Some(preferences.language)),
            false => spoken,
        };
        let failed = Failed {
            code: own_code,
            wire_code: self.wire_code(own_code),
            status,
            message: message.into_owned(),
            title: self.said(own_code, entry, preferences).to_owned(),
            own_message: own_message.is_some(),
            detail,
            fallback_detail: match (&inner.detail, &inner.notice) {
                (Some(_), _) | (_, Some(_)) => "",
                (None, None) => fallback_detail(inner.origin, &inner.errors, strict),
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
        self.in_language(response, spoken)
    }

    /// Says the language of a body that has a text in one.
    fn in_language(&self, mut response: Response, spoken: Option<LanguageId>) -> Response {
        if let Some(id) = spoken {
            language::declare(response.headers_mut(), self.texts.header(id));
        }
        response
    }

    /// The framework's own explanation, if there is one.
    fn notice(&self, inner: &Inner, preferences: Preferences) -> String {
        let notice = inner.notice.as_ref();
        notice.map_or_else(String::new, |notice| {
            self.texts.notice(notice, preferences.language)
        })
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
            language::vary_by(headers, "accept");
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

    /// The code without `flyer_status_code_base`, where a failure has it already: it is never added
    /// twice (H14).
    pub(crate) fn without_base(&self, code: u32) -> u32 {
        match code.checked_sub(self.code_base) {
            Some(rest @ 400..=999) => rest,
            _ => code,
        }
    }

    /// The code of a failure without its base; 500 for what is no failure.
    fn failure_code(&self, code: u32) -> u32 {
        let own = self.without_base(code);
        if prefix(own).is_some_and(|prefix| prefix >= 400) {
            return own;
        }
        let base = self.code_base;
        tracing::error!(
            target: "fastflyer",
            "ApiError::code({code}): an error code begins with 400 to 999, or is such a code below 1000 plus flyer_status_code_base, which is {base}"
        );
        500
    }

    /// The number under which clients know a code.
    pub(crate) fn sent_code(&self, code: u32) -> u32 {
        if succeeds(code) {
            code
        } else {
            self.wire_code(code)
        }
    }

    /// The text of a code in the default language, for the documentation.
    pub(crate) fn text(&self, code: u32, entry: Option<&'static CodeEntry>) -> &str {
        self.texts.of_code(code, entry, LanguageId::default()).0
    }

    /// The text of a code in the language of the request.
    fn said(&self, code: u32, entry: Option<&'static CodeEntry>, preferences: Preferences) -> &str {
        self.texts.of_code(code, entry, preferences.language).0
    }

    /// What the documentation says of failures that it does not list.
    pub(crate) fn any_failure(&self) -> String {
        self.texts
            .notice(&Notice::any_failure(), LanguageId::default())
    }

    /// The message, and its language unless it is the handler's own and may be in any.
    fn message<'a>(
        &'a self,
        own: Option<&'a Cow<'static, str>>,
        code: u32,
        entry: Option<&'static CodeEntry>,
        origin: Origin,
        preferences: Preferences,
    ) -> (Cow<'a, str>, Option<LanguageId>) {
        let asked = preferences.language;
        if let Some(own) = own {
            return (Cow::Borrowed(own), preferences.seen.then_some(asked));
        }
        let (text, language): Said<'_> = match origin {
            Origin::Uncaught => self.texts.of_uncaught(asked),
            _ => self.texts.of_code(code, entry, asked),
        };
        // A handler that has looked at the language speaks it beside the text of the code.
        let spoken = (preferences.seen || !text.is_empty()).then_some(language);
        (Cow::Borrowed(text), spoken)
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("format", &self.response_format)
            .field("error_status", &self.error_status)
            .field("code_base", &self.code_base)
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

/// What `status` says: by the code, never by the HTTP status that is sent (T3).
pub(crate) fn status_word(code: u32) -> &'static str {
    match prefix(code) {
        Some(..400) => "success",
        Some(400..500) => "error",
        _ => "fail",
    }
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
