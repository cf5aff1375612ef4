//! `Accept-Language` (RFC 9110, 12.5.4) by lookup (RFC 4647, 3.4): the ranges in the order of their
//! weights, each shortened from its end until a language of the service has that name.
//!
//! Chinese is matched by its script, as its readers do: `zh`, `zh-Hans`, `zh-SG` and `zh-MY` mean
//! zh-CN; `zh-Hant`, `zh-TW`, `zh-HK` and `zh-MO` mean the one of these three that the service has,
//! zh-TW first, else zh-CN. Nothing is refused: where nothing matches, the default is sent.

use fastkit::LanguageTag;

/// How many ranges of a header are looked at.
const MAX_RANGES: usize = 24;

/// Which languages are found in traditional Chinese, after the one that was asked for.
const TRADITIONAL: [&str; 4] = ["zh-TW", "zh-HK", "zh-MO", "zh-CN"];

/// What browsers send: looked up once at start instead of with every request.
pub(super) const COMMON: [&str; 16] = [
    "*",
    "zh",
    "zh-CN,zh;q=0.9",
    "zh-CN,zh;q=0.9,en;q=0.8",
    "zh-CN,zh;q=0.9,en-US;q=0.8,en;q=0.7",
    "zh-CN,zh;q=0.9,en;q=0.8,en-GB;q=0.7,en-US;q=0.6",
    "zh-CN,zh;q=0.8,zh-TW;q=0.7,zh-HK;q=0.5,en-US;q=0.3,en;q=0.2",
    "zh-CN,zh-Hans;q=0.9",
    "zh-TW,zh;q=0.9,en-US;q=0.8,en;q=0.7",
    "zh-TW,zh-Hant;q=0.9",
    "en-US",
    "en-US,en;q=0.9",
    "en-US,en;q=0.5",
    "en-US,en;q=0.9,zh-CN;q=0.8,zh;q=0.7",
    "en,zh-CN;q=0.9,zh;q=0.8",
    "en-GB,en;q=0.9",
];

/// One language range and its weight in thousandths.
#[derive(Clone, Copy)]
struct Range<'a> {
    name: &'a str,
    weight: u16,
}

/// The index of the language to answer in; the first of `languages` is the default.
pub(super) fn lookup(header: &str, languages: &[&LanguageTag]) -> usize {
    let mut ranges: Vec<Range<'_>> = header
        .split(',')
        .take(MAX_RANGES)
        .filter_map(range)
        .collect();
    // A stable sort: equal weights stay in the client's order.
    ranges.sort_by_key(|range| std::cmp::Reverse(range.weight));
    let wanted = ranges.partition_point(|range| range.weight > 0);
    let refused = &ranges[wanted..];
    let allowed = |index: usize| {
        let tag = languages[index].as_str();
        !refused.iter().any(|range| covers(range.name, tag))
    };
    ranges[..wanted]
        .iter()
        .find_map(|range| find(range.name, languages, &allowed))
        // "*" says only that anything will do.
        .or_else(|| (0..languages.len()).find(|index| allowed(*index)))
        .unwrap_or(0)
}

/// Reads `en-US;q=0.8`. What is no range is left out.
fn range(text: &str) -> Option<Range<'_>> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let weight = match parts.next() {
        None => 1000,
        Some(parameter) => {
            let (key, value) = parameter.split_once('=')?;
            if !key.trim().eq_ignore_ascii_case("q") {
                return None;
            }
            weight(value.trim())?
        }
    };
    Some(Range { name, weight })
}

/// `0`, `1`, or one of them with up to three decimals, in thousandths.
fn weight(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let parts: u16 = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" => Some(parts),
        "1" if parts == 0 => Some(1000),
        _ => None,
    }
}

fn find(
    range: &str,
    languages: &[&LanguageTag],
    allowed: &impl Fn(usize) -> bool,
) -> Option<usize> {
    let named = |name: &str| {
        languages
            .iter()
            .position(|tag| tag.as_str().eq_ignore_ascii_case(name))
            .filter(|index| allowed(*index))
    };
    if is_chinese(range) {
        let asked = LanguageTag::parse(range)?;
        return named(asked.as_str()).or_else(|| match asked.as_str() {
            "zh-CN" => None,
            _ => TRADITIONAL.into_iter().find_map(named),
        });
    }
    let mut rest = range;
    loop {
        if let Some(index) = named(rest) {
            return Some(index);
        }
        rest = shortened(rest)?;
    }
}

