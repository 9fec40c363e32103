//! Content digests and their computation.
//!
//! Owns the grammar `algorithm:hex` and hashing. Knows nothing of what is hashed.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256, Sha512};

use super::text_form::serde_as_text;

/// A hash algorithm of the image-spec's registered list that we compute and check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-256, the algorithm of everything that we write.
    Sha256,
    /// SHA-512, which others may use.
    Sha512,
}

impl Algorithm {
    /// Name as it stands before the colon of a digest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// Number of hex characters of a digest of this algorithm.
    pub const fn hex_len(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }
}

/// A content digest: `sha256:` and 64, or `sha512:` and 128, lower-case hex characters.
///
/// See image-spec v1.1, descriptor.md, "Digests".
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(Box<str>);

impl Digest {
    /// SHA-256 of `bytes`.
    pub fn sha256_of(bytes: &[u8]) -> Self {
        let mut digester = Digester::new();
        digester.update(bytes);
        digester.finish()
    }

    /// Digest of `bytes` with the algorithm of `self`: equal to `self` when the bytes are the ones it names.
    #[must_use]
    pub fn same_algorithm_of(&self, bytes: &[u8]) -> Self {
        let mut digester = Digester::with(self.algorithm());
        digester.update(bytes);
        digester.finish()
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        if self.0.starts_with("sha512:") {
            Algorithm::Sha512
        } else {
            Algorithm::Sha256
        }
    }

    /// The hex part, after the colon.
    pub fn hex(&self) -> &str {
        &self.0[self.algorithm().as_str().len() + 1..]
    }

    /// The whole text, `algorithm:hex`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn from_hash(algorithm: Algorithm, hash: &[u8]) -> Self {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut text = String::with_capacity(algorithm.as_str().len() + 1 + algorithm.hex_len());
        text.push_str(algorithm.as_str());
        text.push(':');
        for byte in hash {
            text.push(char::from(HEX[usize::from(byte >> 4)]));
            text.push(char::from(HEX[usize::from(byte & 0xf)]));
        }
        Self(text.into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.0)
    }
}

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((name, hex)) = text.split_once(':') else {
            return Err(ParseDigestError::NoAlgorithm {
                text: text.to_owned(),
            });
        };
        let algorithm = match name {
            "sha256" => Algorithm::Sha256,
            "sha512" => Algorithm::Sha512,
            _ => {
                return Err(ParseDigestError::UnknownAlgorithm {
                    text: text.to_owned(),
                    algorithm: name.to_owned(),
                });
            }
        };
        let well_formed = hex.len() == algorithm.hex_len()
            && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !well_formed {
            return Err(ParseDigestError::BadHex {
                text: text.to_owned(),
                algorithm: algorithm.as_str(),
                expected: algorithm.hex_len(),
                found: hex.chars().count(),
            });
        }
        Ok(Self(text.into()))
    }
}

serde_as_text!(Digest);

/// Why a text is not a [`Digest`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseDigestError {
    /// There is no colon.
    #[error("`{text}` is not a digest: expected `sha256:` followed by 64 hex characters")]
    NoAlgorithm {
        /// The text given.
        text: String,
    },
    /// The algorithm is none that we know.
    #[error(
        "`{text}` is not a digest: the algorithm `{algorithm}` is not supported, expected `sha256` or `sha512`"
    )]
    UnknownAlgorithm {
        /// The text given.
        text: String,
        /// The part before the colon.
        algorithm: String,
    },
    /// The hex part has the wrong length or other characters.
    #[error(
        "`{text}` is not a digest: expected {expected} lower-case hex characters after `{algorithm}:`, found {found} characters"
    )]
    BadHex {
        /// The text given.
        text: String,
        /// The algorithm's name.
        algorithm: &'static str,
        /// Hex characters that the algorithm has.
        expected: usize,
        /// Characters found, of whatever kind.
        found: usize,
    },
}

/// Computes a [`Digest`] over bytes that arrive in pieces.
#[derive(Clone)]
pub struct Digester {
    hasher: Hasher,
}

#[derive(Clone)]
enum Hasher {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Digester {
    /// A SHA-256 digester that has seen nothing yet.
    pub fn new() -> Self {
        Self::with(Algorithm::Sha256)
    }

    /// A digester of the given algorithm.
    pub fn with(algorithm: Algorithm) -> Self {
        let hasher = match algorithm {
            Algorithm::Sha256 => Hasher::Sha256(Sha256::new()),
            Algorithm::Sha512 => Hasher::Sha512(Sha512::new()),
        };
        Self { hasher }
    }

    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.hasher {
            Hasher::Sha256(hasher) => hasher.update(bytes),
            Hasher::Sha512(hasher) => hasher.update(bytes),
        }
    }

    /// The digest of all bytes seen.
    pub fn finish(self) -> Digest {
        match self.hasher {
            Hasher::Sha256(hasher) => Digest::from_hash(Algorithm::Sha256, &hasher.finalize()),
            Hasher::Sha512(hasher) => Digest::from_hash(Algorithm::Sha512, &hasher.finalize()),
        }
    }
}

impl Default for Digester {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Digester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Digester").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hashes_come_out_right_and_round_trip() {
        let empty = Digest::sha256_of(b"");
        assert_eq!(
            empty.as_str(),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(empty.as_str().parse::<Digest>().unwrap(), empty);
        assert_eq!(empty.hex().len(), 64);
        let long: Digest = format!("sha512:{}", "ab".repeat(64)).parse().unwrap();
        assert_eq!(long.algorithm(), Algorithm::Sha512);
        assert!(
            long.same_algorithm_of("가마".as_bytes())
                .as_str()
                .starts_with("sha512:")
        );
    }

    #[test]
    fn pieces_give_the_digest_of_the_whole() {
        let mut digester = Digester::new();
        digester.update("가".as_bytes());
        digester.update("마".as_bytes());
        assert_eq!(digester.finish(), Digest::sha256_of("가마".as_bytes()));
    }

    #[test]
    fn errors_say_what_was_expected() {
        let rows = [
            (
                "abc",
                "`abc` is not a digest: expected `sha256:` followed by 64 hex characters",
            ),
            (
                "md5:aa",
                "`md5:aa` is not a digest: the algorithm `md5` is not supported, expected `sha256` or `sha512`",
            ),
            (
                "sha256:AB",
                "`sha256:AB` is not a digest: expected 64 lower-case hex characters after `sha256:`, found 2 characters",
            ),
        ];
        for (text, message) in rows {
            assert_eq!(text.parse::<Digest>().unwrap_err().to_string(), message);
        }
        assert!(
            format!("sha256:{}", "AB".repeat(32))
                .parse::<Digest>()
                .is_err()
        );
        assert!(
            format!("sha256:{}", "é".repeat(32))
                .parse::<Digest>()
                .is_err()
        );
    }
}
