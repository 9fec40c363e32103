//! TLS to a daemon: whom we trust, who we are, and why a handshake failed.
//!
//! Owns the words of every failure, each with the file of authorities that was used. One provider of
//! cryptography serves the whole program: ring.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::io::AsyncBufReadExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower::{Service, ServiceExt as _};

use crate::buildkit::tls_fault::{Known, explain};
use crate::credentials::CaBundle;
use crate::text::with_causes;

pub(super) use crate::buildkit::tls_fault::{Fault, wanted};

/// How long a daemon may take to speak first. One that speaks only when spoken to costs this much.
const FIRST_WORD: Duration = Duration::from_millis(500);

/// How long the look for TLS may take where a connection without it broke.
const PROBE: Duration = Duration::from_secs(3);

/// The protocol of gRPC.
const ALPN: &[u8] = b"h2";

/// A file, and the setting that names it: `kiln.yaml:4:20`, a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFile {
    /// The file.
    pub path: PathBuf,
    /// Where it was named.
    pub named: String,
}

/// What a secure connection is made with.
#[derive(Debug, Clone, Default)]
pub struct TlsFiles {
    /// The authorities to trust; the system's, and `more`, where none are given.
    pub ca: Option<TlsFile>,
    /// Authorities beside the system's.
    pub more: Option<CaBundle>,
    /// The client's certificate and key.
    pub identity: Option<(TlsFile, TlsFile)>,
}

/// A file for TLS that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}: `{}` {problem}", file.named, file.path.display())]
pub struct TlsError {
    /// The file.
    pub file: TlsFile,
    /// What is wrong with it.
    pub problem: String,
}

/// How secure connections to a daemon are made. Cheap to clone.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    known: Arc<Known>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("known", &self.known)
            .finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads and checks the files.
    ///
    /// # Errors
    /// When one cannot be read, is no PEM, or does not belong to the other.
    pub fn load(files: &TlsFiles) -> Result<Tls, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| system(&error))?;
        let builder = match &files.ca {
            Some(file) => builder.with_root_certificates(authorities(file)?),
            // "Dangerous" is what replaces the verifier; this one is the system's, with our additions.
            None => builder
                .dangerous()
                .with_custom_certificate_verifier(system_verifier(files, &provider)?),
        };
        let mut config = match &files.identity {
            Some((cert, key)) => {
                let (chain, secret) = identity(cert, key, &provider)?;
                builder
                    .with_client_auth_cert(chain, secret)
                    .map_err(|error| wrong(cert, error.to_string()))?
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Tls {
            config: Arc::new(config),
            known: Arc::new(Known {
                trusted: trusted(files),
                identity: files.identity.as_ref().map(|(cert, _)| shown(cert)),
            }),
        })
    }

    /// The authorities that are trusted, in words.
    pub fn trusted(&self) -> &str {
        &self.known.trusted
    }

    /// Makes connections to a host for an HTTP client.
    pub(super) fn connector(
        &self,
        host: &str,
    ) -> impl Service<
        Uri,
        Response = TokioIo<TlsStream<TcpStream>>,
        Error = Box<dyn std::error::Error + Send + Sync>,
        Future: Send,
    > + Send
    + 'static {
        let (tls, host) = (self.clone(), host.to_owned());
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tower::service_fn(move |uri: Uri| {
            let (tls, host, tcp) = (tls.clone(), host.clone(), tcp.clone());
            async move {
                let connection = tcp.oneshot(uri).await?.into_inner();
                Ok(TokioIo::new(tls.handshake(&host, connection).await?))
            }
        })
    }

    /// Makes a connection secure, and waits for the daemon's first word: one that does not like our
    /// certificate says so only behind the handshake, and what we had sent by then would wash its
    /// reason away.
    async fn handshake(&self, host: &str, tcp: TcpStream) -> Result<TlsStream<TcpStream>, Fault> {
        let fault = |error: &io::Error| explain(error, &self.known, host);
        let Ok(name) = ServerName::try_from(host.to_owned()) else {
            let reason = format!("`{host}` is no name that a certificate can have");
            return Err(Fault::new(reason, "use another name of the machine"));
        };
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let mut stream = connector
            .connect(name, tcp)
            .await
            .map_err(|error| fault(&error))?;
        match timeout(FIRST_WORD, stream.fill_buf()).await {
            Ok(Ok([])) => Err(fault(&io::ErrorKind::UnexpectedEof.into())),
            Ok(Err(error)) => Err(fault(&error)),
            Ok(Ok(_)) | Err(_) => Ok(stream),
        }
    }
}

