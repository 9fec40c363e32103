//! A kernel's definitions of services, and the check of all labels that its image ends up with.

use super::Job;
use crate::diagnostic::Finding;
use crate::kernel::{Rule, check};
use crate::oci::ImageConfig;
use crate::recipe::steps::{Mode, Write};
use crate::recipe::{Content, Step, StepKind};

/// The definitions as steps that come after all others.
pub(super) fn steps(content: &Content) -> Vec<Step> {
    let kernel = content.kernel.iter();
    let definitions = kernel.flat_map(|kernel| &kernel.definitions);
    definitions
        .map(|definition| Step {
            place: definition.place.clone(),
            name: None,
            kind: StepKind::Write(Write {
                path: definition.path.clone(),
                content: definition.content.clone(),
                append: false,
                mode: Mode::Octal(0o644),
                owner: None,
            }),
            used: Vec::new(),
            within: None,
        })
        .collect()
}

/// What the platform does not accept of a kernel's labels, those of its base included: only here all of them
/// are known.
pub(super) fn check_labels(job: &Job<'_>, config: &ImageConfig) -> Vec<Finding> {
    let Some(kernel) = &job.content.kernel else {
        return Vec::new();
    };
    let labels = config.config.labels.clone().unwrap_or_default();
    let own = kernel.all_labels();
    let mut findings = Vec::new();
    for (key, fault) in check(&labels) {
        // What a Dockerfile says is known once it has been built.
        let unknown = job.content.dockerfile().is_some() && job.pins.dockerfile().is_none();
        if !fault.is_error_in(&kernel.releases) || (unknown && fault.rule == Rule::Missing) {
            continue;
        }
        let inherited = labels.contains_key(&key) && !own.contains_key(&key);
        let message = if inherited {
            format!("the base's label `{key}`: {fault}")
        } else {
            fault.to_string()
        };
        let place = if inherited {
            Some(&job.content.base.place)
        } else {
            kernel.place_of(&key)
        };
        let help = match (&fault.help, fault.rule) {
            (Some(help), _) => help.clone(),
            (None, Rule::Missing) => "write it in `kernel`".to_owned(),
            (None, _) => "write another value in `kernel` or `labels`".to_owned(),
        };
        findings.extend(place.map(|place| Finding::error(place, message).with_help(help)));
    }
    findings
}
