//! The settings in force, for people and for programs: what `fastflyer env` prints.

use super::{
    load::{Loaded, Origin},
    source::Source,
    variable::State,
};
use crate::Locale;
use std::fmt::Write;

/// Values are cut off there in the table; JSON has them whole.
const WIDEST: usize = 60;

impl Loaded {
    /// A table of all variables: name, value in force, where it comes from, and what is to be known
    /// about it. Secrets are masked. With `color`, what is not a default stands out.
    ///
    /// ```
    /// use fastkit::settings::{Config, Settings, Sources};
    ///
    /// let loaded = Settings::load(&Config::new().port(8081), &Sources::default())?;
    /// let table = loaded.render_table(false);
    /// let row = table.lines().find(|line| line.contains("flyer_port")).unwrap();
    /// assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["flyer_port", "8081", "code"]);
    /// # Ok::<(), fastkit::settings::Errors>(())
    /// ```
    #[must_use]
    pub fn render_table(&self, color: bool) -> String {
        let rows: Vec<_> = self
            .origins
            .iter()
            .map(|origin| (origin, shorten(&origin.shown)))
            .collect();
        let name_width = rows
            .iter()
            .map(|(origin, _)| width(origin.variable.name))
            .max()
            .unwrap_or(0);
        let value_width = rows
            .iter()
            .map(|(_, value)| width(value))
            .max()
            .unwrap_or(0);
        let (bold, dim, bright, plain) = if color {
            ("\x1b[1m", "\x1b[2m", "\x1b[36m", "\x1b[0m")
        } else {
            ("", "", "", "")
        };
        let mut out = String::new();
        let mut group = None;
        for (origin, value) in rows {
            let variable = origin.variable;
            if group.replace(variable.group) != Some(variable.group) {
                let gap = if out.is_empty() { "" } else { "\n" };
                // Writing into a string cannot fail.
                let _ = writeln!(
                    out,
                    "{gap}{bold}{}{plain}",
                    variable.group.title(Locale::En)
                );
            }
            let style = if origin.source == Source::Default {
                dim
            } else {
                bright
            };
            let mut row = format!(
                "  {}  {style}{}{plain}",
                pad(variable.name, name_width),
                pad(&value, value_width)
            );
            let _ = write!(
                row,
                "  {}",
                pad(origin.source.as_str(), Source::Environment.as_str().len())
            );
            if let Some(note) = note(origin) {
                let _ = write!(row, "  {dim}{note}{plain}");
            }
            out.push_str(row.trim_end());
            out.push('\n');
        }
        out
    }

    /// The same as a JSON array of objects: `name, value, source, default, state, detail, summary`.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let object = |origin: &Origin| {
            let variable = origin.variable;
            let (state, detail) = match variable.state {
                State::Active => ("active", None),
                State::Planned(part) => ("planned", Some(part)),
                State::NoEffect(reason) => ("no effect", Some(reason)),
                State::Feature(feature) => ("feature", Some(feature)),
            };
            let default = match variable.default {
                super::Preset::Unset => None,
                super::Preset::Text(text) | super::Preset::Computed(text) => Some(text),
            };
            serde_json::json!({
                "name": variable.name,
                "value": origin.shown,
                "source": origin.source.as_str(),
                "default": default,
                "state": state,
                "detail": detail,
                "summary": variable.summary,
            })
        };
        self.origins.iter().map(object).collect()
    }
}

fn note(origin: &Origin) -> Option<String> {
    match origin.variable.state {
        State::Active => None,
        State::Planned(part) => Some(format!("planned for {part}")),
        State::NoEffect(_) => Some("without effect".to_owned()),
        State::Feature(feature) => Some(format!("cargo feature {feature}")),
    }
}

/// The value on one line, cut off at [`WIDEST`] columns.
fn shorten(value: &str) -> String {
    let printable = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let value: String = value.chars().map(printable).collect();
    if width(&value) <= WIDEST {
        return value;
    }
    let mut columns = 0;
    let fits = |c: &char| {
        columns += columns_of(*c);
        columns < WIDEST
    };
    let mut cut: String = value.chars().take_while(fits).collect();
    cut.push('…');
    cut
}

fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// The columns of a text on a terminal.
fn width(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// Two columns for what East Asian scripts draw wide, none for marks that join the letter before.
/// Enough for names and titles; emoji sequences are not worth a dependency here.
fn columns_of(c: char) -> usize {
    match u32::from(c) {
        0x0300..=0x036f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Config, Settings, Sources};

    #[test]
    fn columns_line_up_with_wide_characters() {
        let loaded = Settings::load(
            &Config::new().author("运维团队").version("v1"),
            &Sources::default(),
        )
        .unwrap();
        let table = loaded.render_table(false);
        let at = |name: &str| {
            let line = table.lines().find(|line| line.contains(name)).unwrap();
            width(&line[..line.find("code").unwrap()])
        };
        assert_eq!(at("flyer_author"), at("flyer_version"));
        assert!(table.lines().all(|line| line == line.trim_end()));
        assert!(!table.contains('\x1b'));
        assert!(loaded.render_table(true).contains('\x1b'));
    }

    #[test]
    fn long_values_are_cut_and_controls_replaced() {
        assert_eq!(width(&shorten(&"中".repeat(80))), 59);
        assert_eq!(shorten("a\x1b[2J\n"), "a\u{fffd}[2J\u{fffd}");
    }
}