/// Whether somebody speaks TLS at an address, whomever they are.
pub(super) async fn is_spoken_at(host: &str, port: u16) -> bool {
    let (Ok(name), Ok(config)) = (
        ServerName::try_from(host.to_owned()),
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions(),
    ) else {
        return false;
    };
    let config = config
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let shake = async {
        let tcp = TcpStream::connect((host, port)).await.ok()?;
        let connector = TlsConnector::from(Arc::new(config));
        Some(connector.connect(name, tcp).await.map(|_| ()))
    };
    // Nobody is trusted here: the certificate is refused, so there is one.
    match timeout(PROBE, shake).await {
        Ok(Some(Err(error))) => matches!(
            error.get_ref().and_then(|it| it.downcast_ref()),
            Some(rustls::Error::InvalidCertificate(_) | rustls::Error::AlertReceived(_))
        ),
        Ok(Some(Ok(()))) => true,
        _ => false,
    }
}

fn shown(file: &TlsFile) -> String {
    format!("`{}` ({})", file.path.display(), file.named)
}

fn trusted(files: &TlsFiles) -> String {
    match (&files.ca, &files.more) {
        (Some(ca), _) => shown(ca),
        (None, Some(more)) => {
            format!("the system's roots and `{}`", more.source.display())
        }
        (None, None) => "the system's roots".to_owned(),
    }
}

fn wrong(file: &TlsFile, problem: impl Into<String>) -> TlsError {
    TlsError {
        file: file.clone(),
        problem: problem.into(),
    }
}

/// What concerns no file that was named.
fn system(error: &rustls::Error) -> TlsError {
    let file = TlsFile {
        path: PathBuf::from("the system's roots"),
        named: "TLS".to_owned(),
    };
    wrong(&file, format!("cannot be used: {error}"))
}

fn authorities(file: &TlsFile) -> Result<RootCertStore, TlsError> {
    let bundle = CaBundle::load(&file.path).map_err(|error| unusable(file, &error))?;
    let mut store = RootCertStore::empty();
    for (number, certificate) in certificates(&bundle.pem).into_iter().enumerate() {
        store.add(certificate).map_err(|error| {
            wrong(
                file,
                format!("holds no authority in certificate {}: {error}", number + 1),
            )
        })?;
    }
    Ok(store)
}

fn system_verifier(
    files: &TlsFiles,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    let more = files.more.as_ref().map(|bundle| certificates(&bundle.pem));
    let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(
        more.unwrap_or_default(),
        Arc::clone(provider),
    );
    Ok(Arc::new(verifier.map_err(|error| system(&error))?))
}

/// The certificates of a text that was checked before.
fn certificates(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem)
        .filter_map(Result::ok)
        .collect()
}

fn identity(
    cert: &TlsFile,
    key: &TlsFile,
    provider: &CryptoProvider,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let bundle = CaBundle::load(&cert.path).map_err(|error| unusable(cert, &error))?;
    let chain = certificates(&bundle.pem);
    let secret = private_key(key)?;
    let pair = rustls::sign::CertifiedKey::from_der(chain.clone(), secret.clone_key(), provider);
    match pair {
        Ok(_) => Ok((chain, secret)),
        Err(rustls::Error::InconsistentKeys(_)) => Err(wrong(
            key,
            format!("is not the key of `{}`", cert.path.display()),
        )),
        Err(error) => Err(wrong(key, format!("cannot be used: {error}"))),
    }
}

fn private_key(file: &TlsFile) -> Result<PrivateKeyDer<'static>, TlsError> {
    let pem = read(&file.path).map_err(|error| wrong(file, format!("cannot be read: {error}")))?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
        // The parser's words could quote the file.
        let text = String::from_utf8_lossy(&pem);
        let problem = if text.contains("ENCRYPTED") {
            "is a key behind a password, which cannot be given; store it without one"
        } else {
            "holds no private key in PEM form"
        };
        wrong(file, problem)
    })
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(path)
}

/// The words of a bundle's error, which name the file as well, without the name.
fn unusable(file: &TlsFile, error: &crate::credentials::CredentialError) -> TlsError {
    let words = with_causes(error);
    let path = format!("`{}` ", file.path.display());
    wrong(file, words.strip_prefix(&path).unwrap_or(&words))
}
