//! Registry hosts and repositories.
//!
//! Owns the grammar of the two, the naming of Docker Hub, and the rule that a name without a host belongs to it.
//! Knows nothing of how a registry is reached.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::text_form::serde_as_text;

/// How Docker Hub is written in references.
const DOCKER_HUB: &str = "docker.io";
/// Where Docker Hub's registry answers.
const DOCKER_HUB_API: &str = "registry-1.docker.io";
/// Longest `host/path` that all registries take (distribution-spec v1.1, "Pulling manifests").
const MAX_NAME: usize = 255;

/// A registry's host and optional port, `host[:port]`, in lower case.
///
/// Docker Hub is always written `docker.io`, whatever alias was given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistryHost(String);

impl RegistryHost {
    /// Docker Hub.
    pub fn docker_hub() -> Self {
        Self(DOCKER_HUB.to_owned())
    }

    /// The text form, `host[:port]`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is Docker Hub.
    pub fn is_docker_hub(&self) -> bool {
        self.0 == DOCKER_HUB
    }

    /// Host and port of the registry's API: `registry-1.docker.io` for Docker Hub, else the host itself.
    pub fn api_host(&self) -> &str {
        if self.is_docker_hub() {
            DOCKER_HUB_API
        } else {
            &self.0
        }
    }

    /// Whether the host is this very machine by name: `localhost`, `*.localhost`, 127.0.0.0/8 or `[::1]`.
    pub fn is_loopback(&self) -> bool {
        let (name, _) = split_port(&self.0);
        if let Some(inner) = name
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            return inner
                .parse::<Ipv6Addr>()
                .is_ok_and(|address| address.is_loopback());
        }
        name == "localhost"
            || name.ends_with(".localhost")
            || name
                .parse::<Ipv4Addr>()
                .is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for RegistryHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RegistryHost {
    type Err = ParseRepositoryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lower = text.to_ascii_lowercase();
        let (name, port) = split_port(&lower);
        let port_fits = port.is_none_or(|port| {
            !port.is_empty()
                && port.bytes().all(|b| b.is_ascii_digit())
                && port.parse::<u16>().is_ok_and(|port| port > 0)
        });
        if !port_fits || !is_host_name(name) {
            return Err(ParseRepositoryError::BadHost {
                text: text.to_owned(),
            });
        }
        Ok(match lower.as_str() {
            "index.docker.io" | DOCKER_HUB_API => Self::docker_hub(),
            _ => Self(lower),
        })
    }
}

serde_as_text!(RegistryHost);

/// Splits `host:port`; the colons of an IPv6 address in brackets are not taken for one.
fn split_port(text: &str) -> (&str, Option<&str>) {
    let after_bracket = text.rfind(']').map_or(0, |at| at + 1);
    match text[after_bracket..].find(':') {
        Some(colon) => (
            &text[..after_bracket + colon],
            Some(&text[after_bracket + colon + 1..]),
        ),
        None => (text, None),
    }
}

fn is_host_name(name: &str) -> bool {
    if let Some(inner) = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        return inner.parse::<Ipv6Addr>().is_ok();
    }
    name.split('.').all(|component| {
        !component.is_empty()
            && component
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !component.starts_with('-')
            && !component.ends_with('-')
    })
}

/// A repository: a registry host and a path in it, `docker.io/library/python`.
///
/// The path follows distribution-spec v1.1, "Pulling manifests": lower-case words joined by `.`, `_`, `__` or dashes,
/// separated by `/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repository {
    host: RegistryHost,
    path: String,
}

impl Repository {
    /// Joins a host and a path as given: nothing is normalised, `library/` is not added.
    pub fn new(host: RegistryHost, path: &str) -> Result<Self, ParseRepositoryError> {
        check_path(path)?;
        let length = host.as_str().len() + 1 + path.len();
        if length > MAX_NAME {
            return Err(ParseRepositoryError::TooLong {
                text: format!("{host}/{path}"),
                length,
            });
        }
        Ok(Self {
            host,
            path: path.to_owned(),
        })
    }

    /// The registry.
    pub fn host(&self) -> &RegistryHost {
        &self.host
    }

    /// The path in the registry, without a leading slash.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.path)
    }
}

impl FromStr for Repository {
    type Err = ParseRepositoryError;

    /// Normalises as Docker does: a first part without `.` or `:` that is not `localhost` belongs to the path, which is
    /// then Docker Hub's, where a path of one part lies under `library/`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(ParseRepositoryError::Empty);
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            return Err(ParseRepositoryError::Scheme {
                text: text.to_owned(),
                scheme: scheme.to_owned(),
                rest: rest.to_owned(),
            });
        }
        let (host, path) = match text.split_once('/') {
            Some((first, rest)) if looks_like_host(first) => (first.parse::<RegistryHost>()?, rest),
            _ => (RegistryHost::docker_hub(), text),
        };
        if host.is_docker_hub() && !path.contains('/') {
            check_path(path)?;
            return Self::new(host, &format!("library/{path}"));
        }
        Self::new(host, path)
    }
}

