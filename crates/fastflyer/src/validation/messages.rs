//! The texts about failing fields, in every built-in language and in those of locale files.
//!
//! One table: [`Message`] names the rule with its parameters, [`Message::text`] words it. Bounds
//! and allowed values are always named.

use std::collections::HashMap;
use std::fmt::Write;

use crate::{Locale, language::Template};

/// How many allowed values a message lists.
const MAX_LISTED: usize = 50;

/// A rule that a value breaks.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Message {
    /// The value is not there.
    Required,
    /// A value of another type is needed; the types in JSON's words, and `character`.
    Type(Vec<&'static str>),
    /// The text is too short.
    MinLength(u64),
    /// The text is too long.
    MaxLength(u64),
    /// The number is too small.
    Minimum(String),
    /// The number is too large.
    Maximum(String),
    /// The number must be above this.
    ExclusiveMinimum(String),
    /// The number must be below this.
    ExclusiveMaximum(String),
    /// The number must be within these bounds.
    Range(String, String),
    /// The number must be a multiple of this.
    MultipleOf(String),
    /// The text does not match.
    Pattern(String),
    /// The text lacks this part.
    Contains(String),
    /// The text must start with this.
    Prefix(String),
    /// The text must end with this.
    Suffix(String),
    /// The text does not have the format of this name.
    Format(String),
    /// The value is none of these.
    OneOf(Vec<String>),
    /// The list or text is too short, where it is not known which of both it is.
    MinSize(usize),
    /// The list or text is too long, where it is not known which of both it is.
    MaxSize(usize),
    /// The list is too short.
    MinItems(u64),
    /// The list is too long.
    MaxItems(u64),
    /// The list, or the repeated parameter, has another number of items.
    ItemCount(usize),
    /// Items are equal.
    UniqueItems,
    /// No item is of the kind that is needed.
    ContainsItem,
    /// The object has too few members.
    MinProperties(u64),
    /// The object has too many members.
    MaxProperties(u64),
    /// The field is unknown.
    Unexpected,
    /// The field stands there twice.
    Duplicate,
    /// The value has none of several forms.
    NoForm,
    /// The value must not have this form.
    Forbidden,
    /// Another field must have the same value.
    SameAs(String),
    /// Only ASCII characters are allowed.
    Ascii,
    /// Only letters and digits are allowed.
    Alphanumeric,
    /// More parameters or fields than are accepted.
    TooMany(usize),
    /// The text is no JSON.
    Malformed {
        /// Line of the first wrong character, from 1.
        line: usize,
        /// Column of the first wrong character, from 1.
        column: usize,
    },
    /// The type refused the value, with its own words if they may be shown.
    Unreadable(Option<String>),
}

/// The received value as a message repeats it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Received {
    /// A scalar, already quoted.
    Text(String),
    /// A list.
    List,
    /// An object.
    Object,
}

/// The rules by the names that locale files have for them, with the names of their values.
pub(crate) static RULES: &[(&str, &[&str])] = &[
    ("required", &[]),
    ("type", &["types"]),
    ("min_length", &["n"]),
    ("max_length", &["n"]),
    ("minimum", &["n"]),
    ("maximum", &["n"]),
    ("exclusive_minimum", &["n"]),
    ("exclusive_maximum", &["n"]),
    ("range", &["min", "max"]),
    ("multiple_of", &["n"]),
    ("pattern", &["pattern"]),
    ("contains", &["part"]),
    ("prefix", &["part"]),
    ("suffix", &["part"]),
    ("format", &["format"]),
    ("one_of", &["values"]),
    ("min_size", &["n"]),
    ("max_size", &["n"]),
    ("min_items", &["n"]),
    ("max_items", &["n"]),
    ("item_count", &["n"]),
    ("unique_items", &[]),
    ("contains_item", &[]),
    ("min_properties", &["n"]),
    ("max_properties", &["n"]),
    ("unexpected", &[]),
    ("duplicate", &[]),
    ("no_form", &[]),
    ("forbidden", &[]),
    ("same_as", &["field"]),
    ("ascii", &[]),
    ("alphanumeric", &[]),
    ("too_many", &["n"]),
    ("malformed", &["line", "column"]),
    ("unreadable", &[]),
    ("unreadable_because", &["reason"]),
    // What stands around a message that repeats the received value.
    ("received", &["message", "value"]),
    ("received_list", &["message"]),
    ("received_object", &["message"]),
    // What stands between types and between values.
    ("or", &[]),
    ("separator", &[]),
];

