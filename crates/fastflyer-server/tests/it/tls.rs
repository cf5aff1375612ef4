//! Encrypted connections: certificates, handshakes, and the same answers behind them.

use crate::{requests::eventually, support::*};
use fastflyer_server::{Error, Front, Server, ServerConfig, TlsConfig};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, pki_types::ServerName};
use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

/// A folder with the files of a certificate, and its key once more.
pub(crate) struct Files {
    folder: tempfile::TempDir,
    trusted: RootCertStore,
}

impl Files {
    pub(crate) fn new() -> Self {
        let mut files = Self {
            folder: tempfile::tempdir().unwrap(),
            trusted: RootCertStore::empty(),
        };
        files.renew();
        files
    }

    /// Replaces both files; only the new certificate is trusted.
    fn renew(&mut self) {
        let fresh = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(self.path("cert.pem"), fresh.cert.pem()).unwrap();
        fs::write(self.path("key.pem"), fresh.signing_key.serialize_pem()).unwrap();
        self.trusted = RootCertStore::empty();
        self.trusted.add(fresh.cert.der().clone()).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn config(&self, front: Front) -> ServerConfig {
        let mut config = config(front);
        config.tls = Some(TlsConfig {
            cert: self.path("cert.pem"),
            key: self.path("key.pem"),
        });
        config
    }

    fn client(&self, address: SocketAddr) -> Encrypted {
        let name = ServerName::try_from("localhost").unwrap();
        let session = ClientConnection::new(self.trust(b"http/1.1"), name).unwrap();
        Encrypted(StreamOwned::new(session, Client::connect(address).0))
    }

    /// A client that speaks this protocol.
    pub(crate) fn trust(&self, protocol: &[u8]) -> Arc<ClientConfig> {
        let mut config =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(self.trusted.clone())
                .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        Arc::new(config)
    }
}

struct Encrypted(StreamOwned<ClientConnection, TcpStream>);

impl Encrypted {
    /// What the server sends until it closes, whatever it thinks of what it is sent.
    fn exchange(&mut self, bytes: &[u8]) -> Vec<u8> {
        let _ = self.0.write_all(bytes);
        let mut all = Vec::new();
        self.0.read_to_end(&mut all).unwrap();
        all
    }
}

#[test]
fn requests_are_answered() {
    let files = Files::new();
    for front in FRONTS {
        let server = start(files.config(front));
        let mut client = files.client(server.address);
        let upload = [
            b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n".as_slice(),
            &[b'u'; 300_000],
        ]
        .concat();
        let all = [
            GET,
            b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n",
            &upload,
            b"GET /big?3000000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        ]
        .concat();
        let answers = answers(&client.exchange(&all));
        assert_eq!(statuses(&answers), [200; 5], "{front:?}");
        assert_eq!(answers[1].body, b"abc");
        assert_eq!(answers[3].body.len(), 300_000);
        assert_eq!(answers[4].body.len(), 3_000_000);
        assert_eq!(
            client.0.conn.alpn_protocol(),
            Some(b"http/1.1".as_slice()),
            "{front:?}"
        );
        eventually(|| server.handle.stats().connections == 0);
    }
}

#[test]
fn a_slow_reader_gets_all_of_a_large_answer() {
    let files = Files::new();
    for front in FRONTS {
        let server = start(files.config(front));
        let mut client = files.client(server.address);
        client
            .0
            .write_all(b"GET /big?6000000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            .unwrap();
        std::thread::sleep(Duration::from_millis(300));
        let mut all = Vec::new();
        client.0.read_to_end(&mut all).unwrap();
        assert_eq!(answers(&all)[0].body.len(), 6_000_000, "{front:?}");
    }
}

#[test]
fn what_is_no_request_is_answered() {
    let files = Files::new();
    for front in FRONTS {
        let server = start(files.config(front));
        let mut client = files.client(server.address);
        let bytes = client.exchange(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n");
        assert_eq!(statuses(&answers(&bytes)), [200, 400], "{front:?}");
    }
}

#[test]
fn an_early_answer_to_an_unread_body_arrives() {
    let files = Files::new();
    for front in FRONTS {
        let server = start(files.config(front));
        let mut client = files.client(server.address);
        let head = b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n";
        let bytes = client.exchange(&[head.as_slice(), &[b'x'; 60_000]].concat());
        assert_eq!(statuses(&answers(&bytes)), [413], "{front:?}");
    }
}

#[test]
fn connections_are_upgraded() {
    let files = Files::new();
    for front in FRONTS {
        let server = start(files.config(front));
        let mut client = files.client(server.address);
        client
            .0
            .write_all(b"GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly")
            .unwrap();
        let mut got = Vec::new();
        let mut piece = [0; 1024];
        while !got.ends_with(b"\r\n\r\nearly") {
            let count = client.0.read(&mut piece).unwrap();
            assert!(count > 0, "{front:?}: {}", got.escape_ascii());
            got.extend_from_slice(&piece[..count]);
        }
        assert!(got.starts_with(b"HTTP/1.1 101 "), "{front:?}");
        client.0.conn.send_close_notify();
        client.0.flush().unwrap();
        let mut rest = Vec::new();
        client.0.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"bye", "{front:?}");
    }
}

#[test]
fn a_request_that_is_not_encrypted_is_told_so() {
    let files = Files::new();
    for front in FRONTS {
        let server = start(files.config(front));
        let (answers, end) = exchange(server.address, &[GET]);
        assert_eq!(
            (statuses(&answers), end),
            (vec![400], End::Closed),
            "{front:?}"
        );
        let text = String::from_utf8_lossy(&answers[0].body);
        assert!(text.contains("https"), "{text}");
        assert_eq!(answers[0].header("x-constant"), Some("1"));
        let mut noise = Client::connect(server.address);
        noise.send(&[0, 1, 2, 3]);
        assert_eq!(noise.rest().0, b"", "{front:?}");
        assert_eq!(server.handle.stats().rejected, 1, "{front:?}");
    }
}

#[test]
fn slow_handshakes_are_dropped() {
    let files = Files::new();
    let mut config = files.config(Front::Fast);
    config.timeouts.first_byte = Duration::from_millis(800);
    config.timeouts.head = Duration::from_millis(2_000);
    let server = start(config);
    let mut silent = Client::connect(server.address);
    let mut slow = Client::connect(server.address);
    // The beginning of a record of 512 bytes.
    slow.send(&[22, 3, 1, 2, 0, 1]);
    let mut others = files.client(server.address);
    others.0.write_all(GET).unwrap();
    let begun = Instant::now();
    assert_eq!(silent.rest(), (Vec::new(), End::Closed));
    assert_eq!(slow.rest().0, b"");
    assert!(begun.elapsed() < Duration::from_secs(15));
    let mut head = [0; 15];
    others.0.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
}

#[test]
fn many_handshakes_at_once() {
    let files = Arc::new(Files::new());
    let server = start(files.config(Front::Fast));
    let address = server.address;
    let clients: Vec<_> = (0..40)
        .map(|_| {
            let files = Arc::clone(&files);
            std::thread::spawn(move || statuses(&answers(&files.client(address).exchange(LAST))))
        })
        .collect();
    for client in clients {
        assert_eq!(client.join().unwrap(), [200]);
    }
}

#[test]
fn a_new_certificate_is_used_for_new_connections() {
    let mut files = Files::new();
    let server = start(files.config(Front::Fast));
    let mut old = files.client(server.address);
    old.0.write_all(GET).unwrap();
    let mut byte = [0];
    old.0.read_exact(&mut byte).unwrap();

    // One that is not whole changes nothing.
    let good = fs::read(files.path("cert.pem")).unwrap();
    fs::write(files.path("cert.pem"), &good[..good.len() / 2]).unwrap();
    let error = server.handle.reload_certificates().unwrap_err();
    assert!(error.is_tls(), "{error}");
    assert_eq!(
        statuses(&answers(&files.client(server.address).exchange(LAST))),
        [200]
    );

    files.renew();
    let mut early = files.client(server.address);
    assert!(
        early.0.write_all(LAST).is_err(),
        "the new one is not in force yet"
    );
    server.handle.reload_certificates().unwrap();
    assert_eq!(
        statuses(&answers(&files.client(server.address).exchange(LAST))),
        [200]
    );
    // The connection from before goes on.
    let rest = answers(&[byte.to_vec(), old.exchange(LAST)].concat());
    assert_eq!(statuses(&rest), [200, 200]);
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let files = Files::new();
    let other = Files::new();
    let refusal = |cert: PathBuf, key: PathBuf| -> String {
        let mut config = files.config(Front::Fast);
        config.tls = Some(TlsConfig { cert, key });
        let error: Error = Server::bind(config).unwrap_err();
        assert!(error.is_tls());
        error.to_string()
    };
    let (cert, key) = (files.path("cert.pem"), files.path("key.pem"));
    let missing = files.path("missing.pem");
    let encrypted = files.path("encrypted.pem");
    fs::write(
        &encrypted,
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    )
    .unwrap();
    let odd = files.path("odd.pem");
    fs::write(
        &odd,
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    )
    .unwrap();
    for (error, path, words) in [
        (
            refusal(missing.clone(), key.clone()),
            &missing,
            "cannot read",
        ),
        (refusal(key.clone(), key.clone()), &key, "no certificate"),
        (refusal(cert.clone(), cert.clone()), &cert, "no private key"),
        (
            refusal(cert.clone(), encrypted.clone()),
            &encrypted,
            "encrypted",
        ),
        (refusal(cert.clone(), odd.clone()), &odd, "not supported"),
        (
            refusal(cert.clone(), other.path("key.pem")),
            &cert,
            "does not belong",
        ),
    ] {
        assert!(
            error.contains(words) && error.contains(&path.display().to_string()),
            "{error}"
        );
        assert!(error.contains("flyer_tls_"), "{error}");
    }
}
