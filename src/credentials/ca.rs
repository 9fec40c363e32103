//! Bundles of certificate authorities.
//!
//! Owns reading and checking a PEM file. Who trusts it is decided elsewhere.

use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::error::CredentialError;

/// Certificates of authorities to trust, as PEM text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaBundle {
    /// The file's bytes.
    pub pem: Vec<u8>,
    /// The file.
    pub source: PathBuf,
}

impl CaBundle {
    /// Reads a bundle and checks that it holds at least one certificate.
    ///
    /// # Errors
    /// [`CredentialError::Unreadable`] and [`CredentialError::BadBundle`].
    pub fn load(path: &Path) -> Result<Self, CredentialError> {
        let unreadable = |source| CredentialError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let pem = std::fs::read(path).map_err(unreadable)?;
        let bad = |reason: String| CredentialError::BadBundle {
            path: path.to_owned(),
            reason,
        };
        let mut count = 0_usize;
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            certificate.map_err(|error| bad(format!("certificate {}: {error}", count + 1)))?;
            count += 1;
        }
        if count == 0 {
            return Err(bad("it holds no certificate".to_owned()));
        }
        Ok(Self {
            pem,
            source: path.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_needs_a_certificate() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("인증서.pem");
        assert!(matches!(
            CaBundle::load(&path),
            Err(CredentialError::Unreadable { .. })
        ));
        std::fs::write(&path, "no certificate here\n").unwrap();
        assert!(
            CaBundle::load(&path)
                .unwrap_err()
                .to_string()
                .ends_with("it holds no certificate")
        );
        std::fs::write(
            &path,
            "-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----\n",
        )
        .unwrap();
        assert_eq!(CaBundle::load(&path).unwrap().source, path);
        std::fs::write(&path, "-----BEGIN CERTIFICATE-----\nTU").unwrap();
        assert!(matches!(
            CaBundle::load(&path),
            Err(CredentialError::BadBundle { .. })
        ));
    }
}
