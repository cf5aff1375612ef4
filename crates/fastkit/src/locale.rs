//! Languages: [`Locale`], those of the built-in texts, and [`LanguageTag`], any. Not a catalogue:
//! the texts of other languages come from locale files, which the framework reads.

use std::{borrow::Cow, fmt};

/// A language that every built-in text exists in.
///
/// ```
/// use fastkit::Locale;
///
/// assert_eq!(Locale::parse("zh_CN.UTF-8"), Some(Locale::ZhCn));
/// assert_eq!(Locale::parse("en-GB"), Some(Locale::En));
/// assert_eq!(Locale::default().as_str(), "zh-CN");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Locale {
    /// Simplified Chinese, the default.
    #[default]
    ZhCn,
    /// English.
    En,
}

impl Locale {
    /// Both languages, the default first.
    pub const ALL: [Self; 2] = [Self::ZhCn, Self::En];

    /// Reads a language tag by its first part: `zh`, `zh-CN`, `zh_CN.UTF-8`, `en`, `en-US`.
    /// `None` for every other language.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let language = tag.split(['-', '_', '.']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("zh") {
            Some(Self::ZhCn)
        } else if language.eq_ignore_ascii_case("en") {
            Some(Self::En)
        } else {
            None
        }
    }

    /// The language tag: `zh-CN` or `en`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ZhCn => "zh-CN",
            Self::En => "en",
        }
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The tag of any language (RFC 5646), spelled in one way: `en`, `pt-BR`, `zh-CN`.
///
/// Chinese is told apart by its script: `zh`, `zh-Hans`, `zh-SG` and `zh-MY` are `zh-CN`; `zh-Hant`
/// is `zh-TW`, and `zh-HK` and `zh-MO` stay what they are.
///
/// ```
/// use fastkit::LanguageTag;
///
/// let tag = |text| LanguageTag::parse(text).map(|tag| tag.to_string());
/// assert_eq!(tag("PT_br.UTF-8").as_deref(), Some("pt-BR"));
/// assert_eq!(tag("zh-Hans-SG").as_deref(), Some("zh-CN"));
/// assert_eq!(tag("zh-hant-hk").as_deref(), Some("zh-HK"));
/// assert_eq!(tag("no language"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LanguageTag(Cow<'static, str>);

impl LanguageTag {
    /// Reads a tag, in the spelling of POSIX too: `pt_BR.UTF-8`. `None` for what is no tag.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.split(['.', '@']).next().unwrap_or_default();
        let parts: Vec<String> = text
            .split(['-', '_'])
            .enumerate()
            .map(|(place, part)| spelled(place, part))
            .collect();
        let (language, rest) = parts.split_first()?;
        let formed = matches!(language.len(), 2..=8)
            && language.bytes().all(|byte| byte.is_ascii_alphabetic())
            && rest.iter().all(|part| {
                matches!(part.len(), 1..=8) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
            });
        if !formed {
            return None;
        }
        Some(Self(match language.as_str() {
            "zh" => Cow::Borrowed(chinese(rest)),
            _ => Cow::Owned(parts.join("-")),
        }))
    }

    /// The tag: `pt-BR`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The built-in language that a reader of this one understands best, if any: `en` of `en-GB`,
    /// `zh-CN` of all Chinese.
    #[must_use]
    pub fn built_in(&self) -> Option<Locale> {
        Locale::parse(&self.0)
    }
}

/// A part of a tag in the case that RFC 5646 (2.1.1) recommends.
fn spelled(place: usize, part: &str) -> String {
    let mut part = part.to_ascii_lowercase();
    match (place, part.len()) {
        (0, _) => {}
        (_, 2) => part.make_ascii_uppercase(),
        (_, 4) if part.is_ascii() => part[..1].make_ascii_uppercase(),
        _ => {}
    }
    part
}

fn chinese(rest: &[String]) -> &'static str {
    let has = |name: &str| rest.iter().any(|part| part == name);
    match () {
        () if has("Hans") => "zh-CN",
        () if has("HK") => "zh-HK",
        () if has("MO") => "zh-MO",
        () if has("TW") || has("Hant") => "zh-TW",
        () => "zh-CN",
    }
}

/// As [`Locale`]: simplified Chinese.
impl Default for LanguageTag {
    fn default() -> Self {
        Locale::default().into()
    }
}

impl From<Locale> for LanguageTag {
    fn from(locale: Locale) -> Self {
        Self(Cow::Borrowed(locale.as_str()))
    }
}

impl fmt::Display for LanguageTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
