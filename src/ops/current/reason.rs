//! Whether an image is up to date, and why not.

use std::collections::BTreeMap;

use crate::key::Parts;
use crate::oci::{Descriptor, Digest, Platform, Reference};
use crate::text::Place;

/// What is known of an image of a plan.
#[derive(Debug, Clone)]
pub(in crate::ops) struct Standing {
    /// In one word.
    pub state: State,
    /// Why it is not current, in the order of its platforms.
    pub reasons: Vec<Reason>,
    /// Its platforms.
    pub legs: BTreeMap<Platform, LegStanding>,
    /// The published index that its current platforms are taken from.
    pub index: Option<Published>,
}

/// A published index.
#[derive(Debug, Clone)]
pub(in crate::ops) struct Published {
    /// Its digest.
    pub digest: Digest,
    /// Its bytes.
    pub bytes: bytes::Bytes,
    /// The tags that do not lead to it.
    pub astray: Vec<Reference>,
}

/// What is known of one platform.
#[derive(Debug, Clone)]
pub(in crate::ops) struct LegStanding {
    /// What decides it, where it is current.
    pub parts: Option<Parts>,
    /// The published manifest, where it is current.
    pub current: Option<Descriptor>,
}

/// Whether an image is up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It is.
    Current,
    /// It is, and a tag does not lead to it.
    TagMissing,
    /// It is not.
    Stale,
    /// Nobody can say; it will be built.
    Unknown,
}

impl State {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::TagMissing => "tag-missing",
            Self::Stale => "stale",
            Self::Unknown => "unknown",
        }
    }
}

/// Why an image is not current.
#[derive(Debug, Clone)]
pub struct Reason {
    /// What kind of reason it is.
    pub kind: ReasonKind,
    /// The platform it speaks of; nothing for all of them.
    pub platform: Option<Platform>,
    /// In words.
    pub message: String,
    /// Where the recipe says what it speaks of.
    pub place: Option<Place>,
}

/// Kinds of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReasonKind {
    /// A step, the configuration, tests or limits in the recipe, or how the image is sent.
    Recipe,
    /// Local files.
    File,
    /// A base in a registry or a layout.
    Base,
    /// An image of this workspace that it begins with or copies from.
    Parent,
    /// What the lock says.
    Lock,
    /// The period in which unpinned packages are looked at anew has ended.
    Refresh,
    /// Nothing was published.
    NeverBuilt,
    /// A tag leads to what somebody else published.
    TagMoved,
    /// A tag is not there, or leads to an older index.
    TagMissing,
    /// What is published says nothing of how it was made.
    NoKey,
    /// This version of the program makes images in another way.
    Program,
    /// The registry cannot be asked.
    Unreachable,
}

impl ReasonKind {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recipe => "recipe",
            Self::File => "file",
            Self::Base => "base",
            Self::Parent => "parent",
            Self::Lock => "lock",
            Self::Refresh => "refresh",
            Self::NeverBuilt => "never-built",
            Self::TagMoved => "tag-moved",
            Self::TagMissing => "tag-missing",
            Self::NoKey => "no-key",
            Self::Program => "program",
            Self::Unreachable => "unreachable",
        }
    }
}
