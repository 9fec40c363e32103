//! A recipe's tree to a [`Tree`], for one variant on one platform.

use std::collections::BTreeMap;

use super::text::{escaped, escaped_variable, from_root, of_value};
use super::tree::{Entry, Origin, Tree, TreeKind};
use super::vars::vars;
use crate::diagnostic::Findings;
use crate::oci::Platform;
use crate::recipe::expand::Surroundings;
use crate::recipe::expr::Value;
use crate::recipe::model::Recipe;
use crate::recipe::parse::reader::{Pass, Reader, is_conditional};
use crate::recipe::parse::{entered, resolved_scalar, resolved_template};
use crate::recipe::scope::Scope;
use crate::recipe::variant::Variant;
use crate::schema::{RECIPE, STEP, Table, Type};
use crate::text::Place;
use crate::yaml::{self, Node, NodeKind, Scalar};

/// What a variant is on some platforms, key by key; `platforms` itself is beside it.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The platforms as they are written, where the recipe names them.
    pub written: Option<Tree>,
    /// Each platform's values.
    pub platforms: Vec<(Platform, Tree)>,
}

/// What a snippet's steps are.
const STEPS: Type = Type::List(&Type::Step);
/// The keys that say which variants there are: of one variant they are what is left of `vars`.
const DECIDED: [&str; 6] = ["extends", "axes", "rows", "exclude", "vars", "platforms"];

/// Resolves a variant on some of its platforms. Nothing comes back where a value has a mistake, which is then
/// in `findings`; a variant that has been expanded has none.
pub fn resolve(
    recipe: &Recipe,
    variant: &Variant,
    platforms: &[Platform],
    around: Surroundings<'_>,
    findings: &mut Findings,
) -> Option<Resolved> {
    let mut bound = variant.to_map();
    for (name, value) in around.set {
        if recipe.can_set(name) {
            bound.insert(name.clone(), Value::Text(value.clone()));
        }
    }
    let scope = |platform| Scope::new(&bound, &recipe.vars, platform, around);
    let before = findings.len();
    let (whole, names) = (scope(None), recipe.names());
    let alone = names.without_platform();
    let mut reader = Reader::new(findings, Pass::Expand(&whole, &alone));
    let mut walk = Walk::new(recipe, &mut reader);
    let ty = RECIPE
        .field("platforms")
        .map_or(Type::Text, |field| field.ty);
    let written = recipe
        .tree
        .get("platforms")
        .and_then(|node| walk.value(node, ty));
    let mut all = Vec::new();
    for platform in platforms {
        // Not the scope of the rest: what is wrong with a var that nothing uses is known there, and unsaid.
        let vars = vars(recipe, variant, around, &scope(Some(platform)));
        let scope = scope(Some(platform));
        let mut reader =
            Reader::new(findings, Pass::Expand(&scope, &names)).in_library(&recipe.library);
        let mut walk = Walk::new(recipe, &mut reader);
        all.push((*platform, walk.recipe(&recipe.tree, &vars)));
    }
    (findings.len() == before).then_some(Resolved {
        written,
        platforms: all,
    })
}

/// The type of what a map with free keys holds.
pub(super) fn map_type(ty: Type) -> Type {
    match ty {
        Type::Map(inner) => *inner,
        Type::Either(types) => types
            .iter()
            .copied()
            .find(|ty| matches!(ty, Type::Map(_)))
            .map_or(Type::Text, map_type),
        _ => Type::Text,
    }
}

fn item_type(ty: Type) -> Type {
    match ty {
        Type::List(inner) | Type::Many(inner) => *inner,
        Type::Either(types) => {
            let lists = |ty: &Type| matches!(ty, Type::List(_) | Type::Many(_));
            types
                .iter()
                .copied()
                .find(lists)
                .map_or(Type::Text, item_type)
        }
        other => other,
    }
}

/// The table of a map, if its keys are known: of several the one that has most of the keys.
fn table(ty: Type, node: &Node) -> Option<&'static Table> {
    match ty {
        Type::Table(table) => Some(table),
        Type::Step => Some(&STEP),
        Type::Many(inner) => table(*inner, node),
        Type::Either(types) => {
            let known = |table: &&'static Table| {
                let fields = table.fields.iter();
                fields.filter(|field| node.get(field.key).is_some()).count()
            };
            let tables = types.iter().filter_map(|ty| table(*ty, node));
            // The first of equals.
            let best = tables.rev().max_by_key(known)?;
            (known(&best) > 0).then_some(best)
        }
        _ => None,
    }
}

