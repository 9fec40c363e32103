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
    /// Bytes of what was made.
    Size,
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
    /// Bytes of what both made.
    sizes: Option<[u64; 2]>,
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
            sizes: None,
        })
    }

    /// The same with the sizes of what was made, and the largest ratio of them where one is promised.
    pub(crate) fn with_sizes(mut self, sizes: [u64; 2], at_most: Option<f64>) -> Row {
        self.sizes = Some(sizes);
        let wish = at_most.map(|at_most| Wish::new(Figure::Size, at_most));
        self.wishes.extend(wish);
        self
    }

    fn ratio(&self, figure: Figure) -> f64 {
        match figure {
            Figure::Wall => self.ours.wall.div_duration_f64(self.theirs.wall),
            Figure::Peak => megabytes(self.ours.peak) / megabytes(self.theirs.peak),
            Figure::OwnPeak => megabytes(self.ours.peak),
            Figure::Size => self
                .sizes
                .map_or(0.0, |[ours, theirs]| megabytes(ours) / megabytes(theirs)),
        }
    }

    fn cells(&self) -> [String; 13] {
        let cpu = self.ours.cpu.div_duration_f64(self.theirs.cpu);
        // Of a part of a run nothing but the time is known.
        let or_dash = |text: String, known: bool| if known { text } else { "–".to_owned() };
        let ratio = |ratio: f64| or_dash(format!("{ratio:.2}"), ratio.is_finite());
        let peak = |bytes| or_dash(format!("{:.0} MB", megabytes(bytes)), bytes > 0);
        let cpu_of = |cost: &Cost| or_dash(seconds(cost.cpu), !cost.cpu.is_zero());
        [
            self.part.clone(),
            self.what.clone(),
            self.peer.to_owned(),
            seconds(self.ours.wall),
            seconds(self.theirs.wall),
            ratio(self.ratio(Figure::Wall)),
            cpu_of(&self.ours),
            cpu_of(&self.theirs),
            ratio(cpu),
            peak(self.ours.peak),
            peak(self.theirs.peak),
            ratio(self.ratio(Figure::Peak)),
            self.verdicts(),
        ]
    }

    fn verdicts(&self) -> String {
        let verdicts = self.wishes.iter().map(|wish| {
            // A size has no column of its own.
            let (name, unit) = match wish.figure {
                Figure::Wall => ("wall".to_owned(), ""),
                Figure::Peak => ("peak".to_owned(), ""),
                Figure::OwnPeak => ("peak".to_owned(), " MB"),
                Figure::Size => (format!("size {:.2}", self.ratio(Figure::Size)), ""),
            };
            let verdict = if self.holds(wish) { "yes" } else { "NO" };
            format!("{name} ≤ {}{unit} {verdict}", wish.at_most)
        });
        let mut verdicts: Vec<String> = verdicts.collect();
        let is_said = self.wishes.iter().any(|wish| wish.figure == Figure::Size);
        if self.sizes.is_some() && !is_said {
            verdicts.push(format!("size {:.2}", self.ratio(Figure::Size)));
        }
        verdicts.join(", ")
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
