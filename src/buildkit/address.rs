//! Where a builder listens. Owns the text form; opens nothing.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;

use crate::buildkit::command::Command;

/// A scheme that BuildKit's own tools know and we do not speak: pipes of Windows.
const PIPE_SCHEME: &str = "npipe";

/// The port that BuildKit's documentation uses for tcp; it is only suggested, never assumed.
const USUAL_PORT: u16 = 1234;

/// The address of a BuildKit daemon, as in `BUILDKIT_HOST`.
///
/// Text forms: `unix:///run/buildkit/buildkitd.sock`, `tcp://build.example:1234`,
/// `tcp://[::1]:1234`, `docker-container://NAME`, `podman-container://NAME`, `nerdctl-container://NAME`,
/// `kube-pod://POD`, `ssh://[USER@]HOST[:PORT][/SOCKET]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// A Unix socket by its absolute path.
    Unix(PathBuf),
    /// HTTP/2 over TCP; whether with TLS is said beside it, by [`Tls`](super::Tls).
    Tcp {
        /// A host name or an IP address, the latter without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// Through a program: docker, podman, nerdctl, kubectl or ssh.
    Command(Box<Command>),
}

/// A text that is no [`Address`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParseAddressError {
    /// There is no `scheme://`.
    #[error("builder address `{text}` has no scheme, write {suggestion}")]
    NoScheme {
        /// The text.
        text: String,
        /// What was probably meant.
        suggestion: String,
    },
    /// BuildKit's own tools know the scheme, we do not yet.
    #[error("builder address `{text}`: `{scheme}://` is not supported yet, use unix:// or tcp://")]
    NotSupportedYet {
        /// The text.
        text: String,
        /// Its scheme.
        scheme: String,
    },
    /// The part behind the scheme is not what the scheme needs.
    #[error("builder address `{scheme}://…`: {problem}")]
    BadCommand {
        /// Its scheme; the rest may hold a password.
        scheme: String,
        /// What is wrong, and what to write.
        problem: String,
    },
    /// Nobody knows the scheme.
    #[error(
        "builder address `{text}`: unknown scheme `{scheme}`, use unix, tcp, docker-container, podman-container, nerdctl-container, kube-pod or ssh"
    )]
    UnknownScheme {
        /// The text.
        text: String,
        /// Its scheme.
        scheme: String,
    },
    /// A `unix://` without an absolute path.
    #[error(
        "builder address `{text}` needs an absolute path, such as `unix:///run/buildkit/buildkitd.sock`"
    )]
    NotAbsolute {
        /// The text.
        text: String,
    },
    /// A `tcp://` that is not host and port.
    #[error(
        "builder address `{text}` needs a host and a port, such as `tcp://{host}:{USUAL_PORT}`"
    )]
    NotHostAndPort {
        /// The text.
        text: String,
        /// The host, as far as it could be read.
        host: String,
    },
}

impl FromStr for Address {
    type Err = ParseAddressError;

    fn from_str(text: &str) -> Result<Address, ParseAddressError> {
        let text = text.trim();
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(no_scheme(text));
        };
        match scheme {
            "unix" if rest.starts_with('/') && !rest.ends_with('/') => {
                Ok(Address::Unix(PathBuf::from(rest)))
            }
            "unix" => Err(ParseAddressError::NotAbsolute {
                text: text.to_owned(),
            }),
            "tcp" => tcp(text, rest),
            PIPE_SCHEME => Err(ParseAddressError::NotSupportedYet {
                text: text.to_owned(),
                scheme: scheme.to_owned(),
            }),
            other => match Command::parse(text, other, rest) {
                Some(Ok(command)) => Ok(Address::Command(Box::new(command))),
                Some(Err(problem)) => Err(ParseAddressError::BadCommand {
                    scheme: other.to_owned(),
                    problem,
                }),
                None => Err(ParseAddressError::UnknownScheme {
                    text: text.to_owned(),
                    scheme: other.to_owned(),
                }),
            },
        }
    }
}

fn no_scheme(text: &str) -> ParseAddressError {
    let suggestion = match text {
        "" => "`unix:///run/buildkit/buildkitd.sock` or `tcp://host:port`".to_owned(),
        path if path.starts_with('/') => format!("`unix://{path}`"),
        host if host.contains(':') => format!("`tcp://{host}`"),
        host => format!("`tcp://{host}:{USUAL_PORT}`"),
    };
    ParseAddressError::NoScheme {
        text: text.to_owned(),
        suggestion,
    }
}

fn tcp(text: &str, rest: &str) -> Result<Address, ParseAddressError> {
    let fault = |host: &str| ParseAddressError::NotHostAndPort {
        text: text.to_owned(),
        host: if host.is_empty() { "localhost" } else { host }.to_owned(),
    };
    let (host, port) = rest.rsplit_once(':').ok_or_else(|| fault(rest))?;
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let is_host = |host: &str| {
        host.chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
    };
    let host = match bare {
        Some(address) if address.parse::<std::net::Ipv6Addr>().is_ok() => address,
        None if !host.is_empty() && is_host(host) => host,
        _ => return Err(fault("localhost")),
    };
    match port.parse() {
        Ok(port) if port != 0 => Ok(Address::Tcp {
            host: host.to_owned(),
            port,
        }),
        _ => Err(fault(host)),
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Unix(path) => write!(f, "unix://{}", path.display()),
            Address::Tcp { host, port } if host.contains(':') => write!(f, "tcp://[{host}]:{port}"),
            Address::Tcp { host, port } => write!(f, "tcp://{host}:{port}"),
            Address::Command(command) => command.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn addresses_keep_their_text_form() {
        for text in [
            "unix:///run/buildkit/buildkitd.sock",
            "unix:///tmp/mit leerzeichen/bk.sock",
            "tcp://build-1.example:1234",
            "tcp://10.0.0.1:8372",
            "tcp://[::1]:1234",
        ] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn errors_say_what_to_write() {
        let rows = [
            ("", "write `unix:///run/buildkit/buildkitd.sock` or"),
            ("/run/bk.sock", "write `unix:///run/bk.sock`"),
            ("build:1234", "write `tcp://build:1234`"),
            ("build", "write `tcp://build:1234`"),
            ("unix://run/bk.sock", "needs an absolute path"),
            ("unix:///run/", "needs an absolute path"),
            ("tcp://build", "such as `tcp://build:1234`"),
            ("tcp://build:x", "such as `tcp://build:1234`"),
            ("tcp://build:0", "such as `tcp://build:1234`"),
            ("tcp://:1", "such as `tcp://localhost:1234`"),
            ("tcp://größe:1", "such as `tcp://localhost:1234`"),
            ("tcp://::1:1", "such as `tcp://localhost:1234`"),
            ("npipe:////./pipe/bk", "`npipe://` is not supported yet"),
            ("docker-container://", "write docker-container://NAME"),
            ("http://b:1", "unknown scheme `http`"),
        ];
        for (text, part) in rows {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
