//! Whom kiln trusts, whom steps trust, and through which proxies steps go.

use std::path::Path;

use super::check::{About, Check, Fault};
use crate::config::{Config, Proxies, SYSTEM_BUNDLES};
use crate::credentials::{CertificateFacts, certificates};
use crate::ops::builders::named;
use crate::ops::connect::{bundle, bundle_named_by};
use crate::ops::password::without_password;
use crate::text::with_causes;
use crate::workspace::Workspace;

/// A certificate that ends within so many days is worth a word.
const SOON_DAYS: i64 = 21;

const DAY: i64 = 86_400;

/// Reads the files; asks nobody.
pub(super) fn check(config: &Config, workspace: &Workspace) -> Vec<Check> {
    let mut checks = authorities(config, workspace);
    for named in named(config, workspace) {
        let Ok(Some(files)) = named.files(config) else {
            continue;
        };
        let cert = files.identity.map(|(cert, _)| cert);
        for file in files.ca.into_iter().chain(cert) {
            let subject = format!("builder {}", named.name);
            checks.extend(of_file(&subject, &file.path, &file.named));
        }
    }
    let message = "trusts its own authorities when it pulls and pushes; kiln cannot see them";
    let next = "for a registry with a private authority, set `ca = [\"FILE\"]` below `[registry.\"HOST\"]` in buildkitd.toml";
    checks.push(Check::ok(About::Trust, "buildkitd", message).next(next));
    checks.extend(proxies(&config.proxies));
    checks
}

fn authorities(config: &Config, workspace: &Workspace) -> Vec<Check> {
    let about = About::Trust;
    let Some((path, from)) = bundle_named_by(config, workspace) else {
        let system = SYSTEM_BUNDLES.iter().find(|path| Path::new(path).exists());
        let kiln = match system {
            Some(path) => Check::ok(
                about,
                "kiln",
                format!("trusts the system's roots in `{path}`"),
            ),
            None => Check::warn(about, "kiln", "finds no roots of the system")
                .next("install the package ca-certificates, or set `trust.ca` in kiln.yaml"),
        };
        let message = "get no certificates: they trust what their base image trusts";
        return vec![kiln, Check::ok(about, "steps", message)];
    };
    if let Err(error) = bundle(config, workspace) {
        let check = Check::fail(about, "kiln", with_causes(&error), Fault::Invalid);
        return vec![check.next("name a file with certificates in PEM form")];
    }
    let path = path.display();
    let kiln = format!("trusts the system's roots and `{path}` ({from})");
    let steps = if workspace.ca.is_some() {
        format!("with network get the system's roots and `{path}`; the image keeps no trace")
    } else {
        format!("with network get `{path}`; the image keeps no trace")
    };
    let mut checks = vec![Check::ok(about, "kiln", kiln)];
    checks.extend(of_file("certificates", Path::new(&path.to_string()), &from));
    checks.push(Check::ok(about, "steps", steps));
    checks
}

/// How many certificates there are, and which of them end. An unreadable file was reported by whoever uses it.
fn of_file(subject: &str, path: &Path, named: &str) -> Option<Check> {
    let all = certificates(&std::fs::read(path).ok()?);
    let now = jiff::Timestamp::now().as_second();
    let ended: Vec<&CertificateFacts> = all.iter().filter(|it| it.not_after < now).collect();
    let ending = all
        .iter()
        .filter(|it| it.not_after >= now && it.not_after < now + SOON_DAYS * DAY)
        .min_by_key(|it| it.not_after);
    let shown = path.display();
    let count = all.len();
    let words = |certificate: &CertificateFacts| {
        let day = jiff::Timestamp::from_second(certificate.not_after);
        let day = day.map_or_else(
            |_| String::new(),
            |day| day.strftime("%Y-%m-%d").to_string(),
        );
        format!("`{}` ends on {day}", certificate.subject)
    };
    let message = format!("in `{shown}` ({named}): {count}");
    // Public bundles carry roots that ended long ago, and nobody is harmed by them.
    let public = SYSTEM_BUNDLES.iter().any(|known| Path::new(known) == path);
    let check = match (ended.first(), ending) {
        (Some(_), _) | (_, Some(_)) if public => Check::ok(
            About::Trust,
            subject,
            format!("{message}, of which {} expired", ended.len()),
        ),
        (Some(first), _) => {
            let message = format!(
                "{message}, of which {} expired: {}",
                ended.len(),
                words(first)
            );
            Check::warn(About::Trust, subject, message).next("take it out, or renew it")
        }
        (None, Some(soon)) => {
            let message = format!("{message}, and {}", words(soon));
            Check::warn(About::Trust, subject, message).next("renew it")
        }
        (None, None) => Check::ok(About::Trust, subject, format!("{message}, none expired")),
    };
    Some(
        check
            .fact("file", shown.to_string())
            .fact("certificates", count.to_string())
            .fact("expired", ended.len().to_string()),
    )
}

/// Proxies with their passwords masked.
fn proxies(proxies: &Proxies) -> Vec<Check> {
    let all = [
        ("HTTP_PROXY", &proxies.http),
        ("HTTPS_PROXY", &proxies.https),
        ("FTP_PROXY", &proxies.ftp),
        ("ALL_PROXY", &proxies.all),
        ("NO_PROXY", &proxies.no),
    ];
    let set: Vec<Check> = all
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| {
            let message = format!("`{}`; networked steps get it", without_password(value));
            Check::ok(About::Proxy, name, message)
        })
        .collect();
    if set.is_empty() {
        let message = "none is set; steps reach the network as the builder does";
        return vec![Check::ok(About::Proxy, "proxies", message)];
    }
    set
}
