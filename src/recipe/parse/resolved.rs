//! Values as they stand, for showing what a recipe says.

use super::reader::Reader;
use super::values::{ENV, PLAIN, plain_bool};
use crate::recipe::expr::Value;
use crate::yaml::{Node, Scalar};

/// The value of a scalar, by the rules that hold for `env` or by none. One that is nothing but an expression
/// keeps the type of its value.
pub(in crate::recipe) fn resolved_scalar(
    reader: &mut Reader<'_>,
    node: &Node,
    scalar: &Scalar,
    is_variable: bool,
) -> Option<Value> {
    if let Some(value) = plain_bool(scalar) {
        return Some(Value::Bool(value));
    }
    let template = reader.template(node, scalar)?;
    if let Some((expr, at)) = template.sole() {
        return reader.evaluate(node, &scalar.text, expr, at);
    }
    let rules = if is_variable { ENV } else { PLAIN };
    let text = reader.render(node, &scalar.text, &template, rules)?;
    Some(Value::Text(text.value))
}

/// The text that a Handlebars file comes to.
pub(in crate::recipe) fn resolved_template(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node)?;
    reader.rendered(text)
}
