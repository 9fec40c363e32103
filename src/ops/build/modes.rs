//! How the steps of a leg run: native, by native tools, or emulated.

use std::sync::{Mutex, PoisonError};

use super::report::{LegReport, LegState};
use super::settle::Settled;
use crate::lower::{Lowered, Mode, StepMode};
use crate::ops::probe::doubt;
use crate::plan::Leg;
use crate::record::StepRecord;

/// How the steps of a leg run, as far as that is known by now.
#[derive(Debug, Default)]
pub(super) struct Modes(Mutex<Vec<StepMode>>);

impl Modes {
    /// What the rehearsal says: a leg may fail before its graph is made again.
    pub(super) fn of(rehearsed: Option<&Lowered>) -> Self {
        Self(Mutex::new(
            rehearsed.map_or_else(Vec::new, |it| it.modes.clone()),
        ))
    }

    /// What the graph says that is solved.
    pub(super) fn set(&self, lowered: &Lowered) {
        let mut modes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        modes.clone_from(&lowered.modes);
    }

    /// The same for reports and records.
    pub(super) fn into_steps(self) -> Vec<StepRecord> {
        let modes = self.0.into_inner();
        let modes = modes.unwrap_or_else(PoisonError::into_inner).into_iter();
        let step = |it: StepMode| StepRecord {
            step: it.title,
            mode: it.mode.as_str().to_owned(),
            why: it.why,
        };
        modes.map(step).collect()
    }
}

/// Whether programs of a step ran under emulation.
pub(super) fn is_emulated(steps: &[StepRecord]) -> bool {
    let mut steps = steps.iter();
    steps.any(|step| step.mode == Mode::Emulated.as_str())
}

impl Settled<'_> {
    /// After a leg: what was remembered of its builder may not be true any more where it failed.
    pub(super) fn doubt(&self, leg: Leg, builder: usize, report: &LegReport) {
        if matches!(report.state, LegState::Failed(_)) {
            let builder = &self.backends.builders[builder];
            doubt(builder, leg.platform, self.files.root());
        }
    }
}
