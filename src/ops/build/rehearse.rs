//! Every graph of a plan, made without a builder.
//!
//! Parents are part of their children's graphs here. What is wrong with files of the workspace is found
//! for all legs at once, before the first solve; `plan --llb` shows what comes of it, and the child of a
//! parent that is not pushed takes the parent's graph from here.

use std::collections::BTreeMap;

use crate::diagnostic::{Finding, Findings};
use crate::lower::{Aid, Epoch, Form, Job, LocalFiles, Lowered, Parent, Pins, Trail, lower};
use crate::oci::Platform;
use crate::plan::{Leg, Plan};

/// What all legs of a rehearsal have in common.
struct Rehearsal<'a> {
    plan: &'a Plan,
    pins: &'a Pins,
    epochs: &'a [Epoch],
    files: &'a LocalFiles,
    published: &'a dyn Fn(&Leg) -> Option<Parent>,
}

impl Rehearsal<'_> {
    /// Lowers a leg on the parents that are there already.
    fn lower(
        &self,
        leg: Leg,
        form: &Form,
        aid: Option<&Aid>,
        all: &BTreeMap<Leg, Lowered>,
    ) -> Result<Lowered, Vec<Finding>> {
        let planned = &self.plan.images[leg.image];
        let mut pins = self.pins.clone();
        for (reference, &parent) in &planned.parents {
            let of = Leg {
                image: parent,
                platform: leg.platform,
            };
            let graph = || Some(Parent::Graph(Box::new(all.get(&of)?.clone())));
            if let Some(found) = (self.published)(&of).or_else(graph) {
                let name = self.plan.images[parent].image.name();
                pins.add_parent(reference.clone(), leg.platform, name, found);
            }
        }
        lower(&Job {
            content: &planned.image.contents[&leg.platform],
            platform: leg.platform,
            repository: &planned.image.repository.value,
            epoch: self.epochs[leg.image],
            pins: &pins,
            files: self.files,
            form,
            aid,
        })
    }

    /// The typed steps of a leg that is not built itself; nothing where it cannot be made, which is no mistake.
    fn trail(&self, leg: Leg, form: &Form, all: &BTreeMap<Leg, Lowered>) -> Option<Trail> {
        let lowered = self.lower(leg, form, None, all);
        lowered.ok().map(|lowered| lowered.trail)
    }
}

/// The graph of every leg that is not published already, in the form that is given for its platform.
pub(in crate::ops) fn rehearse<'f>(
    plan: &Plan,
    pins: &Pins,
    epochs: &[Epoch],
    files: &LocalFiles,
    published: &dyn Fn(&Leg) -> Option<Parent>,
    form: impl Fn(Platform) -> &'f Form,
) -> Result<BTreeMap<Leg, Lowered>, Findings> {
    let mut all: BTreeMap<Leg, Lowered> = BTreeMap::new();
    let mut findings = Findings::new();
    let rehearsal = Rehearsal {
        plan,
        pins,
        epochs,
        files,
        published,
    };
    for leg in natives_first(plan, &form) {
        if published(&leg).is_some() {
            continue;
        }
        let aid = twin_of(plan, leg, &form).map(|twin| Aid {
            twin: match all.get(&twin) {
                Some(lowered) => Some(lowered.trail.clone()),
                None => rehearsal.trail(twin, form(leg.platform), &all),
            },
            ..Aid::default()
        });
        match rehearsal.lower(leg, form(leg.platform), aid.as_ref(), &all) {
            Ok(lowered) => {
                all.insert(leg, lowered);
            }
            Err(errors) => errors
                .into_iter()
                .for_each(|finding| findings.push(finding)),
        }
    }
    if findings.has_errors() {
        Err(findings)
    } else {
        Ok(all)
    }
}

/// The legs in build order, but of an image those first that are not foreign to their builder: the others take
/// programs from them.
fn natives_first<'f>(plan: &Plan, form: &impl Fn(Platform) -> &'f Form) -> Vec<Leg> {
    let mut legs = plan.legs();
    legs.sort_by_key(|leg| (leg.image, native_of(*leg, form).is_some()));
    legs
}

/// The builder's own platform, where a leg's is foreign to it.
fn native_of<'f>(leg: Leg, form: &impl Fn(Platform) -> &'f Form) -> Option<Platform> {
    match form(leg.platform) {
        Form::Builder(facts) if leg.platform.is_foreign_to(facts.native) => Some(facts.native),
        _ => None,
    }
}

/// The leg of the builder's own platform that a foreign one may take programs from: of the same image, and made by
/// the same builder where it is built at all.
pub(super) fn twin_of<'f>(
    plan: &Plan,
    leg: Leg,
    form: &impl Fn(Platform) -> &'f Form,
) -> Option<Leg> {
    let native = native_of(leg, form)?;
    let planned = &plan.images[leg.image];
    let is_elsewhere =
        planned.platforms.contains(&native) && !std::ptr::eq(form(native), form(leg.platform));
    let content = planned.image.contents.get(&native)?;
    (!is_elsewhere && content.has_typed_steps()).then_some(Leg {
        platform: native,
        ..leg
    })
}
