//! `unreachable-condition`: a condition that always comes out the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Finding, Level, nearest};
use crate::lint::names::{conditions, domains};
use crate::lint::rule::{CORRECTNESS, Check, Example, Rule};
use crate::lint::tree::{TextView, entries};
use crate::lint::view::{RecipeView, Report};
use crate::recipe::expr::{CompareOp, Expr, ExprKind};
use crate::yaml::Node;

pub(in crate::lint) static RULE: Rule = Rule {
    id: "unreachable-condition",
    group: CORRECTNESS,
    level: Some(Level::Warning),
    fixed: false,
    summary: "a condition or case that no variant and no platform reaches",
    why: "A misspelt value, or one that was taken out of `axes`, makes the branch dead: what stands in it is never built, and \
          nobody is told. Only axes, columns and the platform's names are looked at; conditions of a fragment are not, \
          since other recipes may need them.",
    bad: Example(&[(
        Example::PATH,
        "axes: {accel: [cuda, cpu]}\ntags: [\"${{ accel }}\"]\nuser: {if: accel == \"gpu\", then: work}\n",
    )]),
    good: Example(&[(
        Example::PATH,
        "axes: {accel: [cuda, cpu]}\ntags: [\"${{ accel }}\"]\nuser: {if: accel == \"cuda\", then: work}\n",
    )]),
    check: Check::Recipe(check),
};

type Domains = BTreeMap<String, BTreeSet<String>>;

fn check(view: &RecipeView<'_>, report: &mut Report<'_>) {
    if view.images.is_empty() {
        return;
    }
    let domains = domains(view);
    let source = view.recipe.source();
    conditions(view.tree(), &mut |map, text, expr| {
        // An exclusion without effect is an error of its own.
        if text.node.place.source.path() != source.path() || map.get("reason").is_some() {
            return;
        }
        match map.get("cases") {
            Some(cases) if map.get("match").is_some() => {
                unmatched(map, cases, &expr, &domains, report);
            }
            _ => constant(text, &expr, &domains, report),
        }
    });
}

fn constant(text: TextView<'_>, expr: &Expr, domains: &Domains, report: &mut Report<'_>) {
    let Some(value) = outcome(expr, domains) else {
        return;
    };
    let how = if value { "always holds" } else { "never holds" };
    let mut finding = Finding::error(&text.node.place, format!("this condition {how}"));
    if let Some(help) = explained(expr, domains) {
        finding = finding.with_help(help);
    }
    report.push(finding);
}

/// What an expression comes to for all values of its names, if it is the same for all.
fn outcome(expr: &Expr, domains: &Domains) -> Option<bool> {
    match &expr.kind {
        ExprKind::Not(inner) => outcome(inner, domains).map(|value| !value),
        ExprKind::And(left, right) => match (outcome(left, domains), outcome(right, domains)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        },
        ExprKind::Or(left, right) => match (outcome(left, domains), outcome(right, domains)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
        ExprKind::Compare(op, left, right) => compared(*op, left, right, domains),
        _ => None,
    }
}

fn compared(op: CompareOp, left: &Expr, right: &Expr, domains: &Domains) -> Option<bool> {
    let values = named(left, domains)?;
    // A recipe for one platform may well keep what it has for others.
    if values.len() == 1 && matches!(&left.kind, ExprKind::Name(name) if is_of_platform(name)) {
        return None;
    }
    let wanted: Vec<&str> = match (&right.kind, op) {
        (ExprKind::Text(text), CompareOp::Equal | CompareOp::NotEqual) => vec![text],
        (ExprKind::List(items), CompareOp::In) => {
            let texts = items.iter().map(|item| match &item.kind {
                ExprKind::Text(text) => Some(text.as_str()),
                _ => None,
            });
            texts.collect::<Option<_>>()?
        }
        _ => return None,
    };
    let is = |value: &String| wanted.contains(&value.as_str());
    let all = match (values.iter().any(is), values.iter().all(is)) {
        (false, _) => false,
        (true, true) => true,
        _ => return None,
    };
    // With one value only, a recipe says what it is made for: `arch == "amd64"` documents itself.
    if all && values.len() == 1 {
        return None;
    }
    Some(all == (op != CompareOp::NotEqual))
}

fn is_of_platform(name: &str) -> bool {
    matches!(name, "arch" | "platform" | "os")
}

fn named<'d>(expr: &Expr, domains: &'d Domains) -> Option<&'d BTreeSet<String>> {
    match &expr.kind {
        ExprKind::Name(name) => domains.get(name),
        _ => None,
    }
}

/// The values of the first name of an expression that can be none of what it is compared with.
fn explained(expr: &Expr, domains: &Domains) -> Option<String> {
    match &expr.kind {
        ExprKind::Compare(_, left, _) => {
            let ExprKind::Name(name) = &left.kind else {
                return None;
            };
            Some(format!("`{name}` is {}", listed(domains.get(name)?)))
        }
        ExprKind::Not(inner) => explained(inner, domains),
        ExprKind::And(left, right) | ExprKind::Or(left, right) => {
            let dead = [left, right]
                .into_iter()
                .find(|side| outcome(side, domains).is_some());
            explained(dead?, domains)
        }
        _ => None,
    }
}

fn listed(values: &BTreeSet<String>) -> String {
    let shown: Vec<String> = values
        .iter()
        .take(6)
        .map(|value| format!("`{value}`"))
        .collect();
    let more = if values.len() > shown.len() {
        ", …"
    } else {
        ""
    };
    format!("{}{more}", shown.join(" or "))
}

fn unmatched(map: &Node, cases: &Node, expr: &Expr, domains: &Domains, report: &mut Report<'_>) {
    let (ExprKind::Name(name), Some(values)) = (&expr.kind, named(expr, domains)) else {
        return;
    };
    let keys = || entries(cases).iter().map(|entry| &entry.key);
    for key in keys().filter(|key| !values.contains(&key.value)) {
        // A recipe for one platform may well keep the other's case.
        if is_of_platform(name) {
            continue;
        }
        let near = nearest(&key.value, values.iter().map(String::as_str));
        let message = match near {
            Some(near) => format!("`{name}` is never `{}`; did you mean `{near}`?", key.value),
            None => format!("`{name}` is never `{}`", key.value),
        };
        let help = format!("`{name}` is {}", listed(values));
        report.push(Finding::error(&key.place, message).with_help(help));
    }
    let covered = values
        .iter()
        .all(|value| keys().any(|key| &key.value == value));
    if let Some(otherwise) = map.get("else").filter(|node| covered && !node.is_null()) {
        let message = format!("no value of `{name}` is left for this `else`");
        report.at(&otherwise.place, message);
    }
}
