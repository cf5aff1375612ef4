//! The languages of the built-in texts. Not a catalogue: other languages come from locale files,
//! which the framework reads.

use std::fmt;

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
