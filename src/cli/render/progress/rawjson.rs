//! Progress for programs: one JSON object per line. `docs/progress.md` describes them.
//!
//! A field that does not apply is left out. The version changes when a field changes its meaning;
//! new fields and new events may come without.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use crate::ops::build::{Event, LegName, LegOutcomeKind, StepState};

const VERSION: u32 = 1;

#[derive(Debug, Default, Serialize)]
struct Record<'a> {
    version: u32,
    time: String,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    legs: Option<Vec<Leg<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    builder: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    emulated: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vertex: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    references: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Leg<'a> {
    image: &'a str,
    platform: String,
}

/// The line for an event.
pub(super) fn line(event: &Event, time: Timestamp) -> String {
    let mut record = record(event);
    record.time = shown(time);
    written(&record)
}

/// The line for words that belong to no event, such as an error at the end.
pub(super) fn message(text: &str, time: Timestamp) -> String {
    let text = anstream::adapter::strip_str(text).to_string();
    written(&Record {
        version: VERSION,
        time: shown(time),
        event: "message",
        message: Some(&text),
        ..Record::default()
    })
}

fn shown(time: Timestamp) -> String {
    format!("{time:.3}")
}

fn written(record: &Record<'_>) -> String {
    let text = serde_json::to_string(record).unwrap_or_default();
    // JSON lets these stand as they are; a terminal may take them for the begin of a sequence.
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{7f}'..='\u{9f}' => {
                let _ = write!(line, "\\u{:04x}", u32::from(c));
            }
            c => line.push(c),
        }
    }
    line
}

fn record(event: &Event) -> Record<'_> {
    match event {
        Event::Planned { legs } => Record {
            legs: Some(legs.iter().map(leg).collect()),
            ..named("planned")
        },
        Event::LegStarted {
            leg,
            builder,
            emulated,
        } => Record {
            builder: Some(builder),
            emulated: Some(*emulated),
            ..of_leg("leg-started", leg)
        },
        Event::Step {
            leg,
            vertex,
            name,
            state,
        } => step(of_leg("step", leg), vertex, name, state),
        Event::Log { leg, vertex, line } => Record {
            vertex: Some(vertex),
            line: Some(line),
            ..of_leg("log", leg)
        },
        Event::Warning { leg, message } => Record {
            message: Some(message),
            ..of_leg("warning", leg)
        },
        Event::LegRetried {
            leg,
            attempt,
            of,
            message,
        } => Record {
            attempt: Some(*attempt),
            of: Some(*of),
            message: Some(message),
            ..of_leg("leg-retried", leg)
        },
        Event::LegFinished {
            leg,
            outcome,
            took,
            message,
        } => Record {
            state: Some(match outcome {
                LegOutcomeKind::Built => "built",
                LegOutcomeKind::Failed => "failed",
                LegOutcomeKind::Skipped => "skipped",
            }),
            seconds: Some(took.as_secs_f64()),
            message: message.as_deref(),
            ..of_leg("leg-finished", leg)
        },
        Event::Published {
            image,
            references,
            index,
        } => Record {
            references: Some(references),
            digest: Some(index.as_str()),
            ..of_image("published", image)
        },
        Event::NotRecorded { image, message } => Record {
            message: Some(message),
            ..of_image("not-recorded", image)
        },
        Event::NotPublished { image, message } => Record {
            message: Some(message),
            ..of_image("not-published", image)
        },
    }
}

fn step<'a>(
    record: Record<'a>,
    vertex: &'a str,
    name: &'a str,
    state: &'a StepState,
) -> Record<'a> {
    let record = Record {
        vertex: Some(vertex),
        name: Some(name),
        ..record
    };
    match state {
        StepState::Started => Record {
            state: Some("started"),
            ..record
        },
        StepState::Done { cached, took } => Record {
            state: Some(if *cached { "cached" } else { "done" }),
            seconds: took.map(|took| took.as_secs_f64()),
            ..record
        },
        StepState::Failed(error) => Record {
            state: Some("failed"),
            message: Some(error),
            ..record
        },
    }
}

fn named(event: &'static str) -> Record<'static> {
    Record {
        version: VERSION,
        event,
        ..Record::default()
    }
}

fn of_leg<'a>(event: &'static str, leg: &'a LegName) -> Record<'a> {
    Record {
        platform: Some(leg.platform.to_string()),
        ..of_image(event, &leg.image)
    }
}

fn of_image<'a>(event: &'static str, image: &'a str) -> Record<'a> {
    Record {
        image: Some(image),
        ..named(event)
    }
}

fn leg(leg: &LegName) -> Leg<'_> {
    Leg {
        image: &leg.image,
        platform: leg.platform.to_string(),
    }
}
