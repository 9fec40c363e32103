//! A recipe as those see it who ask what is written in it, such as lint rules.

use super::model::Recipe;
use super::variant::{Axis, Row};
use crate::text::{Place, Spanned};
use crate::yaml::Node;

impl Recipe {
    /// The name and its place.
    pub fn spanned_name(&self) -> &Spanned<String> {
        &self.name
    }

    /// The axes, in the order written.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// The rows, in the order written.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The vars: name, the place of the name, value.
    pub fn vars(&self) -> impl Iterator<Item = (&str, &Place, &Node)> {
        let vars = self.vars.iter();
        vars.map(|(name, (key, value))| (name.as_str(), &key.place, value))
    }
}
