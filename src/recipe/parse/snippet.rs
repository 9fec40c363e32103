//! A snippet's file: its inputs, its vars, and the check of its steps by themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fields::{Fields, Keys};
use super::head::{check_name_of, vars, version};
use super::reader::{Pass, Reader};
use super::steps::steps;
use super::uses::fitting;
use crate::diagnostic::{Finding, Findings, nearest};
use crate::recipe::library::Library;
use crate::recipe::scope::Names;
use crate::recipe::snippet::{Input, InputKind, Snippet};
use crate::text::Spanned;
use crate::yaml::{Node, NodeKind};

const SNIPPET: Keys = Keys {
    of: "a snippet",
    known: &["kiln", "description", "inputs", "vars", "steps"],
    later: &[],
};
const INPUT: Keys = Keys {
    of: "an input",
    known: &["type", "default", "description"],
    later: &[],
};

/// Reads everything of a snippet but its steps; nothing comes back where it is no map.
pub(crate) fn snippet(tree: &Node) -> Option<Snippet> {
    let mut findings = Findings::new();
    let nothing = Names::default();
    let mut reader = Reader::new(&mut findings, Pass::Check(&nothing));
    let fields = Fields::as_written(&mut reader, tree, SNIPPET)?;
    version(&mut reader, tree.get("kiln"));
    if let Some(node) = fields.get("description") {
        reader.text(node);
    }
    let inputs = inputs(&mut reader, &fields);
    let vars = vars(&mut reader, &fields);
    for (name, (place, _)) in &vars {
        check_name_of(&mut reader, name, &place.place);
        if let Some(input) = inputs.get(name) {
            let message = format!("`{name}` is an input and a var");
            let finding = Finding::error(&place.place, message);
            reader
                .findings
                .push(finding.with_related(&input.place, "the input"));
        }
    }
    let steps = fields.require(&mut reader, "steps").cloned();
    Some(Snippet {
        own: Arc::new(inputs.keys().chain(vars.keys()).cloned().collect()),
        inputs,
        vars,
        steps,
        findings,
    })
}

/// Reads a snippet's vars and steps without values, for their mistakes; yields the snippets that it uses.
pub(crate) fn check_snippet(
    library: &Library,
    snippet: &Snippet,
    findings: &mut Findings,
) -> Vec<Spanned<String>> {
    let names = Names::of_snippet(snippet);
    let mut reader = Reader::new(findings, Pass::Check(&names)).in_library(library);
    for (_, node) in snippet.vars.values() {
        reader.value(node);
    }
    if let Some(node) = &snippet.steps {
        steps(&mut reader, node);
    }
    reader.uses
}

fn inputs(reader: &mut Reader<'_>, fields: &Fields<'_>) -> BTreeMap<String, Input> {
    let mut all = BTreeMap::new();
    let Some(node) = fields.get("inputs") else {
        return all;
    };
    let NodeKind::Map(entries) = &node.kind else {
        reader.not_as(node, "`inputs` is a map from names to `{type: …}`");
        return all;
    };
    for entry in entries {
        let name = &entry.key;
        check_name_of(reader, &name.value, &name.place);
        if let Some(input) = input(reader, name, &entry.value) {
            all.insert(name.value.clone(), input);
        }
    }
    all
}

fn input(reader: &mut Reader<'_>, name: &Spanned<String>, node: &Node) -> Option<Input> {
    let fields = Fields::as_written(reader, node, INPUT)?;
    if let Some(node) = fields.get("description") {
        reader.text(node);
    }
    let word = fields.require(reader, "type");
    let word = word.and_then(|node| reader.text(node));
    let kind = word.and_then(|word| reader.convert(word, kind))?.value;
    let input = Input {
        place: name.place.clone(),
        kind,
        default: fields.get("default").cloned(),
    };
    if let Some(node) = &input.default {
        let always_there = Names::always_there();
        let mut reader = Reader::new(reader.findings, Pass::Check(&always_there));
        fitting(&mut reader, &name.value, &input, node);
    }
    Some(input)
}

fn kind(text: &str) -> Result<InputKind, String> {
    let found = InputKind::WORDS.iter().find(|(word, _)| *word == text);
    found.map(|(_, kind)| *kind).ok_or_else(|| {
        let words = InputKind::WORDS.map(|(word, _)| word);
        match nearest(text, words) {
            Some(near) => format!("`{text}` is no type; did you mean `{near}`?"),
            None => format!("`{text}` is no type; write {}", words.join(", ")),
        }
    })
}
