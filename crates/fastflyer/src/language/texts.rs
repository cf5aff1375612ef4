//! [`Texts`]: every text of the service in every language, resolved once at start.

use super::{
    LanguageId, Notice, Template,
    files::{LocaleFile, nearest},
    negotiate,
};
use crate::{
    Locale,
    codes::{Catalogue, CodeEntry},
    envelope::prefix,
    reply::json_headers,
    validation::messages::{Phrases, Wording},
};
use fastflyer_server::HeaderSet;
use fastkit::{LanguageTag, settings::ResponseFormat, status};
use http::{HeaderMap, HeaderValue, header};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, LazyLock},
};

/// The texts of a service.
#[derive(Debug)]
pub(crate) struct Texts {
    format: ResponseFormat,
    /// The default first.
    languages: Vec<LanguageTexts>,
    /// By number, for binary search.
    codes: Vec<(u32, Spoken)>,
    /// Where 200 stands among them, which nearly every answer asks for.
    ok: usize,
    uncaught: Spoken,
    /// Values of `Accept-Language` that need no reading.
    known: HashMap<Box<[u8]>, LanguageId>,
}

/// What one language has beside the texts of codes.
#[derive(Debug)]
pub(crate) struct LanguageTexts {
    pub(crate) tag: LanguageTag,
    /// The tag as the value of `Content-Language`.
    header: HeaderValue,
    /// What a body in JSON has whose text is in this language.
    json: HeaderSet,
    /// The built-in texts that stand in where the language has none.
    pub(super) built_in: Locale,
    pub(super) phrases: Phrases,
    pub(super) framework: HashMap<&'static str, Template>,
    pub(super) own: BTreeMap<String, String>,
}

/// One text in each language, by its id; where a language lacks it, the next best.
#[derive(Debug)]
struct Spoken {
    /// Whether an enum of the service or a locale file says something of it.
    own: bool,
    texts: Box<[(Box<str>, LanguageId)]>,
}

/// A text, and the language that it is in.
pub(crate) type Said<'a> = (&'a str, LanguageId);

impl Texts {
    /// The built-in texts alone, with zh-CN as default.
    pub(crate) fn built_in() -> Arc<Self> {
        // A constant table: nothing registers in it.
        static BUILT_IN: LazyLock<Arc<Texts>> = LazyLock::new(|| {
            let catalogue = Catalogue::new([]).unwrap_or_default();
            let texts = Texts::new(
                ResponseFormat::Standard,
                &LanguageTag::default(),
                &catalogue,
                Vec::new(),
            );
            Arc::new(texts.unwrap_or_else(|_| Texts::empty()))
        });
        BUILT_IN.clone()
    }

    fn empty() -> Self {
        Self {
            format: ResponseFormat::Standard,
            languages: vec![LanguageTexts::new(LanguageTag::default(), Locale::ZhCn)],
            codes: Vec::new(),
            ok: usize::MAX,
            uncaught: Spoken {
                own: false,
                texts: Box::default(),
            },
            known: HashMap::new(),
        }
    }

