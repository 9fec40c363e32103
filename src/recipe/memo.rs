//! What expanding one recipe remembers, so that variants and platforms share what is the same.
//!
//! Most of a recipe does not depend on the platform, nor on every axis. While a part is read its scope
//! notes which names were asked for; the part is kept with their values, and read again only where one
//! of them has another value. Texts with expressions are cut and parsed once.
//!
//! Nothing is kept of a part with mistakes: each variant reports its own.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::expr::{Expr, ExprError, Template, Value, parse, split};
use super::image::{EnvEntry, Runtime, Step};
use super::parse::Outline;
use super::scope::Scope;
use crate::text::Spanned;
use crate::yaml::Node;

/// How many versions of a part are kept: an axis with more values than that is read again.
const VERSIONS: usize = 8;

/// Everything that is remembered of a recipe.
#[derive(Debug, Default)]
pub(crate) struct Memos {
    templates: RefCell<BTreeMap<String, Rc<Template>>>,
    expressions: RefCell<BTreeMap<String, Rc<Expr>>>,
    pub(super) outline: Memo<Option<Outline>>,
    pub(super) steps: Memo<Vec<Step>>,
    pub(super) env: Memo<Vec<EnvEntry>>,
    pub(super) runtime: Memo<Runtime>,
}

impl Memos {
    /// A text cut at its expressions.
    pub(super) fn template(&self, text: &str) -> Result<Rc<Template>, ExprError> {
        if let Some(known) = self.templates.borrow().get(text) {
            return Ok(Rc::clone(known));
        }
        let template = Rc::new(split(text)?);
        let mut templates = self.templates.borrow_mut();
        templates.insert(text.to_owned(), Rc::clone(&template));
        Ok(template)
    }

    /// An expression.
    pub(super) fn expression(&self, text: &str) -> Result<Rc<Expr>, ExprError> {
        if let Some(known) = self.expressions.borrow().get(text) {
            return Ok(Rc::clone(known));
        }
        let expr = Rc::new(parse(text)?);
        let mut expressions = self.expressions.borrow_mut();
        expressions.insert(text.to_owned(), Rc::clone(&expr));
        Ok(expr)
    }
}

/// The value of a name, as a scope has it without evaluating anything.
pub(super) type Fixed = Option<Result<Value, String>>;

/// One part in the versions that it has had.
#[derive(Debug)]
pub(crate) struct Memo<T>(RefCell<BTreeMap<Key, Vec<Kept<T>>>>);

/// Which part: the node, and its bytes, so that another node in its memory would not be taken for it.
type Key = (usize, usize, usize);

/// A part as it is for some values.
#[derive(Debug, Clone)]
pub(super) struct Kept<T> {
    /// The names that it depends on, with their values.
    pub(super) needs: Vec<(String, Fixed)>,
    /// What it costs.
    pub(super) units: usize,
    /// How many levels of conditions, vars and snippets it goes down.
    pub(super) height: usize,
    /// The snippets that it uses.
    pub(super) uses: Vec<Spanned<String>>,
    pub(super) value: T,
}

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<T: Clone> Memo<T> {
    /// The part as it is in a scope, if it is known.
    pub(super) fn find(&self, node: &Node, scope: &Scope<'_>) -> Option<Kept<T>> {
        let memo = self.0.borrow();
        let fits = |kept: &&Kept<T>| {
            let mut needs = kept.needs.iter();
            needs.all(|(name, value)| scope.glance(name) == *value)
        };
        memo.get(&key(node))?.iter().find(fits).cloned()
    }

    /// Keeps a part, unless there are many versions of it.
    pub(super) fn keep(&self, node: &Node, kept: Kept<T>) {
        let mut memo = self.0.borrow_mut();
        let versions = memo.entry(key(node)).or_default();
        if versions.len() < VERSIONS {
            versions.push(kept);
        }
    }
}

fn key(node: &Node) -> Key {
    let address = std::ptr::from_ref(node) as usize;
    (address, node.place.span.start, node.place.span.end)
}
