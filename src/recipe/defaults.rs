//! What steps take from the workspace where they say nothing.

use super::image::{Content, StepKind};
use super::steps::Installer;

/// Options that only pip knows: a step with one of them is pip's where it names no installer.
const PIPS_OWN: [&str; 14] = [
    "--abi",
    "--global-option",
    "--ignore-installed",
    "-I",
    "--implementation",
    "--no-use-pep517",
    "--platform",
    "--prefer-binary",
    "--report",
    "--root",
    "--src",
    "--upgrade-strategy",
    "--use-pep517",
    "--user",
];

fn is_pips_own(word: &str) -> bool {
    let name = word.split('=').next().unwrap_or_default();
    PIPS_OWN.contains(&name)
}

impl Content {
    /// Whether there are steps that native programs could do for a foreign platform.
    pub fn has_typed_steps(&self) -> bool {
        let stages = self.stages.values().map(|stage| &stage.steps);
        let mut steps = stages.chain([&self.steps]).flatten();
        steps.any(|step| matches!(step.kind, StepKind::Apt(..) | StepKind::Pip(..)))
    }

    /// Gives an installer to the `pip` steps that name none.
    pub(super) fn install_by(&mut self, default: Installer) {
        let stages = self.stages.values_mut().map(|stage| &mut stage.steps);
        for step in stages.chain([&mut self.steps]).flatten() {
            if let StepKind::Pip(pip, _) = &mut step.kind {
                let installer = if pip.options.iter().any(|word| is_pips_own(word)) {
                    Installer::Pip
                } else {
                    default
                };
                pip.installer.get_or_insert(installer);
            }
        }
    }
}
