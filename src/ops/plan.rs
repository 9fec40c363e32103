//! What would be built, without a builder; with bases resolved, the graphs as well.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::build::{denying, epochs, planned_denials, rehearse};
use super::current::KnownBases;
use super::error::OpError;
use super::load::{Loaded, planned};
use super::lock;
use super::modes::{LegModes, leg_modes};
use super::probe::KnownBuilder;
use super::resolve::resolve;
use crate::diagnostic::Finding;
use crate::llb::{Definition, dump};
use crate::lower::{Form, LocalFiles, unbuilt};
use crate::oci::Platform;
use crate::plan::{self, Leg, Plan};
use crate::recipe::{Base, Refresh};
use crate::registry::Registry;

/// What to plan.
#[derive(Debug, Clone, Default)]
pub struct PlanOptions {
    /// Which images: `NAME` or `REPOSITORY:TAG`, with `*` and `?`; all where there is none.
    pub selectors: Vec<String>,
    /// Which platforms; all of each image where there is none.
    pub platforms: BTreeSet<Platform>,
    /// Seconds since 1970 for the images' times.
    pub epoch: Option<i64>,
    /// Whether everything must be in the lock.
    pub locked: bool,
    /// The builders that are known, for what depends on them.
    pub builders: Option<Vec<KnownBuilder>>,
    /// Whether it is told how every step runs.
    pub steps: bool,
}

/// An image of a plan.
#[derive(Debug, Clone)]
pub struct PlannedImage {
    /// The recipe's name.
    pub name: String,
    /// The variant's name: its first tag.
    pub variant: String,
    /// `REPOSITORY:TAG`.
    pub image: String,
    /// Full references, one per tag; none without a registry.
    pub references: Vec<String>,
    /// The recipe's file.
    pub file: String,
    /// Images that it begins with or copies from, as `REPOSITORY:TAG`.
    pub parents: Vec<String>,
    /// Whether it was asked for.
    pub requested: bool,
    /// How often it is to be made anew, in the recipe's word.
    pub refresh: Option<&'static str>,
    /// Its platforms.
    pub legs: Vec<PlannedLeg>,
    /// The platforms that the recipe excludes, with the reasons.
    pub excluded: Vec<(Platform, String)>,
}

/// One platform of a planned image.
#[derive(Debug, Clone)]
pub struct PlannedLeg {
    /// The platform.
    pub platform: Platform,
    /// What it begins with.
    pub base: String,
    /// How many steps it has, stages included.
    pub steps: usize,
    /// How many tests are run on it.
    pub tests: usize,
    /// Where it begins with a Dockerfile: the file, and what stands for its result in the leg's graph.
    pub dockerfile: Option<(String, String)>,
    /// How its steps run, where that was asked.
    pub modes: Option<LegModes>,
}

/// What would be built.
#[derive(Debug, Clone)]
pub struct Planning {
    /// The images, parents before children.
    pub images: Vec<PlannedImage>,
    /// What a build would refuse on the builders that are known.
    pub warnings: Vec<Finding>,
}

/// Plans without asking anybody.
pub fn plan(loaded: &Loaded, options: &PlanOptions) -> Result<Planning, OpError> {
    let plan = make(loaded, options)?;
    let mut modes = match &options.builders {
        None => BTreeMap::new(),
        Some(builders) if options.steps => leg_modes(loaded, &plan, plan.legs(), builders),
        // To lower every leg of hundreds of images takes longer than all the rest.
        Some(builders) => leg_modes(loaded, &plan, denying(&plan), builders),
    };
    let warnings = planned_denials(&plan, &modes);
    let images = plan.images.iter().enumerate();
    let images = images.map(|(number, image)| {
        let mut shown = view(loaded, &plan, image);
        for leg in &mut shown.legs {
            let (image, platform) = (number, leg.platform);
            leg.modes = modes
                .remove(&Leg { image, platform })
                .filter(|_| options.steps);
        }
        shown
    });
    let images = images.collect();
    Ok(Planning { images, warnings })
}

