//! [`Error`]: what a cache refuses.

use super::builder::Limits;
use std::fmt;

/// Why a cache refused what it was asked for.
#[derive(Debug)]
pub struct Error(Box<Kind>);

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self(Box::new(kind))
    }
}

#[derive(Debug)]
pub(super) enum Kind {
    /// The value as it was given, in seconds.
    Ttl(String),
    WrongType {
        pool: String,
        key: String,
        stored: &'static str,
        asked: &'static str,
    },
    OtherSettings {
        pool: String,
        there: Limits,
        asked: Limits,
    },
    Policy(String),
    Limit(&'static str),
    Backend(Box<dyn std::error::Error + Send + Sync>),
    Codec {
        key: String,
        source: serde_json::Error,
    },
}

impl Error {
    pub(super) fn wrong_type<V>(pool: &str, key: &str, stored: &'static str) -> Self {
        Self::from(Kind::WrongType {
            pool: pool.to_owned(),
            key: key.to_owned(),
            stored,
            asked: std::any::type_name::<V>(),
        })
    }

    /// The failure of a [`Backend`](super::Backend): what it says goes to the log.
    pub fn backend(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::from(Kind::Backend(cause.into()))
    }

    /// Whether a time to live was negative or longer than a hundred years.
    #[must_use]
    pub fn is_ttl(&self) -> bool {
        matches!(*self.0, Kind::Ttl(_))
    }

    /// Whether the value under the key has another type than the one that was asked for.
    #[must_use]
    pub fn is_wrong_type(&self) -> bool {
        matches!(*self.0, Kind::WrongType { .. } | Kind::Codec { .. })
    }

    /// Whether there is a pool of this name that was made with other settings.
    #[must_use]
    pub fn is_other_settings(&self) -> bool {
        matches!(*self.0, Kind::OtherSettings { .. })
    }

    /// Whether the place where the values are could not be asked.
    #[must_use]
    pub fn is_backend(&self) -> bool {
        matches!(*self.0, Kind::Backend(_))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Ttl(ttl) => write!(
                f,
                "a time to live of {ttl} is not allowed: expected 0 (never ends) to 100 years"
            ),
            Kind::WrongType {
                pool,
                key,
                stored,
                asked,
            } => write!(
                f,
                "cache pool {pool:?}: {key:?} holds a value of type {stored}, not {asked}"
            ),
            Kind::OtherSettings { pool, there, asked } => write!(
                f,
                "cache pool {pool:?} exists with {there}, and cannot have {asked}: \
                 the same name is the same pool"
            ),
            Kind::Policy(text) => write!(
                f,
                "{text:?} is no policy: expected fifo, lru, lfu, lifo, mru or rr"
            ),
            Kind::Limit(what) => write!(f, "{what} of 0 is not allowed: nothing could be kept"),
            Kind::Backend(_) => f.write_str("the cache cannot be asked"),
            Kind::Codec { key, .. } => {
                write!(
                    f,
                    "the value of {key:?} is not of the type that was asked for, or no JSON"
                )
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.0 {
            Kind::Backend(cause) => Some(&**cause),
            Kind::Codec { source, .. } => Some(source),
            _ => None,
        }
    }
}
