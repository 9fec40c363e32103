//! For pages in Markdown.

use std::fmt::Write as _;

use super::super::words::clean;
use super::{class, colours};
use crate::ops::{Graph, NodeKind};

/// A flowchart from bases to what is made of them; copies are dotted.
pub(in crate::cli) fn mermaid(graph: &Graph) -> String {
    let mut text = String::from("flowchart LR");
    let mut classes = Vec::new();
    for (number, node) in graph.nodes.iter().enumerate() {
        let (open, close) = match node.kind {
            NodeKind::Base => ("[", "]"),
            NodeKind::Image => ("(", ")"),
        };
        let (name, class) = (escaped(&node.name), class(node));
        let _ = write!(text, "\n  n{number}{open}\"{name}\"{close}:::{class}");
        if !classes.contains(&(class, colours(node))) {
            classes.push((class, colours(node)));
        }
    }
    for edge in &graph.edges {
        let arrow = if edge.copies { "-.->" } else { "-->" };
        let _ = write!(text, "\n  n{} {arrow} n{}", edge.from, edge.to);
    }
    for (class, (fill, line)) in classes {
        let _ = write!(
            text,
            "\n  classDef {class} fill:{fill},stroke:{line},color:#222"
        );
    }
    text
}

/// Whatever is no letter, digit or harmless sign becomes the number of its character, which mermaid takes everywhere.
fn escaped(name: &str) -> String {
    let mut text = String::new();
    for c in clean(name).chars() {
        if c.is_alphanumeric() || " /:.-_@+".contains(c) {
            text.push(c);
        } else {
            let _ = write!(text, "#{};", u32::from(c));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::hostile;
    use super::mermaid;

    #[test]
    fn names_stay_names_in_mermaid() {
        insta::assert_snapshot!(mermaid(&hostile()));
    }
}
