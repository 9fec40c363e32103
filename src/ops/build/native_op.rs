//! Ops in which native tools do a typed step: what they say when they end with an error.

use super::report::Failure;
use crate::buildkit::SolveError;
use crate::lower::{Decline, Lowered, Mode, StepId};

/// What to do about a native op that fails.
const OR_EMULATED: &str = "if the step only fails here and not on the builder's own platform, say `native: false` beside it: the image's own \
                           programs do it then, emulated";

/// What an op of a typed step could not do, which it found out before it changed anything.
pub(super) fn declined(error: &SolveError, lowered: &Lowered) -> Option<(StepId, Decline)> {
    let id = stepped(error, lowered)?;
    let SolveError::StepFailed { exit_code, .. } = error else {
        return None;
    };
    let what = Decline::ALL
        .into_iter()
        .find(|it| Some(it.code()) == *exit_code)?;
    Some((id.clone(), what))
}

/// The typed step whose op failed.
fn stepped<'l>(error: &SolveError, lowered: &'l Lowered) -> Option<&'l StepId> {
    let SolveError::StepFailed { vertex, .. } = error else {
        return None;
    };
    let mut ops = lowered.ops.iter();
    ops.find(|(op, _)| op.as_str() == vertex).map(|(_, id)| id)
}

/// Whether it was an op in which native tools do a step.
pub(super) fn uses_tools(error: &SolveError, lowered: &Lowered) -> bool {
    let Some(id) = stepped(error, lowered) else {
        return false;
    };
    let mut modes = lowered.modes.iter();
    modes.any(|step| step.mode == Mode::NativeTools && step.place.to_string() == id.place)
}

/// The same failure with the way out of an op in which native tools do a step. It is never taken unasked: what fails
/// there would mostly fail under emulation as well, later.
pub(super) fn or_emulated(mut failure: Box<Failure>) -> Box<Failure> {
    failure.next.get_or_insert_with(|| OR_EMULATED.to_owned());
    failure
}
