//! How a step that runs a program runs it on a given builder, and why.

use serde::{Deserialize, Serialize};

use super::Form;
use super::chain::shorten;
use super::stages::Lowering;
use crate::oci::Platform;
use crate::recipe::StepKind;
use crate::text::Place;

/// How typed steps are made for a foreign platform.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Typed {
    /// By programs of the builder's own platform, wherever they can do it.
    #[default]
    Tools,
    /// By the image's own programs, emulated: what [`Typed::Tools`] is held against.
    Emulated,
}

/// How the programs of a step run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The builder's machine is of the platform.
    Native,
    /// The image's platform is foreign to the builder, and programs of the builder's platform do the work in it.
    NativeTools,
    /// The image's own programs, emulated.
    Emulated,
}

impl Mode {
    /// The text form, as records and reports have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Native => "native",
            Mode::NativeTools => "native-tools",
            Mode::Emulated => "emulated",
        }
    }
}

/// How one step runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepMode {
    /// What the step is called in progress.
    pub title: String,
    /// Where it stands.
    pub place: Place,
    /// How it runs.
    pub mode: Mode,
    /// Why, in half a sentence: `linux/amd64 builder`, `a run step says only how`.
    pub why: String,
    /// Whether it is emulated although native tools could do such a step: something of the builder or of the image
    /// keeps them from it.
    pub is_fallback: bool,
}

/// What a step says of how it runs, where native tools have a part in it or might have had.
#[derive(Debug, Clone)]
pub(super) struct Said {
    mode: Mode,
    why: String,
    is_fallback: bool,
}

impl Said {
    fn new(mode: Mode, why: impl Into<String>) -> Self {
        Self {
            mode,
            why: why.into(),
            is_fallback: false,
        }
    }

    /// The builder is of the platform.
    fn native(why: impl Into<String>) -> Self {
        Self::new(Mode::Native, why)
    }

    /// Native tools do it.
    pub(super) fn tools(why: impl Into<String>) -> Self {
        Self::new(Mode::NativeTools, why)
    }

    /// It is emulated, as somebody wants it.
    pub(super) fn wanted(why: impl Into<String>) -> Self {
        Self::new(Mode::Emulated, why)
    }

    /// It is emulated, as something keeps native tools from it.
    pub(super) fn fallback(why: impl Into<String>) -> Self {
        Self {
            is_fallback: true,
            ..Self::wanted(why)
        }
    }
}

impl Lowering<'_> {
    /// Notes how the programs of a step run that native tools have no part in. The platform form knows no builder.
    pub(super) fn note_mode(&mut self, title: &str, place: &Place, platform: Platform, why: &str) {
        let Form::Builder(facts) = self.job.form else {
            return;
        };
        let said = if platform.is_foreign_to(facts.native) {
            Said::wanted(why)
        } else {
            Said::native(format!("{} builder", facts.native))
        };
        self.note_said(title, place, said);
    }

    /// Notes how a step runs that native tools have a part in, or might have had.
    pub(super) fn note_said(&mut self, title: &str, place: &Place, said: Said) {
        if matches!(self.job.form, Form::Platform) {
            return;
        }
        self.modes.push(StepMode {
            title: shorten(title),
            place: place.clone(),
            mode: said.mode,
            why: said.why,
            is_fallback: said.is_fallback,
        });
    }
}

/// Why the programs of a step are emulated where native tools have no part in it.
pub(super) fn why_emulated(kind: &StepKind) -> &'static str {
    match kind {
        StepKind::Run(..) => "a run step says only how",
        StepKind::Dnf(..) => "there are no native tools for dnf",
        StepKind::Apk(..) => "there are no native tools for apk",
        StepKind::Conda(..) => "there are no native tools for conda",
        StepKind::Apt(..) | StepKind::Pip(..) => "without native tools",
        _ => "a small program of the image does it",
    }
}
