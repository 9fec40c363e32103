//! Registries and mirrors: reachable, how, with which login, and whether they take it.

use futures_util::future::join_all;
use futures_util::join;
use tokio::time::timeout;

use super::LIMIT;
use super::check::{About, Check, Fault, State};
use crate::config::Config;
use crate::credentials::{CredentialStore, LoginFrom};
use crate::oci::{RegistryHost, Repository};
use crate::ops::connect::{credentials, impatient};
use crate::ops::error::OpError;
use crate::registry::{Ping, RegistryError, RemoteRegistry, Scheme};
use crate::text::with_causes;
use crate::workspace::{Mirror, Registry, Workspace};

/// What is needed to ask.
struct Means {
    client: RemoteRegistry,
    logins: CredentialStore,
}

/// Asks all registries and mirrors at once.
pub(super) async fn check(
    config: &Config,
    workspace: &Workspace,
    repositories: &[Repository],
    push: bool,
) -> Vec<Check> {
    let means = match means(config, workspace) {
        Ok(means) => means,
        Err(error) => {
            let check = Check::fail(About::Login, "logins", with_causes(&error), Fault::Invalid);
            let next = error.next_step();
            let next = next.unwrap_or_else(|| "mend the file, or unset what names it".to_owned());
            return vec![check.next(next)];
        }
    };
    let registries = workspace.registries.iter().map(|(name, registry)| {
        let target = repositories
            .iter()
            .find(|repository| *repository.host() == registry.host);
        let needed = target.is_some() || repositories.is_empty();
        let target = target.filter(|_| push);
        let means = &means;
        async move {
            let checks = of_registry(means, name, registry, target).await;
            if needed {
                checks
            } else {
                checks.into_iter().map(unneeded).collect()
            }
        }
    });
    let mirrors = workspace
        .mirrors
        .iter()
        .flat_map(|(host, mirrors)| mirrors.iter().map(move |mirror| (host, mirror)))
        .map(|(host, mirror)| of_mirror(&means, host, mirror));
    let (registries, mirrors) = join!(join_all(registries), join_all(mirrors));
    let mut checks = registries.concat();
    if workspace.registries.is_empty() {
        let message = "none is named; nothing can be pushed";
        let next = "name one in `registries` of kiln.yaml, and choose it by `registry`";
        checks.push(Check::warn(About::Registry, "registries", message).next(next));
    }
    checks.extend(mirrors);
    checks
}

fn means(config: &Config, workspace: &Workspace) -> Result<Means, OpError> {
    Ok(Means {
        logins: credentials(config)?,
        client: impatient(config, workspace)?,
    })
}

const fn scheme(plain_http: bool) -> Scheme {
    if plain_http {
        Scheme::Http
    } else {
        Scheme::Https
    }
}

fn url(host: &RegistryHost, plain_http: bool) -> String {
    format!("{}://{host}", if plain_http { "http" } else { "https" })
}

async fn ping(means: &Means, host: &RegistryHost, plain: bool) -> Result<Ping, (String, OpError)> {
    let answer = timeout(LIMIT, means.client.ping(host, scheme(plain))).await;
    match answer {
        Ok(Ok(ping)) => Ok(ping),
        Ok(Err(error)) => Err((error.to_string(), error.into())),
        Err(_) => {
            let message = format!("`{host}` did not answer within {} s", LIMIT.as_secs());
            let next = Some("check that the registry runs, and the network to it".to_owned());
            let error = OpError::Usage {
                message: message.clone(),
                next,
            };
            Err((message, error))
        }
    }
}

/// Whether an error means that the registry is there, and wants a login or another one.
fn wants_login(error: &OpError) -> bool {
    matches!(error, OpError::Registry(error) if error.is_denied())
}

