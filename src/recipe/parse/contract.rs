//! What Backend.AI minds, as findings: single values, labels that belong together, tags.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::Fields;
use super::reader::{Pass, Reader};
use crate::diagnostic::{Finding, Findings, Level, nearest};
use crate::kernel::{
    Fault, KernelLabels, LabelKey, PREFIX, Range, Rule, Weight, check_services, check_set,
    check_tag, check_tag_and_labels,
};
use crate::oci::Tag;
use crate::recipe::image::Base;
use crate::recipe::kernel::Kernel;
use crate::text::{Place, Spanned};

/// The lint rule of tags that the platform does not read.
const TAG_GRAMMAR: &str = "tag-grammar";

impl Reader<'_> {
    /// Reports what the platform minds; without values only what every release does.
    pub(super) fn faults(&mut self, place: &Place, faults: Vec<Fault>) {
        for fault in faults {
            let concerns = match self.pass {
                Pass::Check(_) => fault.range == Range::ALL,
                Pass::Expand(scope, _) => {
                    fault.concerns(self.releases.as_ref().unwrap_or(scope.releases))
                }
            };
            if concerns {
                self.findings.push(finding(place, &fault));
            }
        }
    }
}

/// A fault as a finding.
pub fn finding(place: &Place, fault: &Fault) -> Finding {
    let finding = Finding {
        level: match fault.weight {
            Weight::Error => Level::Error,
            Weight::Warning => Level::Warning,
        },
        help: fault.help.clone(),
        ..Finding::error(place, fault.to_string()).with_rule(fault.rule.as_str())
    };
    // The platform keeps what it does not know, so that a misspelt label is seen by nobody.
    let near = (fault.rule == Rule::Unknown && finding.help.is_none())
        .then(|| {
            fault
                .message
                .split('`')
                .nth(1)
                .and_then(|name| nearest(name, LabelKey::names()))
        })
        .flatten();
    match near {
        Some(near) => finding.with_help(format!("did you mean {PREFIX}{near}?")),
        None => finding,
    }
}

/// What concerns several labels, or labels and files.
pub(super) fn together(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    kernel: &Kernel,
    services: &BTreeMap<String, Place>,
    base: Option<&Spanned<Base>>,
) {
    let labels = kernel.all_labels();
    for (key, mut fault) in check_set(&labels) {
        if fault.rule == Rule::Missing {
            match base.map(|base| &base.value) {
                Some(Base::Scratch | Base::Rootfs(_)) => {}
                // What it has is known when it is: the check of the finished image decides.
                Some(Base::Recipe(_) | Base::Dockerfile(_)) | None => continue,
                Some(Base::Image(_) | Base::Oci { .. } | Base::Stage(_)) => {
                    fault.weight = Weight::Warning;
                    fault.message.push_str(", unless the base has it");
                }
            }
        }
        if let Some(place) = kernel.place_of(&key) {
            reader.faults(place, vec![fault]);
        }
    }
    let of_kernel = fields
        .get("kernel")
        .and_then(|node| node.get("definitions"));
    let Some(place) = of_kernel.map(|node| node.place.clone()) else {
        return;
    };
    let defined: BTreeSet<String> = kernel
        .definitions
        .iter()
        .map(|one| one.name.clone())
        .collect();
    let read = KernelLabels::read(&labels);
    let declared = read.services.unwrap_or_default();
    for (name, fault) in check_services(&declared, &defined, read.runtime.as_deref()) {
        let place = services
            .get(&name)
            .filter(|_| !defined.contains(&name))
            .unwrap_or(&place);
        reader.faults(place, vec![fault]);
    }
}

/// Tags under which the platform would not find the image.
pub(crate) fn check_tags(kernel: &Kernel, tags: &[Spanned<Tag>], findings: &mut Findings) {
    let labels = kernel.all_labels();
    for tag in tags {
        let name = tag.value.as_str();
        let faults = check_tag(name)
            .into_iter()
            .chain(check_tag_and_labels(name, &labels));
        for fault in faults.filter(|fault| fault.concerns(&kernel.releases)) {
            let finding = finding(&tag.place, &fault);
            findings.push(match fault.rule {
                Rule::Name => finding.with_rule(TAG_GRAMMAR),
                _ => finding,
            });
        }
    }
}
