//! [`Config`]: settings in code, the builder of a project's `settings.rs`.
//!
//! It keeps texts, not values: what is set in code is read and checked exactly as what is set in
//! the environment. The method of each variable is generated from the table.

use super::value::{
    ErrorStatus, FieldRule, Front, Listen, Network, PageParams, ResponseFormat, Secret,
};
use crate::{
    LanguageTag, Locale,
    logger::{Directives, Format, Level, Rotate},
    mask::mask_value,
};
use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

/// Settings in code: stronger than the defaults, weaker than `.env` and the environment.
///
/// ```
/// use fastkit::settings::Config;
///
/// let config = Config::new()
///     .title("Flyer Demo")
///     .description("A demo.")
///     .base_url("/demo")
///     .port(8081)
///     .version("v1");
/// ```
#[derive(Clone, Default)]
#[must_use = "settings have no effect until they are loaded"]
pub struct Config {
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) contact: Option<Contact>,
    pub(super) static_dir: Option<PathBuf>,
    pub(super) values: BTreeMap<&'static str, String>,
}

impl Config {
    /// Nothing set: the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The name of the service, shown in the docs.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// What the service is for, in Markdown, shown in the docs.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Whom to ask, shown in the docs.
    pub fn contact(mut self, contact: Contact) -> Self {
        self.contact = Some(contact);
        self
    }

    /// The folder of the project's static files.
    pub fn static_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.static_dir = Some(folder.into());
        self
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values: BTreeMap<_, _> = self
            .values
            .iter()
            .map(|(name, value)| (name, mask_value(name, value)))
            .collect();
        f.debug_struct("Config")
            .field("title", &self.title)
            .field("description", &self.description)
            .field("contact", &self.contact)
            .field("static_dir", &self.static_dir)
            .field("values", &values)
            .finish()
    }
}

/// Whom to ask about a service.
///
/// ```
/// use fastkit::settings::Contact;
///
/// let contact = Contact::new("Ops").email("ops@example.org").url("https://example.org");
/// assert_eq!(contact.name, "Ops");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contact {
    /// A person or a team.
    pub name: String,
    /// Their page.
    pub url: Option<String>,
    /// Their address.
    pub email: Option<String>,
}

impl Contact {
    /// A contact that is only a name yet.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Their page.
    #[must_use]
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// Their address.
    #[must_use]
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }
}

/// A value that can be written as a setting of type `T`: such a value itself, or text.
pub trait IntoText<T> {
    /// The value as it would be written in the environment.
    fn into_text(self) -> String;
}

impl<T> IntoText<T> for &str {
    fn into_text(self) -> String {
        self.to_owned()
    }
}

impl<T> IntoText<T> for String {
    fn into_text(self) -> String {
        self
    }
}

macro_rules! into_text {
    ($($type:ty: |$value:ident| $text:expr;)*) => {
        $(impl IntoText<$type> for $type {
            fn into_text(self) -> String {
                let $value = self;
                $text
            }
        })*
    };
}

into_text! {
    bool: |value| u8::from(value).to_string();
    u16: |value| value.to_string();
    u32: |value| value.to_string();
    u64: |value| value.to_string();
    usize: |value| value.to_string();
    Duration: |value| format!("{}ms", value.as_millis());
    Option<Duration>: |value| value.map_or_else(|| "off".to_owned(), IntoText::<Duration>::into_text);
    LanguageTag: |value| value.to_string();
    Level: |value| value.to_string();
    Format: |value| if value == Format::Json { "json".to_owned() } else { "text".to_owned() };
    Directives: |value| value.to_string();
    Rotate: |value| value.as_str().to_owned();
    Listen: |value| value.to_string();
    PathBuf: |value| value.display().to_string();
    Secret: |value| value.expose().to_owned();
    ResponseFormat: |value| value.as_str().to_owned();
    Front: |value| value.as_str().to_owned();
    PageParams: |value| value.as_str().to_owned();
    Vec<String>: |value| value.join(",");
    Vec<Network>: |value| join(&value);
    Vec<FieldRule>: |value| join(&value);
}

impl IntoText<LanguageTag> for Locale {
    fn into_text(self) -> String {
        self.to_string()
    }
}

impl IntoText<Option<Duration>> for Duration {
    fn into_text(self) -> String {
        IntoText::<Self>::into_text(self)
    }
}

impl IntoText<Option<Self>> for usize {
    fn into_text(self) -> String {
        self.to_string()
    }
}

impl IntoText<Option<Self>> for bool {
    fn into_text(self) -> String {
        u8::from(self).to_string()
    }
}

impl IntoText<Option<ErrorStatus>> for ErrorStatus {
    fn into_text(self) -> String {
        self.as_str().to_owned()
    }
}

impl IntoText<Option<PathBuf>> for PathBuf {
    fn into_text(self) -> String {
        self.display().to_string()
    }
}

impl IntoText<PathBuf> for &Path {
    fn into_text(self) -> String {
        self.display().to_string()
    }
}

impl IntoText<Vec<String>> for &[&str] {
    fn into_text(self) -> String {
        self.join(",")
    }
}

impl<const N: usize> IntoText<Vec<String>> for [&str; N] {
    fn into_text(self) -> String {
        self.join(",")
    }
}

fn join(values: &[impl fmt::Display]) -> String {
    values
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(",")
}