/// The types that `{types}` names.
pub(crate) static TYPES: &[&str] = &[
    "integer",
    "number",
    "boolean",
    "string",
    "character",
    "array",
    "object",
    "null",
];

/// The formats that `{format}` names.
pub(crate) static FORMATS: &[&str] = &[
    "email",
    "uri",
    "uri-reference",
    "uuid",
    "date-time",
    "partial-date-time",
    "date",
    "time",
    "duration",
    "ip",
    "ipv4",
    "ipv6",
    "hostname",
    "regex",
    "phone-number",
    "credit-card",
];

/// What a locale file says of validation: whole sentences, without the received value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Phrases {
    pub(crate) rules: HashMap<&'static str, Template>,
    pub(crate) types: HashMap<&'static str, String>,
    pub(crate) formats: HashMap<&'static str, String>,
}

/// In which words messages are: those of a locale file where it has them, else built-in ones.
///
/// ```
/// use fastflyer::{Locale, validation::messages::{Message, Wording}};
///
/// let wording = Wording::from(Locale::En);
/// assert_eq!(Message::Required.text(wording), "This field is required.");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Wording<'a> {
    built_in: Locale,
    own: Option<&'a Phrases>,
}

impl<'a> Wording<'a> {
    pub(crate) fn with(built_in: Locale, own: &'a Phrases) -> Self {
        let own = Some(own).filter(|own| **own != Phrases::default());
        Self { built_in, own }
    }
}

impl From<Locale> for Wording<'_> {
    fn from(built_in: Locale) -> Self {
        Self {
            built_in,
            own: None,
        }
    }
}

