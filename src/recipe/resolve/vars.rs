//! What is left of axes, rows and vars in one variant: names with values.

use super::text::{escaped, of_value};
use super::tree::{Entry, Origin, Tree};
use super::walk::{Walk, map_type};
use crate::diagnostic::Findings;
use crate::recipe::expand::Surroundings;
use crate::recipe::expr::Value;
use crate::recipe::model::Recipe;
use crate::recipe::parse::reader::{Pass, Reader};
use crate::recipe::scope::Scope;
use crate::recipe::variant::{Row, Variant};
use crate::schema::{RECIPE, Type};
use crate::yaml::{Node, NodeKind};

/// The names of a variant with their values, as `vars`. One that has no value here, as nothing uses it here,
/// is left out.
pub(super) fn vars(
    recipe: &Recipe,
    variant: &Variant,
    around: Surroundings<'_>,
    scope: &Scope<'_>,
) -> Vec<Entry> {
    let mut all = Vec::new();
    for (name, value) in variant.values() {
        let place = chosen(recipe, variant, name);
        let origin = place.map_or(Origin::Default, |node| Origin::Written(node.place.clone()));
        let value = Tree::new(origin.clone(), of_value(&origin, value.clone(), &escaped));
        all.push(Entry {
            key: name.clone(),
            origin,
            value,
        });
    }
    let Some(written) = recipe.tree.get("vars").map(|node| &node.kind) else {
        return all;
    };
    let NodeKind::Map(entries) = written else {
        return all;
    };
    let ty = RECIPE
        .field("vars")
        .map_or(Type::Text, |field| map_type(field.ty));
    for entry in entries
        .iter()
        .filter(|entry| variant.get(&entry.key.value).is_none())
    {
        let name = &entry.key.value;
        let value = if let Some(text) = around.set.get(name) {
            Some(Tree::text(Origin::Set(name.clone()), escaped(text)))
        } else {
            let (mut unused, names) = (Findings::new(), recipe.names());
            let mut reader = Reader::new(&mut unused, Pass::Expand(scope, &names));
            let value = Walk::new(recipe, &mut reader).value(&entry.value, ty);
            value.filter(|_| unused.is_empty())
        };
        all.extend(value.map(|value| Entry {
            key: name.clone(),
            origin: Origin::Written(entry.key.place.clone()),
            value,
        }));
    }
    all
}

/// Where the value that a variant has for an axis or column is written.
fn chosen<'r>(recipe: &'r Recipe, variant: &Variant, name: &str) -> Option<&'r Node> {
    let items = |node: &'r Node| match &node.kind {
        NodeKind::List(items) => Some(&items[..]),
        _ => None,
    };
    if let Some(axis) = recipe.axes.iter().find(|axis| axis.name.value == name) {
        let value = axis
            .values
            .iter()
            .find(|value| variant.get(name) == Some(&Value::Text(value.value.clone())))?;
        let nodes = items(recipe.tree.get("axes")?.get(name)?)?;
        return nodes.iter().find(|node| node.place == value.place);
    }
    let fits = |row: &&Row| {
        row.values
            .iter()
            .all(|(name, value)| variant.get(name) == Some(value))
    };
    let row = recipe.rows.iter().find(fits)?;
    let nodes = items(recipe.tree.get("rows")?)?;
    nodes.iter().find(|node| node.place == row.place)?.get(name)
}
