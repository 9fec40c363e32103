//! Why a server's certificate was refused, in words: the same for registries and for builders.

use rustls::CertificateError;
use rustls::pki_types::UnixTime;

/// Why a certificate was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No authority that is trusted signed it.
    UnknownAuthority,
    /// It has ended.
    Expired,
    /// It has not begun.
    NotYetValid,
    /// It is for other hosts.
    WrongName,
    /// Something else.
    Other,
}

impl Refusal {
    /// The reason for the certificate of a host, and its words: a phrase about "it", the server.
    pub fn of(error: &CertificateError, host: &str) -> (Self, String) {
        match error {
            CertificateError::UnknownIssuer => (
                Self::UnknownAuthority,
                "its certificate is signed by no trusted authority".to_owned(),
            ),
            // An authority that was made anew under its old name.
            CertificateError::BadSignature => (
                Self::UnknownAuthority,
                "its certificate is not signed by the trusted authority of that name".to_owned(),
            ),
            CertificateError::Expired => (Self::Expired, "its certificate has expired".to_owned()),
            CertificateError::ExpiredContext { not_after, .. } => (
                Self::Expired,
                format!("its certificate expired on {}", day(*not_after)),
            ),
            CertificateError::NotValidYet => (
                Self::NotYetValid,
                "its certificate is not valid yet".to_owned(),
            ),
            CertificateError::NotValidYetContext { not_before, .. } => (
                Self::NotYetValid,
                format!("its certificate is not valid before {}", day(*not_before)),
            ),
            CertificateError::NotValidForName => (
                Self::WrongName,
                format!("its certificate is not for `{host}`"),
            ),
            CertificateError::NotValidForNameContext { presented, .. } => {
                let names: Vec<String> = presented.iter().map(|name| plain_name(name)).collect();
                let names = if names.is_empty() {
                    "no host".to_owned()
                } else {
                    names.join(", ")
                };
                (
                    Self::WrongName,
                    format!("its certificate is not for `{host}` but for {names}"),
                )
            }
            error => (Self::Other, format!("its certificate is refused: {error}")),
        }
    }
}

/// A name as the library shows it, `DnsName("a.example")` or `IpAddress(10.0.0.1)`, in ours.
fn plain_name(shown: &str) -> String {
    let inner = shown
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'))
        .unwrap_or(shown);
    format!("`{}`", inner.trim_matches('"'))
}

/// `2026-01-31`.
fn day(time: UnixTime) -> String {
    let time = i64::try_from(time.as_secs())
        .ok()
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    time.map_or_else(
        || "a day out of reach".to_owned(),
        |time| time.strftime("%Y-%m-%d").to_string(),
    )
}
