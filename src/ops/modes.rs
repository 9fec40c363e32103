//! How the steps of planned images would run, told without asking any builder.
//!
//! Builders are those that are remembered or declared. Each leg is lowered for the builder that would make it, on
//! stand-ins for what it begins with, so the words are those of a build as far as they do not depend on a base.

use std::collections::{BTreeMap, BTreeSet};

use super::build::choose;
use super::current::stand_ins;
use super::load::Loaded;
use super::probe::{KnownBuilder, Machine, Source};
use crate::diagnostic::Finding;
use crate::llb::ProxyEnv;
use crate::lower::{
    Aid, BuilderFacts, Epoch, Form, Job, LocalFiles, Mode, StepMode, Typed, outline,
};
use crate::oci::Platform;
use crate::plan::{Leg, Plan};
use crate::text::Place;

/// What is said of a step whose builder is not known.
const UNKNOWN: &str = "unknown builder";
/// What is said of a step that depends on what nobody tried on its builder yet.
const UNTRIED: &str = "native tools or emulated: not tried on this builder yet";

/// How the steps of a leg would run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegModes {
    /// Who would make it; nothing where that is not known.
    pub builder: Option<ShownBuilder>,
    /// The steps that run a program, in their order.
    pub steps: Vec<ShownStep>,
    /// What is wrong with the leg, so that nothing can be said of its steps.
    pub fault: Option<String>,
}

/// The builder of a leg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownBuilder {
    /// Its name.
    pub name: String,
    /// Its own platform.
    pub native: Platform,
    /// Who says so.
    pub source: Source,
}

/// How a step would run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownStep {
    /// What it is called in progress.
    pub title: String,
    /// Where it stands.
    pub place: Place,
    /// Nothing where it is not known, as that depends on the builder.
    pub mode: Option<Mode>,
    /// Why.
    pub why: String,
}

impl ShownStep {
    /// How it would run, as records and reports say it: `native`, `native-tools`, `emulated`.
    pub fn mode_word(&self) -> Option<&'static str> {
        self.mode.map(Mode::as_str)
    }
}

impl LegModes {
    /// The steps that are known to be emulated.
    pub(super) fn emulated(&self) -> impl Iterator<Item = StepMode> {
        let known = self
            .steps
            .iter()
            .filter(|step| step.mode == Some(Mode::Emulated));
        known.map(|step| StepMode {
            title: step.title.clone(),
            place: step.place.clone(),
            mode: Mode::Emulated,
            why: step.why.clone(),
            is_fallback: false,
        })
    }
}

/// How the steps of some legs of a plan would run.
pub(super) fn leg_modes(
    loaded: &Loaded,
    plan: &Plan,
    legs: impl IntoIterator<Item = Leg>,
    builders: &[KnownBuilder],
) -> BTreeMap<Leg, LegModes> {
    let files = LocalFiles::new(&loaded.workspace.root);
    let legs = legs.into_iter();
    legs.map(|leg| (leg, modes(plan, leg, builders, &files)))
        .collect()
}

fn modes(plan: &Plan, leg: Leg, builders: &[KnownBuilder], files: &LocalFiles) -> LegModes {
    let platform = leg.platform;
    let chosen = builder(builders, platform);
    let machine = chosen.map(|(_, machine)| machine);
    let lowered = |inside: bool| {
        let inside = inside.then_some(platform).into_iter().collect();
        let native = machine.map_or(platform, |machine| machine.native);
        lowered(plan, leg, files, native, inside)
    };
    let steps = match machine {
        None => lowered(false).map(|steps| unknown(steps, UNKNOWN)),
        Some(machine) if !platform.is_foreign_to(machine.native) => lowered(false).map(known),
        Some(machine) if machine.tried.contains(&platform) => {
            lowered(machine.inside.contains(&platform)).map(known)
        }
        Some(_) => lowered(false).and_then(|without| Ok(either(without, &lowered(true)?))),
    };
    let (steps, fault) = match steps {
        Ok(steps) => (steps, None),
        Err(findings) => {
            let first = findings.first();
            let words = first.map(|it| format!("{}: {}", it.place, it.message));
            (Vec::new(), words)
        }
    };
    LegModes {
        builder: chosen.map(|(name, machine)| ShownBuilder {
            name: name.to_owned(),
            native: machine.native,
            source: machine.source,
        }),
        steps,
        fault,
    }
}

