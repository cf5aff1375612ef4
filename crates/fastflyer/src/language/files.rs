//! Locale files: `locales/zh-CN.toml`, `en.toml`, `ja.toml` and so on.
//!
//! ```toml
//! 404101 = "商品不存在"        # the text of a code, by its number
//! OutOfStock = "库存不足"      # or by the name of its constant
//!
//! [validation]                 # rules, by their names
//! required = "必填"
//! min_length = "至少 {n} 个字符"
//!
//! [validation.types]           # what stands for {types}
//! integer = "整数"
//!
//! [validation.formats]         # what stands for {format}
//! email = "邮箱"
//!
//! [framework]                  # explanations of the framework
//! body_too_large = "请求体超过 {limit} 字节"
//!
//! [texts]                      # the service's own, for `extract::Language`
//! greeting = "你好，{name}"
//! ```
//!
//! A file is read once at start; whatever in it would have no effect stops the start.

use super::{NOTICES, Template};
use crate::validation::messages::{FORMATS, Phrases, RULES, TYPES};
use fastkit::LanguageTag;
use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
    path::Path,
};
use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

/// One locale file, its codes not yet matched with those of the service.
#[derive(Debug)]
pub(crate) struct LocaleFile {
    pub(super) tag: LanguageTag,
    pub(super) codes: Vec<CodeText>,
    pub(super) phrases: Phrases,
    pub(super) framework: HashMap<&'static str, Template>,
    pub(super) texts: BTreeMap<String, String>,
}

/// The text of a code.
#[derive(Debug)]
pub(super) struct CodeText {
    /// The number, or the name of the constant.
    pub(super) key: String,
    pub(super) text: String,
    /// `locales/en.toml:3`
    pub(super) place: String,
}

/// All locale files of a folder, in the order of their names. None where there is no folder.
///
/// # Errors
///
/// Every mistake, with file, line and key.
pub(crate) fn read_folder(folder: &Path) -> Result<Vec<LocaleFile>, Vec<String>> {
    let unreadable = |error: &io::Error| vec![format!("{}: {error}", folder.display())];
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(&error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unreadable(&error))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            paths.push(path);
        }
    }
    paths.sort();
    let mut files: Vec<(LocaleFile, String)> = Vec::new();
    let mut problems = Vec::new();
    for path in paths {
        let shown = path.display().to_string();
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .unwrap_or("");
        let Some(tag) = LanguageTag::parse(name) else {
            problems.push(format!(
                "{shown}: {name:?} is no language tag; a locale file is called zh-CN.toml, en.toml, pt-BR.toml"
            ));
            continue;
        };
        if let Some((_, other)) = files.iter().find(|(file, _)| file.tag == tag) {
            problems.push(format!("{shown} and {other} are both for {tag}"));
            continue;
        }
        let read = fs::read_to_string(&path)
            .map_err(|error| vec![format!("{shown}: {error}")])
            .and_then(|text| parse(tag, &shown, &text));
        match read {
            Ok(file) => files.push((file, shown)),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() {
        Ok(files.into_iter().map(|(file, _)| file).collect())
    } else {
        Err(problems)
    }
}

/// Reads the text of one file.
fn parse(tag: LanguageTag, path: &str, source: &str) -> Result<LocaleFile, Vec<String>> {
    let mut reader = Reader {
        path,
        source,
        problems: Vec::new(),
    };
    let table = DeTable::parse(source).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        vec![format!("{}: {}", reader.place(at), error.message().trim())]
    })?;
    let mut file = LocaleFile {
        tag,
        codes: Vec::new(),
        phrases: Phrases::default(),
        framework: HashMap::new(),
        texts: BTreeMap::new(),
    };
    for (key, value) in table.get_ref() {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("validation", DeValue::Table(table)) => reader.validation(table, &mut file.phrases),
            ("framework", DeValue::Table(table)) => {
                for (key, value) in table {
                    let row = NOTICES.iter().find(|row| row.key == key.get_ref().as_ref());
                    let names = row.map(|row| (row.key, row.names));
                    let known = || NOTICES.iter().map(|row| row.key).collect();
                    if let Some((key, text)) =
                        reader.template("framework", key, value, names, known)
                    {
                        file.framework.insert(key, text);
                    }
                }
            }
            ("texts", DeValue::Table(table)) => {
                for (key, value) in table {
                    if let Some(text) = reader.text("texts", key, value) {
                        file.texts.insert(key.get_ref().to_string(), text);
                    }
                }
            }
            (name, DeValue::Table(_)) => {
                let place = reader.place(key.span().start);
                let known = ["validation", "framework", "texts"];
                reader.problems.push(format!(
                    "{place}: [{name}] is no section{}; known: [{}]",
                    nearest(name, &known),
                    known.join("], [")
                ));
            }
            _ => {
                if let Some(text) = reader.text("", key, value) {
                    file.codes.push(CodeText {
                        key: key.get_ref().to_string(),
                        text,
                        place: reader.place(key.span().start),
                    });
                }
            }
        }
    }
    if reader.problems.is_empty() {
        Ok(file)
    } else {
        Err(reader.problems)
    }
}

