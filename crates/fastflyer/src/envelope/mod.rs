//! The one place where bodies are shaped: success, failure and error become bytes here, and the
//! schemas of these shapes stand beside the code that writes them.
//!
//! The options of `flyer_response_*` are resolved into an [`Envelope`] once at start; a request
//! only asks it. Key type: [`Envelope`].

mod schema;
#[cfg(test)]
mod tests;
mod write;

use crate::{
    Response,
    context::Context,
    reply::{ApiError, Data, Origin, ReplyHead, json_response},
};
use fastkit::{
    settings::{ErrorStatus, ResponseFormat, Settings},
    status::{self, Locale},
};
use http::{HeaderValue, StatusCode, header};
use std::borrow::Cow;

/// How bodies look: the response options in force, resolved once at start.
#[derive(Clone, Debug)]
pub struct Envelope {
    format: ResponseFormat,
    error_status: ErrorStatus,
    code_base: u32,
    pub(crate) locale: Locale,
    debug: bool,
}

impl Default for Envelope {
    /// The standard format in zh-CN, with the HTTP status of each code.
    fn default() -> Self {
        Self {
            format: ResponseFormat::Standard,
            error_status: ErrorStatus::Strict,
            code_base: 0,
            locale: Locale::ZhCn,
            debug: false,
        }
    }
}

impl Envelope {
    /// Resolves the options of `flyer_response_*`, `flyer_locale` and `flyer_debug`.
    pub fn new(settings: &Settings) -> Self {
        let format = settings.response_format;
        let default = match format {
            ResponseFormat::Flyer => ErrorStatus::Always200,
            _ => ErrorStatus::Strict,
        };
        Self {
            format,
            error_status: settings.response_error_status.unwrap_or(default),
            code_base: settings.status_code_base,
            locale: settings.locale,
            debug: settings.debug,
        }
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
                cx.check_declared(http);
            }
            return with_headers(empty_response(http), head.headers);
        }
        let failed = head.code_prefix() >= 400;
        let status = match (failed, head.status) {
            (true, None) => self.failure_status(http, Origin::Handler),
            _ => http,
        };
        let body = write::Head {
            code: head.code,
            wire_code: if failed {
                self.wire_code(head.code)
            } else {
                head.code
            },
            message: &self.message(head.message.as_ref(), head.code, Origin::Handler),
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
            Ok(()) => with_headers(json_response(status, out), head.headers),
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
                self.failure(&error)
            }
        }
    }

    /// Shapes an error. The cause stays inside, but with `flyer_debug=1`.
    pub(crate) fn failure(&self, error: &ApiError) -> Response {
        let inner = error.inner();
        let own_code = self.code_of(inner.code, inner.origin);
        let strict = http_status(own_code);
        let status = inner
            .status
            .unwrap_or_else(|| self.failure_status(strict, inner.origin));
        let code = self.wire_code(own_code);
        let message = self.message(inner.message.as_ref(), own_code, inner.origin);
        let chain = if self.debug { error.chain() } else { None };
        let out = match self.format {
            ResponseFormat::Flyer => write::flyer_failure(code, &message, inner, chain),
            _ => write::standard_failure(code, &message, inner, chain),
        };
        let mut response = json_response(status, out);
        for (name, value) in &inner.headers {
            response.headers_mut().append(name, value.clone());
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

    /// The text of a code that nobody gave a message for.
    pub(crate) fn text(&self, code: u32) -> &'static str {
        match self.format {
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
        Cow::Borrowed(match self.format {
            ResponseFormat::Flyer if origin == Origin::Uncaught => "内部异常",
            _ => self.text(code),
        })
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