impl Message {
    /// The message in words.
    ///
    /// # Examples
    ///
    /// ```
    /// use fastflyer::Locale;
    /// use fastflyer::validation::messages::Message;
    ///
    /// assert_eq!(Message::Required.text(Locale::ZhCn), "此项必填");
    /// assert_eq!(Message::MinLength(1).text(Locale::En), "Must have at least 1 character.");
    /// ```
    #[must_use]
    pub fn text<'a>(&self, wording: impl Into<Wording<'a>>) -> String {
        self.text_with(None, wording)
    }

    /// The message in words, followed by the received value.
    #[must_use]
    pub fn text_with<'a>(
        &self,
        received: Option<&Received>,
        wording: impl Into<Wording<'a>>,
    ) -> String {
        let wording = wording.into();
        match wording.own {
            Some(own) => self.in_words_of(own, received, wording.built_in),
            None => self.in_built_in_words(received, wording.built_in),
        }
    }

    fn in_built_in_words(&self, received: Option<&Received>, locale: Locale) -> String {
        let mut text = match locale {
            Locale::ZhCn => self.zh(),
            Locale::En => self.en(),
        };
        if let Some(received) = received {
            add_received(&mut text, received, locale);
        }
        if locale == Locale::En {
            text.push('.');
        }
        text
    }

    /// The words of a locale file, completed with built-in ones.
    fn in_words_of(&self, own: &Phrases, received: Option<&Received>, locale: Locale) -> String {
        let frame = match received {
            None => None,
            Some(Received::Text(value)) => {
                own.rules.get("received").map(|text| (text, value.as_str()))
            }
            Some(Received::List) => own.rules.get("received_list").map(|text| (text, "")),
            Some(Received::Object) => own.rules.get("received_object").map(|text| (text, "")),
        };
        let (key, values) = self.parts(own, locale);
        let sentence = own.rules.get(key).map(|text| {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            text.render(&values)
        });
        match (sentence, frame) {
            (None, None) => self.in_built_in_words(received, locale),
            (sentence, Some((frame, value))) => {
                let sentence = sentence.unwrap_or_else(|| self.in_built_in_words(None, locale));
                frame.render(&[sentence.trim_end_matches('.'), value])
            }
            (Some(mut sentence), None) => {
                if let Some(received) = received {
                    sentence.truncate(sentence.trim_end_matches('.').len());
                    add_received(&mut sentence, received, locale);
                }
                sentence
            }
        }
    }

    /// The name of the rule in locale files, and its values in the order of their names there.
    fn parts(&self, own: &Phrases, locale: Locale) -> (&'static str, Vec<String>) {
        let word = |key: &str, zh: &str, en: &str| match own.rules.get(key) {
            Some(text) => text.render(&[]),
            None if locale == Locale::ZhCn => zh.to_owned(),
            None => en.to_owned(),
        };
        match self {
            Self::Required => ("required", vec![]),
            Self::Type(types) => {
                let names = types.iter().map(|name| match own.types.get(name) {
                    Some(own) => own.clone(),
                    None if locale == Locale::ZhCn => type_zh(name).to_owned(),
                    None => type_en(name).to_owned(),
                });
                let or = word("or", "或", " or ");
                ("type", vec![names.collect::<Vec<_>>().join(&or)])
            }
            Self::MinLength(n) => ("min_length", vec![n.to_string()]),
            Self::MaxLength(n) => ("max_length", vec![n.to_string()]),
            Self::Minimum(n) => ("minimum", vec![n.clone()]),
            Self::Maximum(n) => ("maximum", vec![n.clone()]),
            Self::ExclusiveMinimum(n) => ("exclusive_minimum", vec![n.clone()]),
            Self::ExclusiveMaximum(n) => ("exclusive_maximum", vec![n.clone()]),
            Self::Range(min, max) => ("range", vec![min.clone(), max.clone()]),
            Self::MultipleOf(n) => ("multiple_of", vec![n.clone()]),
            Self::Pattern(pattern) => ("pattern", vec![pattern.clone()]),
            Self::Contains(part) => ("contains", vec![part.clone()]),
            Self::Prefix(part) => ("prefix", vec![part.clone()]),
            Self::Suffix(part) => ("suffix", vec![part.clone()]),
            Self::Format(name) => {
                let known = match name.as_str() {
                    "idn-email" => "email",
                    "iri" => "uri",
                    "iri-reference" => "uri-reference",
                    "partial-time" => "time",
                    "idn-hostname" => "hostname",
                    other => other,
                };
                let built_in = match locale {
                    Locale::ZhCn => format_zh(known),
                    Locale::En => format_en(known),
                };
                let name = own.formats.get(known).map(String::as_str).or(built_in);
                ("format", vec![name.unwrap_or(known).trim().to_owned()])
            }
            Self::OneOf(values) => {
                let separator = word("separator", "、", ", ");
                ("one_of", vec![list(values, &separator)])
            }
            Self::MinSize(n) => ("min_size", vec![n.to_string()]),
            Self::MaxSize(n) => ("max_size", vec![n.to_string()]),
            Self::MinItems(n) => ("min_items", vec![n.to_string()]),
            Self::MaxItems(n) => ("max_items", vec![n.to_string()]),
            Self::ItemCount(n) => ("item_count", vec![n.to_string()]),
            Self::UniqueItems => ("unique_items", vec![]),
            Self::ContainsItem => ("contains_item", vec![]),
            Self::MinProperties(n) => ("min_properties", vec![n.to_string()]),
            Self::MaxProperties(n) => ("max_properties", vec![n.to_string()]),
            Self::Unexpected => ("unexpected", vec![]),
            Self::Duplicate => ("duplicate", vec![]),
            Self::NoForm => ("no_form", vec![]),
            Self::Forbidden => ("forbidden", vec![]),
            Self::SameAs(field) => ("same_as", vec![field.clone()]),
            Self::Ascii => ("ascii", vec![]),
            Self::Alphanumeric => ("alphanumeric", vec![]),
            Self::TooMany(limit) => ("too_many", vec![limit.to_string()]),
            Self::Malformed { line, column } => {
                ("malformed", vec![line.to_string(), column.to_string()])
            }
            Self::Unreadable(Some(text)) => ("unreadable_because", vec![text.clone()]),
            Self::Unreadable(None) => ("unreadable", vec![]),
        }
    }

    /// Whether the received value helps to understand the message.
    pub(super) fn wants_received(&self) -> bool {
        matches!(
            self,
            Self::Type(_)
                | Self::Minimum(_)
                | Self::Maximum(_)
                | Self::ExclusiveMinimum(_)
                | Self::ExclusiveMaximum(_)
                | Self::Range(..)
                | Self::MultipleOf(_)
                | Self::Pattern(_)
                | Self::Format(_)
                | Self::OneOf(_)
        )
    }

    fn zh(&self) -> String {
        match self {
            Self::Required => "此项必填".to_owned(),
            Self::Type(types) => {
                let names: Vec<_> = types.iter().map(|name| type_zh(name)).collect();
                format!("必须是{}", names.join("或"))
            }
            Self::MinLength(n) => format!("长度不能少于 {n} 个字符"),
            Self::MaxLength(n) => format!("长度不能超过 {n} 个字符"),
            Self::Minimum(n) => format!("不能小于 {n}"),
            Self::Maximum(n) => format!("不能大于 {n}"),
            Self::ExclusiveMinimum(n) => format!("必须大于 {n}"),
            Self::ExclusiveMaximum(n) => format!("必须小于 {n}"),
            Self::Range(min, max) => format!("必须在 {min} 到 {max} 之间"),
            Self::MultipleOf(n) => format!("必须是 {n} 的倍数"),
            Self::Pattern(pattern) => format!("格式不正确，应匹配 {pattern}"),
            Self::Contains(part) => format!("必须包含 {part}"),
            Self::Prefix(part) => format!("必须以 {part} 开头"),
            Self::Suffix(part) => format!("必须以 {part} 结尾"),
            Self::Format(name) => match format_zh(name) {
                Some(known) => format!("必须是有效的{known}"),
                None => format!("必须符合 {name} 格式"),
            },
            Self::OneOf(values) => match values.as_slice() {
                [only] => format!("必须是 {only}"),
                values => format!("必须是以下之一：{}", list(values, "、")),
            },
            Self::MinSize(n) => format!("长度不能少于 {n}"),
            Self::MaxSize(n) => format!("长度不能超过 {n}"),
            Self::MinItems(n) => format!("至少需要 {n} 项"),
            Self::MaxItems(n) => format!("最多允许 {n} 项"),
            Self::ItemCount(n) => format!("必须正好是 {n} 项"),
            Self::UniqueItems => "各项不能重复".to_owned(),
            Self::ContainsItem => "缺少符合要求的项".to_owned(),
            Self::MinProperties(n) => format!("至少需要 {n} 个字段"),
            Self::MaxProperties(n) => format!("最多允许 {n} 个字段"),
            Self::Unexpected => "不允许出现此项".to_owned(),
            Self::Duplicate => "此项重复出现".to_owned(),
            Self::NoForm => "不符合任何一种允许的形式".to_owned(),
            Self::Forbidden => "不允许使用此值".to_owned(),
            Self::SameAs(field) => format!("必须与 {field} 一致"),
            Self::Ascii => "只能包含 ASCII 字符".to_owned(),
            Self::Alphanumeric => "只能包含字母和数字".to_owned(),
            Self::TooMany(limit) => format!("数量过多，最多允许 {limit} 个"),
            Self::Malformed { line, column } => {
                format!("JSON 格式有误，位于第 {line} 行第 {column} 列")
            }
            Self::Unreadable(Some(text)) => format!("取值无效：{text}"),
            Self::Unreadable(None) => "取值无效".to_owned(),
        }
    }

    /// Without the final stop, so that the received value can follow.
    fn en(&self) -> String {
        match self {
            Self::Required => "This field is required".to_owned(),
            Self::Type(types) => {
                let names: Vec<_> = types.iter().map(|name| type_en(name)).collect();
                format!("Must be {}", names.join(" or "))
            }
            Self::MinLength(n) => format!("Must have at least {}", count(*n, "character")),
            Self::MaxLength(n) => format!("Must have at most {}", count(*n, "character")),
            Self::Minimum(n) => format!("Must be at least {n}"),
            Self::Maximum(n) => format!("Must be at most {n}"),
            Self::ExclusiveMinimum(n) => format!("Must be greater than {n}"),
            Self::ExclusiveMaximum(n) => format!("Must be less than {n}"),
            Self::Range(min, max) => format!("Must be between {min} and {max}"),
            Self::MultipleOf(n) => format!("Must be a multiple of {n}"),
            Self::Pattern(pattern) => format!("Must match the pattern {pattern}"),
            Self::Contains(part) => format!("Must contain {part}"),
            Self::Prefix(part) => format!("Must start with {part}"),
            Self::Suffix(part) => format!("Must end with {part}"),
            Self::Format(name) => match format_en(name) {
                Some(known) => format!("Must be a valid {known}"),
                None => format!("Must have the format {name}"),
            },
            Self::OneOf(values) => match values.as_slice() {
                [only] => format!("Must be {only}"),
                values => format!("Must be one of: {}", list(values, ", ")),
            },
            Self::MinSize(n) => format!("Must have a length of at least {n}"),
            Self::MaxSize(n) => format!("Must have a length of at most {n}"),
            Self::MinItems(n) => format!("Must have at least {}", count(*n, "item")),
            Self::MaxItems(n) => format!("Must have at most {}", count(*n, "item")),
            Self::ItemCount(1) => "Must have exactly 1 item".to_owned(),
            Self::ItemCount(n) => format!("Must have exactly {n} items"),
            Self::UniqueItems => "Items must not repeat".to_owned(),
            Self::ContainsItem => "Must contain a suitable item".to_owned(),
            Self::MinProperties(n) => format!("Must have at least {}", count(*n, "field")),
            Self::MaxProperties(n) => format!("Must have at most {}", count(*n, "field")),
            Self::Unexpected => "This field is not allowed".to_owned(),
            Self::Duplicate => "This field is given more than once".to_owned(),
            Self::NoForm => "Does not match any of the allowed forms".to_owned(),
            Self::Forbidden => "This value is not allowed".to_owned(),
            Self::SameAs(field) => format!("Must be the same as {field}"),
            Self::Ascii => "Must contain only ASCII characters".to_owned(),
            Self::Alphanumeric => "Must contain only letters and digits".to_owned(),
            Self::TooMany(limit) => format!("Too many; at most {limit} are allowed"),
            Self::Malformed { line, column } => {
                format!("Malformed JSON at line {line}, column {column}")
            }
            Self::Unreadable(Some(text)) => {
                format!("Invalid value: {}", text.trim_end_matches('.'))
            }
            Self::Unreadable(None) => "Invalid value".to_owned(),
        }
    }
}

