//! What differs between two locks.

use std::collections::{BTreeMap, BTreeSet};

use super::{Lock, PipList};
use crate::oci::Platform;

/// What kind of fact has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// The refresh window.
    Period,
    /// An image that recipes begin with or take files from.
    Base,
    /// A download.
    Fetch,
    /// A checkout.
    Git,
    /// A package of a `pip` step.
    Pip,
}

impl ChangeKind {
    /// Its word on the command line and in results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Period => "period",
            Self::Base => "base",
            Self::Fetch => "fetch",
            Self::Git => "git",
            Self::Pip => "pip",
        }
    }
}

/// One fact that has changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// What it is.
    pub kind: ChangeKind,
    /// Its name: a reference, a URL, a URL and a branch, a list and a package.
    pub name: String,
    /// The platform, where there is one for each.
    pub platform: Option<Platform>,
    /// What it was; nothing where it is new.
    pub old: Option<String>,
    /// What it is; nothing where it is gone.
    pub new: Option<String>,
}

/// Names and values of one kind.
type Facts = BTreeMap<(String, Option<Platform>), String>;

impl Lock {
    /// What has changed since another lock, in the file's order. Checksums of recipes are no facts of their own.
    pub fn changes_since(&self, old: Option<&Self>) -> Vec<Change> {
        let kinds = [
            ChangeKind::Period,
            ChangeKind::Base,
            ChangeKind::Fetch,
            ChangeKind::Git,
            ChangeKind::Pip,
        ];
        let mut all = Vec::new();
        for kind in kinds {
            let before = old.map(|old| old.facts(kind)).unwrap_or_default();
            let after = self.facts(kind);
            let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
            for name in names {
                let (old, new) = (before.get(name), after.get(name));
                if old != new {
                    all.push(Change {
                        kind,
                        name: name.0.clone(),
                        platform: name.1,
                        old: old.cloned(),
                        new: new.cloned(),
                    });
                }
            }
        }
        all
    }

    fn facts(&self, kind: ChangeKind) -> Facts {
        match kind {
            ChangeKind::Period => Facts::from([((String::new(), None), self.period.to_string())]),
            ChangeKind::Base => {
                let mut all = Facts::new();
                for (reference, image) in &self.images {
                    let name = reference.to_string();
                    for (platform, manifest) in &image.platforms {
                        let manifest = manifest.to_string();
                        all.insert((name.clone(), Some(*platform)), manifest);
                    }
                    all.insert((name, None), image.index.to_string());
                }
                all
            }
            ChangeKind::Fetch => {
                let all = self.fetch.iter();
                all.map(|(url, checksum)| ((url.clone(), None), checksum.to_string()))
                    .collect()
            }
            ChangeKind::Git => {
                let all = self.git.iter().flat_map(|(url, refs)| {
                    refs.iter().map(move |(name, commit)| {
                        ((format!("{url} {name}"), None), commit.clone())
                    })
                });
                all.collect()
            }
            ChangeKind::Pip => self.packages(),
        }
    }

    /// By the name that people know a list by: when its requirements change, its packages are compared.
    fn packages(&self) -> Facts {
        let mut all = Facts::new();
        let name_of = |shown: &str| shown.split(' ').next().unwrap_or_default().to_owned();
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        for id in self.pip.keys() {
            *known.entry(name_of(&id.to_string())).or_default() += 1;
        }
        for (id, lists) in &self.pip {
            let shown = id.to_string();
            let name = name_of(&shown);
            // Two lists of one name are told apart by all that they have.
            let name = if known.get(&name) == Some(&1) {
                name.as_str()
            } else {
                shown.as_str()
            };
            for (platform, list) in lists {
                all.extend(of_list(name, *platform, list));
            }
        }
        all
    }
}

fn of_list(name: &str, platform: Platform, list: &PipList) -> Facts {
    let fact = |package: &super::PipPackage| {
        let name = format!("{name} {}", package.name());
        ((name, Some(platform)), package.version().to_owned())
    };
    let python = (format!("{name} python"), Some(platform));
    let mut all: Facts = list.packages.iter().map(fact).collect();
    all.insert(python, list.python.clone());
    all
}
