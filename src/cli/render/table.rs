//! Columns of text.

use unicode_width::UnicodeWidthStr as _;

/// A size in decimal units.
pub(in crate::cli) use crate::text::size_words as bytes;

/// Rows with their columns aligned, two blanks apart; the last column is not padded.
pub(in crate::cli) fn render(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.width())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let lines = rows.iter().map(|row| {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            line.push_str(cell);
            if column + 1 < row.len() {
                line.push_str(&" ".repeat(widths[column] - cell.width() + 2));
            }
        }
        line.trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// How many images and legs there are.
pub(in crate::cli) fn counts(images: usize, legs: usize) -> String {
    let word =
        |count: usize, one: &'static str, many: &'static str| if count == 1 { one } else { many };
    let (image, leg) = (word(images, "image", "images"), word(legs, "leg", "legs"));
    format!("{images} {image}, {legs} {leg}")
}

/// The first twelve digits of a digest.
pub(in crate::cli) fn short(digest: &str) -> String {
    digest
        .split_once(':')
        .map_or(digest, |(_, hex)| hex)
        .chars()
        .take(12)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{bytes, render, short};

    #[test]
    fn columns_align_under_wide_characters() {
        let row = |cells: [&str; 2]| cells.map(String::from).to_vec();
        let text = render(&[row(["이름", "x"]), row(["a", "y"])]);
        assert_eq!(text, "이름  x\na     y");
    }

    #[test]
    fn sizes_and_digests_are_short() {
        assert_eq!(
            (bytes(999), bytes(1_234_567)),
            ("999 B".into(), "1.2 MB".into())
        );
        assert_eq!(short("sha256:0123456789abcdef"), "0123456789ab");
    }
}
