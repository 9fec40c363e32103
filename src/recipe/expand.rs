//! A recipe to its images: per variant and platform, with nothing left to decide.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::expr::Value;
use super::image::{Content, Image};
use super::model::{Defaults, Recipe};
use super::parse::reader::{Pass, Reader};
use super::parse::{self, Fields, Outline};
use super::scope::{Facts, Names, Scope};
use super::variant::{Variant, variants};
use crate::diagnostic::{Finding, Findings};
use crate::oci::Platform;

/// Everything outside a recipe that its images depend on.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The workspace's defaults.
    pub defaults: &'a Defaults,
    /// Values of `--set`, for the vars that the recipe has.
    pub set: &'a BTreeMap<String, String>,
    /// Facts about the checkout.
    pub facts: &'a Facts,
    /// Reads a Handlebars file by its path in the workspace.
    pub templates: &'a dyn Fn(&str) -> Result<String, String>,
    /// The names of the files in a folder of the workspace, sorted.
    pub folders: &'a dyn Fn(&str) -> Result<Vec<String>, String>,
}

impl std::fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings")
            .field("set", self.set)
            .finish_non_exhaustive()
    }
}

/// Expands a recipe into its variants. What is wrong goes into `findings`; a variant with a mistake is
/// left out.
pub fn expand(recipe: &Recipe, around: Surroundings<'_>, findings: &mut Findings) -> Vec<Image> {
    let mut effective = vec![false; recipe.exclude.len()];
    let mut images = Vec::new();
    let names = recipe.names();
    for variant in variants(&recipe.axes, &recipe.rows) {
        if names.budget().is_spent() {
            // What the rest would have made is unknown.
            effective.fill(true);
            break;
        }
        let mut own = Findings::new();
        let image = one(recipe, variant, &names, around, &mut effective, &mut own);
        let sound = !own.has_errors();
        if let Some(image) = image {
            // Whether an image with such a tag may be built is for the workspace to say.
            let content = image.contents.values().next();
            if let Some(kernel) = content.and_then(|content| content.kernel.as_ref()) {
                parse::check_tags(kernel, &image.tags, &mut own);
            }
            if sound {
                images.push(image);
            }
        }
        findings.extend(own);
    }
    for (exclude, effective) in recipe.exclude.iter().zip(effective) {
        if !effective {
            let message = "this exclusion excludes nothing; remove it";
            findings.error_of("exclusion-without-effect", &exclude.place, message);
        }
    }
    images
}

fn one(
    recipe: &Recipe,
    variant: Variant,
    names: &Names,
    around: Surroundings<'_>,
    effective: &mut [bool],
    findings: &mut Findings,
) -> Option<Image> {
    let mut bound = variant.to_map();
    for (name, value) in around.set {
        if recipe.can_set(name) {
            bound.insert(name.clone(), Value::Text(value.clone()));
        }
    }
    let scope = |platform| Scope::new(&bound, &recipe.vars, platform, around);
    let alone = names.without_platform();
    let whole = scope(None);
    let mut reader = Reader::new(findings, Pass::Expand(&whole, &alone));
    let fields = Fields::as_written(&mut reader, &recipe.tree, parse::RECIPE)?;
    let platforms = parse::platforms(&mut reader, &fields, &around.defaults.platforms);
    if findings.has_errors() {
        // Which exclusions would have had an effect is unknown.
        effective.fill(true);
    }
    let mut parts = Vec::new();
    let mut excluded = BTreeMap::new();
    let mut whole = true;
    for platform in &platforms {
        let scope = scope(Some(platform));
        let mut reader =
            Reader::new(findings, Pass::Expand(&scope, names)).in_library(&recipe.library);
        if names.budget().is_spent() {
            return None;
        }
        if let Some(reason) = exclusion(recipe, &mut reader, effective) {
            excluded.insert(*platform, reason);
            continue;
        }
        let Some(fields) = Fields::read(&mut reader, &recipe.tree, parse::RECIPE) else {
            continue;
        };
        let outline = parse::outline_of(&mut reader, &recipe.tree, &fields, &recipe.name);
        let content = parse::content(&mut reader, &recipe.tree, &fields, &around.defaults.shell);
        match outline.zip(content) {
            Some((outline, mut content)) => {
                content.install_by(around.defaults.installer);
                parts.push((*platform, outline, content));
            }
            None => whole = false,
        }
    }
    if parts.is_empty() || !whole || names.budget().is_spent() {
        return None;
    }
    same_everywhere(recipe, &parts, findings);
    Some(Image {
        excluded,
        ..assemble(recipe, variant, parts)
    })
}

