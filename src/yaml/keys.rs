//! Maps with a closed set of keys, and scalars that every reader sees alike.

use super::{Entry, Node, NodeKind, Plain, Scalar, classify};
use crate::diagnostic::{Finding, Findings, Fix, nearest};
use crate::text::Spanned;

/// The longest value that a message repeats, in bytes.
const MAX_SHOWN: usize = 200;

/// The keys a map may have.
#[derive(Debug, Clone, Copy)]
pub struct Keys {
    /// What the map is, for messages: `` `apt` ``, `a recipe`.
    pub of: &'static str,
    /// Keys that work.
    pub known: &'static [&'static str],
    /// Keys of the language that are not wired yet.
    pub later: &'static [&'static str],
}

impl Keys {
    /// The known keys, in words.
    pub fn list(&self) -> String {
        self.known
            .iter()
            .map(|key| format!("`{key}`"))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// The entries of a map whose keys have been checked; nothing where the node is no map.
pub fn checked_entries<'n>(
    node: &'n Node,
    keys: Keys,
    findings: &mut Findings,
) -> Option<&'n [Entry]> {
    let NodeKind::Map(entries) = &node.kind else {
        let message = format!(
            "{} is a map with {}, not {}",
            keys.of,
            keys.list(),
            node.describe()
        );
        findings.error_of("wrong-type", &node.place, message);
        return None;
    };
    for entry in entries {
        check_key(&entry.key, keys, findings);
    }
    Some(entries)
}

fn check_key(key: &Spanned<String>, keys: Keys, findings: &mut Findings) {
    let name = key.value.as_str();
    if keys.known.contains(&name) {
        return;
    }
    if keys.later.contains(&name) {
        let message = format!("`{name}` in {} is not supported yet", keys.of);
        findings.error_of("not-supported", &key.place, message);
        return;
    }
    if let Some(plain) = name.strip_suffix(['+', '-'])
        && (keys.known.contains(&plain) || keys.later.contains(&plain))
    {
        let finding = Finding::error(&key.place, format!("no mark may stand here: `{name}`"));
        findings.push(finding.with_help(
            "`+` and `-` stand at the keys of a file that extends others, and inside maps that are marked themselves",
        ));
        return;
    }
    let message = format!("unknown key `{name}` in {}", keys.of);
    if findings.is_full(&key.place) {
        return findings.error_of("unknown-key", &key.place, message);
    }
    let all = keys.known.iter().chain(keys.later).copied();
    let finding = match nearest(name, all) {
        Some(near) => Finding::error(&key.place, format!("{message}; did you mean `{near}`?"))
            .with_fix(Fix::suggested(format!("write `{near}`")).replacing(&key.place, near)),
        None => Finding::error(&key.place, message).with_help(format!(
            "the keys of {} are {}",
            keys.of,
            keys.list()
        )),
    };
    findings.push(finding.with_rule("unknown-key"));
}

/// Reports a plain scalar that is no text to some YAML reader; true if it is text to all.
pub fn is_text(node: &Node, scalar: &Scalar, findings: &mut Findings) -> bool {
    if scalar.text.contains('\0') {
        findings.error(&node.place, "a text cannot hold a zero byte");
        return false;
    }
    if !scalar.plain {
        return true;
    }
    let plain = classify(&scalar.text);
    if matches!(plain, Plain::Text | Plain::Int) {
        return true;
    }
    // A long one is seen by everybody where it stands.
    let (text, quoted) = if scalar.text.len() > MAX_SHOWN {
        ("this", "it in quotes".to_owned())
    } else {
        (scalar.text.as_str(), format!("\"{}\"", scalar.text))
    };
    let finding = match plain {
        Plain::Text | Plain::Int => return true,
        Plain::Null => Finding::error(&node.place, "the value is missing")
            .with_help("write `\"\"` for an empty text, or leave the key out"),
        Plain::Bool(_) => Finding::error(
            &node.place,
            format!("{text} is a boolean where text is wanted; write {quoted}"),
        ),
        Plain::Ambiguous(what) => Finding::error(
            &node.place,
            format!("{text} is {what} to other YAML readers; write {quoted}"),
        )
        // A file with it is refused, and the word is text wherever this is asked: nothing else can be meant.
        .with_fix(Fix::safe("quote it").replacing(&node.place, format!("\"{}\"", scalar.text))),
    };
    findings.push(finding.with_rule("ambiguous-scalar"));
    false
}

/// Reads a string as it stands.
pub fn text(node: &Node, findings: &mut Findings) -> Option<Spanned<String>> {
    let NodeKind::Scalar(scalar) = &node.kind else {
        let message = format!("a string should stand here, not {}", node.describe());
        findings.error_of("wrong-type", &node.place, message);
        return None;
    };
    is_text(node, scalar, findings).then(|| Spanned::new(scalar.text.clone(), node.place.clone()))
}

/// Reads a list of strings as they stand.
pub fn texts(node: &Node, findings: &mut Findings) -> Option<Vec<Spanned<String>>> {
    let NodeKind::List(items) = &node.kind else {
        let message = format!("a list should stand here, not {}", node.describe());
        findings.error_of("wrong-type", &node.place, message);
        return None;
    };
    Some(
        items
            .iter()
            .filter_map(|item| text(item, findings))
            .collect(),
    )
}
