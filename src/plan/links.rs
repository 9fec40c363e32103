//! Which image each reference to a recipe means, and that none needs itself.
//!
//! Of an image only its names and references count here: lint keeps no more of ten thousand recipes.

use std::collections::BTreeMap;

use crate::diagnostic::{Finding, Findings, nearest};
use crate::oci::Platform;
use crate::recipe::expr::Value;
use crate::recipe::{Image, RecipeRef, Variant};
use crate::text::{Place, Spanned};

/// An image as others refer to it, and whom it refers to.
#[derive(Debug, Clone)]
pub struct Linked<'a> {
    /// Its recipe's name.
    pub recipe: &'a Spanned<String>,
    /// `REPOSITORY:TAG`.
    pub name: String,
    /// The values of axes and columns.
    pub variant: &'a Variant,
    /// The platforms it is built for.
    pub platforms: Vec<Platform>,
    /// The recipes it begins with or copies from.
    pub links: Vec<(Platform, &'a RecipeRef, &'a Place)>,
}

impl<'a> Linked<'a> {
    pub(super) fn of(image: &'a Image) -> Self {
        let contents = image.contents.iter();
        let links = contents.flat_map(|(platform, content)| {
            let recipes = content.recipes().into_iter();
            recipes.map(|(reference, place)| (*platform, reference, place))
        });
        Self {
            recipe: &image.recipe,
            name: image.name(),
            variant: &image.variant,
            platforms: image.contents.keys().copied().collect(),
            links: links.collect(),
        }
    }
}

/// Reports two recipes of one name.
pub fn check_names<'a>(names: impl Iterator<Item = &'a Spanned<String>>, findings: &mut Findings) {
    let mut seen: BTreeMap<&str, &Spanned<String>> = BTreeMap::new();
    for name in names {
        if let Some(first) = seen.get(name.value.as_str()) {
            let message = format!("two recipes are named `{}`", name.value);
            findings.push(
                Finding::error(&name.place, message)
                    .with_rule("duplicate-name")
                    .with_related(&first.place, "the other one"),
            );
        }
        seen.insert(&name.value, name);
    }
}

/// Reports references that mean no image or several, and images that need each other.
pub fn check_links(images: &[Linked<'_>], findings: &mut Findings) {
    let edges = edges(images, findings);
    order(images, &edges, findings);
}

/// The id of a reference that means no image.
const UNKNOWN: &str = "unknown-recipe";

/// The images that each image needs, by position.
pub(super) type Edges = BTreeMap<usize, BTreeMap<RecipeRef, usize>>;

/// Which image each reference to a recipe means.
pub(super) fn edges(images: &[Linked<'_>], findings: &mut Findings) -> Edges {
    let mut by_recipe: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, image) in images.iter().enumerate() {
        let own = by_recipe.entry(&image.recipe.value).or_default();
        own.push(index);
    }
    let mut edges = Edges::new();
    for (index, image) in images.iter().enumerate() {
        let own = edges.entry(index).or_default();
        for &(platform, reference, place) in &image.links {
            match find(images, &by_recipe, reference) {
                Ok(parent) => {
                    if !images[parent].platforms.contains(&platform) {
                        let name = &images[parent].name;
                        let message = format!("`{name}` is not built for {platform}");
                        let help = "add the platform there, or exclude it here with a reason";
                        let finding = Finding::error(place, message).with_help(help);
                        findings.push(finding.with_rule(UNKNOWN));
                    }
                    own.insert(reference.clone(), parent);
                }
                Err(message) => findings.error_of(UNKNOWN, place, message),
            }
        }
    }
    edges
}

/// The one variant whose axes and columns have the values asked for.
fn find(
    images: &[Linked<'_>],
    by_recipe: &BTreeMap<&str, Vec<usize>>,
    reference: &RecipeRef,
) -> Result<usize, String> {
    let Some(of_recipe) = by_recipe.get(reference.recipe.as_str()) else {
        let near = nearest(&reference.recipe, by_recipe.keys().copied());
        let hint = near
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        return Err(format!("there is no recipe `{}`{hint}", reference.recipe));
    };
    let first = of_recipe.first().copied().unwrap_or_default();
    for name in reference.select.keys() {
        if images[first].variant.get(name).is_none() {
            return Err(format!(
                "`{}` has no axis or column `{name}`",
                reference.recipe
            ));
        }
    }
    let fits = |image: &Linked<'_>| {
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
        .iter()
        .copied()
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

/// Depth first in the order given, so that the result depends on nothing but names and edges. A chain of
/// parents may be as long as the workspace has images, so the way back is a list and not the stack.
pub(super) fn order(images: &[Linked<'_>], edges: &Edges, findings: &mut Findings) -> Vec<usize> {
    let mut order = Vec::new();
    let mut seen = vec![Seen::No; images.len()];
    for first in 0..images.len() {
        let mut open: Vec<(usize, Vec<usize>)> = Vec::new();
        let mut next = Some(first);
        loop {
            match next.map(|index| (index, seen[index])) {
                Some((index, Seen::No)) => {
                    seen[index] = Seen::Open;
                    let parents = edges[&index].values().rev().copied().collect();
                    open.push((index, parents));
                }
                Some((index, Seen::Open)) => circle(images, &open, index, findings),
                Some((_, Seen::Done)) | None => {}
            }
            let Some((index, parents)) = open.last_mut() else {
                break;
            };
            next = parents.pop();
            if next.is_none() {
                seen[*index] = Seen::Done;
                order.push(*index);
                open.pop();
            }
        }
    }
    order
}

/// How far an image has come in [`order`].
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    No,
    Open,
    Done,
}

fn circle(
    images: &[Linked<'_>],
    open: &[(usize, Vec<usize>)],
    index: usize,
    findings: &mut Findings,
) {
    let inside = open.iter().map(|(open, _)| *open);
    let inside = inside.skip_while(|&open| open != index);
    let names: Vec<&str> = inside
        .chain([index])
        .map(|index| images[index].name.as_str())
        .collect();
    let place: &Place = &images[index].recipe.place;
    let message = format!("images need each other: {}", names.join(" → "));
    findings.error_of("recipe-cycle", place, message);
}