pub(super) fn make(loaded: &Loaded, options: &PlanOptions) -> Result<Plan, OpError> {
    let plan = planned(loaded, &options.selectors, &options.platforms)?;
    if plan.legs().is_empty() && !options.platforms.is_empty() {
        return Err(OpError::usage(
            "none of these images has one of these platforms",
        ));
    }
    Ok(plan)
}

fn view(loaded: &Loaded, plan: &Plan, planned: &plan::Planned) -> PlannedImage {
    let image = &planned.image;
    let destination = loaded.destination_of(image);
    let parents: BTreeSet<String> = planned
        .parents
        .values()
        .map(|&parent| plan.images[parent].image.name())
        .collect();
    PlannedImage {
        name: image.recipe.value.clone(),
        variant: image.tag().to_owned(),
        image: image.name(),
        references: destination
            .references
            .iter()
            .map(ToString::to_string)
            .collect(),
        file: image.source.path().to_owned(),
        parents: parents.into_iter().collect(),
        requested: planned.requested,
        refresh: image.refresh.map(Refresh::as_str),
        excluded: image.excluded.clone().into_iter().collect(),
        legs: planned
            .platforms
            .iter()
            .map(|platform| {
                let content = &image.contents[platform];
                let stages = content.stages.values().map(|stage| stage.steps.len());
                PlannedLeg {
                    platform: *platform,
                    base: base_words(&content.base.value),
                    steps: content.steps.len() + stages.sum::<usize>(),
                    tests: content.tests.len(),
                    modes: None,
                    dockerfile: content.dockerfile().map(|dockerfile| {
                        let file = dockerfile.file.value.clone();
                        (file, unbuilt(&image.repository.value))
                    }),
                }
            })
            .collect(),
    }
}

fn base_words(base: &Base) -> String {
    match base {
        Base::Image(reference) => reference.to_string(),
        Base::Scratch => "scratch".to_owned(),
        Base::Recipe(reference) => format!("recipe {}", reference.recipe),
        Base::Stage(name) => format!("stage {name}"),
        Base::Rootfs(path) => format!("rootfs {path}"),
        Base::Oci { folder, tag } => format!("oci {folder}:{tag}"),
        Base::Dockerfile(dockerfile) => format!("dockerfile {}", dockerfile.file.value),
    }
}

/// Writes every leg's graph into a folder: `NAME.OS-ARCH.llb` as `buildctl` reads it, and the same as
/// text in `.txt`. Asks the registry for bases, and no builder.
pub async fn write_llb(
    loaded: &Loaded,
    options: &PlanOptions,
    registry: &Arc<dyn Registry>,
    folder: &Path,
) -> Result<Vec<PathBuf>, OpError> {
    let plan = make(loaded, options)?;
    let root = &loaded.workspace.root;
    // Without a builder the target stands for whatever stages run on.
    let lock = loaded.lock.as_ref();
    if options.locked {
        lock::require(loaded, &plan)?;
    }
    let known = KnownBases::new();
    let pins = resolve(&plan, &|target| target, &known, registry, root, lock)
        .await?
        .pins;
    let reproducible = loaded.workspace.reproducible;
    let epochs = epochs(&plan, &pins, &BTreeMap::new(), options.epoch, reproducible);
    let files = LocalFiles::new(root);
    let graphs = rehearse(&plan, &pins, &epochs, &files, &|_| None, |_| {
        &Form::Platform
    });
    let graphs = graphs.map_err(OpError::Invalid)?;
    std::fs::create_dir_all(folder).map_err(|source| write_error(folder, source))?;
    let mut written = Vec::new();
    for (leg, lowered) in graphs {
        let name = plan.images[leg.image].image.name().replace(['/', ':'], "_");
        let platform = leg.platform.to_string().replace('/', "-");
        let definition = Definition::of(&lowered.state);
        let path = folder.join(format!("{name}.{platform}.llb"));
        std::fs::write(&path, definition.encode()).map_err(|source| write_error(&path, source))?;
        let text = folder.join(format!("{name}.{platform}.txt"));
        std::fs::write(&text, dump(&definition)).map_err(|source| write_error(&text, source))?;
        written.push(path);
    }
    Ok(written)
}

fn write_error(path: &Path, source: std::io::Error) -> OpError {
    OpError::File {
        action: "write",
        path: path.display().to_string(),
        source,
    }
}
