//! Values with a unit: times, sizes, rates.

use super::{Kind, in_language};
use crate::Locale;
use std::{borrow::Cow, time::Duration};

/// Seconds, or a number with a unit.
pub(in crate::settings) struct Seconds;

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
pub(in crate::settings) struct OffSeconds;

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

/// Seconds, or a number with a unit.
pub(crate) fn duration(text: &str) -> Option<Duration> {
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
pub(in crate::settings) struct Bytes;

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
        bytes(text)
            .and_then(|bytes| usize::try_from(bytes).ok())
            .filter(|bytes| *bytes > 0)
            .ok_or_else(String::new)
    }
}

/// Bytes, or a number with a unit.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = quantity(text)?;
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// `100/s`.
pub(in crate::settings) struct Rate;

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