pub(super) struct Walk<'w, 'a> {
    reader: &'w mut Reader<'a>,
    /// The folder from which paths are understood where the recipe is read again.
    folder: &'w str,
    /// Whether the map that is read keeps the folders above its sources.
    parents: bool,
    /// In a snippet, where its inputs were given.
    inputs: Option<&'w BTreeMap<String, Place>>,
    /// Where in the order of names asked for the value that is read begins.
    since: usize,
}

impl<'w, 'a> Walk<'w, 'a> {
    pub(super) fn new(recipe: &'w Recipe, reader: &'w mut Reader<'a>) -> Self {
        Self {
            reader,
            folder: recipe.source.folder(),
            parents: false,
            inputs: None,
            since: 0,
        }
    }

    /// The keys of a recipe, in the order of the language.
    fn recipe(&mut self, tree: &Node, vars: &[Entry]) -> Tree {
        let mut all = Vec::new();
        for field in RECIPE.fields {
            if field.key == "vars" && !vars.is_empty() {
                let value = Tree::new(Origin::Shown, TreeKind::Map(vars.to_vec()));
                all.push(Entry {
                    key: "vars".to_owned(),
                    origin: Origin::Shown,
                    value,
                });
            }
            if DECIDED.contains(&field.key) {
                continue;
            }
            let NodeKind::Map(entries) = &tree.kind else {
                continue;
            };
            let found = entries.iter().find(|entry| entry.key.value == field.key);
            all.extend(found.and_then(|entry| self.entry(entry, field.ty)));
        }
        Tree::new(Origin::Written(tree.place.clone()), TreeKind::Map(all))
    }

    fn entry(&mut self, entry: &yaml::Entry, ty: Type) -> Option<Entry> {
        Some(Entry {
            key: entry.key.value.clone(),
            origin: Origin::Written(entry.key.place.clone()),
            value: self.value(&entry.value, ty)?,
        })
    }

    /// What stands in a place; nothing where its condition yields nothing.
    pub(super) fn value(&mut self, node: &Node, ty: Type) -> Option<Tree> {
        let branch = *self.reader.branches(node).first()?;
        self.branch(branch, ty)
    }

    fn branch(&mut self, node: &Node, ty: Type) -> Option<Tree> {
        let kind = match &node.kind {
            NodeKind::List(items) => {
                let ty = item_type(ty);
                TreeKind::List(items.iter().flat_map(|item| self.item(item, ty)).collect())
            }
            NodeKind::Map(entries) => self.map(node, entries, ty)?,
            NodeKind::Scalar(scalar) => self.scalar(node, scalar, ty)?,
        };
        let origin = match &node.kind {
            NodeKind::Scalar(_) => self.origin(node),
            _ => Origin::Written(node.place.clone()),
        };
        Some(Tree::new(origin, kind))
    }

    /// The items that one item of a list is: a condition may yield several or none, and so may an expression.
    fn item(&mut self, node: &Node, ty: Type) -> Vec<Tree> {
        let conditional = is_conditional(node);
        let mut all = Vec::new();
        for branch in self.reader.branches(node) {
            match &branch.kind {
                NodeKind::List(items) if conditional => {
                    all.extend(items.iter().flat_map(|item| self.item(item, ty)));
                }
                _ => {
                    let items = self.snippet(branch, ty);
                    let items = items.or_else(|| Some(vec![self.branch(branch, ty)?]));
                    all.extend(items.into_iter().flatten().flat_map(spliced));
                }
            }
        }
        all
    }

    /// The steps of a snippet, in place of `use`: nothing where this is no `use`.
    fn snippet(&mut self, step: &Node, ty: Type) -> Option<Vec<Tree>> {
        let (Type::Step, NodeKind::Map(entries)) = (ty, &step.kind) else {
            return None;
        };
        let word = entries.iter().find(|entry| entry.key.value == "use")?;
        let condition = step.get("if");
        if condition.is_some_and(|condition| self.reader.condition(condition) != Some(true)) {
            return Some(Vec::new());
        }
        let named = entries.iter().find(|entry| entry.key.value == "name");
        let name = named.and_then(|entry| self.entry(entry, Type::Text));
        let folder = self.folder;
        let steps = entered(self.reader, step, word, |reader, node, inputs| {
            let mut walk = Walk {
                reader,
                folder,
                parents: false,
                inputs: Some(inputs),
                since: 0,
            };
            walk.value(node, STEPS)
        });
        let mut steps = steps.flatten().map_or_else(Vec::new, spliced);
        if let Some(name) = name {
            for step in &mut steps {
                within(step, &name);
            }
        }
        Some(steps)
    }

