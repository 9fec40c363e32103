//! What images want of a lock.

use crate::diagnostic::{Finding, Findings};
use crate::lock::{Needs, is_commit};
use crate::lower::{LocalFiles, Locking, pip_inputs};
use crate::oci::Platform;
use crate::plan::Planned;
use crate::recipe::steps::{Download, Git, Key, Package};
use crate::recipe::{Content, MountSource, StagePlatform, Step, StepKind};
use crate::text::Place;

/// What some images want on the platforms that are planned. Files that cannot be read are mistakes.
pub(super) fn needs<'p>(
    images: impl IntoIterator<Item = &'p Planned>,
    files: &LocalFiles,
) -> Result<Needs, Findings> {
    let mut needs = Needs::default();
    let mut findings = Findings::new();
    for planned in images {
        for platform in &planned.platforms {
            if let Some(content) = planned.image.contents.get(platform) {
                of_content(content, *platform, files, &mut needs, &mut findings);
            }
        }
    }
    if findings.has_errors() {
        Err(findings)
    } else {
        Ok(needs)
    }
}

/// What one image wants on a platform. Files that cannot be read are mistakes.
pub(in crate::ops) fn needs_of(
    content: &Content,
    platform: Platform,
    files: &LocalFiles,
) -> Result<Needs, Vec<Finding>> {
    let (mut needs, mut findings) = (Needs::default(), Findings::new());
    of_content(content, platform, files, &mut needs, &mut findings);
    if findings.has_errors() {
        Err(findings.sorted().into_iter().cloned().collect())
    } else {
        Ok(needs)
    }
}

fn of_content(
    content: &Content,
    target: Platform,
    files: &LocalFiles,
    needs: &mut Needs,
    findings: &mut Findings,
) {
    let stages = || content.stages.values();
    for (reference, place) in content.images() {
        let stage = stages().find(|stage| stage.base.place == *place);
        let (platform, native) = match stage.map(|stage| &stage.platform) {
            Some(StagePlatform::Fixed(platform)) => (*platform, false),
            Some(StagePlatform::Native) => (target, true),
            Some(StagePlatform::Target) | None => (target, false),
        };
        needs.image(reference, platform, native, place);
    }
    let own = content.steps.iter().map(|step| (target, step));
    let of_stages = stages().flat_map(|stage| {
        let platform = match stage.platform {
            StagePlatform::Fixed(platform) => platform,
            StagePlatform::Native | StagePlatform::Target => target,
        };
        stage.steps.iter().map(move |step| (platform, step))
    });
    for (platform, step) in own.chain(of_stages) {
        for (download, place) in downloads(step) {
            if download.sha256.is_none() {
                needs.fetch(&download.url, place);
            }
        }
        for (git, place) in checkouts(step) {
            if !is_commit(&git.reference) {
                needs.git(&git.url, &git.reference, place);
            }
        }
        let StepKind::Pip(pip, _) = &step.kind else {
            continue;
        };
        match pip_inputs(pip, files) {
            Ok(Locking::Nothing) => {}
            Ok(Locking::List(inputs)) => needs.pip(&inputs.id, platform, &step.place),
            Ok(Locking::Never(why)) => needs.never(&step.place, &why),
            Err((place, message)) => findings.push(Finding::error(&place, message)),
        }
    }
}

/// The downloads of a step, each with the place that stands for it.
fn downloads(step: &Step) -> Vec<(&Download, &Place)> {
    let mut all: Vec<(&Download, &Place)> = Vec::new();
    let install = match &step.kind {
        StepKind::Fetch(fetch) => {
            all.push((&fetch.download, &step.place));
            &[][..]
        }
        StepKind::Apt(apt, _) => {
            for source in apt.sources.values() {
                if let Some(Key::Download(download)) = &source.key {
                    all.push((download, &step.place));
                }
            }
            &apt.install[..]
        }
        StepKind::Dnf(dnf, _) => &dnf.install[..],
        _ => &[][..],
    };
    for package in install {
        if let Package::File(download) = package {
            all.push((download, &step.place));
        }
    }
    let mounts = step.program().map(|program| &program.mounts[..]);
    for mount in mounts.unwrap_or_default() {
        if let MountSource::Fetch(download) = &mount.source {
            all.push((download, &mount.place));
        }
    }
    all
}

fn checkouts(step: &Step) -> Vec<(&Git, &Place)> {
    let own = match &step.kind {
        StepKind::Git(checkout) => Some((&checkout.git, &step.place)),
        _ => None,
    };
    let mounts = step.program().map(|program| &program.mounts[..]);
    let mounted = mounts.unwrap_or_default().iter().filter_map(|mount| {
        if let MountSource::Git(git) = &mount.source {
            Some((git, &mount.place))
        } else {
            None
        }
    });
    own.into_iter().chain(mounted).collect()
}
