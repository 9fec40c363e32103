//! Why a secure connection was not made, in words. Owns the reading of TLS errors and the advice.

use std::io;

use rustls::{AlertDescription, CertificateError, InvalidMessage};
use thiserror::Error;

use crate::credentials::Refusal;

/// Why a secure connection was not made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reason}")]
pub(super) struct Fault {
    pub(super) reason: String,
    pub(super) next: String,
}

impl Fault {
    pub(super) fn new(reason: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            next: next.into(),
        }
    }
}

/// What was used in a handshake.
#[derive(Debug)]
pub(super) struct Known {
    /// The authorities, with the setting that names them.
    pub(super) trusted: String,
    /// The client's certificate, with the setting that names it.
    pub(super) identity: Option<String>,
}

/// TLS is wanted, and none is set.
pub(super) fn wanted() -> Fault {
    Fault::new(
        "it speaks TLS, and no `tls` is set for it",
        "add `tls: {ca: FILE, cert: FILE, key: FILE}` to the builder in kiln.yaml, or name a folder with these \
         files by KILN_BUILDER_TLS beside BUILDKIT_HOST",
    )
}

/// The reason in an error of a handshake.
pub(super) fn explain(error: &io::Error, known: &Known, host: &str) -> Fault {
    let tls = error.get_ref().and_then(|it| it.downcast_ref());
    match tls {
        Some(rustls::Error::InvalidCertificate(error)) => certificate(error, known, host),
        Some(rustls::Error::AlertReceived(alert)) => refused(*alert, known),
        Some(rustls::Error::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        )) => Fault::new(
            "it does not speak TLS",
            "leave out `tls` (KILN_BUILDER_TLS) for this builder, or start buildkitd with --tlscert and --tlskey",
        ),
        Some(error) => Fault::new(
            format!("{error} (trusted: {})", known.trusted),
            "check the daemon's certificate and key",
        ),
        None if error.kind() == io::ErrorKind::UnexpectedEof => Fault::new(
            "it closed the connection in the handshake",
            "check that buildkitd listens with TLS at this address, and what its log says",
        ),
        None => Fault::new(
            error.to_string(),
            "check that buildkitd listens with TLS at this address",
        ),
    }
}

/// What is wrong with the daemon's certificate.
fn certificate(error: &CertificateError, known: &Known, host: &str) -> Fault {
    let (refusal, reason) = Refusal::of(error, host);
    let next = match refusal {
        Refusal::UnknownAuthority => {
            "name the file with the authority that signed it: `tls: {ca: FILE}` in kiln.yaml, or `ca.pem` in the \
             folder KILN_BUILDER_TLS"
                .to_owned()
        }
        Refusal::Expired => {
            "renew the daemon's certificate; if it is good, set this machine's clock".to_owned()
        }
        Refusal::NotYetValid => {
            "set this machine's clock, or that of the machine that made the certificate".to_owned()
        }
        Refusal::WrongName => format!(
            "use an address that the certificate names, or have it made for `{host}` as well (subjectAltName)"
        ),
        Refusal::Other => {
            "have the daemon's certificate made as one of a server, signed by an authority of its own".to_owned()
        }
    };
    Fault::new(format!("{reason} (trusted: {})", known.trusted), next)
}

/// What the daemon has against us.
fn refused(alert: AlertDescription, known: &Known) -> Fault {
    use AlertDescription as Alert;
    let about_us = matches!(
        alert,
        Alert::CertificateRequired
            | Alert::NoCertificate
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::DecryptError
            | Alert::HandshakeFailure
    );
    match &known.identity {
        None if about_us => Fault::new(
            "it wants a certificate of the client, and none is set",
            "set `cert` and `key` in the builder's `tls`, or put `cert.pem` and `key.pem` into the folder \
             KILN_BUILDER_TLS",
        ),
        Some(identity) if about_us => Fault::new(
            format!("it refused the client's certificate in {identity}: {alert:?}"),
            "have it signed by the authority that buildkitd is given by --tlscacert, and check that it has not \
             expired",
        ),
        _ => Fault::new(
            format!(
                "it ended the handshake: {alert:?} (trusted: {})",
                known.trusted
            ),
            "see what buildkitd's log says",
        ),
    }
}
