//! SARIF 2.1.0, as code scanning services read it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::end;
use super::print::fingerprints;
use crate::diagnostic::{KINDS, Level, Safety};
use crate::ops::lint::{CHECKS, LintReport, RULES, Reported, explain, image_check};
use crate::text::Place;

/// The page of rules, where the package says where it is kept.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// The whole log.
pub(in crate::cli) fn report(report: &LintReport) -> String {
    let rules = rules(report);
    let prints = fingerprints(&report.findings);
    let results: Vec<Value> = report
        .findings
        .iter()
        .zip(prints)
        .map(|(one, print)| result(one, &print, &rules))
        .collect();
    let driver = json!({
        "name": "kiln",
        "version": env!("CARGO_PKG_VERSION"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": rules.iter().map(|id| rule(id)).collect::<Vec<Value>>(),
    });
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": driver},
            "automationDetails": {"id": "kiln/lint/"},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{document:#}")
}

/// The rules a log speaks of: all lint rules, and the kinds of mistakes and checks of images that it has. An alert that is gone must
/// find its rule still there.
fn rules(report: &LintReport) -> Vec<&'static str> {
    let used: BTreeSet<&str> = report.findings.iter().map(|one| one.finding.rule).collect();
    let kinds = KINDS.iter().map(|kind| kind.id);
    let checks = CHECKS.iter().map(|check| check.id);
    let more = kinds.chain(checks).filter(|id| used.contains(id));
    let mut all: Vec<&str> = RULES.iter().map(|rule| rule.id).chain(more).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn rule(id: &str) -> Value {
    let rule = RULES.iter().find(|rule| rule.id == id);
    let kind = KINDS.iter().find(|kind| kind.id == id);
    let check = image_check(id);
    let (summary, why, group, level) = match (rule, kind, check) {
        (Some(rule), ..) => (rule.summary, rule.why, rule.group.name, rule.level),
        (None, Some(kind), _) => (kind.summary, kind.why, "mistakes", Some(Level::Error)),
        (None, None, Some(check)) => (check.summary, check.why, "image", Some(check.level)),
        (None, None, None) => (id, id, "mistakes", Some(Level::Error)),
    };
    let mut value = json!({
        "id": id,
        "shortDescription": {"text": summary},
        "fullDescription": {"text": why},
        "help": {"text": explain(id).unwrap_or_else(|| why.to_owned())},
        "defaultConfiguration": {
            "enabled": level.is_some(),
            "level": level.unwrap_or(Level::Warning).as_str(),
        },
        "properties": {"tags": [group]},
    });
    let page = match rule {
        None if check.is_some() => "verify.md".to_owned(),
        _ => format!("lint.md#{id}"),
    };
    if let Some(address) = help_uri(REPOSITORY, &page) {
        value["helpUri"] = json!(address);
    }
    value
}

/// Where the page on a rule is, if the repository's address is known.
fn help_uri(repository: &str, page: &str) -> Option<String> {
    let version = env!("CARGO_PKG_VERSION");
    (!repository.is_empty()).then(|| format!("{repository}/blob/v{version}/docs/{page}"))
}

fn result(one: &Reported, print: &str, rules: &[&str]) -> Value {
    let finding = &one.finding;
    let mut text = finding.message.clone();
    if let Some(help) = &finding.help {
        text = format!("{text}\n{help}");
    }
    let mut value = Map::new();
    value.insert("ruleId".into(), json!(finding.rule));
    if let Some(index) = rules.iter().position(|id| *id == finding.rule) {
        value.insert("ruleIndex".into(), json!(index));
    }
    value.insert("level".into(), json!(finding.level.as_str()));
    value.insert("message".into(), json!({"text": text}));
    value.insert("locations".into(), json!([location(one, &finding.place)]));
    value.insert(
        "partialFingerprints".into(),
        json!({"kilnFinding/v1": print}),
    );
    if !finding.related.is_empty() {
        let related: Vec<Value> = finding
            .related
            .iter()
            .enumerate()
            .map(|(id, (place, words))| {
                let mut value = location(one, place);
                value["id"] = json!(id);
                value["message"] = json!({"text": words});
                value
            })
            .collect();
        value.insert("relatedLocations".into(), json!(related));
    }
    if finding.fix.is_some() {
        value.insert("fixes".into(), json!(fixes(one)));
    }
    Value::Object(value)
}

fn location(one: &Reported, place: &Place) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": {"uri": uri(&one.shown(place.source.path()))},
            "region": region(place),
        }
    })
}

fn region(place: &Place) -> Value {
    let (line, column) = place.line_column();
    let (end_line, end_column) = end(place);
    json!({
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": end_column,
    })
}

/// The one fix of a finding, its edits by file.
fn fixes(one: &Reported) -> Vec<Value> {
    let Some(fix) = &one.finding.fix else {
        return Vec::new();
    };
    let files: BTreeSet<&str> = fix
        .edits
        .iter()
        .map(|edit| edit.place.source.path())
        .collect();
    let changes: Vec<Value> = files
        .into_iter()
        .map(|file| {
            let own = fix
                .edits
                .iter()
                .filter(|edit| edit.place.source.path() == file);
            let replacements: Vec<Value> = own
                .map(|edit| {
                    json!({
                        "deletedRegion": region(&edit.place),
                        "insertedContent": {"text": edit.text},
                    })
                })
                .collect();
            json!({
                "artifactLocation": {"uri": uri(&one.shown(file))},
                "replacements": replacements,
            })
        })
        .collect();
    let how = match fix.safety {
        Safety::Safe => "",
        Safety::Suggested => " (have a look at it)",
    };
    vec![json!({
        "description": {"text": format!("{}{how}", fix.title)},
        "artifactChanges": changes,
    })]
}

/// A relative path as a URI reference.
fn uri(path: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes()
        .map(|byte| {
            if keep(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{help_uri, uri};

    #[test]
    fn a_path_is_percent_encoded_byte_by_byte() {
        assert_eq!(uri("a b/한.yaml"), "a%20b/%ED%95%9C.yaml");
        assert_eq!(uri("c:d#e%"), "c%3Ad%23e%25");
    }

    #[test]
    fn a_rule_links_to_its_heading_where_the_repository_is_known() {
        assert_eq!(help_uri("", "lint.md#latest-tag"), None);
        let address = help_uri("https://example.com/kiln", "lint.md#latest-tag").unwrap();
        assert!(address.ends_with("/docs/lint.md#latest-tag"), "{address}");
    }
}
