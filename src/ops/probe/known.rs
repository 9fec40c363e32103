//! Builders as far as they are known without asking any: by what is remembered, else by what `kiln.yaml` declares.

use std::collections::BTreeSet;

use super::{Memory, Runs};
use crate::config::Config;
use crate::oci::Platform;
use crate::ops::builders::{Named, named};
use crate::record::Utc;
use crate::workspace::Workspace;

/// A builder that nobody asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownBuilder {
    /// Its name.
    pub name: String,
    /// What it is, as far as that is known.
    pub machine: Option<Machine>,
}

/// What a builder is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Its own platform.
    pub native: Platform,
    /// The platforms that it is used for.
    pub platforms: Vec<Platform>,
    /// Foreign platforms whose programs its kernel runs inside of native ops.
    pub inside: BTreeSet<Platform>,
    /// Foreign platforms of which it was tried.
    pub tried: BTreeSet<Platform>,
    /// Who says so.
    pub source: Source,
}

/// Who says what a builder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// It was asked, at this moment at the latest.
    Remembered(Option<Utc>),
    /// `platforms` in `kiln.yaml`.
    Declared,
}

/// The builders of a workspace, in the order in which they are preferred. Asks nobody.
pub fn known_builders(config: &Config, workspace: &Workspace) -> Vec<KnownBuilder> {
    let memory = Memory::of(&workspace.root);
    let all = named(config, workspace);
    all.iter()
        .map(|named| KnownBuilder {
            name: named.name.to_owned(),
            machine: remembered(&memory, named).or_else(|| declared(named)),
        })
        .collect()
}

fn remembered(memory: &Memory, named: &Named<'_>) -> Option<Machine> {
    let it = memory.builder(&named.id())?;
    let inside = it.foreign.iter();
    let inside = inside.filter(|(_, tried)| tried.runs == Runs::Inside);
    Some(Machine {
        native: it.native,
        inside: inside.map(|(platform, _)| *platform).collect(),
        tried: it.foreign.keys().copied().collect(),
        source: Source::Remembered(it.foreign.values().map(|tried| tried.tried).max()),
        platforms: if named.platforms.is_empty() {
            it.platforms
        } else {
            named.platforms.to_vec()
        },
    })
}

/// A builder that is used for platforms of one architecture is taken for a machine of it. Of one that is used for
/// several nobody knows which are foreign.
fn declared(named: &Named<'_>) -> Option<Machine> {
    let native = *named.platforms.first()?;
    let mut platforms = named.platforms.iter();
    platforms
        .all(|platform| !platform.is_foreign_to(native))
        .then(|| Machine {
            native,
            platforms: named.platforms.to_vec(),
            inside: BTreeSet::new(),
            tried: BTreeSet::new(),
            source: Source::Declared,
        })
}
