//! Whether a test of an image passed, and in which words it did not.
//!
//! Knows what was expected and what came; how it came is the business of `trial.rs` and `found.rs`.

use std::time::Duration;

use regex::Regex;

use super::blame::explain;
use crate::recipe::{Expect, FileTest, RunTest};
use crate::text::{Place, Spanned};

/// Characters of an output that are quoted.
const QUOTED: usize = 200;

/// How a test of an image ended on a platform.
#[derive(Debug, Clone)]
pub struct TestReport {
    /// Its name, or words for it.
    pub name: String,
    /// Where it stands in the recipe.
    pub place: Place,
    /// How long it took.
    pub took: Duration,
    /// What was expected and did not come; nothing where it passed.
    pub wrong: Vec<String>,
    /// The last lines that it wrote, where something was wrong.
    pub logs: Vec<String>,
}

impl TestReport {
    /// Whether all came as expected.
    pub fn passed(&self) -> bool {
        self.wrong.is_empty()
    }
}

/// How a program ended, and what it wrote.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// Its exit code, or why it could not be run.
    pub(super) exit: Exit,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
    /// The builder's words where it left out a part of the output.
    pub(super) clipped: Option<String>,
}

/// How a program ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Exit {
    Code(i64),
    /// It could not be run; the builder's words.
    NotRun(String),
}

impl Default for Exit {
    fn default() -> Self {
        Self::Code(0)
    }
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    File {
        mode: u32,
        /// Whether the text looked for is in it.
        contains: bool,
    },
    Folder {
        mode: u32,
    },
    /// A device, a pipe, a link that is not followed.
    Other {
        mode: u32,
    },
}

/// What is wrong with how a program ended.
pub(super) fn of_run(test: &RunTest, ended: &Ended, emulated: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    match &ended.exit {
        Exit::Code(code) if *code == test.exit => {}
        Exit::Code(code) => wrong.push(format!(
            "it ended with exit code {code}{}, not {}",
            explain(*code, emulated),
            test.exit
        )),
        // There is no output of a program that did not run.
        Exit::NotRun(why) => return vec![format!("it could not be run: {why}")],
    }
    let outputs = [
        ("stdout", &test.stdout, &ended.stdout),
        ("stderr", &test.stderr, &ended.stderr),
    ];
    for (name, expected, bytes) in outputs {
        let text = String::from_utf8_lossy(bytes);
        let words = expected
            .as_ref()
            .and_then(|expected| of_output(name, expected, &text));
        let Some(words) = words else { continue };
        wrong.push(match &ended.clipped {
            Some(clipped) => format!("{words}; {clipped}"),
            None => words,
        });
    }
    wrong
}

fn of_output(name: &str, expected: &Spanned<Expect>, text: &str) -> Option<String> {
    let ends = ['\n', '\r'];
    let (fits, words) = match &expected.value {
        Expect::Equals(wanted) => (
            text.trim_end_matches(ends) == wanted.trim_end_matches(ends),
            format!("{name} is not {}", quoted(wanted)),
        ),
        Expect::Contains(wanted) => (
            text.contains(wanted.as_str()),
            format!("{name} does not contain {}", quoted(wanted)),
        ),
        Expect::Matches(pattern) => (
            // It was compiled before; one that cannot be now matches nothing.
            Regex::new(pattern).is_ok_and(|regex| regex.is_match(text)),
            format!("nothing in {name} matches `{pattern}`"),
        ),
    };
    let came = if text.is_empty() {
        "it is empty".to_owned()
    } else {
        format!("it is {}", quoted(text))
    };
    (!fits).then(|| format!("{words}: {came}"))
}

/// What is wrong with what is at a path.
pub(super) fn of_file(test: &FileTest, found: Found) -> Vec<String> {
    let (mode, what) = match found {
        Found::Nothing if test.absent => return Vec::new(),
        Found::Nothing => return vec!["there is nothing".to_owned()],
        Found::File { mode, .. } => (mode, "a file"),
        Found::Folder { mode } => (mode, "a folder"),
        Found::Other { mode } => (mode, "neither file nor folder"),
    };
    if test.absent {
        return vec![match found {
            Found::Other { .. } => "it is there".to_owned(),
            _ => format!("it is there, {what}"),
        }];
    }
    let mut wrong = Vec::new();
    let is_file = matches!(found, Found::File { .. });
    if let Some(wanted) = test.executable {
        let runs = mode & 0o111 != 0;
        match (wanted, is_file && runs) {
            (true, false) if is_file => {
                wrong.push(format!("nobody may execute it: its mode is {mode:04o}"));
            }
            (true, false) => wrong.push(format!("it is {what}, no program")),
            (false, true) => wrong.push(format!("it can be executed: its mode is {mode:04o}")),
            _ => {}
        }
    }
    if let Some(wanted) = test.mode.filter(|wanted| *wanted != mode) {
        wrong.push(format!("its mode is {mode:04o}, not {wanted:04o}"));
    }
    if let Some(text) = &test.contains {
        match found {
            Found::File { contains: true, .. } => {}
            Found::File { .. } => wrong.push(format!("it does not contain {}", quoted(text))),
            _ => wrong.push(format!("it is {what} and contains no text")),
        }
    }
    wrong
}

