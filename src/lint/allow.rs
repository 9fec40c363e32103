//! `# kiln: allow RULE: reason`: a finding that somebody looked at and takes.
//!
//! The comment stands on the line of the finding, or alone on a line above it. A finding inside of a text that
//! spans lines, where `#` is no comment, is also allowed at the text's key.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::comments::{Comment, Outline, outline};
use super::levels::Levels;
use super::rule::{RULES, rule};
use super::rules::unused_allow;
use crate::diagnostic::{Finding, Findings, Fix, Kind, Level, kind, nearest};
use crate::text::{Place, SourceFile, Span, Spanned};

/// The id of what is wrong with an allow comment itself.
const INVALID: &str = "invalid-allow";

/// One comment.
#[derive(Debug)]
struct Allow {
    comment: Comment,
    rules: Vec<Spanned<String>>,
    /// The line it speaks of.
    line: usize,
}

/// The allow comments of a file.
#[derive(Debug)]
pub struct Allows {
    source: Arc<SourceFile>,
    outline: Outline,
    items: Vec<Allow>,
    invalid: Findings,
    first_line: usize,
}

impl Allows {
    /// Looks for allow comments; nothing for a file that has none, or cannot be read.
    pub fn of(source: &Arc<SourceFile>) -> Option<Self> {
        // Most files have none, and need no second look.
        if !source.text().contains("allow") || !source.text().contains("kiln:") {
            return None;
        }
        let outline = outline(source)?;
        let mut all = Self {
            source: Arc::clone(source),
            items: Vec::new(),
            invalid: Findings::new(),
            first_line: code_line(source, 1, (usize::MAX, 0)),
            outline,
        };
        // From the last one on: comments that stand below each other are about the same line, which is looked
        // for once.
        let mut below = (usize::MAX, usize::MAX);
        for comment in all.outline.comments.clone().into_iter().rev() {
            let (own, _) = source.line_column(comment.span.start);
            if comment.alone {
                let line = code_line(source, own + 1, below);
                below = (own, line);
            }
            let line = if comment.alone { below.1 } else { own };
            all.read(comment, line);
        }
        all.items.reverse();
        (!all.items.is_empty() || !all.invalid.is_empty()).then_some(all)
    }

    /// The file's path.
    pub fn path(&self) -> &str {
        self.source.path()
    }

    fn read(&mut self, comment: Comment, line: usize) {
        let text = self.source.slice(comment.span).to_owned();
        let Some(words) = allow_words(&text) else {
            return;
        };
        let start = comment.span.start + (text.len() - words.len());
        let (names, reason) = words.split_once(':').unwrap_or((words, ""));
        let mut rules = Vec::new();
        let mut at = start;
        for name in names.split(',') {
            let word = name.trim();
            let begin = at + (name.len() - name.trim_start().len());
            at += name.len() + 1;
            let span = Span {
                start: begin,
                end: begin + word.len(),
            };
            let place = Place::new(&self.source, span);
            match known(word) {
                Ok(()) => rules.push(Spanned::new(word.to_owned(), place)),
                Err(message) => self.invalid.error_of(INVALID, &place, message),
            }
        }
        if reason.trim().is_empty() {
            let place = Place::new(&self.source, comment.span);
            let finding = Finding::error(&place, "an allow comment says why").with_rule(INVALID);
            let help = "write `# kiln: allow RULE: reason`";
            self.invalid.push(finding.with_help(help));
            return;
        }
        self.items.push(Allow {
            comment,
            rules,
            line,
        });
    }

    /// The allow and rule that take a finding back.
    fn takes(&self, finding: &Finding) -> Option<(usize, usize)> {
        let span = finding.place.span;
        let own = if span == Span::default() {
            self.first_line
        } else {
            finding.place.line_column().0
        };
        let inside =
            |block: &&(Span, usize)| block.0.start <= span.start && span.start < block.0.end;
        let header = self.outline.blocks.iter().find(inside).map(|block| block.1);
        self.items.iter().enumerate().find_map(|(index, allow)| {
            let here = allow.line == own || Some(allow.line) == header;
            // An error of this kind keeps the recipe from being built.
            let may = finding.level > Level::Error || kind(finding.rule).is_none();
            let named = |rule: &Spanned<String>| may && rule.value == finding.rule;
            let rule = allow.rules.iter().position(named).filter(|_| here)?;
            Some((index, rule))
        })
    }

