//! Several trees to one: `key` replaces, `key+` adds, `key-` removes.
//!
//! Trees in, a tree and findings out. Every value keeps the place it was written at, in whichever file
//! that is; so the parser, its messages and relative paths work on a merged tree as on any other. What
//! no mark touches is shared with the tree it came from.

use std::collections::{BTreeMap, BTreeSet};

use super::expr;
use super::extend::Inherited;
use super::parse::reader::{is_conditional, scalar_text};
use super::parse::unknown_key;
use crate::diagnostic::{Finding, Findings, nearest};
use crate::text::Spanned;
use crate::yaml::{Entry, Node, NodeKind};

/// What a file says of itself, and gives to no other.
const OWN: [&str; 3] = ["kiln", "name", "extends"];
/// The maps whose keys are names for expressions.
const NAMES: [&str; 2] = ["vars", "axes"];
/// The keys that take a string or a list, so that an inherited string is a list of one.
const TEXT_OR_LIST: [&str; 3] = ["prepend", "append", "port"];

/// Several trees as one.
#[derive(Debug)]
pub(crate) struct Merged {
    pub(crate) tree: Node,
    /// Whether nothing is missing that it was to be merged with.
    pub(crate) whole: bool,
    pub(crate) dropped: Dropped,
}

/// Inherited names that a later file left out, and the key that did so.
pub(crate) type Dropped = BTreeMap<String, Spanned<String>>;

/// A key without its mark, and the mark.
pub(crate) fn split_mark(key: &str) -> (&str, Option<char>) {
    let mark = key.chars().next_back().filter(|c| matches!(c, '+' | '-'));
    (mark.map_or(key, |_| &key[..key.len() - 1]), mark)
}

/// Lays a file's tree over those that it extends, in their order.
pub(crate) fn merge(inherited: &Inherited, own: &Node, findings: &mut Findings) -> Merged {
    let mut merger = Merger {
        findings,
        whole: inherited.whole,
        dropped: Dropped::new(),
    };
    let mut entries = Vec::new();
    for layer in inherited.files.iter().filter_map(|file| file.tree()) {
        entries = merger.laid_over(&entries, layer);
        entries.retain(|entry| !OWN.contains(&entry.key.value.as_str()));
    }
    let entries = merger.laid_over(&entries, own);
    Merged {
        whole: inherited.whole,
        tree: Node {
            place: own.place.clone(),
            kind: NodeKind::Map(entries.into()),
        },
        dropped: merger.dropped,
    }
}

/// Reports keys of one map that stand there in two forms.
pub(crate) fn check_forms(entries: &[Entry], findings: &mut Findings) {
    forms(entries, findings);
}

/// The entries by their keys without marks; of two forms the first counts.
fn forms<'n>(
    entries: &'n [Entry],
    findings: &mut Findings,
) -> BTreeMap<&'n str, (&'n Entry, Option<char>)> {
    let mut all: BTreeMap<&str, (&Entry, Option<char>)> = BTreeMap::new();
    for entry in entries {
        let (name, mark) = split_mark(&entry.key.value);
        let Some((first, _)) = all.get(name) else {
            all.insert(name, (entry, mark));
            continue;
        };
        let message = format!(
            "`{}` and `{}` are two forms of one key",
            first.key.value, entry.key.value
        );
        findings.push(
            Finding::error(&entry.key.place, message)
                .with_help(format!(
                    "write one of them: `{name}` replaces, `{name}+` adds, `{name}-` removes"
                ))
                .with_related(&first.key.place, "first here"),
        );
    }
    all
}

struct Merger<'f> {
    findings: &'f mut Findings,
    whole: bool,
    dropped: Dropped,
}

