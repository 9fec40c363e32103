//! A snippet: steps with inputs, in a file of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::model::Vars;
use crate::diagnostic::Findings;
use crate::text::Place;
use crate::yaml::Node;

/// A snippet as written: its steps still hold their conditions and expressions.
#[derive(Debug)]
pub(crate) struct Snippet {
    pub(crate) inputs: BTreeMap<String, Input>,
    pub(crate) vars: Vars,
    /// The names of both.
    pub(crate) own: Arc<BTreeSet<String>>,
    pub(crate) steps: Option<Node>,
    /// What is wrong with all but the steps.
    pub(crate) findings: Findings,
}

/// A name that a snippet is given a value for.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) place: Place,
    pub(crate) kind: InputKind,
    /// Read where no value is given.
    pub(crate) default: Option<Node>,
}

/// What an input takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InputKind {
    Str,
    Bool,
    List,
    /// A path in the workspace, from the file in which the value is written.
    Path,
}

impl InputKind {
    /// The words for them in a file.
    pub(crate) const WORDS: [(&str, Self); 4] = [
        ("str", Self::Str),
        ("bool", Self::Bool),
        ("list", Self::List),
        ("path", Self::Path),
    ];

    pub(crate) fn word(self) -> &'static str {
        let word = Self::WORDS.iter().find(|(_, kind)| *kind == self);
        word.map_or("", |(word, _)| word)
    }
}
