//! Reads typed values out of a tree that still has conditions and expressions in it.
//!
//! One set of parsing functions serves two passes. The *check* pass reads a recipe without values: it
//! walks every branch of every condition, so that a mistake in a branch that no variant takes is
//! found as well, and lets a text with an expression in it stand for any text. The *expand* pass has a
//! [`Scope`]: it takes the one branch that holds and yields what the [`Image`](crate::recipe::Image) keeps.

use std::ops::Range;

use super::uses::MAX_USES;
use crate::diagnostic::{Finding, Findings};
use crate::kernel::Releases;
use crate::recipe::budget::MAX_DEPTH;
use crate::recipe::expr::Value;
use crate::recipe::library::Library;
use crate::recipe::memo::{Kept, Memo, Memos};
use crate::recipe::scope::{Names, Scope};
use crate::text::{Place, Spanned};
use crate::yaml::{Node, NodeKind};

/// The message for what is nested beyond [`MAX_DEPTH`].
const TOO_DEEP: &str = "conditions, vars and snippets are nested too deeply here";

/// Whether values are known.
#[derive(Clone, Copy)]
pub(crate) enum Pass<'a> {
    /// No values: every branch is read.
    Check(&'a Names),
    /// One variant on one platform.
    Expand(&'a Scope<'a>, &'a Names),
}

/// Reads values and collects what is wrong with them.
pub(crate) struct Reader<'a> {
    pub(crate) findings: &'a mut Findings,
    pub(crate) pass: Pass<'a>,
    /// Where snippets are found; nowhere while a head is read, which has no steps.
    pub(crate) library: Option<&'a Library>,
    /// The snippets that are being read, the outermost first, and where each is used.
    pub(crate) trail: Vec<Spanned<String>>,
    /// The snippets that have been used.
    pub(crate) uses: Vec<Spanned<String>>,
    /// The releases of Backend.AI that the recipe's kernel is for, where it names some.
    pub(super) releases: Option<Releases>,
    /// How deep in conditions, vars and snippets this is.
    pub(super) depth: usize,
    /// How deep it has been.
    pub(super) deepest: usize,
}

/// A text whose expressions have been replaced.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) value: String,
    pub(crate) place: Place,
    /// Set in the check pass when the text has expressions: its value is unknown.
    pub(crate) opaque: bool,
}

