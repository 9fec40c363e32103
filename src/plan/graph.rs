//! The graph of images: parents before children.

use std::collections::{BTreeMap, BTreeSet};

use super::select::{Selector, SelectorError};
use crate::diagnostic::{Finding, Findings};
use crate::oci::Platform;
use crate::recipe::expr::Value;
use crate::recipe::{Image, RecipeRef};
use crate::text::Place;

/// Images in build order.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The images; a parent stands before its children.
    pub images: Vec<Planned>,
}

/// An image with its place in the plan.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The image.
    pub image: Image,
    /// The platforms that are built, a subset of the image's.
    pub platforms: BTreeSet<Platform>,
    /// The images it begins with or copies from, as positions in the plan.
    pub parents: BTreeMap<RecipeRef, usize>,
    /// Whether it was asked for, and not only needed by one that was.
    pub requested: bool,
}

/// One image on one platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leg {
    /// Position of the image in the plan.
    pub image: usize,
    /// The platform.
    pub platform: Platform,
}

impl Planned {
    /// The platforms that the image has and that are not built.
    pub fn left_out(&self) -> Vec<Platform> {
        let all = self.image.contents.keys();
        all.filter(|platform| !self.platforms.contains(platform))
            .copied()
            .collect()
    }
}

impl Plan {
    /// All legs, in build order.
    pub fn legs(&self) -> Vec<Leg> {
        self.images
            .iter()
            .enumerate()
            .flat_map(|(image, planned)| {
                planned
                    .platforms
                    .iter()
                    .map(move |&platform| Leg { image, platform })
            })
            .collect()
    }
}

/// Orders images, and keeps those that `selectors` mean and what these need. No selector means all.
/// `platforms` limits what is built; empty means every platform an image has.
pub fn plan(
    images: Vec<Image>,
    selectors: &[Selector],
    platforms: &BTreeSet<Platform>,
    findings: &mut Findings,
) -> Result<Plan, SelectorError> {
    let requested = requested(&images, selectors)?;
    let edges = edges(&images, findings);
    let order = order(&images, &edges, findings);
    let needed = needed(&requested, &edges);
    let meant = |platform: &Platform| platforms.is_empty() || platforms.contains(platform);
    // What is only needed and has none of the platforms is left out before positions are given.
    let kept = |index: &&usize| {
        let has_any = || images[**index].contents.keys().any(meant);
        requested.contains(index) || needed.contains(index) && has_any()
    };
    let positions: BTreeMap<usize, usize> = order
        .iter()
        .filter(kept)
        .enumerate()
        .map(|(position, &index)| (index, position))
        .collect();
    let mut taken: BTreeMap<usize, Image> = images.into_iter().enumerate().collect();
    let mut plan = Plan::default();
    for index in order {
        if !positions.contains_key(&index) {
            continue;
        }
        let Some(image) = taken.remove(&index) else {
            continue;
        };
        let own = image.contents.keys().copied();
        let parents = edges[&index]
            .iter()
            .filter_map(|(reference, parent)| Some((reference.clone(), *positions.get(parent)?)))
            .collect();
        plan.images.push(Planned {
            platforms: own.filter(meant).collect(),
            parents,
            requested: requested.contains(&index),
            image,
        });
    }
    Ok(plan)
}

fn requested(images: &[Image], selectors: &[Selector]) -> Result<BTreeSet<usize>, SelectorError> {
    if selectors.is_empty() {
        return Ok((0..images.len()).collect());
    }
    let mut all = BTreeSet::new();
    for selector in selectors {
        let meant: Vec<usize> = (0..images.len())
            .filter(|&index| selector.matches(&images[index]))
            .collect();
        if meant.is_empty() {
            return Err(selector.unknown(images));
        }
        all.extend(meant);
    }
    Ok(all)
}

type Edges = BTreeMap<usize, BTreeMap<RecipeRef, usize>>;

