//! What a rebuild did.

use std::collections::BTreeMap;

use super::scope::Scope;
use crate::oci::{Digest, Platform};
use crate::ops::build::{BuildReport, ImageReport, ImageState, LegState};
use crate::record::Utc;

/// What a rebuild did.
#[derive(Debug, Clone)]
pub struct RebuildReport {
    /// What it was about.
    pub scope: Scope,
    /// When it began.
    pub began: Utc,
    /// When it ended.
    pub ended: Utc,
    /// What was built, in build order.
    pub build: BuildReport,
    /// What that means for each of these images, in the same order.
    pub images: Vec<Rebuilt>,
    /// What else is to be said.
    pub notes: Vec<String>,
}

/// What a rebuild means for an image.
#[derive(Debug, Clone)]
pub struct Rebuilt {
    /// How it ended.
    pub verdict: Verdict,
    /// What the same question says afterwards.
    pub after: After,
}

/// How an image ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It is published, and another image than before.
    Published,
    /// It was built, and every platform came out as it was published before.
    Identical,
    /// It was up to date, and tags were led to it.
    Tagged,
    /// It was up to date, and nothing was done.
    Current,
    /// Something failed.
    Failed,
    /// It was not begun.
    Skipped,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Published,
        Self::Identical,
        Self::Tagged,
        Self::Current,
        Self::Failed,
        Self::Skipped,
    ];

    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Identical => "identical",
            Self::Tagged => "tagged",
            Self::Current => "current",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// What is true of an image after it was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// Nothing was built, so nobody asked.
    NotAsked,
    /// It is current.
    Current,
    /// It is stale again, since something moved meanwhile: the next run builds it.
    Moved(String),
    /// It cannot be told.
    Unknown(String),
    /// It is stale, although nothing moved.
    StillStale(String),
}

impl RebuildReport {
    /// Whether an image is stale although it was just built.
    pub fn is_any_still_stale(&self) -> bool {
        let mut all = self.images.iter();
        all.any(|it| matches!(it.after, After::StillStale(_)))
    }

    /// How many images ended so.
    pub fn count(&self, verdict: Verdict) -> usize {
        let all = self.images.iter();
        all.filter(|it| it.verdict == verdict).count()
    }
}

/// How an image ended, given the manifests that were published before.
pub(super) fn verdict(image: &ImageReport, before: Option<&BTreeMap<Platform, Digest>>) -> Verdict {
    match image.state {
        ImageState::Current => Verdict::Current,
        ImageState::Tagged => Verdict::Tagged,
        ImageState::Failed => Verdict::Failed,
        ImageState::Skipped => Verdict::Skipped,
        ImageState::Built if before == Some(&manifests(image)) => Verdict::Identical,
        ImageState::Built => Verdict::Published,
    }
}

/// The manifest of each platform that has one.
pub(super) fn manifests(image: &ImageReport) -> BTreeMap<Platform, Digest> {
    let legs = image.legs.iter();
    legs.filter_map(|(&platform, leg)| match &leg.state {
        LegState::Built(solved) => Some((platform, solved.manifest.as_ref()?.digest.clone())),
        _ => None,
    })
    .collect()
}
