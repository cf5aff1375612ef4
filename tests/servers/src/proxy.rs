//! [`Proxy`]: a network between a client and a server that can lose everything, or break.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::{Context, Result};

/// A way to a server on 127.0.0.1 that can be cut off. Its threads end with its connections, or with the
/// test.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    target: u16,
    mode: Mutex<Mode>,
    changed: Condvar,
    /// How many connections there were.
    count: AtomicUsize,
    /// Connections before this one get nothing through any more.
    lost_before: AtomicUsize,
    open: Mutex<Vec<TcpStream>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Passes,
    Holds,
    Breaks,
}

impl Proxy {
    /// Before the server on this port.
    ///
    /// # Errors
    ///
    /// When it cannot listen.
    pub fn to(target: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("listening")?;
        let port = listener.local_addr().context("listening")?.port();
        let shared = Arc::new(Shared {
            target,
            mode: Mutex::new(Mode::Passes),
            changed: Condvar::new(),
            count: AtomicUsize::new(0),
            lost_before: AtomicUsize::new(0),
            open: Mutex::default(),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().map_while(std::io::Result::ok) {
                // A client or a server that has gone already needs no connection.
                let _ = accepting.connect(client);
            }
        });
        Ok(Self { port, shared })
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Everything gets through again, what was held as well.
    pub fn pass(&self) {
        self.shared.become_(Mode::Passes);
    }

    /// Everything is held and nothing arrives, as on a network that is cut without anybody being told.
    pub fn hold(&self) {
        self.shared.become_(Mode::Holds);
    }

    /// From now on nothing gets through the connections that there are; new ones work.
    pub fn lose(&self) {
        let count = self.shared.count.load(SeqCst);
        self.shared.lost_before.store(count, SeqCst);
    }

    /// Connections are closed, old and new ones.
    pub fn cut(&self) {
        self.shared.become_(Mode::Breaks);
        for stream in lock(&self.shared.open).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn become_(&self, mode: Mode) {
        *lock(&self.mode) = mode;
        self.changed.notify_all();
    }

    fn connect(self: &Arc<Self>, client: TcpStream) -> std::io::Result<()> {
        if *lock(&self.mode) == Mode::Breaks {
            return Ok(());
        }
        let server = TcpStream::connect((Ipv4Addr::LOCALHOST, self.target))?;
        lock(&self.open).extend([client.try_clone()?, server.try_clone()?]);
        let number = self.count.fetch_add(1, SeqCst);
        for (from, to) in [(client.try_clone()?, server.try_clone()?), (server, client)] {
            let shared = Arc::clone(self);
            thread::spawn(move || shared.pump(number, from, to));
        }
        Ok(())
    }

    fn pump(&self, number: usize, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = [0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            if number < self.lost_before.load(SeqCst) {
                continue;
            }
            let mode = self
                .changed
                .wait_while(lock(&self.mode), |mode| *mode == Mode::Holds)
                .unwrap_or_else(PoisonError::into_inner);
            if *mode == Mode::Breaks || to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;
    use std::time::Duration;

    /// Answers each byte with itself.
    fn echo() -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                thread::spawn(move || {
                    let mut byte = [0];
                    while stream.read_exact(&mut byte).is_ok() && stream.write_all(&byte).is_ok() {}
                });
            }
        });
        port
    }

    fn ask(port: u16) -> std::io::Result<u8> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_millis(300)))?;
        stream.write_all(b"a")?;
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        Ok(byte[0])
    }

    fn is_silent(error: ErrorKind) -> bool {
        matches!(error, ErrorKind::WouldBlock | ErrorKind::TimedOut)
    }

    #[test]
    fn it_passes_holds_cuts_and_passes_again() {
        let proxy = Proxy::to(echo()).unwrap();
        assert_eq!(ask(proxy.port()).unwrap(), b'a');
        proxy.hold();
        assert!(is_silent(ask(proxy.port()).unwrap_err().kind()));
        proxy.cut();
        assert!(!is_silent(ask(proxy.port()).unwrap_err().kind()));
        proxy.pass();
        assert_eq!(ask(proxy.port()).unwrap(), b'a');
    }
}
