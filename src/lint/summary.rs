//! What is kept of a recipe once it has been looked at: little, as there may be ten thousand.

use crate::oci::Platform;
use crate::recipe::{Image, Recipe, RecipeRef, Variant};
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
        let images = images
            .iter()
            .zip(references)
            .map(|(image, references)| ImageSummary::new(image, references))
            .collect();
        Self {
            name: Spanned::new(recipe.name().to_owned(), recipe.name_place().clone()),
            whole,
            images,
        }
    }
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
