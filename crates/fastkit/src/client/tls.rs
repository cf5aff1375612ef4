//! TLS settings: which certificates are trusted, and what the client shows of itself.
//!
//! rustls with ring, handed to the transport as a finished configuration, so that nothing has to be
//! installed process-wide. Verification is on; turning it off is possible and warned of.

use super::Error;
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
};
use std::{
    fmt,
    sync::{Arc, OnceLock},
};

/// What the builder was told.
#[derive(Clone, Default)]
pub(super) struct Tls {
    pub(super) roots: Vec<CertificateDer<'static>>,
    pub(super) identity: Option<Identity>,
    pub(super) accept_invalid: bool,
    pub(super) http1_only: bool,
}

#[derive(Clone)]
pub(super) struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: Arc<PrivateKeyDer<'static>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("roots", &self.roots.len())
            .field("identity", &self.identity.is_some())
            .field("accept_invalid", &self.accept_invalid)
            .finish_non_exhaustive()
    }
}

/// The certificates of a PEM text; at least one.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(Error::builder(
            "no certificate: a PEM text with a block \"CERTIFICATE\" is needed",
        )),
        Err(_) => Err(Error::builder("the certificate is no readable PEM")),
    }
}

/// A chain of certificates and its private key, in one PEM text or two.
pub(super) fn identity(chain: &[u8], key: &[u8]) -> Result<Identity, Error> {
    // The parser's own error could quote the key.
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| {
        Error::builder("no private key: a PEM text with a block \"PRIVATE KEY\" is needed")
    })?;
    Ok(Identity {
        chain: certificates(chain)?,
        key: Arc::new(key),
    })
}

/// The roots of the system, read once: it takes milliseconds.
fn system_roots() -> &'static RootCertStore {
    static ROOTS: OnceLock<RootCertStore> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let mut store = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        store.add_parsable_certificates(found.certs);
        if store.is_empty() {
            tracing::debug!(
                "no root certificates on this machine: https works only with ClientBuilder::add_root_certificate"
            );
        }
        store
    })
}

impl Tls {
    /// The configuration for connections.
    pub(super) fn config(&self) -> Result<ClientConfig, Error> {
        let fails = |error| Error::builder("TLS cannot be set up").caused_by(error);
        let provider = Arc::new(ring::default_provider());
        let versions = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(fails)?;
        let verified = if self.accept_invalid {
            tracing::warn!(
                "an HTTP client accepts invalid certificates (danger_accept_invalid_certs): its connections can be read and changed on the way"
            );
            versions
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Unverified(provider)))
        } else {
            let mut roots = system_roots().clone();
            for root in &self.roots {
                roots.add(root.clone()).map_err(|error| {
                    Error::builder("a root certificate cannot be used").caused_by(error)
                })?;
            }
            versions.with_root_certificates(roots)
        };
        let mut config = match &self.identity {
            None => verified.with_no_client_auth(),
            Some(identity) => verified
                .with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())
                .map_err(fails)?,
        };
        if !self.http1_only {
            config.alpn_protocols.push(b"h2".to_vec());
        }
        config.alpn_protocols.push(b"http/1.1".to_vec());
        Ok(config)
    }
}

/// Takes any certificate; signatures are still checked against the key in it.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
