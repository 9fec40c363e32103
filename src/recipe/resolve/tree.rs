//! Values with nothing left to decide, and where each comes from.

use crate::text::Place;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A place in a recipe, fragment or snippet.
    Written(Place),
    /// A place in a snippet, and the inputs that the value there is made of: where each was given.
    Filled(Place, Vec<(String, Place)>),
    /// `kiln.yaml`, which gives it to recipes that say nothing.
    Workspace(Place),
    /// `--set` with this name.
    Set(String),
    /// Nobody wrote it: kiln's own default.
    Default,
    /// A word of how the value is shown, such as `match: platform`.
    Shown,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// Where it comes from.
    pub origin: Origin,
    /// What it is.
    pub kind: TreeKind,
}

/// The forms of a value. Text stands as it would be written in a recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TreeKind {
    /// Text.
    Text(String),
    /// A whole number, where the language has one.
    Number(u64),
    /// True or false.
    Bool(bool),
    /// A list.
    List(Vec<Tree>),
    /// A map, in order.
    Map(Vec<Entry>),
}

/// An entry of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key comes from.
    pub origin: Origin,
    /// The value.
    pub value: Tree,
}

impl Origin {
    /// A place, or who gave the value; nothing for a word that only shows it.
    pub fn words(&self) -> Option<String> {
        let line = |place: &Place| format!("{}:{}", place.source.path(), place.line_column().0);
        match self {
            Self::Written(place) | Self::Workspace(place) => Some(line(place)),
            Self::Filled(place, inputs) => {
                let from = |(name, place)| format!(", {name} from {}", line(place));
                let inputs: String = inputs
                    .iter()
                    .map(|(name, place)| from((name, place)))
                    .collect();
                Some(format!("{}{inputs}", line(place)))
            }
            Self::Set(name) => Some(format!("--set {name}")),
            Self::Default => Some("default".to_owned()),
            Self::Shown => None,
        }
    }

    /// The place in a file, if there is one.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Written(place) | Self::Filled(place, _) | Self::Workspace(place) => Some(place),
            Self::Set(_) | Self::Default | Self::Shown => None,
        }
    }

    /// Whether the recipe does not say this, but its surroundings.
    pub fn is_given(&self) -> bool {
        matches!(self, Self::Workspace(_) | Self::Default | Self::Set(_))
    }
}

impl Tree {
    /// A value.
    pub fn new(origin: Origin, kind: TreeKind) -> Self {
        Self { origin, kind }
    }

    /// A text.
    pub fn text(origin: Origin, text: impl Into<String>) -> Self {
        Self::new(origin, TreeKind::Text(text.into()))
    }

    /// A map without places of its own.
    pub(super) fn shown(entries: impl IntoIterator<Item = (String, Self)>) -> Self {
        let entry = |(key, value)| Entry {
            key,
            origin: Origin::Shown,
            value,
        };
        Self::new(
            Origin::Shown,
            TreeKind::Map(entries.into_iter().map(entry).collect()),
        )
    }

    /// The value of a key, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let found = self.entries()?.iter().find(|entry| entry.key == key);
        found.map(|entry| &entry.value)
    }

    /// The entries, if this is a map.
    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.kind {
            TreeKind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// Whether two values are the same, wherever they come from.
    pub(super) fn says(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (TreeKind::List(a), TreeKind::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.says(b))
            }
            (TreeKind::Map(a), TreeKind::Map(b)) => {
                let same = |(a, b): (&Entry, &Entry)| a.key == b.key && a.value.says(&b.value);
                a.len() == b.len() && a.iter().zip(b).all(same)
            }
            (a, b) => a == b,
        }
    }
}
