//! Loading: texts from all sources, the strongest first, become one checked [`Settings`].
//!
//! All mistakes are found in one go. Nothing here reads the environment: see `source`.

use super::{
    config::Config,
    kind::Kind,
    source::{Source, Sources},
    table::{Settings, TABLE},
    variable::{Preset, State, Variable},
};
use crate::{Locale, mask::mask_value};
use std::{collections::BTreeMap, fmt, thread};

/// What [`Settings::load`] gives: the settings, and how they came about.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// Of each variable, in the order of the table: the value in force and where it comes from.
    pub origins: Vec<Origin>,
    /// What the start should warn of, a line each.
    pub warnings: Vec<String>,
}

/// The value of a variable and where it comes from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Origin {
    /// The variable.
    pub variable: &'static Variable,
    /// Where the value comes from.
    pub source: Source,
    /// The value as it may be shown: secrets are masked.
    pub shown: String,
}

/// Everything that is wrong with the settings, a line each.
#[derive(Debug)]
pub struct Errors(Vec<String>);

impl Errors {
    /// The lines.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Errors {}

impl Settings {
    /// Resolves all settings: default < code < `.env` < environment. An empty value counts as not
    /// set, except where it says something (`flyer_base_url`, `flyer_access_log_exclude_uris`).
    ///
    /// # Errors
    /// When a value is not allowed, values contradict each other, a variable belongs to a cargo
    /// feature that is not compiled in, or `.env` cannot be read: all of it at once, a line each.
    ///
    /// ```
    /// use fastkit::settings::{Config, Settings, Sources};
    ///
    /// let sources = Sources::from_pairs([("flyer_port", "80800"), ("flyer_threads", "2")]);
    /// let errors = Settings::load(&Config::new(), &sources).unwrap_err();
    /// assert_eq!(
    ///     errors.to_string(),
    ///     "flyer_port = \"80800\" (environment) is not allowed: expected a whole number from 0 to 65535\n\
    ///      flyer_threads = \"2\" (environment) is not allowed: expected a whole number from 5 to 10000"
    /// );
    /// ```
    pub fn load(config: &Config, sources: &Sources) -> Result<Loaded, Errors> {
        let mut resolver = Resolver::new(config, sources);
        let settings = Self::resolve(config, &mut resolver);
        resolver.check(&settings);
        if !resolver.errors.is_empty() {
            return Err(Errors(resolver.errors));
        }
        let origins = TABLE
            .iter()
            .filter_map(|variable| resolver.origin(variable))
            .collect();
        Ok(Loaded {
            settings,
            origins,
            warnings: resolver.warnings,
        })
    }

    /// User and password, when authentication is on.
    #[must_use]
    pub fn basic_auth(&self) -> Option<(&str, &super::Secret)> {
        self.auth_enable
            .then_some((self.auth_user.as_str(), &self.auth_pass))
    }
}

/// A text that was found for a variable.
#[derive(Clone)]
struct Found {
    /// The name it was found under.
    name: String,
    text: String,
    source: Source,
    /// Whether it stands under the name of another system.
    foreign: bool,
}

/// The work of one [`Settings::load`].
pub(super) struct Resolver<'a> {
    found: BTreeMap<&'static str, Found>,
    sources: &'a Sources,
    errors: Vec<String>,
    warnings: Vec<String>,
}

impl<'a> Resolver<'a> {
    fn new(config: &Config, sources: &'a Sources) -> Self {
        let mut resolver = Self {
            found: BTreeMap::new(),
            sources,
            errors: sources.problem.iter().cloned().collect(),
            warnings: Vec::new(),
        };
        for variable in TABLE {
            if let Some(found) = resolver.find(variable, config) {
                resolver.found.insert(variable.name, found);
            }
        }
        resolver.look_for_strangers();
        resolver.judge_states();
        resolver
    }

    /// The strongest text that counts for a variable.
    fn find(&mut self, variable: &'static Variable, config: &Config) -> Option<Found> {
        let places = [
            (Source::Environment, &self.sources.environment),
            (Source::DotEnv, &self.sources.dotenv),
        ];
        let counts = |text: &&String| variable.empty_counts || !text.trim().is_empty();
        for (source, texts) in places {
            if let Some(prefix) = variable.name.strip_suffix('*') {
                if let Some((name, text)) = texts
                    .iter()
                    .find(|(name, text)| name.starts_with(prefix) && counts(text))
                {
                    return Some(Found {
                        name: name.clone(),
                        text: text.clone(),
                        source,
                        foreign: false,
                    });
                }
                continue;
            }
            let names = std::iter::once(&variable.name).chain(variable.aliases);
            let mut set = names.filter_map(|name| Some((*name, texts.get(*name).filter(counts)?)));
            if let Some((name, text)) = set.next() {
                if let Some((other, _)) = set.find(|(_, value)| *value != text) {
                    self.warnings.push(format!(
                        "{other} ({source}) is ignored: {name} is set to another value"
                    ));
                }
                return Some(Found {
                    name: name.to_owned(),
                    text: text.clone(),
                    source,
                    foreign: false,
                });
            }
        }
        // What is meant for other programs must not stop the start or warn of our variables.
        if variable.state == State::Active {
            for (source, texts) in places {
                for name in variable.fallbacks {
                    if let Some(text) = texts.get(*name).filter(counts) {
                        return Some(Found {
                            name: (*name).to_owned(),
                            text: text.clone(),
                            source,
                            foreign: true,
                        });
                    }
                }
            }
        }
        let text = config.values.get(variable.name).filter(counts)?;
        Some(Found {
            name: variable.name.to_owned(),
            text: text.clone(),
            source: Source::Code,
            foreign: false,
        })
    }

