//! Values that are one of a few words.

use super::{Kind, in_language};
use crate::{
    LanguageTag, Locale,
    logger::{Format, Level, Rotate},
    settings::value::{ErrorStatus, Front, PageParams, ResponseFormat},
};
use std::{borrow::Cow, marker::PhantomData};

/// One of a few words.
pub(in crate::settings) struct Choice<T>(PhantomData<T>);

/// A type whose values are words.
pub(in crate::settings) trait Words: Copy + Default {
    /// The words, to be read after "expected".
    const WORDS: &'static str;

    fn read(word: &str) -> Option<Self>;
}

impl<T: Words> Kind for Choice<T> {
    type Value = T;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        match locale {
            Locale::En => T::WORDS.into(),
            Locale::ZhCn => T::WORDS.replace(", ", "、").replace(" or ", " 或 ").into(),
        }
    }

    fn parse(text: &str, _: &mut Vec<String>) -> Result<T, String> {
        T::read(text).ok_or_else(String::new)
    }
}

/// The word in the list, whatever its case.
fn pick<T: Copy>(word: &str, words: &[(&str, T)]) -> Option<T> {
    words
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(word))
        .map(|(_, value)| *value)
}

/// A language; whether it has texts, only the service knows.
pub(in crate::settings) struct Language;

impl Kind for Language {
    type Value = LanguageTag;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        in_language(
            locale,
            "zh-CN, en, or the tag of a locale file (pt-BR)",
            "zh-CN、en 或语言文件的标签（pt-BR）",
        )
    }

    fn parse(text: &str, _: &mut Vec<String>) -> Result<LanguageTag, String> {
        LanguageTag::parse(text).ok_or_else(String::new)
    }
}

impl Words for Level {
    const WORDS: &'static str = "debug, info, warn or error";

    fn read(word: &str) -> Option<Self> {
        Self::parse(word)
    }
}

impl Words for Format {
    const WORDS: &'static str = "text or json";

    fn read(word: &str) -> Option<Self> {
        pick(word, &[("text", Self::Text), ("json", Self::Json)])
    }
}

impl Words for Rotate {
    const WORDS: &'static str = "day, size or never";

    fn read(word: &str) -> Option<Self> {
        [Self::Day, Self::Size, Self::Never]
            .into_iter()
            .find(|rotate| rotate.as_str().eq_ignore_ascii_case(word))
    }
}

impl Words for Front {
    const WORDS: &'static str = "fast or hyper";

    fn read(word: &str) -> Option<Self> {
        pick(word, &[("fast", Self::Fast), ("hyper", Self::Hyper)])
    }
}

impl Words for ResponseFormat {
    const WORDS: &'static str = "standard, flyer or problem";

    fn read(word: &str) -> Option<Self> {
        pick(
            word,
            &[
                ("standard", Self::Standard),
                ("flyer", Self::Flyer),
                ("problem", Self::Problem),
            ],
        )
    }
}

impl Words for ErrorStatus {
    const WORDS: &'static str = "strict, 200 or 500";

    fn read(word: &str) -> Option<Self> {
        pick(
            word,
            &[
                ("strict", Self::Strict),
                ("200", Self::Always200),
                ("500", Self::Always500),
            ],
        )
    }
}

impl Words for PageParams {
    const WORDS: &'static str = "\"page,per_page\", \"page,size\" or \"offset,limit\"";

    fn read(word: &str) -> Option<Self> {
        let word: String = word.split_whitespace().collect();
        let all = [Self::PagePerPage, Self::PageSize, Self::OffsetLimit];
        pick(&word, &all.map(|params| (params.as_str(), params)))
    }
}
