//! The names that a recipe's expressions use, and the values that a name can have.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{TextView, scalar, texts, values};
use super::view::RecipeView;
use crate::recipe::expr::{self, Expr, ExprKind, Piece, Value};
use crate::yaml::{Node, NodeKind};

/// Every condition of a tree, `if` or `match`, whose map is handed along.
pub(super) fn conditions<'n>(node: &'n Node, see: &mut dyn FnMut(&'n Node, TextView<'n>, Expr)) {
    match &node.kind {
        NodeKind::Scalar(_) => {}
        NodeKind::List(items) => items.iter().for_each(|item| conditions(item, see)),
        NodeKind::Map(entries) => {
            for entry in entries {
                let word = entry.key.value.as_str();
                if word == "if" || word == "match" {
                    if let Some(text) = scalar(&entry.value)
                        && let Ok(expr) = expr::parse(&text.text)
                    {
                        let view = TextView {
                            node: &entry.value,
                            text: &text.text,
                        };
                        see(node, view, expr);
                    }
                } else {
                    conditions(&entry.value, see);
                }
            }
        }
    }
}

/// Every name that is used anywhere in a recipe, or in a Handlebars file that it names; nothing where which
/// files these are is only known per variant.
pub(super) fn used(view: &RecipeView<'_>) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    conditions(view.tree(), &mut |_, _, expr| collect(&expr, &mut names));
    let mut templates = BTreeSet::new();
    let mut known = true;
    super::tree::scalars(view.tree(), &mut |text| {
        if is_template(text.text) {
            known &= !text.has_expression();
            templates.insert(in_workspace(text));
        }
        if !text.has_expression() {
            return;
        }
        let Ok(template) = expr::split(text.text) else {
            return;
        };
        for piece in &template.pieces {
            if let Piece::Expr(expr, _) = piece {
                collect(expr, &mut names);
            }
        }
    });
    for kernel in values(view.tree(), "kernel") {
        for folder in values(kernel, "definitions").into_iter().flat_map(texts) {
            known &= !folder.has_expression();
            let path = in_workspace(folder);
            let files = view.files.names(&path).unwrap_or_default().into_iter();
            let files = files.filter(|name| is_template(name));
            templates.extend(files.map(|name| format!("{path}/{name}")));
        }
    }
    names.extend(in_templates(view, &templates));
    known.then_some(names)
}

fn is_template(path: &str) -> bool {
    std::path::Path::new(path)
        .extension()
        .is_some_and(|kind| kind == "hbs")
}

/// A path that is relative to the file it is written in, as a path in the workspace.
fn in_workspace(text: TextView<'_>) -> String {
    let folder = text.node.place.source.folder();
    let path = text.text.trim_end_matches('/');
    match path.strip_prefix('/') {
        Some(path) => path.to_owned(),
        None if folder.is_empty() => path.to_owned(),
        None => format!("{folder}/{path}"),
    }
}

/// Words in the Handlebars files of a recipe: more than names, which does no harm here.
fn in_templates(view: &RecipeView<'_>, paths: &BTreeSet<String>) -> BTreeSet<String> {
    let texts = paths.iter().filter_map(|path| view.files.read(path).ok());
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    texts
        .flat_map(|text| text.split(word).map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

fn collect(expr: &Expr, names: &mut BTreeSet<String>) {
    match &expr.kind {
        ExprKind::Name(name) => {
            names.insert(name.clone());
        }
        ExprKind::List(all) | ExprKind::Call(_, all) => all.iter().for_each(|e| collect(e, names)),
        ExprKind::Compare(_, a, b) | ExprKind::And(a, b) | ExprKind::Or(a, b) => {
            collect(a, names);
            collect(b, names);
        }
        ExprKind::Not(inner) => collect(inner, names),
        ExprKind::Text(_) | ExprKind::Int(_) => {}
    }
}

/// The texts that axes, columns without a default, and the platform's names can have.
pub(super) fn domains(view: &RecipeView<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for axis in view.recipe.axes() {
        let values = axis.values.iter().map(|value| value.value.clone());
        all.insert(axis.name.value.clone(), values.collect());
    }
    let rows = view.recipe.rows();
    let mut texts: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, value) in rows.iter().flat_map(|row| &row.values) {
        if let Value::Text(text) = value {
            all.entry(name.clone()).or_default().insert(text.clone());
            *texts.entry(name).or_default() += 1;
        }
    }
    // A row may leave a column to the var of its name, or give it something else than text.
    let axes = view.recipe.axes().iter();
    let axes: BTreeSet<&str> = axes.map(|axis| axis.name.value.as_str()).collect();
    all.retain(|name, _| {
        axes.contains(name.as_str()) || texts.get(name.as_str()) == Some(&rows.len())
    });
    let platforms = || view.images.iter().flat_map(|image| image.contents.keys());
    let excluded = || view.images.iter().flat_map(|image| image.excluded.keys());
    for platform in platforms().chain(excluded()) {
        let names = [
            ("arch", platform.architecture().to_owned()),
            ("platform", platform.to_string()),
            ("os", platform.os().to_owned()),
        ];
        for (name, value) in names {
            all.entry(name.to_owned()).or_default().insert(value);
        }
    }
    all
}
