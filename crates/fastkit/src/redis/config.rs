//! [`RedisConfig`]: where the server is and how long to wait for it.

use super::{
    error::{Error, Kind},
    tls,
};
use crate::{
    mask::{MASK, mask_url},
    settings::{Secret, Settings},
};
use percent_encoding::percent_decode_str;
use rustls::pki_types::CertificateDer;
use std::{fmt, time::Duration};
use url::{Host, Url};

const DEFAULT_PORT: u16 = 6379;
const SCHEMES: &str = "redis:// or rediss:// (TLS)";

/// What a connection is for; decides the number of the database where nothing names one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Use {
    /// Locks: database 10.
    Locks,
    /// Everything else: database 1.
    Pool,
}

impl Use {
    const fn database(self) -> u32 {
        match self {
            Self::Locks => 10,
            Self::Pool => 1,
        }
    }
}

/// Where the server is, who asks, and how long to wait.
///
/// ```
/// use fastkit::redis::RedisConfig;
/// use std::time::Duration;
///
/// let config = RedisConfig::new("db.example.org", 6379)
///     .password("secret")
///     .database(1)
///     .response_timeout(Duration::from_millis(500));
/// assert_eq!(config.to_string(), "redis://:***@db.example.org:6379/1");
///
/// let same = RedisConfig::from_url("redis://:secret@db.example.org/1")?;
/// assert_eq!(same.to_string(), config.to_string());
/// # Ok::<(), fastkit::redis::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "nothing is opened yet"]
pub struct RedisConfig {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) username: Option<String>,
    pub(super) password: Option<Secret>,
    pub(super) database: Option<u32>,
    pub(super) is_tls: bool,
    pub(super) roots: Vec<CertificateDer<'static>>,
    pub(super) connect_timeout: Duration,
    pub(super) response_timeout: Duration,
}