    /// Warns of names that begin like ours and are none.
    fn look_for_strangers(&mut self) {
        let names = [
            (Source::Environment, &self.sources.environment),
            (Source::DotEnv, &self.sources.dotenv),
        ];
        for (source, name) in names
            .into_iter()
            .flat_map(|(source, texts)| texts.keys().map(move |name| (source, name)))
        {
            let lower = name.to_lowercase();
            if !lower.starts_with("flyer_")
                || TABLE.iter().any(|variable| variable.answers_to(name))
            {
                continue;
            }
            let hint = if TABLE.iter().any(|variable| variable.answers_to(&lower)) {
                format!("; names are lower-case: {lower}")
            } else {
                nearest(&lower)
                    .map(|name| format!("; did you mean {name}?"))
                    .unwrap_or_default()
            };
            self.warnings
                .push(format!("{name} ({source}) is not a known setting{hint}"));
        }
    }

    /// Tells what is set and does nothing in this build. What asks for nothing but the default is
    /// passed over: scripts that switch a feature off explicitly have to run without it.
    fn judge_states(&mut self) {
        for (variable, found) in TABLE
            .iter()
            .filter_map(|variable| Some((variable, self.found.get(variable.name)?)))
        {
            if asks_for_default(variable, &found.text) {
                continue;
            }
            let shown = shown(found);
            match variable.state {
                State::Active => {}
                State::Planned(part) => {
                    self.warnings.push(format!("{shown} has no effect in this version: it is planned for {part}"));
                }
                State::NoEffect(reason) => self.warnings.push(format!("{shown} has no effect: {reason}")),
                State::Feature(feature) => self.errors.push(format!(
                    "{shown} is not possible in this build: it needs the cargo feature {feature:?}, which is not compiled in"
                )),
            }
        }
    }

    /// The value of a variable; a mistake is noted and the default value of the type given.
    pub(super) fn take<K: Kind>(&mut self, name: &'static str) -> K::Value {
        let mut notes = Vec::new();
        let Some(found) = self.found.get(name) else {
            let Some(text) = self.preset(name) else {
                return K::Value::default();
            };
            // The presets are ours: that each of them is allowed is tested.
            return K::parse(&text, &mut notes).unwrap_or_default();
        };
        let text = if K::RAW {
            found.text.as_str()
        } else {
            found.text.trim()
        };
        let outcome = K::parse(text, &mut notes);
        let shown = shown(found);
        self.warnings
            .extend(notes.into_iter().map(|note| format!("{shown}: {note}")));
        match outcome {
            Ok(value) => return value,
            Err(_) if found.foreign => {
                self.warnings.push(format!(
                    "{shown} is ignored: expected {}",
                    K::allowed(Locale::En)
                ));
                self.found.remove(name);
            }
            Err(detail) => {
                let detail = if detail.is_empty() {
                    detail
                } else {
                    format!("; {detail}")
                };
                self.errors.push(format!(
                    "{shown} is not allowed: expected {}{detail}",
                    K::allowed(Locale::En)
                ));
            }
        }
        K::Value::default()
    }

    /// The default as text, worked out where it depends on other settings.
    fn preset(&self, name: &str) -> Option<String> {
        match name {
            "flyer_event_loops" => {
                let cores = || thread::available_parallelism().map_or(1, usize::from);
                let loops = self.sources.cores.unwrap_or_else(cores) / self.workers();
                Some(loops.clamp(1, 1024).to_string())
            }
            "flyer_access_log_exclude_uris" => {
                let base = self
                    .found
                    .get("flyer_base_url")
                    .map_or("/flyer", |found| found.text.trim());
                let base = base.trim_end_matches('/');
                let with_base = format!("/health_check,{base}/health_check");
                Some(if base.is_empty() {
                    "/health_check".to_owned()
                } else {
                    with_base
                })
            }
            _ => match variable(name)?.default {
                Preset::Text(text) => Some(text.to_owned()),
                Preset::Unset | Preset::Computed(_) => None,
            },
        }
    }

