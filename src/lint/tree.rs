//! Ways through a recipe's tree: steps, texts and the branches of conditional values.
//!
//! The tree has been checked: what is not of the right type has been reported, and is passed over here.

use std::ops::Range;

use crate::recipe::place_within;
use crate::text::{Place, Spanned};
use crate::yaml::{Entry, Node, NodeKind, Scalar};

/// What may stand beside a step word.
const BESIDE: [&str; 13] = [
    "name", "if", "env", "workdir", "shell", "user", "mounts", "cache", "secrets", "ssh",
    "network", "native", "with",
];

/// Of one text, a rule tells so many places at most: to find each in the file is a way through the whole text.
pub const MOST_OF_TEXT: usize = 20;

/// A step as written.
#[derive(Debug, Clone, Copy)]
pub struct StepView<'a> {
    /// The whole step, a map.
    pub node: &'a Node,
    /// The step word.
    pub word: &'a Spanned<String>,
    /// What stands behind the word; may be conditional.
    pub value: &'a Node,
    /// The stage it belongs to; nothing for the image itself.
    pub stage: Option<&'a str>,
}

/// A text of the tree.
#[derive(Debug, Clone, Copy)]
pub struct TextView<'a> {
    /// Where it stands.
    pub node: &'a Node,
    /// The text, with expressions in it.
    pub text: &'a str,
}

impl TextView<'_> {
    /// Whether an expression is part of it.
    pub fn has_expression(&self) -> bool {
        self.text.contains("${{")
    }

    /// The place of a part of it.
    pub fn part(&self, range: Range<usize>) -> Place {
        place_within(self.node, self.text, &range)
    }
}

/// The entries of a map; none for anything else.
pub fn entries(node: &Node) -> &[Entry] {
    match &node.kind {
        NodeKind::Map(entries) => entries,
        _ => &[],
    }
}

/// The items of a list; none for anything else.
pub fn items(node: &Node) -> &[Node] {
    match &node.kind {
        NodeKind::List(items) => items,
        _ => &[],
    }
}

/// The scalar that a node is.
pub fn scalar(node: &Node) -> Option<&Scalar> {
    match &node.kind {
        NodeKind::Scalar(scalar) => Some(scalar),
        _ => None,
    }
}

/// Every value that may stand in a place: the node itself, or all branches of a conditional value. `null` in a
/// branch yields nothing.
pub fn branches(node: &Node) -> Vec<&Node> {
    let mut all = Vec::new();
    let inner: Vec<&Node> = if node.get("if").is_some() && node.get("then").is_some() {
        ["then", "else"]
            .iter()
            .filter_map(|key| node.get(key))
            .collect()
    } else if let (Some(_), Some(cases)) = (node.get("match"), node.get("cases")) {
        let cases = entries(cases).iter().map(|entry| &entry.value);
        cases.chain(node.get("else")).collect()
    } else {
        return vec![node];
    };
    for branch in inner.into_iter().filter(|branch| !branch.is_null()) {
        all.extend(branches(branch));
    }
    all
}

/// Every text of a value that is a string, a list of strings, or a condition around either.
pub fn texts(node: &Node) -> Vec<TextView<'_>> {
    let mut all = Vec::new();
    for node in branches(node) {
        match &node.kind {
            NodeKind::Scalar(scalar) => all.push(TextView {
                node,
                text: &scalar.text,
            }),
            NodeKind::List(items) => all.extend(items.iter().flat_map(texts)),
            NodeKind::Map(_) => {}
        }
    }
    all
}

/// The values of a key of a map, in all branches of the map and of the value.
pub fn values<'n>(node: &'n Node, key: &str) -> Vec<&'n Node> {
    let maps = branches(node).into_iter();
    maps.filter_map(|map| map.get(key))
        .flat_map(branches)
        .collect()
}

/// Every scalar below a node that is a value and no key.
pub fn scalars<'n>(node: &'n Node, see: &mut dyn FnMut(TextView<'n>)) {
    match &node.kind {
        NodeKind::Scalar(scalar) => see(TextView {
            node,
            text: &scalar.text,
        }),
        NodeKind::List(items) => items.iter().for_each(|item| scalars(item, see)),
        NodeKind::Map(entries) => entries.iter().for_each(|entry| scalars(&entry.value, see)),
    }
}

/// Every step of a recipe, of its stages first, in all branches of conditions.
pub(super) fn steps(root: &Node) -> Vec<StepView<'_>> {
    let mut all = Vec::new();
    if let Some(stages) = root.get("stages") {
        for stages in branches(stages) {
            for entry in entries(stages) {
                let name = Some(entry.key.value.as_str());
                for stage in branches(&entry.value) {
                    below(stage, name, &mut all);
                }
            }
        }
    }
    below(root, None, &mut all);
    all
}

fn below<'n>(node: &'n Node, stage: Option<&'n str>, all: &mut Vec<StepView<'n>>) {
    if let Some(steps) = node.get("steps") {
        guarded(steps, stage, all);
    }
}

fn guarded<'n>(node: &'n Node, stage: Option<&'n str>, all: &mut Vec<StepView<'n>>) {
    for node in branches(node) {
        match &node.kind {
            NodeKind::List(items) => items.iter().for_each(|item| guarded(item, stage, all)),
            NodeKind::Map(entries) => all.extend(step(node, entries, stage)),
            NodeKind::Scalar(_) => {}
        }
    }
}

fn step<'n>(node: &'n Node, entries: &'n [Entry], stage: Option<&'n str>) -> Option<StepView<'n>> {
    let own = |entry: &&Entry| !BESIDE.contains(&entry.key.value.as_str());
    // `env` is an option beside another word, and a word of its own without one.
    let alone = || entries.iter().find(|entry| entry.key.value == "env");
    let word = entries.iter().find(own).or_else(alone)?;
    Some(StepView {
        node,
        word: &word.key,
        value: &word.value,
        stage,
    })
}
