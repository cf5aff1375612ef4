//! [`Error`]: why Redis gave no answer, or not the wanted one.
//!
//! Opaque on purpose: what went wrong is asked by predicates. No text in here holds the password, nor the
//! arguments of a command.

use crate::mask::mask_url;
use ::redis::{ErrorKind, RedisError, ServerErrorKind};
use std::{convert::Infallible, fmt, io, sync::Arc, time::Duration};

/// How many characters of a text of the server are kept.
const KEPT: usize = 300;

/// A command that failed.
///
/// | what | predicate |
/// |---|---|
/// | the URL, a certificate, a time, a call outside of a tokio runtime | [`is_config`](Self::is_config) |
/// | nothing listens there | [`is_refused`](Self::is_refused) |
/// | a time limit was reached; the command may have been carried out all the same | [`is_timeout`](Self::is_timeout) |
/// | the connection broke, the host is unknown, TLS could not be agreed on | [`is_network`](Self::is_network) |
/// | the server still reads its data, or is a copy that takes no writes | [`is_not_ready`](Self::is_not_ready) |
/// | the password is missing or wrong, or the user may not do that | [`is_auth`](Self::is_auth) |
/// | the value is of another type than the command or the caller wants | [`is_type`](Self::is_type) |
/// | a script failed | [`is_script`](Self::is_script) |
/// | any other answer that is an error | [`is_server`](Self::is_server) |
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    kind: Kind,
    /// The server, with its password masked; empty where there is none yet.
    url: Arc<str>,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Config,
    Refused,
    Timeout,
    Network,
    NotReady,
    Auth,
    Type,
    Script,
    Server,
}

impl Error {
    pub(super) fn new(kind: Kind, text: impl fmt::Display) -> Self {
        Self(Arc::new(Inner {
            kind,
            url: Arc::from(""),
            text: mask_url(&text.to_string()).into_owned(),
        }))
    }

    /// Says which server it was.
    pub(super) fn at(self, url: &Arc<str>) -> Self {
        Self(Arc::new(Inner {
            kind: self.0.kind,
            url: url.clone(),
            text: self.0.text.clone(),
        }))
    }

    pub(super) fn timeout(what: &str, limit: Duration) -> Self {
        Self::new(Kind::Timeout, format_args!("{what} within {limit:?}"))
    }

    pub(super) fn io(what: &str, error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::ConnectionRefused => Kind::Refused,
            io::ErrorKind::TimedOut => Kind::Timeout,
            _ => Kind::Network,
        };
        Self::new(kind, format_args!("{what}: {error}"))
    }

    /// What the driver says; `is_script` when a script was run.
    pub(super) fn from_driver(error: &RedisError, is_script: bool) -> Self {
        let detail = error.detail().unwrap_or_default();
        let kind = match (error.kind(), error.code()) {
            (ErrorKind::AuthenticationFailed, _)
            | (_, Some("NOAUTH" | "WRONGPASS" | "NOPERM" | "DENIED")) => Kind::Auth,
            // While the database is chosen the code is lost.
            _ if detail.contains("Authentication required") => Kind::Auth,
            (ErrorKind::UnexpectedReturnType | ErrorKind::Parse, _) | (_, Some("WRONGTYPE")) => {
                Kind::Type
            }
            (ErrorKind::Server(ServerErrorKind::BusyLoading), _)
            | (
                ErrorKind::Server(
                    ServerErrorKind::ReadOnly
                    | ServerErrorKind::MasterDown
                    | ServerErrorKind::ClusterDown
                    | ServerErrorKind::TryAgain,
                ),
                _,
            ) => Kind::NotReady,
            (ErrorKind::Io, _) if error.is_timeout() => Kind::Timeout,
            (ErrorKind::Io, _) if error.is_connection_refusal() => Kind::Refused,
            (ErrorKind::Io, _) => Kind::Network,
            (ErrorKind::InvalidClientConfig, _) => Kind::Config,
            _ if is_script => Kind::Script,
            _ => Kind::Server,
        };
        if kind == Kind::Type && error.code().is_none() {
            // This text quotes the value.
            return Self::new(kind, "the answer is not of the type that was asked for");
        }
        let mut text = match error.code() {
            Some(code) => format!("{code} {detail}"),
            None => error.to_string(),
        };
        // An unknown command is answered with its arguments.
        if let Some(at) = text.find(", with args beginning with") {
            text.truncate(at);
        }
        if let Some((at, _)) = text.char_indices().nth(KEPT) {
            text.truncate(at);
        }
        Self::new(kind, text.trim_end())
    }

    /// The server does not know the script of a checksum.
    pub(super) fn is_unknown_script(&self) -> bool {
        self.0.kind == Kind::Script && self.0.text.starts_with("NOSCRIPT")
    }

    /// The URL of the server with its password masked; empty when there is none.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// What was given cannot be used: a URL, a certificate, a call outside of a tokio runtime.
    #[must_use]
    pub fn is_config(&self) -> bool {
        self.0.kind == Kind::Config
    }

    /// Nothing listens there.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.0.kind == Kind::Refused
    }

    /// A time limit was reached. The command may have been carried out all the same.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.0.kind == Kind::Timeout
    }

    /// The connection broke (the command may have been carried out all the same), the host is unknown or
    /// cannot be reached, or TLS could not be agreed on.
    #[must_use]
    pub fn is_network(&self) -> bool {
        self.0.kind == Kind::Network
    }

    /// The server is there and not ready: it still reads its data, or is a copy that takes no writes.
    #[must_use]
    pub fn is_not_ready(&self) -> bool {
        self.0.kind == Kind::NotReady
    }

    /// The server cannot be asked at the moment, and asking again later can help: refused, timeout, network,
    /// not ready.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(
            self.0.kind,
            Kind::Refused | Kind::Timeout | Kind::Network | Kind::NotReady
        )
    }

    /// The password is missing or wrong, or the user may not do that.
    #[must_use]
    pub fn is_auth(&self) -> bool {
        self.0.kind == Kind::Auth
    }

    /// The value is of another type than the command or the caller wants.
    #[must_use]
    pub fn is_type(&self) -> bool {
        self.0.kind == Kind::Type
    }

    /// A script failed.
    #[must_use]
    pub fn is_script(&self) -> bool {
        self.0.kind == Kind::Script
    }

    /// The server refused the command for another reason.
    #[must_use]
    pub fn is_server(&self) -> bool {
        self.0.kind == Kind::Server
    }
}

/// A value that is a configuration already cannot fail to become one.
impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// The server and what went wrong there.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.url.is_empty() {
            write!(f, "{}: ", self.0.url)?;
        }
        f.write_str(&self.0.text)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.to_string())
            .finish()
    }
}

impl std::error::Error for Error {}
