//! Registries behind TLS whose certificate is not what it should be.

use std::path::PathBuf;
use std::sync::Arc;

use kiln::credentials::{CaBundle, Refusal};
use kiln::registry::{Problem, Registry as _, RegistryError, RemoteConfig};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::configured;

/// A server that shakes hands and says no more: its address, and the authority of its certificate.
pub(crate) async fn server(name: &str, expired: bool) -> (String, CaBundle) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let ca = CaBundle {
        pem: authority.self_signed(&key).unwrap().pem().into_bytes(),
        source: PathBuf::from("/etc/größe/ca.pem"),
    };
    let issuer = Issuer::new(authority, key);
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2019, 1, 1);
    if expired {
        params.not_after = date_time_ymd(2020, 2, 3);
    }
    let key = KeyPair::generate().unwrap();
    let cert = params.signed_by(&key, &issuer).unwrap();
    let secret = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], secret)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = acceptor.accept(stream).await;
        }
    });
    (address, ca)
}

async fn refused(address: &str, ca: Option<CaBundle>) -> (Refusal, String, String) {
    let repository: kiln::oci::Repository = format!("{address}/x").parse().unwrap();
    let client = configured(RemoteConfig {
        tls: [repository.host().clone()].into(),
        ca,
        ..RemoteConfig::default()
    });
    let error = client.tags(&repository).await.unwrap_err();
    let (text, next) = (error.to_string(), error.next_step());
    let RegistryError::Unreachable {
        problem: Problem::Certificate(refusal),
        ..
    } = error
    else {
        panic!("{error:?}");
    };
    (refusal, text, next)
}

#[tokio::test]
async fn a_refused_certificate_says_why_and_which_authorities_were_trusted() {
    let with_ours = "(trusted: the system's roots and `/etc/größe/ca.pem`)";
    let (address, ca) = server("127.0.0.1", false).await;
    let (refusal, text, next) = refused(&address, None).await;
    assert_eq!(refusal, Refusal::UnknownAuthority);
    let expected =
        "its certificate is signed by no trusted authority (trusted: the system's roots)";
    assert!(text.ends_with(expected), "{text}");
    assert!(next.contains("`trust.ca`"), "{next}");

    let (other, _) = server("127.0.0.1", false).await;
    let (refusal, text, _) = refused(&other, Some(ca)).await;
    assert_eq!(refusal, Refusal::UnknownAuthority);
    assert!(text.ends_with(with_ours), "{text}");

    let (address, ca) = server("127.0.0.1", true).await;
    let (refusal, text, next) = refused(&address, Some(ca)).await;
    assert_eq!(refusal, Refusal::Expired);
    let expected = format!("its certificate expired on 2020-02-03 {with_ours}");
    assert!(text.ends_with(&expected), "{text}");
    assert!(next.contains("renewed"), "{next}");

    let (address, ca) = server("r.example", false).await;
    let (refusal, text, next) = refused(&address, Some(ca)).await;
    assert_eq!(refusal, Refusal::WrongName);
    let expected =
        format!("its certificate is not for `127.0.0.1` but for `r.example` {with_ours}");
    assert!(text.ends_with(&expected), "{text}");
    assert!(next.contains("use a name"), "{next}");
}
