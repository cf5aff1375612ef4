//! Listening sockets: made here, apart from the loops, so that they can as well be inherited.

use crate::{Address, Error, stream::Accepted};
use socket2::{SockRef, TcpKeepalive};
use std::{
    io,
    net::{SocketAddr, TcpListener, ToSocketAddrs},
    time::Duration,
};

/// How long one `accept` waits before it looks whether it shall stop.
const TURN: Duration = Duration::from_millis(200);

/// Connections the kernel keeps for us before it turns newcomers away; it caps this by itself.
const BACKLOG: i32 = 4096;

/// When a silent client is asked whether it is still there, how often, and how many times in vain.
/// Accepted sockets take this over from the listening one. It finds what no packet tells of: a client
/// without power, and one that has closed while a long answer was worked on.
const KEEPALIVE: TcpKeepalive = TcpKeepalive::new()
    .with_time(Duration::from_secs(30))
    .with_interval(Duration::from_secs(15))
    .with_retries(3);

/// How many bytes of an answer the kernel takes beyond what is on its way, accepted sockets included.
/// Without a bound it copies megabytes for each client that asks for much and reads nothing, and all
/// others wait while the event loop does that.
#[cfg(any(target_os = "android", target_os = "linux"))]
const UNSENT: u32 = 128 * 1024;

/// A bound and listening socket.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixListener, SocketFile),
}

/// The file of a Unix socket. Who bound it removes it when the listener is closed.
#[cfg(unix)]
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: std::path::PathBuf,
    is_ours: bool,
}

