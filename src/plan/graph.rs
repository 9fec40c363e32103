//! The graph of images: parents before children.

use std::collections::{BTreeMap, BTreeSet};

use super::links::{Edges, Linked, edges, order};
use super::select::{Selector, SelectorError};
use crate::diagnostic::Findings;
use crate::oci::Platform;
use crate::recipe::{Image, RecipeRef};

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
    let linked: Vec<Linked<'_>> = images.iter().map(Linked::of).collect();
    let edges = edges(&linked, findings);
    let order = order(&linked, &edges, findings);
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
