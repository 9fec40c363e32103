//! What a proof found.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::lower::{Mode, StepMode};
use crate::oci::Platform;

/// What was compared, and what was found.
#[derive(Debug, Clone, Default)]
pub struct Proof {
    /// Every image and foreign platform, in build order.
    pub legs: Vec<ProvedLeg>,
    /// Bytes that the three builds took on disk; they are removed.
    pub disk: u64,
}

/// One image on one foreign platform.
#[derive(Debug, Clone)]
pub struct ProvedLeg {
    /// `REPOSITORY:TAG`.
    pub image: String,
    /// The platform.
    pub platform: Platform,
    /// Who built it.
    pub builder: String,
    /// How its steps ran in the build with native tools.
    pub steps: Vec<StepMode>,
    /// How long its builds took.
    pub times: Times,
    /// Layers that are the same bytes in all three builds: the base's, and those of reproducible steps.
    pub same_layers: usize,
    /// Layers that were read and compared.
    pub compared_layers: usize,
    /// Entries of the latter, of which all but times was compared.
    pub entries: usize,
    /// Differences that the two emulated builds have between themselves as well.
    pub by_chance: Vec<Found>,
    /// Differences that are documented, by the name of their excuse.
    pub excused: BTreeMap<&'static str, Vec<Found>>,
    /// All others.
    pub differences: Vec<Found>,
}

/// How long the builds of a leg took. A step whose result was known takes no time in the first of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    /// With native tools.
    pub tools: Duration,
    /// Emulated, twice.
    pub emulated: [Duration; 2],
}

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The layer, counted from 1 in the manifest; nothing where it is about all of them.
    pub layer: Option<usize>,
    /// What made the layer, as the image's history has it.
    pub made_by: Option<String>,
    /// The path, beginning with `/`; nothing where it is about all of the layer.
    pub path: Option<String>,
    /// In what it differs.
    pub what: &'static str,
    /// What it is with native tools.
    pub tools: String,
    /// What it is in the first emulated build.
    pub emulated: String,
}

impl Proof {
    /// How many differences are neither chance nor excused.
    pub fn differences(&self) -> usize {
        self.legs.iter().map(|leg| leg.differences.len()).sum()
    }
}

impl ProvedLeg {
    /// Whether any step was made by native tools; nothing where that is not known.
    pub fn uses_tools(&self) -> Option<bool> {
        let uses = |step: &StepMode| step.mode == Mode::NativeTools;
        (!self.steps.is_empty()).then(|| self.steps.iter().any(uses))
    }
}
