//! [`Catalogue`]: all codes of a service: the built-in ones and those of its enums.

use super::{CodeEntry, CodeSet};
use crate::envelope::{http_status, status_word};
use fastkit::status;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// The codes of a service by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalogue(pub(crate) BTreeMap<u32, CatalogueEntry>);

/// A code and where it comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CatalogueEntry {
    pub(crate) number: u32,
    /// What the enum says; `None` for a built-in code.
    pub(crate) declared: Option<(&'static CodeSet, &'static CodeEntry)>,
}

impl Catalogue {
    /// All codes of these enums, and the built-in ones. The codes of WebSocket are left out: no
    /// answer has them.
    ///
    /// # Errors
    ///
    /// Each number that two enums give different names or texts, with both places.
    pub(crate) fn new(
        sets: impl IntoIterator<Item = &'static CodeSet>,
    ) -> Result<Self, Vec<String>> {
        let mut all: BTreeMap<u32, CatalogueEntry> = status::codes()
            .filter(|number| *number < 1000)
            .map(|number| {
                let declared = None;
                (number, CatalogueEntry { number, declared })
            })
            .collect();
        let mut problems = Vec::new();
        for set in sets {
            for entry in set.entries {
                let number = entry.number;
                let known = all.get(&number).and_then(|known| known.declared);
                if let Some((other, first)) = known {
                    if first.name != entry.name || first.texts != entry.texts {
                        problems.push(format!(
                            "the code {number} is `{}::{}` at {}:{} and `{}::{}` at {}:{}; one number has one meaning",
                            other.name, first.name, other.file, first.line,
                            set.name, entry.name, set.file, entry.line,
                        ));
                    }
                    continue;
                }
                let declared = Some((set, entry));
                all.insert(number, CatalogueEntry { number, declared });
            }
        }
        if problems.is_empty() {
            Ok(Self(all))
        } else {
            Err(problems)
        }
    }

    /// The codes of the service's own enums.
    pub(crate) fn declared(&self) -> impl Iterator<Item = &CatalogueEntry> {
        self.0.values().filter(|entry| entry.declared.is_some())
    }

    /// The numbers that a locale file may mean by a name.
    pub(crate) fn named(&self, name: &str) -> Vec<u32> {
        let declared = self.0.values().filter(|entry| {
            entry
                .declared
                .is_some_and(|(_, declared)| declared.name == name)
        });
        let mut numbers: Vec<u32> = declared.map(|entry| entry.number).collect();
        if numbers.is_empty() {
            numbers.extend(
                status::names()
                    .filter(|(known, number)| *known == name && self.0.contains_key(number))
                    .map(|(_, number)| number),
            );
        }
        numbers
    }

    /// Every name that a locale file may use.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.0.values().map(CatalogueEntry::name).collect()
    }
}

impl CatalogueEntry {
    /// The name of the variant, or of the constant in `fastflyer::status`.
    pub(crate) fn name(&self) -> &'static str {
        match self.declared {
            Some((_, entry)) => entry.name,
            None => status::name(self.number).unwrap_or(""),
        }
    }

    /// What the row of the catalogue says. `code` is the number as clients see it.
    pub(crate) fn row(&self, code: u32, texts: BTreeMap<String, String>) -> CodeRow {
        CodeRow {
            code,
            http_status: http_status(self.number).as_u16(),
            status: status_word(self.number).to_owned(),
            name: self.name().to_owned(),
            source: self
                .declared
                .map_or(BUILT_IN, |(set, _)| set.name)
                .to_owned(),
            description: self
                .declared
                .map(|(_, entry)| entry.description)
                .filter(|text| !text.is_empty())
                .map(str::to_owned),
            texts,
        }
    }
}

// One code, as `{base}/codes` and the document list it; the texts are those of the schema.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
// No component: its name could be that of a type of the project.
#[schemars(inline)]
pub(crate) struct CodeRow {
    /// 返回码，即响应中的 `code`
    pub(crate) code: u32,
    /// 对应的 HTTP 状态码
    pub(crate) http_status: u16,
    /// 响应中的 `status`：success、error 或 fail
    pub(crate) status: String,
    /// 常量名
    pub(crate) name: String,
    /// 来源：定义它的枚举，内置返回码为 built-in
    pub(crate) source: String,
    /// 说明
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    /// 各语言的文本
    pub(crate) texts: BTreeMap<String, String>,
}

/// What stands as source of a code that no enum has.
const BUILT_IN: &str = "built-in";

impl CodeRow {
    pub(crate) fn is_built_in(&self) -> bool {
        self.source == BUILT_IN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn set(name: &'static str, entries: &'static [CodeEntry]) -> CodeSet {
        CodeSet {
            name,
            file: "src/codes.rs",
            entries,
        }
    }

    const fn entry(
        number: u32,
        name: &'static str,
        texts: &'static [(&'static str, &'static str)],
        line: u32,
    ) -> CodeEntry {
        CodeEntry {
            number,
            name,
            description: "",
            texts,
            line,
        }
    }

    static SHOP: CodeSet = set(
        "Shop",
        &[
            entry(404_101, "NoProduct", &[("zh-CN", "商品不存在")], 7),
            entry(404, "Nothing", &[("zh-CN", "什么都没有")], 9),
        ],
    );
    static SAME: CodeSet = set(
        "Same",
        &[entry(404_101, "NoProduct", &[("zh-CN", "商品不存在")], 3)],
    );
    static OTHER: CodeSet = set(
        "Other",
        &[entry(404_101, "NoUser", &[("zh-CN", "用户不存在")], 5)],
    );

    #[test]
    fn an_enum_goes_before_the_built_in_codes() {
        let catalogue = Catalogue::new([&SHOP, &SHOP, &SAME]).unwrap();
        assert_eq!(catalogue.0[&404].name(), "Nothing");
        assert_eq!(catalogue.0[&403].name(), "HTTP_403_FORBIDDEN");
        assert_eq!(catalogue.declared().count(), 2);
        assert!(
            !catalogue.0.contains_key(&1000),
            "no answer has a code of WebSocket"
        );
        assert_eq!(catalogue.named("NoProduct"), [404_101]);
        assert_eq!(catalogue.named("HTTP_418_IM_A_TEAPOT"), [418]);
        assert!(catalogue.named("Unknown").is_empty());
        let row = catalogue.0[&404_101].row(404_101, BTreeMap::new());
        assert_eq!((row.http_status, row.status.as_str()), (404, "error"));
        let row = catalogue.0[&605].row(605, BTreeMap::new());
        assert_eq!((row.http_status, row.status.as_str()), (500, "fail"));
    }

    #[test]
    fn one_number_has_one_meaning() {
        let problems = Catalogue::new([&SHOP, &OTHER]).unwrap_err();
        assert_eq!(
            problems,
            [
                "the code 404101 is `Shop::NoProduct` at src/codes.rs:7 and `Other::NoUser` at src/codes.rs:5; one number has one meaning"
            ]
        );
    }
}
