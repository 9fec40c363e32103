//! What steps take from the workspace where they say nothing.

use super::image::{Content, StepKind};
use super::steps::Installer;

impl Content {
    /// Gives an installer to the `pip` steps that name none.
    pub(super) fn install_by(&mut self, default: Installer) {
        let stages = self.stages.values_mut().map(|stage| &mut stage.steps);
        for step in stages.chain([&mut self.steps]).flatten() {
            if let StepKind::Pip(pip, _) = &mut step.kind {
                pip.installer.get_or_insert(default);
            }
        }
    }
}
