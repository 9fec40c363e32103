//! A file system in the making: steps are added at its end.

use std::collections::BTreeSet;

use crate::llb::{FileActions, Note, State};
use crate::oci::History;
use crate::recipe::{EnvChange, EnvEntry, Shell, Step};

use super::base::BaseParts;

/// What an unset `PATH` counts as: the default that the builder itself gives to programs.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The longest title shown in progress, in characters.
const TITLE: usize = 72;

/// File steps that wait to become one layer together.
#[derive(Debug)]
struct Pending {
    actions: FileActions,
    titles: Vec<String>,
    note: Note,
}

/// The state that the steps so far have made, and what the next one sees.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) state: State,
    /// The stage that it makes; empty for the image.
    pub(super) stage: String,
    /// What it began with.
    pub(super) first: State,
    /// The same for the builder's own platform, where it began with an image that is there for that, too.
    pub(super) native_first: Option<State>,
    pub(super) base: BaseParts,
    /// Environment, in order.
    pub(super) env: Vec<(String, String)>,
    /// Working directory.
    pub(super) cwd: String,
    pub(super) shell: Shell,
    /// One entry per layer added to the base.
    pub(super) history: Vec<History>,
    /// The packages of the distribution that its steps have asked for.
    pub(super) packages: BTreeSet<String>,
    pending: Option<Pending>,
    created: String,
    timestamp: i64,
    no_cache: bool,
}

/// What a chain made.
#[derive(Debug, Clone)]
pub(super) struct Built {
    pub(super) state: State,
    /// What it began with, for the builder's own platform.
    pub(super) native_first: Option<State>,
    pub(super) base: BaseParts,
    pub(super) env: Vec<(String, String)>,
    pub(super) cwd: String,
    pub(super) history: Vec<History>,
    pub(super) packages: BTreeSet<String>,
}

impl Chain {
    /// Begins on a base.
    pub(super) fn on(built: Built, stage: &str, shell: Shell, epoch: i64, no_cache: bool) -> Self {
        Self {
            first: built.state.clone(),
            native_first: built.native_first,
            state: built.state,
            stage: stage.to_owned(),
            base: built.base,
            env: built.env,
            cwd: built.cwd,
            shell,
            history: built.history,
            packages: built.packages,
            pending: None,
            created: super::config::rfc3339(epoch),
            timestamp: epoch.saturating_mul(1_000_000_000),
            no_cache,
        }
    }

    /// Ends the chain.
    pub(super) fn finish(mut self) -> Built {
        self.flush();
        Built {
            state: self.state,
            native_first: self.native_first,
            base: self.base,
            env: self.env,
            cwd: self.cwd,
            history: self.history,
            packages: self.packages,
        }
    }

    /// An absolute path: a relative one is below the working directory. A trailing `/` stays.
    pub(super) fn absolute(&self, path: &str) -> String {
        if path.starts_with('/') {
            return path.to_owned();
        }
        let path = path.strip_prefix("./").unwrap_or(path);
        format!("{}/{path}", self.cwd.trim_end_matches('/'))
    }

    /// The environment with changes applied.
    pub(super) fn env_with(&self, changes: &[EnvEntry]) -> Vec<(String, String)> {
        let mut env = self.env.clone();
        apply(&mut env, changes);
        env
    }

    /// Changes the environment from here on.
    pub(super) fn set_env(&mut self, changes: &[EnvEntry]) {
        apply(&mut self.env, changes);
    }

    /// What a step's op is called and where it stands.
    pub(super) fn note(&self, title: &str, step: Option<&Step>) -> Note {
        Note {
            name: shorten(title),
            places: step.map(|step| step.place.clone()).into_iter().collect(),
            ignore_cache: self.no_cache,
        }
    }

    /// Adds file actions; they share a layer with their neighbours.
    pub(super) fn files(
        &mut self,
        title: &str,
        step: Option<&Step>,
        add: impl FnOnce(FileActions) -> FileActions,
    ) {
        let note = self.note(title, step);
        let mut pending = self.pending.take().unwrap_or_else(|| Pending {
            actions: FileActions::on(&self.state, Some(self.timestamp)),
            titles: Vec::new(),
            note: Note {
                places: Vec::new(),
                ..note.clone()
            },
        });
        pending.titles.push(title.to_owned());
        pending.note.places.extend(note.places);
        pending.actions = add(pending.actions);
        self.pending = Some(pending);
    }

