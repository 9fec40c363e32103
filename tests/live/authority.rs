//! A certificate authority of a test's own, made by openssl, and servers that it vouches for.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;

/// What a certificate for a server says beside its names.
const SERVER: &str = "basicConstraints=critical,CA:FALSE\n\
                      keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n\
                      subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";

/// An authority that nobody trusts yet.
#[derive(Debug)]
pub(crate) struct Authority {
    folder: TempDir,
}

impl Authority {
    /// Makes one whose certificate has `name` as its subject.
    pub(crate) fn new(name: &str) -> Self {
        let made = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let subject = format!("/CN={name}");
        made.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-utf8",
            "-days",
            "30",
            "-subj",
            &subject,
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
            "-addext",
            "keyUsage=critical,keyCertSign,cRLSign",
        ]);
        made
    }

    /// The file with its certificate.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Its certificate as PEM.
    pub(crate) fn pem(&self) -> String {
        std::fs::read_to_string(self.certificate()).unwrap()
    }

    /// What a server on 127.0.0.1 needs.
    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        self.server_for("IP:127.0.0.1")
    }

    /// What a server of these names needs, written as OpenSSL does: `DNS:a.example,DNS:b.example`.
    pub(crate) fn server_for(&self, names: &str) -> Arc<ServerConfig> {
        let extensions = format!("subjectAltName={names}\n{SERVER}");
        std::fs::write(self.folder.path().join("server.ext"), extensions).unwrap();
        self.openssl(&[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            "/CN=loopback",
            "-keyout",
            "server.key",
            "-out",
            "server.csr",
        ]);
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            "server.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "30",
            "-extfile",
            "server.ext",
            "-out",
            "server.pem",
        ]);
        let path = |name: &str| self.folder.path().join(name);
        let chain = vec![CertificateDer::from_pem_file(path("server.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(path("server.key")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        Arc::new(config)
    }

    fn openssl(&self, args: &[&str]) {
        let made = Command::new("openssl")
            .args(args)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "openssl {args:?}: {words}");
    }
}
