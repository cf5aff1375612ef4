//! How values are written: one type per notation, each with what it allows and how it is read.
//!
//! Whether a value makes sense together with others is judged in `load`.

use super::value::{ErrorStatus, FieldRule, Listen, Network, ResponseFormat, Secret};
use crate::{
    Locale,
    logger::{Directives, Format, Level},
};
use std::{borrow::Cow, marker::PhantomData, path::PathBuf, time::Duration};

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

/// One of a few words.
pub(super) struct Choice<T>(PhantomData<T>);

/// A type whose values are words.
pub(super) trait Words: Copy + Default {
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

impl Words for Locale {
    const WORDS: &'static str = "zh-CN or en";

    fn read(word: &str) -> Option<Self> {
        Self::parse(word)
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

/// Seconds, or a number with a unit.
pub(super) struct Seconds;

impl Kind for Seconds {
    type Value = Duration;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        in_language(
            locale,
            "seconds, or a number with ms, s, m or h (10, 10s, 500ms)",
            "秒数，或带单位 ms、s、m、h 的数字（10、10s、500ms）",
        )
    }

    fn parse(text: &str, _: &mut Vec<String>) -> Result<Duration, String> {
        duration(text).ok_or_else(String::new)
    }
}

/// Like [`Seconds`]; `off` and 0 are no limit.
pub(super) struct OffSeconds;

impl Kind for OffSeconds {
    type Value = Option<Duration>;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        in_language(
            locale,
            "seconds, a number with ms, s, m or h (10, 10s, 500ms), or off",
            "秒数、带单位 ms、s、m、h 的数字（10、10s、500ms）或 off",
        )
    }

    fn parse(text: &str, _: &mut Vec<String>) -> Result<Option<Duration>, String> {
        if text.eq_ignore_ascii_case("off") {
            return Ok(None);
        }
        let duration = duration(text).ok_or_else(String::new)?;
        Ok(Some(duration).filter(|duration| !duration.is_zero()))
    }
}

/// The number in front and the unit behind it.
fn quantity(text: &str) -> Option<(u64, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    Some((text[..end].parse().ok()?, text[end..].trim_start()))
}

fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = quantity(text)?;
    let seconds = match unit.to_ascii_lowercase().as_str() {
        "ms" => return Some(Duration::from_millis(number)).filter(|d| d.as_secs() <= MAX_SECONDS),
        "" | "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        _ => return None,
    };
    number
        .checked_mul(seconds)
        .filter(|seconds| *seconds <= MAX_SECONDS)
        .map(Duration::from_secs)
}

/// A hundred years: adding it to an instant cannot overflow.
const MAX_SECONDS: u64 = 100 * 365 * 86_400;

/// A number of bytes.
pub(super) struct Bytes;

impl Kind for Bytes {
    type Value = usize;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        in_language(
            locale,
            "bytes, at least 1, or a number with KiB, MiB or GiB (2MiB, 2M, 2097152)",
            "字节数，至少为 1，或带单位 KiB、MiB、GiB 的数字（2MiB、2M、2097152）",
        )
    }

    fn parse(text: &str, _: &mut Vec<String>) -> Result<usize, String> {
        let bytes = || {
            let (number, unit) = quantity(text)?;
            let factor: u64 = match unit.to_ascii_lowercase().as_str() {
                "" | "b" => 1,
                "k" | "kib" => 1 << 10,
                "m" | "mib" => 1 << 20,
                "g" | "gib" => 1 << 30,
                "kb" => 1_000,
                "mb" => 1_000_000,
                "gb" => 1_000_000_000,
                _ => return None,
            };
            usize::try_from(number.checked_mul(factor)?)
                .ok()
                .filter(|bytes| *bytes > 0)
        };
        bytes().ok_or_else(String::new)
    }
}

/// Where to listen.
pub(super) struct Host;

impl Kind for Host {
    type Value = Listen;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        in_language(
            locale,
            "an address, a host name, or unix:/path",
            "地址、主机名或 unix:/path",
        )
    }

    fn parse(text: &str, _: &mut Vec<String>) -> Result<Listen, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() {
                Err(String::new())
            } else {
                Ok(Listen::Unix(path.into()))
            };
        }
        let host = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(text);
        let is_name = |name: &str| {
            name.bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        };
        if host.parse::<std::net::IpAddr>().is_ok() || is_name(host) {
            Ok(Listen::Tcp(host.to_owned()))
        } else if text.contains(':') {
            Err("the port belongs into flyer_port".to_owned())
        } else {
            Err(String::new())
        }
    }
}

/// A route prefix.
pub(super) struct BaseUrl;

impl Kind for BaseUrl {
    type Value = String;
    const EMPTY_COUNTS: bool = true;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        in_language(
            locale,
            "nothing, or parts of letters, digits, '.', '_' and '-', each after a slash (/a, /a/b)",
            "空，或若干以斜杠开头的部分，由字母、数字、'.'、'_'、'-' 组成（/a、/a/b）",
        )
    }

    fn parse(text: &str, notes: &mut Vec<String>) -> Result<String, String> {
        let base = text.trim_end_matches('/');
        let is_part = |part: &str| {
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
            // Clients resolve `.` and `..` before they send a path.
            !part.is_empty() && !matches!(part, "." | "..") && part.bytes().all(plain)
        };
        if !base.is_empty() {
            let Some(parts) = base.strip_prefix('/') else {
                return Err("it begins with a slash".to_owned());
            };
            if !parts.split('/').all(is_part) {
                return Err(String::new());
            }
        }
        if base.len() < text.len() {
            notes.push(format!("the slash at its end is dropped: {base:?} is used"));
        }
        Ok(base.to_owned())
    }
}

