//! Whether typed steps for foreign platforms get native tools on a builder, and what to do where they do not.

use tokio::time::timeout;

use super::LIMIT;
use super::check::{About, Check};
use crate::buildkit::{Builder, BuilderInfo, SessionContent};
use crate::oci::Platform;
use crate::ops::probe::{BuilderId, Lack, Memory, Runs, Tried, probe};
use crate::text::with_causes;

/// Tries it for each of these platforms. What is found is remembered, so that the next build need not try.
pub(super) async fn check(
    builder: Builder,
    id: &BuilderId,
    info: &BuilderInfo,
    foreign: Vec<Platform>,
    memory: &Memory,
) -> Vec<Check> {
    if foreign.is_empty() {
        return Vec::new();
    }
    let trying = async {
        let opened = builder.open(SessionContent::default()).await;
        let daemon = opened.map_err(|error| with_causes(&error))?;
        let mut all = Vec::new();
        for &platform in &foreign {
            all.push((platform, probe(&daemon, info.native, platform).await?));
        }
        Ok::<_, String>(all)
    };
    let tried = timeout(LIMIT, trying).await;
    let tried = tried.unwrap_or_else(|_| Err(format!("no answer within {} s", LIMIT.as_secs())));
    let tried = match tried {
        Ok(tried) => tried,
        Err(words) => return vec![untried(&info.name, &foreign, &words)],
    };
    let mut checks = Vec::new();
    for (platform, tried) in tried {
        memory.found(id, info, platform, &tried);
        let word = match tried.runs {
            Runs::Inside => "inside",
            Runs::Apart => "apart",
            Runs::Nowhere => "nowhere",
        };
        let check = of(&info.name, platform, &tried);
        checks.push(
            check
                .fact("platform", platform.to_string())
                .fact("runs", word),
        );
    }
    checks
}

fn of(name: &str, platform: Platform, tried: &Tried) -> Check {
    let about = About::Builder;
    let Some(why) = tried.why_not(platform) else {
        let message = format!("{platform}: native tools for typed steps");
        return Check::ok(about, name, message);
    };
    let message = match tried.runs {
        Runs::Nowhere => {
            format!("{platform}: no program of it runs, although the builder lists it: {why}")
        }
        Runs::Apart | Runs::Inside => {
            format!("{platform}: no native tools, so typed steps are emulated as a whole: {why}")
        }
    };
    Check::warn(about, name, message).next(next(platform, tried))
}

/// How a kernel gets an emulator that is found inside of every container.
fn next(platform: Platform, tried: &Tried) -> String {
    let architecture = platform.architecture();
    let with = format!(
        "with the F flag, on the builder's machine: install Debian's qemu-user-static, or \
         `docker run --privileged --rm tonistiigi/binfmt --install {architecture}`"
    );
    match tried.lack {
        Some(Lack::Emulator) | None => format!("register an emulator {with}"),
        Some(Lack::FixedFile) => format!("register the emulator again {with}"),
        Some(Lack::Other(_)) => format!("replace the emulator, and register it {with}"),
    }
}

fn untried(name: &str, foreign: &[Platform], words: &str) -> Check {
    let named: Vec<String> = foreign.iter().map(ToString::to_string).collect();
    let message = format!(
        "{}: whether typed steps get native tools could not be tried: {words}",
        named.join(", ")
    );
    let next = "see what the log of buildkitd says, or ask again when it is less busy; each build tries it by itself";
    Check::warn(About::Builder, name, message)
        .next(next)
        .fact("runs", "unknown")
}
