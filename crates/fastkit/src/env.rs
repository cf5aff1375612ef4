//! Variables of the environment and, beneath them, of the file `.env` in the working directory.
//!
//! For an application's own variables; the framework's `flyer_*` settings are resolved by
//! [`settings`](crate::settings). Nothing is written into the process environment. The file is
//! read once, at the first use, and kept for the life of the process; a variable of the environment
//! wins over it. In the file, single quotes keep a `$` as it is. After a mistake the rest of the file
//! is not read: the log tells so once, and so does the error of a variable that is missing.

use crate::{mask::mask_value, settings::measure};
use std::{
    any::{Any, TypeId, type_name},
    collections::BTreeMap,
    fmt,
    path::Path,
    str::FromStr,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// The variable, or the default where it is not set. A variable that is set to nothing is set.
///
/// ```
/// use fastkit::env;
///
/// assert_eq!(env::get("custom_env_name", "default_value"), "default_value");
/// ```
pub fn get(name: &str, default: impl Into<String>) -> String {
    lookup(name).unwrap_or_else(|| default.into())
}

/// The variable as a value of type `T`. `bool` takes `1/0`, `true/false`, `yes/no`, `on/off`.
///
/// # Errors
/// When the variable is not set, empty, or no `T`; the message names the variable, the value
/// (masked where the name looks like a secret's) and what is allowed.
///
/// ```
/// use fastkit::env;
///
/// let error = env::parse::<u16>("custom_port").unwrap_err();
/// assert_eq!(error.to_string(), "custom_port is not set: expected a whole number from 0 to 65535");
/// ```
pub fn parse<T>(name: &str) -> Result<T, Error>
where
    T: FromStr<Err: fmt::Display> + 'static,
{
    match filled(name) {
        Some(text) => convert(name, &text),
        None => Err(Error::missing(name, allowed::<T>())),
    }
}

/// Like [`parse`], with a default for a variable that is not set or empty.
///
/// # Errors
/// When the variable is set to something that is no `T`: a typing mistake must not silently become
/// the default.
///
/// ```
/// use fastkit::env;
///
/// assert_eq!(env::parse_or("custom_retries", 3)?, 3);
/// # Ok::<(), env::Error>(())
/// ```
pub fn parse_or<T>(name: &str, default: T) -> Result<T, Error>
where
    T: FromStr<Err: fmt::Display> + 'static,
{
    filled(name).map_or(Ok(default), |text| convert(name, &text))
}

/// The variable, which has to be set to something.
///
/// # Errors
/// When it is not set, or empty.
///
/// ```
/// use fastkit::env;
///
/// assert_eq!(env::require("custom_name").unwrap_err().to_string(), "custom_name is not set");
/// ```
pub fn require(name: &str) -> Result<String, Error> {
    filled(name).ok_or_else(|| Error::missing(name, None))
}

/// The variable; `None` where it is not set or empty.
///
/// ```
/// use fastkit::env;
///
/// let name = env::optional("custom_env_name").unwrap_or_else(|| "default_value".to_owned());
/// assert_eq!(name, "default_value");
/// ```
#[must_use]
pub fn optional(name: &str) -> Option<String> {
    filled(name)
}

/// The values between the commas of the variable, without blanks around them; none where it is not
/// set or empty.
///
/// # Errors
/// When one of them is no `T`; the message names it.
///
/// ```
/// use fastkit::env;
///
/// let ports: Vec<u16> = env::list("custom_ports")?;
/// assert!(ports.is_empty());
/// # Ok::<(), env::Error>(())
/// ```
pub fn list<T>(name: &str) -> Result<Vec<T>, Error>
where
    T: FromStr<Err: fmt::Display> + 'static,
{
    split(name, &filled(name).unwrap_or_default())
}

/// The variable as a length of time: seconds, or a number with `ms`, `s`, `m` or `h`. The default
/// where it is not set or empty.
///
/// # Errors
/// When it is anything else.
///
/// ```
/// use fastkit::env;
/// use std::time::Duration;
///
/// assert_eq!(env::duration("custom_timeout", Duration::from_secs(5))?.as_secs(), 5);
/// # Ok::<(), env::Error>(())
/// ```
pub fn duration(name: &str, default: Duration) -> Result<Duration, Error> {
    measured(
        name,
        filled(name),
        default,
        measure::duration,
        "seconds, or a number with ms, s, m or h (10, 10s, 500ms)",
    )
}

/// The variable as a number of bytes: a number, or one with `KiB`, `MiB` or `GiB`. The default where
/// it is not set or empty.
///
/// # Errors
/// When it is anything else.
///
/// ```
/// use fastkit::env;
///
/// assert_eq!(env::bytes("custom_limit", 1024)?, 1024);
/// # Ok::<(), env::Error>(())
/// ```
pub fn bytes(name: &str, default: u64) -> Result<u64, Error> {
    measured(
        name,
        filled(name),
        default,
        measure::bytes,
        "bytes, or a number with KiB, MiB or GiB (2MiB, 2M, 2097152)",
    )
}

/// All variables by name. Holds secrets: print them through [`mask`](crate::mask).
pub fn all() -> BTreeMap<String, String> {
    let mut all = from_file().variables.clone();
    all.extend(process());
    all
}

/// A view on the variables that begin with `prefix`, read by the rest of their names.
///
/// ```
/// use fastkit::env;
///
/// let my = env::prefix("my_");
/// assert_eq!(my.get("name", "none"), "none"); // my_name
/// ```
pub fn prefix(prefix: impl Into<String>) -> Prefix {
    Prefix {
        prefix: prefix.into(),
    }
}

/// Variables with a common prefix; see [`prefix`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix {
    prefix: String,
}

