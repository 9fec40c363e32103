//! Comments of a YAML file: the tree has none of them, so they are looked for between its values.

use std::sync::Arc;

use super::extent;
use crate::diagnostic::Findings;
use crate::text::{SourceFile, Span};
use crate::yaml::{self, Node, NodeKind};

/// A comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Comment {
    /// From `#` to the end of the line.
    pub(super) span: Span,
    /// Whether nothing else stands on its line.
    pub(super) alone: bool,
}

/// The comments of a file and its values that span lines.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) comments: Vec<Comment>,
    /// Values of more than one line, each with the line that its key, or the header of its block, stands on.
    pub(super) blocks: Vec<(Span, usize)>,
}

/// Looks for comments; nothing comes back for a file that is no YAML.
pub(super) fn outline(source: &Arc<SourceFile>) -> Option<Outline> {
    let tree = yaml::parse(source, &mut Findings::new())?;
    let mut values = Vec::new();
    collect(&tree, source, &mut values);
    values.sort_unstable();
    let text = source.text();
    let mut outline = Outline::default();
    for &span in &values {
        let range = source.clamp(span);
        if text[range.clone()].contains('\n') {
            let before = text[..range.start].trim_end().len();
            outline
                .blocks
                .push((span, source.line_column(before.saturating_sub(1)).0));
        }
    }
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.trim_end_matches(['\n', '\r']).len();
        let mut at = start;
        while let Some(found) = text[at..end].find('#') {
            let hash = at + found;
            let before = &text[start..hash];
            let opens = before.is_empty() || before.ends_with([' ', '\t']);
            if opens && !inside(&values, hash) {
                outline.comments.push(Comment {
                    span: Span { start: hash, end },
                    alone: before.trim().is_empty(),
                });
                break;
            }
            at = hash + 1;
        }
        start += line.len();
    }
    Some(outline)
}

/// Whether a byte belongs to one of some sorted values.
fn inside(values: &[Span], at: usize) -> bool {
    let after = values.partition_point(|span| span.start <= at);
    after > 0 && at < values[after - 1].end
}

fn collect(node: &Node, source: &Arc<SourceFile>, values: &mut Vec<Span>) {
    match &node.kind {
        NodeKind::Scalar(_) => values.push(extent::scalar(node, source)),
        NodeKind::List(items) => items.iter().for_each(|item| collect(item, source, values)),
        NodeKind::Map(entries) => {
            for entry in entries {
                values.push(entry.key.place.span);
                collect(&entry.value, source, values);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::outline;
    use crate::text::SourceFile;

    fn comments(text: &str) -> Vec<(String, bool)> {
        let source = SourceFile::new("r.yaml", text);
        let outline = outline(&source).unwrap();
        let shown =
            |comment: &super::Comment| (source.slice(comment.span).to_owned(), comment.alone);
        outline.comments.iter().map(shown).collect()
    }

    #[test]
    fn a_hash_inside_a_value_is_no_comment() {
        let text = "# 처음\nname: \"a # b\"   # one\nurl: http://x/#y\nrun: |  # two\n  echo # 셋\n  # four\n# five\n\
                    list: ['#', a#b] # six\nlast: \"a\n  # no\n  b\"\n  # seven\n";
        let expected = [
            ("# 처음", true),
            ("# one", false),
            ("# two", false),
            ("# five", true),
            ("# six", false),
            ("# seven", true),
        ];
        let expected: Vec<(String, bool)> = expected
            .into_iter()
            .map(|(text, alone)| (text.to_owned(), alone))
            .collect();
        assert_eq!(comments(text), expected);
    }

    #[test]
    fn a_comment_below_a_block_is_seen_and_one_in_it_is_not() {
        let text = "steps:\n  - run: |\n      # inside 안\n      echo\n\n    # below\n  - run: >-\n      a # b\n  # end\nx: 1\n";
        let found: Vec<String> = comments(text).into_iter().map(|(text, _)| text).collect();
        assert_eq!(found, ["# below", "# end"]);
    }

    #[test]
    fn a_block_knows_the_line_of_its_header() {
        let source = SourceFile::new(
            "r.yaml",
            "a: 1\nrun: | # 주석\n\n  one\n  two\nlist:\n  - |\n    x\n    y\n",
        );
        let lines: Vec<usize> = outline(&source)
            .unwrap()
            .blocks
            .iter()
            .map(|b| b.1)
            .collect();
        assert_eq!(lines, [2, 7]);
    }
}
