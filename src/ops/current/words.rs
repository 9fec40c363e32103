//! A change in words, with its place in the recipe.

use super::outline::Outline;
use super::reason::ReasonKind;
use crate::key::Change;
use crate::oci::Digest;
use crate::plan::Planned;
use crate::text::Place;

/// Characters of a digest that are shown.
const SHORT: usize = 12;

/// The beginning of a digest.
pub(super) fn short(digest: &Digest) -> String {
    format!("sha256:{}", &digest.hex()[..SHORT])
}

/// What kind of reason a change is, what is said of it, and where.
pub(super) fn change(
    change: &Change,
    outline: &Outline,
    planned: &Planned,
) -> (ReasonKind, String, Option<Place>) {
    let recipe = || Some(planned.image.recipe.place.clone());
    let at = |name: &str| outline.places.get(name).cloned().or_else(recipe);
    match change {
        Change::Form => (
            ReasonKind::Program,
            "this version makes images in another way".to_owned(),
            None,
        ),
        Change::Graph(at) => {
            let places = at.map_or(&[][..], |at| &outline.steps[at..]);
            let place = places.iter().flatten().next().cloned();
            let message = match (&place, at) {
                (Some(_), Some(_)) => "the recipe says something else here",
                _ => "the recipe has other steps",
            };
            (
                ReasonKind::Recipe,
                message.to_owned(),
                place.or_else(recipe),
            )
        }
        Change::Config => (
            ReasonKind::Recipe,
            "the image's configuration is another one".to_owned(),
            recipe(),
        ),
        Change::Export => (
            ReasonKind::Recipe,
            "annotations, compression or the time that is asked for are others".to_owned(),
            recipe(),
        ),
        Change::Checks => (
            ReasonKind::Recipe,
            "tests or limits are others".to_owned(),
            recipe(),
        ),
        Change::Base(name, then, now) => (
            ReasonKind::Base,
            moved(&format!("the base `{name}`"), then.as_ref(), now.as_ref()),
            at(name),
        ),
        Change::Files(name, Some(_), Some(_)) => {
            (ReasonKind::File, format!("`{name}` changed"), at(name))
        }
        Change::Files(name, None, _) => (ReasonKind::File, format!("`{name}` is new"), at(name)),
        Change::Files(name, ..) => (
            ReasonKind::File,
            format!("`{name}` is not used any more"),
            recipe(),
        ),
        Change::Lock(name) => (
            ReasonKind::Lock,
            format!("the lock says something else of {name}"),
            at(name),
        ),
        Change::Period(then, now) => {
            let word = |period: &Option<String>| period.clone().unwrap_or("none".to_owned());
            let message = format!("the period went from {} to {}", word(then), word(now));
            (ReasonKind::Refresh, message, recipe())
        }
    }
}

fn moved(what: &str, then: Option<&Digest>, now: Option<&Digest>) -> String {
    match (then, now) {
        (Some(then), Some(now)) => {
            format!("{what} moved from {} to {}", short(then), short(now))
        }
        (None, _) => format!("{what} is new"),
        (Some(_), None) => format!("{what} is not used any more"),
    }
}