serde_as_text!(Repository);

fn looks_like_host(first: &str) -> bool {
    first.contains(['.', ':']) || first == "localhost"
}

fn check_path(path: &str) -> Result<(), ParseRepositoryError> {
    if path.is_empty() {
        return Err(ParseRepositoryError::Empty);
    }
    if path.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(ParseRepositoryError::Uppercase {
            path: path.to_owned(),
            fixed: path.to_ascii_lowercase(),
        });
    }
    match path
        .split('/')
        .find(|component| !is_path_component(component))
    {
        Some(component) => Err(ParseRepositoryError::BadPath {
            path: path.to_owned(),
            component: component.to_owned(),
        }),
        None => Ok(()),
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_path_component(component: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = component.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    is_word(*first)
        && is_word(*last)
        && bytes.split(|b| is_word(*b)).all(|separator| {
            matches!(separator, b"" | b"." | b"_" | b"__") || separator.iter().all(|b| *b == b'-')
        })
}

/// Why a text is not a [`RegistryHost`] or a [`Repository`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseRepositoryError {
    /// There is no name at all.
    #[error(
        "the repository name is empty: expected `[host[:port]/]path`, for example `registry.example.com/team/image`"
    )]
    Empty,
    /// A URL was given.
    #[error("`{text}` starts with `{scheme}://`: a repository has no scheme, write `{rest}`")]
    Scheme {
        /// The text given.
        text: String,
        /// Its scheme.
        scheme: String,
        /// The text without it.
        rest: String,
    },
    /// The host is not `host[:port]`.
    #[error(
        "`{text}` is not a registry host: expected `host` or `host:port`, with a port of 1 to 65535"
    )]
    BadHost {
        /// The text given.
        text: String,
    },
    /// The path has upper-case letters, which registries refuse.
    #[error(
        "repository path `{path}` has upper-case letters, which registries refuse: write `{fixed}`"
    )]
    Uppercase {
        /// The path given.
        path: String,
        /// The path in lower case.
        fixed: String,
    },
    /// A part of the path has other characters.
    #[error(
        "repository path `{path}` is not valid at `{component}`: expected lower-case letters and digits, joined by `.`, `_`, `__` or `-`"
    )]
    BadPath {
        /// The path given.
        path: String,
        /// The first part that is wrong.
        component: String,
    },
    /// Host and path together are longer than clients accept.
    #[error("`{text}` is {length} characters long: host and path may have {MAX_NAME} together")]
    TooLong {
        /// The text given.
        text: String,
        /// Its length in characters.
        length: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_hosts_are_known_by_name_and_address() {
        for text in [
            "localhost",
            "localhost:5000",
            "127.0.0.1:5000",
            "127.3.2.1",
            "[::1]:5000",
            "reg.localhost:80",
        ] {
            assert!(
                text.parse::<RegistryHost>().unwrap().is_loopback(),
                "{text}"
            );
        }
        for text in [
            "docker.io",
            "localhost.example.com",
            "10.0.0.1:5000",
            "[2001:db8::1]",
        ] {
            assert!(
                !text.parse::<RegistryHost>().unwrap().is_loopback(),
                "{text}"
            );
        }
    }

    #[test]
    fn docker_hub_has_one_name_and_another_address() {
        for text in [
            "docker.io",
            "index.docker.io",
            "registry-1.docker.io",
            "Docker.IO",
        ] {
            let host: RegistryHost = text.parse().unwrap();
            assert_eq!(host, RegistryHost::docker_hub(), "{text}");
            assert_eq!(host.api_host(), "registry-1.docker.io");
        }
    }

    #[test]
    fn bad_hosts_are_refused() {
        for text in [
            "",
            "a b",
            "-x.com",
            "x.com:",
            "x.com:0",
            "x.com:99999",
            "x.com:+80",
            "[::1",
            "x..y",
            "예.kr",
        ] {
            assert!(text.parse::<RegistryHost>().is_err(), "{text}");
        }
    }

    #[test]
    fn path_components_follow_the_grammar() {
        for good in ["a", "a.b", "a_b", "a__b", "a---b", "0", "python3.11-slim"] {
            assert!(is_path_component(good), "{good}");
        }
        for bad in ["", ".a", "a.", "a..b", "a___b", "a._b", "a-_b", "é"] {
            assert!(!is_path_component(bad), "{bad}");
        }
    }
}
