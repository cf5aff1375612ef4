//! [`Stub`]: the upstream itself, a thread for each connection.

use super::{
    http1::{Received, read_request},
    reply::{End, Reply},
};
use crate::client::Error;
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{
    collections::HashMap,
    io::{self, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// An upstream on a free port of 127.0.0.1 that answers as it is told and remembers what it was
/// asked. It ends when it is dropped.
#[derive(Debug)]
pub struct Stub {
    shared: Arc<Shared>,
    address: SocketAddr,
    scheme: &'static str,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    scripts: HashMap<String, Script>,
    received: Vec<Received>,
    /// The open sockets by the number of their connection, to be shut down at the end.
    sockets: HashMap<usize, TcpStream>,
    closed: bool,
}

#[derive(Debug)]
struct Script {
    replies: Vec<Reply>,
    next: usize,
}

impl Stub {
    /// Starts an upstream without TLS.
    ///
    /// # Errors
    /// No socket, or no thread.
    pub fn start() -> io::Result<Self> {
        Self::listen(None)
    }

    /// Starts an upstream with TLS, with a chain of certificates and its key, both PEM.
    ///
    /// # Errors
    /// No socket, no thread, or certificates that cannot be used.
    pub fn start_tls(chain: &str, key: &str) -> io::Result<Self> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain.as_bytes()).collect();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(io::Error::other)?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(chain.map_err(io::Error::other)?, key)
            .map_err(io::Error::other)?;
        Self::listen(Some(Arc::new(config)))
    }

    fn listen(tls: Option<Arc<ServerConfig>>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let shared = Arc::new(Shared::default());
        let of_the_thread = shared.clone();
        thread::Builder::new()
            .name("stub".to_owned())
            .spawn(move || accept(&listener, tls.as_ref(), &of_the_thread))?;
        Ok(Self {
            shared,
            address,
            scheme,
        })
    }

    /// What is answered at a path, query left out: one reply after the other, then the last one again and
    /// again. Other paths are answered with 404.
    pub fn on(&self, path: &str, replies: impl IntoIterator<Item = Reply>) {
        let script = Script {
            replies: replies.into_iter().collect(),
            next: 0,
        };
        self.shared.lock().scripts.insert(path.to_owned(), script);
    }

    /// The URL of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// The address that is listened on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests so far, in the order in which they were read.
    #[must_use]
    pub fn requests(&self) -> Vec<Received> {
        self.shared.lock().received.clone()
    }

    /// Waits until there were as many requests, but not longer than `timeout`.
    ///
    /// # Errors
    /// Code 604, if there were fewer.
    pub fn wait_for(&self, requests: usize, timeout: Duration) -> Result<Vec<Received>, Error> {
        let deadline = Instant::now() + timeout;
        let mut state = self.shared.lock();
        while state.received.len() < requests {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let text = format!("{} requests, not {requests}", state.received.len());
                return Err(Error::new(crate::client::error::Kind::Timeout, text));
            }
            state = self
                .shared
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        Ok(state.received.clone())
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closed = true;
        for (_, socket) in state.sockets.drain() {
            let _ = socket.shutdown(Shutdown::Both);
        }
        drop(state);
        self.shared.changed.notify_all();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the request and gives its reply.
    fn reply(&self, request: Received) -> Reply {
        let mut state = self.lock();
        let path = request.target.split('?').next().unwrap_or_default();
        let reply = state.scripts.get_mut(path).and_then(|script| {
            let at = script.next.min(script.replies.len().checked_sub(1)?);
            script.next += 1;
            script.replies.get(at).cloned()
        });
        state.received.push(request);
        drop(state);
        self.changed.notify_all();
        reply.unwrap_or_else(|| Reply::status(404))
    }

    /// Sleeps; whether the stub is still there.
    fn sleep(&self, time: Option<Duration>) -> bool {
        let deadline = time.map(|time| Instant::now() + time);
        let mut state = self.lock();
        while !state.closed {
            let left = match deadline {
                None => Duration::from_secs(3600),
                Some(deadline) => deadline.saturating_duration_since(Instant::now()),
            };
            if left.is_zero() {
                return true;
            }
            state = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        false
    }
}

fn accept(listener: &TcpListener, tls: Option<&Arc<ServerConfig>>, shared: &Arc<Shared>) {
    for (number, socket) in listener.incoming().enumerate() {
        let Ok(socket) = socket else { return };
        let mut state = shared.lock();
        if state.closed {
            return;
        }
        if let Ok(copy) = socket.try_clone() {
            state.sockets.insert(number, copy);
        }
        drop(state);
        let (shared, tls) = (shared.clone(), tls.cloned());
        // Whatever breaks here, the client sees it as a broken connection.
        let serve = move || {
            let _ = connection(socket, tls, &shared, number);
            // The last copy: only now the socket is closed.
            shared.lock().sockets.remove(&number);
        };
        let _ = thread::Builder::new().name("stub".to_owned()).spawn(serve);
    }
}

fn connection(
    socket: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    shared: &Shared,
    number: usize,
) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let handle = socket.try_clone()?;
    let reset = match tls {
        None => serve(socket, shared, number),
        Some(config) => {
            let connection = ServerConnection::new(config).map_err(io::Error::other)?;
            serve(StreamOwned::new(connection, socket), shared, number)
        }
    }?;
    if reset {
        // Closing with a linger of zero sends RST.
        socket2::SockRef::from(&handle).set_linger(Some(Duration::ZERO))?;
    } else {
        let _ = handle.shutdown(Shutdown::Both);
    }
    Ok(())
}

/// Answers the requests of a connection; whether it is to be reset at the end.
fn serve(stream: impl Read + Write, shared: &Shared, number: usize) -> io::Result<bool> {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader, number)? {
        let without_body = request.method == "HEAD";
        let reply = shared.reply(request);
        if !reply.delay.is_zero() && !shared.sleep(Some(reply.delay)) {
            return Ok(false);
        }
        if let End::Silent { reset } = reply.end {
            return Ok(reset);
        }
        if reply.end == End::BlackHole {
            shared.sleep(None);
            return Ok(false);
        }
        let stream = reader.get_mut();
        if !reply.raw {
            write!(stream, "HTTP/1.1 {} Stub\r\n", reply.status)?;
            for (name, value) in &reply.headers {
                write!(stream, "{name}: {value}\r\n")?;
            }
            let bodiless = matches!(reply.status, 100..=199 | 204 | 304);
            if reply.end == End::Endless {
                stream.write_all(b"connection: close\r\n")?;
            } else if !bodiless {
                write!(stream, "content-length: {}\r\n", reply.body.len())?;
            }
            stream.write_all(b"\r\n")?;
        }
        if !without_body {
            write_body(stream, &reply, shared)?;
        }
        stream.flush()?;
        match reply.end {
            End::KeepAlive => {}
            // The client should have got what was sent before the connection breaks.
            End::Cut { reset: true, .. } => {
                shared.sleep(Some(Duration::from_millis(20)));
                return Ok(true);
            }
            _ => return Ok(false),
        }
    }
    Ok(false)
}

fn write_body(stream: &mut impl Write, reply: &Reply, shared: &Shared) -> io::Result<()> {
    let body = match reply.end {
        End::Cut { after, .. } => &reply.body[..after.min(reply.body.len())],
        _ => &reply.body,
    };
    let (size, wait) = reply.pieces.unwrap_or((body.len().max(1), Duration::ZERO));
    loop {
        for piece in body.chunks(size) {
            if !wait.is_zero() && !shared.sleep(Some(wait)) {
                return Ok(());
            }
            stream.write_all(piece)?;
            stream.flush()?;
        }
        if reply.end != End::Endless {
            return Ok(());
        }
    }
}