impl Merger<'_> {
    /// The recipe's keys of a layer over those of the layers below it.
    fn laid_over(&mut self, below: &[Entry], layer: &Node) -> Vec<Entry> {
        let NodeKind::Map(own) = &layer.kind else {
            return below.to_vec();
        };
        let merged = self.entries(below, own, true);
        for name in NAMES {
            let of = |entries: &[Entry]| find(entries, name).cloned();
            if let (Some(before), Some(after)) = (of(below), of(&merged)) {
                self.note_dropped(&before, &after, own);
            }
        }
        merged
    }

    fn note_dropped(&mut self, before: &Entry, after: &Entry, own: &[Entry]) {
        let written = |entry: &&Entry| split_mark(&entry.key.value).0 == before.key.value;
        let (NodeKind::Map(names), Some(by)) = (&before.value.kind, own.iter().find(written))
        else {
            return;
        };
        for name in names {
            if after.value.get(&name.key.value).is_none() {
                self.dropped.insert(name.key.value.clone(), by.key.clone());
            }
        }
    }

    /// The entries of a map over inherited ones: these keep their order, new ones come behind them.
    fn entries(&mut self, below: &[Entry], own: &[Entry], of_recipe: bool) -> Vec<Entry> {
        let mut changes = forms(own, self.findings);
        let mut all = Vec::with_capacity(below.len() + own.len());
        for old in below {
            match changes.remove(old.key.value.as_str()) {
                None => all.push(old.clone()),
                Some((new, None)) => all.push(new.clone()),
                Some((new, Some(mark))) => all.push(self.marked(old, new, mark)),
            }
        }
        for entry in own {
            match changes.remove(split_mark(&entry.key.value).0) {
                Some((_, None)) => all.push(entry.clone()),
                Some((_, Some(mark))) => {
                    if let Some(unknown) = unknown_key(&entry.key).filter(|_| of_recipe) {
                        self.findings.push(unknown);
                        continue;
                    }
                    if self.whole {
                        self.findings.push(not_inherited(entry, mark, below));
                    }
                    if mark == '+' {
                        // As if it were not marked, so that its value is looked at.
                        all.push(under(entry, entry.value.clone()));
                    }
                }
                None => {}
            }
        }
        all
    }

    /// An inherited entry, changed by a marked one. What cannot be changed is left as it was.
    fn marked(&mut self, old: &Entry, new: &Entry, mark: char) -> Entry {
        let kind = match (&old.value.kind, &new.value.kind) {
            _ if is_conditional(&old.value) => Err((
                "a conditional value",
                "write the whole value, or inherit a list or map with the conditions inside",
            )),
            _ if is_conditional(&new.value) => Err((
                "what is inherited only under a condition",
                "put the conditions inside: on the items of a list, or on the values of a map",
            )),
            (NodeKind::Map(below), NodeKind::Map(own)) if mark == '+' => {
                Ok(NodeKind::Map(self.entries(below, own, false).into()))
            }
            (NodeKind::Map(_), NodeKind::Map(_)) => {
                Err(("a map", "list the names of its entries: [a, b]"))
            }
            (NodeKind::Map(_), _) if mark == '+' => {
                Err(("a map", "write the entries to set: {name: value}"))
            }
            (NodeKind::Map(below), _) => {
                Ok(NodeKind::Map(self.without_names(below, old, new).into()))
            }
            (_, own) => match (items_of(old), own) {
                (None, _) => Err((
                    "a single value",
                    "write the key without the mark, which replaces what is inherited",
                )),
                (_, NodeKind::Map(_)) => Err(("a list", "write the items as a list: [a, b]")),
                (Some(below), _) if mark == '+' => {
                    let own = listed(&new.value);
                    Ok(NodeKind::List(below.iter().chain(own).cloned().collect()))
                }
                (Some(below), _) => Ok(NodeKind::List(self.without_items(below, old, new).into())),
            },
        };
        match kind {
            Ok(kind) => {
                let place = new.value.place.clone();
                under(new, Node { place, kind })
            }
            Err((what, help)) => {
                let message = format!("`{}` {} {what}", new.key.value, does(mark));
                self.findings.push(
                    Finding::error(&new.key.place, message)
                        .with_help(help)
                        .with_related(&old.key.place, "inherited from here"),
                );
                old.clone()
            }
        }
    }

    fn without_items(&mut self, below: &[Node], old: &Entry, new: &Entry) -> Vec<Node> {
        let own: Vec<(String, &Node)> = listed(&new.value)
            .iter()
            .map(|item| (value_of(item), item))
            .collect();
        let values: Vec<String> = below.iter().map(value_of).collect();
        let there: BTreeSet<&String> = values.iter().collect();
        for (value, item) in &own {
            if !there.contains(value) {
                let known = below.iter().filter_map(scalar_text);
                let help = "what is removed is written as it is inherited, conditions included";
                self.not_there(item, known, old, help);
            }
        }
        let gone: BTreeSet<&String> = own.iter().map(|(value, _)| value).collect();
        let all = below.iter().zip(&values);
        all.filter(|(_, value)| !gone.contains(value))
            .map(|(item, _)| item.clone())
            .collect()
    }

    fn without_names(&mut self, below: &[Entry], old: &Entry, new: &Entry) -> Vec<Entry> {
        let own = listed(&new.value);
        let names: BTreeSet<&str> = own.iter().filter_map(scalar_text).collect();
        for name in own {
            if scalar_text(name).is_none_or(|name| find(below, name).is_none()) {
                let known = below.iter().map(|entry| entry.key.value.as_str());
                self.not_there(name, known, old, "what is removed are names of its entries");
            }
        }
        let stays = |entry: &&Entry| !names.contains(entry.key.value.as_str());
        below.iter().filter(stays).cloned().collect()
    }

    fn not_there<'k>(
        &mut self,
        item: &Node,
        known: impl Iterator<Item = &'k str>,
        old: &Entry,
        help: &str,
    ) {
        if !self.whole {
            return;
        }
        let key = &old.key.value;
        let message = match scalar_text(item) {
            Some(_) if self.findings.is_full(&item.place) => "this is not inherited".to_owned(),
            Some(text) => match nearest(text, known) {
                Some(near) => {
                    format!("`{text}` is not in the inherited `{key}`; did you mean `{near}`?")
                }
                None => format!("`{text}` is not in the inherited `{key}`"),
            },
            None => format!("this item is not in the inherited `{key}`"),
        };
        self.findings.push(
            Finding::error(&item.place, message)
                .with_help(help)
                .with_related(&old.key.place, "inherited from here"),
        );
    }
}

