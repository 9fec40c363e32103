//! From the tree to the lines that a terminal shows of it.
//!
//! Pure: the same tree, size and time give the same lines. A line is made of cells with a column
//! each, because terminals do not agree on the width of some emoji: what stands behind such a name
//! is then still in its column.

use std::time::Duration;

use super::tree::{Row, State, Tree, Work};
use crate::cli::render::words::{clean, columns, cut_end, cut_image};

/// Rows and columns of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) columns: usize,
    pub(super) rows: usize,
}

/// What a piece of text says, for its colour. No text depends on it: the words say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Normal,
    Quiet,
    Busy,
    Good,
    Bad,
    Odd,
}

/// Text that begins in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) column: usize,
    pub(super) pieces: Vec<(Tone, String)>,
}

/// A line of a terminal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) cells: Vec<Cell>,
}

/// Columns of the time at the right.
const CLOCK: usize = 8;
/// A step's own time, and the last line it wrote, are shown where at least so much is left of the name.
const ROOMY: usize = 24;

/// The lines for a terminal: all legs where they fit, else those that run and those that failed, and
/// a line that counts the others. There is always a row left for the cursor.
pub(super) fn frame(tree: &Tree, size: Size, now: Duration) -> Vec<Line> {
    let (shown, hidden) = visible(tree, size);
    let mut lines = lines(&shown, &Grid::of(tree, size), now);
    if tree.rows.is_empty() {
        lines.push(last("preparing bases and graphs", size, now));
    } else {
        let count = if hidden.is_empty() {
            counts(&shown)
        } else {
            format!("… {}", counts(&hidden))
        };
        lines.push(last(&count, size, now));
    }
    lines
}

/// Whether not all legs fit.
pub(super) fn is_condensed(tree: &Tree, size: Size) -> bool {
    tree.rows.len() > room(size)
}

/// The line of one leg, for above the display.
pub(super) fn one(tree: &Tree, row: usize, size: Size, now: Duration) -> Option<Line> {
    lines(&[tree.rows.get(row)?], &Grid::of(tree, size), now).pop()
}

/// Rows for legs: one is the last line's, one the cursor's.
fn room(size: Size) -> usize {
    size.rows.saturating_sub(2)
}

fn visible(tree: &Tree, size: Size) -> (Vec<&Row>, Vec<&Row>) {
    if !is_condensed(tree, size) {
        return (tree.rows.iter().collect(), Vec::new());
    }
    let is = |wanted: fn(&State) -> bool| tree.rows.iter().filter(move |row| wanted(&row.state));
    let mut shown: Vec<&Row> = is(|state| matches!(state, State::Running(_)))
        .chain(is(|state| matches!(state, State::Failed(..))))
        .collect();
    let mut hidden = shown.split_off(room(size).min(shown.len()));
    hidden.extend(is(|state| {
        !matches!(state, State::Running(_) | State::Failed(..))
    }));
    (shown, hidden)
}

fn counts(rows: &[&Row]) -> String {
    let word = |row: &&&Row| match row.state {
        State::Waiting => "waiting",
        State::Running(_) => "running",
        State::Built(_) => "built",
        State::Failed(..) => "failed",
        State::Skipped(_) => "skipped",
        State::Interrupted => "interrupted",
    };
    let kinds = [
        "running",
        "failed",
        "interrupted",
        "skipped",
        "waiting",
        "built",
    ];
    let counts = kinds.iter().filter_map(|kind| {
        let count = rows.iter().filter(|row| word(row) == *kind).count();
        (count > 0).then(|| format!("{count} {kind}"))
    });
    counts.collect::<Vec<_>>().join(", ")
}

fn last(words: &str, size: Size, now: Duration) -> Line {
    let mut line = Line::default();
    line.add(0, vec![(Tone::Quiet, words.to_owned())]);
    line.clock(now, size);
    line.within(size.columns)
}

/// The columns of a display.
struct Grid {
    image: usize,
    platform: usize,
    emulated: bool,
    size: Size,
}

impl Grid {
    /// Of all legs, also those that are not shown, so that nothing moves when others are.
    fn of(tree: &Tree, size: Size) -> Self {
        let names = || tree.rows.iter().map(|row| &row.name);
        let image = names().map(|name| columns(&clean(&name.image))).max();
        let platform = names().map(|name| name.platform.to_string().len()).max();
        Self {
            image: image.unwrap_or(0).min((size.columns * 3 / 10).max(8)),
            platform: platform.unwrap_or(0),
            emulated: tree.rows.iter().any(|row| row.emulated),
            size,
        }
    }

    fn branch(&self) -> usize {
        self.image + 1
    }

    fn platform(&self) -> usize {
        self.branch() + 2
    }

    fn emulated(&self) -> usize {
        self.platform() + self.platform + 1
    }

    fn state(&self) -> usize {
        self.emulated() + if self.emulated { "emulated ".len() } else { 0 }
    }

    /// Columns for what a leg is doing.
    fn room(&self) -> usize {
        self.size.columns.saturating_sub(self.state() + CLOCK + 1)
    }
}

