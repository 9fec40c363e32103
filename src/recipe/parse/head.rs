//! The part of a recipe that says which variants there are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::fields::{Fields, Keys};
use super::reader::{Pass, Reader, Text, scalar_text};
use crate::diagnostic::{Finding, Findings, nearest};
use crate::recipe::budget::MAX_VARIANTS;
use crate::recipe::expr::Value;
use crate::recipe::library::{File, Library};
use crate::recipe::merge::{Merged, check_forms, split_mark};
use crate::recipe::model::{Exclude, Recipe, Vars};
use crate::recipe::scope::{Names, PLATFORM_NAMES, WORKSPACE_NAMES};
use crate::recipe::variant::{Axis, Row};
use crate::text::{Place, Spanned};
use crate::yaml::{Node, NodeKind};

/// The keys of a recipe.
pub(crate) const RECIPE: Keys = Keys {
    of: "a recipe",
    known: &[
        "kiln",
        "name",
        "description",
        "extends",
        "registry",
        "repository",
        "tags",
        "platforms",
        "axes",
        "rows",
        "exclude",
        "vars",
        "base",
        "stages",
        "steps",
        "env",
        "workdir",
        "user",
        "shell",
        "entrypoint",
        "cmd",
        "expose",
        "volumes",
        "stop_signal",
        "healthcheck",
        "labels",
        "annotations",
        "compression",
        "dockerfile",
        "kernel",
        "tests",
        "limits",
        "refresh",
    ],
    later: &[],
};
const EXCLUDE: Keys = Keys {
    of: "an exclusion",
    known: &["if", "reason"],
    later: &[],
};

/// Reads a recipe's head, and says whether it can be expanded.
pub(crate) fn head(
    library: &Arc<Library>,
    file: &File,
    merged: Merged,
    findings: &mut Findings,
) -> Option<(Recipe, bool)> {
    let Merged {
        tree,
        whole,
        dropped,
    } = merged;
    let nothing = Names::default();
    let mut reader = Reader::new(findings, Pass::Check(&nothing));
    let name_node = tree.get("name")?;
    let fields = Fields::as_written(&mut reader, &tree, RECIPE)?;
    version(&mut reader, tree.get("kiln"));
    let before = reader.findings.len();
    let name = literal(&mut reader, name_node, "name");
    let name = name.and_then(|name| check_name(&mut reader, name));
    // A recipe whose name is wrong is read all the same, for its other mistakes.
    let name = name.unwrap_or_else(|| Spanned::new(String::new(), name_node.place.clone()));
    let axes = axes(&mut reader, &fields);
    let rows = rows(&mut reader, &fields);
    let vars = vars(&mut reader, &fields);
    check_names(&mut reader, &axes, &rows, &vars);
    check_count(&mut reader, &fields, &axes, &rows);
    let exclude = exclude(&mut reader, &fields);
    let usable = whole && reader.findings.len() == before;
    let own: BTreeSet<String> = axes
        .iter()
        .map(|axis| axis.name.value.clone())
        .chain(
            rows.iter()
                .flat_map(|row| row.values.iter().map(|(name, _)| name.clone())),
        )
        .chain(vars.keys().cloned())
        .collect();
    let recipe = Recipe {
        source: Arc::clone(file.source()),
        name,
        axes,
        rows,
        vars,
        exclude,
        own: Arc::new(own),
        dropped: Arc::new(dropped),
        whole,
        tree,
        library: Arc::clone(library),
    };
    Some((recipe, usable))
}

/// Checks a fragment by itself. It has a recipe's keys, any of which may be marked; what these are added to
/// is known only in a recipe. A key that no recipe has is a mistake, above all a misspelt `name`.
pub(crate) fn check_fragment(file: &File, findings: &mut Findings) {
    let Some(tree) = file.tree() else {
        return;
    };
    let NodeKind::Map(entries) = &tree.kind else {
        return;
    };
    let nothing = Names::default();
    let mut reader = Reader::new(findings, Pass::Check(&nothing));
    version(&mut reader, tree.get("kiln"));
    check_forms(entries, reader.findings);
    for finding in entries.iter().filter_map(|entry| unknown_key(&entry.key)) {
        let help = "a file without `name` is a fragment, which has the keys of a recipe";
        reader.findings.push(finding.with_help(help));
    }
}

