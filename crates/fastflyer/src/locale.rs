//! The language of built-in texts.
//!
//! Only the choice; negotiation by `Accept-Language` is done elsewhere. The key type is [`Locale`].

/// A language that the built-in texts exist in.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Locale {
    /// Simplified Chinese, the default.
    #[default]
    ZhCn,
    /// English.
    En,
}