/// A file being read.
struct Reader<'a> {
    path: &'a str,
    source: &'a str,
    problems: Vec<String>,
}

type Key<'a> = Spanned<DeString<'a>>;
type Node<'a> = Spanned<DeValue<'a>>;

impl Reader<'_> {
    /// The file and the line of a byte in it.
    fn place(&self, at: usize) -> String {
        let before = self.source.get(..at).unwrap_or("");
        format!("{}:{}", self.path, before.matches('\n').count() + 1)
    }

    fn validation(&mut self, table: &DeTable<'_>, phrases: &mut Phrases) {
        for (key, value) in table {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("types", DeValue::Table(names)) => {
                    self.names("validation.types", names, TYPES, &mut phrases.types);
                }
                ("formats", DeValue::Table(names)) => {
                    self.names("validation.formats", names, FORMATS, &mut phrases.formats);
                }
                (name, _) => {
                    let rule = RULES.iter().find(|(rule, _)| *rule == name).copied();
                    let known = || RULES.iter().map(|(rule, _)| *rule).collect();
                    if let Some((rule, text)) = self.template("validation", key, value, rule, known)
                    {
                        phrases.rules.insert(rule, text);
                    }
                }
            }
        }
    }

    /// A table of words.
    fn names(
        &mut self,
        section: &str,
        table: &DeTable<'_>,
        known: &[&'static str],
        words: &mut HashMap<&'static str, String>,
    ) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match known.iter().find(|known| **known == name) {
                Some(known) => {
                    if let Some(text) = self.text(section, key, value) {
                        words.insert(known, text);
                    }
                }
                None => self.unknown(section, key, known),
            }
        }
    }

    fn template(
        &mut self,
        section: &str,
        key: &Key<'_>,
        value: &Node<'_>,
        names: Option<(&'static str, &'static [&'static str])>,
        known: impl FnOnce() -> Vec<&'static str>,
    ) -> Option<(&'static str, Template)> {
        let Some((known, names)) = names else {
            self.unknown(section, key, &known());
            return None;
        };
        let text = self.text(section, key, value)?;
        match Template::parse(&text, names) {
            Ok(template) => Some((known, template)),
            Err(reason) => {
                let place = self.place(value.span().start);
                self.problems
                    .push(format!("{place}: {known} in [{section}]: {reason}"));
                None
            }
        }
    }

    fn unknown(&mut self, section: &str, key: &Key<'_>, known: &[&str]) {
        let place = self.place(key.span().start);
        let name = key.get_ref().as_ref();
        self.problems.push(format!(
            "{place}: {name:?} in [{section}] is not known{}",
            nearest(name, known)
        ));
    }

    fn text(&mut self, section: &str, key: &Key<'_>, value: &Node<'_>) -> Option<String> {
        let fault = match value.get_ref() {
            DeValue::String(text) if text.trim().is_empty() => "is empty",
            DeValue::String(text) => return Some(text.to_string()),
            _ => "is no text in quotes",
        };
        let place = self.place(value.span().start);
        let name = key.get_ref().as_ref();
        let section = match section {
            "" => String::new(),
            section => format!(" in [{section}]"),
        };
        self.problems
            .push(format!("{place}: {name}{section} {fault}"));
        None
    }
}

/// `; did you mean "min_length"?`, or nothing where no name is near.
pub(super) fn nearest(name: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    near.map_or_else(String::new, |(_, known)| {
        format!("; did you mean {known:?}?")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: &str) -> Result<LocaleFile, Vec<String>> {
        parse(LanguageTag::parse("ja").unwrap(), "locales/ja.toml", source)
    }

    #[test]
    fn a_file_is_read() {
        let file = read(
            "404101 = \"商品がありません\"\n[validation]\nrequired = \"必須です\"\n\
             [validation.types]\ninteger = \"整数\"\n[framework]\nbody_too_large = \"{limit} まで\"\n\
             [texts]\n\"any key\" = \"こんにちは {name}\"\n",
        )
        .unwrap();
        assert_eq!(
            (file.codes[0].key.as_str(), file.codes[0].place.as_str()),
            ("404101", "locales/ja.toml:1")
        );
        assert!(file.phrases.rules.contains_key("required"));
        assert_eq!(file.phrases.types["integer"], "整数");
        assert_eq!(file.framework["body_too_large"].render(&["5"]), "5 まで");
        assert_eq!(file.texts["any key"], "こんにちは {name}");
    }

    #[test]
    fn every_mistake_has_its_file_line_and_key() {
        let problems = read(
            "404101 = 7\n404102 = \" \"\n[validation]\nmin_lenght = \"x\"\nmax_length = \"{m}\"\n\
             [validation.types]\ninteger = 1\n[framework]\nnothing_like_it = \"x\"\n[text]\na = \"b\"\n",
        )
        .unwrap_err();
        assert_eq!(
            problems,
            [
                "locales/ja.toml:1: 404101 is no text in quotes",
                "locales/ja.toml:2: 404102 is empty",
                "locales/ja.toml:9: \"nothing_like_it\" in [framework] is not known",
                "locales/ja.toml:10: [text] is no section; did you mean \"texts\"?; known: [validation], [framework], [texts]",
                "locales/ja.toml:5: max_length in [validation]: `{m}` has no value here; known: {n}",
                "locales/ja.toml:4: \"min_lenght\" in [validation] is not known; did you mean \"min_length\"?",
                "locales/ja.toml:7: integer in [validation.types] is no text in quotes",
            ]
        );
        let problems = read("a = \"b\"\nc d\n").unwrap_err();
        assert!(
            problems[0].starts_with("locales/ja.toml:2: "),
            "{problems:?}"
        );
    }

    #[test]
    fn folders() {
        let folder = tempfile::tempdir().unwrap();
        assert!(
            read_folder(&folder.path().join("absent"))
                .unwrap()
                .is_empty()
        );
        fs::write(folder.path().join("en.toml"), "").unwrap();
        fs::write(folder.path().join("README.md"), "not read").unwrap();
        assert_eq!(read_folder(folder.path()).unwrap().len(), 1);
        fs::write(folder.path().join("zh.toml"), "").unwrap();
        fs::write(folder.path().join("zh-Hans.toml"), "").unwrap();
        fs::write(folder.path().join("no tag.toml"), "").unwrap();
        let problems = read_folder(folder.path()).unwrap_err();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(
            problems[0].contains("\"no tag\" is no language tag"),
            "{problems:?}"
        );
        assert!(problems[1].ends_with("are both for zh-CN"), "{problems:?}");
    }
}
