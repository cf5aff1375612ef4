//! TLS: verified, with own roots, with a client certificate, and not at all when told so.

use super::{setup, setup_with};
use fastkit::client::{
    RetryPolicy,
    stub::{Reply, Stub},
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::io::{Read as _, Write as _};

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    fn upstream(&self, name: &str) -> Stub {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let stub = Stub::start_tls(&certificate.pem(), &key.serialize_pem()).unwrap();
        stub.on("/", [Reply::ok("secure")]);
        stub
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_refused() {
    let stub = Authority::new().upstream("127.0.0.1");
    let (_, client, _) = setup();
    let error = client.get(stub.url("/")).send().await.unwrap_err();
    assert!(error.is_tls() && error.code() == 605, "{error:?}");
    // It would be no better the next time, and nothing reached the upstream.
    assert_eq!((error.attempts(), stub.requests().len()), (1, 0));
}

#[tokio::test]
async fn a_root_of_ones_own_is_trusted_for_the_right_name_only() {
    let authority = Authority::new();
    let (_, client, _) = setup_with(|builder| builder.add_root_certificate(authority.pem()));
    let stub = authority.upstream("127.0.0.1");
    assert_eq!(
        client.get(stub.url("/")).send().await.unwrap().text(),
        "secure"
    );
    let other = authority.upstream("another.test");
    assert!(
        client
            .get(other.url("/"))
            .send()
            .await
            .unwrap_err()
            .is_tls()
    );
}

#[tokio::test]
async fn verification_can_be_turned_off() {
    let stub = Authority::new().upstream("another.test");
    let (_, client, _) = setup_with(|builder| builder.danger_accept_invalid_certs());
    assert_eq!(
        client.get(stub.url("/")).send().await.unwrap().text(),
        "secure"
    );
}

#[tokio::test]
async fn a_client_certificate_can_be_given() {
    let authority = Authority::new();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["client.test".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority.0).unwrap();
    let (_, client, _) = setup_with(|builder| {
        builder
            .add_root_certificate(authority.pem())
            .identity(certificate.pem(), key.serialize_pem())
    });
    let stub = authority.upstream("127.0.0.1");
    assert_eq!(
        client.get(stub.url("/")).send().await.unwrap().text(),
        "secure"
    );
}

#[tokio::test]
async fn plain_text_where_tls_is_expected_is_no_connection() {
    let (_, client, _) = setup_with(|builder| builder.retry(RetryPolicy::none()));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let plain = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let _ = socket.read(&mut [0; 1024]);
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    });
    let error = client.get(url).send().await.unwrap_err();
    assert!(error.is_tls(), "{error:?}");
    plain.join().unwrap();
}