#[cfg(unix)]
impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.is_ours {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Listener {
    /// Binds and listens.
    pub(crate) fn bind(address: &Address) -> Result<Self, Error> {
        let listener = match address {
            Address::Tcp { host, port } => {
                let mut last = io::Error::other("no address");
                (host.as_str(), *port)
                    .to_socket_addrs()
                    .map_err(|cause| Error::resolve(address, cause))?
                    .find_map(|one| tcp(one).map_err(|cause| last = cause).ok())
                    .map(Self::Tcp)
                    .ok_or_else(|| Error::bind(address, last))?
            }
            #[cfg(unix)]
            Address::Unix(path) => unix(path).map_err(|cause| Error::bind(address, cause))?,
            #[cfg(not(unix))]
            Address::Unix(_) => {
                return Err(Error::bind(address, io::ErrorKind::Unsupported.into()));
            }
        };
        listener
            .take_turns()
            .map_err(|cause| Error::bind(address, cause))?;
        Ok(listener)
    }

    /// Takes a socket that listens already. The file of a Unix socket stays when it is closed.
    #[cfg(unix)]
    pub(crate) fn adopt(socket: std::os::fd::OwnedFd) -> io::Result<Self> {
        let socket = socket2::Socket::from(socket);
        if !listens(&socket)? {
            return Err(io::Error::other("the socket does not listen"));
        }
        socket.set_nonblocking(false)?;
        let address = socket.local_addr()?;
        let listener = if address.is_unix() {
            let file = SocketFile {
                path: address.as_pathname().unwrap_or("".as_ref()).to_owned(),
                is_ours: false,
            };
            Self::Unix(socket.into(), file)
        } else {
            Self::Tcp(socket.into())
        };
        listener.take_turns()?;
        Ok(listener)
    }

    /// A Unix socket's file is removed at the end.
    #[cfg(unix)]
    pub(crate) fn owns_file(&self) -> bool {
        matches!(self, Self::Unix(_, file) if file.is_ours)
    }

    /// The file of an adopted Unix socket is ours after all: it is removed at the end.
    #[cfg(unix)]
    pub(crate) fn own_file(&mut self) {
        if let Self::Unix(_, file) = self {
            file.is_ours = true;
        }
    }

    /// The address in use, with the port that was picked.
    pub(crate) fn local_addr(&self) -> io::Result<Address> {
        Ok(match self {
            Self::Tcp(listener) => {
                let address = listener.local_addr()?;
                Address::Tcp {
                    host: address.ip().to_string(),
                    port: address.port(),
                }
            }
            #[cfg(unix)]
            Self::Unix(_, file) => Address::Unix(file.path.clone()),
        })
    }

    pub(crate) fn socket_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            #[cfg(unix)]
            Self::Unix(..) => None,
        }
    }

    /// Makes `accept` return now and then. A time-out on a blocking `accept` rather than `poll` and
    /// a non-blocking one: with several processes on one socket, `poll` wakes them all for each
    /// connection and `accept` wakes one.
    fn take_turns(&self) -> io::Result<()> {
        if cfg!(target_os = "linux") {
            match self {
                Self::Tcp(listener) => {
                    let socket = SockRef::from(listener);
                    socket.set_tcp_keepalive(&KEEPALIVE)?;
                    #[cfg(any(target_os = "android", target_os = "linux"))]
                    socket.set_tcp_notsent_lowat(UNSENT)?;
                    socket.set_read_timeout(Some(TURN))
                }
                #[cfg(unix)]
                Self::Unix(listener, _) => SockRef::from(listener).set_read_timeout(Some(TURN)),
            }
        } else {
            self.set_nonblocking()
        }
    }

    pub(crate) fn set_nonblocking(&self) -> io::Result<()> {
        match self {
            Self::Tcp(listener) => listener.set_nonblocking(true),
            #[cfg(unix)]
            Self::Unix(listener, _) => listener.set_nonblocking(true),
        }
    }

    /// Waits up to a turn for a connection; `WouldBlock` when none came.
    pub(crate) fn accept(&self) -> io::Result<Accepted> {
        #[cfg(not(target_os = "linux"))]
        self.is_waited_for(TURN)?;
        self.accept_now()
    }

    /// Accepts without the portable wait before it.
    pub(crate) fn accept_now(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                let (socket, address) = listener.accept()?;
                Ok(Accepted::Tcp(socket, address))
            }
            #[cfg(unix)]
            Self::Unix(listener, _) => Ok(Accepted::Unix(listener.accept()?.0)),
        }
    }

    /// Whether a connection waits in the backlog, after at most `patience`.
    #[cfg(unix)]
    pub(crate) fn is_waited_for(&self, patience: Duration) -> io::Result<bool> {
        use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
        use std::os::fd::AsFd;
        let mut descriptors = [PollFd::new(self.as_fd(), PollFlags::POLLIN)];
        let patience = PollTimeout::try_from(patience).unwrap_or(PollTimeout::ZERO);
        Ok(poll(&mut descriptors, patience)? > 0)
    }

    /// Without `poll` nobody knows; assume so and wait a little.
    #[cfg(not(unix))]
    pub(crate) fn is_waited_for(&self, patience: Duration) -> io::Result<bool> {
        std::thread::sleep(patience.min(Duration::from_millis(10)));
        Ok(true)
    }
}

#[cfg(unix)]
impl std::os::fd::AsFd for Listener {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        match self {
            Self::Tcp(listener) => listener.as_fd(),
            Self::Unix(listener, _) => listener.as_fd(),
        }
    }
}

/// Whether it listens. Where the system does not tell, `accept` will.
#[cfg(unix)]
pub(crate) fn listens(socket: &socket2::Socket) -> io::Result<bool> {
    #[cfg(target_os = "linux")]
    return socket.is_listener();
    #[cfg(not(target_os = "linux"))]
    return socket.r#type().map(|kind| kind == socket2::Type::STREAM);
}

fn tcp(address: SocketAddr) -> io::Result<TcpListener> {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // Else a restart has to wait for the connections of the last run to time out. On Windows the
    // option would let two servers share a port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(unix)]
fn unix(path: &std::path::Path) -> io::Result<Listener> {
    use std::os::unix::{
        fs::FileTypeExt,
        net::{UnixListener, UnixStream},
    };
    let is_socket = path
        .symlink_metadata()
        .is_ok_and(|file| file.file_type().is_socket());
    // Any other failure does not mean that nobody listens: another kind of socket, or another user's.
    let is_refused = || {
        UnixStream::connect(path)
            .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    };
    if is_socket && is_refused() {
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    let file = SocketFile {
        path: path.to_owned(),
        is_ours: true,
    };
    Ok(Listener::Unix(listener, file))
}
