//! Expressions in a recipe's tree: their values, and their mistakes at the right place in the file.

use std::collections::BTreeMap;
use std::ops::Range;

use super::reader::{Pass, Reader, Text, scalar_text};
use super::values::{PLAIN, plain_bool};
use crate::recipe::budget::{VAR_DEPTH, of_text, of_value};
use crate::recipe::expr::{self, Expr, ExprError, Value};
use crate::recipe::hbs;
use crate::recipe::scope::{Known, Scope};
use crate::text::Place;
use crate::yaml::{Node, NodeKind, Scalar};

impl Reader<'_> {
    /// Evaluates `if`: true, false, or nothing where it cannot be known.
    pub(crate) fn condition(&mut self, node: &Node) -> Option<bool> {
        match self.expression(node)? {
            Value::Bool(value) => Some(value),
            other => {
                let message = format!("`if` wants true or false, and this is {}", other.describe());
                self.error(&node.place, message);
                None
            }
        }
    }

    /// Evaluates an expression written without braces.
    pub(crate) fn expression(&mut self, node: &Node) -> Option<Value> {
        let Some(text) = scalar_text(node) else {
            self.wrong_kind(node, "an expression");
            return None;
        };
        if !self.charge(&node.place, of_text(text)) {
            return None;
        }
        if node.is_null() {
            self.error(&node.place, "the expression is missing");
            return None;
        }
        if matches!(&node.kind, NodeKind::Scalar(scalar) if plain_bool(scalar).is_some()) {
            let message =
                format!("`{text}` alone decides nothing; compare a name, or leave it out");
            self.error(&node.place, message);
            return None;
        }
        if text.starts_with("${{") {
            self.error(
                &node.place,
                "`if` and `match` take the expression without `${{ }}`",
            );
            return None;
        }
        match self.names().memos().expression(text) {
            Ok(expr) => self.evaluate(node, text, &expr, 0),
            Err(error) => {
                self.expression_error(node, text, &error, 0);
                None
            }
        }
    }

    pub(super) fn evaluate(
        &mut self,
        node: &Node,
        text: &str,
        expr: &Expr,
        offset: usize,
    ) -> Option<Value> {
        let mut unknown = Vec::new();
        let names = self.names();
        expr::static_check(expr, &mut |name, at| {
            if let Err(message) = names.check(name) {
                unknown.push(ExprError::new(at, message));
            }
        });
        for error in &unknown {
            self.expression_error(node, text, error, offset);
        }
        let Pass::Expand(scope, _) = self.pass else {
            return None;
        };
        if !unknown.is_empty() {
            return None;
        }
        match expr::eval(expr, &mut |name| self.lookup(scope, name, &node.place)) {
            Ok(value) => Some(value),
            Err(error) => {
                // An empty message means that the var's own place has been reported.
                if !error.message.is_empty() {
                    self.expression_error(node, text, &error, offset);
                }
                None
            }
        }
    }

    fn lookup(&mut self, scope: &Scope<'_>, name: &str, place: &Place) -> Result<Value, String> {
        let value = match scope.fixed(name) {
            Some(value) => value?,
            None => self.var(scope, name, place)?,
        };
        // Whoever asks gets a copy, so a long value costs each time.
        if self.charge(place, of_value(&value)) {
            Ok(value)
        } else {
            Err(String::new())
        }
    }

    /// The value of a var, which is evaluated once; an empty message where its mistake has been reported.
    fn var(&mut self, scope: &Scope<'_>, name: &str, place: &Place) -> Result<Value, String> {
        if let Some(known) = scope.known.borrow().get(name) {
            scope.asked.borrow_mut().extend_from_slice(&known.needs);
            // As if it were evaluated here: what is too deep must not depend on who asked first.
            let read = |reader: &mut Self| reader.deeper(place, known.height, |_| ());
            let fits = self.deeper(place, VAR_DEPTH, read).flatten();
            return fits.and(known.value.clone()).ok_or_else(String::new);
        }
        let Some((_, node)) = scope.vars.get(name) else {
            return Err(format!("`{name}` has no value in this variant"));
        };
        if scope.open.borrow().iter().any(|open| open == name) {
            let path = scope.open.borrow().join("` → `");
            return Err(format!("`{path}` → `{name}` needs itself"));
        }
        scope.open.borrow_mut().push(name.to_owned());
        let mark = scope.mark();
        let mut height = 0;
        let value = self.deeper(place, VAR_DEPTH, |reader| {
            let (value, own) = reader.measured(|reader| reader.value(node));
            height = own;
            value
        });
        scope.open.borrow_mut().pop();
        let value = value.flatten();
        let known = Known {
            value: value.clone(),
            height,
            needs: scope.asked_in(mark..scope.mark()),
        };
        scope.known.borrow_mut().insert(name.to_owned(), known);
        value.ok_or_else(String::new)
    }

    /// Reads a var or column: text, a boolean or a list of text.
    pub(crate) fn value(&mut self, node: &Node) -> Option<Value> {
        self.one(node, |reader, node| match &node.kind {
            NodeKind::List(_) => {
                let items = reader.list(node)?;
                Some(Value::List(
                    items.into_iter().map(|item| item.value).collect(),
                ))
            }
            NodeKind::Map(_) => {
                reader.wrong_kind(node, "text, a boolean or a list of text");
                None
            }
            NodeKind::Scalar(scalar) => match plain_bool(scalar) {
                Some(value) => Some(Value::Bool(value)),
                None => reader.scalar_value(node, scalar),
            },
        })
    }

    pub(super) fn scalar_value(&mut self, node: &Node, scalar: &Scalar) -> Option<Value> {
        let template = self.template(node, scalar)?;
        if let Some((expr, at)) = template.sole() {
            return self.evaluate(node, &scalar.text, expr, at);
        }
        let text = self.render(node, &scalar.text, &template, PLAIN)?;
        (!text.opaque).then_some(Value::Text(text.value))
    }

    /// The content of a Handlebars file named by a text; nothing in the check pass.
    pub(super) fn rendered(&mut self, text: Text) -> Option<String> {
        let path = if text.opaque {
            return None;
        } else {
            self.workspace_path(text)?
        };
        let Pass::Expand(scope, _) = self.pass else {
            return Some(String::new());
        };
        let fail = |reader: &mut Self, message: String| -> Option<String> {
            reader.error(&path.place, format!("`{}`: {message}", path.value));
            None
        };
        let text = match (scope.templates)(&path.value) {
            Ok(text) => text,
            // This names the file already.
            Err(message) => {
                self.error(&path.place, message);
                return None;
            }
        };
        let checked = match hbs::check(&text) {
            Ok(checked) => checked,
            Err(message) => return fail(self, message),
        };
        let mut values = BTreeMap::new();
        for name in &checked.names {
            let value = self
                .names()
                .check(name)
                .and_then(|()| self.lookup(scope, name, &path.place));
            match value {
                Ok(value) => values.insert(name.clone(), value),
                Err(message) if message.is_empty() => return None,
                Err(message) => return fail(self, message),
            };
        }
        let text = hbs::render(checked, &values);
        let text = text.map_or_else(|message| fail(self, message), Some)?;
        self.charge(&path.place, of_text(&text)).then_some(text)
    }

    /// Reports a mistake in an expression that begins `offset` bytes into a scalar's text.
    pub(super) fn expression_error(
        &mut self,
        node: &Node,
        text: &str,
        error: &ExprError,
        offset: usize,
    ) {
        if self.findings.is_full(&node.place) {
            // Only counted: looking for the exact place would cost as much as the text is long.
            return self.error(&node.place, error.message.clone());
        }
        let at = error.at.start + offset..error.at.end + offset;
        let place = place_within(node, text, &at);
        self.findings
            .error_of("expression", &place, error.message.clone());
    }
}

