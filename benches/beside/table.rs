//! The table of ratios.

use std::fmt::Write as _;
use std::time::Duration;

use crate::measure::Cost;
use crate::{Fallible, fault};

/// A figure of a cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Figure {
    Wall,
    Peak,
    /// kiln's peak by itself, in units of a million bytes.
    OwnPeak,
}

/// The largest ratio, kiln by peer, that kiln promises; or its largest figure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    figure: Figure,
    at_most: f64,
}

impl Wish {
    pub(crate) const fn new(figure: Figure, at_most: f64) -> Wish {
        Wish { figure, at_most }
    }

    /// A bound of kiln's memory in bytes.
    pub(crate) fn memory(bytes: u64) -> Wish {
        Wish::new(Figure::OwnPeak, megabytes(bytes))
    }
}

/// Both clients doing one thing.
#[derive(Debug)]
pub(crate) struct Row {
    part: String,
    what: String,
    peer: &'static str,
    ours: Cost,
    theirs: Cost,
    wishes: Vec<Wish>,
}

impl Row {
    /// A row of the least costs: kiln's, then the peer's.
    pub(crate) fn new(
        part: &str,
        what: &str,
        peer: &'static str,
        costs: [Vec<Cost>; 2],
        wishes: Vec<Wish>,
    ) -> Fallible<Row> {
        let least = |costs: Vec<Cost>| costs.into_iter().reduce(Cost::least);
        let [ours, theirs] = costs.map(least);
        let none = || fault("there was no round");
        Ok(Row {
            part: part.to_owned(),
            what: what.to_owned(),
            peer,
            ours: ours.ok_or_else(none)?,
            theirs: theirs.ok_or_else(none)?,
            wishes,
        })
    }

    fn ratio(&self, figure: Figure) -> f64 {
        match figure {
            Figure::Wall => self.ours.wall.div_duration_f64(self.theirs.wall),
            Figure::Peak => megabytes(self.ours.peak) / megabytes(self.theirs.peak),
            Figure::OwnPeak => megabytes(self.ours.peak),
        }
    }

    fn cells(&self) -> [String; 13] {
        let cpu = self.ours.cpu.div_duration_f64(self.theirs.cpu);
        let ratio = |ratio: f64| format!("{ratio:.2}");
        let peak = |bytes| format!("{:.0} MB", megabytes(bytes));
        [
            self.part.clone(),
            self.what.clone(),
            self.peer.to_owned(),
            seconds(self.ours.wall),
            seconds(self.theirs.wall),
            ratio(self.ratio(Figure::Wall)),
            seconds(self.ours.cpu),
            seconds(self.theirs.cpu),
            ratio(cpu),
            peak(self.ours.peak),
            peak(self.theirs.peak),
            ratio(self.ratio(Figure::Peak)),
            self.verdicts(),
        ]
    }

    fn verdicts(&self) -> String {
        let verdicts = self.wishes.iter().map(|wish| {
            let (name, unit) = match wish.figure {
                Figure::Wall => ("wall", ""),
                Figure::Peak => ("peak", ""),
                Figure::OwnPeak => ("peak", " MB"),
            };
            let verdict = if self.holds(wish) { "yes" } else { "NO" };
            format!("{name} ≤ {}{unit} {verdict}", wish.at_most)
        });
        verdicts.collect::<Vec<_>>().join(", ")
    }

    fn holds(&self, wish: &Wish) -> bool {
        self.ratio(wish.figure) <= wish.at_most
    }

    /// Whether everything that was promised holds.
    pub(crate) fn is_kept(&self) -> bool {
        self.wishes.iter().all(|wish| self.holds(wish))
    }
}

/// Bytes in units of a million.
#[expect(clippy::cast_precision_loss, reason = "memory is far below 2^52")]
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// A time with three places: start-ups are milliseconds.
pub(crate) fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 1.0 {
        format!("{:.1} ms", seconds * 1e3)
    } else {
        format!("{seconds:.2} s")
    }
}

/// All rows as text; ratios are kiln's figure by the peer's.
pub(crate) fn render(rows: &[Row]) -> String {
    let head = [
        "part", "what", "beside", "wall", "", "ratio", "CPU", "", "ratio", "peak", "", "ratio",
        "promised",
    ];
    let mut cells = vec![head.map(str::to_owned)];
    cells.extend(rows.iter().map(Row::cells));
    let width = |column: usize| {
        let widths = cells.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut text = String::new();
    for row in &cells {
        let mut line = String::new();
        for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            // Words to the left, figures to the right.
            let _ = if (3..12).contains(&column) {
                write!(line, "{cell:>width$}  ")
            } else {
                write!(line, "{cell:<width$}  ")
            };
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}
