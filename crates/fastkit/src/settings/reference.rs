//! The reference of all settings as Markdown: `docs/settings.md` and `docs/settings.zh-CN.md`.

use super::{
    table::TABLE,
    variable::{Preset, State, Variable},
};
use crate::Locale;
use std::fmt::Write;

/// The texts around the table, in a language.
struct Words {
    title: &'static str,
    intro: &'static str,
    head: &'static str,
    planned: &'static str,
    feature: &'static str,
    no_effect: &'static str,
    also: &'static str,
    fallback: &'static str,
}

const ENGLISH: Words = Words {
    title: "Settings",
    intro: "Generated from the table in `crates/fastkit/src/settings/table.rs`; \
            `cargo run -p fastkit --example settings_reference` writes it anew.\n\n\
            Order: default < code (`settings.rs`) < `.env` < environment. An empty value counts as not set, except where \
            this page says otherwise. A value that is not allowed stops the start with one line that names the variable, the \
            value and what is allowed. `fastflyer env` prints the values in force.",
    head: "| variable | default | what it does | allowed |",
    planned: "Not yet: planned for",
    feature: "Needs the cargo feature",
    no_effect: "No effect:",
    also: "Also spelt",
    fallback: "If not set:",
};

const CHINESE: Words = Words {
    title: "环境变量",
    intro: "本文由 `crates/fastkit/src/settings/table.rs` 中的表生成，\
            执行 `cargo run -p fastkit --example settings_reference` 可重新生成。\n\n\
            优先级：默认值 < 代码（`settings.rs`）< `.env` 文件 < 环境变量。除特别说明外，空值视为未设置。\
            值不合法时服务拒绝启动，并用一行文字指出变量名、当前值和允许的值。`fastflyer env` 打印当前生效的值。",
    head: "| 变量 | 默认值 | 说明 | 可选值 |",
    planned: "尚未实现，计划于",
    feature: "需要启用 cargo feature",
    no_effect: "无效果：",
    also: "也可写作",
    fallback: "未设置时读取",
};

/// All settings as a Markdown page, in a language.
///
/// ```
/// let page = fastkit::settings::reference(fastkit::Locale::En);
/// assert!(page.contains("| `flyer_port` | `8080` |"));
/// ```
#[must_use]
pub fn reference(locale: Locale) -> String {
    let words = match locale {
        Locale::En => &ENGLISH,
        Locale::ZhCn => &CHINESE,
    };
    let mut page = format!("# {}\n\n{}\n", words.title, words.intro);
    let mut group = None;
    for variable in TABLE {
        if group.replace(variable.group) != Some(variable.group) {
            let title = variable.group.title(locale);
            // Writing into a string cannot fail.
            let _ = write!(page, "\n## {title}\n\n{}\n|---|---|---|---|\n", words.head);
        }
        let default = match variable.default {
            Preset::Unset => "-".to_owned(),
            Preset::Text(text) => format!("`{text}`"),
            Preset::Computed(text) => translate(text, locale).to_owned(),
        };
        let allowed = match variable.state {
            State::NoEffect(_) => "-".into(),
            _ => variable.allowed(locale),
        };
        let description = escape(&description(variable, locale, words));
        let _ = writeln!(
            page,
            "| `{}` | {} | {description} | {} |",
            variable.name,
            escape(&default),
            escape(&allowed)
        );
    }
    page
}

fn description(variable: &Variable, locale: Locale, words: &Words) -> String {
    let stop = if locale == Locale::En { "." } else { "。" };
    let mut text = variable.summary(locale).to_owned();
    let mut add = |sentence: String| {
        if locale == Locale::En {
            text.push(' ');
        }
        text.push_str(&sentence);
        text.push_str(stop);
    };
    for alias in variable.aliases {
        add(format!("{} `{alias}`", words.also));
    }
    for name in variable.fallbacks {
        add(format!("{} `{name}`", words.fallback));
    }
    match variable.state {
        State::Active => {}
        State::Planned(part) => add(format!("{} {}", words.planned, translate(part, locale))),
        State::NoEffect(reason) => {
            add(format!("{} {}", words.no_effect, translate(reason, locale)))
        }
        State::Feature(_) => {}
    }
    if let Some(feature) = variable.feature {
        add(format!("{} `{feature}`", words.feature));
    }
    text
}

/// A bar would end the cell.
fn escape(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The details of the table, which stands in one language, in the other. Error lines and warnings
/// are English, so that only this page needs them.
const TRANSLATIONS: &[(&str, &str)] = &[
    ("a later version", "后续版本"),
    (
        "cores available / workers, at least 1",
        "可用核数 / 工作进程数，至少为 1",
    ),
    (
        "1; on a terminal with one worker 0",
        "1；在终端中且只有一个工作进程时为 0",
    ),
    (
        "PID.sock in the runtime folder of the user",
        "用户运行时目录下的 PID.sock",
    ),
    (
        "/health_check,{base}/health_check",
        "/health_check,{base}/health_check",
    ),
    (
        "strict; in the flyer format 200 for most",
        "strict；flyer 格式下多数为 200",
    ),
    ("the title of the app without spaces", "去掉空格的应用标题"),
    ("10 for locks, 1 for the pool", "锁为 10，连接池为 1"),
    (
        "the program is one binary: nothing is loaded later",
        "程序是单个二进制文件，没有后续加载",
    ),
    (
        "the folders of src/app are compiled in by apps!",
        "src/app 下的目录由 apps! 编译进程序",
    ),
    (
        "there is no interpreter whose memory grows; use flyer_max_requests",
        "没有内存增长的解释器；可用 flyer_max_requests",
    ),
    ("it belongs to flyer_auto_reload", "属于 flyer_auto_reload"),
    (
        "there is one SQL client; use flyer_opentelemetry_sqlachemy_enabled",
        "只有一个 SQL 客户端；请用 flyer_opentelemetry_sqlachemy_enabled",
    ),
    (
        "Tencent's own services are not carried over",
        "不再支持腾讯内部服务",
    ),
];

fn translate(text: &'static str, locale: Locale) -> &'static str {
    match locale {
        Locale::En => text,
        Locale::ZhCn => TRANSLATIONS
            .iter()
            .find(|(en, _)| *en == text)
            .map_or(text, |(_, zh)| zh),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_detail_has_a_translation() {
        for variable in TABLE {
            let details = [
                match variable.state {
                    State::Planned(text) | State::NoEffect(text) => Some(text),
                    State::Active | State::Feature(_) => None,
                },
                match variable.default {
                    Preset::Computed(text) => Some(text),
                    Preset::Unset | Preset::Text(_) => None,
                },
            ];
            for detail in details.into_iter().flatten() {
                assert!(
                    TRANSLATIONS.iter().any(|(en, _)| *en == detail),
                    "{detail:?} is not translated"
                );
            }
        }
    }
}
