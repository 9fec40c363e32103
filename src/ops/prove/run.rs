//! The three builds.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::judge::{Builds, judge};
use super::report::Proof;
use crate::lower::Typed;
use crate::oci::Platform;
use crate::ops::apart;
use crate::ops::build::{
    self, BuildOptions, BuildReport, EventSink, Failure, FailureKind, LegReport, LegState, Output,
    OutputState, Scratch,
};
use crate::ops::connect::{Backends, Ready};
use crate::ops::error::OpError;
use crate::ops::load::{self, Loaded};

/// Where the builds go, below the workspace.
const OWN_FOLDER: &str = ".kiln";
const ROOM: &str = "make room there, or name another folder by --scratch";

/// What is to be proven.
#[derive(Debug, Clone, Default)]
pub struct ProveOptions {
    /// What `build` would be asked for. Where images go is not heeded; `no_cache` is about the build with native
    /// tools, as the emulated ones always run all steps.
    pub build: BuildOptions,
    /// Where the builds go meanwhile; below the workspace where nothing is said.
    pub scratch: Option<PathBuf>,
}

/// How one of the builds is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As `build` does.
    Tools,
    /// All programs of a foreign platform emulated.
    Emulated,
    /// The same once more.
    EmulatedAgain,
}

impl Way {
    /// All, in the order in which they are made.
    pub const ALL: [Way; 3] = [Way::Tools, Way::Emulated, Way::EmulatedAgain];

    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tools => "with native tools",
            Self::Emulated => "emulated",
            Self::EmulatedAgain => "emulated once more",
        }
    }
}

/// A proof on its way. Dropping it removes what was built.
#[derive(Debug)]
pub struct Proving {
    options: BuildOptions,
    scratch: Scratch,
    /// The foreign platforms of each image that was asked for.
    foreign: BTreeMap<String, BTreeSet<Platform>>,
    reports: Vec<BuildReport>,
}

/// Looks at what there is to prove, and makes room for it.
pub fn begin(
    loaded: &Loaded,
    options: &ProveOptions,
    backends: &Backends,
) -> Result<Proving, OpError> {
    build::check(loaded, &options.build)?;
    let selectors = &options.build.selectors;
    if selectors.is_empty() && loaded.named_files.is_empty() {
        return Err(OpError::Usage {
            message: "no image is named, and each is built three times".to_owned(),
            next: Some("name images; `kiln prove '*'` proves all".to_owned()),
        });
    }
    let plan = load::planned(loaded, selectors, &options.build.platforms)?;
    let mut foreign = BTreeMap::new();
    let mut native = BTreeSet::new();
    for planned in plan.images.iter().filter(|planned| planned.requested) {
        let (of_others, own): (BTreeSet<Platform>, BTreeSet<Platform>) = planned
            .platforms
            .iter()
            .partition(|platform| is_foreign(**platform, &backends.builders));
        native.extend(own);
        if !of_others.is_empty() {
            foreign.insert(planned.image.name(), of_others);
        }
    }
    if foreign.is_empty() {
        return Err(nothing_foreign(&native));
    }
    let own = || loaded.workspace.root.join(OWN_FOLDER);
    let folder = options.scratch.clone().unwrap_or_else(own);
    let scratch = Scratch::in_folder(&folder).map_err(|error| OpError::Usage {
        message: format!("cannot write to `{}`: {error}", folder.display()),
        next: Some(ROOM.to_owned()),
    })?;
    Ok(Proving {
        options: options.build.clone(),
        scratch,
        foreign,
        reports: Vec::new(),
    })
}

/// Whether a platform is emulated on the builder that would make it.
fn is_foreign(platform: Platform, builders: &[Ready]) -> bool {
    let mut able = builders
        .iter()
        .filter(|ready| ready.platforms.contains(&platform));
    able.all(|ready| platform.is_foreign_to(ready.info.native))
}

fn nothing_foreign(native: &BTreeSet<Platform>) -> OpError {
    let native: Vec<String> = native.iter().map(ToString::to_string).collect();
    OpError::Usage {
        message: format!(
            "there is nothing to prove: a builder has {} natively",
            native.join(" and ")
        ),
        next: Some(
            "choose platforms that no builder has natively, or a builder that emulates them"
                .to_owned(),
        ),
    }
}

impl Proving {
    /// How many legs are to be compared.
    pub fn legs(&self) -> usize {
        self.foreign.values().map(BTreeSet::len).sum()
    }

    /// Makes one of the builds; they are made in the order of [`Way::ALL`].
    pub async fn build(
        &mut self,
        way: Way,
        loaded: &Loaded,
        backends: &Backends,
        events: &EventSink,
    ) -> Result<&BuildReport, OpError> {
        let mut options = BuildOptions {
            push: false,
            outputs: vec![Output::Layout(self.layout())],
            ..self.options.clone()
        };
        if way != Way::Tools {
            // The first build has the platforms that a user's has, as native tools may come from another leg.
            options.platforms = self.foreign.values().flatten().copied().collect();
            options.typed = Typed::Emulated;
            options.no_cache = true;
        }
        let built = build::run(loaded, &options, backends, events).await;
        let mut report = built?;
        advise(&mut report);
        self.reports.push(report);
        self.reports
            .last()
            .ok_or_else(|| OpError::Bug("a build without a report".to_owned()))
    }

    /// Whether the last build has all that is to be compared.
    pub fn is_whole(&self) -> bool {
        let Some(report) = self.reports.last() else {
            return false;
        };
        let is_built = |(image, platforms): (&String, &BTreeSet<Platform>)| {
            let found = report.images.iter().find(|it| it.image == *image);
            let made = |platform| found.and_then(|it| it.legs.get(platform)).is_some_and(made);
            platforms.iter().all(made)
        };
        let written = |state: &OutputState| matches!(state, OutputState::Written);
        self.foreign.iter().all(is_built) && report.outputs.iter().all(|it| written(&it.state))
    }

    /// Compares what was built, and removes it.
    pub async fn compare(self) -> Result<Proof, OpError> {
        let Ok([tools, first, second]) = <[BuildReport; 3]>::try_from(self.reports.clone()) else {
            return Err(OpError::Bug("not all builds were made".to_owned()));
        };
        let (layout, foreign) = (self.layout(), self.foreign.clone());
        apart(move || {
            let builds = Builds {
                layout: &layout,
                reports: [&tools, &first, &second],
            };
            let mut proof = judge(&builds, &foreign)?;
            proof.disk = size_of(&layout);
            Ok(proof)
        })
        .await
    }

    fn layout(&self) -> PathBuf {
        self.scratch.path().join("layout")
    }
}

fn made(leg: &LegReport) -> bool {
    matches!(&leg.state, LegState::Built(solved) if solved.manifest.is_some())
}

/// Where there is no room, the way out is ours, not that of `build`.
fn advise(report: &mut BuildReport) {
    let advise = |failure: &mut Failure| {
        if matches!(failure.kind, FailureKind::Output) {
            failure.next = Some(ROOM.to_owned());
        }
    };
    for image in &mut report.images {
        image.error.iter_mut().for_each(advise);
        for leg in image.legs.values_mut() {
            if let LegState::Failed(failure) = &mut leg.state {
                advise(failure);
            }
        }
    }
    for output in &mut report.outputs {
        if let OutputState::Failed(failure) = &mut output.state {
            advise(failure);
        }
    }
}

/// Bytes of the files below a folder; what cannot be read counts nothing.
fn size_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => size_of(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    });
    sizes.sum()
}
