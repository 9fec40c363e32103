//! Which leg runs when.
//!
//! A leg waits for its parents' legs of the same platform, then for a free slot of its builder. All
//! legs are futures of one task: nothing is detached, and dropping them cancels every solve.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::event::{Event, EventSink, LegName, LegOutcomeKind};
use super::options::FailurePolicy;
use super::queue::Queue;
use super::report::{LegReport, LegState};
use crate::lower::Parent;
use crate::plan::{Leg, Plan};

/// Why a leg has no report of its own.
const NOT_BEGUN: &str = "not begun, because something else failed";
const CANCELLED: &str = "cancelled, because something else failed";
const INTERRUPTED: &str = "interrupted";

/// What children learn of a finished leg.
#[derive(Debug, Clone)]
pub(super) enum Finished {
    /// It is built; the image to build on, where there is one and not only a graph.
    Built(Option<Parent>),
    /// It is not.
    Missing,
}

/// The board on which legs see each other.
pub(super) struct Board {
    legs: BTreeMap<Leg, watch::Sender<Option<Finished>>>,
    /// Cancelled by the user.
    interrupt: CancellationToken,
    /// Cancelled when running legs must end; so it is with `interrupt`.
    stop: CancellationToken,
    /// Cancelled when no further image may begin.
    hold: CancellationToken,
    policy: FailurePolicy,
    slots: Vec<Queue>,
    jobs: Queue,
}

impl Board {
    pub(super) fn new(
        plan: &Plan,
        slots: &[usize],
        jobs: Option<usize>,
        policy: FailurePolicy,
        interrupt: &CancellationToken,
    ) -> Self {
        let legs = plan
            .legs()
            .into_iter()
            .map(|leg| (leg, watch::Sender::new(None)))
            .collect();
        Self {
            legs,
            interrupt: interrupt.clone(),
            stop: interrupt.child_token(),
            hold: CancellationToken::new(),
            policy,
            slots: slots.iter().map(|&count| Queue::new(count)).collect(),
            jobs: Queue::new(jobs.unwrap_or(usize::MAX)),
        }
    }

    /// Waits for a leg of another image.
    pub(super) async fn wait(&self, leg: Leg) -> Finished {
        let Some(sender) = self.legs.get(&leg) else {
            return Finished::Missing;
        };
        let mut receiver = sender.subscribe();
        match receiver.wait_for(Option::is_some).await {
            Ok(finished) => finished.clone().unwrap_or(Finished::Missing),
            Err(_) => Finished::Missing,
        }
    }

    /// Tells everybody how a leg ended, and what that means for the rest.
    pub(super) fn post(&self, leg: Leg, report: &LegReport) {
        let finished = match &report.state {
            LegState::Built(solved) => Finished::Built(solved.parent.clone()),
            _ => Finished::Missing,
        };
        if matches!(report.state, LegState::Failed(_)) {
            self.failed();
        }
        if let Some(sender) = self.legs.get(&leg) {
            sender.send_replace(Some(finished));
        }
    }

    /// Something failed.
    pub(super) fn failed(&self) {
        match self.policy {
            FailurePolicy::KeepGoing => {}
            FailurePolicy::Finish => self.hold.cancel(),
            FailurePolicy::FailFast => {
                self.hold.cancel();
                self.stop.cancel();
            }
        }
    }

    /// Whether an image that has not begun may not begin any more.
    pub(super) fn is_held(&self) -> bool {
        self.hold.is_cancelled() || self.stop.is_cancelled()
    }

    fn why(&self, otherwise: &'static str) -> &'static str {
        if self.interrupt.is_cancelled() {
            INTERRUPTED
        } else {
            otherwise
        }
    }

    /// Runs a leg once its builder has a slot, unless everything is to stop; why it has no report then.
    /// The leg is made only then: of thousands that wait, few are at work. Those of a higher `rank` let all others go
    /// first.
    pub(super) async fn run<'a>(
        &self,
        builder: usize,
        rank: u32,
        may_begin: impl Fn() -> bool,
        leg: impl FnOnce() -> BoxFuture<'a, LegReport>,
    ) -> Result<LegReport, &'static str> {
        // The slot comes first: whoever waits for a busy builder must not hold back another one's legs.
        let slot = async {
            let slot = self.slots[builder].acquire(rank).await;
            let job = self.jobs.acquire(rank).await;
            (slot, job)
        };
        let _slot = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(self.why(NOT_BEGUN)),
            slot = slot => slot,
        };
        if !may_begin() {
            return Err(self.why(NOT_BEGUN));
        }
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(self.why(CANCELLED)),
            report = leg() => Ok(report),
        }
    }
}

/// The report of a leg that was not built.
pub(super) fn skipped(events: &EventSink, leg: LegName, why: impl Into<String>) -> LegReport {
    let why = why.into();
    events.send(Event::LegFinished {
        leg,
        outcome: LegOutcomeKind::Skipped,
        took: std::time::Duration::ZERO,
        message: Some(why.clone()),
    });
    LegReport {
        builder: None,
        emulated: false,
        steps: Vec::new(),
        started: None,
        finished: None,
        took: std::time::Duration::ZERO,
        state: LegState::Skipped(why),
    }
}
