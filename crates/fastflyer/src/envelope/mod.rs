//! The one place where bodies are shaped: success, failure and error become bytes here, and the
//! schemas of these shapes stand beside the code that writes them.
//!
//! The options of `flyer_response_*` are resolved into an [`Envelope`] once at start; a request
//! only asks it. Key type: [`Envelope`].

mod schema;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use write::status_word;

use crate::{
    Response,
    codes::CodeEntry,
    context::Context,
    language::{self, LanguageId, Notice, Preferences, Said, Texts},
    reply::{ApiError, Data, Origin, ReplyHead, json_response},
};
use fastkit::settings::{ErrorStatus, ResponseFormat, Settings};
use http::{HeaderValue, StatusCode, header};
use std::{borrow::Cow, sync::Arc};

/// How bodies look: the response options in force, resolved once at start.
#[derive(Clone, Debug)]
pub struct Envelope {
    format: ResponseFormat,
    error_status: ErrorStatus,
    code_base: u32,
    pub(crate) texts: Arc<Texts>,
    debug: bool,
}

impl Default for Envelope {
    /// The standard format in zh-CN, with the HTTP status of each code.
    fn default() -> Self {
        Self {
            format: ResponseFormat::Standard,
            error_status: ErrorStatus::Strict,
            code_base: 0,
            texts: Texts::built_in(),
            debug: false,
        }
    }
}

impl Envelope {
    /// Resolves the options of `flyer_response_*` and `flyer_debug`, with the built-in texts.
    pub fn new(settings: &Settings) -> Self {
        Self::with_texts(settings, Texts::built_in())
    }

    /// The same with the texts of a service.
    pub(crate) fn with_texts(settings: &Settings, texts: Arc<Texts>) -> Self {
        let format = settings.response_format;
        let default = match format {
            ResponseFormat::Flyer => ErrorStatus::Always200,
            _ => ErrorStatus::Strict,
        };
        Self {
            format,
            error_status: settings.response_error_status.unwrap_or(default),
            code_base: settings.status_code_base,
            texts,
            debug: settings.debug,
        }
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
                cx.check_declared(http);
            }
            return with_headers(empty_response(http), head.headers);
        }
        let failed = head.code_prefix() >= 400;
        let status = match (failed, head.status) {
            (true, None) => self.failure_status(http, Origin::Handler),
            _ => http,
        };
        let (message, spoken) = self.message(
            head.message.as_ref(),
            head.code,
            head.entry,
            Origin::Handler,
            preferences,
        );
        let body = write::Head {
            code: head.code,
            wire_code: if failed {
                self.wire_code(head.code)
            } else {
                head.code
            },
            message: &message,
            detail: head.detail.as_deref().unwrap_or(""),
        };
        if let Some(cx) = cx
            && !failed
            && http != StatusCode::OK
        {
            cx.check_declared(http);
        }
        let mut out = Vec::with_capacity(256);
        let written = match (self.format, data.pagination()) {
            (ResponseFormat::Flyer, None) => write::flyer(&mut out, &body, data),
            (ResponseFormat::Flyer, Some(page)) => write::flyer_page(&mut out, &body, data, page),
            (_, None) => write::standard(&mut out, &body, data),
            (_, Some(page)) => write::standard_page(&mut out, &body, data, page, cx),
        };
        match written {
            Ok(()) => {
                let response = with_headers(json_response(status, out), head.headers);
                self.in_language(response, spoken)
            }
            Err(error) => {
                let text = format!("the reply could not be written as JSON: {error}");
                let error = match self.format {
                    // The code of a response that is not of its model.
                    ResponseFormat::Flyer => ApiError::code(403u32).detail("").cause(text),
                    _ => ApiError::uncaught(text),
                };
                if let Some(cx) = cx {
                    cx.log_failure(&error);
                }
                self.failure(&error, preferences)
            }
        }
    }

    /// Shapes an error. The cause stays inside, but with `flyer_debug=1`.
    pub(crate) fn failure(&self, error: &ApiError, preferences: Preferences) -> Response {
        let inner = error.inner();
        let own_code = self.code_of(self.failure_code(inner.code), inner.origin);
        let strict = http_status(own_code);
        let status = inner
            .status
            .unwrap_or_else(|| self.failure_status(strict, inner.origin));
        let code = self.wire_code(own_code);
        let (message, mut spoken) = self.message(
            inner.message.as_ref(),
            own_code,
            inner.entry,
            inner.origin,
            preferences,
        );
        let detail = match (&inner.detail, &inner.notice) {
            (Some(own), _) => Some(Cow::Borrowed(own.as_ref())),
            (None, Some(notice)) => {
                Some(Cow::Owned(self.texts.notice(notice, preferences.language)))
            }
            (None, None) => None,
        };
        // The framework has said more than the message.
        if inner.notice.is_some() || !inner.errors.is_empty() && inner.origin == Origin::Validation
        {
            spoken = spoken.or(Some(preferences.language));
        }
        let detail = detail.as_deref();
        let chain = if self.debug { error.chain() } else { None };
        let out = match self.format {
            ResponseFormat::Flyer => write::flyer_failure(code, &message, detail, inner, chain),
            _ => write::standard_failure((own_code, code), &message, detail, inner, chain),
        };
        let mut response = json_response(status, out);
        for (name, value) in &inner.headers {
            response.headers_mut().append(name, value.clone());
        }
        self.in_language(response, spoken)
    }

    /// Says the language of a body that has a text in one.
    fn in_language(&self, mut response: Response, spoken: Option<LanguageId>) -> Response {
        if let Some(id) = spoken {
            language::declare(response.headers_mut(), self.texts.header(id));
        }
        response
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
    pub(crate) fn code_of(&self, code: u32, origin: Origin) -> u32 {
        match (self.format, origin) {
            (ResponseFormat::Flyer, Origin::Validation) => 400,
            _ => code,
        }
    }

    pub(crate) fn is_flyer(&self) -> bool {
        self.format == ResponseFormat::Flyer
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

impl ReplyHead {
    fn code_prefix(&self) -> u32 {
        prefix(self.code).unwrap_or(500)
    }
}

/// The first three digits of a business code; `None` unless they are 100 to 999.
pub(crate) fn prefix(code: u32) -> Option<u32> {
    let mut prefix = code;
    while prefix > 999 {
        prefix /= 10;
    }
    (prefix >= 100).then_some(prefix)
}

/// Whether a business code is that of a success.
pub(crate) fn succeeds(code: u32) -> bool {
    prefix(code).is_some_and(|prefix| prefix < 400)
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

fn with_headers(mut response: Response, headers: Option<Box<http::HeaderMap>>) -> Response {
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
