//! Tags and image references.
//!
//! Owns the text form `host/path[:tag][@digest]` with Docker's normalisation. A reference always has a tag or a digest;
//! where it has both, the digest says what is meant and the tag is for people.

use std::fmt;
use std::str::FromStr;

use super::digest::{Digest, ParseDigestError};
use super::repository::{ParseRepositoryError, Repository};
use super::text_form::serde_as_text;

/// The tag that a reference without tag and digest means.
const DEFAULT_TAG: &str = "latest";
/// Longest tag (distribution-spec v1.1, "Pulling manifests").
const MAX_TAG: usize = 128;

/// A tag: 1 to 128 letters, digits, `_`, `.` and `-`, not starting with `.` or `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(String);

impl Tag {
    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Tag {
    type Err = ParseReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=MAX_TAG).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
            && !text.starts_with(['.', '-']);
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseReferenceError::BadTag {
                tag: text.to_owned(),
            })
        }
    }
}

serde_as_text!(Tag);

/// An image reference; text form `docker.io/library/python:3.11-slim@sha256:…` with tag, digest or both.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    repository: Repository,
    parts: Parts,
}

/// What in a repository a [`Reference`] means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// Whatever the tag points to.
    Tag(&'a Tag),
    /// Exactly this content.
    Digest(&'a Digest),
}

/// At least one of tag and digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Parts {
    Tag(Tag),
    Digest(Option<Tag>, Digest),
}

impl Reference {
    /// A reference by tag.
    pub const fn tagged(repository: Repository, tag: Tag) -> Self {
        Self {
            repository,
            parts: Parts::Tag(tag),
        }
    }

    /// A reference by digest.
    pub const fn pinned(repository: Repository, digest: Digest) -> Self {
        Self {
            repository,
            parts: Parts::Digest(None, digest),
        }
    }

    /// The repository.
    pub const fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The tag, if there is one.
    pub const fn tag(&self) -> Option<&Tag> {
        match &self.parts {
            Parts::Tag(tag) | Parts::Digest(Some(tag), _) => Some(tag),
            Parts::Digest(None, _) => None,
        }
    }

    /// The digest, if there is one.
    pub const fn digest(&self) -> Option<&Digest> {
        match &self.parts {
            Parts::Digest(_, digest) => Some(digest),
            Parts::Tag(_) => None,
        }
    }

    /// What the reference means: its digest where it has one, else its tag.
    pub const fn target(&self) -> Target<'_> {
        match &self.parts {
            Parts::Digest(_, digest) => Target::Digest(digest),
            Parts::Tag(tag) => Target::Tag(tag),
        }
    }

    /// The same reference pinned to `digest`; the tag stays.
    #[must_use]
    pub fn with_digest(self, digest: Digest) -> Self {
        let tag = match self.parts {
            Parts::Tag(tag) => Some(tag),
            Parts::Digest(tag, _) => tag,
        };
        Self {
            repository: self.repository,
            parts: Parts::Digest(tag, digest),
        }
    }

    /// The same reference by digest alone. Without a digest the tag is all there is, and it stays.
    #[must_use]
    pub fn without_tag(self) -> Self {
        let parts = match self.parts {
            Parts::Digest(_, digest) => Parts::Digest(None, digest),
            parts @ Parts::Tag(_) => parts,
        };
        Self {
            repository: self.repository,
            parts,
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.repository)?;
        if let Some(tag) = self.tag() {
            write!(f, ":{tag}")?;
        }
        match self.digest() {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Reference {
    type Err = ParseReferenceError;

    /// Parses and normalises as Docker does; see [`Repository`] for the name. Neither tag nor digest means `latest`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse::<Digest>()?)),
            None => (text, None),
        };
        // A colon after the last slash starts a tag; before it, a port.
        let name_start = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match rest[name_start..].find(':') {
            Some(colon) if !rest[name_start..].starts_with("//") => {
                let (name, tag) = rest.split_at(name_start + colon);
                (name, Some(tag[1..].parse::<Tag>()?))
            }
            _ => (rest, None),
        };
        if name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(ParseReferenceError::BareId {
                text: text.to_owned(),
            });
        }
        let repository: Repository = name.parse()?;
        let parts = match (tag, digest) {
            (tag, Some(digest)) => Parts::Digest(tag, digest),
            (Some(tag), None) => Parts::Tag(tag),
            (None, None) => Parts::Tag(Tag(DEFAULT_TAG.to_owned())),
        };
        Ok(Self { repository, parts })
    }
}

serde_as_text!(Reference);