/// The steps of a leg on a builder of the platform `native`.
fn lowered(
    plan: &Plan,
    leg: Leg,
    files: &LocalFiles,
    native: Platform,
    inside: BTreeSet<Platform>,
) -> Result<Vec<StepMode>, Vec<Finding>> {
    let form = Form::Builder(BuilderFacts {
        native,
        trust: false,
        proxy: ProxyEnv::default(),
        no_cache: false,
        inside,
        typed: Typed::Tools,
    });
    let outlined = |platform, aid: Option<&Aid>| {
        let planned = &plan.images[leg.image];
        let Some(content) = planned.image.contents.get(&platform) else {
            return Err(Vec::new());
        };
        outline(&Job {
            content,
            platform,
            repository: &planned.image.repository.value,
            epoch: Epoch {
                seconds: 0,
                reproducible: false,
            },
            pins: &stand_ins(plan, planned, platform, native),
            files,
            form: &form,
            aid,
        })
    };
    let is_foreign = leg.platform.is_foreign_to(native);
    let twin = is_foreign.then(|| outlined(native, None).ok()).flatten();
    let aid = Aid {
        twin: twin.map(|twin| twin.trail),
        ..Aid::default()
    };
    outlined(leg.platform, Some(&aid)).map(|lowered| lowered.modes)
}

fn known(steps: Vec<StepMode>) -> Vec<ShownStep> {
    let steps = steps.into_iter();
    let shown = |it: StepMode| ShownStep {
        title: it.title,
        place: it.place,
        mode: Some(it.mode),
        why: it.why,
    };
    steps.map(shown).collect()
}

fn unknown(steps: Vec<StepMode>, why: &str) -> Vec<ShownStep> {
    let steps = known(steps).into_iter();
    let shown = |it: ShownStep| ShownStep {
        mode: None,
        why: why.to_owned(),
        ..it
    };
    steps.map(shown).collect()
}

/// The steps where nobody tried whether native tools can be used: what depends on that is not known.
fn either(without: Vec<StepMode>, with: &[StepMode]) -> Vec<ShownStep> {
    let mut shown = known(without);
    for (step, with) in shown.iter_mut().zip(with) {
        if step.mode != Some(with.mode) {
            step.mode = None;
            UNTRIED.clone_into(&mut step.why);
        }
    }
    shown
}

/// Who would make a platform: as in a build, as far as builders are known. One that is not known may be the machine
/// of it, unless another one is.
fn builder(builders: &[KnownBuilder], platform: Platform) -> Option<(&str, &Machine)> {
    let known = builders
        .iter()
        .filter_map(|it| Some((it.name.as_str(), it.machine.as_ref()?)));
    let known: Vec<(&str, &Machine)> = known.collect();
    let offers = known
        .iter()
        .map(|(_, machine)| (machine.native, &machine.platforms[..]));
    let (name, machine) = known[choose(offers, platform)?];
    let is_sure = !platform.is_foreign_to(machine.native) || known.len() == builders.len();
    is_sure.then_some((name, machine))
}

#[cfg(test)]
mod tests {
    use super::{UNTRIED, either};
    use crate::lower::{Mode, StepMode};
    use crate::text::{Place, SourceFile};

    fn step(title: &str, mode: Mode) -> StepMode {
        let source = SourceFile::new("größe.yaml", "run: echo\n");
        StepMode {
            title: title.to_owned(),
            place: Place::file(&source),
            mode,
            why: "왜".to_owned(),
            is_fallback: false,
        }
    }

    #[test]
    fn what_depends_on_a_try_that_nobody_made_is_not_known() {
        let without = [
            step("run", Mode::Emulated),
            step("apt", Mode::Emulated),
            step("stage", Mode::Native),
        ];
        let with = [
            step("run", Mode::Emulated),
            step("apt", Mode::NativeTools),
            step("stage", Mode::Native),
        ];
        let shown = either(without.to_vec(), &with);
        let shown: Vec<_> = shown.iter().map(|it| (it.mode, it.why.as_str())).collect();
        let expected = [
            (Some(Mode::Emulated), "왜"),
            (None, UNTRIED),
            (Some(Mode::Native), "왜"),
        ];
        assert_eq!(shown, expected);
    }
}
