//! Where an image is published, and the check of a whole recipe without values.

use std::collections::BTreeSet;

use super::body::content;
use super::fields::Fields;
use super::head::RECIPE;
use super::limits::refresh;
use super::reader::{Pass, Reader};
use crate::diagnostic::Findings;
use crate::oci::{Platform, Tag};
use crate::recipe::image::Shell;
use crate::recipe::library::Library;
use crate::recipe::model::Vars;
use crate::recipe::scope::Names;
use crate::recipe::tests::Refresh;
use crate::text::Spanned;
use crate::yaml::Node;

/// The keys that must come out equal on all platforms of a variant.
#[derive(Debug, Clone)]
pub(crate) struct Outline {
    pub(crate) registry: Option<Spanned<String>>,
    pub(crate) repository: Spanned<String>,
    pub(crate) tags: Vec<Spanned<Tag>>,
    pub(crate) description: Option<String>,
    pub(crate) refresh: Option<Spanned<Refresh>>,
}

/// The same for a recipe as a whole, remembered.
pub(crate) fn outline_of(
    reader: &mut Reader<'_>,
    tree: &Node,
    fields: &Fields<'_>,
    name: &Spanned<String>,
) -> Option<Outline> {
    let read = |reader: &mut Reader<'_>| outline(reader, fields, name);
    reader.remembered(tree, &fields.asked, |memos| &memos.outline, read)
}

/// Reads where an image goes; the repository is the recipe's name where none is written.
pub(crate) fn outline(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    name: &Spanned<String>,
) -> Option<Outline> {
    let mut text = |key: &str| fields.get(key).and_then(|node| reader.text(node));
    let (registry, repository, description) =
        (text("registry"), text("repository"), text("description"));
    let repository = match repository {
        Some(text) => reader.convert(text, repository_path),
        None if fields.get("repository").is_some() => None,
        None => Some(name.clone()),
    };
    let refresh = refresh(reader, fields);
    let before = reader.findings.len();
    let tags = fields
        .require(reader, "tags")
        .and_then(|node| reader.list(node));
    if let (Some(tags), Some(node)) = (&tags, fields.get("tags"))
        && tags.is_empty()
        && reader.findings.len() == before
    {
        let about = reader.about_empty(node);
        reader.error(
            &node.place,
            format!("an image needs at least one tag{about}"),
        );
    }
    let tags = tags
        .unwrap_or_default()
        .into_iter()
        .filter_map(|text| {
            reader.convert(text, |tag| tag.parse::<Tag>().map_err(|e| e.to_string()))
        })
        .collect::<Vec<_>>();
    Some(Outline {
        registry: registry.map(super::reader::Text::spanned),
        repository: repository?,
        tags,
        description: description.map(|text| text.value),
        refresh,
    })
}

/// The part of a repository below a registry's prefix.
fn repository_path(text: &str) -> Result<String, String> {
    let fits = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && part
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c))
    };
    if text.split('/').all(fits) {
        return Ok(text.to_owned());
    }
    let lower = text.to_ascii_lowercase();
    Err(if lower.split('/').all(fits) {
        format!("a repository is in lower case; write \"{lower}\"")
    } else {
        format!(
            "`{text}` is no repository: lower-case letters, digits, `.`, `_`, `-`, parts joined by `/`"
        )
    })
}

/// Reads the platforms of a variant; those of the workspace where none are written.
pub(crate) fn platforms(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    default: &[Platform],
) -> Vec<Platform> {
    let Some(node) = fields.get("platforms") else {
        return default.to_vec();
    };
    let mut all: Vec<Platform> = Vec::new();
    let mut seen = BTreeSet::new();
    let before = reader.findings.len();
    let Some(texts) = reader.list(node) else {
        // A condition that yields nothing leaves the key out.
        return default.to_vec();
    };
    if texts.is_empty() && reader.findings.len() == before {
        reader.error(&node.place, "an image needs at least one platform");
    }
    for text in texts {
        let parse = |text: &str| match text.parse::<Platform>() {
            Ok(platform) if platform.os() == "linux" => Ok(platform),
            Ok(_) => Err(format!("`{text}`: images are built for linux only")),
            Err(error) => Err(error.to_string()),
        };
        let Some(platform) = reader.convert(text, parse) else {
            continue;
        };
        if seen.insert(platform.value) {
            all.push(platform.value);
        } else {
            let message = format!("`{}` stands twice in `platforms`", platform.value);
            reader.error(&platform.place, message);
        }
    }
    all
}

/// Reads everything without values, for its mistakes.
pub(crate) fn check_body(
    tree: &Node,
    names: &Names,
    without_platform: &Names,
    vars: &Vars,
    library: &Library,
    findings: &mut Findings,
) {
    let mut reader = Reader::new(findings, Pass::Check(names)).in_library(library);
    // The keys have been checked with the head; a second report would only be a duplicate.
    if let Some(fields) = Fields::read(&mut reader, tree, RECIPE) {
        if let Some(name) = fields.key("name") {
            outline(&mut reader, &fields, name);
        }
        content(&mut reader, tree, &fields, &Shell::sh());
        for (_, node) in vars.values() {
            reader.value(node);
        }
        reader.pass = Pass::Check(without_platform);
        platforms(&mut reader, &fields, &[]);
    }
}

/// Checks the names of a condition.
pub(crate) fn check_condition(node: &Node, names: &Names, findings: &mut Findings) {
    Reader::new(findings, Pass::Check(names)).condition(node);
}
