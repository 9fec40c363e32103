//! A picture without anything that runs.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use super::super::words::clean;
use super::colours;
use super::layout::{Rect, layout};
use crate::ops::{Graph, NodeKind};

/// The width of a letter in halves of a pixel, and what is left and right of a name in pixels.
const LETTER: usize = 15;
const PADDING: usize = 20;

/// Boxes from left to right, with lines between them; copies are dashed.
pub(in crate::cli) fn svg(graph: &Graph) -> String {
    let names: Vec<String> = graph.nodes.iter().map(|node| clean(&node.name)).collect();
    let width = |name: &String| name.width() * LETTER / 2 + PADDING;
    let widths: Vec<usize> = names.iter().map(width).collect();
    let picture = layout(graph, &widths);
    let (width, height) = (picture.width, picture.height);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
         <title>Images and what they are made of</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <g fill=\"none\" stroke=\"#777777\" stroke-width=\"1.2\">"
    );
    for (edge, passed) in graph.edges.iter().zip(&picture.edges) {
        let dashes = if edge.copies {
            " stroke-dasharray=\"4 3\""
        } else {
            ""
        };
        let _ = write!(text, "\n<path d=\"{}\"{dashes}/>", path(passed));
    }
    text.push_str("\n</g>\n<g font-family=\"monospace\" font-size=\"12\" text-anchor=\"middle\">");
    for ((node, name), at) in graph.nodes.iter().zip(&names).zip(&picture.nodes) {
        let (fill, line) = colours(node);
        let (name, round) = (
            escaped(name),
            if node.kind == NodeKind::Image { 6 } else { 0 },
        );
        let state = node.state.map(|state| format!(": {}", state.as_str()));
        let state = state.unwrap_or_default();
        let Rect {
            x,
            y,
            width,
            height,
        } = at;
        let (middle, base) = (x + width / 2, y + 17);
        let _ = write!(
            text,
            "\n<g><title>{name}{state}</title>\
             <rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{round}\" \
             fill=\"{fill}\" stroke=\"{line}\"/>\
             <text x=\"{middle}\" y=\"{base}\" fill=\"#222222\">{name}</text></g>"
        );
    }
    text.push_str("\n</g>\n</svg>");
    text
}

/// From the right side of the first place to the left side of the last, through those between.
fn path(passed: &[Rect]) -> String {
    let middle = |rect: &Rect| rect.y + rect.height / 2;
    let mut path = String::new();
    for pair in passed.windows(2) {
        let (from, to) = (&pair[0], &pair[1]);
        let (x0, y0, x1, y1) = (from.x + from.width, middle(from), to.x, middle(to));
        let half = usize::midpoint(x0, x1);
        if path.is_empty() {
            let _ = write!(path, "M{x0} {y0}");
        } else {
            // Along the place that it passes.
            let _ = write!(path, " L{x0} {y0}");
        }
        if x0 != x1 {
            let _ = write!(path, " C{half} {y0} {half} {y1} {x1} {y1}");
        }
    }
    path
}

fn escaped(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\'' => text.push_str("&#39;"),
            // XML has no way to write these.
            '\u{fffe}' | '\u{ffff}' => {}
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::hostile;
    use super::svg;

    #[test]
    fn names_stay_names_in_svg() {
        let picture = svg(&hostile());
        assert!(!picture.contains("<script"));
        insta::assert_snapshot!(picture);
    }
}
