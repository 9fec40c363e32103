//! Which file of the workspace stands at a path of the image while a step runs.

use crate::lint::extent::follows;
use crate::lint::tree::{StepView, items, scalar};
use crate::lint::view::Written;
use crate::recipe::workspace_path;
use crate::yaml::{Node, NodeKind};

/// A requirement file that a typed step can read from the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lint) struct Known {
    /// The path as the step's file writes it.
    pub(in crate::lint) written: String,
    /// The mount that is for this file alone, by its position; nothing for a file that is there otherwise.
    pub(in crate::lint) mount: Option<usize>,
}

/// The file of the workspace that a step of a list finds at a path: one that is mounted, or that the steps right
/// before it copy. Nothing where that is not certain, or where the file says more than names and versions.
pub(in crate::lint) fn in_workspace(view: &Written<'_>, at: usize, path: &str) -> Option<Known> {
    let step = &view.steps()[at];
    let path = absolute(view, step, path)?;
    let known = mounted(step, &path).or_else(|| copied(view, at, &path))?;
    let folder = step.word.place.source.folder();
    let file = workspace_path(folder, &known.written).ok()?;
    let text = view.around.files.read(&file).ok()?;
    text.lines().all(is_simple).then_some(known)
}

/// A line of a requirement file that means the same wherever the file is.
fn is_simple(line: &str) -> bool {
    let line = line.trim();
    let is_path = line.starts_with('.') || line.contains("file:");
    !is_path && (!line.starts_with('-') || line.starts_with("--hash"))
}

fn absolute(view: &Written<'_>, step: &StepView<'_>, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return Some(path.to_owned());
    }
    let own = step.node.get("workdir");
    let general = view.tree.get("workdir").filter(|_| {
        // A snippet's place is that of the recipe that uses it.
        step.stage.is_none() && !view.is_snippet
    });
    let folder = literal(own.or(general)?)?;
    let path = path.strip_prefix("./").unwrap_or(path);
    let plain = folder.starts_with('/') && !path.starts_with("..");
    plain.then(|| format!("{}/{path}", folder.trim_end_matches('/')))
}

/// A text without expressions and globs.
fn literal(node: &Node) -> Option<&str> {
    let text = scalar(node)?.text.as_str();
    (!text.contains(['*', '?', '[', '{', '$'])).then_some(text)
}

fn mounted(step: &StepView<'_>, path: &str) -> Option<Known> {
    let mounts = items(step.node.get("mounts")?);
    mounts.iter().enumerate().find_map(|(number, mount)| {
        let NodeKind::Map(entries) = &mount.kind else {
            return None;
        };
        let mut keys = entries.iter().map(|entry| entry.key.value.as_str());
        if !keys.all(|key| matches!(key, "src" | "path")) {
            return None;
        }
        let (src, to) = (literal(mount.get("src")?)?, literal(mount.get("path")?)?);
        if to == path {
            return Some(Known {
                written: src.to_owned(),
                mount: Some(number),
            });
        }
        let rest = path.strip_prefix(to.trim_end_matches('/'))?;
        let rest = rest.strip_prefix('/').filter(|rest| !rest.contains(".."))?;
        Some(Known {
            written: format!("{}/{rest}", src.trim_end_matches('/')),
            mount: None,
        })
    })
}

/// A file that the steps right before a step copy, with nothing between them that could change it.
fn copied(view: &Written<'_>, at: usize, path: &str) -> Option<Known> {
    let steps = view.steps();
    for number in (0..at).rev() {
        let (step, next) = (&steps[number], &steps[number + 1]);
        if step.word.value != "copy" || !follows(step.node, next.node) {
            return None;
        }
        let is_sure = step.node.get("if").is_none();
        if let Some(written) = copies(step.value, path) {
            return is_sure.then_some(Known {
                written,
                mount: None,
            });
        }
    }
    None
}

/// The source of a copy that makes a file.
fn copies(copy: &Node, path: &str) -> Option<String> {
    let NodeKind::Map(entries) = &copy.kind else {
        return None;
    };
    let known = ["src", "to", "mode", "owner"];
    if !entries
        .iter()
        .all(|entry| known.contains(&entry.key.value.as_str()))
    {
        return None;
    }
    let to = literal(copy.get("to")?)?;
    let source = copy.get("src")?;
    let sources = match &source.kind {
        NodeKind::List(items) => items.as_slice(),
        _ => std::slice::from_ref(source),
    };
    let mut sources = sources.iter().filter_map(literal);
    let found = sources.find(|src| {
        let name = src.rsplit('/').next().unwrap_or(src);
        let made = match to.strip_suffix('/') {
            Some(folder) => format!("{folder}/{name}"),
            None => to.to_owned(),
        };
        !name.is_empty() && !src.contains("/./") && made == path
    });
    found.map(str::to_owned)
}