    /// The number of workers that share the cores; one as long as the setting has no effect.
    fn workers(&self) -> usize {
        let name = "flyer_workers";
        let active = variable(name).is_some_and(|variable| variable.state == State::Active);
        let set = self.found.get(name).filter(|_| active);
        set.and_then(|found| found.text.trim().parse().ok())
            .unwrap_or(1)
            .max(1)
    }

    /// What no variable can be blamed for alone.
    fn check(&mut self, settings: &Settings) {
        if settings.workers > 1 && settings.supervisor == Some(false) {
            self.refuse(
                "flyer_workers",
                "several workers need the supervisor, which flyer_supervisor = 0 turns off; expected 1, or flyer_supervisor = 1",
            );
        }
        if cfg!(feature = "tls") {
            let (cert, key) = ("flyer_tls_cert", "flyer_tls_key");
            match (&settings.tls_cert, &settings.tls_key) {
                (Some(_), None) => self.refuse(cert, "it needs flyer_tls_key as well"),
                (None, Some(_)) => self.refuse(key, "it needs flyer_tls_cert as well"),
                _ => {}
            }
        }
        if settings.auth_enable {
            let on = self
                .found
                .get("flyer_auth_enable")
                .map(shown)
                .unwrap_or_default();
            let missing: Vec<_> = [
                ("flyer_auth_user", settings.auth_user.is_empty()),
                (
                    "flyer_auth_pass",
                    settings.auth_pass.expose().trim().is_empty(),
                ),
            ]
            .into_iter()
            .filter_map(|(name, missing)| missing.then_some(name))
            .collect();
            if !missing.is_empty() {
                let missing = missing.join(", ");
                self.errors.push(format!(
                    "{on} needs a user and a password; not set: {missing}"
                ));
            } else if is_well_known(settings.auth_pass.expose()) {
                self.refuse(
                    "flyer_auth_pass",
                    "it is one of the passwords that are tried first; expected another one",
                );
            }
            if settings.auth_user.contains(':') {
                self.refuse(
                    "flyer_auth_user",
                    "expected a name without a colon (RFC 7617)",
                );
            }
        }
    }

    fn refuse(&mut self, name: &'static str, reason: &str) {
        if let Some(found) = self.found.get(name) {
            self.errors
                .push(format!("{} is not allowed: {reason}", shown(found)));
        }
    }

    fn origin(&self, variable: &'static Variable) -> Option<Origin> {
        Some(match self.found.get(variable.name) {
            Some(found) => Origin {
                variable,
                source: found.source,
                shown: mask_value(variable.name, found.text.trim()).into_owned(),
            },
            // Of the original's variables only those that are set are worth a line.
            None if matches!(variable.state, State::NoEffect(_)) => return None,
            None => {
                let computed = || match variable.default {
                    Preset::Computed(words) => format!("({words})"),
                    _ => String::new(),
                };
                Origin {
                    variable,
                    source: Source::Default,
                    shown: self.preset(variable.name).unwrap_or_else(computed),
                }
            }
        })
    }
}

fn variable(name: &str) -> Option<&'static Variable> {
    TABLE.iter().find(|variable| variable.name == name)
}

/// `flyer_port = "80800" (environment)`
fn shown(found: &Found) -> String {
    format!(
        "{} = {:?} ({})",
        found.name,
        mask_value(&found.name, found.text.trim()),
        found.source
    )
}

fn asks_for_default(variable: &Variable, text: &str) -> bool {
    let Preset::Text(preset) = variable.default else {
        return false;
    };
    let (text, flag) = (text.trim(), crate::env::flag);
    // Only switches have 1 and 0 as their defaults and words beside them.
    text == preset
        || (matches!(preset, "0" | "1") && flag(text).is_some() && flag(text) == flag(preset))
}

/// The known name that is nearest, if it is near at all.
fn nearest(name: &str) -> Option<&'static str> {
    let known = TABLE
        .iter()
        .flat_map(|variable| std::iter::once(&variable.name).chain(variable.aliases));
    let distance = |known: &str| strsim::damerau_levenshtein(name, known);
    let best = known
        .filter(|known| !known.ends_with('*'))
        .min_by_key(|known| distance(known))?;
    // The common prefix says nothing about how near two names are.
    let tolerated = (name.len().saturating_sub("flyer_".len()) / 3).max(1);
    (distance(best) <= tolerated).then_some(best)
}

fn is_well_known(password: &str) -> bool {
    const TRIED_FIRST: [&str; 12] = [
        "admin",
        "password",
        "passw0rd",
        "changeme",
        "change_me",
        "secret",
        "default",
        "root",
        "test",
        "123456",
        "12345678",
        "fastflyer",
    ];
    TRIED_FIRST
        .iter()
        .any(|known| known.eq_ignore_ascii_case(password))
}

#[cfg(test)]
mod tests;
