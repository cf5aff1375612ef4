//! The texts about failing fields, in every built-in language.
//!
//! One table: [`Message`] names the rule with its parameters, [`Message::text`] words it. Bounds
//! and allowed values are always named.

use std::fmt::Write;

use crate::Locale;

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
    pub fn text(&self, locale: Locale) -> String {
        self.text_with(None, locale)
    }

    /// The message in words, followed by the received value.
    #[must_use]
    pub fn text_with(&self, received: Option<&Received>, locale: Locale) -> String {
        match locale {
            Locale::ZhCn => {
                let mut text = self.zh();
                if let Some(received) = received {
                    // Writing to a string cannot fail.
                    let _ = match received {
                        Received::Text(value) => write!(text, "，收到的是 {value}"),
                        Received::List => write!(text, "，收到的是列表"),
                        Received::Object => write!(text, "，收到的是对象"),
                    };
                }
                text
            }
            Locale::En => {
                let mut text = self.en();
                if let Some(received) = received {
                    let received = match received {
                        Received::Text(value) => value,
                        Received::List => "a list",
                        Received::Object => "an object",
                    };
                    let _ = write!(text, "; received {received}");
                }
                text.push('.');
                text
            }
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
