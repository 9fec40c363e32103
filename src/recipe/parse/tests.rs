//! The key `tests`: what the finished image must do.

use super::body::env_of;
use super::fields::{Fields, Keys};
use super::program::each;
use super::reader::{Pass, Reader};
use super::scalars;
use super::steps::command;
use crate::diagnostic::{Finding, Fix, nearest};
use crate::recipe::steps::Mode;
use crate::recipe::tests::{Expect, FileTest, RunTest, Test, TestKind};
use crate::text::{Place, Spanned};
use crate::yaml::{Node, NodeKind};

const RUN: Keys = Keys {
    of: "a test with `run`",
    known: &[
        "run", "env", "user", "exit", "stdout", "stderr", "name", "if",
    ],
    later: &[],
};
const FILE: Keys = Keys {
    of: "a test with `file`",
    known: &[
        "file",
        "executable",
        "mode",
        "contains",
        "absent",
        "name",
        "if",
    ],
    later: &[],
};
const OUTPUT: Keys = Keys {
    of: "an output",
    known: &["equals", "contains", "matches"],
    later: &[],
};

/// Reads the tests; what cannot be read is reported and left out.
pub(super) fn tests(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<Test> {
    each(reader, fields.get("tests"), "tests", test)
}

fn test(reader: &mut Reader<'_>, node: &Node) -> Option<Test> {
    let (word, keys) = kind(reader, node)?;
    // What does not hold is not read: its values may well make sense on other platforms only.
    let holds = node.get("if").map(|condition| reader.condition(condition));
    if matches!(reader.pass, Pass::Expand(..)) && matches!(holds, Some(Some(false) | None)) {
        return None;
    }
    let fields = Fields::read(reader, node, keys)?;
    let name = fields.get("name").and_then(|node| reader.text(node));
    let kind = match keys.known[0] {
        "run" => TestKind::Run(Box::new(run(reader, &fields)?)),
        _ => TestKind::File(file(reader, &fields)?),
    };
    Some(Test {
        place: word.clone(),
        name: name.map(|text| text.value),
        kind,
    })
}

/// The word that says what a test looks at, and the keys that go with it.
fn kind<'n>(reader: &mut Reader<'_>, node: &'n Node) -> Option<(&'n Place, Keys)> {
    let NodeKind::Map(entries) = &node.kind else {
        reader.not_as(node, "a test is a map with `run` or `file`");
        return None;
    };
    let keys = |name: &str| match name {
        "run" => Some(RUN),
        "file" => Some(FILE),
        _ => None,
    };
    let mut words = entries
        .iter()
        .filter_map(|entry| Some((&entry.key, keys(&entry.key.value)?)));
    match (words.next(), words.next()) {
        (Some((word, keys)), None) => Some((&word.place, keys)),
        (Some(_), Some((second, _))) => {
            let message = "a test has `run` or `file`; this one has both";
            let finding = Finding::error(&second.place, message);
            let help = "make it two tests, each with its own `-`";
            reader.findings.push(finding.with_help(help));
            None
        }
        (None, _) => {
            let mut near = entries.iter().filter_map(|entry| {
                let key = &entry.key;
                Some((key, nearest(&key.value, ["run", "file"])?))
            });
            if let Some((key, near)) = near.next() {
                let message = format!("unknown test `{}`; did you mean `{near}`?", key.value);
                reader.error(&key.place, message);
            } else {
                reader.error(&node.place, "a test needs `run` or `file`");
            }
            None
        }
    }
}