/// Writing to a string cannot fail.
fn add_received(text: &mut String, received: &Received, locale: Locale) {
    let _ = match (locale, received) {
        (Locale::ZhCn, Received::Text(value)) => write!(text, "，收到的是 {value}"),
        (Locale::ZhCn, Received::List) => write!(text, "，收到的是列表"),
        (Locale::ZhCn, Received::Object) => write!(text, "，收到的是对象"),
        (Locale::En, Received::Text(value)) => write!(text, "; received {value}"),
        (Locale::En, Received::List) => write!(text, "; received a list"),
        (Locale::En, Received::Object) => write!(text, "; received an object"),
    };
}

fn count(n: u64, thing: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {thing}{plural}")
}

fn list(values: &[String], separator: &str) -> String {
    let mut text = values[..values.len().min(MAX_LISTED)].join(separator);
    if values.len() > MAX_LISTED {
        text.push_str(separator);
        text.push('…');
    }
    text
}

fn type_zh(name: &str) -> &str {
    match name {
        "integer" => "整数",
        "number" => "数字",
        "boolean" => "布尔值",
        "string" => "字符串",
        "character" => "单个字符",
        "array" => "列表",
        "object" => "对象",
        "null" => "空值",
        other => other,
    }
}

fn type_en(name: &str) -> &str {
    match name {
        "integer" => "an integer",
        "number" => "a number",
        "boolean" => "a boolean",
        "string" => "a string",
        "character" => "a single character",
        "array" => "a list",
        "object" => "an object",
        other => other,
    }
}

