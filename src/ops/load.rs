//! Finds the workspace, reads its recipes and expands them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::error::OpError;
use super::facts;
use super::find::{find_workspace, named_files, read};
use super::lock::PeriodFrom;
use super::places::{Destination, destination};
use crate::context::{PatternSet, expand as expand_glob};
use crate::diagnostic::{Finding, Findings, Kind, kind};
use crate::lint::{Allows, Levels, Published, allowed, duplicates, rule};
use crate::lock::Lock;
use crate::lower::LocalFiles;
use crate::oci::{Platform, Tag};
use crate::plan::{Plan, Selector, check_names, plan};
use crate::recipe::{Defaults, Facts, Image, Library, Recipe, Shell, Surroundings, expand};
use crate::text::{Place, SourceFile, Spanned};
use crate::workspace::{FILE_NAME, Workspace};

/// What to load.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// The folder the command was started in.
    pub folder: PathBuf,
    /// Recipe files named on the command line.
    pub files: Vec<PathBuf>,
    /// Values of `--set`.
    pub set: BTreeMap<String, String>,
    /// Where recipes have the period from.
    pub period: PeriodFrom,
}

/// A workspace with everything in it.
#[derive(Debug)]
pub struct Loaded {
    /// The workspace.
    pub workspace: Workspace,
    /// Its recipes, by file.
    pub recipes: Vec<Recipe>,
    /// All images of all recipes.
    pub images: Vec<Image>,
    /// Where each image goes, in the same order.
    pub destinations: Vec<Destination>,
    /// The first image of each recipe, by its name.
    first_images: BTreeMap<String, usize>,
    /// Names of the recipes that stand in the files of the command line.
    pub named_files: BTreeSet<String>,
    /// Notes that are no errors.
    pub notes: Findings,
    /// Its `kiln.lock`, where it has one.
    pub lock: Option<Arc<Lock>>,
    /// The period that recipes saw; an error text where there is none.
    pub period: Result<String, String>,
    /// The files that each recipe is made of, without those that its images copy: itself, what it extends and uses,
    /// templates, folders of definitions.
    pub made_of: BTreeMap<String, BTreeSet<String>>,
}

impl Loaded {
    /// Refuses what is no workspace at all: a wrong folder is not to look like one in which all is well.
    pub fn is_somewhere(&self) -> Result<(), OpError> {
        if self.workspace.file.is_some() || !self.recipes.is_empty() || !self.notes.is_empty() {
            return Ok(());
        }
        Err(OpError::Usage {
            message: "no kiln.yaml in this folder or above, and no recipe".to_owned(),
            next: Some("`kiln init` writes a first workspace; `-f FILE` names a recipe".to_owned()),
        })
    }

    /// Where an image of this workspace goes.
    pub fn destination_of(&self, image: &Image) -> Destination {
        let same = |other: &Image| {
            other.recipe.value == image.recipe.value && other.variant == image.variant
        };
        // Images of one recipe stand together.
        let first = self.first_images.get(&image.recipe.value).copied();
        let first = first.unwrap_or_default();
        let found = self.images[first..].iter().position(same);
        found.map_or_else(
            || Destination::nowhere(image),
            |index| self.destinations[first + index].clone(),
        )
    }
}

/// Loads a workspace; all mistakes of all files come back together.
pub fn load(options: &LoadOptions) -> Result<Loaded, OpError> {
    let mut findings = Findings::new();
    let workspace = find_workspace(options, &mut findings)?;
    let named = named_files(options, &workspace.root)?;
    let lock = super::lock::read(&workspace.root, &mut findings)?.map(Arc::new);
    let period = options.period.of(lock.as_deref());
    let (recipes, library) = recipes(&workspace, &named, &mut findings)?;
    check_names(recipes.iter().map(Recipe::spanned_name), &mut findings);
    let facts = facts::facts(&workspace.root, period.clone());
    let mut made_of = BTreeMap::new();
    for recipe in &recipes {
        let files = library.made_of(recipe.source().path());
        made_of.insert(recipe.name().to_owned(), files);
    }
    let read = &mut made_of;
    let images = expand_all(
        &workspace,
        &recipes,
        &options.set,
        &facts,
        read,
        &mut findings,
    );
    let mut findings = heeded(&workspace, findings);
    findings.extend(library.findings());
    let destinations = destinations(&workspace, &images, &mut findings);
    if findings.has_errors() {
        check_references(&images, &mut findings);
        return Err(OpError::Invalid(findings));
    }
    check_set(&recipes, &options.set)?;
    let named_files = recipes
        .iter()
        .filter(|recipe| named.iter().any(|path| path == recipe.source().path()))
        .map(|recipe| recipe.name().to_owned())
        .collect();
    let mut first_images = BTreeMap::new();
    for (index, image) in images.iter().enumerate() {
        let name = image.recipe.value.clone();
        first_images.entry(name).or_insert(index);
    }
    Ok(Loaded {
        first_images,
        workspace,
        recipes,
        images,
        destinations,
        named_files,
        notes: findings,
        lock,
        period,
        made_of,
    })
}

