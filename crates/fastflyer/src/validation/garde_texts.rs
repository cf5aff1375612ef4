//! garde's own rules in the client's language.
//!
//! garde words its rules through a handler of the current thread. Rules that a schema cannot
//! express (prefixes, letters only, equal fields) get their localised text in this way; custom
//! rules keep the text that their author gave them.

use std::borrow::Cow;
use std::fmt::Display;

use garde::i18n::{
    I18n, InvalidCreditCard, InvalidEmail, InvalidPhoneNumber, InvalidUrl, IpKind, with_i18n,
};

use super::messages::{Message, Wording};

/// Runs a validation with garde's texts in this language.
///
/// # Examples
///
/// ```
/// use fastflyer::Locale;
/// use fastflyer::validation::localised;
/// use garde::Validate;
///
/// #[derive(Validate)]
/// struct Code {
///     #[garde(prefix("X-"))]
///     text: String,
/// }
///
/// let code = Code { text: "1".to_owned() };
/// let report = localised(Locale::ZhCn, || code.validate()).unwrap_err();
/// assert_eq!(report.to_string().trim(), "text: 必须以 X- 开头");
/// ```
pub fn localised<'a, R>(wording: impl Into<Wording<'a>>, validate: impl FnOnce() -> R) -> R {
    with_i18n(Texts(wording.into()), validate)
}

#[derive(Clone, Copy, Debug)]
struct Texts<'a>(Wording<'a>);

impl Texts<'_> {
    fn say(self, message: &Message) -> Cow<'static, str> {
        message.text(self.0).into()
    }
}

impl I18n for Texts<'_> {
    fn length_lower_than(&self, min: usize) -> Cow<'static, str> {
        self.say(&Message::MinSize(min))
    }

    fn length_greater_than(&self, max: usize) -> Cow<'static, str> {
        self.say(&Message::MaxSize(max))
    }

    fn range_lower_than(&self, min: &dyn Display) -> Cow<'static, str> {
        self.say(&Message::Minimum(min.to_string()))
    }

    fn range_greater_than(&self, max: &dyn Display) -> Cow<'static, str> {
        self.say(&Message::Maximum(max.to_string()))
    }

    fn credit_card_invalid(&self, _: InvalidCreditCard) -> Cow<'static, str> {
        self.say(&Message::Format("credit-card".to_owned()))
    }

    fn pattern_no_match(&self, pattern: &dyn Display) -> Cow<'static, str> {
        self.say(&Message::Pattern(pattern.to_string()))
    }

    fn contains_missing(&self, part: &dyn Display) -> Cow<'static, str> {
        self.say(&Message::Contains(part.to_string()))
    }

    fn url_invalid(&self, _: InvalidUrl) -> Cow<'static, str> {
        self.say(&Message::Format("uri".to_owned()))
    }

    fn prefix_missing(&self, part: &dyn Display) -> Cow<'static, str> {
        self.say(&Message::Prefix(part.to_string()))
    }

    fn suffix_missing(&self, part: &dyn Display) -> Cow<'static, str> {
        self.say(&Message::Suffix(part.to_string()))
    }

    fn phone_number_invalid(&self, _: InvalidPhoneNumber) -> Cow<'static, str> {
        self.say(&Message::Format("phone-number".to_owned()))
    }

    fn ip_invalid(&self, kind: IpKind) -> Cow<'static, str> {
        let format = match kind {
            IpKind::Any => "ip",
            IpKind::V4 => "ipv4",
            IpKind::V6 => "ipv6",
        };
        self.say(&Message::Format(format.to_owned()))
    }

    fn matches_field_mismatch(&self, field: &dyn Display) -> Cow<'static, str> {
        self.say(&Message::SameAs(field.to_string()))
    }

    fn email_invalid(&self, _: InvalidEmail) -> Cow<'static, str> {
        self.say(&Message::Format("email".to_owned()))
    }

    fn ascii_invalid(&self) -> Cow<'static, str> {
        self.say(&Message::Ascii)
    }

    fn alphanumeric_invalid(&self) -> Cow<'static, str> {
        self.say(&Message::Alphanumeric)
    }

    fn required_not_set(&self) -> Cow<'static, str> {
        self.say(&Message::Required)
    }
}
