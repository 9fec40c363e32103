//! The next step to take after a registry's error.
//!
//! Owns the advice. It is data beside the message, so that whoever prints it can print it once.

use super::asked::{Asked, Operation};
use super::error::{Problem, RegistryError};
use crate::credentials::Refusal;
use crate::oci::RegistryHost;

impl RegistryError {
    /// What to do next: a sentence without capital and period.
    pub fn next_step(&self) -> String {
        match self.deciding() {
            Self::Unreachable { at, problem, .. } => unreachable_step(at, *problem),
            Self::Unavailable {
                status: 429, at, ..
            } => {
                format!(
                    "wait a while, log in with `{}`, or set a mirror for the registry in kiln.yaml",
                    login(&at.host)
                )
            }
            Self::Unavailable { at, .. } => format!(
                "try again later: `{}` is up but not able to answer",
                at.host
            ),
            Self::Unauthorized {
                at,
                had_login: false,
                ..
            } if at.operation == Operation::Ping => {
                format!("log in with `{}`", login(&at.host))
            }
            Self::Unauthorized {
                at,
                had_login: false,
                ..
            } => {
                format!(
                    "log in with `{}`, and check that `{}` exists",
                    login(&at.host),
                    at.repository
                )
            }
            Self::Unauthorized { at, .. } => {
                format!(
                    "log in again with `{}`: the stored login was refused",
                    login(&at.host)
                )
            }
            Self::Denied { at, .. } => {
                let right = if at.operation.is_write() {
                    "write to"
                } else {
                    "read"
                };
                format!(
                    "ask for the right to {right} `{}`, or log in as another user with `{}`",
                    at.repository,
                    login(&at.host)
                )
            }
            Self::Refused {
                at, status, code, ..
            } => refused_step(at, *status, code.as_deref()),
            Self::Malformed { at, .. } => {
                format!(
                    "check that `{}` is a registry, and that no proxy answers in its place",
                    at.host
                )
            }
            Self::WrongDigest { at, .. } | Self::WrongSize { at, .. } => {
                format!(
                    "do not use this content: `{}`, or a proxy before it, altered or damaged it",
                    at.host
                )
            }
            Self::TooLarge { at, .. } => {
                format!("check what `{}` holds under this name", at.repository)
            }
            Self::Credentials { host, .. } => format!("log in with `{}`", login(host)),
            Self::BadCertificates { .. } => "check `trust.ca` in kiln.yaml".to_owned(),
            Self::AllFailed { .. } | Self::NoClient { .. } => {
                "try again, and report it if it stays".to_owned()
            }
        }
    }
}

fn unreachable_step(at: &Asked, problem: Problem) -> String {
    match problem {
        Problem::UnknownHost => format!(
            "check the spelling of `{}` in the recipe and in `registries.NAME.url` of kiln.yaml, and the name service of this machine",
            at.host
        ),
        Problem::Certificate(Refusal::Expired) => format!(
            "have the certificate of `{}` renewed; if it is good, set this machine's clock",
            at.host
        ),
        Problem::Certificate(Refusal::NotYetValid) => "set this machine's clock".to_owned(),
        Problem::Certificate(Refusal::WrongName) => format!(
            "use a name of `{}` that its certificate has, or have it made for this one as well",
            at.host
        ),
        Problem::Tls | Problem::Certificate(_) => format!(
            "add the authority of `{}` to `trust.ca` in kiln.yaml, or write `http://` in `registries.NAME.url` if it has no TLS",
            at.host
        ),
        Problem::Refused | Problem::TimedOut | Problem::Broken => {
            format!(
                "start the registry at `{}`, or check `registries.NAME.url` in kiln.yaml",
                at.host
            )
        }
    }
}

fn refused_step(at: &Asked, status: u16, code: Option<&str>) -> String {
    match (status, code) {
        (_, Some("MANIFEST_BLOB_UNKNOWN" | "BLOB_UNKNOWN")) => {
            "push again: content that the manifest names is not, or no longer, in the repository"
                .to_owned()
        }
        (400, None) if at.url.starts_with("http://") => {
            format!(
                "write `https://` in `registries.NAME.url` of kiln.yaml if `{}` has TLS",
                at.host
            )
        }
        (404, _) => format!(
            "create the project of `{}`, or check the spelling of the repository",
            at.repository
        ),
        (412, _) => format!("push under another tag: `{}` protects this one", at.host),
        (413, _) => format!(
            "raise the limit for request bodies of the proxy before `{}`",
            at.host
        ),
        _ => format!(
            "check what `{}` says about the repository `{}`",
            at.host,
            at.repository.path()
        ),
    }
}

fn login(host: &RegistryHost) -> String {
    if host.is_docker_hub() {
        "docker login".to_owned()
    } else {
        format!("docker login {host}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::asked::Operation;

    fn asked(repository: &str, operation: Operation) -> Box<Asked> {
        Box::new(Asked::new(operation, &repository.parse().unwrap(), &"1"))
    }

    #[test]
    fn each_refusal_has_its_own_step() {
        let rows = [
            (
                403,
                "DENIED",
                "ask for the right to write to `r.example/team`",
            ),
            (404, "NAME_UNKNOWN", "create the project of"),
            (412, "PRECONDITION", "push under another tag"),
            (413, "", "raise the limit for request bodies"),
            (400, "MANIFEST_BLOB_UNKNOWN", "push again"),
        ];
        for (status, code, start) in rows {
            let at = asked("r.example/team", Operation::PutManifest);
            let code = (!code.is_empty()).then(|| code.to_owned());
            let error = match status {
                403 => RegistryError::Denied {
                    at,
                    code,
                    message: String::new(),
                },
                _ => RegistryError::Refused {
                    at,
                    status,
                    code,
                    message: String::new(),
                },
            };
            assert!(
                error.next_step().starts_with(start),
                "{}",
                error.next_step()
            );
        }
    }

    #[test]
    fn docker_hub_needs_no_host_to_log_in() {
        let at = asked("python", Operation::GetManifest);
        let error = RegistryError::Unauthorized {
            at,
            had_login: false,
            code: None,
            message: String::new(),
        };
        assert_eq!(
            error.next_step(),
            "log in with `docker login`, and check that `docker.io/library/python` exists"
        );
        let all = RegistryError::AllFailed {
            operation: Operation::GetManifest,
            repository: Box::new("python".parse().unwrap()),
            target: "1".to_owned(),
            tried: vec![error],
        };
        assert!(all.is_denied() && all.next_step().starts_with("log in"));
    }
}