/// The range without its last part, and without a single letter that would then stand last.
fn shortened(range: &str) -> Option<&str> {
    let (rest, _) = range.rsplit_once('-')?;
    match rest.rsplit_once('-') {
        Some((shorter, single)) if single.len() == 1 => Some(shorter),
        _ => Some(rest),
    }
}

/// Whether a refused range means this language: `en` means `en-GB` too.
fn covers(range: &str, tag: &str) -> bool {
    if range == "*" {
        return false;
    }
    if is_chinese(range) && range.len() > 2 {
        return LanguageTag::parse(range).is_some_and(|refused| refused.as_str() == tag);
    }
    let (Some(start), rest) = (tag.get(..range.len()), tag.get(range.len()..)) else {
        return false;
    };
    start.eq_ignore_ascii_case(range)
        && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

fn is_chinese(range: &str) -> bool {
    let language = range.split('-').next().unwrap_or(range);
    language.eq_ignore_ascii_case("zh")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a service with these languages answers in, the first being its default.
    fn chosen(header: &str, languages: &[&str]) -> String {
        let tags: Vec<LanguageTag> = languages
            .iter()
            .map(|tag| LanguageTag::parse(tag).unwrap())
            .collect();
        let tags: Vec<&LanguageTag> = tags.iter().collect();
        tags[lookup(header, &tags)].to_string()
    }

    #[test]
    fn ranges_are_shortened_from_their_end() {
        let present = ["zh-CN", "en", "pt-BR", "ja"];
        for (header, language) in [
            ("en", "en"),
            ("EN-gb", "en"),
            ("en-GB-oxendict", "en"),
            ("ja-JP", "ja"),
            ("pt-BR", "pt-BR"),
            ("pt-br-x-private", "pt-BR"),
            ("pt", "zh-CN"),
            ("fr, ja", "ja"),
            ("fr", "zh-CN"),
            ("*", "zh-CN"),
            ("", "zh-CN"),
        ] {
            assert_eq!(chosen(header, &present), language, "{header}");
        }
    }

    #[test]
    fn weights_order_ranges_and_zero_refuses() {
        let present = ["zh-CN", "en", "ja"];
        for (header, language) in [
            ("en;q=0.5, ja;q=0.9", "ja"),
            ("en;q=0.5, ja;q=0.5", "en"),
            ("en;q=0.001,ja;q=0.01", "ja"),
            ("*, en;q=0.1", "en"),
            ("zh;q=0", "en"),
            ("zh-CN;q=0, en;q=0.0, *;q=0.1", "ja"),
            ("en;q=0, en-US", "zh-CN"),
            ("*;q=0, en", "en"),
            ("zh;q=0,en;q=0,ja;q=0", "zh-CN"),
            ("en;q=2, ja;q=0.1", "ja"),
            ("en;q=0.1234, ja;q=0.1", "ja"),
            ("en;q=x;, ja", "ja"),
            ("en ; Q = 0.9 , ja;q=0.8", "en"),
        ] {
            assert_eq!(chosen(header, &present), language, "{header}");
        }
    }

    #[test]
    fn chinese_is_told_apart_by_script() {
        let plain = ["en", "zh-CN"];
        for header in [
            "zh",
            "zh-Hans",
            "zh-SG",
            "zh-Hans-HK",
            "zh-TW",
            "zh-Hant",
            "zh-HK",
        ] {
            assert_eq!(chosen(header, &plain), "zh-CN", "{header}");
        }
        let both = ["en", "zh-CN", "zh-TW"];
        for (header, language) in [
            ("zh", "zh-CN"),
            ("zh-Hant", "zh-TW"),
            ("zh-HK", "zh-TW"),
            ("zh-hant-mo", "zh-TW"),
            ("zh-Hans-TW", "zh-CN"),
            ("zh-TW;q=0, zh-HK", "zh-CN"),
            ("zh;q=0", "en"),
        ] {
            assert_eq!(chosen(header, &both), language, "{header}");
        }
        assert_eq!(chosen("zh-HK", &["en", "zh-CN", "zh-TW", "zh-HK"]), "zh-HK");
    }

    #[test]
    fn a_long_header_is_read_in_part() {
        let header = format!("{}ja", "fr,".repeat(MAX_RANGES));
        assert_eq!(chosen(&header, &["zh-CN", "ja"]), "zh-CN");
    }
}