/// Rules that are looked at in expansion have the level that `kiln.yaml` gives them, and comments allow them,
/// as in `kiln lint`.
fn heeded(workspace: &Workspace, findings: Findings) -> Findings {
    let may = |finding: &Finding| {
        rule(finding.rule).is_some() || kind(finding.rule).is_some_and(Kind::may_be_warning)
    };
    let sorted = findings.sorted().into_iter();
    let by_rule: BTreeMap<String, Arc<SourceFile>> = sorted
        .filter(|finding| may(finding))
        .map(|finding| &finding.place.source)
        .map(|source| (source.path().to_owned(), Arc::clone(source)))
        .collect();
    // Where findings were left out, nobody knows whether all of those would be allowed: nothing is taken back.
    if by_rule.is_empty() || findings.left_out().next().is_some() {
        return findings;
    }
    // What is wrong with the levels themselves is for `lint` to say.
    let levels = Levels::new(workspace, &[], &mut Findings::new());
    let mut kept = Findings::new();
    let mut own = Findings::new();
    for finding in levels.settle(findings).into_items() {
        if may(&finding) {
            own.push(finding);
        } else {
            kept.push(finding);
        }
    }
    let allows: Vec<Allows> = by_rule.values().filter_map(Allows::of).collect();
    for finding in allowed(own, &allows) {
        kept.push(finding);
    }
    kept
}

/// The workspace alone, for verbs that need no recipe.
pub fn load_workspace(options: &LoadOptions) -> Result<Workspace, OpError> {
    let mut findings = Findings::new();
    let workspace = find_workspace(options, &mut findings)?;
    if findings.has_errors() {
        Err(OpError::Invalid(findings))
    } else {
        Ok(workspace)
    }
}

fn recipes(
    workspace: &Workspace,
    named: &[String],
    findings: &mut Findings,
) -> Result<(Vec<Recipe>, Arc<Library>), OpError> {
    let none = PatternSet::new::<&str>([]).map_err(|error| OpError::Bug(error.to_string()))?;
    let mut paths: BTreeSet<String> = named.iter().cloned().collect();
    for glob in &workspace.recipes {
        let found = expand_glob(&workspace.root, glob, &none).unwrap_or_else(|error| {
            if let Some(file) = &workspace.file {
                findings.error(&Place::file(file), format!("`recipes: [{glob}]`: {error}"));
            }
            Vec::new()
        });
        paths.extend(found.into_iter().filter(|path| !path.ends_with(FILE_NAME)));
    }
    let files = LocalFiles::new(&workspace.root);
    let library = Library::new(move |path| files.read(path));
    let mut read_files = Vec::new();
    for path in paths {
        let full = workspace.root.join(&path);
        if full.is_dir() {
            if named.contains(&path) {
                return Err(OpError::usage(format!(
                    "`{path}` is a folder, not a recipe file"
                )));
            }
            continue;
        }
        if let Some(source) = read(&full, path, findings)? {
            read_files.push(library.add(&source));
        }
    }
    let mut recipes = Vec::new();
    for file in read_files {
        let (source, Some(tree)) = (file.source(), file.tree()) else {
            continue;
        };
        let is_named = named.iter().any(|path| path == source.path());
        if tree.get("kiln").is_none() {
            let note = "passed over: no recipe, as it does not begin with `kiln: 1`";
            let finding = if is_named {
                Finding::error(&Place::file(source), "this is no recipe")
                    .with_help("a recipe begins with `kiln: 1`")
            } else {
                Finding::note(&Place::file(source), note)
            };
            findings.push(finding);
        } else if tree.get("name").is_some() {
            recipes.extend(Recipe::parse(&library, &file, findings));
        } else {
            let (what, sound) = library.add_part(&file);
            if is_named && sound {
                let message = format!("this file has no `name`: it is a {what}");
                let finding = Finding::error(&Place::file(source), message);
                findings.push(finding.with_help("name the recipes that use it"));
            }
        }
    }
    Ok((recipes, library))
}

