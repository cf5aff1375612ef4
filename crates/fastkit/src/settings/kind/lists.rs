//! Values that are several, between commas.

use super::{Kind, in_language};
use crate::{
    Locale,
    logger::Directives,
    settings::value::{FieldRule, Network},
};
use std::borrow::Cow;

fn parts<'a>(text: &'a str, separators: &'a [char]) -> impl Iterator<Item = &'a str> {
    text.split(separators)
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

/// Texts between commas.
pub(in crate::settings) struct CommaList;

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
pub(in crate::settings) struct List;

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
pub(in crate::settings) struct Uris;

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
pub(in crate::settings) struct Networks;

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

/// Levels per module.
pub(in crate::settings) struct Modules;

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
pub(in crate::settings) struct FieldRules;

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