    /// Makes the waiting file steps a layer.
    pub(super) fn flush(&mut self) {
        let Some(pending) = self.pending.take() else {
            return;
        };
        if pending.actions.is_empty() {
            return;
        }
        let title = pending.titles.join("; ");
        self.state = pending.actions.state(Note {
            name: shorten(&title),
            ..pending.note
        });
        self.layer(&title);
    }

    /// Takes over what a program left.
    pub(super) fn ran(&mut self, state: State, words: &str) {
        self.state = state;
        self.layer(words);
    }

    fn layer(&mut self, words: &str) {
        self.history.push(History {
            created: Some(self.created.clone()),
            created_by: Some(words.to_owned()),
            comment: Some("kiln".to_owned()),
            ..History::default()
        });
    }
}

/// Applies changes in order; a variable keeps its place, a new one goes to the end.
pub(super) fn apply(env: &mut Vec<(String, String)>, changes: &[EnvEntry]) {
    for entry in changes {
        let at = env.iter().position(|(name, _)| *name == entry.name);
        let old = at.map(|at| env[at].1.clone());
        let value = match &entry.change {
            EnvChange::Set(value) => value.clone(),
            EnvChange::Extend { prepend, append } => {
                let unset = (entry.name == "PATH").then(|| DEFAULT_PATH.to_owned());
                let old = old.filter(|old| !old.is_empty()).or(unset);
                let pieces = prepend.iter().chain(&old).chain(append);
                pieces.map(String::as_str).collect::<Vec<_>>().join(":")
            }
        };
        match at {
            Some(at) => env[at].1 = value,
            None => env.push((entry.name.clone(), value)),
        }
    }
}

/// A list `NAME=value` as pairs.
pub(super) fn pairs(env: &[String]) -> Vec<(String, String)> {
    env.iter()
        .map(|entry| {
            let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

/// Pairs as a list `NAME=value`.
pub(super) fn joined(env: &[(String, String)]) -> Vec<String> {
    env.iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect()
}

pub(super) fn shorten(title: &str) -> String {
    let line = title
        .split('\n')
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let line = line.collect::<Vec<_>>().join("; ");
    if line.chars().count() <= TITLE {
        return line;
    }
    let short: String = line.chars().take(TITLE - 1).collect();
    format!("{short}…")
}

#[cfg(test)]
mod tests {
    use super::{apply, pairs, shorten};
    use crate::recipe::{EnvChange, EnvEntry};

    fn extend(name: &str, prepend: &[&str], append: &[&str]) -> EnvEntry {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let change = EnvChange::Extend {
            prepend: own(prepend),
            append: own(append),
        };
        EnvEntry {
            name: name.into(),
            change,
        }
    }

    #[test]
    fn extending_leaves_no_stray_colon_and_an_unset_path_is_the_default() {
        let mut env = pairs(&["LIB=/a".into(), "EMPTY=".into()]);
        apply(
            &mut env,
            &[
                extend("LIB", &["/b", "/c"], &["/d"]),
                extend("EMPTY", &["/e"], &[]),
                extend("NEW", &[], &["/f"]),
                extend("PATH", &["/venv/bin"], &[]),
            ],
        );
        let value = |name: &str| env.iter().find(|(n, _)| n == name).unwrap().1.as_str();
        assert_eq!(value("LIB"), "/b:/c:/a:/d");
        assert_eq!(value("EMPTY"), "/e");
        assert_eq!(value("NEW"), "/f");
        assert!(value("PATH").starts_with("/venv/bin:/usr/local/sbin:"));
    }

    #[test]
    fn a_long_title_is_cut_between_characters() {
        let title = shorten(&"한".repeat(100));
        assert_eq!(title.chars().count(), 72);
        assert!(title.ends_with('…'));
    }
}
