//! Progress as lines, each with the image and platform it belongs to.

use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::time::Duration;

use super::table;
use crate::cli::build::Progress;
use crate::cli::out;
use crate::ops::build::{Event, EventSink, LegName, LegOutcomeKind, StepState};

/// A sink that shows events.
pub(in crate::cli) fn sink(progress: Progress) -> EventSink {
    let with_logs = match progress {
        Progress::Quiet => return EventSink::none(),
        Progress::Plain => true,
        Progress::Auto => !std::io::stderr().is_terminal(),
    };
    let width = Mutex::new(0);
    EventSink::new(move |event| {
        let Ok(mut width) = width.lock() else { return };
        if let Event::Planned { legs } = &event {
            *width = legs
                .iter()
                .map(|leg| label(leg).chars().count())
                .max()
                .unwrap_or(0);
        }
        if let Some(line) = line(&event, *width, with_logs) {
            out::talk(&line);
        }
    })
}

fn label(leg: &LegName) -> String {
    format!("{} {}", leg.image, leg.platform)
}

fn prefixed(leg: &LegName, width: usize, text: &str) -> String {
    format!("{:width$} │ {text}", label(leg))
}

fn line(event: &Event, width: usize, with_logs: bool) -> Option<String> {
    Some(match event {
        Event::Planned { legs } => {
            let images: std::collections::BTreeSet<&str> =
                legs.iter().map(|leg| leg.image.as_str()).collect();
            table::counts(images.len(), legs.len())
        }
        Event::LegStarted {
            leg,
            builder,
            emulated,
        } => {
            let how = if *emulated { " (emulated)" } else { "" };
            prefixed(leg, width, &format!("begins on {builder}{how}"))
        }
        Event::Step {
            leg, name, state, ..
        } => prefixed(leg, width, &step(name, state)),
        Event::Log { leg, line, .. } if with_logs => prefixed(leg, width, &format!("  {line}")),
        Event::Log { .. } => return None,
        Event::Warning { leg, message } => prefixed(leg, width, &format!("warning: {message}")),
        Event::LegRetried {
            leg,
            attempt,
            of,
            message,
        } => prefixed(leg, width, &format!("{message}; again, {attempt} of {of}")),
        Event::LegFinished {
            leg,
            outcome,
            took,
            message,
        } => {
            let word = match outcome {
                LegOutcomeKind::Built => "built",
                LegOutcomeKind::Failed => "FAILED",
                LegOutcomeKind::Skipped => "skipped",
            };
            let why = message
                .as_ref()
                .map(|why| format!(": {why}"))
                .unwrap_or_default();
            prefixed(leg, width, &format!("{word} in {}{why}", seconds(*took)))
        }
        Event::Published {
            image,
            references,
            index,
        } => {
            format!(
                "{image}: published {} as {index}, read back",
                references.join(" ")
            )
        }
        Event::NotRecorded { image, message } | Event::NotPublished { image, message } => {
            format!("{image}: {message}")
        }
    })
}

fn step(name: &str, state: &StepState) -> String {
    match state {
        StepState::Started => format!("→ {name}"),
        StepState::Done { cached: true, .. } => format!("= {name} (cached)"),
        StepState::Done { took, .. } => {
            let took = took
                .map(|took| format!(" {}", seconds(took)))
                .unwrap_or_default();
            format!("✓ {name}{took}")
        }
        StepState::Failed(error) => format!("✗ {name}: {error}"),
    }
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}
