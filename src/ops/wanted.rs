//! Which images a plan has to know: of each name, the platforms, and where it is asked for.

use std::collections::BTreeMap;

use super::current::Answer;
use crate::lock::LockedImage;
use crate::oci::{Platform, Reference};
use crate::plan::Plan;
use crate::recipe::{Content, StagePlatform};
use crate::text::Place;

/// One thing to look up.
pub(super) struct Wanted {
    pub(super) reference: Reference,
    /// For which platforms, and where each is asked for.
    pub(super) uses: BTreeMap<Platform, Vec<Place>>,
    /// What the lock says of it.
    pub(super) locked: Option<LockedImage>,
    /// What a registry said of it before, be it that there is no such image.
    pub(super) known: Option<Answer>,
}

/// Everything that a plan's legs name, and what native programs for them may be taken from.
pub(super) fn wanted(plan: &Plan, native: &dyn Fn(Platform) -> Platform) -> Vec<Wanted> {
    let mut all: BTreeMap<String, Wanted> = BTreeMap::new();
    for planned in &plan.images {
        for &platform in &planned.platforms {
            let Some(content) = planned.image.contents.get(&platform) else {
                continue;
            };
            for (reference, place, platform) in uses(content, platform, native(platform)) {
                let wanted = all.entry(reference.to_string()).or_insert_with(|| Wanted {
                    reference: reference.clone(),
                    uses: BTreeMap::new(),
                    locked: None,
                    known: None,
                });
                let places = wanted.uses.entry(platform).or_default();
                if !places.contains(place) {
                    places.push(place.clone());
                }
            }
        }
    }
    for (reference, platform) in of_twins(plan, native) {
        if let Some(wanted) = all.get_mut(&reference.to_string()) {
            // Without a place: that there is none for this platform is nobody's mistake.
            wanted.uses.entry(platform).or_default();
        }
    }
    all.into_values().collect()
}

/// What typed steps of foreign platforms may take native programs from: what they begin with, for the builder's own
/// platform; and where the native leg is not built, all that it would name.
fn of_twins<'p>(
    plan: &'p Plan,
    native: &dyn Fn(Platform) -> Platform,
) -> Vec<(&'p Reference, Platform)> {
    let mut all = Vec::new();
    for planned in &plan.images {
        let typed = |platform: &Platform| {
            let content = planned.image.contents.get(platform);
            content.filter(|content| content.has_typed_steps())
        };
        for platform in &planned.platforms {
            let own = native(*platform);
            if let Some(content) = typed(platform) {
                let uses = uses(content, *platform, own).into_iter();
                let foreign = uses.filter(|(_, _, platform)| platform.is_foreign_to(own));
                all.extend(foreign.map(|(reference, ..)| (reference, own)));
            }
            let is_built = planned.platforms.contains(&own);
            if let Some(content) = typed(&own).filter(|_| !is_built) {
                let uses = uses(content, own, own).into_iter();
                all.extend(uses.map(|(reference, _, platform)| (reference, platform)));
            }
        }
    }
    all
}

/// Every image that a content names, with the platform it is wanted for: the target's, except for the
/// base of a stage that runs on a platform of its own.
pub(super) fn uses(
    content: &Content,
    target: Platform,
    native: Platform,
) -> Vec<(&Reference, &Place, Platform)> {
    let of_stages: Vec<(&Place, Platform)> = content
        .stages
        .values()
        .map(|stage| match stage.platform {
            StagePlatform::Target => (&stage.base.place, target),
            StagePlatform::Native => (&stage.base.place, native),
            StagePlatform::Fixed(platform) => (&stage.base.place, platform),
        })
        .collect();
    let images = content.images().into_iter();
    images
        .map(|(reference, place)| {
            let own = of_stages.iter().find(|(base, _)| *base == place);
            (
                reference,
                place,
                own.map_or(target, |(_, platform)| *platform),
            )
        })
        .collect()
}
