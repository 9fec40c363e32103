//! The step `use`: a snippet's steps in its place, with values for the snippet's inputs.
//!
//! In the check pass a `use` is held against the snippet's inputs and yields no steps: these are checked
//! once, by themselves. In the expand pass they are read in a scope of their own.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::body::entries;
use super::reader::{Pass, Reader, is_conditional};
use super::scalars::workspace_path;
use super::steps::steps;
use crate::diagnostic::{Finding, Findings, nearest};
use crate::recipe::budget::SNIPPET_DEPTH;
use crate::recipe::expr::Value;
use crate::recipe::image::Step;
use crate::recipe::library::{MAX_DEPTH, circle};
use crate::recipe::scope::{Names, Scope};
use crate::recipe::snippet::{Input, InputKind, Snippet};
use crate::text::{Place, Spanned};
use crate::yaml::{Entry, Node, NodeKind};

/// Where snippets are that are used by name.
const FOLDER: &str = "templates/steps";
/// The most snippets in one image: what uses twice, again and again, grows without end.
pub(super) const MAX_USES: usize = 256;

/// Reads a `use` into the steps it stands for.
pub(super) fn used(
    reader: &mut Reader<'_>,
    node: &Node,
    word: &Entry,
    name: Option<&str>,
) -> Vec<Step> {
    let with = node.get("with");
    let Some((at, snippet)) = named(reader, word) else {
        // The values can be looked at all the same.
        for (_, value) in with.map_or_else(Vec::new, |node| entries(reader, node, "with")) {
            reader.value(value);
        }
        return Vec::new();
    };
    let given = given(reader, &snippet, with, &at.place);
    match (reader.pass, given) {
        (Pass::Expand(scope, _), Some(values)) if may_enter(reader, &at) => {
            let all = spliced(reader, scope, &snippet, &values, &at, steps);
            let mut all = all.unwrap_or_default();
            for step in &mut all {
                step.used.insert(0, at.place.clone());
                if let Some(name) = name {
                    let inner = step.within.take().map(|inner| format!("{name}: {inner}"));
                    step.within = Some(inner.unwrap_or_else(|| name.to_owned()));
                }
            }
            all
        }
        (Pass::Check(_), _) => {
            reader.uses.push(at);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Goes into the snippet of a `use` as for its steps, and reads these in another way: `read` gets them as
/// written, and where the value of each input was given. Nothing comes back where there is no way in.
pub(in crate::recipe) fn entered<T>(
    reader: &mut Reader<'_>,
    node: &Node,
    word: &Entry,
    read: impl FnOnce(&mut Reader<'_>, &Node, &BTreeMap<String, Place>) -> T,
) -> Option<T> {
    let (at, snippet) = named(reader, word)?;
    let with = node.get("with");
    let values = given(reader, &snippet, with, &at.place)?;
    let defaults = snippet
        .inputs
        .iter()
        .filter_map(|(name, input)| Some((name.clone(), input.default.as_ref()?.place.clone())));
    let mut places: BTreeMap<String, Place> = defaults.collect();
    for (key, value) in with.map_or_else(Vec::new, |node| entries(reader, node, "with")) {
        let branch = reader.branches(value).first().map(|node| &node.place);
        places.extend(branch.map(|place| (key.value.clone(), place.clone())));
    }
    let Pass::Expand(scope, _) = reader.pass else {
        return None;
    };
    if !may_enter(reader, &at) {
        return None;
    }
    spliced(
        reader,
        scope,
        &snippet,
        &values,
        &at,
        |reader: &mut Reader<'_>, node: &Node| read(reader, node, &places),
    )
}

/// The snippet that a `use` names, and where.
fn named(reader: &mut Reader<'_>, word: &Entry) -> Option<(Spanned<String>, Arc<Snippet>)> {
    let path = reader.one(&word.value, |reader, node| {
        let text = reader.text(node)?;
        let folder = text.place.source.clone();
        reader.convert(text, |written| snippet_path(folder.folder(), written))
    });
    let (path, snippet) = found(reader, path?)?;
    Some((Spanned::new(path.value, word.key.place.clone()), snippet))
}

/// `NAME` is a file of the workspace's folder of snippets; what has a `/` is a path.
fn snippet_path(folder: &str, written: &str) -> Result<String, String> {
    if written.contains('/') {
        return workspace_path(folder, written);
    }
    if written.is_empty() {
        return Err("`use` names a snippet".into());
    }
    Ok(format!("{FOLDER}/{written}.yaml"))
}

fn found(
    reader: &mut Reader<'_>,
    path: Spanned<String>,
) -> Option<(Spanned<String>, Arc<Snippet>)> {
    let library = reader.library?;
    match library.snippet(&path.value) {
        Ok(snippet) => {
            library.name(path.place.source.path(), &path.value);
            snippet.map(|snippet| (path, snippet))
        }
        Err(message) => {
            let help =
                format!("a snippet is a file {FOLDER}/NAME.yaml, or a path with a `/` in it");
            let finding = Finding::error(&path.place, message);
            reader.findings.push(finding.with_help(help));
            None
        }
    }
}

/// The values of a snippet's inputs, written or by default; nothing where one is missing or does not fit.
fn given(
    reader: &mut Reader<'_>,
    snippet: &Snippet,
    with: Option<&Node>,
    at: &Place,
) -> Option<BTreeMap<String, Value>> {
    let before = reader.findings.len();
    let mut values = BTreeMap::new();
    // In the expand pass a condition that yields nothing leaves an input out.
    let mut written = BTreeMap::new();
    for (key, node) in with.map_or_else(Vec::new, |node| entries(reader, node, "with")) {
        let Some(input) = snippet.inputs.get(&key.value) else {
            let meant = unknown_input(reader, snippet, key);
            written.extend(meant.map(|name| (name, true)));
            continue;
        };
        let known = reader.findings.len();
        let value = fitting(reader, &key.value, input, node);
        let absent = value.is_none() && matches!(reader.pass, Pass::Expand(..));
        written.insert(key.value.as_str(), !absent || reader.findings.len() > known);
        values.extend(value.map(|value| (key.value.clone(), value)));
    }
    for (name, input) in &snippet.inputs {
        let is_written = written.get(name.as_str()).copied();
        if is_written == Some(true) || with.is_some_and(is_no_map) {
            continue;
        }
        if let Some(node) = &input.default {
            let value = default(reader, name, input, node);
            values.extend(value.map(|value| (name.clone(), value)));
        } else {
            let about = if is_written.is_some() || with.is_some_and(is_conditional) {
                reader.about()
            } else {
                String::new()
            };
            let message = format!("this snippet needs the input `{name}`{about}");
            let finding = Finding::error(at, message)
                .with_help(format!("write `with: {{{name}: …}}` beside `use`"))
                .with_related(&input.place, "declared here");
            reader.findings.push(finding);
        }
    }
    (reader.findings.len() == before).then_some(values)
}

fn is_no_map(node: &Node) -> bool {
    !matches!(node.kind, NodeKind::Map(_))
}

/// Reports an input that a snippet does not have; yields the one that was probably meant.
fn unknown_input<'s>(
    reader: &mut Reader<'_>,
    snippet: &'s Snippet,
    key: &Spanned<String>,
) -> Option<&'s str> {
    let names = || snippet.inputs.keys().map(String::as_str);
    let message = format!("this snippet has no input `{}`", key.value);
    if reader.findings.is_full(&key.place) {
        // Nothing of it will be shown: better words are not worth the search for them.
        reader.error(&key.place, message);
        return None;
    }
    let listed: Vec<String> = names().map(|name| format!("`{name}`")).collect();
    let near = nearest(&key.value, names());
    let finding = match near {
        Some(near) => Finding::error(&key.place, format!("{message}; did you mean `{near}`?")),
        None if listed.is_empty() => {
            Finding::error(&key.place, message).with_help("it takes none: leave `with` out")
        }
        None => Finding::error(&key.place, message)
            .with_help(format!("its inputs are {}", listed.join(", "))),
    };
    reader.findings.push(finding);
    near
}

/// The value of a default: it sees the names that are always there.
fn default(reader: &mut Reader<'_>, name: &str, input: &Input, node: &Node) -> Option<Value> {
    let Pass::Expand(outer, _) = reader.pass else {
        return None;
    };
    let (bound, vars) = (BTreeMap::new(), BTreeMap::new());
    let scope = outer.inside(&bound, &vars);
    let names = Names::always_there().shared_with(reader.names());
    let mut own = Reader {
        depth: reader.depth,
        ..Reader::new(reader.findings, Pass::Expand(&scope, &names))
    };
    let value = fitting(&mut own, name, input, node);
    outer.depends_as(&scope);
    value
}

/// Reads a value for an input, and reports one of another type.
pub(super) fn fitting(
    reader: &mut Reader<'_>,
    name: &str,
    input: &Input,
    node: &Node,
) -> Option<Value> {
    reader.one(node, |reader, node| {
        let value = reader.value(node)?;
        match (input.kind, value) {
            (InputKind::Path, Value::Text(written)) => {
                // The snippet's own folder is another one: what it sees begins at the workspace.
                match workspace_path(node.place.source.folder(), &written) {
                    Ok(path) => Some(Value::Text(format!("/{path}"))),
                    Err(message) => {
                        reader.error(&node.place, message);
                        None
                    }
                }
            }
            (InputKind::Str, value @ Value::Text(_))
            | (InputKind::Bool, value @ Value::Bool(_))
            | (InputKind::List, value @ Value::List(_)) => Some(value),
            (kind, value) => {
                let message = format!(
                    "the input `{name}` is a {}, not {}",
                    kind.word(),
                    value.describe()
                );
                let finding = Finding::error(&node.place, message);
                let finding = match kind {
                    InputKind::List => finding.with_help("a list is written [a, b]"),
                    InputKind::Bool => finding.with_help("write true or false, without quotes"),
                    InputKind::Str | InputKind::Path => finding,
                };
                let declared = finding.with_related(&input.place, "declared here");
                reader.findings.push(declared);
                None
            }
        }
    })
}

/// Whether a snippet can be gone into: not one that is being read, and neither too deep nor too often.
fn may_enter(reader: &mut Reader<'_>, at: &Spanned<String>) -> bool {
    let open = reader.trail.iter().position(|open| open.value == at.value);
    if let Some(open) = open {
        let finding = circle("use", &reader.trail[open + 1..], at);
        reader.findings.push(finding);
        return false;
    }
    if reader.trail.len() >= MAX_DEPTH {
        let message = format!("snippets use each other more than {MAX_DEPTH} deep");
        reader.error(&at.place, message);
        return false;
    }
    if reader.uses.len() >= MAX_USES {
        let message = format!("more than {MAX_USES} snippets are used in one image");
        reader.error(&at.place, message);
        return false;
    }
    true
}

/// The snippet's steps for one variant and platform. What is wrong with them is shown in the snippet's
/// lines, and says where it was used.
fn spliced<T>(
    reader: &mut Reader<'_>,
    scope: &Scope<'_>,
    snippet: &Snippet,
    values: &BTreeMap<String, Value>,
    at: &Spanned<String>,
    read: impl FnOnce(&mut Reader<'_>, &Node) -> T,
) -> Option<T> {
    let node = snippet.steps.as_ref()?;
    let mut findings = Findings::new();
    let inside = scope.inside(values, &snippet.vars);
    let names = Names::of_snippet(snippet).shared_with(reader.names());
    reader.uses.push(at.clone());
    reader.trail.push(at.clone());
    let mut own = Reader {
        findings: &mut findings,
        pass: Pass::Expand(&inside, &names),
        releases: None,
        depth: reader.depth,
        deepest: reader.deepest,
        library: reader.library,
        trail: std::mem::take(&mut reader.trail),
        uses: std::mem::take(&mut reader.uses),
    };
    let steps = own.deeper(&at.place, SNIPPET_DEPTH, |own| read(own, node));
    reader.deepest = own.deepest;
    (reader.trail, reader.uses) = (own.trail, own.uses);
    scope.depends_as(&inside);
    reader.trail.pop();
    reader
        .findings
        .extend(findings.with_related(&at.place, "used here"));
    steps
}
