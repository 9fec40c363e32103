//! What is known of every leg at a moment: the state behind the display on a terminal.
//!
//! Pure: events go in with the time since the display began. Knows no terminal and no clock.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ops::build::{Event, LegName, LegOutcomeKind, StepState};

/// A step that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Running {
    vertex: String,
    pub(super) name: String,
    pub(super) since: Duration,
}

/// What a leg is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Work {
    pub(super) since: Duration,
    /// Steps that run, the one that began first in front.
    pub(super) steps: Vec<Running>,
    /// What it did last, or is about to do, for the time between steps.
    pub(super) last: String,
    /// The last line that was written.
    pub(super) line: Option<String>,
}

/// How far a leg is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// Not begun.
    Waiting,
    /// It runs.
    Running(Work),
    /// It is built.
    Built(Duration),
    /// It failed, and why.
    Failed(Duration, String),
    /// It was not begun or not finished, and why.
    Skipped(String),
    /// It was running when the build was given up.
    Interrupted,
}

/// A leg on the display.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) name: LegName,
    pub(super) emulated: bool,
    pub(super) state: State,
}

/// All legs.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    pub(super) rows: Vec<Row>,
    places: BTreeMap<LegName, usize>,
}

impl Tree {
    /// Takes in what happened `now`, and gives the row that is built by it.
    pub(super) fn apply(&mut self, event: Event, now: Duration) -> Option<usize> {
        match event {
            Event::Planned { legs } => self.plan(legs),
            Event::LegStarted {
                leg,
                builder,
                emulated,
            } => {
                if let Some(row) = self.row(&leg) {
                    row.emulated = emulated;
                    row.state = State::Running(Work {
                        since: now,
                        last: format!("begins on {builder}"),
                        ..Work::default()
                    });
                }
            }
            Event::Step {
                leg,
                vertex,
                name,
                state,
            } => {
                if let Some(work) = self.work(&leg) {
                    work.step(vertex, name, &state, now);
                }
            }
            Event::Log { leg, line, .. } => {
                if let Some(work) = self.work(&leg)
                    && !line.trim().is_empty()
                {
                    work.line = Some(line);
                }
            }
            Event::LegRetried {
                leg, attempt, of, ..
            } => {
                if let Some(work) = self.work(&leg) {
                    work.steps.clear();
                    work.line = None;
                    work.last = format!("builder lost, trying again {attempt}/{of}");
                }
            }
            Event::LegFinished {
                leg,
                outcome,
                took,
                message,
            } => return self.finish(&leg, outcome, took, message.unwrap_or_default()),
            Event::Warning { .. }
            | Event::Published { .. }
            | Event::NotRecorded { .. }
            | Event::NotPublished { .. } => {}
        }
        None
    }

    fn plan(&mut self, legs: Vec<LegName>) {
        self.places = legs.iter().cloned().zip(0..).collect();
        self.rows = legs
            .into_iter()
            .map(|name| Row {
                name,
                emulated: false,
                state: State::Waiting,
            })
            .collect();
    }

    fn row(&mut self, leg: &LegName) -> Option<&mut Row> {
        self.rows.get_mut(*self.places.get(leg)?)
    }

    fn work(&mut self, leg: &LegName) -> Option<&mut Work> {
        match &mut self.row(leg)?.state {
            State::Running(work) => Some(work),
            _ => None,
        }
    }

    fn finish(
        &mut self,
        leg: &LegName,
        outcome: LegOutcomeKind,
        took: Duration,
        why: String,
    ) -> Option<usize> {
        let place = *self.places.get(leg)?;
        self.rows.get_mut(place)?.state = match outcome {
            LegOutcomeKind::Built => State::Built(took),
            LegOutcomeKind::Failed => State::Failed(took, why),
            LegOutcomeKind::Skipped => State::Skipped(why),
        };
        (outcome == LegOutcomeKind::Built).then_some(place)
    }

    /// Nothing more will come; what is not done will not be.
    pub(super) fn interrupt(&mut self) {
        for row in &mut self.rows {
            row.state = match &row.state {
                State::Waiting => State::Skipped("not begun".to_owned()),
                State::Running(_) => State::Interrupted,
                _ => continue,
            };
        }
    }
}