/// Which image each reference to a recipe means.
fn edges(images: &[Image], findings: &mut Findings) -> Edges {
    let mut edges = Edges::new();
    for (index, image) in images.iter().enumerate() {
        let own = edges.entry(index).or_default();
        for (platform, content) in &image.contents {
            for (reference, place) in content.recipes() {
                match find(images, reference) {
                    Ok(parent) => {
                        if !images[parent].contents.contains_key(platform) {
                            let name = images[parent].name();
                            let message = format!("`{name}` is not built for {platform}");
                            findings.push(Finding::error(place, message).with_help(
                                "add the platform there, or exclude it here with a reason",
                            ));
                        }
                        own.insert(reference.clone(), parent);
                    }
                    Err(message) => findings.error(place, message),
                }
            }
        }
    }
    edges
}

/// The one variant whose axes and columns have the values asked for.
fn find(images: &[Image], reference: &RecipeRef) -> Result<usize, String> {
    let of_recipe: Vec<usize> = (0..images.len())
        .filter(|&i| images[i].recipe.value == reference.recipe)
        .collect();
    let Some(&first) = of_recipe.first() else {
        let names: BTreeSet<&str> = images.iter().map(|i| i.recipe.value.as_str()).collect();
        let near = crate::diagnostic::nearest(&reference.recipe, names);
        let hint = near
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        return Err(format!("there is no recipe `{}`{hint}", reference.recipe));
    };
    for name in reference.select.keys() {
        if images[first].variant.get(name).is_none() {
            return Err(format!(
                "`{}` has no axis or column `{name}`",
                reference.recipe
            ));
        }
    }
    let fits = |image: &Image| {
        reference
            .select
            .iter()
            .all(|(name, wanted)| match image.variant.get(name) {
                Some(Value::Text(text)) => text == wanted,
                Some(Value::Bool(value)) => value.to_string() == *wanted,
                _ => false,
            })
    };
    let fitting: Vec<usize> = of_recipe
        .into_iter()
        .filter(|&i| fits(&images[i]))
        .collect();
    match fitting.as_slice() {
        [one] => Ok(*one),
        [] => Err(format!(
            "no variant of `{}` has these values",
            reference.recipe
        )),
        many => {
            let names: Vec<String> = many
                .iter()
                .map(|&index| format!("({})", images[index].variant))
                .collect();
            Err(format!(
                "these values fit {} variants: {}",
                many.len(),
                names.join(", ")
            ))
        }
    }
}

/// Depth first in the order given, so that the result depends on nothing but names and edges.
fn order(images: &[Image], edges: &Edges, findings: &mut Findings) -> Vec<usize> {
    let mut order = Vec::new();
    let mut done = BTreeSet::new();
    for index in 0..images.len() {
        visit(
            index,
            images,
            edges,
            &mut Vec::new(),
            &mut done,
            &mut order,
            findings,
        );
    }
    order
}

fn visit(
    index: usize,
    images: &[Image],
    edges: &Edges,
    open: &mut Vec<usize>,
    done: &mut BTreeSet<usize>,
    order: &mut Vec<usize>,
    findings: &mut Findings,
) {
    if done.contains(&index) {
        return;
    }
    if let Some(at) = open.iter().position(|&other| other == index) {
        let mut names: Vec<String> = open[at..].iter().map(|&i| images[i].name()).collect();
        names.push(images[index].name());
        let place: &Place = &images[index].recipe.place;
        findings.error(
            place,
            format!("images need each other: {}", names.join(" → ")),
        );
        return;
    }
    open.push(index);
    for &parent in edges[&index].values() {
        visit(parent, images, edges, open, done, order, findings);
    }
    open.pop();
    if done.insert(index) {
        order.push(index);
    }
}

fn needed(requested: &BTreeSet<usize>, edges: &Edges) -> BTreeSet<usize> {
    let mut all = BTreeSet::new();
    let mut open: Vec<usize> = requested.iter().copied().collect();
    while let Some(index) = open.pop() {
        if all.insert(index) {
            open.extend(edges[&index].values());
        }
    }
    all
}