fn lines(rows: &[&Row], grid: &Grid, now: Duration) -> Vec<Line> {
    let size = grid.size;
    let same = |one: usize, other: Option<usize>| {
        other.is_some_and(|other| {
            rows.get(other)
                .is_some_and(|row| row.name.image == rows[one].name.image)
        })
    };
    let line = |(at, row): (usize, &&Row)| {
        let branch = match (same(at, at.checked_sub(1)), same(at, Some(at + 1))) {
            (false, false) => "─",
            (false, true) => "┬",
            (true, true) => "├",
            (true, false) => "└",
        };
        let name = if matches!(branch, "─" | "┬") {
            cut_image(&clean(&row.name.image), grid.image).into_owned()
        } else {
            String::new()
        };
        let mut line = Line::default();
        line.add(0, vec![(Tone::Normal, name)]);
        line.add(grid.branch(), vec![(Tone::Quiet, branch.to_owned())]);
        let platform = row.name.platform.to_string();
        line.add(grid.platform(), vec![(Tone::Normal, platform)]);
        if row.emulated {
            line.add(grid.emulated(), vec![(Tone::Odd, "emulated".to_owned())]);
        }
        line.add(grid.state(), state(&row.state, grid.room(), now));
        match &row.state {
            State::Running(work) => line.clock(now.saturating_sub(work.since), size),
            State::Built(took) | State::Failed(took, _) => line.clock(*took, size),
            State::Waiting | State::Skipped(_) | State::Interrupted => {}
        }
        line.within(size.columns)
    };
    rows.iter().enumerate().map(line).collect()
}

/// What a leg is doing, in at most `room` columns.
fn state(state: &State, room: usize, now: Duration) -> Vec<(Tone, String)> {
    let words = |tone, sign: &str, words: &str| {
        let text = format!("{sign} {}", clean(words));
        vec![(tone, cut_end(&text, room).into_owned())]
    };
    match state {
        State::Waiting => words(Tone::Quiet, "·", "waiting"),
        State::Running(work) => running(work, room, now),
        State::Built(_) => words(Tone::Good, "✓", "built"),
        State::Failed(_, why) => words(Tone::Bad, "✗", &format!("failed: {why}")),
        State::Interrupted => words(Tone::Odd, "–", "interrupted"),
        State::Skipped(why) => words(Tone::Quiet, "–", &format!("skipped: {why}")),
    }
}

fn running(work: &Work, room: usize, now: Duration) -> Vec<(Tone, String)> {
    let mut pieces = vec![(Tone::Busy, "● ".to_owned())];
    let room = room.saturating_sub(2);
    let Some(step) = work.steps.first() else {
        pieces.push((Tone::Quiet, cut_end(&clean(&work.last), room).into_owned()));
        return pieces;
    };
    let more = match work.steps.len() {
        1 => String::new(),
        count => format!(" (+{})", count - 1),
    };
    let mut clock = format!(" {}", seconds(now.saturating_sub(step.since)));
    if room < ROOMY + columns(&more) + columns(&clock) {
        clock = String::new();
    }
    let left = room.saturating_sub(columns(&more) + columns(&clock));
    let name = cut_end(&clean(&step.name), left).into_owned();
    let left = left.saturating_sub(columns(&name));
    pieces.push((Tone::Normal, format!("{name}{more}")));
    pieces.push((Tone::Quiet, clock));
    if let Some(line) = &work.line
        && left >= ROOMY
    {
        let line = format!(" │ {}", clean(line.trim()));
        pieces.push((Tone::Quiet, cut_end(&line, left).into_owned()));
    }
    pieces
}

/// A time that people read: seconds, and minutes where there are many.
fn seconds(time: Duration) -> String {
    let whole = time.as_secs();
    match whole {
        0..100 => format!("{:.1} s", time.as_secs_f64()),
        100..6000 => format!("{}m {:02}s", whole / 60, whole % 60),
        _ => format!("{}h {:02}m", whole / 3600, whole / 60 % 60),
    }
}

impl Line {
    fn add(&mut self, column: usize, pieces: Vec<(Tone, String)>) {
        self.cells.push(Cell { column, pieces });
    }

    fn clock(&mut self, time: Duration, size: Size) {
        let text = seconds(time);
        let column = size.columns.saturating_sub(columns(&text));
        self.add(column, vec![(Tone::Quiet, text)]);
    }

    /// The line with everything cut off that would stand in another cell's place or outside.
    fn within(mut self, width: usize) -> Self {
        let mut end = width;
        for cell in self.cells.iter_mut().rev() {
            let mut left = end.saturating_sub(cell.column);
            for (_, text) in &mut cell.pieces {
                *text = cut_end(text, left).into_owned();
                left = left.saturating_sub(columns(text));
            }
            end = end.min(cell.column);
        }
        let shows = |cell: &Cell| cell.pieces.iter().any(|(_, text)| !text.is_empty());
        self.cells.retain(|cell| cell.column < width && shows(cell));
        self
    }
}
