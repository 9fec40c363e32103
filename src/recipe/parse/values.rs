//! Text, lists and booleans in a recipe's tree.

use std::rc::Rc;

use super::reader::{Pass, Reader, Text};
use super::scalars::{env_literal, shell_safe};
use crate::diagnostic::Finding;
use crate::recipe::budget::{MAX_TEXT, of_text};
use crate::recipe::expr::{ExprError, Piece, Template, Value};
use crate::text::Spanned;
use crate::yaml::{Node, NodeKind, Plain, Scalar, classify, is_text};

/// What the parts of a text must keep to.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    /// Changes or refuses what stands in the file.
    pub(crate) literal: fn(&str) -> Result<String, String>,
    /// Refuses what an expression yields.
    pub(crate) yields: fn(&str) -> Result<(), String>,
}

/// Anything goes.
pub(crate) const PLAIN: Rules = Rules {
    literal: |text| Ok(text.to_owned()),
    yields: |_| Ok(()),
};

/// Text for a shell: expressions may not yield syntax.
pub(crate) const SHELL: Rules = Rules {
    yields: shell_safe,
    ..PLAIN
};

/// A value in `env`: literal, so a `$` that looks like an expansion is a mistake.
pub(crate) const ENV: Rules = Rules {
    literal: env_literal,
    ..PLAIN
};

