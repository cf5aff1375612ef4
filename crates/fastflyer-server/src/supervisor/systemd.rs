//! What systemd wants to know and what it hands over, for any process it has started.
//!
//! A supervisor does all of this by itself; the functions are public for a process that serves alone.
//! Without systemd nothing happens. Key type: [`Notifier`].
//!
//! The process that systemd knows stays the same through an upgrade, so `MAINPID` is never sent.

use super::{environment, inherited, system};
use crate::{Error, listener};
use std::{
    ffi::OsStr,
    io,
    os::{
        fd::OwnedFd,
        unix::net::{SocketAddr, UnixDatagram},
    },
    time::Duration,
};

/// The first descriptor that systemd hands over.
const FIRST: i32 = 3;

/// The listening socket of a `.socket` unit, for [`Server::adopt`](crate::Server::adopt); `None` if
/// systemd has handed over none. It is handed out once.
///
/// # Errors
/// There are several, or it does not listen for streams.
///
/// ```
/// // Not started by systemd.
/// assert!(fastflyer_server::supervisor::systemd::listener()?.is_none());
/// # Ok::<(), fastflyer_server::Error>(())
/// ```
pub fn listener() -> Result<Option<OwnedFd>, Error> {
    let failed = |cause| Error::setup("take the socket of systemd, LISTEN_FDS", cause);
    // Meant for us, and not for a parent that has left the variables in the environment.
    let is_ours = environment::number("LISTEN_PID") == Some(std::process::id().into());
    match environment::number("LISTEN_FDS").filter(|_| is_ours) {
        None | Some(0) => Ok(None),
        Some(1) => inherited::take(FIRST, |file| {
            let socket = socket2::SockRef::from(&file);
            if socket.r#type()? == socket2::Type::STREAM && listener::listens(&socket)? {
                Ok(())
            } else {
                Err(io::Error::other(
                    "it does not listen; the unit needs ListenStream",
                ))
            }
        })
        .map(Some)
        .map_err(failed),
        Some(count) => {
            let text = format!("it holds {count} sockets, and one can be served");
            Err(failed(io::Error::other(text)))
        }
    }
}

/// Tells systemd how the service is doing; see `sd_notify(3)`. Every call is without effect where
/// nobody asked to be told.
#[derive(Debug)]
pub struct Notifier {
    socket: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

impl Notifier {
    /// Reads from the environment whom to tell.
    pub fn from_environment() -> Self {
        let is_ours = environment::number("WATCHDOG_PID")
            .is_none_or(|pid| pid == u64::from(std::process::id()));
        let watchdog = environment::number("WATCHDOG_USEC")
            .filter(|time| is_ours && *time > 0)
            .map(Duration::from_micros);
        Self::new(environment::variable("NOTIFY_SOCKET").as_deref(), watchdog)
    }

    fn new(name: Option<&OsStr>, watchdog: Option<Duration>) -> Self {
        let connect = |name| {
            let address = system::socket_address(name)?;
            let socket = UnixDatagram::unbound()?;
            // A message that finds no room is lost: the service does not wait for who watches it.
            socket.set_nonblocking(true)?;
            io::Result::Ok((socket, address))
        };
        Self {
            socket: name.and_then(|name| connect(name).ok()),
            watchdog,
        }
    }

    /// How often [`alive`](Self::alive) is to be called: twice as often as systemd demands.
    pub fn watchdog(&self) -> Option<Duration> {
        self.socket.as_ref().and(self.watchdog).map(|time| time / 2)
    }

    /// The service answers, or does so again after a reload.
    pub fn ready(&self, status: &str) {
        self.send(&format!("READY=1\nSTATUS={}", one_line(status)));
    }

    /// A line for `systemctl status`.
    pub fn status(&self, status: &str) {
        self.send(&format!("STATUS={}", one_line(status)));
    }

    /// A reload has begun; [`ready`](Self::ready) ends it.
    pub fn reloading(&self) {
        if let Some(now) = system::monotonic_microseconds() {
            self.send(&format!("RELOADING=1\nMONOTONIC_USEC={now}"));
        }
    }

    /// The stop has begun.
    pub fn stopping(&self) {
        self.send("STOPPING=1");
    }

    /// The process is not stuck.
    pub fn alive(&self) {
        self.send("WATCHDOG=1");
    }

    fn send(&self, message: &str) {
        if let Some((socket, address)) = &self.socket {
            let _ = socket.send_to_addr(message.as_bytes(), address);
        }
    }
}

/// A line end would begin another field.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 256];
        let count = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    }

    #[test]
    fn a_status_stays_on_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let systemd = UnixDatagram::bind(&path).unwrap();
        let notifier = Notifier::new(Some(path.as_os_str()), Some(Duration::from_secs(10)));
        assert_eq!(notifier.watchdog(), Some(Duration::from_secs(5)));
        notifier.ready("one\nSTOPPING=1");
        assert_eq!(received(&systemd), "READY=1\nSTATUS=one STOPPING=1");
        notifier.status("two");
        assert_eq!(received(&systemd), "STATUS=two");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn an_abstract_name_is_found() {
        use std::os::linux::net::SocketAddrExt as _;
        let name = format!("fastflyer-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let systemd = UnixDatagram::bind_addr(&address).unwrap();
        Notifier::new(Some(format!("@{name}").as_ref()), None).stopping();
        assert_eq!(received(&systemd), "STOPPING=1");
    }

    #[test]
    fn without_systemd_nothing_happens() {
        let nobody = Notifier::new(Some("/nowhere/notify".as_ref()), None);
        nobody.alive();
        let none = Notifier::new(None, Some(Duration::from_secs(10)));
        none.reloading();
        assert_eq!(none.watchdog(), None);
    }
}
