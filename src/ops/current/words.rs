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
            moved(name, then.as_ref(), now.as_ref()),
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

fn moved(name: &str, then: Option<&Digest>, now: Option<&Digest>) -> String {
    match (then, now) {
        (Some(then), Some(now)) => base_moved(name, (then, None), (now, None)),
        (None, _) => format!("the base `{name}` is new"),
        (Some(_), None) => format!("the base `{name}` is not used any more"),
    }
}

/// What is said of a base that moved: its digests, each with the day on which it was made where that is known.
pub(in crate::ops) fn base_moved(
    name: &str,
    then: (&Digest, Option<&str>),
    now: (&Digest, Option<&str>),
) -> String {
    let words = |(digest, day): (&Digest, Option<&str>)| {
        let day = day.map(|day| format!(" ({day})"));
        format!("{}{}", short(digest), day.unwrap_or_default())
    };
    format!(
        "the base `{name}` moved from {} to {}",
        words(then),
        words(now)
    )
}

/// What is said of an index whose `what` only a later program understands.
pub(super) fn newer(index: &Digest, what: &str) -> String {
    format!(
        "{} was made by a newer kiln: this one does not know its {what}",
        short(index)
    )
}

/// What is said of an index whose parts or key somebody edited.
pub(super) fn doubtful(index: &Digest) -> String {
    format!(
        "{} is not trusted: its parts are not those of its key",
        short(index)
    )
}

/// What is said of a parent, `NAME PLATFORM`, that is stale or of which nobody knows.
pub(super) fn of_parent(name: &str, is_unknown: bool) -> String {
    let name = name.rsplit_once(' ').map_or(name, |(name, _)| name);
    if is_unknown {
        format!("nobody knows whether its parent `{name}` is current")
    } else {
        format!("its parent `{name}` is not current")
    }
}
