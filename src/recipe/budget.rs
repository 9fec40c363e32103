//! How much one recipe may make.
//!
//! A file is small and what it describes need not be: axes multiply, vars double each other, a list is
//! spliced in a thousand times. So everything that is read or made costs units, the same ones on every
//! machine, and a recipe that has used them up ends with a finding at the place it got to. A
//! megabyte of ordinary recipe costs a twentieth.

use std::cell::Cell;

use super::expr::Value;

/// What a recipe may cost, once when it is checked and once when it is expanded: a value is one unit,
/// and every 64 bytes of text are one more.
const UNITS: usize = 1_000_000;
/// The bytes of text that cost as much as a value.
const BYTES_PER_UNIT: usize = 64;
/// The longest text that one value may become.
pub(in crate::recipe) const MAX_TEXT: usize = 1 << 20;
/// The most variants of a recipe.
pub(in crate::recipe) const MAX_VARIANTS: usize = 4096;
/// The deepest nesting of what is evaluated. A var inside of another counts [`VAR_DEPTH`] times, since an
/// expression, which is nested itself, lies between them. Stacks of 2 MiB bear it.
pub(in crate::recipe) const MAX_DEPTH: usize = 96;
/// What a var adds to the depth.
pub(in crate::recipe) const VAR_DEPTH: usize = 6;
/// What a snippet adds: [`super::library::MAX_DEPTH`] of them in each other are allowed, with conditions around.
pub(in crate::recipe) const SNIPPET_DEPTH: usize = 4;
/// How many unknown names get a suggestion: each is compared with all names there are.
const SUGGESTIONS: usize = 100;

/// What is left for a recipe.
#[derive(Debug)]
pub(crate) struct Budget {
    units: Cell<usize>,
    is_told: Cell<bool>,
    suggestions: Cell<usize>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            units: Cell::new(UNITS),
            is_told: Cell::new(false),
            suggestions: Cell::new(SUGGESTIONS),
        }
    }
}

impl Budget {
    /// Takes units; false if there are not that many, and then there are none any more.
    pub(in crate::recipe) fn take(&self, units: usize) -> bool {
        let left = self.units.get().checked_sub(units);
        self.units.set(left.unwrap_or_default());
        left.is_some_and(|left| left > 0)
    }

    /// Whether so many units are left.
    pub(in crate::recipe) fn has(&self, units: usize) -> bool {
        units < self.units.get()
    }

    /// Whether everything has been used up.
    pub(in crate::recipe) fn is_spent(&self) -> bool {
        self.units.get() == 0
    }

    /// How many units have been taken.
    pub(in crate::recipe) fn taken(&self) -> usize {
        UNITS - self.units.get()
    }

    /// The message for a recipe that has used everything up; only once.
    pub(in crate::recipe) fn complaint(&self) -> Option<String> {
        let message =
            || format!("the recipe makes more than {UNITS} values over its variants and platforms");
        (!self.is_told.replace(true)).then(message)
    }

    /// Whether one more suggestion may be looked for.
    pub(in crate::recipe) fn suggests(&self) -> bool {
        let left = self.suggestions.get();
        self.suggestions.set(left.saturating_sub(1));
        left > 0
    }
}

/// What a text costs.
pub(in crate::recipe) fn of_text(text: &str) -> usize {
    1 + text.len() / BYTES_PER_UNIT
}

/// What a copy of a value costs.
pub(in crate::recipe) fn of_value(value: &Value) -> usize {
    match value {
        Value::Text(text) => of_text(text),
        Value::Bool(_) => 1,
        Value::List(items) => 1 + items.iter().map(|item| of_text(item)).sum::<usize>(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, UNITS};

    #[test]
    fn a_budget_ends_once_and_says_so_once() {
        let budget = Budget::default();
        assert!(budget.take(UNITS - 1) && !budget.is_spent());
        assert!(!budget.take(2) && budget.is_spent());
        assert!(!budget.take(1));
        assert!(budget.complaint().is_some() && budget.complaint().is_none());
    }
}
