//! Findings of `lint` in the forms that others read. Each is made of the same report.

pub(in crate::cli) mod github;
pub(in crate::cli) mod gitlab;
pub(in crate::cli) mod json;
mod print;
pub(in crate::cli) mod sarif;
pub(in crate::cli) mod text;

use crate::text::Place;

/// Line and column of the end of a place: behind its last character.
fn end(place: &Place) -> (usize, usize) {
    let range = place.source.clamp(place.span);
    place.source.line_column(range.end)
}
