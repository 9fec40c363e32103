//! Definitions of services: `/etc/backend.ai/service-defs/NAME.json`.
//!
//! The runner reads all of them when it starts; one that it cannot read ends it, and no session of the image
//! starts. What a definition runs is looked at when its service is opened.

use std::collections::BTreeSet;
use std::ops::Range;

use super::braces::{bad_format, bad_tokens, has_token};
use super::fault::{Fault, Rule};
use super::json::{Json, Kind, parse};
use super::release::Range as Releases;

/// Keys of a definition that every release knows.
const KEYS: [&str; 9] = [
    "command",
    "noop",
    "url_template",
    "prestart",
    "prestart_actions",
    "env",
    "allowed_envs",
    "allowed_arguments",
    "default_arguments",
];

/// Actions before a service is started: name, arguments that it needs, arguments that it may have.
const ACTIONS: [(&str, &[&str], &[&str]); 5] = [
    ("write_file", &["filename", "body"], &["mode", "append"]),
    ("write_tempfile", &["body"], &["mode"]),
    ("run_command", &["command"], &["echo"]),
    ("mkdir", &["path"], &[]),
    ("log", &["message"], &["debug"]),
];

/// The most faults of a definition that are told.
const MOST: usize = 100;

/// A place in the text of a definition, and what is wrong there.
pub type Definition = (Range<usize>, Fault);

/// Checks the text of a definition.
pub fn check_definition(text: &str) -> Vec<Definition> {
    let json = match parse(text) {
        Ok(json) => json,
        Err((at, words)) => {
            let message = format!("not valid JSON: {words}, so no session starts");
            return vec![(at, error(message))];
        }
    };
    let mut checker = Checker { faults: Vec::new() };
    checker.duplicates(&json);
    checker.definition(&json);
    checker.faults
}

fn error(message: impl Into<String>) -> Fault {
    Fault::error(Rule::Definition, message)
}

struct Checker {
    faults: Vec<Definition>,
}

impl Checker {
    fn push(&mut self, at: &Range<usize>, fault: Fault) {
        // Of each kind by itself: what is left out must not be what decides.
        let like = |(_, own): &&Definition| own.weight == fault.weight && own.range == fault.range;
        if self.faults.iter().filter(like).count() < MOST {
            self.faults.push((at.clone(), fault));
        }
    }

    fn duplicates(&mut self, json: &Json) {
        match &json.kind {
            Kind::List(items) => items.iter().for_each(|item| self.duplicates(item)),
            Kind::Map(entries) => {
                let mut seen = BTreeSet::new();
                for (key, at, value) in entries {
                    if !seen.insert(key) {
                        let message = format!("`{key}` stands twice; the last one counts");
                        self.push(at, Fault::warning(Rule::Definition, message));
                    }
                    self.duplicates(value);
                }
            }
            _ => {}
        }
    }

    fn definition(&mut self, json: &Json) {
        let Kind::Map(entries) = &json.kind else {
            let message = format!("a definition is an object, not {}", json.describe());
            self.push(&json.at, error(format!("{message}, so no session starts")));
            return;
        };
        let mut known = BTreeSet::from(["ports".to_owned(), "runtime_path".to_owned()]);
        let prestart = entries
            .iter()
            .filter(|(key, ..)| key.starts_with("prestart"));
        for (_, _, value) in prestart {
            self.prestart(value, &mut known);
        }
        for (key, at, value) in entries {
            match key.as_str() {
                "shell" => self.push(
                    at,
                    error("the key `shell` is not known, so no session starts")
                        .within(Releases::before(24, 9))
                        .help("write the command as a list: [\"bash\", \"-c\", \"…\"]"),
                ),
                "command" => self.command(value, &known),
                "env" => self.env(value, &known),
                "allowed_envs" | "allowed_arguments" => self.texts(key, value),
                "default_arguments" => self.arguments(value, &known),
                "noop" if !matches!(value.kind, Kind::Bool(_)) => {
                    self.kind(key, value, "true or false");
                }
                "url_template" if !matches!(value.kind, Kind::Text(_)) => {
                    self.kind(key, value, "a text");
                }
                key if KEYS.contains(&key) => {}
                key => {
                    let message = format!("unknown key `{key}`, so no session starts");
                    let help = format!("the keys are {}, shell", KEYS.join(", "));
                    self.push(at, error(message).help(help));
                }
            }
        }
        if !entries.iter().any(|(key, ..)| key == "command") {
            let message = "a definition needs `command`, so no session starts";
            self.push(&(json.at.start..json.at.start + 1), error(message));
        }
    }

    fn kind(&mut self, key: &str, value: &Json, wanted: &str) {
        let message = format!("`{key}` is {wanted}, not {}", value.describe());
        self.push(&value.at, error(message));
    }

    fn command(&mut self, value: &Json, known: &BTreeSet<String>) {
        match &value.kind {
            Kind::Text(text) => {
                self.push(
                    &value.at,
                    error("a command that is a text is run letter by letter")
                        .within(Releases::before(24, 9))
                        .help("write it as a list: [\"bash\", \"-c\", \"…\"]"),
                );
                self.interpolated(&value.at, text, known);
            }
            Kind::List(items) if items.is_empty() => {
                self.push(&value.at, error("the command is empty"));
            }
            Kind::List(items) => {
                for item in items {
                    match &item.kind {
                        Kind::Text(text) => self.interpolated(&item.at, text, known),
                        _ => self.kind("command", item, "a list of texts"),
                    }
                }
            }
            _ => self.kind("command", value, "a list of texts"),
        }
    }