impl Prefix {
    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// See [`get`].
    pub fn get(&self, name: &str, default: impl Into<String>) -> String {
        get(&self.name(name), default)
    }

    /// See [`parse`].
    ///
    /// # Errors
    /// When the variable is not set, empty, or no `T`.
    pub fn parse<T: FromStr<Err: fmt::Display> + 'static>(&self, name: &str) -> Result<T, Error> {
        parse(&self.name(name))
    }

    /// See [`parse_or`].
    ///
    /// # Errors
    /// When the variable is set to something that is no `T`.
    pub fn parse_or<T: FromStr<Err: fmt::Display> + 'static>(
        &self,
        name: &str,
        default: T,
    ) -> Result<T, Error> {
        parse_or(&self.name(name), default)
    }

    /// See [`require`].
    ///
    /// # Errors
    /// When the variable is not set, or empty.
    pub fn require(&self, name: &str) -> Result<String, Error> {
        require(&self.name(name))
    }

    /// See [`optional`].
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<String> {
        optional(&self.name(name))
    }

    /// See [`list`].
    ///
    /// # Errors
    /// When one of the values is no `T`.
    pub fn list<T: FromStr<Err: fmt::Display> + 'static>(
        &self,
        name: &str,
    ) -> Result<Vec<T>, Error> {
        list(&self.name(name))
    }

    /// See [`duration`].
    ///
    /// # Errors
    /// When the variable is set to something that is no length of time.
    pub fn duration(&self, name: &str, default: Duration) -> Result<Duration, Error> {
        duration(&self.name(name), default)
    }

    /// See [`bytes`](fn@bytes).
    ///
    /// # Errors
    /// When the variable is set to something that is no number of bytes.
    pub fn bytes(&self, name: &str, default: u64) -> Result<u64, Error> {
        bytes(&self.name(name), default)
    }

    /// The variables with this prefix, by the rest of their names.
    pub fn all(&self) -> BTreeMap<String, String> {
        let rest = |(name, value): (String, String)| {
            Some((name.strip_prefix(&self.prefix)?.to_owned(), value))
        };
        all().into_iter().filter_map(rest).collect()
    }
}

/// A variable that is missing or has a value that is not allowed.
#[derive(Debug)]
pub struct Error {
    name: String,
    kind: Kind,
    expected: Option<String>,
}

#[derive(Debug)]
enum Kind {
    /// Perhaps because the file could not be read to its end.
    Missing(Option<&'static str>),
    /// Carries the value as it may be shown.
    Invalid(String),
}

impl Error {
    fn missing(name: &str, expected: Option<String>) -> Self {
        Self {
            name: name.to_owned(),
            kind: Kind::Missing(dotenv().problem.as_deref()),
            expected,
        }
    }

