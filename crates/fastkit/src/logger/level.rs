//! Levels: of an output, and of modules (`info,app::items=debug`).

use std::{fmt, str::FromStr};
use tracing::level_filters::LevelFilter;

/// The least severe level that an output shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Only what failed.
    Error,
    /// What should be looked at, too.
    Warn,
    /// What happens, too: the default.
    #[default]
    Info,
    /// Details for those who develop, too.
    Debug,
    /// Everything.
    Trace,
}

impl Level {
    /// Reads `error`, `warn` or `warning`, `info`, `debug`, `trace`, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        [
            Self::Error,
            Self::Warn,
            Self::Info,
            Self::Debug,
            Self::Trace,
        ]
        .into_iter()
        .find(|level| is(level.as_str()) || (*level == Self::Warn && is("warning")))
    }

    /// The name, as it is written in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }

    pub(super) const fn filter(self) -> LevelFilter {
        match self {
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Trace => LevelFilter::TRACE,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// `2024-01-31 08:00:00.123 | INFO | module:line | message | key=value`
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Levels per module: a list of `module=level`, each for the module and what is in it, and at most
/// one bare level for all others. The longest module that matches decides.
///
/// A level given here holds for the console and for the file; where none matches, each output's own
/// level does.
///
/// ```
/// use fastkit::logger::Directives;
///
/// let directives: Directives = "info,app::items=debug,hyper=off".parse()?;
/// assert_eq!(directives.to_string(), "info,app::items=debug,hyper=off");
/// assert!("app=loud".parse::<Directives>().is_err());
/// # Ok::<(), fastkit::logger::InvalidDirective>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    default: Option<LevelFilter>,
    /// The longest first.
    modules: Vec<(String, LevelFilter)>,
    text: String,
}

/// A part of a list of [`Directives`] that is neither a level nor `module=level`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidDirective(String);

impl fmt::Display for InvalidDirective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is neither a level nor module=level", self.0)
    }
}

impl std::error::Error for InvalidDirective {}

impl FromStr for Directives {
    type Err = InvalidDirective;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut directives = Self {
            text: text.trim().to_owned(),
            ..Self::default()
        };
        for part in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let invalid = || InvalidDirective(part.to_owned());
            match part.split_once('=') {
                None => match level_or_off(part) {
                    Some(level) => directives.default = Some(level),
                    // `RUST_LOG=app` is short for all of `app`.
                    None if is_module(part) => directives
                        .modules
                        .push((part.to_owned(), LevelFilter::TRACE)),
                    None => return Err(invalid()),
                },
                Some((module, level)) => {
                    let level = level_or_off(level.trim()).ok_or_else(invalid)?;
                    let module = module.trim();
                    if !is_module(module) {
                        return Err(invalid());
                    }
                    directives.modules.push((module.to_owned(), level));
                }
            }
        }
        directives
            .modules
            .sort_by_key(|(module, _)| std::cmp::Reverse(module.len()));
        Ok(directives)
    }
}

impl fmt::Display for Directives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Directives {
    /// The level for a module, where these directives say something about it.
    pub(super) fn level(&self, module: &str) -> Option<LevelFilter> {
        let within = |prefix: &str| {
            module
                .strip_prefix(prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        self.modules
            .iter()
            .find(|(prefix, _)| within(prefix))
            .map(|(_, level)| *level)
            .or(self.default)
    }

    /// The most verbose level that they may let through.
    pub(super) fn max(&self) -> Option<LevelFilter> {
        self.modules
            .iter()
            .map(|(_, level)| *level)
            .chain(self.default)
            .max()
    }
}

fn level_or_off(text: &str) -> Option<LevelFilter> {
    if text.eq_ignore_ascii_case("off") {
        Some(LevelFilter::OFF)
    } else {
        Level::parse(text).map(Level::filter)
    }
}

fn is_module(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '-' | '.' | '/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_module_decides() {
        let directives: Directives = "warning, app=info ,app::items=debug,app::items::noise=off"
            .parse()
            .unwrap();
        let level = |module| directives.level(module).unwrap();
        assert_eq!(level("app::items::router"), LevelFilter::DEBUG);
        assert_eq!(level("app::items::noise"), LevelFilter::OFF);
        assert_eq!(level("app::itemsx"), LevelFilter::INFO);
        assert_eq!(level("apple"), LevelFilter::WARN);
        assert_eq!(directives.max(), Some(LevelFilter::DEBUG));
        assert_eq!(Directives::default().level("x"), None);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, part) in [
            ("a=b=c", "a=b=c"),
            ("info,[span]=debug", "[span]=debug"),
            ("=info", "=info"),
        ] {
            let error = text.parse::<Directives>().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("{part:?} is neither a level nor module=level")
            );
        }
    }
}
