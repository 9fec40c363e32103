//! How a step that runs a program runs it on a given builder, and why.

use serde::{Deserialize, Serialize};

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
}