    fn env(&mut self, value: &Json, known: &BTreeSet<String>) {
        let Kind::Map(entries) = &value.kind else {
            self.kind("env", value, "an object");
            return;
        };
        for (key, at, value) in entries {
            self.interpolated(at, key, known);
            match &value.kind {
                Kind::Text(text) => self.interpolated(&value.at, text, known),
                _ => self.kind(key, value, "a text"),
            }
        }
    }

    fn texts(&mut self, key: &str, value: &Json) {
        let Kind::List(items) = &value.kind else {
            self.kind(key, value, "a list of texts");
            return;
        };
        for item in items {
            if !matches!(item.kind, Kind::Text(_)) {
                self.kind(key, item, "a list of texts");
            }
        }
    }

    fn arguments(&mut self, value: &Json, known: &BTreeSet<String>) {
        let Kind::Map(entries) = &value.kind else {
            self.kind("default_arguments", value, "an object");
            return;
        };
        for (key, _, value) in entries {
            match &value.kind {
                Kind::Null => {}
                Kind::Text(text) => self.added(&value.at, text, known),
                Kind::List(items) => {
                    for item in items {
                        match &item.kind {
                            Kind::Text(text) => self.added(&item.at, text, known),
                            _ => self.kind(key, item, "a list of texts"),
                        }
                    }
                }
                _ => self.kind(key, value, "null, a text or a list of texts"),
            }
        }
    }

    fn prestart(&mut self, value: &Json, known: &mut BTreeSet<String>) {
        let Kind::List(items) = &value.kind else {
            self.kind("prestart", value, "a list of actions");
            return;
        };
        for item in items {
            self.action(item, known);
        }
    }

    fn action(&mut self, item: &Json, known: &mut BTreeSet<String>) {
        let Kind::Map(entries) = &item.kind else {
            self.kind(
                "prestart",
                item,
                "a list of objects with `action` and `args`",
            );
            return;
        };
        let find = |key: &str| {
            entries
                .iter()
                .rev()
                .find(|(own, ..)| own == key)
                .map(|(.., value)| value)
        };
        let Some(Json {
            kind: Kind::Text(name),
            ..
        }) = find("action")
        else {
            self.push(&item.at, error("an action has `action`, a text"));
            return;
        };
        let name = name.as_str();
        let Some((_, needs, may)) = ACTIONS.iter().find(|(own, ..)| *own == name) else {
            let names = ACTIONS.map(|(name, ..)| name).join(", ");
            let message = format!("there is no action `{name}`");
            self.push(&item.at, error(message).help(format!("there are {names}")));
            return;
        };
        let Some(Json {
            kind: Kind::Map(args),
            at,
        }) = find("args")
        else {
            self.push(
                &item.at,
                error(format!("the action `{name}` has `args`, an object")),
            );
            return;
        };
        for (key, place, value) in args {
            if !needs.contains(&key.as_str()) && !may.contains(&key.as_str()) {
                let message = format!("the action `{name}` has no argument `{key}`");
                let help = format!("it has {}", [*needs, *may].concat().join(", "));
                self.push(place, error(message).help(help));
            }
            for (at, text) in texts_of(value) {
                self.formatted(&at, text, known);
            }
        }
        for need in *needs {
            if !args.iter().any(|(key, ..)| key == need) {
                self.push(at, error(format!("the action `{name}` needs `{need}`")));
            }
        }
        if let Some(Json {
            kind: Kind::Text(name),
            ..
        }) = find("ref")
        {
            known.insert(name.clone());
        }
    }

    /// Text of a command or a variable.
    fn interpolated(&mut self, at: &Range<usize>, text: &str, known: &BTreeSet<String>) {
        let newest = Releases {
            from: Some(super::NEWEST),
            until: None,
        };
        let older = Releases {
            from: None,
            until: Some(super::NEWEST),
        };
        let old = bad_format(text, known).or_else(|| {
            let words = "`${{ }}` is not replaced; the service sees it as it stands";
            let token = text
                .split_once("${{")
                .is_some_and(|(_, rest)| rest.contains("}}"));
            token.then(|| words.to_owned())
        });
        let new = bad_tokens(text, known);
        let (words, range) = match (old, new) {
            (Some(words), Some(_)) => (words, Releases::ALL),
            (Some(words), None) => (words, older),
            (None, Some(words)) => (words, newest),
            (None, None) => return,
        };
        let fault = error(words).within(range);
        self.push(at, fault.help(names(known)));
    }

    /// Arguments that are added to the command: older releases take them as they are.
    fn added(&mut self, at: &Range<usize>, text: &str, known: &BTreeSet<String>) {
        if let Some(words) = bad_tokens(text, known) {
            let newest = Releases {
                from: Some(super::NEWEST),
                until: None,
            };
            self.push(at, error(words).within(newest).help(names(known)));
        } else if has_token(text) {
            let older = Releases {
                from: None,
                until: Some(super::NEWEST),
            };
            let words = "braces in default arguments are handed on as they stand";
            let fault = Fault::warning(Rule::Definition, words).within(older);
            self.push(at, fault.help("put the argument into `command`"));
        }
    }

    fn formatted(&mut self, at: &Range<usize>, text: &str, known: &BTreeSet<String>) {
        if let Some(words) = bad_format(text, known) {
            self.push(at, error(words).help(names(known)));
        }
    }
}

fn names(known: &BTreeSet<String>) -> String {
    let shown: Vec<&str> = known.iter().take(8).map(String::as_str).collect();
    format!("braces hold a value: {}", shown.join(", "))
}

fn texts_of(value: &Json) -> Vec<(Range<usize>, &str)> {
    match &value.kind {
        Kind::Text(text) => vec![(value.at.clone(), text)],
        Kind::List(items) => items.iter().flat_map(texts_of).collect(),
        _ => Vec::new(),
    }
}
