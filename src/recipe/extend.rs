//! The files that a file extends, in the order in which they are laid over each other.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::library::{File, Library, MAX_DEPTH, circle};
use super::parse::workspace_path;
use crate::diagnostic::{Finding, Findings};
use crate::text::Spanned;
use crate::yaml::{self, Node, NodeKind};

/// The files that a file extends.
#[derive(Debug)]
pub(crate) struct Inherited {
    /// What the first one extends, the first one, and so on, each at its first mention.
    pub(crate) files: Vec<Arc<File>>,
    /// Whether none is missing. Otherwise much may seem to be wrong that is not.
    pub(crate) whole: bool,
}

/// Finds what a file extends.
pub(crate) fn inherited(library: &Library, file: &File, findings: &mut Findings) -> Inherited {
    let mut walk = Walk {
        library,
        findings,
        order: Vec::new(),
        whole: true,
        seen: BTreeSet::new(),
        trail: Vec::new(),
    };
    walk.visit(file);
    Inherited {
        files: walk.order,
        whole: walk.whole,
    }
}

struct Walk<'a> {
    library: &'a Library,
    findings: &'a mut Findings,
    order: Vec<Arc<File>>,
    whole: bool,
    seen: BTreeSet<String>,
    /// The files being visited, and where each was named.
    trail: Vec<Spanned<String>>,
}

impl Walk<'_> {
    fn visit(&mut self, file: &File) {
        let node = file.tree().and_then(|tree| tree.get("extends"));
        for next in node.map_or_else(Vec::new, |node| self.targets(node)) {
            self.whole &= self.step(next).is_some();
        }
    }

    /// Goes to a file; nothing comes back where that is not possible.
    fn step(&mut self, next: Spanned<String>) -> Option<()> {
        if let Some(at) = self.trail.iter().position(|open| open.value == next.value) {
            let finding = circle("extends", &self.trail[at + 1..], &next);
            self.findings.push(finding);
            return None;
        }
        if self.trail.len() >= MAX_DEPTH {
            let message = format!("files extend each other more than {MAX_DEPTH} deep");
            self.findings.error(&next.place, message);
            return None;
        }
        if self.seen.insert(next.value.clone()) {
            let file = self.open(&next)?;
            self.trail.push(next);
            self.visit(&file);
            self.trail.pop();
            self.order.push(file);
        }
        Some(())
    }

    fn open(&mut self, target: &Spanned<String>) -> Option<Arc<File>> {
        let path = &target.value;
        let (message, help) = match self.library.file(path) {
            Err(message) => (
                message,
                "a path goes from the file it stands in; a leading `/` is the workspace",
            ),
            Ok(file) => {
                // What is no YAML has been reported in its own lines.
                let tree = file.tree()?;
                if tree.get("kiln").is_none() {
                    let message = format!("`{path}` is neither a recipe nor a fragment");
                    (message, "both begin with `kiln: 1`")
                } else if tree.get("inputs").is_some() {
                    (format!("`{path}` is a snippet"), "`use` it among the steps")
                } else {
                    if tree.get("name").is_none() {
                        self.library.add_fragment(&file);
                    }
                    let from = target.place.source.path();
                    self.library.name(from, path);
                    return Some(file);
                }
            }
        };
        let finding = Finding::error(&target.place, message);
        self.findings.push(finding.with_help(help));
        None
    }

    /// The paths in `extends`, as paths in the workspace.
    fn targets(&mut self, node: &Node) -> Vec<Spanned<String>> {
        let items = match &node.kind {
            NodeKind::List(items) => items,
            _ => std::slice::from_ref(node),
        };
        let targets = items.iter().filter_map(|item| target(item, self.findings));
        let targets: Vec<_> = targets.collect();
        self.whole &= targets.len() == items.len();
        targets
    }
}

fn target(item: &Node, findings: &mut Findings) -> Option<Spanned<String>> {
    if matches!(item.kind, NodeKind::Map(_)) {
        let finding = Finding::error(&item.place, "`extends` is a file or a list of files");
        findings.push(finding.with_help("it takes no conditions: put these into the files"));
        return None;
    }
    let text = yaml::text(item, findings)?;
    if text.value.contains("${{") {
        findings.error(&text.place, "no expression may stand in `extends`");
        return None;
    }
    match workspace_path(item.place.source.folder(), &text.value) {
        Ok(path) => Some(Spanned::new(path, text.place)),
        Err(message) => {
            findings.error(&text.place, message);
            None
        }
    }
}
