//! Whether the stages that an image names are there, and none needs itself.

use std::collections::{BTreeMap, BTreeSet};

use super::reader::{Pass, Reader};
use crate::diagnostic::{Finding, nearest};
use crate::recipe::image::{Base, From, Stage, StagePlatform, Step};
use crate::recipe::uses::taken_by;
use crate::text::{Place, Spanned};

/// The stages that each stage begins with or takes files from, and where it says so.
type Edges<'c> = BTreeMap<&'c str, Vec<(&'c str, &'c Place)>>;

/// The most stages of a recipe: one may begin with the next, and they are followed to the end.
const MAX_STAGES: usize = 256;

/// A stage that does not exist, or that needs itself, is found before anything is built. `names` are
/// all stages that are written, also those with mistakes in them.
pub(super) fn check_stages(
    reader: &mut Reader<'_>,
    stages: &BTreeMap<String, Stage>,
    names: &BTreeSet<String>,
    base: Option<&Spanned<Base>>,
    steps: &[Step],
) {
    if names.len() > MAX_STAGES {
        let place = stages.values().next().map(|stage| &stage.base.place);
        if let Some(place) = place.or(base.map(|base| &base.place)) {
            let message = format!(
                "the recipe has {} stages; at most {MAX_STAGES} are read",
                names.len()
            );
            reader.error(place, message);
        }
        return;
    }
    let edges: Edges<'_> = stages
        .iter()
        .map(|(name, stage)| (name.as_str(), named(Some(&stage.base), &stage.steps)))
        .collect();
    let own = named(base, steps);
    for (name, place) in own.iter().chain(edges.values().flatten()) {
        // In the check pass a name that has an expression in it is empty.
        if !name.is_empty() && !names.contains(*name) && reader.names().whole {
            let all = stages.values().flat_map(|stage| &stage.steps).chain(steps);
            unknown_stage(reader, place, name, names, used_by(all, place));
        }
    }
    check_platform(reader, stages, base);
    let mut done = BTreeSet::new();
    for name in edges.keys() {
        visit(reader, name, &edges, &mut Vec::new(), &mut done);
    }
}

/// An image that began with a stage of another platform would hold programs that it cannot run.
fn check_platform(
    reader: &mut Reader<'_>,
    stages: &BTreeMap<String, Stage>,
    base: Option<&Spanned<Base>>,
) {
    let Some(Spanned {
        value: Base::Stage(name),
        place,
    }) = base
    else {
        return;
    };
    let target = match reader.pass {
        Pass::Expand(scope, _) => scope.platform(),
        Pass::Check(_) => None,
    };
    let elsewhere = match stages.get(name).map(|stage| &stage.platform) {
        Some(StagePlatform::Native) => true,
        Some(StagePlatform::Fixed(platform)) => target.is_some_and(|target| target != platform),
        _ => false,
    };
    if elsewhere {
        let message = format!("stage `{name}` is made for another platform than the image");
        reader.findings.push(
            Finding::error(place, message)
                .with_help("begin with a stage of the image's platform, and copy from this one"),
        );
    }
}

/// The stages that are named as a base or as a source of files.
fn named<'c>(base: Option<&'c Spanned<Base>>, steps: &'c [Step]) -> Vec<(&'c str, &'c Place)> {
    let base = base.and_then(|base| match &base.value {
        Base::Stage(name) => Some((name.as_str(), &base.place)),
        _ => None,
    });
    let taken = taken_by(steps).into_iter();
    let taken = taken.filter_map(|(from, place)| match from {
        From::Stage(name) => Some((name.as_str(), place)),
        _ => None,
    });
    base.into_iter().chain(taken).collect()
}

/// Depth first; the edge that closes a circle is reported, each circle once.
fn visit<'c>(
    reader: &mut Reader<'_>,
    name: &'c str,
    edges: &Edges<'c>,
    open: &mut Vec<&'c str>,
    done: &mut BTreeSet<&'c str>,
) {
    if done.contains(name) {
        return;
    }
    open.push(name);
    for &(next, place) in edges.get(name).into_iter().flatten() {
        if let Some(at) = open.iter().position(|other| *other == next) {
            let circle = open[at..].join("` → `");
            let message = format!("stage `{next}` needs itself: `{circle}` → `{next}`");
            reader.error(place, message);
        } else {
            visit(reader, next, edges, open, done);
        }
    }
    open.pop();
    done.insert(name);
}

/// Where the snippets are used by which a step came that names a stage at a place.
fn used_by<'s>(steps: impl Iterator<Item = &'s Step>, place: &Place) -> &'s [Place] {
    let mut steps = steps.filter(|step| !step.used.is_empty());
    let step = steps.find(|step| taken_by([*step]).iter().any(|(_, at)| *at == place));
    step.map_or(&[], |step| &step.used)
}

fn unknown_stage(
    reader: &mut Reader<'_>,
    place: &Place,
    name: &str,
    names: &BTreeSet<String>,
    used: &[Place],
) {
    if reader.findings.is_full(place) {
        return reader.error(place, "there is no such stage");
    }
    let near = nearest(name, names.iter().map(String::as_str));
    let message = match near {
        Some(near) => format!("there is no stage `{name}`; did you mean `{near}`?"),
        None => format!("there is no stage `{name}`"),
    };
    let related = |finding: Finding, used: &Place| finding.with_related(used, "used here");
    let finding = Finding::error(place, message);
    let finding = used.iter().rev().fold(finding, related);
    reader.findings.push(finding);
}