impl Work {
    fn step(&mut self, vertex: String, name: String, state: &StepState, now: Duration) {
        let place = self.steps.iter().position(|step| step.vertex == vertex);
        self.last.clone_from(&name);
        match (state, place) {
            (StepState::Started, None) => self.steps.push(Running {
                vertex,
                name,
                since: now,
            }),
            (StepState::Started, Some(_)) => {}
            (StepState::Done { .. } | StepState::Failed(_), place) => {
                if place == Some(0) {
                    self.line = None;
                }
                if let Some(place) = place {
                    self.steps.remove(place);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{State, Tree, Work};
    use crate::cli::render::progress::samples::{at, log, name, planned, start, step};
    use crate::ops::build::{Event, LegOutcomeKind, StepState};

    fn work(tree: &Tree) -> &Work {
        match &tree.rows[0].state {
            State::Running(work) => work,
            other => panic!("{other:?}"),
        }
    }

    fn running(tree: &Tree) -> Vec<&str> {
        let steps = &work(tree).steps;
        steps.iter().map(|step| step.name.as_str()).collect()
    }

    fn tree(events: Vec<Event>) -> Tree {
        let mut tree = Tree::default();
        let leg = name("팀/앱:1", "linux/arm64");
        tree.apply(planned([leg.clone()]), at(0));
        tree.apply(start(&leg, true), at(1));
        for event in events {
            tree.apply(event, at(2));
        }
        tree
    }

    const DONE: StepState = StepState::Done {
        cached: false,
        took: None,
    };

    #[test]
    fn a_step_runs_from_its_first_start_to_its_end_and_the_oldest_one_stands_in_front() {
        let leg = name("팀/앱:1", "linux/arm64");
        let mut tree = tree(vec![
            step(&leg, "eins", StepState::Started),
            step(&leg, "zwei", StepState::Started),
        ]);
        tree.apply(step(&leg, "eins", StepState::Started), at(9));
        assert_eq!(running(&tree), ["eins", "zwei"]);
        assert_eq!(work(&tree).steps[0].since, at(2));
        tree.apply(log(&leg, "eins", "größe"), at(9));
        tree.apply(log(&leg, "eins", "  "), at(9));
        assert_eq!(work(&tree).line.as_deref(), Some("größe"));
        tree.apply(step(&leg, "eins", DONE), at(10));
        assert_eq!(running(&tree), ["zwei"]);
        assert_eq!(
            work(&tree).line,
            None,
            "the line was the ended step's, most likely"
        );
        tree.apply(
            step(&leg, "zwei", StepState::Failed("nein".to_owned())),
            at(11),
        );
        assert_eq!(
            (running(&tree).len(), work(&tree).last.as_str()),
            (0, "zwei")
        );
    }

    #[test]
    fn a_leg_that_lost_its_builder_has_no_steps_until_the_next_one_begins() {
        let leg = name("팀/앱:1", "linux/arm64");
        let retried = Event::LegRetried {
            leg: leg.clone(),
            attempt: 1,
            of: 3,
            message: "weg".to_owned(),
        };
        let tree = tree(vec![step(&leg, "eins", StepState::Started), retried]);
        assert_eq!(running(&tree), Vec::<&str>::new());
        assert_eq!(work(&tree).last, "builder lost, trying again 1/3");
        assert_eq!(work(&tree).since, at(1));
    }

    #[test]
    fn legs_that_nobody_planned_are_left_out() {
        let mut tree = tree(Vec::new());
        let other = name("x:1", "linux/amd64");
        tree.apply(start(&other, false), at(3));
        let finished = Event::LegFinished {
            leg: other,
            outcome: LegOutcomeKind::Built,
            took: Duration::ZERO,
            message: None,
        };
        assert_eq!((tree.apply(finished, at(4)), tree.rows.len()), (None, 1));
    }

    #[test]
    fn an_interrupted_tree_has_nothing_that_runs_or_waits() {
        let mut tree = Tree::default();
        let legs = ["linux/amd64", "linux/arm64"].map(|platform| name("a:1", platform));
        tree.apply(planned(legs.clone()), at(0));
        tree.apply(start(&legs[0], false), at(1));
        tree.interrupt();
        let states: Vec<&State> = tree.rows.iter().map(|row| &row.state).collect();
        assert_eq!(
            states,
            [&State::Interrupted, &State::Skipped("not begun".to_owned())]
        );
    }
}