async fn of_registry(
    means: &Means,
    name: &str,
    registry: &Registry,
    target: Option<&Repository>,
) -> Vec<Check> {
    let (host, plain) = (&registry.host, registry.plain_http);
    let url = url(host, plain);
    let (answer, from) = join!(
        ping(means, host, plain),
        timeout(LIMIT, means.logins.locate(host))
    );
    let there = |check: Check| check.fact("url", &url);
    let mut checks = Vec::new();
    match &answer {
        Err((message, error)) if !wants_login(error) => {
            let check = Check::fail(About::Registry, name, message, Fault::Registry);
            checks.push(there(check.next(error.next_step().unwrap_or_default())));
        }
        _ => {
            let message = format!("answers at `{url}`");
            checks.push(there(Check::ok(About::Registry, name, message)));
        }
    }
    let from = match from {
        Ok(Ok(from)) => from,
        no => {
            let message = match no {
                Ok(Err(error)) => with_causes(&error),
                _ => format!(
                    "no answer of a credential helper within {} s",
                    LIMIT.as_secs()
                ),
            };
            let check = Check::fail(About::Login, name, message, Fault::Policy);
            checks.push(check.next(format!("log in with `docker login {host}`")));
            return checks;
        }
    };
    let plain = plain && !host.is_loopback();
    checks.extend(of_login(name, host, from.as_ref(), &answer, plain));
    if let (Some(repository), true) = (target, checks.iter().all(|it| it.fault.is_none())) {
        checks.push(of_push(means, name, repository).await);
    }
    checks
}

/// A registry that no recipe goes to lets no build fail.
fn unneeded(check: Check) -> Check {
    if check.fault.is_none() {
        return check;
    }
    Check {
        state: State::Warn,
        fault: None,
        message: format!("{}; no recipe goes there", check.message),
        ..check
    }
}

/// What is to be said of a login. Its secret is never part of it.
fn of_login(
    name: &str,
    host: &RegistryHost,
    from: Option<&LoginFrom>,
    answer: &Result<Ping, (String, OpError)>,
    plain: bool,
) -> Option<Check> {
    let ok = |message: String| Check::ok(About::Login, name, message);
    let check = match (from, answer) {
        (None, Ok(_)) => ok("none is stored, and none is asked for".to_owned()),
        (Some(from), Ok(ping)) if ping.took_login => ok(format!("taken; it is kept in {from}")),
        (Some(from), Ok(_)) => ok(format!("not asked for; it is kept in {from}")),
        (from, Err((message, error))) if wants_login(error) => {
            let kept = from.map(|from| format!("; it is kept in {from}"));
            let message = format!("{message}{}", kept.unwrap_or_default());
            Check::fail(About::Login, name, message, Fault::Policy)
                .next(error.next_step().unwrap_or_default())
        }
        (Some(from), Err(_)) => ok(format!("kept in {from}; it could not be tried")),
        (None, Err(_)) => return None,
    };
    let check = match from {
        Some(from) => check.fact("kept", from.to_string()),
        None => check,
    };
    if plain && from.is_some() && check.fault.is_none() {
        return Some(Check {
            state: State::Warn,
            message: format!("{}; it passes the network as plain text", check.message),
            next: Some(format!(
                "give `{host}` TLS, and write https:// in its `url`"
            )),
            ..check
        });
    }
    Some(check)
}

async fn of_push(means: &Means, name: &str, repository: &Repository) -> Check {
    let about = About::Registry;
    let fault = |error: &RegistryError| {
        if error.is_unavailable() {
            Fault::Registry
        } else {
            Fault::Policy
        }
    };
    match timeout(LIMIT, means.client.probe_push(repository)).await {
        Ok(Ok(())) => Check::ok(about, name, format!("takes uploads to `{repository}`")),
        Ok(Err(error)) => {
            Check::fail(about, name, error.to_string(), fault(&error)).next(error.next_step())
        }
        Err(_) => {
            let seconds = LIMIT.as_secs();
            let message = format!("took more than {seconds} s to begin an upload");
            Check::fail(about, name, message, Fault::Registry).next("try again")
        }
    }
    .fact("repository", repository.to_string())
}

/// A mirror that fails is passed over, so it is only worth a warning.
async fn of_mirror(means: &Means, host: &RegistryHost, mirror: &Mirror) -> Check {
    let url = url(&mirror.host, mirror.plain_http);
    let check = match ping(means, &mirror.host, mirror.plain_http).await {
        Ok(_) => Check::ok(About::Mirror, host.as_str(), format!("`{url}` answers")),
        Err((message, error)) => {
            let message = format!("{message}; without it, the registry itself is asked");
            let next = error.next_step().unwrap_or_default();
            Check::warn(About::Mirror, host.as_str(), message).next(next)
        }
    };
    check.fact("url", url)
}
