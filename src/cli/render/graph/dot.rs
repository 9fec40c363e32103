//! For Graphviz.

use std::fmt::Write as _;

use super::super::words::clean;
use super::colours;
use crate::ops::{Graph, NodeKind};

/// A directed graph from bases to what is made of them; copies are dashed.
pub(in crate::cli) fn dot(graph: &Graph) -> String {
    let mut text = String::from(
        "digraph kiln {\n  rankdir=LR;\n  node [fontname=\"monospace\", style=\"filled,rounded\", shape=box];\n",
    );
    for (number, node) in graph.nodes.iter().enumerate() {
        let (fill, line) = colours(node);
        let name = quoted(&node.name);
        let shape = match node.kind {
            NodeKind::Base => ", style=filled",
            NodeKind::Image => "",
        };
        let state = node
            .state
            .map(|state| format!(", tooltip=\"{}\"", state.as_str()));
        let state = state.unwrap_or_default();
        let _ = writeln!(
            text,
            "  n{number} [label=\"{name}\", fillcolor=\"{fill}\", color=\"{line}\"{shape}{state}];"
        );
    }
    for edge in &graph.edges {
        let style = if edge.copies { " [style=dashed]" } else { "" };
        let _ = writeln!(text, "  n{} -> n{}{style};", edge.from, edge.to);
    }
    text.push('}');
    text
}

/// In quotes only the quote and the backslash have a meaning; the latter begins `\n` and `\N`.
fn quoted(name: &str) -> String {
    clean(name).replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::super::hostile;
    use super::dot;

    #[test]
    fn names_stay_names_in_dot() {
        insta::assert_snapshot!(dot(&hostile()));
    }
}