impl RedisConfig {
    /// A server without password and TLS; database 0.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self {
            host: host.into(),
            port,
            username: None,
            password: None,
            database: None,
            is_tls: false,
            roots: Vec::new(),
            connect_timeout: Duration::from_secs(2),
            response_timeout: Duration::from_secs(2),
        }
    }

    /// From `redis://[user][:password]@host[:port][/database]`, or `rediss://` for TLS. The port is 6379 when
    /// there is none. Special characters of user and password are percent-encoded.
    ///
    /// # Errors
    ///
    /// A text that is no such URL: another scheme, no host, a database that is no number, or a query or
    /// fragment, which have no meaning here.
    pub fn from_url(text: &str) -> Result<Self, Error> {
        let refuse = |why: &str| {
            let text = mask_url(text);
            Error::new(
                Kind::Config,
                format_args!("\"{text}\" is no URL of a Redis server: {why}"),
            )
        };
        let url = Url::parse(text.trim()).map_err(|error| refuse(&error.to_string()))?;
        let is_tls = match url.scheme() {
            "redis" | "valkey" => false,
            "rediss" | "valkeys" => true,
            _ => return Err(refuse(&format!("it has to begin with {SCHEMES}"))),
        };
        let host = match url.host() {
            Some(Host::Domain(name)) if !name.is_empty() => decoded(name),
            Some(Host::Ipv4(address)) => Some(address.to_string()),
            Some(Host::Ipv6(address)) => Some(address.to_string()),
            _ => return Err(refuse("it has no host")),
        };
        let host = host.ok_or_else(|| refuse("the host is not UTF-8"))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse(
                "what follows \"?\" or \"#\" has no meaning here; in a password they are written %3F and %23",
            ));
        }
        let mut config = Self::new(host, url.port().unwrap_or(DEFAULT_PORT));
        config.is_tls = is_tls;
        if !url.username().is_empty() {
            let name = decoded(url.username()).ok_or_else(|| refuse("the user is not UTF-8"))?;
            config.username = Some(name);
        }
        if let Some(password) = url.password() {
            let password = decoded(password).ok_or_else(|| refuse("the password is not UTF-8"))?;
            config.password = Some(Secret::new(password));
        }
        match url.path().trim_matches('/') {
            "" => {}
            path => {
                let database = path.parse().map_err(|_| {
                    refuse("its path has to be the number of a database, or nothing")
                })?;
                config.database = Some(database);
            }
        }
        Ok(config)
    }

    /// From the settings `flyer_redis_url`, or `flyer_redis_host` and `flyer_redis_port`; `None` when neither
    /// is set. The password and the database that the URL does not name are those of `flyer_redis_pass` and
    /// `flyer_redis_db`, and the database that nothing names is that of the use.
    ///
    /// # Errors
    ///
    /// A URL that cannot be read; see [`from_url`](Self::from_url).
    pub fn from_settings(settings: &Settings, purpose: Use) -> Result<Option<Self>, Error> {
        let mut config = if !settings.redis_url.is_empty() {
            Self::from_url(settings.redis_url.expose()).map_err(|error| {
                Error::new(Kind::Config, format_args!("flyer_redis_url: {error}"))
            })?
        } else if let Some(host) = &settings.redis_host {
            Self::new(host.trim(), settings.redis_port)
        } else {
            return Ok(None);
        };
        if config.password.is_none() && !settings.redis_pass.is_empty() {
            config.password = Some(settings.redis_pass.clone());
        }
        config
            .database
            .get_or_insert_with(|| settings.redis_db.unwrap_or(purpose.database()));
        Ok(Some(config))
    }

    /// The user; without one the password is that of the default user.
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// The password.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(Secret::new(password));
        self
    }

    /// The number of the database; 0 when none is named.
    pub fn database(mut self, number: u32) -> Self {
        self.database = Some(number);
        self
    }

    /// Encrypts the connection, as `rediss://` does.
    pub fn encrypted(mut self) -> Self {
        self.is_tls = true;
        self
    }

    /// Trusts these certificates, PEM, besides those of the system.
    ///
    /// # Errors
    ///
    /// When there is no certificate in the text.
    pub fn add_root_certificate(mut self, pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        self.roots.extend(tls::certificates(pem.as_ref())?);
        Ok(self)
    }

    /// How long connecting may take, with name, TLS and password; 2 seconds at first.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// How long an answer may take on a connection that is there; 2 seconds at first. It holds for every
    /// command, so one that blocks at the server (`BLPOP`) has to end earlier.
    pub fn response_timeout(mut self, limit: Duration) -> Self {
        self.response_timeout = limit;
        self
    }
}

fn decoded(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    Some(text.into_owned())
}

impl TryFrom<&str> for RedisConfig {
    type Error = Error;

    fn try_from(url: &str) -> Result<Self, Error> {
        Self::from_url(url)
    }
}

impl TryFrom<String> for RedisConfig {
    type Error = Error;

    fn try_from(url: String) -> Result<Self, Error> {
        Self::from_url(&url)
    }
}

impl TryFrom<&String> for RedisConfig {
    type Error = Error;

    fn try_from(url: &String) -> Result<Self, Error> {
        Self::from_url(url)
    }
}

/// As a URL, with the password masked.
impl fmt::Display for RedisConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_tls { "rediss://" } else { "redis://" })?;
        if let Some(username) = &self.username {
            f.write_str(username)?;
        }
        if self.password.is_some() {
            write!(f, ":{MASK}")?;
        }
        if self.username.is_some() || self.password.is_some() {
            f.write_str("@")?;
        }
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&self.host)?;
        }
        write!(f, ":{}/{}", self.port, self.database.unwrap_or(0))
    }
}

