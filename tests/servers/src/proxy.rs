//! [`Proxy`]: passes bytes between a client and a server, until it is told not to.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU8, Ordering::SeqCst},
};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

/// How often a waiting thread looks.
const STEP: Duration = Duration::from_millis(5);

const PASSES: u8 = 0;
const SWALLOWS: u8 = 1;
const REFUSES: u8 = 2;

/// A way to a server on 127.0.0.1 that can be cut off.
#[derive(Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
    port: u16,
}

#[derive(Debug)]
struct Shared {
    target: u16,
    mode: AtomicU8,
    ended: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// Before the server on this port.
    ///
    /// # Errors
    ///
    /// When it cannot listen.
    pub fn before(target: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("listening")?;
        let port = listener.local_addr().context("listening")?.port();
        listener.set_nonblocking(true).context("listening")?;
        let shared = Arc::new(Shared {
            target,
            mode: AtomicU8::new(PASSES),
            ended: AtomicBool::new(false),
            open: Mutex::default(),
        });
        let accepts = Arc::clone(&shared);
        thread::spawn(move || accepts.accept(&listener));
        Ok(Self { shared, port })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on nothing gets through, in either direction: a partition of the network. Connections stay
    /// open, and new ones are accepted.
    pub fn swallow(&self) {
        self.shared.mode.store(SWALLOWS, SeqCst);
    }

    /// Ends all connections, and new ones at once.
    pub fn refuse(&self) {
        self.shared.mode.store(REFUSES, SeqCst);
        self.shared.cut();
    }

    /// Everything gets through again. What was swallowed does not come back, so its connections end.
    pub fn pass(&self) {
        if self.shared.mode.swap(PASSES, SeqCst) == SWALLOWS {
            self.shared.cut();
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, SeqCst);
        self.shared.cut();
    }
}

impl Shared {
    fn accept(self: Arc<Self>, listener: &TcpListener) {
        while !self.ended.load(SeqCst) {
            match listener.accept() {
                Ok((client, _)) => {
                    let shared = Arc::clone(&self);
                    thread::spawn(move || shared.serve(client));
                }
                Err(_) => thread::sleep(STEP),
            }
        }
    }

    fn serve(self: Arc<Self>, client: TcpStream) -> Option<()> {
        client.set_nonblocking(false).ok()?;
        if self.mode.load(SeqCst) == REFUSES {
            return None;
        }
        let server = TcpStream::connect((Ipv4Addr::LOCALHOST, self.target)).ok()?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.push(client.try_clone().ok()?);
        open.push(server.try_clone().ok()?);
        drop(open);
        let (from, to) = (client.try_clone().ok()?, server.try_clone().ok()?);
        let shared = Arc::clone(&self);
        thread::spawn(move || shared.copy(from, to));
        self.copy(server, client);
        Some(())
    }

    fn copy(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut bytes = [0; 16 * 1024];
        loop {
            match from.read(&mut bytes) {
                Ok(0) => break,
                Ok(_) if self.mode.load(SeqCst) != PASSES => {}
                Ok(count) => {
                    if to.write_all(&bytes[..count]).is_err() {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }

    fn cut(&self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn it_passes_swallows_refuses_and_passes_again() {
        let proxy = Proxy::before(echo()).unwrap();
        assert_eq!(ask(proxy.port()).unwrap(), b'a');
        proxy.swallow();
        let error = ask(proxy.port()).unwrap_err().kind();
        assert!(
            matches!(error, ErrorKind::WouldBlock | ErrorKind::TimedOut),
            "{error:?}"
        );
        proxy.refuse();
        let error = ask(proxy.port()).unwrap_err().kind();
        assert!(
            !matches!(error, ErrorKind::WouldBlock | ErrorKind::TimedOut),
            "{error:?}"
        );
        proxy.pass();
        assert_eq!(ask(proxy.port()).unwrap(), b'a');
    }
}