impl Text {
    pub(crate) fn spanned(self) -> Spanned<String> {
        Spanned::new(self.value, self.place)
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn new(findings: &'a mut Findings, pass: Pass<'a>) -> Self {
        Self {
            findings,
            pass,
            releases: None,
            depth: 0,
            deepest: 0,
            library: None,
            trail: Vec::new(),
            uses: Vec::new(),
        }
    }

    /// The same with snippets.
    pub(crate) fn in_library(self, library: &'a Library) -> Self {
        Self {
            library: Some(library),
            ..self
        }
    }

    /// Takes units of the recipe's budget; false where it is used up, which is reported once.
    pub(crate) fn charge(&mut self, place: &Place, units: usize) -> bool {
        let budget = self.names().budget();
        let fits = budget.take(units);
        if !fits && let Some(message) = budget.complaint() {
            let help = "make fewer variants or shorter lists, or several recipes of it";
            self.findings
                .push(Finding::error(place, message).with_help(help));
        }
        fits
    }

    /// Reads something that may lie inside of itself, `levels` deeper; nothing where that is too deep.
    pub(super) fn deeper<T>(
        &mut self,
        place: &Place,
        levels: usize,
        read: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        if self.depth + levels > MAX_DEPTH {
            self.error(place, TOO_DEEP);
            return None;
        }
        self.depth += levels;
        self.deepest = self.deepest.max(self.depth);
        let value = read(self);
        self.depth -= levels;
        Some(value)
    }

    /// Reads something, and says how many levels deeper than here it went.
    pub(super) fn measured<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> (T, usize) {
        let before = std::mem::replace(&mut self.deepest, self.depth);
        let value = read(self);
        let height = self.deepest.saturating_sub(self.depth);
        self.deepest = self.deepest.max(before);
        (value, height)
    }

    /// Reads a part of the recipe, or takes it as it was read before, where nothing that it depends on is
    /// different. `before` are names asked for earlier on which it depends as well.
    pub(super) fn remembered<T: Clone>(
        &mut self,
        node: &Node,
        before: &Range<usize>,
        memo: fn(&Memos) -> &Memo<T>,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let Pass::Expand(scope, names) = self.pass else {
            return read(self);
        };
        let memo = memo(names.memos());
        if let Some(kept) = memo.find(node, scope)
            && self.may_take(&kept)
            && self.charge(&node.place, kept.units)
        {
            let needs = kept.needs.into_iter().map(|(name, _)| name);
            scope.asked.borrow_mut().extend(needs);
            self.deepest = self.deepest.max(self.depth + kept.height);
            self.uses.extend(kept.uses);
            return kept.value;
        }
        let (mark, found, used) = (scope.mark(), self.findings.len(), self.uses.len());
        let taken = names.budget().taken();
        let (value, height) = self.measured(read);
        if self.findings.len() == found && !names.budget().is_spent() {
            let mut needs = scope.asked_in(before.clone());
            needs.extend(scope.asked_in(mark..scope.mark()));
            let needs = needs.into_iter().map(|name| {
                let value = scope.glance(&name);
                (name, value)
            });
            let kept = Kept {
                needs: needs.collect(),
                units: names.budget().taken() - taken,
                height,
                uses: self.uses.get(used..).unwrap_or_default().to_vec(),
                value: value.clone(),
            };
            memo.keep(node, kept);
        }
        value
    }

    /// Whether reading a part again would find no more wrong with it than at the first time: whether it is too
    /// deep, is used too often or goes in a circle depends on where it is read.
    fn may_take<T>(&self, kept: &Kept<T>) -> bool {
        let uses = kept.uses.is_empty()
            || (self.trail.is_empty() && self.uses.len() + kept.uses.len() <= MAX_USES);
        uses && self.depth + kept.height <= MAX_DEPTH
    }

    pub(crate) fn error(&mut self, place: &Place, message: impl Into<String>) {
        self.findings.error(place, message);
    }

    pub(crate) fn wrong_kind(&mut self, node: &Node, wanted: &str) {
        let message = format!("{wanted} should stand here, not {}", node.describe());
        self.findings.error_of("wrong-type", &node.place, message);
    }

    /// Reports a node of a kind that `rule`, such as `` `axes` is a map ``, does not allow.
    pub(crate) fn not_as(&mut self, node: &Node, rule: &str) {
        let message = format!("{rule}, not {}", node.describe());
        self.findings.error_of("wrong-type", &node.place, message);
    }

    /// Which platform a message is about, if it is about one.
    pub(crate) fn about(&self) -> String {
        match self.pass {
            Pass::Check(_) => String::new(),
            Pass::Expand(scope, _) => scope.about(),
        }
    }

    /// The same for a list that came out empty; one that is written empty is so on every platform.
    pub(crate) fn about_empty(&self, list: &Node) -> String {
        match &list.kind {
            NodeKind::List(items) if items.is_empty() => String::new(),
            _ => self.about(),
        }
    }

    pub(super) fn names(&self) -> &'a Names {
        match self.pass {
            Pass::Check(names) | Pass::Expand(_, names) => names,
        }
    }

