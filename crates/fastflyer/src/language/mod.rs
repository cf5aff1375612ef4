//! In which language an answer speaks, and where its texts come from.
//!
//! The languages are zh-CN and en, of which every built-in text exists, and those of the project's
//! locale files and enums of codes. All texts are resolved into one table at start, [`Texts`]; a
//! request only asks it. Not here: which fields an answer has, which is the envelope's.

mod check;
mod files;
mod negotiate;
mod notices;
mod template;
mod texts;

pub(crate) use check::Missing;
pub(crate) use files::read_folder;
pub(crate) use notices::{NOTICES, Notice};
pub(crate) use template::Template;
pub(crate) use texts::{Said, Texts};

use crate::{
    context::Context,
    extract::{Extract, Rejection},
    openapi::Describer,
};
use http::{HeaderMap, HeaderValue, header};
use std::{fmt, sync::Arc};

/// A language of the service, by its place in [`Texts`]. The default is the first, `flyer_locale`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct LanguageId(pub(crate) u8);

/// What the client wants of an answer's form, worked out once per request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Preferences {
    pub(crate) language: LanguageId,
    /// Whether the handler has looked at the language, so that its own texts are in it too.
    pub(crate) seen: bool,
}

impl Preferences {
    /// Reads them from a request: nothing is parsed where there is no `Accept-Language`.
    pub(crate) fn of(texts: &Texts, headers: &HeaderMap) -> Self {
        let language = match headers.get(header::ACCEPT_LANGUAGE) {
            None => LanguageId::default(),
            Some(value) => texts.negotiate(value, headers),
        };
        Self {
            language,
            seen: false,
        }
    }
}

/// The language of the request, for handlers that have texts of their own.
///
/// It is negotiated from `Accept-Language` among the languages of the service, else `flyer_locale`.
/// An answer to whose handler it was given says its language in `Content-Language`.
///
/// ```
/// use fastflyer::{extract::Language, prelude::*, testing::TestClient};
///
/// #[get("/greeting")]
/// async fn greeting(language: Language) -> String {
///     match language.tag() {
///         "zh-CN" => "你好".to_owned(),
///         _ => language.text("greeting").to_owned(),
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let client = TestClient::new(FlyerApi::new(Config::new()).include(routes![greeting]))?;
/// let answer = client.get("/flyer/greeting").header("accept-language", "zh").send().await;
/// assert_eq!(answer.json()["data"], "你好");
/// assert_eq!(answer.header("content-language"), "zh-CN");
/// # Ok::<(), fastflyer::StartError>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Language {
    texts: Arc<Texts>,
    id: LanguageId,
}

impl Language {
    /// The tag: `zh-CN`, `en`, `pt-BR`.
    pub fn tag(&self) -> &str {
        self.texts.language(self.id).tag.as_str()
    }

    /// A text of the section `[texts]` of the locale files, by its key: in this language, else in
    /// the next that has it, `flyer_locale` first. A key that no file has is its own text.
    pub fn text<'a>(&'a self, key: &'a str) -> &'a str {
        self.texts.own(key, self.id).unwrap_or(key)
    }

    /// The same with values in place of `{name}`.
    pub fn text_with(&self, key: &str, values: &[(&str, &dyn fmt::Display)]) -> String {
        let mut text = self.text(key).to_owned();
        for (name, value) in values {
            text = text.replace(&format!("{{{name}}}"), &value.to_string());
        }
        text
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Language({})", self.tag())
    }
}

impl Extract for Language {
    async fn extract(cx: &mut Context) -> Result<Self, Rejection> {
        cx.preferences.seen = true;
        Ok(Self {
            texts: cx.core.envelope.texts.clone(),
            id: cx.preferences.language,
        })
    }

    fn describe(_: &mut Describer<'_>) {}
}

/// Says in which language a body is, and that another request may get another (RFC 9110, 8.5 and
/// 12.5.5).
pub(crate) fn declare(headers: &mut HeaderMap, language: HeaderValue) {
    headers.insert(header::CONTENT_LANGUAGE, language);
    vary_by(headers, "accept-language");
}

/// Adds a name to `Vary`, where it does not stand there yet.
pub(crate) fn vary_by(headers: &mut HeaderMap, name: &'static str) {
    match headers.entry(header::VARY) {
        header::Entry::Vacant(vacant) => {
            vacant.insert(HeaderValue::from_static(name));
        }
        header::Entry::Occupied(mut known) => {
            if known.iter().any(|value| lists(value, name)) {
                return;
            }
            let merged = format!("{}, {name}", known.get().to_str().unwrap_or(""));
            match HeaderValue::from_str(merged.trim_start_matches([',', ' '])) {
                Ok(merged) => *known.get_mut() = merged,
                Err(_) => known.append(HeaderValue::from_static(name)),
            }
        }
    }
}

fn lists(value: &HeaderValue, name: &str) -> bool {
    value.to_str().unwrap_or("").split(',').any(|listed| {
        let listed = listed.trim();
        listed == "*" || listed.eq_ignore_ascii_case(name)
    })
}
