//! The codes of FastFlyer: HTTP, its own 600 series for failures of other services, WebSocket.
//!
//! Constants are plain numbers, since a business code may be longer than an HTTP status. Each has a
//! standard [`phrase`] and a [`text`] per language. What turns a code into an HTTP status is the
//! framework's business.

mod constants;
mod texts;

pub use crate::Locale;
pub use constants::*;
pub use texts::{FLYER_UNCAUGHT, flyer_text};

/// The standard phrase of a code: `Not Found` for 404. Empty for a code that is not known.
///
/// ```
/// use fastkit::status;
///
/// assert_eq!(status::phrase(status::HTTP_404_NOT_FOUND), "Not Found");
/// assert_eq!(status::phrase(605), "Third Party Network Error");
/// assert_eq!(status::phrase(999), "");
/// ```
#[must_use]
pub fn phrase(code: u32) -> &'static str {
    find(code).map_or("", |entry| entry.phrase)
}

/// The built-in text of a code in a language; `None` for a code that is not known.
///
/// ```
/// use fastkit::status::{self, Locale};
///
/// assert_eq!(status::text(200, Locale::ZhCn), Some("操作成功"));
/// assert_eq!(status::text(200101, Locale::ZhCn), None);
/// ```
#[must_use]
pub fn text(code: u32, locale: Locale) -> Option<&'static str> {
    find(code).map(|entry| match locale {
        Locale::ZhCn => entry.zh,
        Locale::En => entry.en,
    })
}

/// All codes that have a phrase and texts, in ascending order.
pub fn codes() -> impl Iterator<Item = u32> {
    texts::ENTRIES.iter().map(|entry| entry.code)
}

fn find(code: u32) -> Option<&'static texts::Entry> {
    let at = texts::ENTRIES
        .binary_search_by_key(&code, |entry| entry.code)
        .ok()?;
    texts::ENTRIES.get(at)
}

#[cfg(test)]
mod tests;