/// The reason for which a variant is not built on a platform; every exclusion that applies counts as
/// effective.
fn exclusion(recipe: &Recipe, reader: &mut Reader<'_>, effective: &mut [bool]) -> Option<String> {
    let mut reason = None;
    for (exclude, effective) in recipe.exclude.iter().zip(effective) {
        match reader.condition(&exclude.condition) {
            Some(true) => {
                *effective = true;
                reason = reason.or_else(|| Some(exclude.reason.clone()));
            }
            Some(false) => {}
            // What is wrong with it has been reported.
            None => *effective = true,
        }
    }
    reason
}

/// One index has one repository, one set of tags and one set of labels.
fn same_everywhere(
    recipe: &Recipe,
    parts: &[(Platform, Outline, Content)],
    findings: &mut Findings,
) {
    let Some(((first, a, x), rest)) = parts.split_first() else {
        return;
    };
    for (platform, b, y) in rest {
        let tags = |outline: &Outline| -> Vec<String> {
            outline
                .tags
                .iter()
                .map(|tag| tag.value.to_string())
                .collect()
        };
        let mut differ = |what: &str, equal: bool| {
            if !equal {
                let message =
                    format!("`{what}` differs between {first} and {platform}; an index has one");
                let value = recipe.tree.get(what);
                let place = value.map_or(&a.repository.place, |value| &value.place);
                let help = "leave the platform's names out of it";
                findings.push(Finding::error(place, message).with_help(help));
            }
        };
        differ("repository", a.repository.value == b.repository.value);
        differ("tags", tags(a) == tags(b));
        let refresh = |outline: &Outline| outline.refresh.as_ref().map(|word| word.value);
        differ("refresh", refresh(a) == refresh(b));
        differ("labels", x.runtime.labels == y.runtime.labels);
        differ("kernel", kernel_of(x) == kernel_of(y));
        differ(
            "annotations",
            x.runtime.annotations == y.runtime.annotations,
        );
    }
}

/// What a kernel's key becomes: its labels, and which services are defined. How a service is started may
/// depend on the platform.
fn kernel_of(content: &Content) -> Option<(BTreeMap<&str, &str>, Vec<&str>)> {
    let kernel = content.kernel.as_ref()?;
    let labels = kernel.labels.iter();
    let labels = labels.map(|(key, value)| (key.as_str(), value.value.as_str()));
    let defined = kernel.definitions.iter().map(|one| one.name.as_str());
    Some((labels.collect(), defined.collect()))
}

/// The description, as label and annotation.
const DESCRIPTION: &str = "org.opencontainers.image.description";

fn assemble(recipe: &Recipe, variant: Variant, parts: Vec<(Platform, Outline, Content)>) -> Image {
    let outline = parts[0].1.clone();
    let contents = parts
        .into_iter()
        .map(|(platform, outline, mut content)| {
            if let Some(description) = outline.description {
                let runtime = &mut content.runtime;
                for map in [&mut runtime.labels, &mut runtime.annotations] {
                    map.entry(DESCRIPTION.to_owned())
                        .or_insert_with(|| description.clone());
                }
            }
            if let Some(kernel) = &content.kernel {
                content.runtime.labels.extend(kernel.all_labels());
            }
            (platform, content)
        })
        .collect();
    Image {
        recipe: recipe.name.clone(),
        source: Arc::clone(&recipe.source),
        variant,
        registry: outline.registry,
        repository: outline.repository,
        tags: outline.tags,
        refresh: outline.refresh.map(|word| word.value),
        contents,
        excluded: BTreeMap::new(),
    }
}