    /// Resolves the texts of a service.
    ///
    /// # Errors
    ///
    /// When the default language has no texts, or a locale file names what is no code.
    pub(crate) fn new(
        format: ResponseFormat,
        default: &LanguageTag,
        catalogue: &Catalogue,
        mut files: Vec<LocaleFile>,
    ) -> Result<Self, Vec<String>> {
        let mut tags: Vec<LanguageTag> = Locale::ALL.map(Into::into).into();
        let declared = catalogue
            .declared()
            .filter_map(|entry| entry.declared)
            .flat_map(|(_, entry)| entry.texts)
            .filter_map(|(tag, _)| LanguageTag::parse(tag));
        let mut more: Vec<LanguageTag> = files.iter().map(|file| file.tag.clone()).collect();
        more.extend(declared);
        more.sort();
        for tag in more {
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        if tags.len() > usize::from(u8::MAX) {
            return Err(vec![format!(
                "{} languages are too many; at most {}",
                tags.len(),
                u8::MAX
            )]);
        }
        let first = default_of(default, &tags)?;
        let default = tags.remove(first);
        tags.insert(0, default.clone());
        let base = default.built_in().unwrap_or(Locale::En);

        let written = codes_of_files(catalogue, &mut files)?;
        let mut languages: Vec<LanguageTexts> = tags
            .into_iter()
            .map(|tag| {
                let built_in = tag.built_in().unwrap_or(base);
                LanguageTexts::new(tag, built_in)
            })
            .collect();
        for file in files {
            if let Some(language) = languages.iter_mut().find(|known| known.tag == file.tag) {
                language.phrases = file.phrases;
                language.framework = file.framework;
                language.own = file.texts;
            }
        }
        let mut texts = Self {
            format,
            languages,
            codes: Vec::new(),
            ok: usize::MAX,
            uncaught: Spoken {
                own: false,
                texts: Box::default(),
            },
            known: HashMap::new(),
        };
        texts.uncaught = texts.spoken(|language| {
            let locale = exactly(&language.tag)?;
            Some(match format {
                ResponseFormat::Flyer => status::flyer_uncaught(locale).to_owned(),
                _ => status::text(500, locale)?.to_owned(),
            })
        });
        texts.codes = catalogue
            .0
            .values()
            .map(|entry| {
                let number = entry.number;
                let declared = entry.declared.map(|(_, declared)| declared);
                let mut spoken = texts.spoken(|language| {
                    let tag = &language.tag;
                    let in_file = written.get(&(number, tag.clone())).cloned();
                    in_file
                        .or_else(|| declared?.in_language(tag).map(str::to_owned))
                        .or_else(|| built_in_text(format, number, exactly(tag)?).map(str::to_owned))
                });
                spoken.own = declared.is_some() || written.keys().any(|(of, _)| *of == number);
                (number, spoken)
            })
            .collect();
        texts.ok = texts.place(200).unwrap_or(usize::MAX);
        let tags: Vec<&LanguageTag> = texts.languages.iter().map(|known| &known.tag).collect();
        let common = tags.iter().map(|tag| tag.as_str()).chain(negotiate::COMMON);
        texts.known = common
            .map(|value| {
                let found = negotiate::lookup(value, &tags);
                (value.as_bytes().into(), LanguageId(found as u8))
            })
            .collect();
        Ok(texts)
    }

    /// One text in each language: `find` gives that of a language itself.
    fn spoken(&self, find: impl Fn(&LanguageTexts) -> Option<String>) -> Spoken {
        let found: Vec<Option<String>> = self.languages.iter().map(find).collect();
        let texts = self
            .languages
            .iter()
            .enumerate()
            .map(|(index, language)| {
                let at = self
                    .order(index, language)
                    .find(|at| found[*at].is_some())
                    .unwrap_or(index);
                let text = found[at].as_deref().unwrap_or_default();
                (text.into(), LanguageId(at as u8))
            })
            .collect();
        Spoken { own: false, texts }
    }

    /// In which languages a text is looked for: the language itself, the one it is a kind of, the
    /// default, then any other.
    fn order(&self, index: usize, language: &LanguageTexts) -> impl Iterator<Item = usize> {
        let built_in: Option<LanguageTag> = language.tag.built_in().map(Into::into);
        let parent = self
            .languages
            .iter()
            .position(|known| Some(&known.tag) == built_in.as_ref());
        [Some(index), parent]
            .into_iter()
            .flatten()
            .chain(0..self.languages.len())
    }

    /// The language of a request that has an `Accept-Language`.
    pub(super) fn negotiate(&self, value: &HeaderValue, headers: &HeaderMap) -> LanguageId {
        if let Some(known) = self.known.get(value.as_bytes()) {
            return *known;
        }
        let mut all = String::new();
        for value in headers.get_all(header::ACCEPT_LANGUAGE) {
            all.push_str(value.to_str().unwrap_or(""));
            all.push(',');
        }
        let tags: Vec<&LanguageTag> = self.languages.iter().map(|known| &known.tag).collect();
        LanguageId(negotiate::lookup(&all, &tags) as u8)
    }

    /// All languages, the default first.
    pub(crate) fn languages(&self) -> &[LanguageTexts] {
        &self.languages
    }

    /// A language. The default for an id of another service.
    pub(crate) fn language(&self, id: LanguageId) -> &LanguageTexts {
        self.languages
            .get(usize::from(id.0))
            .unwrap_or(&self.languages[0])
    }

    /// The headers of a body in JSON whose text is in this language.
    pub(crate) fn json_headers(&self, id: LanguageId) -> HeaderMap {
        self.language(id).json.take()
    }

    /// The value of `Content-Language`.
    pub(crate) fn header(&self, id: LanguageId) -> HeaderValue {
        self.language(id).header.clone()
    }

    /// The text of a code in each language.
    pub(crate) fn of_code_everywhere(&self, code: u32) -> impl Iterator<Item = &str> {
        (0..self.languages.len()).map(move |id| self.of_code(code, None, LanguageId(id as u8)).0)
    }

    /// How validation words its messages in a language.
    pub(crate) fn wording(&self, id: LanguageId) -> Wording<'_> {
        let language = self.language(id);
        Wording::with(language.built_in, &language.phrases)
    }

