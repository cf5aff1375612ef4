//! How values are written: one type per notation, each with what it allows and how it is read.
//!
//! Whether a value makes sense together with others is judged in `load`.

mod lists;
pub(crate) mod measures;
mod places;
mod words;

pub(super) use lists::{CommaList, FieldRules, List, Modules, Networks, Uris};
pub(super) use measures::{Bytes, OffSeconds, Rate, Seconds};
pub(super) use places::{BaseUrl, Folder, Host, LogTarget, Socket};
pub(super) use words::{Choice, Language};

use super::value::Secret;
use crate::Locale;
use std::{borrow::Cow, marker::PhantomData};

/// A notation of values.
pub(super) trait Kind {
    /// What is read. Its default holds where nothing is set and there is no preset.
    type Value: Default;
    /// Whether an empty text is a value of its own.
    const EMPTY_COUNTS: bool = false;
    /// Whether blanks around the text belong to it.
    const RAW: bool = false;

    /// What is allowed; in English to be read after "expected".
    fn allowed(locale: Locale) -> Cow<'static, str>;

    /// Reads a text. The error is empty, or says which part of the text is wrong and why.
    fn parse(text: &str, notes: &mut Vec<String>) -> Result<Self::Value, String>;
}

/// The text in the language that is asked for.
fn in_language(locale: Locale, en: &'static str, zh: &'static str) -> Cow<'static, str> {
    match locale {
        Locale::En => en,
        Locale::ZhCn => zh,
    }
    .into()
}

/// `1` or `0`.
pub(super) struct Flag;

impl Kind for Flag {
    type Value = bool;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        in_language(locale, "1 or 0", "1 或 0")
    }

    fn parse(text: &str, _: &mut Vec<String>) -> Result<bool, String> {
        crate::env::flag(text).ok_or_else(String::new)
    }
}

/// Any text.
pub(super) struct Text;

impl Kind for Text {
    type Value = String;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        in_language(locale, "a text", "文本")
    }

    fn parse(text: &str, _: &mut Vec<String>) -> Result<String, String> {
        Ok(text.to_owned())
    }
}

/// Any text; an empty one is a value too.
pub(super) struct MaybeEmpty;

impl Kind for MaybeEmpty {
    type Value = String;
    const EMPTY_COUNTS: bool = true;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        in_language(locale, "a text, which may be empty", "文本，可以为空")
    }

    fn parse(text: &str, _: &mut Vec<String>) -> Result<String, String> {
        Ok(text.to_owned())
    }
}

impl Kind for Secret {
    type Value = Self;
    const RAW: bool = true;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        in_language(locale, "a text", "文本")
    }

    fn parse(text: &str, _: &mut Vec<String>) -> Result<Self, String> {
        Ok(Self::new(text))
    }
}

/// A whole number within bounds.
pub(super) struct Number<T, const MIN: u64, const MAX: u64>(PhantomData<T>);

/// A number of things.
pub(super) type Count<const MIN: u64, const MAX: u64> = Number<usize, MIN, MAX>;

impl<T: TryFrom<u64> + Default, const MIN: u64, const MAX: u64> Kind for Number<T, MIN, MAX> {
    type Value = T;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        let text = match (locale, MAX) {
            (Locale::En, u64::MAX) => format!("a whole number from {MIN}"),
            (Locale::En, _) => format!("a whole number from {MIN} to {MAX}"),
            (Locale::ZhCn, u64::MAX) => format!("不小于 {MIN} 的整数"),
            (Locale::ZhCn, _) => format!("{MIN} 到 {MAX} 的整数"),
        };
        text.into()
    }

    fn parse(text: &str, _: &mut Vec<String>) -> Result<T, String> {
        text.parse::<u64>()
            .ok()
            .filter(|number| (MIN..=MAX).contains(number))
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(String::new)
    }
}

/// A value or nothing.
pub(super) struct Maybe<K>(PhantomData<K>);

impl<K: Kind> Kind for Maybe<K> {
    type Value = Option<K::Value>;
    const EMPTY_COUNTS: bool = K::EMPTY_COUNTS;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        K::allowed(locale)
    }

    fn parse(text: &str, notes: &mut Vec<String>) -> Result<Self::Value, String> {
        K::parse(text, notes).map(Some)
    }
}

#[cfg(test)]
mod tests;
