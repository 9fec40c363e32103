//! Variants: every combination of all axes, times every row.
//!
//! An axis is a list of values under one name; a row sets several names together, for families whose
//! releases are uneven. With axes `a = [1, 2]` and rows `r1, r2` there are four variants, in the
//! order `1 r1, 1 r2, 2 r1, 2 r2`: axes as written, the first slowest, rows fastest. Without rows
//! there is one empty row; without axes one empty combination.

use std::collections::BTreeMap;
use std::fmt;

use super::expr::Value;
use crate::text::{Place, Spanned};

/// An axis.
#[derive(Debug, Clone)]
pub struct Axis {
    /// Its name.
    pub name: Spanned<String>,
    /// Its values, in the order written.
    pub values: Vec<Spanned<String>>,
}

/// A row: names set together.
#[derive(Debug, Clone)]
pub struct Row {
    /// Where it stands.
    pub place: Place,
    /// Its columns, in the order written.
    pub values: Vec<(String, Value)>,
}

/// One assignment of values to axes and columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variant {
    values: Vec<(String, Value)>,
}

impl Variant {
    /// The names and values, axes first, in the order written.
    pub fn values(&self) -> &[(String, Value)] {
        &self.values
    }

    /// The value of an axis or column.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value)
    }

    /// As a map.
    pub fn to_map(&self) -> BTreeMap<String, Value> {
        self.values.iter().cloned().collect()
    }
}

impl fmt::Display for Variant {
    /// `accel=cuda, python=3.12`; lists are left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (name, value) in &self.values {
            let shown = match value {
                Value::Text(text) => text.clone(),
                Value::Bool(value) => value.to_string(),
                Value::List(_) => continue,
            };
            write!(f, "{}{name}={shown}", if first { "" } else { ", " })?;
            first = false;
        }
        Ok(())
    }
}

/// All variants, in order.
pub(super) fn variants(axes: &[Axis], rows: &[Row]) -> Vec<Variant> {
    let mut all = vec![Variant::default()];
    for axis in axes {
        all = all
            .iter()
            .flat_map(|variant| {
                axis.values.iter().map(|value| {
                    let mut variant = variant.clone();
                    let value = Value::Text(value.value.clone());
                    variant.values.push((axis.name.value.clone(), value));
                    variant
                })
            })
            .collect();
    }
    if rows.is_empty() {
        return all;
    }
    all.iter()
        .flat_map(|variant| {
            rows.iter().map(|row| {
                let mut variant = variant.clone();
                variant.values.extend(row.values.iter().cloned());
                variant
            })
        })
        .collect()
}