/// A text as one line in quotes, cut where it is long.
fn quoted(text: &str) -> String {
    if text.chars().count() <= QUOTED {
        return format!("{text:?}");
    }
    let short: String = text.chars().take(QUOTED).collect();
    format!("{short:?} and so on, {} bytes in all", text.len())
}

#[cfg(test)]
mod tests {
    use super::{Ended, Exit, Found, of_file, of_run};
    use crate::recipe::{Command, Expect, FileTest, RunTest};
    use crate::text::{Place, SourceFile, Spanned};

    fn run(exit: i64, stdout: Option<Expect>) -> RunTest {
        let place = Place::file(&SourceFile::new("größe.yaml", ""));
        RunTest {
            command: Command::Args(vec!["x".to_owned()]),
            env: Vec::new(),
            user: None,
            exit,
            stdout: stdout.map(|expect| Spanned::new(expect, place)),
            stderr: None,
        }
    }

    fn ended(code: i64, stdout: &str) -> Ended {
        Ended {
            exit: Exit::Code(code),
            stdout: stdout.as_bytes().to_vec(),
            ..Ended::default()
        }
    }

    #[test]
    fn outputs_are_compared_as_they_were_asked_to_be() {
        let equals = |text: &str| Some(Expect::Equals(text.to_owned()));
        let contains = |text: &str| Some(Expect::Contains(text.to_owned()));
        let matches = |text: &str| Some(Expect::Matches(text.to_owned()));
        let rows = [
            (equals("안녕"), "안녕\n", true),
            (equals("안녕\n"), "안녕", true),
            (equals("안녕"), " 안녕\n", false),
            (equals(""), "\n", true),
            (contains("녕"), "안녕\n", true),
            (contains("Tag"), "안녕\n", false),
            (matches(r"^2\.4\S* 12"), "2.4.1+cu124 12.4\n", true),
            (matches(r"^2\.4\S* 12"), "2.5.0 12.4\n", false),
            (matches("(?m)^b$"), "a\nb\n", true),
            (None, "irgendwas", true),
        ];
        for (expected, text, fits) in rows {
            let wrong = of_run(&run(0, expected), &ended(0, text), false);
            assert_eq!(wrong.is_empty(), fits, "{text:?}: {wrong:?}");
        }
    }

    #[test]
    fn what_was_expected_and_what_came_is_said() {
        let test = run(2, Some(Expect::Equals("größer".to_owned())));
        let wrong = of_run(&test, &ended(139, "kleiner\n"), true);
        assert!(wrong[0].starts_with("it ended with exit code 139 (crashed under emulation"));
        assert!(wrong[0].ends_with(", not 2"));
        assert_eq!(wrong[1], r#"stdout is not "größer": it is "kleiner\n""#);
        let mut clipped = ended(2, "");
        clipped.clipped = Some("abgeschnitten".to_owned());
        let wrong = of_run(&test, &clipped, false);
        assert_eq!(
            wrong,
            [r#"stdout is not "größer": it is empty; abgeschnitten"#]
        );
        let not_run = Ended {
            exit: Exit::NotRun("kein Benutzer".to_owned()),
            ..Ended::default()
        };
        assert_eq!(
            of_run(&test, &not_run, false),
            ["it could not be run: kein Benutzer"]
        );
        let long = of_run(&test, &ended(2, &"한".repeat(900)), false);
        assert!(long[0].len() < 1000, "{}", long[0].len());
        assert!(long[0].ends_with("and so on, 2700 bytes in all"));
    }

    #[test]
    fn files_are_judged_by_what_the_test_says_and_nothing_else() {
        let any = FileTest::default();
        let absent = FileTest {
            absent: true,
            ..any.clone()
        };
        let program = FileTest {
            executable: Some(true),
            ..any.clone()
        };
        let data = FileTest {
            executable: Some(false),
            mode: Some(0o640),
            contains: Some("größe".to_owned()),
            ..any.clone()
        };
        let file = |mode, contains| Found::File { mode, contains };
        let folder = Found::Folder { mode: 0o755 };
        let rows = [
            (&any, folder, 0),
            (&any, Found::Nothing, 1),
            (&absent, Found::Nothing, 0),
            (&absent, file(0o600, false), 1),
            (&program, file(0o700, false), 0),
            (&program, file(0o644, false), 1),
            (&program, folder, 1),
            (&data, file(0o640, true), 0),
            (&data, file(0o755, false), 3),
            (&data, folder, 2),
        ];
        for (test, found, wrong) in rows {
            assert_eq!(
                of_file(test, found).len(),
                wrong,
                "{found:?} {:?}",
                of_file(test, found)
            );
        }
    }
}