/// Why a text is not a [`Reference`] or a [`Tag`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseReferenceError {
    /// The repository part is wrong.
    #[error(transparent)]
    Repository(#[from] ParseRepositoryError),
    /// The tag part is wrong.
    #[error(
        "`{tag}` is not a tag: expected 1 to 128 letters, digits, `_`, `.` or `-`, not starting with `.` or `-`"
    )]
    BadTag {
        /// The tag given.
        tag: String,
    },
    /// The digest part is wrong.
    #[error(transparent)]
    Digest(#[from] ParseDigestError),
    /// A bare image id, which would be taken for a repository of that name.
    #[error("`{text}` is an image id, not a reference: write `REPOSITORY@sha256:{text}`")]
    BareId {
        /// The text given.
        text: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn references_are_normalised_as_docker_does() {
        let pinned = format!("python:3.11@{DIGEST}");
        let rows = [
            (
                "python:3.11-slim",
                "docker.io/library/python:3.11-slim".to_owned(),
            ),
            ("python", "docker.io/library/python:latest".to_owned()),
            ("bitnami/redis", "docker.io/bitnami/redis:latest".to_owned()),
            (
                "docker.io/python",
                "docker.io/library/python:latest".to_owned(),
            ),
            ("index.docker.io/x/y:1", "docker.io/x/y:1".to_owned()),
            ("localhost/x", "localhost/x:latest".to_owned()),
            (
                "localhost:5000/x/y:A_b.c-d",
                "localhost:5000/x/y:A_b.c-d".to_owned(),
            ),
            ("registry:5000/x", "registry:5000/x:latest".to_owned()),
            ("[::1]:5000/x:v1", "[::1]:5000/x:v1".to_owned()),
            (pinned.as_str(), format!("docker.io/library/{pinned}")),
        ];
        for (text, full) in rows {
            let reference: Reference = text.parse().unwrap();
            assert_eq!(reference.to_string(), full, "{text}");
            assert_eq!(
                reference.to_string().parse::<Reference>().unwrap(),
                reference,
                "{text}"
            );
        }
    }

    #[test]
    fn a_digest_alone_has_no_tag() {
        let reference: Reference = format!("quay.io/a/b@{DIGEST}").parse().unwrap();
        assert_eq!(
            (reference.tag(), reference.digest().unwrap().as_str()),
            (None, DIGEST)
        );
    }

    #[test]
    fn pinning_keeps_the_tag_until_it_is_dropped() {
        let reference: Reference = "quay.io/a/b:1".parse().unwrap();
        assert_eq!(reference.clone().without_tag(), reference);
        let pinned = reference.with_digest(DIGEST.parse().unwrap());
        assert_eq!(pinned.to_string(), format!("quay.io/a/b:1@{DIGEST}"));
        assert_eq!(
            pinned.without_tag().to_string(),
            format!("quay.io/a/b@{DIGEST}")
        );
    }

    #[test]
    fn errors_say_what_was_expected() {
        let rows = [
            (
                "UPPER/x",
                "repository path `UPPER/x` has upper-case letters, which registries refuse: write `upper/x`",
            ),
            (
                "quay.io/Team/x:1",
                "repository path `Team/x` has upper-case letters, which registries refuse: write `team/x`",
            ),
            (
                "https://quay.io/x",
                "`https://quay.io/x` starts with `https://`: a repository has no scheme, write `quay.io/x`",
            ),
            (
                "x:-1",
                "`-1` is not a tag: expected 1 to 128 letters, digits, `_`, `.` or `-`, not starting with `.` or `-`",
            ),
            (
                "x:",
                "`` is not a tag: expected 1 to 128 letters, digits, `_`, `.` or `-`, not starting with `.` or `-`",
            ),
            (
                "x@sha256:1",
                "`sha256:1` is not a digest: expected 64 lower-case hex characters after `sha256:`, found 1 characters",
            ),
            (
                "",
                "the repository name is empty: expected `[host[:port]/]path`, for example `registry.example.com/team/image`",
            ),
            (
                "quay.io/가마/x",
                "repository path `가마/x` is not valid at `가마`: expected lower-case letters and digits, joined by `.`, `_`, `__` or `-`",
            ),
        ];
        for (text, message) in rows {
            assert_eq!(
                text.parse::<Reference>().unwrap_err().to_string(),
                message,
                "{text}"
            );
        }
        assert!(matches!(
            "ab".repeat(32).parse::<Reference>(),
            Err(ParseReferenceError::BareId { .. })
        ));
        assert!(
            format!("quay.io/{}", "a".repeat(250))
                .parse::<Reference>()
                .is_err()
        );
        assert!(
            format!("x:{}", "t".repeat(129))
                .parse::<Reference>()
                .is_err()
        );
    }
}
