//! What could not be looked up: mistakes of recipes, each at its lines, and hosts that do not answer.

use crate::diagnostic::{Finding, Findings};
use crate::ops::OpError;
use crate::ops::resolve::Unusable;
use crate::text::Place;

/// What could not be looked up.
#[derive(Default)]
pub(super) struct Unresolved {
    findings: Findings,
    /// The first host that does not answer.
    unavailable: Option<OpError>,
}

impl Unresolved {
    /// A mistake, at each of its places.
    pub(super) fn wrong<'p>(
        &mut self,
        places: impl IntoIterator<Item = &'p Place>,
        message: &str,
        help: &str,
    ) {
        for place in places {
            let finding = Finding::error(place, message);
            self.findings.push(finding.with_help(help));
        }
    }

    /// A finding as it is.
    pub(super) fn finding(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Somebody who does not answer. The first one is told of.
    pub(super) fn unavailable(&mut self, error: OpError) {
        self.unavailable.get_or_insert(error);
    }

    /// An image that cannot be used.
    pub(super) fn image(&mut self, problem: Unusable, places: &mut dyn Iterator<Item = &Place>) {
        match problem {
            Unusable::Wrong { message, help } => self.wrong(places, &message, &help),
            Unusable::Registry(error) => self.unavailable(OpError::Registry(error)),
        }
    }

    /// A mistake in a recipe stays one whether or not somebody else answers.
    pub(super) fn end(self) -> Result<(), OpError> {
        if self.findings.has_errors() {
            return Err(OpError::Invalid(self.findings));
        }
        self.unavailable.map_or(Ok(()), Err)
    }
}