/// The error for a key, marked or not, that no recipe has.
pub(crate) fn unknown_key(key: &Spanned<String>) -> Option<Finding> {
    let (name, _) = split_mark(&key.value);
    let known = || RECIPE.known.iter().chain(RECIPE.later).copied();
    if known().any(|known| known == name) {
        return None;
    }
    let message = format!("unknown key `{name}` in a recipe");
    let message = match nearest(name, known()) {
        Some(near) => format!("{message}; did you mean `{near}`?"),
        None => message,
    };
    Some(Finding::error(&key.place, message))
}

pub(super) fn version(reader: &mut Reader<'_>, node: Option<&Node>) {
    let Some(node) = node else {
        return;
    };
    if let Some(text) = reader.text(node)
        && text.value != "1"
    {
        let message = format!(
            "language version {} is not known; this kiln knows 1",
            text.value
        );
        reader.error(&text.place, message);
    }
}

/// A string in which no expression may stand.
fn literal(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<Spanned<String>> {
    if refuses_expression(reader, node, what) {
        return None;
    }
    reader.text(node).map(Text::spanned)
}

fn refuses_expression(reader: &mut Reader<'_>, node: &Node, what: &str) -> bool {
    let found = scalar_text(node).is_some_and(|text| text.contains("${{"));
    if found {
        reader.error(&node.place, format!("no expression may stand in `{what}`"));
    }
    found
}

fn check_name(reader: &mut Reader<'_>, name: Spanned<String>) -> Option<Spanned<String>> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/".contains(c);
    if name.value.chars().all(fits) && name.value.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Some(name);
    }
    let message = format!(
        "`{}` is no name; use lower-case letters, digits, `-`, `_`, `.`",
        name.value
    );
    reader.error(&name.place, message);
    None
}

