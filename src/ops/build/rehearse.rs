//! Every graph of a plan, made without a builder.
//!
//! Parents are part of their children's graphs here. What is wrong with files of the workspace is found
//! for all legs at once, before the first solve; `plan --llb` shows what comes of it, and the child of a
//! parent that is not pushed takes the parent's graph from here.

use std::collections::BTreeMap;

use crate::diagnostic::Findings;
use crate::lower::{Epoch, Form, Job, LocalFiles, Lowered, Parent, Pins, lower};
use crate::oci::Platform;
use crate::plan::{Leg, Plan};

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
    for leg in plan.legs() {
        let planned = &plan.images[leg.image];
        if published(&leg).is_some() {
            continue;
        }
        let mut pins = pins.clone();
        for (reference, &parent) in &planned.parents {
            let of = Leg {
                image: parent,
                platform: leg.platform,
            };
            let graph = || Some(Parent::Graph(Box::new(all.get(&of)?.clone())));
            if let Some(found) = published(&of).or_else(graph) {
                let name = plan.images[parent].image.name();
                let parent = found;
                pins.add_parent(reference.clone(), leg.platform, name, parent);
            }
        }
        let job = Job {
            content: &planned.image.contents[&leg.platform],
            platform: leg.platform,
            repository: &planned.image.repository.value,
            epoch: epochs[leg.image],
            pins: &pins,
            files,
            form: form(leg.platform),
        };
        match lower(&job) {
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
