//! What stands in a certificate, as far as people ask: whose it is, and until when.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Whose it is, as `CN=…, O=…`.
    pub subject: String,
    /// The end of its validity, in seconds since 1970.
    pub not_after: i64,
}

/// The certificates in PEM text. Those that are none are passed over: the file was checked when it was read.
pub fn certificates(pem: &[u8]) -> Vec<CertificateFacts> {
    let all = CertificateDer::pem_slice_iter(pem).filter_map(Result::ok);
    all.filter_map(|der| {
        let (_, certificate) = X509Certificate::from_der(&der).ok()?;
        Some(CertificateFacts {
            subject: certificate.subject().to_string(),
            not_after: certificate.validity().not_after.timestamp(),
        })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};

    use super::certificates;

    #[test]
    fn owner_and_end_are_read_and_what_is_no_certificate_is_passed_over() {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "größe");
        params.not_after = date_time_ymd(2020, 2, 3);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let broken = "-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----\n";
        let all = certificates(format!("{broken}{pem}").as_bytes());
        assert_eq!(all.len(), 1);
        assert!(all[0].subject.contains("CN=größe"), "{}", all[0].subject);
        assert_eq!(all[0].not_after, 1_580_688_000);
    }
}