    fn map(&mut self, node: &Node, entries: &[yaml::Entry], ty: Type) -> Option<TreeKind> {
        let Some(table) = table(ty, node) else {
            let ty = map_type(ty);
            return Some(TreeKind::Map(
                entries
                    .iter()
                    .filter_map(|entry| self.entry(entry, ty))
                    .collect(),
            ));
        };
        let mut all = Vec::new();
        self.parents = node.get("parents").is_some();
        if table.name == "dockerfile" && node.get("context").is_none() {
            all.extend(self.context(node));
        }
        for entry in entries {
            let field = table.field(&entry.key.value);
            let ty = field.map_or(Type::Text, |field| field.ty);
            if matches!(ty, Type::Expr) {
                // What does not hold is not read: its values may make sense elsewhere only.
                if self.reader.condition(&entry.value) != Some(true) {
                    return None;
                }
                continue;
            }
            let ty = match ty {
                Type::Source | Type::Many(Type::Source) if node.get("from").is_some() => Type::Text,
                other => other,
            };
            if entry.key.value == "template" && table.name == "write" && self.inputs.is_some() {
                all.extend(self.content(entry));
            } else {
                all.extend(self.entry(entry, ty));
            }
        }
        Some(TreeKind::Map(all))
    }

    /// The context of a Dockerfile that is told of in another folder, which is that folder.
    fn context(&self, node: &Node) -> Option<Entry> {
        let folder = node.place.source.folder();
        let origin = Origin::Written(node.place.clone());
        (folder != self.folder).then(|| Entry {
            key: "context".to_owned(),
            origin: origin.clone(),
            value: Tree::text(origin, escaped(&format!("/{folder}"))),
        })
    }

    /// A snippet's template as the text it comes to: in a recipe it would not see the snippet's names.
    fn content(&mut self, template: &yaml::Entry) -> Option<Entry> {
        self.forget();
        let node = *self.reader.branches(&template.value).first()?;
        let text = resolved_template(self.reader, node)?;
        Some(Entry {
            key: "content".to_owned(),
            origin: Origin::Written(template.key.place.clone()),
            value: Tree::text(self.origin(node), escaped(&text)),
        })
    }

    /// From now on it counts which inputs are read.
    fn forget(&mut self) {
        if let Pass::Expand(scope, _) = self.reader.pass {
            self.since = scope.mark();
        }
    }

    /// Where a value was written, and those that it was made of.
    fn origin(&self, node: &Node) -> Origin {
        let place = node.place.clone();
        let (Pass::Expand(scope, _), Some(inputs)) = (self.reader.pass, self.inputs) else {
            return Origin::Written(place);
        };
        let read = scope.asked_in(self.since..scope.mark());
        let given = |name: String| inputs.get(&name).cloned().map(|place| (name, place));
        let all: Vec<(String, Place)> = read.into_iter().filter_map(given).collect();
        if all.is_empty() {
            Origin::Written(place)
        } else {
            Origin::Filled(place, all)
        }
    }

    fn scalar(&mut self, node: &Node, scalar: &Scalar, ty: Type) -> Option<TreeKind> {
        self.forget();
        let value = resolved_scalar(
            self.reader,
            node,
            scalar,
            matches!(ty, Type::Variable | Type::Either([Type::Variable, ..])),
        )?;
        if let (Type::Int(..), Value::Text(text)) = (ty, &value)
            && let Ok(number) = text.parse()
        {
            return Some(TreeKind::Number(number));
        }
        let (folder, parents) = (node.place.source.folder(), self.parents);
        let written = |text: &str| match ty {
            Type::Variable | Type::Either([Type::Variable, ..]) => escaped_variable(text),
            _ if is_path(ty) && folder != self.folder => escaped(&from_root(folder, text, parents)),
            _ => escaped(text),
        };
        Some(of_value(&self.origin(node), value, &written))
    }
}

/// A step gets the name of the `use` that it came by, as it has in progress and history.
fn within(step: &mut Tree, name: &Entry) {
    let (TreeKind::Map(entries), TreeKind::Text(outer)) = (&mut step.kind, &name.value.kind) else {
        return;
    };
    for entry in &mut *entries {
        if let ("name", TreeKind::Text(own)) = (entry.key.as_str(), &mut entry.value.kind) {
            *own = format!("{outer}: {own}");
            return;
        }
    }
    entries.insert(0, name.clone());
}

fn is_path(ty: Type) -> bool {
    match ty {
        Type::Path | Type::Source => true,
        Type::Many(inner) => is_path(*inner),
        Type::Either(types) => types.iter().any(|ty| is_path(*ty)),
        _ => false,
    }
}

/// An expression in a list that yields a list is several items.
fn spliced(tree: Tree) -> Vec<Tree> {
    match tree.kind {
        TreeKind::List(items) => items,
        kind => vec![Tree::new(tree.origin, kind)],
    }
}