fn axes(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<Axis> {
    let mut all = Vec::new();
    let Some(node) = fields.get("axes") else {
        return all;
    };
    let NodeKind::Map(entries) = &node.kind else {
        reader.not_as(node, "`axes` is a map from names to lists");
        return all;
    };
    for entry in entries {
        let NodeKind::List(items) = &entry.value.kind else {
            reader.not_as(&entry.value, "an axis is a list of values");
            continue;
        };
        let values: Vec<_> = items
            .iter()
            .filter_map(|item| literal(reader, item, "axes"))
            .collect();
        let mut seen = BTreeSet::new();
        for value in &values {
            if !seen.insert(&value.value) {
                reader.error(
                    &value.place,
                    format!("`{}` stands twice in this axis", value.value),
                );
            }
        }
        if items.is_empty() {
            reader.error(&entry.key.place, "an axis without values leaves no variant");
        }
        all.push(Axis {
            name: entry.key.clone(),
            values,
        });
    }
    all
}

fn rows(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<Row> {
    let mut all = Vec::new();
    let Some(node) = fields.get("rows") else {
        return all;
    };
    let NodeKind::List(items) = &node.kind else {
        reader.not_as(node, "`rows` is a list of maps");
        return all;
    };
    for item in items {
        let NodeKind::Map(entries) = &item.kind else {
            reader.not_as(item, "a row is a map from names to values");
            continue;
        };
        let values = entries
            .iter()
            .filter_map(|entry| {
                check_name_of(reader, &entry.key.value, &entry.key.place);
                let value = row_value(reader, &entry.value)?;
                Some((entry.key.value.clone(), value))
            })
            .collect();
        all.push(Row {
            place: item.place.clone(),
            values,
        });
    }
    all
}

fn row_value(reader: &mut Reader<'_>, node: &Node) -> Option<Value> {
    if refuses_expression(reader, node, "rows") {
        return None;
    }
    reader.value(node)
}

pub(super) fn vars(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vars {
    let mut all = BTreeMap::new();
    let Some(node) = fields.get("vars") else {
        return all;
    };
    let NodeKind::Map(entries) = &node.kind else {
        reader.not_as(node, "`vars` is a map");
        return all;
    };
    for entry in entries {
        let place = Spanned::new((), entry.key.place.clone());
        all.insert(entry.key.value.clone(), (place, entry.value.clone()));
    }
    all
}

/// Axes multiply: what they make must have a size before it is made.
fn check_count(reader: &mut Reader<'_>, fields: &Fields<'_>, axes: &[Axis], rows: &[Row]) {
    let counts = axes
        .iter()
        .map(|axis| axis.values.len())
        .chain([rows.len().max(1)]);
    let count = counts.fold(1_usize, usize::saturating_mul);
    let columns = rows.iter().map(|row| row.values.len()).max();
    let names = axes.len() + columns.unwrap_or_default();
    let is_wide = !reader.names().budget().has(count.saturating_mul(names));
    if count <= MAX_VARIANTS && !is_wide {
        return;
    }
    let place = fields.key("axes").or_else(|| fields.key("rows"));
    let Some(place) = place.map(|key| &key.place) else {
        return;
    };
    let message = if is_wide && count <= MAX_VARIANTS {
        format!("{count} variants with {names} names each are too much for one recipe")
    } else if count == usize::MAX {
        format!("axes and rows make far more than {MAX_VARIANTS} variants")
    } else {
        format!("axes and rows make {count} variants; a recipe has at most {MAX_VARIANTS}")
    };
    reader.findings.push(
        Finding::error(place, message)
            .with_help("`exclude` does not make it less; write the wanted ones as `rows`"),
    );
}

/// Axes and vars are well named, as columns have been found to be, and no axis is a column as well.
fn check_names(reader: &mut Reader<'_>, axes: &[Axis], rows: &[Row], vars: &Vars) {
    let columns: BTreeSet<&str> = rows
        .iter()
        .flat_map(|row| row.values.iter().map(|(name, _)| name.as_str()))
        .collect();
    let named_axes = axes
        .iter()
        .map(|axis| (axis.name.value.as_str(), &axis.name.place));
    let named_vars = vars
        .iter()
        .map(|(name, (place, _))| (name.as_str(), &place.place));
    for (name, place) in named_axes.clone().chain(named_vars) {
        check_name_of(reader, name, place);
    }
    for (name, place) in named_axes {
        if columns.contains(name) {
            reader.error(place, format!("`{name}` is an axis and a column of `rows`"));
        }
    }
}

/// A name is well formed, and not one of the language's own.
pub(super) fn check_name_of(reader: &mut Reader<'_>, name: &str, place: &Place) {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.chars().all(fits) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        let message = format!("`{name}` is no name; names are lower-case letters, digits and `_`");
        reader.error(place, message);
    } else if PLATFORM_NAMES.contains(&name) || WORKSPACE_NAMES.contains(&name) {
        reader.error(place, format!("`{name}` is always there and cannot be set"));
    }
}

fn exclude(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<Exclude> {
    let mut all = Vec::new();
    let Some(node) = fields.get("exclude") else {
        return all;
    };
    let NodeKind::List(items) = &node.kind else {
        reader.not_as(node, "`exclude` is a list of `{if: …, reason: …}`");
        return all;
    };
    for item in items {
        let Some(fields) = Fields::read(reader, item, EXCLUDE) else {
            continue;
        };
        let reason = fields
            .get("reason")
            .and_then(|node| literal(reader, node, "reason"));
        if fields.get("reason").is_none() {
            reader.findings.push(
                Finding::error(&item.place, "an exclusion needs a `reason`")
                    .with_rule("exclusion-without-reason")
                    .with_help("say why, for those who look for the missing image"),
            );
        }
        let Some(condition) = fields.require(reader, "if") else {
            continue;
        };
        all.push(Exclude {
            place: item.place.clone(),
            condition: condition.clone(),
            reason: reason.map(|reason| reason.value).unwrap_or_default(),
        });
    }
    all
}
