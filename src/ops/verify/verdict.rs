//! What was asked, check by check, and what came of it.

use super::tags::Beside;
use crate::lint::image::{
    CHECKS, CONTENT_PRESENT, IMAGE_INDEX, ImageCheck, ImageFinding, REFERRERS_TAG, Scope,
    TAG_GRAMMAR, TAG_SINGLE,
};

/// A check and what came of it.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The check.
    pub check: &'static ImageCheck,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was found.
    Passed,
    /// So many findings.
    Found(usize),
    /// It was not asked, for this reason.
    NotAsked(String),
}

/// What could be asked of an image.
pub(super) struct Asked<'a> {
    /// Whether it is a kernel.
    pub(super) kernel: bool,
    /// Whether it has an index that reads.
    pub(super) index: bool,
    /// Whether it was named by a tag.
    pub(super) tag: bool,
    /// What is known of the tags beside it.
    pub(super) beside: &'a Beside,
}

/// All checks.
pub(super) fn of(asked: &Asked<'_>, findings: &[ImageFinding]) -> Vec<Checked> {
    let outcome = |check: &'static ImageCheck| {
        let own = findings.iter().filter(|finding| finding.check == check);
        match (own.count(), reason(asked, check)) {
            (0, Some(reason)) => Outcome::NotAsked(reason.to_owned()),
            (0, None) => Outcome::Passed,
            (count, _) => Outcome::Found(count),
        }
    };
    let all = CHECKS.iter().map(|check| Checked {
        check,
        outcome: outcome(check),
    });
    all.collect()
}

/// The checks where the document itself cannot be believed.
pub(super) fn only(finding: &ImageFinding) -> Vec<Checked> {
    let all = CHECKS.iter().map(|check| Checked {
        check,
        outcome: if **check == CONTENT_PRESENT && finding.check == *check {
            Outcome::Found(1)
        } else {
            Outcome::NotAsked("the image is damaged".to_owned())
        },
    });
    all.collect()
}

/// Why a check was not asked.
fn reason<'a>(asked: &Asked<'a>, check: &ImageCheck) -> Option<&'a str> {
    if check.scope == Scope::Kernel && !asked.kernel {
        return Some("no kernel of Backend.AI");
    }
    if check.of_index && !asked.index && *check != IMAGE_INDEX {
        return Some("no index");
    }
    if *check == TAG_GRAMMAR && !asked.tag {
        return Some("named by digest");
    }
    if *check == REFERRERS_TAG {
        return asked.beside.unlisted.as_deref();
    }
    if *check == TAG_SINGLE {
        return asked.beside.unlooked.as_deref();
    }
    None
}