impl Reader<'_> {
    /// Reads a string, with its expressions replaced.
    pub(crate) fn text(&mut self, node: &Node) -> Option<Text> {
        self.text_with(node, PLAIN)
    }

    /// Reads a string under rules for its parts.
    pub(crate) fn text_with(&mut self, node: &Node, rules: Rules) -> Option<Text> {
        self.one(node, |reader, node| {
            let NodeKind::Scalar(scalar) = &node.kind else {
                reader.wrong_kind(node, "a string");
                return None;
            };
            if !scalar.text.contains("${{") {
                return reader.literal_text(node, scalar, rules);
            }
            let template = reader.template(node, scalar)?;
            reader.render(node, &scalar.text, &template, rules)
        })
    }

    /// A text without expressions, which most are.
    fn literal_text(&mut self, node: &Node, scalar: &Scalar, rules: Rules) -> Option<Text> {
        let fits = self.charge(&node.place, 2 * of_text(&scalar.text));
        if !fits || !is_text(node, scalar, self.findings) {
            return None;
        }
        match (rules.literal)(&scalar.text) {
            Ok(value) => Some(Text {
                value,
                place: node.place.clone(),
                opaque: false,
            }),
            Err(message) => {
                self.error(&node.place, message);
                None
            }
        }
    }

    /// The text's pieces, once it is sure that every YAML reader sees this text.
    pub(super) fn template(&mut self, node: &Node, scalar: &Scalar) -> Option<Rc<Template>> {
        if !self.charge(&node.place, of_text(&scalar.text)) {
            return None;
        }
        if !is_text(node, scalar, self.findings) {
            return None;
        }
        match self.names().memos().template(&scalar.text) {
            Ok(template) => Some(template),
            Err(error) => {
                self.expression_error(node, &scalar.text, &error, 0);
                None
            }
        }
    }

    pub(super) fn render(
        &mut self,
        node: &Node,
        text: &str,
        template: &Template,
        rules: Rules,
    ) -> Option<Text> {
        let mut value = String::new();
        let mut whole = true;
        let mut opaque = false;
        for piece in &template.pieces {
            match piece {
                Piece::Literal(literal) => match (rules.literal)(literal) {
                    Ok(literal) => value.push_str(&literal),
                    Err(message) => {
                        self.error(&node.place, message);
                        whole = false;
                    }
                },
                Piece::Expr(expr, offset) => match self.evaluate(node, text, expr, *offset) {
                    Some(Value::Text(result)) => {
                        if let Err(message) = (rules.yields)(&result) {
                            let words = text[*offset + expr.at.start..*offset + expr.at.end].trim();
                            let message = format!("`{words}` is \"{result}\": {message}");
                            self.expression_error(
                                node,
                                text,
                                &ExprError::new(&expr.at, message),
                                *offset,
                            );
                            whole = false;
                        }
                        // One piece more than is allowed is enough to say so.
                        if value.len() <= MAX_TEXT {
                            value.push_str(&result);
                        }
                    }
                    Some(other) => {
                        let message = format!("this yields {}, inside a text", other.describe());
                        self.expression_error(
                            node,
                            text,
                            &ExprError::new(&expr.at, message),
                            *offset,
                        );
                        whole = false;
                    }
                    None if matches!(self.pass, Pass::Check(_)) => opaque = true,
                    None => whole = false,
                },
            }
        }
        if value.len() > MAX_TEXT {
            let message = format!("this text becomes longer than {} KiB", MAX_TEXT / 1024);
            self.error(&node.place, message);
            whole = false;
        }
        let whole = whole && self.charge(&node.place, of_text(&value));
        whole.then(|| Text {
            value,
            place: node.place.clone(),
            opaque,
        })
    }

    /// Reads a list of strings: an item may be conditional, and one that yields a list is spliced in.
    pub(crate) fn list(&mut self, node: &Node) -> Option<Vec<Text>> {
        self.one(node, |reader, node| match &node.kind {
            NodeKind::List(_) => Some(reader.items(node)),
            NodeKind::Scalar(scalar) if reader.is_sole(scalar) => Some(reader.items(node)),
            _ => {
                let message = format!("a list should stand here, not {}", node.describe());
                let help = "a list is written [a, b], or one `- ` per line";
                let finding = Finding::error(&node.place, message).with_help(help);
                reader.findings.push(finding);
                None
            }
        })
    }

    /// Reads a string or a list of strings.
    pub(crate) fn text_or_list(&mut self, node: &Node) -> Option<Vec<Text>> {
        self.one(node, |reader, node| match &node.kind {
            NodeKind::Map(_) => {
                reader.wrong_kind(node, "a string or a list");
                None
            }
            _ => Some(reader.items(node)),
        })
    }

    fn items(&mut self, node: &Node) -> Vec<Text> {
        let mut all = Vec::new();
        for branch in self.branches(node) {
            match &branch.kind {
                NodeKind::List(items) => {
                    for item in items {
                        if matches!(item.kind, NodeKind::List(_)) {
                            self.wrong_kind(item, "a string");
                        } else {
                            all.extend(self.items(item));
                        }
                    }
                }
                NodeKind::Scalar(scalar) if self.is_sole(scalar) => {
                    all.extend(self.spliced(branch, scalar));
                }
                NodeKind::Scalar(_) => all.extend(self.text(branch)),
                NodeKind::Map(_) => self.wrong_kind(branch, "a string"),
            }
        }
        all
    }

    fn spliced(&mut self, node: &Node, scalar: &Scalar) -> Vec<Text> {
        let place = node.place.clone();
        let Some(template) = self.template(node, scalar) else {
            return Vec::new();
        };
        let Some((expr, offset)) = template.sole() else {
            return Vec::new();
        };
        let values = match self.evaluate(node, &scalar.text, expr, offset) {
            Some(Value::List(items)) => items,
            Some(Value::Text(text)) => vec![text],
            Some(Value::Bool(_)) => {
                self.error(&place, "this yields a boolean where text is wanted");
                Vec::new()
            }
            None if matches!(self.pass, Pass::Check(_)) => {
                return vec![Text {
                    value: String::new(),
                    place,
                    opaque: true,
                }];
            }
            None => Vec::new(),
        };
        values
            .into_iter()
            .map(|value| Text {
                value,
                place: place.clone(),
                opaque: false,
            })
            .collect()
    }

    /// Whether a text is one expression and nothing else.
    fn is_sole(&self, scalar: &Scalar) -> bool {
        let text = scalar.text.as_str();
        let template = || self.names().memos().template(text);
        text.starts_with("${{")
            && text.ends_with("}}")
            && template().is_ok_and(|template| template.sole().is_some())
    }

    /// Reads `true` or `false`.
    pub(crate) fn bool(&mut self, node: &Node) -> Option<bool> {
        self.one(node, |reader, node| {
            if let NodeKind::Scalar(scalar) = &node.kind {
                if let Some(value) = plain_bool(scalar) {
                    return Some(value);
                }
                if reader.is_sole(scalar) {
                    match reader.scalar_value(node, scalar) {
                        Some(Value::Bool(value)) => return Some(value),
                        Some(_) => {}
                        None => return None,
                    }
                }
            }
            reader.error(&node.place, "`true` or `false` should stand here");
            None
        })
    }

    /// Turns a text into a value, or reports why it is none; an unknown text yields nothing.
    pub(crate) fn convert<T>(
        &mut self,
        text: Text,
        convert: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Spanned<T>> {
        if text.opaque || self.names().budget().is_spent() {
            return None;
        }
        match convert(&text.value) {
            Ok(value) => Some(Spanned::new(value, text.place)),
            Err(message) => {
                self.findings
                    .error_of("invalid-value", &text.place, message);
                None
            }
        }
    }
}

/// The value of a plain `true` or `false`.
pub(super) fn plain_bool(scalar: &Scalar) -> Option<bool> {
    match classify(&scalar.text) {
        Plain::Bool(value) if scalar.plain => Some(value),
        _ => None,
    }
}
