//! The catalogue for people and for the programs of clients: a table, Markdown, a TypeScript
//! module, a Python module. What is written depends on the catalogue alone, so that a generated
//! file changes only with the codes.

use super::catalogue::CodeRow;
use std::{collections::HashSet, fmt::Write as _};

/// Columns for a terminal.
pub(crate) fn table(rows: &[CodeRow]) -> String {
    let width = |column: fn(&CodeRow) -> usize| rows.iter().map(column).max().unwrap_or(0);
    let codes = width(|row| row.code.to_string().len()).max(4);
    let names = width(|row| row.name.len()).max(4);
    let sources = width(|row| row.source.len()).max(6);
    let mut text = format!(
        "{:codes$}  HTTP  STATUS   {:names$}  {:sources$}  TEXTS",
        "CODE", "NAME", "SOURCE"
    );
    for row in rows {
        let texts: Vec<String> = row
            .texts
            .iter()
            .map(|(language, text)| format!("{language}: {}", one_line(text)))
            .collect();
        let CodeRow {
            code,
            http_status,
            status,
            name,
            source,
            ..
        } = row;
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\n{code:<codes$}  {http_status:<4}  {status:7}  {name:names$}  {source:sources$}  {}",
            texts.join("; ")
        );
    }
    text
}

/// A Markdown table.
pub(crate) fn markdown(rows: &[CodeRow]) -> String {
    let languages = languages(rows);
    let mut text = "| code | HTTP | status | name | source |".to_owned();
    for language in &languages {
        let _ = write!(text, " {language} |");
    }
    text.push_str("\n|---|---|---|---|---|");
    text.push_str(&"---|".repeat(languages.len()));
    for row in rows {
        let _ = write!(
            text,
            "\n| {} | {} | {} | {} | {} |",
            row.code, row.http_status, row.status, row.name, row.source
        );
        for language in &languages {
            let said = row.texts.get(*language).map_or("", String::as_str);
            let said = said.replace('\\', "\\\\").replace('|', "\\|");
            let _ = write!(text, " {} |", said.replace(['\r', '\n'], " "));
        }
    }
    text
}

/// A TypeScript module: a constant object of the codes, the type of its values, and the texts.
pub(crate) fn typescript(rows: &[CodeRow]) -> String {
    let mut text =
        "// The codes of the service. Generated; do not edit.\n\nexport const Code = {".to_owned();
    for (name, row) in named(rows) {
        let _ = write!(
            text,
            "\n  {}{name}: {},",
            doc(row, "/** ", " */\n  "),
            row.code
        );
    }
    text.push_str(
        "\n} as const;\n\nexport type Code = (typeof Code)[keyof typeof Code];\n\n\
         export const codeTexts: Readonly<Record<Code, Readonly<Record<string, string>>>> = {",
    );
    for row in rows {
        // JSON's texts are JavaScript's too (ECMA-262, 2019).
        let texts = serde_json::to_string(&row.texts).unwrap_or_default();
        let _ = write!(text, "\n  {}: {texts},", row.code);
    }
    text.push_str("\n};\n");
    text
}

/// A Python module: an `IntEnum` of the codes, and the texts.
pub(crate) fn python(rows: &[CodeRow]) -> String {
    let mut text = "\"\"\"The codes of the service. Generated; do not edit.\"\"\"\n\n\
         from enum import IntEnum\n\n\nclass Code(IntEnum):"
        .to_owned();
    for (name, row) in named(rows) {
        let name = if PYTHON_WORDS.contains(&name.as_str()) {
            format!("{name}_")
        } else {
            name
        };
        let _ = write!(
            text,
            "\n    {}{name} = {}",
            doc(row, "# ", "\n    "),
            row.code
        );
    }
    if rows.is_empty() {
        text.push_str("\n    pass");
    }
    text.push_str("\n\n\nCODE_TEXTS = {");
    for row in rows {
        // JSON's texts are Python's too.
        let texts = serde_json::to_string(&row.texts).unwrap_or_default();
        let _ = write!(text, "\n    {}: {texts},", row.code);
    }
    text.push_str("\n}\n");
    text
}

/// Names that cannot stand in a Python class, or that an `IntEnum` gives another meaning.
const PYTHON_WORDS: [&str; 8] = [
    "False",
    "None",
    "True",
    "mro",
    "name",
    "value",
    "numerator",
    "denominator",
];

/// Each row with a name of its own: two enums may have the same name for different codes.
fn named(rows: &[CodeRow]) -> impl Iterator<Item = (String, &CodeRow)> {
    let mut seen = HashSet::new();
    let twice: HashSet<&str> = rows
        .iter()
        .map(|row| row.name.as_str())
        .filter(|name| !seen.insert(*name))
        .collect();
    rows.iter().map(move |row| {
        let name = match twice.contains(row.name.as_str()) {
            true => format!("{}_{}", row.name, row.code),
            false => row.name.clone(),
        };
        (name, row)
    })
}

/// What a code means, as a comment of one line.
fn doc(row: &CodeRow, before: &str, after: &str) -> String {
    let said = row.description.as_deref();
    let said = said.or_else(|| row.texts.values().next().map(String::as_str));
    let line = said.unwrap_or("").replace("*/", "* /");
    let line = one_line(&line);
    match line.as_str() {
        "" => String::new(),
        line => format!("{before}{line}{after}"),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn languages(rows: &[CodeRow]) -> Vec<&str> {
    let mut languages: Vec<&str> = rows
        .iter()
        .flat_map(|row| row.texts.keys().map(String::as_str))
        .collect();
    languages.sort_unstable();
    languages.dedup();
    languages
}

#[cfg(test)]
mod tests;
