//! Builders: reachable, which version, which platforms.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use tokio::time::timeout;

use super::check::{About, Check, Fault};
use super::{LIMIT, emulation};
use crate::buildkit::{Address, Builder, BuilderInfo, BuildkitError};
use crate::config::Config;
use crate::oci::Platform;
use crate::ops::builders::{Named, named};
use crate::ops::error::OpError;
use crate::ops::probe::Memory;
use crate::text::with_causes;
use crate::workspace::Workspace;

/// A builder that answered, and the platforms it is used for.
struct Found<'w> {
    named: &'w Named<'w>,
    info: BuilderInfo,
}

impl Found<'_> {
    fn is_used_for(&self, platform: Platform) -> bool {
        let used = self.named.platforms;
        self.info.supports(&platform) && (used.is_empty() || used.contains(&platform))
    }
}

/// Asks all builders at once, then looks who can build what is wanted.
pub(super) async fn check(
    config: &Config,
    workspace: &Workspace,
    wanted: &BTreeSet<Platform>,
) -> Vec<Check> {
    let all = named(config, workspace);
    let asked = all
        .iter()
        .map(|named| ask(config, workspace, named, wanted));
    let asked = join_all(asked).await;
    let (mut checks, mut found) = (Vec::new(), Vec::new());
    for (check, info) in asked {
        checks.extend(check);
        found.extend(info);
    }
    let silent = all.len() - found.len();
    for &platform in wanted {
        checks.push(of_platform(platform, &found, silent));
    }
    checks
}

async fn ask<'w>(
    config: &Config,
    workspace: &Workspace,
    named: &'w Named<'w>,
    wanted: &BTreeSet<Platform>,
) -> (Vec<Check>, Option<Found<'w>>) {
    let (about, subject) = (About::Builder, named.name);
    let (address, tls) = match named.target(config, workspace) {
        Ok(target) => target,
        Err(error) => {
            let message = with_causes(&error);
            let check = Check::fail(about, subject, message, Fault::Invalid);
            let next = error.next_step();
            let next = next.unwrap_or_else(|| format!("write another address ({})", named.origin));
            return (vec![check.next(next)], None);
        }
    };
    let question = async {
        let builder = Builder::connect(subject, &address, tls.as_ref()).await?;
        let info = builder.info().await?;
        Ok((builder, info))
    };
    let answer = timeout(LIMIT, question).await.unwrap_or_else(|_| {
        Err(BuildkitError::TimedOut {
            builder: subject.to_owned(),
            address: address.clone(),
            seconds: LIMIT.as_secs(),
        })
    });
    let (builder, info) = match answer {
        Ok(found) => found,
        Err(error) => return (vec![unusable(named, error)], None),
    };
    let shown: Vec<String> = info.platforms.iter().map(ToString::to_string).collect();
    let secure = match &tls {
        Some(tls) => format!(" over TLS (trusted: {})", tls.trusted()),
        None => String::new(),
    };
    let version = &info.version;
    let message = format!("answers at `{address}`{secure}: BuildKit {version}");
    let mut checks = vec![
        Check::ok(about, subject, message)
            .fact("address", address.to_string())
            .fact("named", &named.origin)
            .fact("version", version)
            .fact("native", info.native.to_string())
            .fact("platforms", shown.join(",")),
    ];
    checks.extend(plain(subject, &address, tls.is_some()));
    for platform in named.platforms {
        if let Err(error) = info.require(platform) {
            checks.push(unusable(named, error));
        }
    }
    let found = Found { named, info };
    let foreign = wanted.iter().copied().filter(|platform| {
        found.is_used_for(*platform) && platform.is_foreign_to(found.info.native)
    });
    let (id, memory) = (named.id(), Memory::of(&workspace.root));
    let tried = emulation::check(builder, &id, &found.info, foreign.collect(), &memory);
    checks.extend(tried.await);
    (checks, Some(found))
}

fn unusable(named: &Named<'_>, error: BuildkitError) -> Check {
    let error = OpError::Builder(error);
    let check = Check::fail(
        About::Builder,
        named.name,
        with_causes(&error),
        Fault::Builder,
    );
    let next = error.next_step();
    let next = next.unwrap_or_else(|| "see what the log of buildkitd says".to_owned());
    check.next(next).fact("named", &named.origin)
}

/// A word on what travels to another machine without TLS.
fn plain(subject: &str, address: &Address, secure: bool) -> Option<Check> {
    match address {
        Address::Tcp { host, .. } if !secure && !is_loopback(host) => {
            let message = "spoken to without TLS: files, secrets and logins pass as plain text";
            let next = "start buildkitd with --tlscert, --tlskey and --tlscacert, and set `tls` in kiln.yaml";
            Some(Check::warn(About::Builder, subject, message).next(next))
        }
        _ => None,
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn of_platform(platform: Platform, found: &[Found<'_>], silent: usize) -> Check {
    let (about, subject) = (About::Platform, platform.to_string());
    let able = |emulated: bool| -> Vec<&str> {
        let able = found.iter().filter(|it| it.is_used_for(platform));
        able.filter(|it| platform.is_foreign_to(it.info.native) == emulated)
            .map(|it| it.named.name)
            .collect()
    };
    let (native, emulated) = (able(false), able(true));
    if !native.is_empty() {
        let names = native.join("`, `");
        return Check::ok(about, subject, format!("native on `{names}`")).fact("mode", "native");
    }
    if !emulated.is_empty() {
        let names = emulated.join("`, `");
        let message = format!("emulated on `{names}`; steps that compute are slow");
        return Check::ok(about, subject, message).fact("mode", "emulated");
    }
    let fail = |message: &str| Check::fail(about, &subject, message, Fault::Builder);
    let check = match (found, silent) {
        ([], _) => {
            fail("can be built by nobody: no builder answers").next("see the builders above")
        }
        (_, 0) => fail("can be built by no builder").next(emulator(platform, found)),
        _ => fail("can be built by no builder that answers").next(format!(
            "see the builders above, or {}",
            emulator(platform, found)
        )),
    };
    check.fact("mode", "none")
}

/// How a builder learns a platform.
fn emulator(platform: Platform, found: &[Found<'_>]) -> String {
    let limited = found.iter().find(|it| it.info.supports(&platform));
    if let Some(able) = limited {
        let name = able.named.name;
        return format!("add {platform} to the `platforms` of `{name}`, which has it");
    }
    let names: Vec<&str> = found.iter().map(|it| it.named.name).collect();
    let architecture = platform.architecture();
    format!(
        "add a builder whose machine is {architecture}, or register an emulator with the kernel of `{}` \
         (Debian's qemu-user-static, or `docker run --privileged --rm tonistiigi/binfmt --install {architecture}`) \
         and restart buildkitd",
        names.join("` or `")
    )
}
