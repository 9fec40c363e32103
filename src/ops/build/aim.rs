//! Where the result of a leg goes.

use std::sync::Arc;

use super::output::{LegArchive, Staging};
use crate::buildkit::{ImageTarget, PushByDigest};
use crate::oci::Repository;
use crate::ops::places::Destination;

/// What becomes of a leg's result.
#[derive(Debug, Clone, Copy)]
pub(super) enum Aim<'a> {
    /// Nothing: the builder keeps it in its cache.
    Cache,
    /// It is pushed by digest.
    Registry(&'a Destination),
    /// It is sent to us, for an output.
    Output(&'a Arc<Staging>),
    /// Both.
    Both(&'a Destination, &'a Arc<Staging>),
}

impl<'a> Aim<'a> {
    pub(super) fn new(push: Option<&'a Destination>, output: Option<&'a Arc<Staging>>) -> Self {
        match (push, output) {
            (None, None) => Self::Cache,
            (Some(to), None) => Self::Registry(to),
            (None, Some(to)) => Self::Output(to),
            (Some(to), Some(and)) => Self::Both(to, and),
        }
    }

    pub(super) fn repository(self) -> Option<&'a Repository> {
        match self {
            Self::Registry(to) | Self::Both(to, _) => to.repository.as_ref(),
            Self::Cache | Self::Output(_) => None,
        }
    }

    pub(super) fn staging(self) -> Option<&'a Arc<Staging>> {
        match self {
            Self::Output(to) | Self::Both(_, to) => Some(to),
            Self::Cache | Self::Registry(_) => None,
        }
    }

    /// Where what the result is made of goes: it must be at hand, and be in one place only.
    pub(super) fn of_first(self) -> Self {
        match self {
            Self::Both(to, _) => Self::Registry(to),
            other => other,
        }
    }

    /// What receives the result, where it is sent to us.
    pub(super) fn archive(self) -> Option<Arc<LegArchive>> {
        self.staging().map(LegArchive::new)
    }

    /// The same in the builder's words; nothing for the cache.
    pub(super) fn target(self, archive: Option<&Arc<LegArchive>>) -> Option<ImageTarget> {
        let push = match self {
            Self::Registry(to) | Self::Both(to, _) => {
                to.repository.clone().map(|repository| PushByDigest {
                    repository,
                    insecure: to.plain_http,
                })
            }
            Self::Cache | Self::Output(_) => None,
        };
        match (push, archive.map(LegArchive::target)) {
            (Some(push), Some(archive)) => Some(ImageTarget::Both(push, archive)),
            (Some(push), None) => Some(ImageTarget::Registry(push)),
            (None, Some(archive)) => Some(ImageTarget::Archive(archive)),
            (None, None) => None,
        }
    }
}
