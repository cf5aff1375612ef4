//! TLS to a Redis server: rustls with ring, as a configuration of ours, so that nothing has to be installed
//! process-wide. Verification cannot be turned off.

use super::error::{Error, Kind};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::sync::Arc;

/// The certificates of a PEM text; at least one.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(Error::new(
            Kind::Config,
            "no certificate: a PEM text with a block \"CERTIFICATE\" is needed",
        )),
    }
}

/// Trusts the certificates of the system and these.
pub(super) fn config(roots: &[CertificateDer<'static>]) -> Result<Arc<ClientConfig>, Error> {
    let fails = |error| Error::new(Kind::Config, format_args!("TLS cannot be set up: {error}"));
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for root in roots {
        store.add(root.clone()).map_err(fails)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(fails)?
        .with_root_certificates(store)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
