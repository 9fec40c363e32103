//! Changes of a text that end a finding, as data. Who applies them is `ops::lint`.

use crate::text::Place;

/// Whether a fix may be applied without anybody looking at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safety {
    /// It changes nothing of what the file means, or only what is certainly a mistake.
    Safe,
    /// It is what the author most likely wants; it is shown, and applied by hand.
    Suggested,
}

/// New text for a place. An empty place inserts, an empty text removes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced.
    pub place: Place,
    /// What stands there afterwards.
    pub text: String,
}

/// Edits that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an order: ``write `latest` with quotes``.
    pub title: String,
    /// Whether it may be applied unseen.
    pub safety: Safety,
    /// The edits, which do not overlap.
    pub edits: Vec<Edit>,
}

impl Fix {
    /// A fix that `--fix` applies.
    pub fn safe(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            safety: Safety::Safe,
            edits: Vec::new(),
        }
    }

    /// A fix that is only shown.
    pub fn suggested(title: impl Into<String>) -> Self {
        Self {
            safety: Safety::Suggested,
            ..Self::safe(title)
        }
    }

    /// The same with one more edit.
    #[must_use]
    pub fn replacing(mut self, place: &Place, text: impl Into<String>) -> Self {
        self.edits.push(Edit {
            place: place.clone(),
            text: text.into(),
        });
        self
    }
}
