//! What happened in a build.

use std::collections::BTreeMap;
use std::time::Duration;

use super::output::OutputReport;
use super::verdict::TestReport;
use crate::diagnostic::Finding;
use crate::key::Parts;
use crate::lower::{BaseRecord, Parent, StepMode};
use crate::oci::{Descriptor, Digest, Platform};
use crate::ops::current::Reason;
use crate::record::{StepRecord, Utc};
use crate::registry::RegistryError;
use crate::text::Place;
use crate::text::with_causes;

/// What happened to everything that was planned.
#[derive(Debug, Clone, Default)]
pub struct BuildReport {
    /// Every image, in build order.
    pub images: Vec<ImageReport>,
    /// Every output, as it was asked for.
    pub outputs: Vec<OutputReport>,
    /// What the recipes want to be warned of.
    pub warnings: Vec<Finding>,
}

/// What happened to an image.
#[derive(Debug, Clone)]
pub struct ImageReport {
    /// The recipe's name.
    pub name: String,
    /// The variant's name: its first tag.
    pub variant: String,
    /// `REPOSITORY:TAG`.
    pub image: String,
    /// Full references, one per tag.
    pub references: Vec<String>,
    /// How it ended.
    pub state: ImageState,
    /// The index, where it was published or written to an output.
    pub index: Option<(Digest, u64)>,
    /// Its legs.
    pub legs: BTreeMap<Platform, LegReport>,
    /// Why it was not up to date, where that was asked.
    pub reasons: Vec<Reason>,
    /// Why it was not published or written although its legs were built.
    pub error: Option<Failure>,
}

/// How an image ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageState {
    /// It was up to date, and nothing was done.
    Current,
    /// It was up to date, and tags were led to it.
    Tagged,
    /// All platforms are built, and published and written where that was asked for.
    Built,
    /// Something failed.
    Failed,
    /// It was not begun.
    Skipped,
}

impl ImageState {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Tagged => "tagged",
            Self::Built => "built",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// What happened to one platform of an image.
#[derive(Debug, Clone)]
pub struct LegReport {
    /// Who built it; nothing where it was not begun.
    pub builder: Option<String>,
    /// Whether programs of a step ran under emulation.
    pub emulated: bool,
    /// How the programs of each step run, in their order.
    pub steps: Vec<StepRecord>,
    /// When it began.
    pub started: Option<Utc>,
    /// When it ended.
    pub finished: Option<Utc>,
    /// How long it took.
    pub took: Duration,
    /// How it ended.
    pub state: LegState,
}

/// How a leg ended.
#[derive(Debug, Clone)]
pub enum LegState {
    /// Built.
    Built(Box<Solved>),
    /// Failed.
    Failed(Box<Failure>),
    /// Not begun, or cancelled; the text says why.
    Skipped(String),
}

/// What a successful leg gave.
#[derive(Debug, Clone, Default)]
pub struct Solved {
    /// The manifest, where it was pushed or is to be written.
    pub manifest: Option<Descriptor>,
    /// What children are built on, where it was pushed or is to be written.
    pub parent: Option<Parent>,
    /// Whether it was published before and is up to date.
    pub reused: bool,
    /// What decided it.
    pub parts: Option<Parts>,
    /// Digest and size of the configuration.
    pub config: Option<(Digest, u64)>,
    /// Number of layers, and their compressed size in bytes.
    pub layers: (u32, u64),
    /// What the manifest says it is based on.
    pub base: Option<BaseRecord>,
    /// Steps that ran.
    pub ran: usize,
    /// Steps whose results the builder knew.
    pub cached: usize,
    /// The tests of the image; all of them passed.
    pub tests: Vec<TestReport>,
    /// How its steps ran.
    pub modes: Vec<StepMode>,
}

/// Why something failed.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// In words.
    pub message: String,
    /// What to do.
    pub next: Option<String>,
}

impl Failure {
    /// A mistake of kiln itself.
    pub(super) fn bug(message: impl Into<String>) -> Box<Self> {
        Box::new(Self {
            kind: FailureKind::Bug,
            message: message.into(),
            next: None,
        })
    }

    /// An image that is published, and whose record could not be written.
    pub(super) fn unrecorded(message: impl Into<String>, next: String) -> Box<Self> {
        Box::new(Self {
            kind: FailureKind::Ledger,
            message: message.into(),
            next: Some(next),
        })
    }

    /// The user ended the build before anything of the image was visible.
    pub(super) fn interrupted() -> Box<Self> {
        Box::new(Self {
            kind: FailureKind::Interrupted,
            message: "interrupted before its tags were moved; none was touched".to_owned(),
            next: None,
        })
    }

    /// A builder that went away, refused, or answered something else than what it was asked for.
    pub(super) fn builder(message: impl Into<String>, next: &str) -> Box<Self> {
        Box::new(Self {
            kind: FailureKind::Builder,
            message: message.into(),
            next: Some(next.to_owned()),
        })
    }

    /// A registry that has something else than what was pushed.
    pub(super) fn registry(message: impl Into<String>, next: &str) -> Box<Self> {
        Box::new(Self {
            kind: FailureKind::Registry,
            message: message.into(),
            next: Some(next.to_owned()),
        })
    }
}

impl From<RegistryError> for Box<Failure> {
    fn from(error: RegistryError) -> Self {
        Failure::registry(with_causes(&error), &error.next_step())
    }
}

/// Kinds of failures.
#[derive(Debug, Clone)]
pub enum FailureKind {
    /// A step of the recipe.
    Step {
        /// The step's name.
        name: String,
        /// Where it stands; several places where several steps share a layer.
        places: Vec<Place>,
        /// How its program ended.
        exit_code: Option<i64>,
        /// The last lines it wrote.
        logs: Vec<String>,
    },
    /// Tests of the finished image: all of them, of which some failed.
    Tests(Vec<TestReport>),
    /// The image is larger than its recipe allows, or a step would be emulated where that is denied.
    Limit {
        /// Where the limit stands, or the step.
        place: Place,
        /// The largest layers, each in words.
        layers: Vec<String>,
    },
    /// The builder went away or refused.
    Builder,
    /// The registry went away or refused.
    Registry,
    /// The place of an output cannot be written to.
    Output,
    /// A policy refuses the result.
    Policy,
    /// The ledger cannot be written.
    Ledger,
    /// The user ended the build.
    Interrupted,
    /// A mistake of kiln itself.
    Bug,
}

impl LegReport {
    /// The tests that were run to their end.
    pub fn tests(&self) -> &[TestReport] {
        match &self.state {
            LegState::Built(solved) => &solved.tests,
            LegState::Failed(failure) => match &failure.kind {
                FailureKind::Tests(tests) => tests,
                _ => &[],
            },
            LegState::Skipped(_) => &[],
        }
    }
}

impl ImageReport {
    /// Whether some of its legs were built and others not.
    pub fn is_partial(&self) -> bool {
        let built = self.built();
        built > 0 && built < self.legs.len()
    }

    /// How many legs were built.
    pub fn built(&self) -> usize {
        self.legs
            .values()
            .filter(|leg| matches!(leg.state, LegState::Built(_)))
            .count()
    }
}