    /// The built-in language nearest to the default one, for what the documentation says.
    pub(crate) fn documented_in(&self) -> Locale {
        self.language(LanguageId::default()).built_in
    }

    /// An explanation of the framework in a language.
    pub(crate) fn notice(&self, notice: &Notice, id: LanguageId) -> String {
        let language = self.language(id);
        notice.text(&language.framework, language.built_in)
    }

    /// The text of a code that nobody gave a message for. `entry` is what its enum says, which
    /// counts where the enum is not among those of the service.
    pub(crate) fn of_code<'a>(
        &'a self,
        code: u32,
        entry: Option<&'static CodeEntry>,
        id: LanguageId,
    ) -> Said<'a> {
        let known = self.find(code);
        if let Some(entry) = entry
            && known.is_none_or(|known| !known.own)
            && let Some(said) = self.of_entry(entry, id)
        {
            return said;
        }
        if let Some(known) = known {
            return known.said(id);
        }
        // FastFlyer's clients know an empty text for every code without one.
        if self.format == ResponseFormat::Flyer {
            return ("", id);
        }
        let prefix = prefix(code);
        prefix
            .and_then(|prefix| self.find(prefix))
            // No code of HTTP: the text of its class.
            .or_else(|| self.find(prefix? / 100 * 100))
            .or_else(|| self.find(500))
            .map_or(("", id), |known| known.said(id))
    }

    /// The text of an error that nothing caught.
    pub(crate) fn of_uncaught(&self, id: LanguageId) -> Said<'_> {
        match self.format {
            ResponseFormat::Flyer => self.uncaught.said(id),
            _ => self.of_code(500, None, id),
        }
    }

    /// The texts that a code has in its languages, none of them standing in for another.
    pub(crate) fn written(&self, code: u32) -> BTreeMap<String, String> {
        let Some(spoken) = self.find(code) else {
            return BTreeMap::new();
        };
        self.languages
            .iter()
            .zip(&spoken.texts)
            .enumerate()
            .filter(|(index, (_, (text, in_language)))| {
                usize::from(in_language.0) == *index && !text.is_empty()
            })
            .map(|(_, (language, (text, _)))| (language.tag.to_string(), text.to_string()))
            .collect()
    }

    /// Whether another language stands in for this one in the text of a code.
    pub(super) fn lacks(&self, code: u32, id: LanguageId) -> bool {
        self.find(code).is_some_and(|spoken| {
            let (text, language) = spoken.said(id);
            language != id && !text.is_empty()
        })
    }

    /// A text of the service's own.
    pub(super) fn own(&self, key: &str, id: LanguageId) -> Option<&str> {
        let index = usize::from(id.0);
        self.order(index, self.language(id))
            .find_map(|at| self.languages.get(at)?.own.get(key))
            .map(String::as_str)
    }

    fn of_entry(&self, entry: &'static CodeEntry, id: LanguageId) -> Option<Said<'static>> {
        let index = usize::from(id.0);
        self.order(index, self.language(id)).find_map(|at| {
            let text = entry.in_language(&self.languages.get(at)?.tag)?;
            Some((text, LanguageId(at as u8)))
        })
    }

    fn find(&self, code: u32) -> Option<&Spoken> {
        if code == 200 {
            return self.codes.get(self.ok).map(|(_, spoken)| spoken);
        }
        let at = self.place(code)?;
        self.codes.get(at).map(|(_, spoken)| spoken)
    }

    fn place(&self, code: u32) -> Option<usize> {
        self.codes
            .binary_search_by_key(&code, |(number, _)| *number)
            .ok()
    }
}

