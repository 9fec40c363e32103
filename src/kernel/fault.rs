//! What is wrong with a label, a tag or a definition, as data.

use std::fmt;

use super::release::{Range, Releases};

/// How much a fault weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// The platform refuses the image, loses it, or cannot start a session or service of it.
    Error,
    /// The platform takes it, and does not do what it says.
    Warning,
}

/// Which rule a fault breaks: stable names for settings and reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A label that must be there is not.
    Missing,
    /// A label that the platform does not know.
    Unknown,
    /// A label that the platform sets itself.
    Internal,
    /// A value that the platform cannot read, or reads as something else.
    Value,
    /// A service port.
    ServicePort,
    /// An amount of a resource.
    Quantity,
    /// Labels that contradict each other.
    Contradiction,
    /// A definition of a service.
    Definition,
    /// A tag or a repository.
    Name,
}

impl Rule {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "kernel-missing-label",
            Self::Unknown => "kernel-unknown-label",
            Self::Internal => "kernel-internal-label",
            Self::Value => "kernel-label-value",
            Self::ServicePort => "kernel-service-port",
            Self::Quantity => "kernel-quantity",
            Self::Contradiction => "kernel-contradiction",
            Self::Definition => "kernel-definition",
            Self::Name => "kernel-name",
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The rule it breaks.
    pub rule: Rule,
    /// How much it weighs.
    pub weight: Weight,
    /// The releases in which it does.
    pub range: Range,
    /// What is wrong, without the releases.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Fault {
    pub(super) fn error(rule: Rule, message: impl Into<String>) -> Self {
        Self {
            rule,
            weight: Weight::Error,
            range: Range::ALL,
            message: short(message.into()),
            help: None,
        }
    }

    pub(super) fn warning(rule: Rule, message: impl Into<String>) -> Self {
        Self {
            weight: Weight::Warning,
            ..Self::error(rule, message)
        }
    }

    /// So many are told of one label: more say nothing new.
    pub(super) const MOST: usize = 16;

    pub(super) fn within(mut self, range: Range) -> Self {
        self.range = range;
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(short(help.into()));
        self
    }

    /// Whether one of some releases minds.
    pub fn concerns(&self, releases: &Releases) -> bool {
        self.range.concerns(releases)
    }

    /// Whether it is one for some releases at which images must not be built.
    pub fn is_error_in(&self, releases: &Releases) -> bool {
        self.weight == Weight::Error && self.concerns(releases)
    }
}

/// The most characters of a sentence, and how many of them are its end.
const LONGEST: usize = 400;
const END: usize = 120;

/// A sentence about a value of a megabyte shows the beginning and the end of it.
fn short(text: String) -> String {
    let count = text.chars().count();
    if count <= LONGEST {
        return text;
    }
    let head = text.chars().take(LONGEST - END);
    let tail = text.chars().skip(count - END);
    head.chain("…".chars()).chain(tail).collect()
}

impl fmt::Display for Fault {
    /// The message, and the releases it is true of.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.range)
    }
}
