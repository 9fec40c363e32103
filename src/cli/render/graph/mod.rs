//! The graph of images, for people, for programs that draw, and drawn.
//!
//! Names may hold anything, as paths of base folders do: each form writes them so that they stay names.

mod dot;
mod layout;
mod mermaid;
mod svg;
mod tree;

pub(in crate::cli) use dot::dot;
pub(in crate::cli) use mermaid::mermaid;
pub(in crate::cli) use svg::svg;
pub(in crate::cli) use tree::text;

use crate::ops::{Node, NodeKind, State};

/// Fill and border of a node.
fn colours(node: &Node) -> (&'static str, &'static str) {
    match (node.kind, node.state) {
        (NodeKind::Base, _) => ("#f3f3f3", "#8a8a8a"),
        (NodeKind::Image, None) => ("#e8f0fb", "#3f6fb5"),
        (NodeKind::Image, Some(State::Current)) => ("#e0f3e2", "#2f7d3b"),
        (NodeKind::Image, Some(State::TagMissing)) => ("#fbf3d0", "#9a7b10"),
        (NodeKind::Image, Some(State::Stale)) => ("#fde2d4", "#b8501c"),
        (NodeKind::Image, Some(State::Unknown)) => ("#ece4f6", "#6b4aa0"),
    }
}

/// What a node is called in classes: `base`, `image`, or its state.
fn class(node: &Node) -> &'static str {
    match (node.kind, node.state) {
        (NodeKind::Base, _) => "base",
        (NodeKind::Image, None) => "image",
        (NodeKind::Image, Some(State::TagMissing)) => "tagless",
        (NodeKind::Image, Some(state)) => state.as_str(),
    }
}

/// One that every form is tried with: names with whatever has a meaning somewhere, and a long edge.
#[cfg(test)]
fn hostile() -> crate::ops::Graph {
    use crate::ops::{Edge, Graph};
    let base = |name: &str| Node {
        kind: NodeKind::Base,
        name: name.to_owned(),
        state: None,
    };
    let image = |name: &str, state| Node {
        kind: NodeKind::Image,
        name: name.to_owned(),
        state: Some(state),
    };
    let edge = |from, to, copies| Edge { from, to, copies };
    Graph {
        nodes: vec![
            base("rootfs <script>alert(\"größe\")</script>&amp;]]>"),
            base("oci a\\\"]; b -->|x| c\n%%{init}%%:`1`#quot;\u{1b}[31m\u{202e}"),
            image("team/기반:1", State::Current),
            image("team/app:1", State::Stale),
            image("team/tool:1", State::Unknown),
            image("team/tool:2", State::TagMissing),
        ],
        edges: [
            edge(0, 2, false),
            edge(1, 3, true),
            edge(2, 3, false),
            edge(3, 4, false),
            edge(2, 4, true),
            edge(0, 5, false),
        ]
        .into(),
    }
}
