//! What is built although nothing that decides it has changed, because its time is over.

use std::collections::BTreeMap;

use super::reuse::Begun;
use super::settle::Settled;
use crate::lower::Form;
use crate::ops::current::{Reason, ReasonKind, Standing, State};

impl Begun {
    /// Makes images stale, by their positions in the plan, and all below them. Their steps are run even where
    /// builders know the results: those are as old as the images.
    pub(in crate::ops) fn make_due(&mut self, due: BTreeMap<usize, Reason>) {
        self.fresh.extend(due.keys());
        for (number, reason) in due {
            if let Some(standing) = self.standings.get_mut(number) {
                expire(standing, reason);
            }
        }
        // Parents stand before their children.
        for (number, planned) in self.plan.images.iter().enumerate() {
            let is_lost = |parent: &&usize| {
                let standing = self.standings.get(**parent);
                standing.is_some_and(|it| it.legs.values().any(|leg| leg.current.is_none()))
            };
            let Some(&parent) = planned.parents.values().find(is_lost) else {
                continue;
            };
            let name = self.plan.images[parent].image.name();
            if let Some(standing) = self.standings.get_mut(number)
                && matches!(standing.state, State::Current | State::TagMissing)
            {
                let reason = Reason {
                    kind: ReasonKind::Parent,
                    platform: None,
                    message: format!("its parent `{name}` is not current"),
                    place: None,
                };
                expire(standing, reason);
            }
        }
    }
}

fn expire(standing: &mut Standing, reason: Reason) {
    standing.state = State::Stale;
    standing
        .reasons
        .retain(|it| it.kind != ReasonKind::TagMissing);
    standing.reasons.push(reason);
    for leg in standing.legs.values_mut() {
        leg.current = None;
        leg.parts = None;
    }
}

impl Settled<'_> {
    /// What an image says to a builder.
    pub(super) fn form(&self, image: usize, builder: usize) -> &Form {
        let (fresh, forms) = &self.fresh;
        if fresh.contains(&image) {
            &forms[builder]
        } else {
            &self.forms[builder]
        }
    }
}
