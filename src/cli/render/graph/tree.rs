//! A tree for people.

use super::super::words::clean;
use crate::ops::{Graph, Node, NodeKind};

/// Each base with what is made of it below. What is made of several is written out once.
pub(in crate::cli) fn text(graph: &Graph) -> String {
    let mut tree = Tree {
        graph,
        below: vec![Vec::new(); graph.nodes.len()],
        is_told: vec![false; graph.nodes.len()],
        lines: Vec::new(),
    };
    let mut is_root = vec![true; graph.nodes.len()];
    for edge in &graph.edges {
        tree.below[edge.from].push((edge.to, edge.copies));
        is_root[edge.to] = false;
    }
    for (number, node) in graph.nodes.iter().enumerate() {
        if is_root[number] {
            tree.lines.push(label(node));
            tree.branch(number);
        }
    }
    let images = graph.nodes.iter().filter(|it| it.kind == NodeKind::Image);
    let images = images.count();
    let word = |count: usize, one: &'static str| if count == 1 { "" } else { one };
    let bases = graph.nodes.len() - images;
    tree.lines.push(format!(
        "{images} image{}, {bases} base{}",
        word(images, "s"),
        word(bases, "s")
    ));
    tree.lines.join("\n")
}

struct Tree<'a> {
    graph: &'a Graph,
    /// What is made of each node, and whether files are copied only.
    below: Vec<Vec<(usize, bool)>>,
    is_told: Vec<bool>,
    lines: Vec<String>,
}

impl Tree<'_> {
    /// Everything below a node. Images may stand a thousand deep, so the way down is kept on the heap.
    fn branch(&mut self, root: usize) {
        let mut open = vec![(root, 0)];
        while let Some((number, next)) = open.pop() {
            let Some(&(child, copies)) = self.below[number].get(next) else {
                continue;
            };
            open.push((number, next + 1));
            let mut line = String::new();
            for (above, at) in &open[..open.len() - 1] {
                let is_last = *at >= self.below[*above].len();
                line.push_str(if is_last { "   " } else { "│  " });
            }
            let is_last = next + 1 == self.below[number].len();
            line.push_str(if is_last { "└─ " } else { "├─ " });
            line.push_str(&label(&self.graph.nodes[child]));
            if copies {
                line.push_str(" (files)");
            }
            let again = self.is_told[child] && !self.below[child].is_empty();
            if again {
                line.push_str(" (see above)");
            } else {
                open.push((child, 0));
            }
            self.is_told[child] = true;
            self.lines.push(line);
        }
    }
}

fn label(node: &Node) -> String {
    let name = clean(&node.name);
    match node.state {
        Some(state) => format!("{name}: {}", state.as_str()),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::super::hostile;
    use super::text;

    #[test]
    fn what_is_made_of_several_is_written_out_once() {
        insta::assert_snapshot!(text(&hostile()));
    }
}