/// A folder.
pub(super) struct Folder;

impl Kind for Folder {
    type Value = PathBuf;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        in_language(locale, "a folder", "目录")
    }

    fn parse(text: &str, _: &mut Vec<String>) -> Result<PathBuf, String> {
        Ok(text.into())
    }
}

/// A file, or `-` for standard output, which is `None`.
pub(super) struct LogTarget;

impl Kind for LogTarget {
    type Value = Option<PathBuf>;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        in_language(
            locale,
            "a file, or - for standard output",
            "文件，或 - 表示标准输出",
        )
    }

    fn parse(text: &str, _: &mut Vec<String>) -> Result<Option<PathBuf>, String> {
        Ok(Some(text).filter(|text| *text != "-").map(PathBuf::from))
    }
}

fn parts<'a>(text: &'a str, separators: &'a [char]) -> impl Iterator<Item = &'a str> {
    text.split(separators)
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

/// Texts between commas.
pub(super) struct CommaList;

impl Kind for CommaList {
    type Value = Vec<String>;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        in_language(locale, "texts between commas", "以逗号分隔的文本")
    }

    fn parse(text: &str, _: &mut Vec<String>) -> Result<Vec<String>, String> {
        Ok(parts(text, &[',']).map(str::to_owned).collect())
    }
}

/// Texts between commas, `|` or semicolons.
pub(super) struct List;

impl Kind for List {
    type Value = Vec<String>;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        in_language(locale, "texts between commas", "以逗号分隔的文本")
    }

    fn parse(text: &str, _: &mut Vec<String>) -> Result<Vec<String>, String> {
        Ok(parts(text, &[',', '|', ';']).map(str::to_owned).collect())
    }
}

/// Path prefixes between commas.
pub(super) struct Uris;

impl Kind for Uris {
    type Value = Vec<String>;
    const EMPTY_COUNTS: bool = true;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        in_language(
            locale,
            "path prefixes between commas, each with a slash in front",
            "以逗号分隔的路径前缀，均以斜杠开头",
        )
    }

    fn parse(text: &str, _: &mut Vec<String>) -> Result<Vec<String>, String> {
        parts(text, &[','])
            .map(|part| {
                if part.starts_with('/') {
                    Ok(part.to_owned())
                } else {
                    Err(format!("{part:?} has no slash in front"))
                }
            })
            .collect()
    }
}

/// Networks between commas.
pub(super) struct Networks;

impl Kind for Networks {
    type Value = Vec<Network>;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        in_language(
            locale,
            "addresses and networks between commas (10.0.0.0/8, 192.0.2.1, fd00::/8)",
            "以逗号分隔的地址或网段（10.0.0.0/8、192.0.2.1、fd00::/8）",
        )
    }

    fn parse(text: &str, _: &mut Vec<String>) -> Result<Vec<Network>, String> {
        parts(text, &[','])
            .map(|part| part.parse().map_err(|_| format!("{part:?} is neither")))
            .collect()
    }
}

/// `100/s`.
pub(super) struct Rate;

impl Kind for Rate {
    type Value = String;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        in_language(
            locale,
            "a number of requests per s, m or h (100/s)",
            "每 s、m 或 h 的请求数（100/s）",
        )
    }

    fn parse(text: &str, _: &mut Vec<String>) -> Result<String, String> {
        let (number, unit) = text.split_once('/').ok_or_else(String::new)?;
        let good =
            number.parse::<u32>().is_ok_and(|number| number > 0) && matches!(unit, "s" | "m" | "h");
        if good {
            Ok(text.to_owned())
        } else {
            Err(String::new())
        }
    }
}

/// Levels per module.
pub(super) struct Modules;

impl Kind for Modules {
    type Value = Directives;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        in_language(
            locale,
            "a level and module=level pairs between commas (info,app::items=debug)",
            "以逗号分隔的级别和 模块=级别（info,app::items=debug）",
        )
    }

    fn parse(text: &str, _: &mut Vec<String>) -> Result<Directives, String> {
        text.parse::<Directives>()
            .map_err(|error| error.to_string())
    }
}

/// Field aliases.
pub(super) struct FieldRules;

impl Kind for FieldRules {
    type Value = Vec<FieldRule>;

    fn allowed(locale: Locale) -> Cow<'static, str> {
        in_language(
            locale,
            "field=name pairs between commas, - hides a field (message=msg,data.data=data.list,error=-)",
            "以逗号分隔的 字段=别名，- 表示隐藏（message=msg,data.data=data.list,error=-）",
        )
    }

    fn parse(text: &str, _: &mut Vec<String>) -> Result<Vec<FieldRule>, String> {
        FieldRule::parse_list(text)
    }
}

#[cfg(test)]
mod tests;