/// A value under a marked key without its mark.
fn under(marked: &Entry, value: Node) -> Entry {
    let (name, _) = split_mark(&marked.key.value);
    Entry {
        key: Spanned::new(name.to_owned(), marked.key.place.clone()),
        value,
    }
}

fn not_inherited(entry: &Entry, mark: char, below: &[Entry]) -> Finding {
    let (name, _) = split_mark(&entry.key.value);
    let known = below.iter().map(|entry| entry.key.value.as_str());
    let does = does(mark);
    let message = format!("`{name}{mark}` {does} an inherited `{name}`, and none is inherited");
    let message = match nearest(name, known) {
        Some(near) => format!("{message}; did you mean `{near}{mark}`?"),
        None => message,
    };
    let help = if OWN.contains(&name) {
        format!("`{name}` is each file's own")
    } else if mark == '+' {
        format!("write `{name}`, or extend a file that has it")
    } else {
        "leave it out, or extend a file that has it".to_owned()
    };
    Finding::error(&entry.key.place, message).with_help(help)
}

/// What a mark does, in words for messages.
fn does(mark: char) -> &'static str {
    if mark == '+' {
        "adds to"
    } else {
        "removes from"
    }
}

fn find<'n>(entries: &'n [Entry], name: &str) -> Option<&'n Entry> {
    entries.iter().find(|entry| entry.key.value == name)
}

/// The items of an inherited list. A string is one where a list may stand as well: under keys that take
/// either, and where its whole is an expression, which may yield a list.
fn items_of(old: &Entry) -> Option<&[Node]> {
    let key = old.key.value.as_str();
    let is_list = |text: &str| {
        TEXT_OR_LIST.contains(&key) || expr::split(text).is_ok_and(|text| text.sole().is_some())
    };
    match &old.value.kind {
        NodeKind::List(items) => Some(items),
        NodeKind::Scalar(scalar) if is_list(&scalar.text) => Some(std::slice::from_ref(&old.value)),
        _ => None,
    }
}

/// The items that are added or removed: a list, or a string in its place.
fn listed(new: &Node) -> &[Node] {
    match &new.kind {
        NodeKind::List(items) => items,
        _ => std::slice::from_ref(new),
    }
}

/// A value in words that are the same wherever it stands, in whichever quotes and order of keys.
fn value_of(node: &Node) -> String {
    match &node.kind {
        NodeKind::Scalar(scalar) => format!("{} {:?}", node.describe(), scalar.text),
        NodeKind::List(items) => {
            let items: Vec<String> = items.iter().map(value_of).collect();
            format!("[{}]", items.join(", "))
        }
        NodeKind::Map(entries) => {
            let entry =
                |entry: &Entry| format!("{:?}: {}", entry.key.value, value_of(&entry.value));
            let entries: BTreeSet<String> = entries.iter().map(entry).collect();
            let entries: Vec<String> = entries.into_iter().collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}
