//! A plain bar chart as SVG: panels side by side, one bar a server, ours in colour. No script, no font of its own; it
//! follows the reader's light or dark scheme.

use std::fmt::Write as _;

pub(crate) struct Chart<'a> {
    pub(crate) title: &'a str,
    pub(crate) subtitle: &'a str,
    pub(crate) panels: Vec<Panel>,
}

pub(crate) struct Panel {
    pub(crate) title: &'static str,
    pub(crate) bars: Vec<Bar>,
}

pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) label: String,
    pub(crate) ours: bool,
}

const WIDTH: usize = 880;
const MARGIN: usize = 24;
const NAMES: usize = 110;
const LABELS: usize = 90;
const ROW: usize = 26;
const BAR: usize = 16;

const STYLE: &str = "\
text{font:13px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#24292f}\
.title{font-size:17px;font-weight:600}.sub,.value{fill:#57606a}.panel{font-weight:600}\
.value{font-variant-numeric:tabular-nums}.bar{fill:#afb8c1}.ours{fill:#0969da}.name-ours{font-weight:600}\
.base{stroke:#d0d7de;stroke-width:1}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.sub,.value{fill:#8d96a0}.bar{fill:#57606a}.ours{fill:#4493f8}\
.base{stroke:#3d444d}}";

/// Draws the chart; `None` when there is nothing to draw.
pub(crate) fn svg(chart: &Chart<'_>) -> Option<String> {
    let panels: Vec<_> = chart
        .panels
        .iter()
        .filter(|panel| !panel.bars.is_empty())
        .collect();
    if panels.is_empty() {
        return None;
    }
    // Two panels a row.
    let panel_width = (WIDTH - 3 * MARGIN) / 2;
    let panel_height = |panel: &Panel| 30 + panel.bars.len() * ROW + 18;
    let mut body = String::new();
    let mut top = 76;
    for pair in panels.chunks(2) {
        for (column, panel) in pair.iter().enumerate() {
            draw(
                &mut body,
                panel,
                MARGIN + column * (panel_width + MARGIN),
                top,
                panel_width,
            );
        }
        top += pair
            .iter()
            .map(|panel| panel_height(panel))
            .max()
            .unwrap_or(0);
    }
    let (title, subtitle) = (escaped(chart.title), escaped(chart.subtitle));
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {top}\" width=\"{WIDTH}\" height=\"{top}\" \
         role=\"img\" aria-label=\"{title}\">\n<style>{STYLE}</style>\n\
         <text class=\"title\" x=\"{MARGIN}\" y=\"30\">{title}</text>\n\
         <text class=\"sub\" x=\"{MARGIN}\" y=\"50\">{subtitle}</text>\n{body}</svg>\n"
    ))
}

fn draw(body: &mut String, panel: &Panel, left: usize, top: usize, width: usize) {
    let longest = panel.bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
    let start = left + NAMES;
    #[expect(clippy::cast_precision_loss, reason = "pixels")]
    let room = (width - NAMES - LABELS) as f64;
    let mut line = |text: std::fmt::Arguments<'_>| {
        // Writing to a String cannot fail.
        let _ = writeln!(body, "{text}");
    };
    line(format_args!(
        "<text class=\"panel\" x=\"{left}\" y=\"{}\">{}</text>",
        top + 14,
        escaped(panel.title)
    ));
    let first = top + 26;
    for (index, bar) in panel.bars.iter().enumerate() {
        let y = first + index * ROW;
        let length = if longest > 0.0 {
            bar.value / longest * room
        } else {
            0.0
        };
        let (bar_class, name_class) = if bar.ours {
            ("bar ours", "name-ours")
        } else {
            ("bar", "name")
        };
        line(format_args!(
            "<text class=\"{name_class}\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            start - 8,
            y + 13,
            escaped(&bar.name)
        ));
        line(format_args!(
            "<rect class=\"{bar_class}\" x=\"{start}\" y=\"{y}\" width=\"{length:.1}\" height=\"{BAR}\" rx=\"2\"/>"
        ));
        #[expect(clippy::cast_precision_loss, reason = "pixels")]
        let label_at = start as f64 + length + 6.0;
        line(format_args!(
            "<text class=\"value\" x=\"{label_at:.1}\" y=\"{}\">{}</text>",
            y + 13,
            escaped(&bar.label)
        ));
    }
    let bottom = first + panel.bars.len() * ROW - (ROW - BAR) + 3;
    line(format_args!(
        "<line class=\"base\" x1=\"{start}\" y1=\"{}\" x2=\"{start}\" y2=\"{bottom}\"/>",
        first - 3
    ));
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: &[f64]) -> Option<String> {
        let bars = values
            .iter()
            .map(|value| Bar {
                name: "a<b".to_owned(),
                value: *value,
                label: value.to_string(),
                ours: *value > 5.0,
            })
            .collect();
        svg(&Chart {
            title: "T & t",
            subtitle: "s",
            panels: vec![Panel { title: "A", bars }],
        })
    }

    #[test]
    fn the_longest_bar_takes_the_room_and_the_others_their_part() {
        let text = chart(&[10.0, 5.0]).unwrap();
        assert!(
            text.contains("width=\"204.0\"") && text.contains("width=\"102.0\""),
            "{text}"
        );
        assert_eq!(text.matches("bar ours").count(), 1);
    }

    #[test]
    fn texts_are_escaped() {
        let text = chart(&[1.0]).unwrap();
        assert!(text.contains("T &amp; t") && text.contains("a&lt;b"));
    }

    #[test]
    fn nothing_gives_no_chart() {
        assert!(chart(&[]).is_none());
    }
}