    /// The nodes that may stand in a place: the one that holds, or in the check pass all of them.
    pub(crate) fn branches<'n>(&mut self, node: &'n Node) -> Vec<&'n Node> {
        if !self.charge(&node.place, 1) {
            return Vec::new();
        }
        if is_conditional(node) {
            let read = |reader: &mut Self| match node.get("match") {
                Some(subject) => reader.match_branches(node, subject),
                None => reader.if_branches(node),
            };
            return self.deeper(&node.place, 1, read).unwrap_or_default();
        }
        if let Some((has, lacks)) = half_conditional(node) {
            let message = format!("a conditional value with `{has}` needs `{lacks}`");
            self.findings.error_of("condition", &node.place, message);
            return Vec::new();
        }
        vec![node]
    }

    fn if_branches<'n>(&mut self, node: &'n Node) -> Vec<&'n Node> {
        self.only_keys(node, &["if", "then", "else"]);
        let holds = node
            .get("if")
            .and_then(|condition| self.condition(condition));
        let (then, otherwise) = (node.get("then"), node.get("else"));
        let chosen: Vec<&'n Node> = match (self.pass, holds) {
            (Pass::Check(_), _) => then.into_iter().chain(otherwise).collect(),
            (_, Some(true)) => then.into_iter().collect(),
            (_, Some(false)) => otherwise.into_iter().collect(),
            (_, None) => return Vec::new(),
        };
        self.inner_branches(chosen)
    }

    fn match_branches<'n>(&mut self, node: &'n Node, subject: &Node) -> Vec<&'n Node> {
        self.only_keys(node, &["match", "cases", "else"]);
        let value = self.expression(subject);
        let Some(NodeKind::Map(cases)) = node.get("cases").map(|cases| &cases.kind) else {
            let message = "`match` needs `cases`, a map from values to results";
            self.findings.error_of("condition", &node.place, message);
            return Vec::new();
        };
        let otherwise = node.get("else");
        self.charge(&node.place, cases.len() / 8);
        let chosen: Vec<&'n Node> = match (self.pass, value) {
            (Pass::Check(_), _) => cases
                .iter()
                .map(|case| &case.value)
                .chain(otherwise)
                .collect(),
            (Pass::Expand(scope, _), Some(Value::Text(value))) => {
                let case = cases.iter().find(|case| case.key.value == value);
                if let Some(chosen) = case.map(|case| &case.value).or(otherwise) {
                    vec![chosen]
                } else {
                    let words = scalar_text(subject).unwrap_or_default();
                    let about = scope.about();
                    let message = format!("`match: {words}` has no case for {value}{about}");
                    let help = "add the case, or an `else` for all values not listed";
                    let finding = Finding::error(&subject.place, message).with_help(help);
                    self.findings.push(finding.with_rule("condition"));
                    return Vec::new();
                }
            }
            (_, Some(other)) => {
                let message = format!("`match` compares text, and this is {}", other.describe());
                self.error(&subject.place, message);
                return Vec::new();
            }
            (_, None) => return Vec::new(),
        };
        self.inner_branches(chosen)
    }

    /// A branch may be conditional itself, or `null`, which yields nothing.
    fn inner_branches<'n>(&mut self, chosen: Vec<&'n Node>) -> Vec<&'n Node> {
        let mut all = Vec::new();
        for node in chosen {
            if !node.is_null() {
                all.extend(self.branches(node));
            }
        }
        all
    }

    fn only_keys(&mut self, node: &Node, known: &[&str]) {
        let NodeKind::Map(entries) = &node.kind else {
            return;
        };
        for entry in entries {
            if !known.contains(&entry.key.value.as_str()) {
                let message = format!(
                    "`{}` does not belong to a conditional value, which has {}",
                    entry.key.value,
                    known
                        .iter()
                        .map(|key| format!("`{key}`"))
                        .collect::<Vec<_>>()
                        .join(", ")
                );
                self.findings
                    .error_of("condition", &entry.key.place, message);
            }
        }
    }

    /// Reads whatever branch stands in a place; of several the first that can be read.
    pub(crate) fn one<'n, T>(
        &mut self,
        node: &'n Node,
        mut read: impl FnMut(&mut Self, &'n Node) -> Option<T>,
    ) -> Option<T> {
        let mut first = None;
        for branch in self.branches(node) {
            let value = read(self, branch);
            first = first.or(value);
        }
        first
    }
}

/// A map with `if` and `then`, or `match` and `cases`, is always a conditional value. A step has `if`
/// too, but no `then`.
pub(crate) fn is_conditional(node: &Node) -> bool {
    (node.get("if").is_some() && node.get("then").is_some())
        || (node.get("match").is_some() && node.get("cases").is_some())
}

/// A map of nothing but a conditional value's keys that lacks one: what it has, and what it lacks.
fn half_conditional(node: &Node) -> Option<(&'static str, &'static str)> {
    let NodeKind::Map(entries) = &node.kind else {
        return None;
    };
    let only = |keys: &[&str]| entries.iter().all(|e| keys.contains(&e.key.value.as_str()));
    if node.get("if").is_some() && only(&["if", "else"]) {
        return Some(("if", "then"));
    }
    (node.get("match").is_some() && only(&["match", "else"])).then_some(("match", "cases"))
}

/// The text of a scalar.
pub(crate) fn scalar_text(node: &Node) -> Option<&str> {
    match &node.kind {
        NodeKind::Scalar(scalar) => Some(&scalar.text),
        _ => None,
    }
}
