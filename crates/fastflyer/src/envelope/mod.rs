//! The one place where bodies are shaped: success, failure and error become bytes here, and the
//! schemas of these shapes stand beside the code that writes them.
//!
//! The options of `flyer_response_*` are resolved into an [`Envelope`] once at start; a request
//! only asks it. What a body looks like is a [`Format`]; `template` writes it, `schema` documents it;
//! `failure` says what a failed request is told, `status` what follows from its code.
//! Key type: [`Envelope`].

mod accept;
mod answer;
mod exceptions;
mod failure;
mod fields;
pub(crate) mod format;
mod formats;
mod schema;
mod status;
mod template;
#[cfg(test)]
mod tests;

pub use answer::Answer;
pub use exceptions::{Exception, FailureKind};
pub(crate) use exceptions::{Exceptions, Panicked};
pub(crate) use failure::Failed;
pub use format::{DataKind, Field, Format, Shape, Slot};
pub use formats::{Flyer, Problem, Standard};
pub(crate) use status::{http_status, prefix, status_word, succeeds};

use crate::{
    Response,
    codes::{Catalogue, CodeEntry},
    context::Context,
    language::{self, LanguageId, Notice, Preferences, Said, Texts},
    reply::{Data, Origin, ReplyHead, json_response, response_with},
};
use fastkit::settings::{ErrorStatus, FieldRule, PageParams, ResponseFormat, Settings};
use fields::Renamed;
use http::{HeaderMap, StatusCode, header};
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
        let failed = !succeeds(head.code);
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
            wire_code: self.sent_code(head.code),
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

    /// Says the language of a body that has a text in one.
    fn in_language(&self, mut response: Response, spoken: Option<LanguageId>) -> Response {
        if let Some(id) = spoken {
            language::declare(response.headers_mut(), self.texts.header(id));
        }
        response
    }

    pub(crate) fn is_flyer(&self) -> bool {
        self.response_format == ResponseFormat::Flyer
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

fn renamed(format: impl Format, rules: &[FieldRule]) -> Result<Arc<dyn Format>, Vec<String>> {
    if rules.is_empty() {
        return Ok(Arc::new(format));
    }
    Ok(Arc::new(Renamed::new(format, rules)?))
}

fn empty_response(status: StatusCode) -> Response {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}

fn with_headers(mut response: Response, headers: Option<Box<HeaderMap>>) -> Response {
    if let Some(headers) = headers {
        add_headers(response.headers_mut(), &headers);
    }
    response
}

/// Adds headers that a handler has set. A media type replaces the envelope's: there is only one.
fn add_headers(headers: &mut HeaderMap, own: &HeaderMap) {
    for (name, value) in own {
        if name == header::CONTENT_TYPE {
            headers.insert(name, value.clone());
        } else {
            headers.append(name, value.clone());
        }
    }
}
