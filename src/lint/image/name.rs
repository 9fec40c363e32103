//! Tags and repositories as the platform reads them.

use super::finding::ImageFinding;
use super::index::before;
use super::judge::ImageView;
use super::kernel;
use super::labels::of_fault;
use crate::kernel::{Releases, check_repository, check_tag};
use crate::oci::Tag;

/// Hexadecimal digits of SHA-256.
const HEX: usize = 64;

/// The release from which Harbor's scanner records every tag; 24.09.8 and later ones of its series do as well.
const ALL_TAGS: &str = "25.4";

/// Whether one of some releases minds several tags of one index, so that they are worth looking for.
pub fn minds_twins(releases: &Releases) -> bool {
    before(ALL_TAGS).concerns(releases)
}

/// Whether a tag is the fallback of the referrers API (distribution-spec v1.1, "Referrers Tag Schema").
pub fn is_referrers_tag(tag: &Tag) -> bool {
    let hex = tag.as_str().strip_prefix("sha256-");
    hex.is_some_and(|hex| hex.len() == HEX && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Looks at the tag, the repository and the tags beside it.
pub(super) fn check(view: &ImageView<'_>, findings: &mut Vec<ImageFinding>) {
    if let Some(tag) = view.reference.tag() {
        for fault in check_tag(tag.as_str()) {
            let finding = ImageFinding::new(&kernel::TAG_GRAMMAR, &fault.message);
            findings.push(of_fault(finding, &fault));
        }
    }
    for fault in check_repository(view.reference.repository().path()) {
        let finding = ImageFinding::new(&kernel::REPOSITORY_PROJECT, &fault.message);
        findings.push(of_fault(finding, &fault).help("push it as PROJECT/NAME"));
    }
    findings.extend(twins(view));
    findings.extend(referrers(view));
}

fn twins(view: &ImageView<'_>) -> Option<ImageFinding> {
    let named: Vec<String> = view.twins.iter().map(|tag| format!("`{tag}`")).collect();
    (!named.is_empty()).then(|| {
        let (word, has) = match named.len() {
            1 => ("tag", "leads"),
            _ => ("tags", "lead"),
        };
        let message = format!(
            "the {word} {} {has} to the same index, and the scanner for Harbor records one of them",
            named.join(", ")
        );
        ImageFinding::new(&kernel::TAG_SINGLE, message)
            .within(before(ALL_TAGS))
            .help("nothing has to be done where the registry is not Harbor; else push an index of its own for each tag")
    })
}

fn referrers(view: &ImageView<'_>) -> Option<ImageFinding> {
    let first = view.referrers.first()?;
    let about = |tag: &Tag| {
        let hex = tag.as_str().trim_start_matches("sha256-");
        view.digests.iter().any(|digest| digest.hex() == hex)
    };
    let own = view.referrers.iter().find(|tag| about(tag));
    let whose = match own {
        Some(_) => "this image",
        None => "another image",
    };
    let shown = own.unwrap_or(first);
    let more = match view.referrers.len() - 1 {
        0 => String::new(),
        count => format!(", and {count} more of this kind"),
    };
    let message = format!(
        "the repository has the tag `{shown}` with referrers of {whose}{more}: the platform then records nothing of the repository"
    );
    let finding = ImageFinding::new(&kernel::REFERRERS_TAG, message);
    Some(finding.help(
        "delete the tag, and keep signatures and SBOMs inside the index or in a repository that is not scanned",
    ))
}
