//! What recipes say for each variant, with nothing left to decide.
//!
//! 1. the images that are asked for, in the order of the workspace
//! 2. each resolved on each of its platforms that is asked for (`recipe::resolve`)
//! 3. what the recipe leaves to the workspace or to kiln is added, and marked as such
//! 4. the platforms laid together: what is equal once

use std::collections::{BTreeMap, BTreeSet};

use super::error::OpError;
use super::facts;
use super::load::{Loaded, defaults, planned};
use crate::diagnostic::Findings;
use crate::lower::LocalFiles;
use crate::oci::Platform;
use crate::recipe::{Image, Surroundings, resolve, together};
use crate::schema::RECIPE;
use crate::text::Place;
use crate::workspace::Workspace;
use crate::yaml::{self, Node};

pub use crate::recipe::{Entry, Line, Origin, Tree, TreeKind, lines};

/// What to show.
#[derive(Debug, Clone, Default)]
pub struct ShowOptions {
    /// Which images: `NAME` or `REPOSITORY:TAG`, with `*` and `?`; all where there is none.
    pub selectors: Vec<String>,
    /// Which platforms; all of each image where there is none.
    pub platforms: BTreeSet<Platform>,
    /// Values of `--set`.
    pub set: BTreeMap<String, String>,
}

/// A variant with nothing left to decide.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The recipe's name.
    pub name: String,
    /// The variant's name: its first tag.
    pub variant: String,
    /// `REPOSITORY:TAG`.
    pub image: String,
    /// The recipe's file.
    pub file: String,
    /// All platforms in one: what differs stands under `match: platform`.
    pub tree: Tree,
    /// Each platform by itself.
    pub platforms: Vec<(Platform, Tree)>,
}

/// Resolves the images that are asked for.
pub fn show(loaded: &Loaded, options: &ShowOptions) -> Result<Vec<Shown>, OpError> {
    let plan = planned(loaded, &options.selectors, &options.platforms)?;
    let asked: BTreeMap<String, Vec<Platform>> = plan
        .images
        .iter()
        .filter(|planned| planned.requested && !planned.platforms.is_empty())
        .map(|planned| {
            (
                key(&planned.image),
                planned.platforms.iter().copied().collect(),
            )
        })
        .collect();
    if asked.is_empty() && !options.platforms.is_empty() {
        return Err(OpError::usage(
            "none of these images has one of these platforms",
        ));
    }
    let facts = facts::facts(&loaded.workspace.root, loaded.period.clone());
    let defaults = defaults(&loaded.workspace);
    let files = LocalFiles::new(&loaded.workspace.root);
    let templates = |path: &str| files.read(path);
    let folders = |path: &str| files.names(path);
    let around = Surroundings {
        defaults: &defaults,
        set: &options.set,
        facts: &facts,
        templates: &templates,
        folders: &folders,
    };
    let given = Given::of(&loaded.workspace);
    let mut findings = Findings::new();
    let mut all = Vec::new();
    for image in &loaded.images {
        if let Some(platforms) = asked.get(&key(image)) {
            all.extend(one(loaded, image, platforms, around, &given, &mut findings));
        }
    }
    if findings.has_errors() {
        return Err(OpError::Invalid(findings));
    }
    Ok(all)
}

/// What tells an image from all others of a workspace.
fn key(image: &Image) -> String {
    format!("{}\n{}", image.recipe.value, image.name())
}

fn one(
    loaded: &Loaded,
    image: &Image,
    platforms: &[Platform],
    around: Surroundings<'_>,
    given: &Given,
    findings: &mut Findings,
) -> Option<Shown> {
    let recipe = loaded
        .recipes
        .iter()
        .find(|recipe| recipe.name() == image.recipe.value)?;
    let resolved = resolve(recipe, &image.variant, platforms, around, findings)?;
    let mut each = resolved.platforms;
    let written = resolved.written.as_ref();
    for (platform, tree) in &mut each {
        add(tree, "platforms", given.platforms(written, &[*platform]));
        given.complete(tree, image);
    }
    let mut tree = together(&each)?;
    if let TreeKind::Map(entries) = &mut tree.kind {
        entries.retain(|entry| entry.key != "platforms");
    }
    add(&mut tree, "platforms", given.platforms(written, platforms));
    Some(Shown {
        name: image.recipe.value.clone(),
        variant: image.tag().to_owned(),
        image: image.name(),
        file: image.source.path().to_owned(),
        tree,
        platforms: each,
    })
}

/// Adds a key that is not there, at its place in the language.
fn add(tree: &mut Tree, key: &str, value: Tree) {
    let place = |key: &str| RECIPE.fields.iter().position(|field| field.key == key);
    let TreeKind::Map(entries) = &mut tree.kind else {
        return;
    };
    if entries.iter().any(|entry| entry.key == key) {
        return;
    }
    let at = entries
        .iter()
        .take_while(|entry| place(&entry.key) < place(key))
        .count();
    let entry = Entry {
        key: key.to_owned(),
        origin: value.origin.clone(),
        value,
    };
    entries.insert(at, entry);
}

/// What the workspace gives, with the places in `kiln.yaml`.
struct Given {
    tree: Option<Node>,
    registry: Option<String>,
    shell: String,
}

impl Given {
    fn of(workspace: &Workspace) -> Self {
        let file = workspace.file.as_ref();
        Self {
            tree: file.and_then(|file| yaml::parse(file, &mut Findings::new())),
            registry: workspace.registry.as_ref().map(|name| name.value.clone()),
            shell: workspace.shell.clone(),
        }
    }

    /// The place of a value in `kiln.yaml`, or kiln's own default.
    fn origin(&self, path: &[&str]) -> Origin {
        let mut place: Option<&Place> = None;
        let mut node = self.tree.as_ref();
        for key in path {
            node = node.and_then(|node| node.get(key));
            place = node.map(|node| &node.place);
        }
        place.map_or(Origin::Default, |place| Origin::Workspace(place.clone()))
    }

    /// Some platforms, each with its place where the recipe names it.
    fn platforms(&self, written: Option<&Tree>, platforms: &[Platform]) -> Tree {
        let default = self.origin(&["defaults", "platforms"]);
        let named: Vec<&Tree> = match written.map(|tree| &tree.kind) {
            Some(TreeKind::List(items)) => items.iter().collect(),
            _ => Vec::new(),
        };
        let item = |platform: &Platform| {
            let is_it = |item: &&&Tree| matches!(&item.kind, TreeKind::Text(text) if text.parse() == Ok(*platform));
            let found = named.iter().find(is_it).map(|item| item.origin.clone());
            Tree::text(
                found.unwrap_or_else(|| default.clone()),
                platform.to_string(),
            )
        };
        let items = platforms.iter().map(item).collect();
        let origin = written.map_or_else(|| default.clone(), |tree| tree.origin.clone());
        Tree::new(origin, TreeKind::List(items))
    }

    /// Adds what the recipe leaves out and the image has all the same.
    fn complete(&self, tree: &mut Tree, image: &Image) {
        if let Some(registry) = &self.registry {
            add(
                tree,
                "registry",
                Tree::text(self.origin(&["registry"]), registry),
            );
        }
        add(
            tree,
            "repository",
            Tree::text(Origin::Default, &image.repository.value),
        );
        if tree.get("dockerfile").is_none() {
            add(
                tree,
                "shell",
                Tree::text(self.origin(&["defaults", "shell"]), &self.shell),
            );
        }
    }
}
