//! kiln beside the clients that do the same on the same daemon: buildx bake, and buildctl for the
//! transfer of files.
//!
//! Run by `make bench`; docs/benchmarks.md says what is measured and why it is fair. Arguments choose
//! parts by name or by the word before the dash; `--rounds N` changes how often each run is repeated.
//! Ends with 1 where kiln is slower or larger than it promises to be.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "its result is a table, and it says what it is doing"
)]

mod context;
mod families;
mod files;
mod hostile;
mod images;
mod lab;
mod lint;
mod machine;
mod measure;
mod native;
mod quiet;
mod reproducible;
mod scratch;
mod start;
mod table;
mod twins;

use std::error::Error;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use files::Tree;
use lab::Lab;
use measure::Cost;
use native::List;
use table::{Row, megabytes, seconds};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Names of the parts that run where none is named, in their order.
const PARTS: [&str; 13] = [
    "start",
    "images-1",
    "images-20",
    "images-100",
    "images-300",
    "images-700",
    "scratch-300",
    "context-400mb",
    "context-6000",
    "context-40000",
    "reproducible",
    "hostile",
    "lint",
];

/// Parts that run only where they are named: each takes many minutes and wants the daemon for itself.
const NAMED: [&str; 3] = ["native-28", "native-torch", "packing"];

/// Where torch comes from, as in `recipes/ai-base`, unless `--torch-index` says otherwise; `none` is the usual index.
const TORCH_INDEX: &str = "https://download.pytorch.org/whl/cpu";

/// What cargo adds to the arguments.
const CARGOS: &str = "--bench";

fn main() -> ExitCode {
    let done = Choice::of(std::env::args().skip(1)).and_then(|choice| bench(&choice));
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("bench: not everything that is promised holds; see NO in the table");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the chosen parts and prints the table; whether every promise holds.
fn bench(choice: &Choice) -> Fallible<bool> {
    let lab = Lab::new()?;
    let mut rows: Vec<Row> = Vec::new();
    for &part in &choice.parts {
        rows.extend(run(part, choice, &lab)?);
    }
    let words: Vec<String> = std::env::args().skip(1).filter(|it| it != CARGOS).collect();
    let head = machine::head(&lab, &words, choice.rounds)?;
    println!("{head}\n{}", table::render(&rows));
    Ok(rows.iter().all(Row::is_kept))
}

fn run(part: &str, choice: &Choice, lab: &Lab) -> Fallible<Vec<Row>> {
    let rounds = &Rounds::new(choice.rounds);
    match part {
        "start" => start::run(lab, rounds),
        "images-1" => images::run(1, lab, rounds),
        "images-20" => images::run(20, lab, rounds),
        "images-100" => images::run(100, lab, rounds),
        "images-300" => images::run(300, lab, rounds),
        "images-700" => images::run(700, lab, rounds),
        "scratch-300" => scratch::run(lab, rounds),
        "context-400mb" => context::run(part, Tree::One(400_000_000), lab, rounds),
        "context-6000" => context::run(part, Tree::Many(6_000), lab, rounds),
        "context-40000" => context::run(part, Tree::Many(40_000), lab, rounds),
        "reproducible" => reproducible::run(lab, rounds),
        "hostile" => hostile::run(lab, rounds),
        "lint" => lint::run(lab, rounds),
        "packing" => native::packing::run(lab, rounds),
        "native-28" => native::run(List::Short, lab, rounds),
        "native-torch" => {
            let index = choice.torch_index.clone();
            native::run(List::Torch { index }, lab, rounds)
        }
        _ => Err(fault(format!("there is no part {part}"))),
    }
}

/// What the command line asks for.
struct Choice {
    parts: Vec<&'static str>,
    words: Vec<String>,
    rounds: usize,
    torch_index: Option<String>,
}

impl Choice {
    fn of(mut arguments: impl Iterator<Item = String>) -> Fallible<Choice> {
        let mut choice = Choice {
            parts: Vec::new(),
            words: Vec::new(),
            rounds: 3,
            torch_index: Some(TORCH_INDEX.to_owned()),
        };
        while let Some(word) = arguments.next() {
            match word.as_str() {
                CARGOS => {}
                "--rounds" => {
                    let count = arguments.next().and_then(|count| count.parse().ok());
                    choice.rounds = count
                        .filter(|&count| count > 0)
                        .ok_or_else(|| fault("--rounds needs a number"))?;
                }
                "--torch-index" => {
                    let index = arguments.next();
                    let index = index.ok_or_else(|| fault("--torch-index needs a URL, or none"))?;
                    choice.torch_index = Some(index).filter(|index| index != "none");
                }
                _ => choice.words.push(word),
            }
        }
        let fits = |part: &str, word: &str| {
            part == word || part.split_once('-').is_some_and(|(kind, _)| kind == word)
        };
        let words = &choice.words;
        if let Some(word) = words
            .iter()
            .find(|word| !PARTS.iter().chain(&NAMED).any(|it| fits(it, word)))
        {
            let all = [PARTS.join(", "), NAMED.join(", ")].join(", ");
            let message = format!("there is no part `{word}`; there are {all}");
            return Err(fault(message));
        }
        let named = |part: &&str| words.iter().any(|word| fits(part, word));
        let usual = PARTS.into_iter().filter(|it| words.is_empty() || named(it));
        choice.parts = usual.chain(NAMED.into_iter().filter(named)).collect();
        Ok(choice)
    }
}

/// The rounds of a part.
struct Rounds(Vec<Round>);

impl Rounds {
    fn new(count: usize) -> Rounds {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default().as_millis();
        let round = |number| Round {
            number,
            nonce: format!("n{now}-{number}"),
        };
        Rounds((0..count).map(round).collect())
    }
}

impl<'a> IntoIterator for &'a Rounds {
    type Item = &'a Round;
    type IntoIter = std::slice::Iter<'a, Round>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// One round.
struct Round {
    number: usize,
    /// A word that was never used before.
    nonce: String,
}

impl Round {
    /// Who goes first: each in turn.
    fn order(&self) -> [usize; 2] {
        if self.number.is_multiple_of(2) {
            [0, 1]
        } else {
            [1, 0]
        }
    }

    /// Says what a single run cost.
    fn tell(&self, part: &str, what: &str, client: &str, cost: &Cost) {
        eprintln!(
            "{part} {what}, round {}: {client} {}, CPU {}, {:.0} MB",
            self.number + 1,
            seconds(cost.wall),
            seconds(cost.cpu),
            megabytes(cost.peak),
        );
    }
}

fn fault(message: impl Into<String>) -> Box<dyn Error> {
    message.into().into()
}
