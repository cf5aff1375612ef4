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
            Preset::Computed(text) => text.to_owned(),
        };
        let allowed = match variable.state {
            State::NoEffect(_) => "-".into(),
            _ => variable.allowed(),
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
        State::Planned(part) => add(format!("{} {part}", words.planned)),
        State::NoEffect(reason) => add(format!("{} {reason}", words.no_effect)),
        State::Feature(feature) => add(format!("{} `{feature}`", words.feature)),
    }
    text
}

/// A bar would end the cell.
fn escape(text: &str) -> String {
    text.replace('|', "\\|")
}
