//! What a language of the service has no texts for: `i18n check`.

use super::{LanguageId, NOTICES, Texts};
use crate::{
    codes::Catalogue,
    validation::messages::{FORMATS, RULES, TYPES},
};
use serde::Serialize;
use std::collections::BTreeSet;

/// The texts that one language lacks, by their keys in its locale file.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(crate) struct Missing {
    pub(crate) language: String,
    /// Codes, as `404101 ProductNotFound`.
    pub(crate) codes: Vec<String>,
    pub(crate) validation: Vec<String>,
    pub(crate) framework: Vec<String>,
    pub(crate) texts: Vec<String>,
}

impl Missing {
    /// What each language lacks, the default language first.
    pub(crate) fn of(texts: &Texts, catalogue: &Catalogue) -> Vec<Self> {
        let own_keys: BTreeSet<&str> = texts
            .languages()
            .iter()
            .flat_map(|language| language.own.keys().map(String::as_str))
            .collect();
        let languages = texts.languages().iter().enumerate();
        languages
            .map(|(index, language)| {
                let id = LanguageId(index as u8);
                let built_in = language.built_in.as_str() == language.tag.as_str();
                let phrases = &language.phrases;
                let mut validation = Vec::new();
                let mut framework = Vec::new();
                if !built_in {
                    let lacks = |known: bool, key: String| (!known).then_some(key);
                    validation.extend(RULES.iter().filter_map(|(rule, _)| {
                        lacks(phrases.rules.contains_key(rule), (*rule).to_owned())
                    }));
                    validation.extend(TYPES.iter().filter_map(|name| {
                        lacks(phrases.types.contains_key(name), format!("types.{name}"))
                    }));
                    validation.extend(FORMATS.iter().filter_map(|name| {
                        lacks(
                            phrases.formats.contains_key(name),
                            format!("formats.{name}"),
                        )
                    }));
                    framework.extend(NOTICES.iter().filter_map(|row| {
                        lacks(language.framework.contains_key(row.key), row.key.to_owned())
                    }));
                }
                Self {
                    language: language.tag.to_string(),
                    codes: catalogue
                        .0
                        .values()
                        .filter(|entry| texts.lacks(entry.number, id))
                        .map(|entry| format!("{} {}", entry.number, entry.name()))
                        .collect(),
                    validation,
                    framework,
                    texts: own_keys
                        .iter()
                        .filter(|key| !language.own.contains_key(**key))
                        .map(|key| (*key).to_owned())
                        .collect(),
                }
            })
            .collect()
    }

    /// How many texts are missing.
    pub(crate) fn count(&self) -> usize {
        self.codes.len() + self.validation.len() + self.framework.len() + self.texts.len()
    }

    /// The keys by section, for people.
    pub(crate) fn lines(&self) -> String {
        let mut lines = match self.count() {
            0 => format!("{}: complete", self.language),
            count => format!("{}: {count} missing", self.language),
        };
        let sections = [
            ("codes", &self.codes),
            ("validation", &self.validation),
            ("framework", &self.framework),
            ("texts", &self.texts),
        ];
        for (section, keys) in sections {
            for key in keys {
                lines.push_str(&format!("\n  {section:10}  {key}"));
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        codes::{CodeEntry, CodeSet},
        language::read_folder,
    };
    use fastkit::{LanguageTag, settings::ResponseFormat};

    static SHOP: CodeSet = CodeSet {
        name: "Shop",
        file: "src/codes.rs",
        entries: &[CodeEntry {
            number: 404_101,
            name: "NoProduct",
            description: "",
            texts: &[("zh-CN", "商品不存在")],
            line: 7,
        }],
    };

    /// What is missing in a service with these locale files.
    fn missing(files: &[(&str, &str)]) -> Vec<Missing> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let files = read_folder(folder.path()).unwrap();
        let catalogue = Catalogue::new([&SHOP]).unwrap();
        let default = LanguageTag::default();
        let texts = Texts::new(ResponseFormat::Standard, &default, &catalogue, files).unwrap();
        Missing::of(&texts, &catalogue)
    }

    #[test]
    fn each_language_says_what_it_lacks() {
        let found = missing(&[]);
        assert_eq!(found[0].lines(), "zh-CN: complete");
        assert_eq!(
            found[1].lines(),
            "en: 1 missing\n  codes       404101 NoProduct"
        );
        assert_eq!(found.len(), 2);
        let english = ("en.toml", "NoProduct = \"No such product\"\n");
        assert!(
            missing(&[english])
                .iter()
                .all(|language| language.count() == 0)
        );
    }

    #[test]
    fn another_language_needs_everything() {
        let found = missing(&[(
            "ja.toml",
            "404101 = \"x\"\n[validation]\nrequired = \"x\"\n[texts]\nhello = \"x\"\n",
        )]);
        let japanese = &found[2];
        assert_eq!(japanese.language, "ja");
        assert!(!japanese.codes.contains(&"404101 NoProduct".to_owned()));
        assert!(
            japanese
                .codes
                .contains(&"404 HTTP_404_NOT_FOUND".to_owned())
        );
        assert!(!japanese.validation.contains(&"required".to_owned()));
        assert!(japanese.validation.contains(&"types.integer".to_owned()));
        assert!(japanese.framework.contains(&"body_too_large".to_owned()));
        assert_eq!(found[0].texts, ["hello"]);
        assert_eq!(found[1].texts, ["hello"]);
    }
}
