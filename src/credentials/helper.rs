//! Credential helpers: the programs `docker-credential-NAME`.
//!
//! Owns their protocol: the word `get`, the server on standard input, a JSON object or a complaint on standard output.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::error::CredentialError;
use super::secret::{Credential, Secret};
use crate::oci::RegistryHost;

/// Longest wait for a helper: it may ask a cloud, but nobody types into it.
const TIMEOUT: Duration = Duration::from_secs(30);
/// What helpers print when they have no login for a server.
const NOT_FOUND: &str = "credentials not found";
/// The user name that says that the secret is an identity token.
const TOKEN_USER: &str = "<token>";
/// The name under which Docker keeps the login for its Hub.
const DOCKER_HUB_SERVER: &str = "https://index.docker.io/v1/";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    username: String,
    secret: Secret,
}

/// Asks the helper of this name for the login of a host; `named_in` is the file that names the helper.
pub(super) async fn get(
    helper: &str,
    host: &RegistryHost,
    named_in: &Path,
) -> Result<Option<Credential>, CredentialError> {
    let program = program(helper);
    let question = Question {
        program: &program,
        host,
        named_in,
    };
    if helper.contains(['/', '\\']) {
        return Err(question.failed("its name must be no path"));
    }
    question.put(Command::new(&program)).await
}

/// The program of a helper.
pub(super) fn program(helper: &str) -> String {
    format!("docker-credential-{helper}")
}

/// A question to a helper.
struct Question<'a> {
    program: &'a str,
    host: &'a RegistryHost,
    named_in: &'a Path,
}

impl Question<'_> {
    async fn put(&self, mut command: Command) -> Result<Option<Credential>, CredentialError> {
        command
            .arg("get")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .map_err(|source| CredentialError::HelperMissing {
                helper: self.program.to_owned(),
                host: self.host.clone(),
                path: self.named_in.to_owned(),
                source,
            })?;
        let server = if self.host.is_docker_hub() {
            DOCKER_HUB_SERVER
        } else {
            self.host.as_str()
        };
        let exchange = async {
            if let Some(mut stdin) = child.stdin.take() {
                // A helper that knows its answer without reading may be gone already; its answer counts.
                let _ = stdin.write_all(server.as_bytes()).await;
            }
            child.wait_with_output().await
        };
        let output = tokio::time::timeout(TIMEOUT, exchange)
            .await
            .map_err(|_| self.failed(format!("no answer within {} s", TIMEOUT.as_secs())))?
            .map_err(|error| self.failed(error.to_string()))?;
        self.read(&output)
    }

    fn read(&self, output: &Output) -> Result<Option<Credential>, CredentialError> {
        if !output.status.success() {
            let said = if output.stdout.is_empty() {
                &output.stderr
            } else {
                &output.stdout
            };
            let said = String::from_utf8_lossy(said);
            if said.to_ascii_lowercase().contains(NOT_FOUND) {
                return Ok(None);
            }
            return Err(self.failed(
                said.lines()
                    .next()
                    .unwrap_or("it said nothing")
                    .chars()
                    .take(200)
                    .collect::<String>(),
            ));
        }
        let answer: Answer = serde_json::from_slice(&output.stdout).map_err(|_| {
            self.failed("its answer is no JSON object with `Username` and `Secret`")
        })?;
        if answer.secret.is_empty() {
            return Ok(None);
        }
        let username = if answer.username == TOKEN_USER {
            String::new()
        } else {
            answer.username
        };
        Ok(Some(Credential {
            username,
            secret: answer.secret,
        }))
    }

    fn failed(&self, message: impl Into<String>) -> CredentialError {
        let (helper, host) = (self.program.to_owned(), self.host.clone());
        CredentialError::HelperFailed {
            helper,
            host,
            message: message.into(),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// What a helper that runs this shell script leads to, for Docker Hub.
    async fn helped(script: &str) -> Result<Option<Credential>, CredentialError> {
        let host = RegistryHost::docker_hub();
        let question = Question {
            program: "docker-credential-시험",
            host: &host,
            named_in: Path::new("config.json"),
        };
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]);
        question.put(command).await
    }

    #[tokio::test]
    async fn a_helper_is_asked_for_the_server_and_believed() {
        let login =
            helped(r#"printf '{"ServerURL":"x","Username":"%s","Secret":"%s"}' "$1" "$(cat)""#)
                .await;
        assert_eq!(
            login.unwrap(),
            Some(Credential::basic("get", "https://index.docker.io/v1/"))
        );
        let token = helped(r#"echo '{"Username":"<token>","Secret":"비밀"}'"#)
            .await
            .unwrap()
            .unwrap();
        assert!(token.is_identity_token());
    }

    #[tokio::test]
    async fn a_helper_without_a_login_is_no_error_and_a_failing_one_is() {
        assert_eq!(
            helped("echo 'credentials not found in native keychain'; exit 1")
                .await
                .unwrap(),
            None
        );
        let error = helped("echo 'the keychain is locked' >&2; exit 1")
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.ends_with("failed for `docker.io`: the keychain is locked"),
            "{error}"
        );
        let error = helped("echo hunter2").await.unwrap_err().to_string();
        assert!(
            error.contains("no JSON object") && !error.contains("hunter2"),
            "{error}"
        );
    }
}
