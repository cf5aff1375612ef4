//! TLS: certificates from PEM files, handshakes on the event loops.
//!
//! A handshake is served like a head: silence is closed after the time for the first byte, slowness
//! after that for a head, and few of a loop compute in one turn, so that many do not starve the
//! requests of others. Which names a certificate is for is not looked at. Key types: [`Tls`],
//! [`TlsConfig`](crate::TlsConfig).

use crate::{
    Application, Error, ProtocolError, ServerConfig, TlsConfig, error::TlsFault,
    event_loop::Connection, head::bad, stream::Stream, watch::Phase,
};
use rustls::{
    InconsistentKeys,
    crypto::ring,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject as _},
    },
    version,
};
use std::{
    fmt,
    future::{Future as _, poll_fn},
    path::Path,
    pin::pin,
    sync::{Arc, PoisonError, RwLock},
    task::Poll,
};
use tokio::{io::AsyncWriteExt as _, sync::Semaphore};
use tokio_rustls::TlsAcceptor;

/// What a loop's connections speak once they are encrypted.
pub(crate) type Encrypted = Box<tokio_rustls::server::TlsStream<Stream>>;

/// How many handshakes of a loop may compute before the loop turns to its other connections.
const IN_ONE_TURN: usize = 2;
/// The type of the record that every handshake begins with.
const HANDSHAKE: u8 = 22;

const NOT_ENCRYPTED: ProtocolError = bad("this port speaks TLS: use https");

/// The certificates in force.
pub(crate) struct Tls {
    files: TlsConfig,
    http2: bool,
    current: RwLock<Arc<rustls::ServerConfig>>,
    /// For each loop.
    turns: Vec<Semaphore>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl Tls {
    /// Loads and checks the files that the configuration names, if it names any.
    pub(crate) fn of(config: &ServerConfig) -> Result<Option<Self>, Error> {
        let Some(files) = config.tls.clone() else {
            return Ok(None);
        };
        let http2 = config.speaks_http2();
        let current = RwLock::new(Arc::new(load(&files, http2)?));
        Ok(Some(Self {
            files,
            http2,
            current,
            turns: (0..config.event_loops.max(1))
                .map(|_| Semaphore::new(IN_ONE_TURN))
                .collect(),
        }))
    }

    /// Loads the files again; connections that are made later use them.
    pub(crate) fn reload(&self) -> Result<(), Error> {
        let fresh = Arc::new(load(&self.files, self.http2)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    fn acceptor(&self) -> TlsAcceptor {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current).into()
    }

    /// Makes a connection an encrypted one. `None`: it is over.
    pub(crate) async fn shake<A: Application>(
        &self,
        mut connection: Connection<A>,
    ) -> Option<Connection<A>> {
        if let Stream::Tcp(socket) = &connection.stream {
            let mut first = [0];
            if socket.peek(&mut first).await.ok()? == 0 {
                return None;
            }
            if first != [HANDSHAKE] {
                if first[0].is_ascii_alphabetic() {
                    refuse(connection).await;
                }
                return None;
            }
        }
        connection.watch.enter(Phase::Handshake, connection.now());
        let Connection {
            stream,
            peer,
            watch,
            event_loop,
        } = connection;
        let turns = self.turns.get(event_loop.index)?;
        let stream = {
            let mut accept = pin!(self.acceptor().accept(stream));
            loop {
                let mut turn = Some(turns.acquire().await.ok()?);
                let step = poll_fn(|cx| Poll::Ready(accept.as_mut().poll(cx))).await;
                if let Poll::Ready(outcome) = step {
                    break outcome.ok()?;
                }
                // The turn goes on until others have had theirs.
                tokio::task::yield_now().await;
                let step = poll_fn(|cx| {
                    if turn.is_none() {
                        return Poll::Ready(None);
                    }
                    match accept.as_mut().poll(cx) {
                        Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
                        Poll::Pending => {
                            turn = None;
                            Poll::Pending
                        }
                    }
                });
                if let Some(outcome) = step.await {
                    break outcome.ok()?;
                }
            }
        };
        watch.enter(Phase::New, event_loop.state.now());
        connection = Connection {
            stream: Stream::Tls(Box::new(stream)),
            peer,
            watch,
            event_loop,
        };
        Some(connection)
    }
}

/// Answers a request that is not encrypted, in which nothing but its first byte was looked at.
async fn refuse<A: Application>(mut connection: Connection<A>) {
    let mut answer = Vec::new();
    connection.reject(&NOT_ENCRYPTED, &mut answer);
    connection.watch.enter(Phase::Writing, connection.now());
    if connection.stream.write_all(&answer).await.is_ok() {
        connection.close().await;
    }
}

fn load(files: &TlsConfig, http2: bool) -> Result<rustls::ServerConfig, Error> {
    let chain = certificates(&files.cert)?;
    let key = key(&files.key)?;
    let provider = Arc::new(ring::default_provider());
    let signing = provider.key_provider.load_private_key(key.clone_key());
    if signing.is_err() {
        return Err(fault(
            &files.key,
            "holds a private key of a kind that is not supported; use ECDSA (P-256, P-384), Ed25519 or RSA of 2048 to 8192 bits",
        ));
    }
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .map_err(|cause| Error::tls(TlsFault::Other(cause.to_string())))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|cause| match cause {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                Error::tls(TlsFault::Mismatch {
                    cert: files.cert.clone(),
                    key: files.key.clone(),
                })
            }
            _ => fault(&files.cert, "holds no certificate that can be used"),
        })?;
    if http2 {
        config.alpn_protocols.push(b"h2".to_vec());
    }
    config.alpn_protocols.push(b"http/1.1".to_vec());
    Ok(config)
}

fn fault(path: &Path, what: &'static str) -> Error {
    Error::tls(TlsFault::File {
        path: path.to_owned(),
        what,
    })
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|cause| {
        Error::tls(TlsFault::Unreadable {
            path: path.to_owned(),
            cause,
        })
    })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let text = read(path)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|_| fault(path, "is not whole PEM"))?;
    if chain.is_empty() {
        return Err(fault(
            path,
            "holds no certificate; expected PEM with -----BEGIN CERTIFICATE-----, the server's own first",
        ));
    }
    Ok(chain)
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    let text = read(path)?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|cause| {
        let is_encrypted = text
            .windows(ENCRYPTED.len())
            .any(|window| window == ENCRYPTED);
        fault(
            path,
            match cause {
                _ if is_encrypted => {
                    "holds a private key that is encrypted; decrypt it, with openssl pkey for instance"
                }
                pem::Error::NoItemsFound => {
                    "holds no private key; expected PEM with -----BEGIN PRIVATE KEY-----"
                }
                _ => "is not whole PEM",
            },
        )
    })
}

const ENCRYPTED: &[u8] = b"ENCRYPTED";
