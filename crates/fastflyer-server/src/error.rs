//! [`Error`]: why a server did not start or did not run.

use crate::{Address, BoxError};
use std::{fmt, io, path::PathBuf};

/// Why a server could not be bound, started or run. `Display` is one line for the user.
#[derive(Debug)]
pub struct Error(Kind);

#[derive(Debug)]
enum Kind {
    Bind {
        address: Address,
        cause: io::Error,
    },
    Resolve {
        address: Address,
        cause: io::Error,
    },
    Setup {
        what: &'static str,
        cause: io::Error,
    },
    #[cfg(feature = "tls")]
    Tls(TlsFault),
    Start(BoxError),
    Boot(String),
    #[cfg(unix)]
    Control {
        path: PathBuf,
        cause: io::Error,
    },
    #[cfg(unix)]
    Refused(String),
    Panicked,
}

/// What is wrong with the files of a certificate.
#[cfg(feature = "tls")]
#[derive(Debug)]
pub(crate) enum TlsFault {
    Unreadable { path: PathBuf, cause: io::Error },
    File { path: PathBuf, what: &'static str },
    Mismatch { cert: PathBuf, key: PathBuf },
    Other(String),
}

#[cfg(feature = "tls")]
impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, cause } => write!(
                f,
                "cannot read {}, which TLS needs: {cause}; see flyer_tls_cert and flyer_tls_key",
                path.display()
            ),
            Self::File { path, what } => write!(
                f,
                "{}, which TLS needs, {what}; see flyer_tls_cert and flyer_tls_key",
                path.display()
            ),
            Self::Mismatch { cert, key } => write!(
                f,
                "the private key of {} (flyer_tls_key) does not belong to the first certificate of {} (flyer_tls_cert)",
                key.display(),
                cert.display()
            ),
            Self::Other(what) => write!(f, "cannot set up TLS: {what}"),
        }
    }
}

impl Error {
    pub(crate) fn bind(address: &Address, cause: io::Error) -> Self {
        Self(Kind::Bind {
            address: address.clone(),
            cause,
        })
    }

    pub(crate) fn resolve(address: &Address, cause: io::Error) -> Self {
        Self(Kind::Resolve {
            address: address.clone(),
            cause,
        })
    }

    pub(crate) fn setup(what: &'static str, cause: io::Error) -> Self {
        Self(Kind::Setup { what, cause })
    }

    #[cfg(feature = "tls")]
    pub(crate) fn tls(fault: TlsFault) -> Self {
        Self(Kind::Tls(fault))
    }

    /// The certificate or its key cannot be used.
    #[cfg(feature = "tls")]
    pub fn is_tls(&self) -> bool {
        matches!(self.0, Kind::Tls(_))
    }

    pub(crate) fn start(cause: BoxError) -> Self {
        Self(Kind::Start(cause))
    }

    /// The workers did not come up, for this reason of theirs.
    #[cfg(unix)]
    pub(crate) fn boot(reason: &str) -> Self {
        Self(Kind::Boot(reason.to_owned()))
    }

    #[cfg(unix)]
    pub(crate) fn control(path: &std::path::Path, cause: io::Error) -> Self {
        Self(Kind::Control {
            path: path.to_owned(),
            cause,
        })
    }

    #[cfg(unix)]
    pub(crate) fn refused(reason: String) -> Self {
        Self(Kind::Refused(reason))
    }

    pub(crate) fn panicked() -> Self {
        Self(Kind::Panicked)
    }

    /// Another process listens on the address.
    pub fn is_address_in_use(&self) -> bool {
        matches!(&self.0, Kind::Bind { cause, .. } if cause.kind() == io::ErrorKind::AddrInUse)
    }

    /// The address may not be used by this user, a port below 1024 for instance.
    pub fn is_permission_denied(&self) -> bool {
        matches!(&self.0, Kind::Bind { cause, .. } if cause.kind() == io::ErrorKind::PermissionDenied)
    }

    /// A supervisor did not do what it was asked to.
    #[cfg(unix)]
    pub fn is_refused(&self) -> bool {
        matches!(self.0, Kind::Refused(_))
    }

    /// The host name has no address.
    pub fn is_unresolvable(&self) -> bool {
        matches!(self.0, Kind::Resolve { .. })
    }

    /// [`Application::start`](crate::Application::start) refused, here or in the first worker.
    pub fn is_start(&self) -> bool {
        matches!(self.0, Kind::Start(_) | Kind::Boot(_))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Bind { address, cause } => bind_line(f, address, cause),
            Kind::Resolve { address, cause } => {
                write!(
                    f,
                    "the host of {address} has no address ({cause}); set flyer_host to an IP address of this machine"
                )
            }
            Kind::Setup { what, cause } => write!(f, "cannot {what}: {cause}"),
            #[cfg(feature = "tls")]
            Kind::Tls(fault) => fault.fmt(f),
            Kind::Start(cause) => write!(f, "the application did not start: {cause}"),
            Kind::Boot(reason) => write!(f, "the first worker did not start: {reason}"),
            #[cfg(unix)]
            Kind::Control { path, cause } => {
                write!(f, "the control socket {}: {cause}", path.display())
            }
            #[cfg(unix)]
            Kind::Refused(reason) => f.write_str(reason),
            Kind::Panicked => f.write_str("an event loop panicked; see the message above"),
        }
    }
}

fn bind_line(f: &mut fmt::Formatter<'_>, address: &Address, cause: &io::Error) -> fmt::Result {
    let unix = matches!(address, Address::Unix(_));
    match cause.kind() {
        io::ErrorKind::AddrInUse if unix => write!(
            f,
            "address {address} is already in use; choose another path with flyer_host"
        ),
        io::ErrorKind::AddrInUse => write!(
            f,
            "address {address} is already in use; choose another with flyer_port"
        ),
        io::ErrorKind::PermissionDenied if unix => write!(
            f,
            "no permission to listen on {address}; choose another path with flyer_host"
        ),
        io::ErrorKind::PermissionDenied => write!(
            f,
            "no permission to listen on {address} (ports below 1024 need CAP_NET_BIND_SERVICE); choose another with flyer_port"
        ),
        io::ErrorKind::AddrNotAvailable => write!(
            f,
            "address {address} does not belong to this machine; choose another with flyer_host"
        ),
        _ => write!(
            f,
            "cannot listen on {address}: {cause}; choose another with flyer_host or flyer_port"
        ),
    }
}

// The cause is part of the line already, so `source` leads only to what the application said.
impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Kind::Start(cause) => cause.source(),
            _ => None,
        }
    }
}
