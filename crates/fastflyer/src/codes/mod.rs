//! Business codes: numbers with names and texts, declared as enums.
//!
//! A code is 100-999 or such a number followed by more digits; its first three digits are the HTTP
//! status. [`ResponseCode`] is what `#[derive(ResponseCode)]` implements, [`Code`] is what replies
//! and operations keep of it. Not here: which text is sent in which language, since locale files can
//! replace the texts of an enum.

mod catalogue;
mod generate;

pub(crate) use catalogue::{Catalogue, CodeRow};
pub(crate) use generate::{markdown, python, table, typescript};

use std::fmt;

/// An enum of business codes.
///
/// ```
/// use fastflyer::{ApiError, Locale, Reply, ResponseCode};
///
/// #[derive(ResponseCode)]
/// enum Code {
///     #[code(200101, zh = "注册成功", en = "Registered")]
///     RegisterSuccess,
///     #[code(500102, zh = "登录失败")]
///     LoginError,
/// }
///
/// assert_eq!(Code::LoginError.number(), 500102);
/// assert_eq!(Code::RegisterSuccess.text("en"), Some("Registered"));
/// let reply = Reply::success(7).code(Code::RegisterSuccess);
/// let error = ApiError::code(Code::LoginError);
/// # let _ = (reply, error);
/// ```
///
/// By hand it is [`SET`](Self::SET) and [`index`](Self::index), and `From<Self>` for [`Code`] by
/// [`Code::of`].
pub trait ResponseCode: Sized {
    /// All codes of the enum.
    const SET: &'static CodeSet;

    /// Which entry of the set this is.
    fn index(&self) -> usize;

    /// The number.
    fn number(&self) -> u32 {
        Code::of(self).number
    }

    /// The name of the variant.
    fn name(&self) -> &'static str {
        Code::of(self).entry().map_or("", |entry| entry.name)
    }

    /// The text that the enum has in a language, named by its tag: `zh-CN`, `en`.
    fn text(&self, language: &str) -> Option<&'static str> {
        Code::of(self).entry()?.text(language)
    }
}

/// The codes of one enum.
#[derive(Debug, PartialEq, Eq)]
pub struct CodeSet {
    /// The name of the enum.
    pub name: &'static str,
    /// The source file of the enum, as the compiler names it.
    pub file: &'static str,
    /// The variants, in their order.
    pub entries: &'static [CodeEntry],
}

/// One code of an enum.
#[derive(Debug, PartialEq, Eq)]
pub struct CodeEntry {
    /// The number.
    pub number: u32,
    /// The name of the variant.
    pub name: &'static str,
    /// The doc comment of the variant; may be empty.
    pub description: &'static str,
    /// Language tags and texts, at least one.
    pub texts: &'static [(&'static str, &'static str)],
    /// The line of the variant in the file of the set, from 1.
    pub line: u32,
}

impl CodeEntry {
    /// The text in a language, named by its tag.
    pub fn text(&self, language: &str) -> Option<&'static str> {
        self.texts
            .iter()
            .find(|(tag, _)| tag.eq_ignore_ascii_case(language))
            .map(|(_, text)| *text)
    }
}

/// A business code: a plain number, or one of an enum.
///
/// ```
/// use fastflyer::codes::Code;
///
/// assert_eq!(Code::from(404_101).number(), 404_101);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Code {
    number: u32,
    set: Option<&'static CodeSet>,
    index: usize,
}

impl Code {
    /// The code of a variant.
    pub fn of<C: ResponseCode>(code: &C) -> Self {
        let index = code.index();
        Self {
            number: C::SET.entries.get(index).map_or(0, |entry| entry.number),
            set: Some(C::SET),
            index,
        }
    }

    /// The number.
    pub fn number(self) -> u32 {
        self.number
    }

    /// The enum that it is of; `None` for a plain number.
    pub fn set(self) -> Option<&'static CodeSet> {
        self.set
    }

    /// What the enum says of it; `None` for a plain number.
    pub fn entry(self) -> Option<&'static CodeEntry> {
        self.set?.entries.get(self.index)
    }
}

impl From<u32> for Code {
    fn from(number: u32) -> Self {
        Self {
            number,
            set: None,
            index: 0,
        }
    }
}

impl From<u16> for Code {
    fn from(number: u16) -> Self {
        u32::from(number).into()
    }
}

/// What a bare number in the source is; one below 0 is no code, as 0.
impl From<i32> for Code {
    fn from(number: i32) -> Self {
        u32::try_from(number).unwrap_or(0).into()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.set, self.entry()) {
            (Some(set), Some(entry)) => write!(f, "{} ({}::{})", self.number, set.name, entry.name),
            _ => write!(f, "{}", self.number),
        }
    }
}
