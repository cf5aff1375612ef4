//! Failures on their way to bytes: from an [`ApiError`], or a reply whose code says so, and what the
//! request adds in the end. Key type: [`Failed`].

use super::{Answer, Envelope, accept, add_headers, http_status, with_headers};
use crate::{
    Body, Response,
    context::Context,
    language::{self, Preferences},
    reply::{ApiError, Data, Inner, Origin, json_response},
    validation::FieldErrors,
};
use fastkit::{context::RequestId, settings::ResponseFormat, status::phrase};
use http::{HeaderMap, HeaderValue, StatusCode, header};

impl Envelope {
    /// A reply whose code is that of a failure: its data is sent too.
    #[cold]
    pub(super) fn failed_reply<T: Data>(
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
    pub(super) fn unwritable(&self, error: &serde_json::Error, cx: Option<&Context>) -> Response {
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
        let own_detail = exception.and_then(|exception| exception.detail.as_deref());
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
        add_headers(response.headers_mut(), &inner.headers);
        if let Some(exception) = exception {
            add_headers(response.headers_mut(), &exception.headers);
        }
        response.extensions_mut().insert(failed);
        self.in_language(response, spoken)
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

/// FastFlyer's exceptions explain themselves by the phrase of their HTTP status, unless told
/// otherwise; its validation and uncaught errors do not.
fn fallback_detail(origin: Origin, errors: &FieldErrors, status: StatusCode) -> &'static str {
    let explained = matches!(origin, Origin::Handler | Origin::Framework);
    if !explained || !errors.is_empty() {
        return "";
    }
    phrase(u32::from(status.as_u16()))
}
