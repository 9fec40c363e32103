//! What is kept of a recipe once it has been looked at: little, as there may be ten thousand.

use std::collections::{BTreeMap, BTreeSet};

use crate::oci::Platform;
use crate::recipe::{Content, Image, Recipe, RecipeRef, Step, Variant};
use crate::text::{Place, Spanned};

/// Facts about a recipe that rules across files need.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Its name.
    pub name: Spanned<String>,
    /// Whether everything in it could be expanded; else images are missing.
    pub whole: bool,
    /// Its images.
    pub images: Vec<ImageSummary>,
    /// The files of the snippets that it takes steps of, and the architectures for which it does.
    pub snippets: BTreeMap<String, BTreeSet<&'static str>>,
}

/// Facts about an image.
#[derive(Debug, Clone)]
pub struct ImageSummary {
    /// `REPOSITORY:TAG` with the first tag.
    pub name: String,
    /// The values of axes and columns.
    pub variant: Variant,
    /// What it is published as; without a registry the part below it.
    pub references: Vec<Spanned<String>>,
    /// The platforms it is built for.
    pub platforms: Vec<Platform>,
    /// The recipes it begins with or copies from.
    pub links: Vec<(Platform, RecipeRef, Place)>,
}

impl Summary {
    /// The facts about a recipe. `references` has one entry per image and tag.
    pub fn new(
        recipe: &Recipe,
        images: &[Image],
        references: Vec<Vec<String>>,
        whole: bool,
    ) -> Self {
        let snippets = snippets(images);
        let images = images
            .iter()
            .zip(references)
            .map(|(image, references)| ImageSummary::new(image, references))
            .collect();
        Self {
            name: Spanned::new(recipe.name().to_owned(), recipe.name_place().clone()),
            whole,
            images,
            snippets,
        }
    }
}

fn snippets(images: &[Image]) -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut all: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    for (platform, content) in images.iter().flat_map(|image| &image.contents) {
        for step in steps(content).filter(|step| !step.used.is_empty()) {
            let path = step.place.source.path();
            let architecture = platform.architecture();
            match all.get_mut(path) {
                Some(known) => {
                    known.insert(architecture);
                }
                None => {
                    all.insert(path.to_owned(), BTreeSet::from([architecture]));
                }
            }
        }
    }
    all
}

/// The steps of an image and of its stages.
fn steps(content: &Content) -> impl Iterator<Item = &Step> {
    let stages = content.stages.values().flat_map(|stage| &stage.steps);
    stages.chain(&content.steps)
}

impl ImageSummary {
    fn new(image: &Image, references: Vec<String>) -> Self {
        let places = image.tags.iter().map(|tag| tag.place.clone());
        let mut links: Vec<(Platform, RecipeRef, Place)> = Vec::new();
        for (platform, content) in &image.contents {
            for (reference, place) in content.recipes() {
                links.push((*platform, reference.clone(), place.clone()));
            }
        }
        Self {
            name: image.name(),
            variant: image.variant.clone(),
            references: references
                .into_iter()
                .zip(places)
                .map(|(reference, place)| Spanned::new(reference, place))
                .collect(),
            platforms: image.contents.keys().copied().collect(),
            links,
        }
    }
}