impl fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConfig")
            .field("url", &self.to_string())
            .field("connect_timeout", &self.connect_timeout)
            .field("response_timeout", &self.response_timeout)
            .field("roots", &self.roots.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Config, Sources};

    #[test]
    fn urls() {
        let cases = [
            ("redis://db", "redis://db:6379/0"),
            ("redis://db:7000/", "redis://db:7000/0"),
            (" redis://127.0.0.1/5 ", "redis://127.0.0.1:6379/5"),
            ("rediss://[::1]:1/2", "rediss://[::1]:1/2"),
            ("redis://:secret@db", "redis://:***@db:6379/0"),
            ("valkeys://me:secret@db/3", "rediss://me:***@db:6379/3"),
        ];
        for (url, shown) in cases {
            let config = RedisConfig::from_url(url).unwrap();
            assert_eq!(config.to_string(), shown, "{url}");
            assert!(!format!("{config:?}").contains("secret"), "{config:?}");
        }
        let odd = RedisConfig::from_url("redis://a%20b+c:p%2Fw%23%2B+%25&a=b%E4%BB%BB@db").unwrap();
        assert_eq!(odd.username.as_deref(), Some("a b+c"));
        assert_eq!(odd.password.unwrap().expose(), "p/w#++%&a=b任");
    }

    #[test]
    fn refusals_say_why_and_hide_the_password() {
        let cases = [
            ("db:6379", "it has to begin with redis://"),
            ("http://:secret@db", "it has to begin with redis://"),
            ("redis://", "no host"),
            ("redis:///1", "no host"),
            ("redis://:secret@db/one", "the number of a database"),
            ("redis://:secret@db/-1", "the number of a database"),
            ("redis://:secret@db?db=1", "has no meaning here"),
            ("redis://:secret#1@db", "is no URL of a Redis server"),
            ("rediss://:secret@db/#insecure", "has no meaning here"),
            ("redis://:%FF@db", "the password is not UTF-8"),
            ("redis://db:99999", "invalid port number"),
            ("", "is no URL of a Redis server"),
        ];
        for (url, why) in cases {
            let error = RedisConfig::from_url(url).unwrap_err();
            assert!(error.is_config());
            assert!(error.to_string().contains(why), "{url}: {error}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn the_url_wins_and_the_rest_completes_it() {
        type Case = (
            &'static [(&'static str, &'static str)],
            Use,
            Option<&'static str>,
        );
        let cases: [Case; 9] = [
            (&[], Use::Locks, None),
            (&[("flyer_redis_pass", "secret")], Use::Locks, None),
            (
                &[("flyer_redis_host", "db")],
                Use::Locks,
                Some("redis://db:6379/10"),
            ),
            (
                &[("flyer_redis_host", "db")],
                Use::Pool,
                Some("redis://db:6379/1"),
            ),
            (
                &[
                    ("flyer_redis_host", "db"),
                    ("flyer_redis_port", "7000"),
                    ("flyer_redis_pass", "secret"),
                    ("flyer_redis_db", "0"),
                ],
                Use::Locks,
                Some("redis://:***@db:7000/0"),
            ),
            (
                &[("flyer_redis_url", "redis://a"), ("flyer_redis_host", "b")],
                Use::Pool,
                Some("redis://a:6379/1"),
            ),
            (
                &[
                    ("flyer_redis_url", "redis://a/7"),
                    ("flyer_redis_db", "3"),
                    ("flyer_redis_port", "7000"),
                ],
                Use::Pool,
                Some("redis://a:6379/7"),
            ),
            (
                &[("flyer_redis_url", "redis://a"), ("flyer_redis_db", "3")],
                Use::Pool,
                Some("redis://a:6379/3"),
            ),
            (
                &[
                    ("flyer_redis_url", "redis://a"),
                    ("flyer_redis_pass", "secret"),
                ],
                Use::Locks,
                Some("redis://:***@a:6379/10"),
            ),
        ];
        for (pairs, purpose, expected) in cases {
            let sources = Sources::from_pairs(pairs.iter().copied());
            let settings = Settings::load(&Config::new(), &sources).unwrap().settings;
            let config = RedisConfig::from_settings(&settings, purpose).unwrap();
            assert_eq!(
                config.map(|config| config.to_string()).as_deref(),
                expected,
                "{pairs:?}"
            );
        }
        let sources = Sources::from_pairs([("flyer_redis_url", "http://:secret@db")]);
        let settings = Settings::load(&Config::new(), &sources).unwrap().settings;
        let error = RedisConfig::from_settings(&settings, Use::Pool).unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("flyer_redis_url: ") && !text.contains("secret"),
            "{text}"
        );
    }
}
