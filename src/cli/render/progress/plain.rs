//! Progress as lines, each with the image and platform it belongs to.

use std::time::Duration;

use crate::cli::render::table;
use crate::cli::render::words::{clean, columns, padded};
use crate::ops::build::{Event, LegName, LegOutcomeKind, StepState};

/// Makes lines of events.
#[derive(Debug, Default)]
pub(super) struct Plain {
    /// Columns of the longest prefix.
    width: usize,
}

impl Plain {
    /// The line for an event.
    pub(super) fn line(&mut self, event: &Event) -> String {
        if let Event::Planned { legs } = event {
            let widths = legs.iter().map(|leg| columns(&label(leg)));
            self.width = widths.max().unwrap_or(0);
            let images: std::collections::BTreeSet<&str> =
                legs.iter().map(|leg| leg.image.as_str()).collect();
            return table::counts(images.len(), legs.len());
        }
        match (leg_of(event), words(event)) {
            (Some(leg), words) => format!("{} │ {words}", padded(&label(leg), self.width)),
            (None, words) => words,
        }
    }
}

/// The line for an event that stays above the display of a terminal: what is no state of a leg.
pub(super) fn lasting(event: &Event) -> Option<String> {
    match event {
        // References and the whole digest are in the result.
        Event::Published { image, index, .. } => {
            let index = table::short(index.as_str());
            Some(format!("{}: published as {index}, read back", clean(image)))
        }
        Event::Warning { .. }
        | Event::LegRetried { .. }
        | Event::NotRecorded { .. }
        | Event::NotPublished { .. } => Some(Plain::default().line(event)),
        Event::Planned { .. }
        | Event::LegStarted { .. }
        | Event::Step { .. }
        | Event::Log { .. }
        | Event::LegFinished { .. } => None,
    }
}

fn label(leg: &LegName) -> String {
    format!("{} {}", clean(&leg.image), leg.platform)
}

fn leg_of(event: &Event) -> Option<&LegName> {
    match event {
        Event::LegStarted { leg, .. }
        | Event::Step { leg, .. }
        | Event::Log { leg, .. }
        | Event::Warning { leg, .. }
        | Event::LegRetried { leg, .. }
        | Event::LegFinished { leg, .. } => Some(leg),
        Event::Planned { .. }
        | Event::Published { .. }
        | Event::NotRecorded { .. }
        | Event::NotPublished { .. } => None,
    }
}

fn words(event: &Event) -> String {
    match event {
        Event::Planned { .. } => String::new(),
        Event::LegStarted {
            builder, emulated, ..
        } => {
            let how = if *emulated { " (emulated)" } else { "" };
            format!("begins on {}{how}", clean(builder))
        }
        Event::Step { name, state, .. } => step(&clean(name), state),
        Event::Log { line, .. } => format!("  {}", clean(line)),
        Event::Warning { message, .. } => format!("warning: {}", clean(message)),
        Event::LegRetried {
            attempt,
            of,
            message,
            ..
        } => {
            format!(
                "builder lost, trying again {attempt}/{of}: {}",
                clean(message)
            )
        }
        Event::LegFinished {
            outcome,
            took,
            message,
            ..
        } => {
            let word = match outcome {
                LegOutcomeKind::Built => "built",
                LegOutcomeKind::Failed => "FAILED",
                LegOutcomeKind::Skipped => "skipped",
            };
            let why = message.as_deref().map(|why| format!(": {}", clean(why)));
            format!("{word} in {}{}", seconds(*took), why.unwrap_or_default())
        }
        Event::Published {
            image,
            references,
            index,
        } => {
            let references = references.join(" ");
            format!(
                "{}: published {references} as {index}, read back",
                clean(image)
            )
        }
        Event::NotRecorded { image, message } | Event::NotPublished { image, message } => {
            format!("{}: {}", clean(image), clean(message))
        }
    }
}

fn step(name: &str, state: &StepState) -> String {
    match state {
        StepState::Started => format!("→ {name}"),
        StepState::Done { cached: true, .. } => format!("= {name} (cached)"),
        StepState::Done { took, .. } => {
            let took = took.map(|took| format!(" {}", seconds(took)));
            format!("✓ {name}{}", took.unwrap_or_default())
        }
        StepState::Failed(error) => format!("✗ {name}: {}", clean(error)),
    }
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}