/// The place of a part of a scalar's text: exact where the text, or in a block its line, stands in the
/// file as it is, else the first place in the scalar with the same words, else the scalar.
pub fn place_within(node: &Node, text: &str, at: &Range<usize>) -> Place {
    let written = node.place.source.slice(node.place.span);
    // Behind a quote, or without one. A search would cost more the longer the text is.
    let behind = written
        .get(1..)
        .is_some_and(|inner| inner.starts_with(text));
    if behind || written.starts_with(text) {
        return node.place.inner(usize::from(behind) + at.start, at.len());
    }
    if let Some(offset) = in_block(written, text, at) {
        return node.place.inner(offset, at.len());
    }
    match text
        .get(at.clone())
        .filter(|part| !part.is_empty())
        .and_then(|part| written.find(part))
    {
        Some(offset) => node.place.inner(offset, at.len()),
        None => node.place.clone(),
    }
}

/// The byte of a literal block at which a part of its text stands: lines are kept, and indented.
fn in_block(written: &str, text: &str, at: &Range<usize>) -> Option<usize> {
    let before = text.get(..at.start)?;
    let number = before.matches('\n').count();
    let column = at.start - before.rfind('\n').map_or(0, |end| end + 1);
    let line = text.split('\n').nth(number)?;
    // What is written begins behind the block's header and the first line's indentation.
    let breaks = written.match_indices('\n').map(|(end, _)| end + 1);
    let start = std::iter::once(0).chain(breaks).nth(number)?;
    let indent = written[start..].split('\n').next()?.find(line)?;
    Some(start + indent + column)
}