    /// The name of the variable.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the variable is not set or empty, as opposed to set to a wrong value.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self.kind, Kind::Missing(_))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Missing(_) => write!(f, "{} is not set", self.name)?,
            Kind::Invalid(shown) => write!(f, "{} = {shown:?} is not allowed", self.name)?,
        }
        if let Some(expected) = &self.expected {
            write!(f, ": expected {expected}")?;
        }
        match &self.kind {
            Kind::Missing(Some(problem)) => write!(f, "; {NOT_READ} ({problem})"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

fn filled(name: &str) -> Option<String> {
    lookup(name).filter(|text| !text.trim().is_empty())
}

fn split<T: FromStr<Err: fmt::Display> + 'static>(name: &str, text: &str) -> Result<Vec<T>, Error> {
    let parts = text.split(',').map(str::trim);
    let filled = parts.filter(|part| !part.is_empty());
    filled.map(|part| convert(name, part)).collect()
}

fn measured<T>(
    name: &str,
    text: Option<String>,
    default: T,
    read: fn(&str) -> Option<T>,
    allowed: &str,
) -> Result<T, Error> {
    let Some(text) = text else {
        return Ok(default);
    };
    read(text.trim()).ok_or_else(|| Error {
        name: name.to_owned(),
        kind: Kind::Invalid(mask_value(name, &text).into_owned()),
        expected: Some(allowed.to_owned()),
    })
}

fn convert<T: FromStr<Err: fmt::Display> + 'static>(name: &str, text: &str) -> Result<T, Error> {
    let value = match flag(text) {
        Some(flag) if TypeId::of::<T>() == TypeId::of::<bool>() => {
            let flag: Box<dyn Any> = Box::new(flag);
            if let Ok(flag) = flag.downcast::<T>() {
                return Ok(*flag);
            }
            T::from_str(text)
        }
        _ => T::from_str(text).or_else(|error| T::from_str(text.trim()).map_err(|_| error)),
    };
    value.map_err(|error| Error {
        name: name.to_owned(),
        kind: Kind::Invalid(mask_value(name, text).into_owned()),
        // A parser's own message may quote the value.
        expected: allowed::<T>().or_else(|| {
            (!crate::mask::is_secret_name(name)).then(|| format!("another one, {error}"))
        }),
    })
}

/// The truth values that people write.
pub(crate) fn flag(text: &str) -> Option<bool> {
    let is = |words: [&str; 4]| {
        words
            .iter()
            .any(|word| word.eq_ignore_ascii_case(text.trim()))
    };
    if is(["1", "true", "yes", "on"]) {
        Some(true)
    } else if is(["0", "false", "no", "off"]) {
        Some(false)
    } else {
        None
    }
}

/// What is allowed, for the types that say nothing useful about it themselves.
fn allowed<T: 'static>() -> Option<String> {
    macro_rules! whole_numbers {
        ($($type:ident)*) => {
            $(if TypeId::of::<T>() == TypeId::of::<$type>() {
                return Some(format!("a whole number from {} to {}", $type::MIN, $type::MAX));
            })*
        };
    }
    whole_numbers!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);
    match type_name::<T>() {
        "bool" => Some("1 or 0".to_owned()),
        "f32" | "f64" => Some("a number".to_owned()),
        "char" => Some("a single character".to_owned()),
        _ => None,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this module is the one place that reads the environment"
)]
fn lookup(name: &str) -> Option<String> {
    match std::env::var_os(name) {
        Some(value) => Some(value.to_string_lossy().into_owned()),
        None => from_file().variables.get(name).cloned(),
    }
}

/// The environment of the process.
pub(crate) fn process() -> impl Iterator<Item = (String, String)> {
    let text = |os: std::ffi::OsString| os.to_string_lossy().into_owned();
    std::env::vars_os().map(move |(name, value)| (text(name), text(value)))
}

/// What the file `.env` holds.
#[derive(Debug, Default)]
pub(crate) struct DotEnv {
    pub(crate) variables: BTreeMap<String, String>,
    /// Why the file, or the rest of it, could not be read.
    pub(crate) problem: Option<String>,
}

/// The `.env` of the working directory, read once: [`get`] is called per request by some, and a
/// file that changes while the process runs would give half of the old and half of the new.
pub(crate) fn dotenv() -> &'static DotEnv {
    static DOTENV: OnceLock<DotEnv> = OnceLock::new();
    DOTENV.get_or_init(|| DotEnv::read(Path::new(".env")))
}

/// What a mistake in the file means for the variables after it.
const NOT_READ: &str = "what follows in the file was not read";

/// As [`dotenv`], with one warning about a file that could not be read to its end, as soon as there
/// is a log to take it.
fn from_file() -> &'static DotEnv {
    static TOLD: AtomicBool = AtomicBool::new(false);
    let file = dotenv();
    if let Some(problem) = &file.problem
        && tracing::event_enabled!(tracing::Level::WARN)
        && !TOLD.swap(true, Ordering::Relaxed)
    {
        tracing::warn!("{NOT_READ} ({problem})");
    }
    file
}

impl DotEnv {
    pub(crate) fn read(path: &Path) -> Self {
        let mut file = Self::default();
        // A folder `.env` is a virtual environment of Python, not ours.
        if !path.is_file() {
            return file;
        }
        let variables = match dotenvy::from_path_iter(path) {
            Ok(variables) => variables,
            Err(error) => {
                file.problem = Some(format!("{} cannot be read: {error}", path.display()));
                return file;
            }
        };
        for (index, variable) in variables.enumerate() {
            match variable {
                Ok((name, value)) => {
                    file.variables.insert(name, value);
                }
                Err(error) => {
                    let reason = match error {
                        // Shows the line, which may hold a password.
                        dotenvy::Error::LineParse(..) => {
                            "it is not of the form NAME=value".to_owned()
                        }
                        other => other.to_string(),
                    };
                    file.problem = Some(format!(
                        "{}: variable {}: {reason}",
                        path.display(),
                        index + 1
                    ));
                    break;
                }
            }
        }
        file
    }
}

#[cfg(test)]
mod tests;