fn run(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<RunTest> {
    let user = fields.get("user").and_then(|node| reader.text(node));
    let user = user.and_then(|text| reader.convert(text, scalars::user));
    let exit = fields.get("exit").and_then(|node| reader.text(node));
    let exit = exit.and_then(|text| reader.convert(text, exit_code));
    let (stdout, stderr) = (
        output(reader, fields, "stdout"),
        output(reader, fields, "stderr"),
    );
    let env = env_of(reader, fields);
    let command = fields
        .require(reader, "run")
        .and_then(|node| command(reader, node));
    Some(RunTest {
        command: command?,
        env,
        user: user.map(|user| user.value),
        exit: exit.map_or(0, |exit| exit.value),
        stdout,
        stderr,
    })
}

fn exit_code(text: &str) -> Result<i64, String> {
    text.parse::<u8>()
        .map(i64::from)
        .map_err(|_| format!("`{text}` is no exit code; write a number from 0 to 255"))
}

/// Reads `{equals | contains | matches: TEXT}`.
fn output(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str) -> Option<Spanned<Expect>> {
    let node = fields.get(key)?;
    if node.get("cases").is_none()
        && let Some(word) = node.entry("match")
    {
        let message = format!("unknown key `match` in `{key}`; did you mean `matches`?");
        let help = "`match` with `cases` is a conditional value";
        let finding = Finding::error(&word.key.place, message).with_rule("unknown-key");
        let fix = Fix::suggested("write `matches`").replacing(&word.key.place, "matches");
        reader.findings.push(finding.with_help(help).with_fix(fix));
        return None;
    }
    let expect = reader.one(node, |reader, node| {
        let fields = Fields::read(reader, node, OUTPUT)?;
        let mut said = OUTPUT.known.iter().filter_map(|key| {
            let node = fields.get(key)?;
            Some((*key, fields.key(key)?, node))
        });
        let (first, second) = (said.next(), said.next());
        if let Some((_, key, _)) = second {
            let message = "an output is compared in one way: this is a second";
            reader.error(&key.place, message);
            return None;
        }
        let Some((how, _, value)) = first else {
            let anything = OUTPUT.known.iter().any(|key| fields.is_written(key));
            if !anything {
                let message = "an output needs `equals`, `contains` or `matches`";
                reader.error(&fields.place, message);
            }
            return None;
        };
        let text = reader.text(value)?;
        reader.convert(text, |text| expectation(how, text))
    })?;
    Some(expect)
}

fn expectation(how: &str, text: &str) -> Result<Expect, String> {
    match how {
        "equals" => Ok(Expect::Equals(text.to_owned())),
        _ if text.is_empty() => Err(format!("every output `{how}` nothing; write what it holds")),
        "contains" => Ok(Expect::Contains(text.to_owned())),
        _ => match regex::Regex::new(text) {
            Ok(_) => Ok(Expect::Matches(text.to_owned())),
            Err(error) => Err(format!(
                "`{text}` is no regular expression: {}",
                reason(&error)
            )),
        },
    }
}

/// The last line of an error of several, which says what is wrong.
fn reason(error: &regex::Error) -> String {
    let words = error.to_string();
    let last = words.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

fn file(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<FileTest> {
    let path = fields
        .require(reader, "file")
        .and_then(|node| reader.text(node));
    let mut flag = |key| fields.get(key).and_then(|node| reader.bool(node));
    let (absent, executable) = (flag("absent").unwrap_or(false), flag("executable"));
    let mode = fields.get("mode").and_then(|node| reader.text(node));
    let mode = mode.and_then(|text| reader.convert(text, bits));
    let contains = fields.get("contains").and_then(|node| reader.text(node));
    let contains = contains.and_then(|text| {
        reader.convert(text, |text| match text {
            "" => Err("every file contains nothing; write what it holds".to_owned()),
            _ => Ok(text.to_owned()),
        })
    });
    if absent {
        let others = ["executable", "mode", "contains"];
        if let Some(key) = others.into_iter().find_map(|key| fields.key(key)) {
            let message = format!("what is absent has no `{}`", key.value);
            reader.error(&key.place, message);
        }
    }
    let path = reader.convert(path?, |path| match path.trim_end_matches('/') {
        "" => Err("a test looks at a file or folder below `/`".to_owned()),
        path => Ok(path.to_owned()),
    });
    Some(FileTest {
        path: path?.value,
        absent,
        executable,
        mode: mode.map(|mode| mode.value),
        contains: contains.map(|text| text.value),
    })
}

/// The permissions a file must have are compared as a number.
fn bits(text: &str) -> Result<u32, String> {
    match scalars::mode(text)? {
        Mode::Octal(bits) => Ok(bits),
        Mode::Symbolic(_) => Err(format!(
            "`{text}` says how to change permissions; a test compares them: write \"0755\""
        )),
    }
}
