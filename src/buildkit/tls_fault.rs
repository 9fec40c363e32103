//! Why a secure connection was not made, in words. Owns the reading of TLS errors and the advice.

use std::io;

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, InvalidMessage};
use thiserror::Error;

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
    let trusted = &known.trusted;
    match error {
        CertificateError::UnknownIssuer => Fault::new(
            format!("its certificate is signed by no authority in {trusted}"),
            "name the file with the authority that signed it: `tls: {ca: FILE}` in kiln.yaml, or `ca.pem` in \
             the folder KILN_BUILDER_TLS",
        ),
        CertificateError::BadSignature => Fault::new(
            format!("its certificate was not signed by the authority of that name in {trusted}"),
            "name the file with the authority that signed it: it may have been made anew",
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            let when = match error {
                CertificateError::ExpiredContext { not_after, .. } => day(*not_after),
                _ => String::new(),
            };
            Fault::new(
                format!("its certificate expired{when} (trusted: {trusted})"),
                "renew the daemon's certificate; if it is good, set this machine's clock",
            )
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            let when = match error {
                CertificateError::NotValidYetContext { not_before, .. } => day(*not_before),
                _ => String::new(),
            };
            Fault::new(
                format!("its certificate begins to be valid only{when} (trusted: {trusted})"),
                "set this machine's clock, or that of the machine that made the certificate",
            )
        }
        CertificateError::NotValidForName => wrong_name(&[], known, host),
        CertificateError::NotValidForNameContext { presented, .. } => {
            wrong_name(presented, known, host)
        }
        error => Fault::new(
            format!("its certificate is refused: {error} (trusted: {trusted})"),
            "have the daemon's certificate made as one of a server, signed by an authority of its own",
        ),
    }
}

fn wrong_name(presented: &[String], known: &Known, host: &str) -> Fault {
    let names: Vec<String> = presented.iter().map(|name| plain_name(name)).collect();
    let names = if names.is_empty() {
        String::new()
    } else {
        format!(" but for {}", names.join(", "))
    };
    Fault::new(
        format!(
            "its certificate is not for `{host}`{names} (trusted: {})",
            known.trusted
        ),
        format!(
            "use an address that the certificate names, or have it made for `{host}` as well (subjectAltName)"
        ),
    )
}

/// A name as the library shows it, `DnsName("a.example")` or `IpAddress(10.0.0.1)`, in ours.
fn plain_name(shown: &str) -> String {
    let inner = shown
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'))
        .unwrap_or(shown);
    format!("`{}`", inner.trim_matches('"'))
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

/// ` on 2026-01-31`.
fn day(time: UnixTime) -> String {
    i64::try_from(time.as_secs())
        .ok()
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
        .map(|time| format!(" on {}", time.strftime("%Y-%m-%d")))
        .unwrap_or_default()
}
