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