impl LanguageTexts {
    fn new(tag: LanguageTag, built_in: Locale) -> Self {
        // A tag has letters, digits and hyphens only.
        let header =
            HeaderValue::from_str(tag.as_str()).unwrap_or(HeaderValue::from_static("zh-CN"));
        let mut json = json_headers();
        super::declare(&mut json, header.clone());
        Self {
            header,
            json: HeaderSet::new(json),
            tag,
            built_in,
            phrases: Phrases::default(),
            framework: HashMap::new(),
            own: BTreeMap::new(),
        }
    }
}

impl Spoken {
    fn said(&self, id: LanguageId) -> Said<'_> {
        match self.texts.get(usize::from(id.0)) {
            Some((text, language)) => (text, *language),
            None => ("", id),
        }
    }
}

impl CodeEntry {
    /// The text in exactly this language, however its tag is spelled.
    fn in_language(&self, language: &LanguageTag) -> Option<&'static str> {
        let spelled = |tag: &str| LanguageTag::parse(tag).as_ref() == Some(language);
        self.texts
            .iter()
            .find(|(tag, _)| spelled(tag))
            .map(|(_, text)| *text)
    }
}

/// The built-in language that this is, not only one that stands in for it.
fn exactly(tag: &LanguageTag) -> Option<Locale> {
    tag.built_in()
        .filter(|locale| locale.as_str() == tag.as_str())
}

fn built_in_text(format: ResponseFormat, code: u32, locale: Locale) -> Option<&'static str> {
    match format {
        ResponseFormat::Flyer => {
            status::text(code, locale).map(|_| status::flyer_text(code, locale))
        }
        _ => status::text(code, locale),
    }
}

/// The place of the language that `flyer_locale` means.
fn default_of(default: &LanguageTag, tags: &[LanguageTag]) -> Result<usize, Vec<String>> {
    let built_in: Option<LanguageTag> = default.built_in().map(Into::into);
    let found = tags
        .iter()
        .position(|tag| tag == default)
        .or_else(|| tags.iter().position(|tag| Some(tag) == built_in.as_ref()));
    found.ok_or_else(|| {
        let known: Vec<&str> = tags.iter().map(LanguageTag::as_str).collect();
        vec![format!(
            "flyer_locale = \"{default}\" is a language without texts; known: {}; add {default}.toml to the locale files",
            known.join(", ")
        )]
    })
}

/// The texts of codes in locale files, by number and language.
fn codes_of_files(
    catalogue: &Catalogue,
    files: &mut [LocaleFile],
) -> Result<HashMap<(u32, LanguageTag), String>, Vec<String>> {
    let mut found = HashMap::new();
    let mut problems = Vec::new();
    for file in files {
        for code in std::mem::take(&mut file.codes) {
            let numbers = match code.key.parse::<u32>() {
                Ok(number) if catalogue.0.contains_key(&number) => vec![number],
                Ok(_) => Vec::new(),
                Err(_) => catalogue.named(&code.key),
            };
            match numbers.as_slice() {
                [] => problems.push(format!(
                    "{}: {} is no code of the service{}",
                    code.place,
                    code.key,
                    nearest(&code.key, &catalogue.names())
                )),
                [number] => {
                    let known = found.insert((*number, file.tag.clone()), code.text);
                    if known.is_some() {
                        problems.push(format!(
                            "{}: {} is a second text for the code {number}",
                            code.place, code.key
                        ));
                    }
                }
                many => problems.push(format!(
                    "{}: {} is the name of several codes, {many:?}; write the number",
                    code.place, code.key
                )),
            }
        }
    }
    if problems.is_empty() {
        Ok(found)
    } else {
        Err(problems)
    }
}
