//! Handlebars files: content for `write`, with the names of the recipe.
//!
//! The engine is used behind a guard. Its strict mode lets `{{#if missing}}` pass and an inline partial
//! that includes itself overflows the stack, so every element is looked at before anything is
//! rendered: partials and decorators are refused, depth and length are bounded, and every name is
//! collected, so that an unknown one is an error wherever it stands.

use std::collections::{BTreeMap, BTreeSet};

use handlebars::template::{HelperTemplate, Parameter, TemplateElement};
use handlebars::{Handlebars, Template, handlebars_helper, no_escape};

use super::expr::Value;

/// The longest template, in bytes.
const MAX_BYTES: usize = 256 * 1024;
/// The deepest nesting of blocks.
const MAX_DEPTH: usize = 16;

/// Helpers that templates may call; anything else is a name.
const HELPERS: [&str; 15] = [
    "if", "unless", "each", "with", "eq", "ne", "lt", "gt", "lte", "gte", "and", "or", "not",
    "replace", "upto",
];

/// A template that has passed the guard.
#[derive(Debug)]
pub(crate) struct Checked {
    template: Template,
    /// The names it uses.
    pub(crate) names: BTreeSet<String>,
}

/// Parses a template; errors name line and column inside it.
pub(crate) fn check(text: &str) -> Result<Checked, String> {
    if text.len() > MAX_BYTES {
        return Err(format!(
            "the template is longer than {} KiB",
            MAX_BYTES / 1024
        ));
    }
    let template = Template::compile(text).map_err(|error| {
        let reason = error.reason();
        match error.pos() {
            Some((line, column)) => format!("line {line}, column {column}: {reason}"),
            None => reason.to_string(),
        }
    })?;
    let mut names = BTreeSet::new();
    walk(&template, 0, &mut names)?;
    Ok(Checked { template, names })
}

fn walk(template: &Template, depth: usize, names: &mut BTreeSet<String>) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("blocks are nested deeper than {MAX_DEPTH}"));
    }
    for element in &template.elements {
        match element {
            TemplateElement::RawString(_) | TemplateElement::Comment(_) => {}
            TemplateElement::Expression(helper)
            | TemplateElement::HtmlExpression(helper)
            | TemplateElement::HelperBlock(helper) => call(helper, depth, names)?,
            _ => return Err("partials and decorators are not part of the language".into()),
        }
    }
    Ok(())
}

fn call(helper: &HelperTemplate, depth: usize, names: &mut BTreeSet<String>) -> Result<(), String> {
    let is_call = !helper.params.is_empty() || !helper.hash.is_empty() || helper.block;
    if is_call {
        let name = helper.name.as_name().unwrap_or_default();
        if !HELPERS.contains(&name) {
            return Err(format!(
                "there is no helper `{name}`; there are {}",
                HELPERS.join(", ")
            ));
        }
    } else {
        parameter(&helper.name, names)?;
    }
    for value in helper.params.iter().chain(helper.hash.values()) {
        parameter(value, names)?;
    }
    for inner in helper.template.iter().chain(&helper.inverse) {
        walk(inner, depth + 1, names)?;
    }
    Ok(())
}

fn parameter(value: &Parameter, names: &mut BTreeSet<String>) -> Result<(), String> {
    match value {
        Parameter::Name(name) => names.insert(name.clone()),
        Parameter::Path(_) => {
            let path = value.as_name().unwrap_or_default();
            // Inside `each`, `this` and `@index` stand for the item.
            path.starts_with("this") || path.starts_with('@') || names.insert(path.to_owned())
        }
        Parameter::Literal(_) => true,
        Parameter::Subexpression(inner) => match inner.as_element() {
            TemplateElement::Expression(helper) => return call(helper, 0, names),
            _ => return Err("this subexpression is not part of the language".into()),
        },
        _ => return Err("this value is not part of the language".into()),
    };
    Ok(())
}

handlebars_helper!(replace: |text: String, old: String, new: String| text.replace(&old, &new));
handlebars_helper!(upto: |text: String, count: usize| text
    .split('.')
    .take(count)
    .collect::<Vec<_>>()
    .join("."));

/// Renders a checked template with the values of its names.
pub(crate) fn render(checked: Checked, values: &BTreeMap<String, Value>) -> Result<String, String> {
    let mut engine = Handlebars::new();
    engine.set_strict_mode(true);
    engine.register_escape_fn(no_escape);
    engine.unregister_helper("log");
    engine.register_helper("replace", Box::new(replace));
    engine.register_helper("upto", Box::new(upto));
    engine.register_template("file", checked.template);
    let context: serde_json::Map<String, serde_json::Value> = values
        .iter()
        .map(|(name, value)| (name.clone(), json(value)))
        .collect();
    engine
        .render("file", &context)
        .map_err(|error| error.reason().to_string())
}

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Text(text) => text.as_str().into(),
        Value::Bool(value) => (*value).into(),
        Value::List(items) => items.iter().map(String::as_str).collect::<Vec<_>>().into(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{check, render};
    use crate::recipe::expr::Value;

    fn run(text: &str) -> Result<String, String> {
        let values = BTreeMap::from([
            ("cuda".to_owned(), Value::Text("12.10".into())),
            ("full".to_owned(), Value::Bool(true)),
            (
                "list".to_owned(),
                Value::List(vec!["a".into(), "나 <b>".into()]),
            ),
        ]);
        let checked = check(text)?;
        if let Some(name) = checked
            .names
            .iter()
            .find(|name| !values.contains_key(*name))
        {
            return Err(format!("unknown name `{name}`"));
        }
        render(checked, &values)
    }

    #[test]
    fn values_are_put_in_as_they_are() {
        assert_eq!(run("v={{cuda}} {{upto cuda 1}}").unwrap(), "v=12.10 12");
        assert_eq!(run("{{#if full}}yes{{else}}no{{/if}}").unwrap(), "yes");
        assert_eq!(
            run("{{#each list}}{{this}};{{/each}}").unwrap(),
            "a;나 <b>;"
        );
        assert_eq!(run("{{#if (eq cuda \"12.10\")}}x{{/if}}").unwrap(), "x");
    }

    #[test]
    fn an_unknown_name_is_found_inside_a_condition_too() {
        assert!(
            run("{{#if missing}}x{{/if}}")
                .unwrap_err()
                .contains("missing")
        );
        assert!(
            run("{{replace cudda 'a' 'b'}}")
                .unwrap_err()
                .contains("cudda")
        );
    }

    #[test]
    fn what_could_abort_the_process_is_refused_before_rendering() {
        for text in [
            "{{#*inline \"p\"}}{{> p}}{{/inline}}{{> p}}",
            "{{> other}}",
            "{{lookup list 0}}",
            "{{#if full}}",
        ] {
            assert!(run(text).is_err(), "{text}");
        }
        let deep = "{{#if full}}".repeat(40) + &"{{/if}}".repeat(40);
        assert!(run(&deep).unwrap_err().contains("nested"));
    }
}