fn format_zh(name: &str) -> Option<&'static str> {
    Some(match name {
        "email" | "idn-email" => "邮箱地址",
        "uri" | "iri" => "网址",
        "uri-reference" | "iri-reference" => "网址引用",
        "uuid" => " UUID",
        "date-time" => "日期时间（RFC 3339，如 2024-01-31T08:00:00Z）",
        "partial-date-time" => "日期时间（如 2024-01-31T08:00:00）",
        "date" => "日期（如 2024-01-31）",
        "time" | "partial-time" => "时间（如 08:00:00）",
        "duration" => "时长（ISO 8601，如 PT1H）",
        "ip" => " IP 地址",
        "ipv4" => " IPv4 地址",
        "ipv6" => " IPv6 地址",
        "hostname" | "idn-hostname" => "主机名",
        "regex" => "正则表达式",
        "phone-number" => "电话号码",
        "credit-card" => "信用卡号",
        _ => return None,
    })
}

fn format_en(name: &str) -> Option<&'static str> {
    Some(match name {
        "email" | "idn-email" => "email address",
        "uri" | "iri" => "URL",
        "uri-reference" | "iri-reference" => "URL reference",
        "uuid" => "UUID",
        "date-time" => "date and time (RFC 3339, such as 2024-01-31T08:00:00Z)",
        "partial-date-time" => "date and time (such as 2024-01-31T08:00:00)",
        "date" => "date (such as 2024-01-31)",
        "time" | "partial-time" => "time (such as 08:00:00)",
        "duration" => "duration (ISO 8601, such as PT1H)",
        "ip" => "IP address",
        "ipv4" => "IPv4 address",
        "ipv6" => "IPv6 address",
        "hostname" | "idn-hostname" => "host name",
        "regex" => "regular expression",
        "phone-number" => "phone number",
        "credit-card" => "credit card number",
        _ => return None,
    })
}
