//! Events and trees for tests.

use std::time::Duration;

use super::frame::Line;
use super::tree::Tree;
use crate::cli::render::words::padded;
use crate::oci::Digest;
use crate::ops::build::{Event, LegName, LegOutcomeKind, StepState};

pub(super) fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) fn name(image: &str, platform: &str) -> LegName {
    LegName {
        image: image.to_owned(),
        platform: platform.parse().unwrap(),
    }
}

pub(super) fn planned(legs: impl IntoIterator<Item = LegName>) -> Event {
    Event::Planned {
        legs: legs.into_iter().collect(),
    }
}

pub(super) fn start(leg: &LegName, emulated: bool) -> Event {
    Event::LegStarted {
        leg: leg.clone(),
        builder: "굽는이".to_owned(),
        emulated,
    }
}

/// A step whose vertex is its name.
pub(super) fn step(leg: &LegName, name: &str, state: StepState) -> Event {
    Event::Step {
        leg: leg.clone(),
        vertex: name.to_owned(),
        name: name.to_owned(),
        state,
    }
}

pub(super) fn log(leg: &LegName, step: &str, line: &str) -> Event {
    Event::Log {
        leg: leg.clone(),
        vertex: step.to_owned(),
        line: line.to_owned(),
    }
}

pub(super) fn finish(leg: &LegName, outcome: LegOutcomeKind, why: Option<&str>) -> Event {
    Event::LegFinished {
        leg: leg.clone(),
        outcome,
        took: Duration::from_millis(41_800),
        message: why.map(str::to_owned),
    }
}

/// One event of every kind, with names that are not ASCII and lines that steer terminals.
pub(super) fn every_kind() -> Vec<Event> {
    let leg = name("팀/앱:1", "linux/arm64");
    let other = name("team/größe:dev", "linux/amd64");
    let done = |cached, millis: Option<u64>| StepState::Done {
        cached,
        took: millis.map(Duration::from_millis),
    };
    vec![
        planned([other.clone(), leg.clone()]),
        start(&other, false),
        start(&leg, true),
        step(&leg, "run 👩‍💻 --größe", StepState::Started),
        log(&leg, "run 👩‍💻 --größe", "\x1b[31mrot\x1b[0m\u{9b}2J\tspäter"),
        step(&leg, "run 👩‍💻 --größe", done(false, Some(1_250))),
        step(&leg, "copy", done(true, Some(0))),
        step(&leg, "write", done(false, None)),
        step(
            &leg,
            "run false",
            StepState::Failed("exit code: 1".to_owned()),
        ),
        Event::Warning {
            leg: leg.clone(),
            message: "alt\x07".to_owned(),
        },
        Event::LegRetried {
            leg: leg.clone(),
            attempt: 1,
            of: 3,
            message: "the connection was lost".to_owned(),
        },
        finish(&other, LegOutcomeKind::Built, None),
        finish(
            &leg,
            LegOutcomeKind::Failed,
            Some("`run false` ended with exit code 1"),
        ),
        finish(
            &leg,
            LegOutcomeKind::Skipped,
            Some("not begun, because something else failed"),
        ),
        Event::Published {
            image: other.image.clone(),
            references: vec!["r.test/team/größe:dev".to_owned()],
            index: Digest::sha256_of(b"index"),
        },
        Event::NotRecorded {
            image: other.image,
            message: "the image is published, and its record is lost: disk full".to_owned(),
        },
        Event::NotPublished {
            image: leg.image,
            message: "not published: some of its platforms failed; no tag was touched".to_owned(),
        },
    ]
}

/// A tree with so many legs, two per image but for a single one, in the middle of a build.
pub(super) fn tree(legs: usize) -> Tree {
    let images = [
        "cerebral/ai-base:cuda",
        "팀/서비스:최신",
        "team/🚀-launch:v2",
    ];
    let image = |at: usize| match at / 2 {
        few @ 0..3 => images[few].to_owned(),
        many => format!("cerebral/services/recommendation-{many}:2026.11-cuda12"),
    };
    let platform = |at: usize| ["linux/amd64", "linux/arm64"][at % 2];
    let names: Vec<LegName> = (0..legs).map(|at| name(&image(at), platform(at))).collect();
    let mut tree = Tree::default();
    tree.apply(planned(names.iter().cloned()), at(0));
    for (place, leg) in names.iter().enumerate() {
        if place % 7 == 5 {
            continue;
        }
        tree.apply(start(leg, place % 2 == 1), at(1));
        tree.apply(
            step(leg, "apt build-essential git cmake", StepState::Started),
            at(3),
        );
        let end = match place % 7 {
            2 => finish(leg, LegOutcomeKind::Built, None),
            3 => finish(
                leg,
                LegOutcomeKind::Failed,
                Some(
                    "`run make 한국어` ended with exit code 137 (killed: most likely out of memory)",
                ),
            ),
            4 => step(leg, "run pip install torch", StepState::Started),
            6 => finish(
                leg,
                LegOutcomeKind::Skipped,
                Some("not begun, because something else failed"),
            ),
            _ => log(
                leg,
                "apt build-essential git cmake",
                "Selecting previously unselected package 🚀 libgomp1:arm64.",
            ),
        };
        tree.apply(end, at(9));
    }
    tree
}

/// Lines without colours, cells padded with blanks.
pub(super) fn text(lines: &[Line]) -> String {
    let line = |line: &Line| {
        let mut text = String::new();
        for cell in &line.cells {
            text = padded(&text, cell.column);
            text.extend(cell.pieces.iter().map(|(_, piece)| piece.as_str()));
        }
        text.trim_end().to_owned()
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}