fn check_set(recipes: &[Recipe], set: &BTreeMap<String, String>) -> Result<(), OpError> {
    for name in set.keys() {
        if !recipes.iter().any(|recipe| recipe.can_set(name)) {
            return Err(OpError::Usage {
                message: format!("`--set {name}=…`: no recipe has a var `{name}`"),
                next: Some("only vars that no axis and no row sets can be replaced".to_owned()),
            });
        }
    }
    Ok(())
}

fn expand_all(
    workspace: &Workspace,
    recipes: &[Recipe],
    set: &BTreeMap<String, String>,
    facts: &Facts,
    made_of: &mut BTreeMap<String, BTreeSet<String>>,
    findings: &mut Findings,
) -> Vec<Image> {
    let defaults = defaults(workspace);
    let files = LocalFiles::new(&workspace.root);
    let read = RefCell::new(BTreeSet::new());
    let note = |path: &str| {
        read.borrow_mut().insert(path.to_owned());
    };
    let templates = |path: &str| {
        note(path);
        files.read(path)
    };
    let folders = |path: &str| {
        note(path);
        files.names(path)
    };
    let around = Surroundings {
        defaults: &defaults,
        set,
        facts,
        templates: &templates,
        folders: &folders,
    };
    let mut images = Vec::new();
    for recipe in recipes {
        images.extend(expand(recipe, around, findings));
        let own = made_of.entry(recipe.name().to_owned()).or_default();
        own.append(&mut read.borrow_mut());
    }
    images
}

/// What the workspace gives to recipes that say nothing.
pub(super) fn defaults(workspace: &Workspace) -> Defaults {
    let both = [Platform::LINUX_AMD64, Platform::LINUX_ARM64];
    let platforms = &workspace.platforms;
    Defaults {
        platforms: if platforms.is_empty() {
            both.to_vec()
        } else {
            platforms.clone()
        },
        shell: if workspace.shell == "bash" {
            Shell::bash()
        } else {
            Shell::sh()
        },
        // What is not one of them has been reported.
        installer: workspace.installer.parse().unwrap_or_default(),
        releases: workspace.releases.clone(),
    }
}

/// Mistakes between images join those inside of them. What may only follow from an image that has
/// mistakes itself, and so is not here, is left unsaid.
fn check_references(images: &[Image], findings: &mut Findings) {
    let mut own = Findings::new();
    if plan(images.to_vec(), &[], &BTreeSet::new(), &mut own).is_ok() {
        for finding in own.sorted() {
            if !follows(finding) {
                findings.push(finding.clone());
            }
        }
    }
}

/// Whether a finding may only follow from an image that is not here because of its own mistakes.
pub(super) fn follows(finding: &Finding) -> bool {
    let message = &finding.message;
    message.starts_with("there is no recipe") || message.starts_with("no variant of")
}

/// Where images go; one reference belongs to one image.
fn destinations(
    workspace: &Workspace,
    images: &[Image],
    findings: &mut Findings,
) -> Vec<Destination> {
    let mut published = Vec::new();
    let mut all = Vec::new();
    for image in images {
        let place = destination(workspace, image, findings);
        let references = references(&place, image).into_iter();
        for (reference, tag) in references.zip(&image.tags) {
            published.push(Published {
                reference,
                place: &tag.place,
                recipe: &image.recipe.value,
                variant: image.variant.to_string(),
                file: image.source.path(),
            });
        }
        all.push(place);
    }
    duplicates(published, findings);
    all
}

/// What an image is published as. Without a registry the part below it tells images apart just as well.
pub(super) fn references(place: &Destination, image: &Image) -> Vec<String> {
    let named = |(number, tag): (usize, &Spanned<Tag>)| {
        place.references.get(number).map_or_else(
            || format!("{}:{}", image.repository.value, tag.value),
            ToString::to_string,
        )
    };
    image.tags.iter().enumerate().map(named).collect()
}

/// The plan of what the command line selects: names, else the recipes in the files it gives, else
/// everything. It may be empty; whether that is a mistake is for the verb to say.
pub(super) fn planned(
    loaded: &Loaded,
    names: &[String],
    platforms: &BTreeSet<Platform>,
) -> Result<Plan, OpError> {
    let selectors: Vec<Selector> = if names.is_empty() {
        loaded.named_files.iter().map(Selector::new).collect()
    } else {
        names.iter().map(Selector::new).collect()
    };
    let mut findings = Findings::new();
    let plan = plan(loaded.images.clone(), &selectors, platforms, &mut findings)?;
    if findings.has_errors() {
        return Err(OpError::Invalid(findings));
    }
    Ok(plan)
}
