//! The codes of FastFlyer: HTTP, its own 600 series for failures of other services, WebSocket.
//!
//! Constants are plain numbers, since a business code may be longer than an HTTP status. Each has a
//! standard [`phrase`] and a [`text`] per language. What turns a code into an HTTP status is the
//! framework's business.

mod constants;
mod texts;

pub use crate::Locale;
pub use constants::*;
pub use texts::{flyer_text, flyer_uncaught};

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

/// The name of a code's constant: `HTTP_404_NOT_FOUND` for 404. Of several names it is the one of
/// FastFlyer's README.
///
/// ```
/// use fastkit::status;
///
/// assert_eq!(status::name(413), Some("HTTP_413_PAYLOAD_TOO_LARGE"));
/// assert_eq!(status::name(404_101), None);
/// ```
#[must_use]
pub fn name(code: u32) -> Option<&'static str> {
    NAMES
        .iter()
        .find(|(_, number)| *number == code)
        .map(|(name, _)| *name)
}

/// Every constant with its number, aliases included.
///
/// ```
/// let teapots: Vec<_> = fastkit::status::names().filter(|(_, code)| *code == 418).collect();
/// assert_eq!(teapots, [("HTTP_418_I_AM_A_TEAPOT", 418), ("HTTP_418_IM_A_TEAPOT", 418)]);
/// ```
pub fn names() -> impl Iterator<Item = (&'static str, u32)> {
    NAMES.iter().copied()
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
