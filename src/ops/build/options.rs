//! What a build is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use super::output::Output;
use crate::config::Proxies;
use crate::lower::Typed;
use crate::oci::Platform;
use crate::ops::Given;

/// What happens to the rest when something fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FailurePolicy {
    /// What runs is finished, and so are all platforms of an image that has begun; nothing else begins.
    #[default]
    Finish,
    /// Everything that does not need what failed is built.
    KeepGoing,
    /// Everything is cancelled.
    FailFast,
}

/// What a build is asked for.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own"
)]
pub struct BuildOptions {
    /// Which images: `NAME` or `REPOSITORY:TAG`, with `*` and `?`; all where there is none.
    pub selectors: Vec<String>,
    /// Which platforms; all of each image where there is none.
    pub platforms: BTreeSet<Platform>,
    /// Whether images are pushed.
    pub push: bool,
    /// Where else they go.
    pub outputs: Vec<Output>,
    /// Whether everything must be in the lock: nothing is resolved.
    pub locked: bool,
    /// Whether a tag may lose platforms.
    pub allow_shrink: bool,
    /// Legs that are built at once, over all builders.
    pub jobs: Option<usize>,
    /// What happens when something fails.
    pub failure: FailurePolicy,
    /// Whether builders must run steps whose results they know.
    pub no_cache: bool,
    /// Whether images are built although they are up to date.
    pub force: bool,
    /// Images, as `REPOSITORY:TAG`, that let all others go first, by how often they failed.
    pub sunk: BTreeMap<String, u32>,
    /// Values of `--set`, for the record.
    pub set: BTreeMap<String, String>,
    /// Where records go; beside `kiln.yaml` where nothing is said.
    pub record: Option<PathBuf>,
    /// Secrets and ssh agents for steps that ask for them.
    pub given: Given,
    /// Seconds since 1970 for the images' times.
    pub epoch: Option<i64>,
    /// Proxies for networked steps.
    pub proxy: Proxies,
    /// How typed steps are made for foreign platforms.
    pub typed: Typed,
    /// Cancelled when the build is to end early: legs are cancelled, an image whose tags are being
    /// moved is finished, and nothing else is published.
    pub stop: CancellationToken,
}

impl BuildOptions {
    /// Whether images that are up to date are left alone: only where they would go to their registry and nowhere
    /// else.
    pub(super) fn reuses(&self) -> bool {
        self.push && self.outputs.is_empty() && !self.no_cache && !self.force
    }
}