    /// What was not needed. `used` has the pairs that [`Self::takes`] gave.
    fn unused(
        &self,
        used: &BTreeSet<(usize, usize)>,
        levels: &Levels,
        findings: &mut Vec<Finding>,
    ) {
        let Some((level, _)) = levels.of(&unused_allow::RULE) else {
            return;
        };
        for (index, allow) in self.items.iter().enumerate() {
            let idle = |number: &usize| {
                // A rule that is off here may be on elsewhere.
                let on =
                    rule(&allow.rules[*number].value).is_none_or(|rule| levels.of(rule).is_some());
                on && !used.contains(&(index, *number))
            };
            let idle: Vec<usize> = (0..allow.rules.len()).filter(idle).collect();
            let whole = idle.len() == allow.rules.len();
            for number in idle {
                let name = &allow.rules[number];
                let message = format!("nothing here is reported by `{}`", name.value);
                let mut finding =
                    Finding::error(&name.place, message).with_rule(unused_allow::RULE.id);
                finding.level = level;
                if !whole {
                    let fix = Fix::safe("take the rule out of the comment");
                    finding = finding.with_fix(fix.replacing(&self.with_comma(allow, number), ""));
                } else if number == 0 {
                    let fix = Fix::safe("remove the comment");
                    finding = finding.with_fix(fix.replacing(&self.whole(allow.comment), ""));
                }
                findings.push(finding);
            }
        }
    }

    /// A rule's name and the comma that parts it from a neighbour.
    fn with_comma(&self, allow: &Allow, number: usize) -> Place {
        let mut span = allow.rules[number].place.span;
        match allow.rules.get(number + 1) {
            Some(next) => span.end = next.place.span.start,
            None => span.start = allow.rules[number - 1].place.span.end,
        }
        Place::new(&self.source, span)
    }

    /// A comment with the blanks before it, and with its line where nothing else is on it.
    fn whole(&self, comment: Comment) -> Place {
        let text = self.source.text();
        let mut span = comment.span;
        span.start = text[..span.start].trim_end_matches([' ', '\t']).len();
        if comment.alone && text[span.end..].starts_with("\r\n") {
            span.end += 2;
        } else if comment.alone && text[span.end..].starts_with('\n') {
            span.end += 1;
        }
        Place::new(&self.source, span)
    }
}

/// What stands behind `# kiln: allow`, where a comment begins so.
fn allow_words(comment: &str) -> Option<&str> {
    let rest = comment.trim_start_matches('#').trim_start();
    let rest = rest.strip_prefix("kiln:")?.trim_start();
    let rest = rest.strip_prefix("allow")?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| rest.trim_start())
}

/// The first line from `line` on that is neither blank nor a comment. Of a comment further down it may be known
/// already: its line, and what was found for it.
fn code_line(source: &SourceFile, mut line: usize, known: (usize, usize)) -> usize {
    while let Some(text) = source.line(line) {
        if line == known.0 {
            return known.1;
        }
        let text = text.trim_start();
        if !text.is_empty() && !text.starts_with('#') {
            break;
        }
        line += 1;
    }
    line
}

/// Nothing for a rule that can be allowed, else why it cannot.
fn known(name: &str) -> Result<(), String> {
    match rule(name) {
        Some(rule) if rule.id == unused_allow::RULE.id => {
            Err("remove the comment that is not used".to_owned())
        }
        Some(rule) if !rule.fixed => Ok(()),
        Some(_) => Err(format!(
            "`{name}` cannot be allowed: the recipe cannot be built"
        )),
        None if kind(name).is_some_and(Kind::may_be_warning) => Ok(()),
        None if kind(name).is_some() => Err(format!(
            "`{name}` cannot be allowed: the recipe cannot be built"
        )),
        None => Err(match nearest(name, RULES.iter().map(|rule| rule.id)) {
            Some(near) => format!("there is no rule `{name}`; did you mean `{near}`?"),
            None => format!("there is no rule `{name}`; `kiln explain` lists them"),
        }),
    }
}

/// What is left where comments take back what they allow.
pub fn allowed(findings: Findings, allows: &[Allows]) -> Vec<Finding> {
    take(findings, allows).0
}

/// Allows, by their number, and which of their comments and rules were needed.
type Used = BTreeMap<usize, BTreeSet<(usize, usize)>>;

fn take(findings: Findings, allows: &[Allows]) -> (Vec<Finding>, Used) {
    let by_path: BTreeMap<&str, usize> = allows
        .iter()
        .enumerate()
        .map(|(index, allows)| (allows.path(), index))
        .collect();
    let mut used = Used::new();
    let mut kept = Vec::new();
    for finding in findings.into_items() {
        let file = by_path.get(finding.place.source.path()).copied();
        let taken = file.and_then(|file| Some((file, allows[file].takes(&finding)?)));
        match taken {
            Some((file, pair)) => drop(used.entry(file).or_default().insert(pair)),
            None => kept.push(finding),
        }
    }
    (kept, used)
}

/// Takes back what is allowed, and adds what is wrong with the comments. `settled` says of a file whether all
/// rules have seen it, so that a comment can be known to be of no use.
pub fn apply(
    findings: Findings,
    allows: &[Allows],
    levels: &Levels,
    settled: &dyn Fn(&str) -> bool,
) -> Vec<Finding> {
    let (mut kept, used) = take(findings, allows);
    let none = BTreeSet::new();
    for (index, allows) in allows.iter().enumerate() {
        kept.extend(allows.invalid.clone().into_items());
        if settled(allows.path()) {
            allows.unused(used.get(&index).unwrap_or(&none), levels, &mut kept);
        }
    }
    kept
}
