//! Handlebars files: content for `write`, with the names of the recipe.
//!
//! The engine is used behind a guard. Its strict mode lets `{{#if missing}}` pass and an inline partial
//! that includes itself overflows the stack, so every element is looked at before anything is
//! rendered: partials and decorators are refused, depth and length are bounded, and every name is
//! collected, so that an unknown one is an error wherever it stands.

mod bounds;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use handlebars::template::{HelperTemplate, Parameter, TemplateElement};
use handlebars::{
    Context, Handlebars, Helper, HelperDef, RenderContext, RenderError, RenderErrorReason,
    ScopedJson, Template, handlebars_helper, no_escape,
};

use bounds::{check_nesting, work};

use super::budget::MAX_TEXT;
use super::expr::{Value, replaced};

/// The longest template, in bytes.
const MAX_BYTES: usize = 256 * 1024;
/// The deepest nesting of blocks.
const MAX_DEPTH: usize = 16;
/// The most that rendering may go through: an element, or a value in one, counts once for each KiB
/// of the longest value.
const MAX_WORK: usize = 200_000;
/// The most bytes that `replace` makes in one template.
const MAX_REPLACED: usize = 16 << 20;

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
    check_nesting(text)?;
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

/// `replace text old new`, as in expressions; all calls of a template together make at most
/// [`MAX_REPLACED`] bytes.
#[derive(Default)]
struct Replace {
    made: AtomicUsize,
}

impl HelperDef for Replace {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let refuse = |reason: &str| RenderErrorReason::Other(reason.to_owned()).into();
        let text = |at: usize| -> Result<&str, RenderError> {
            let value = helper.param(at).and_then(|param| param.value().as_str());
            value.ok_or_else(|| refuse("`replace` takes three texts: in what, what, by what"))
        };
        let (subject, old, new) = (text(0)?, text(1)?, text(2)?);
        if old.is_empty() {
            return Err(refuse("there is nothing to look for"));
        }
        let made = replaced(subject, old, new);
        let made =
            made.map_err(|len| refuse(&format!("`replace` would make a text of {len} bytes")))?;
        if self.made.fetch_add(made.len(), Ordering::Relaxed) > MAX_REPLACED {
            return Err(refuse("`replace` has made too much text by now"));
        }
        Ok(ScopedJson::Derived(made.into()))
    }
}

handlebars_helper!(upto: |text: String, count: usize| text
    .split('.')
    .take(count)
    .collect::<Vec<_>>()
    .join("."));

/// Renders a checked template with the values of its names.
pub(crate) fn render(checked: Checked, values: &BTreeMap<String, Value>) -> Result<String, String> {
    let (mut items, mut longest) = (1, 0);
    for value in values.values() {
        match value {
            Value::Text(text) => longest = longest.max(text.len()),
            Value::Bool(_) => {}
            Value::List(list) => {
                items = items.max(list.len());
                longest = longest.max(list.iter().map(String::len).max().unwrap_or_default());
            }
        }
    }
    let work = work(&checked.template, items).saturating_mul(1 + longest / 1024);
    if work > MAX_WORK {
        return Err("it goes through too much: blocks in `each`, or long values".to_owned());
    }
    let mut engine = Handlebars::new();
    engine.set_strict_mode(true);
    engine.register_escape_fn(no_escape);
    engine.unregister_helper("log");
    engine.register_helper("replace", Box::new(Replace::default()));
    engine.register_helper("upto", Box::new(upto));
    engine.register_template("file", checked.template);
    let context: serde_json::Map<String, serde_json::Value> = values
        .iter()
        .map(|(name, value)| (name.clone(), json(value)))
        .collect();
    let mut text = Bounded(Vec::new());
    let done = engine.render_to_write("file", &context, &mut text);
    match done {
        _ if text.0.len() > MAX_TEXT => Err(format!(
            "its text becomes longer than {} KiB",
            MAX_TEXT / 1024
        )),
        Ok(()) => String::from_utf8(text.0).map_err(|error| error.to_string()),
        Err(error) => Err(error.reason().to_string()),
    }
}

/// Takes a text until it is too long.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.extend_from_slice(bytes);
        if self.0.len() > MAX_TEXT {
            return Err(std::io::Error::other("the text is too long"));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
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
        for count in [17, 40, 5_000] {
            let deep = "{{#if full}}".repeat(count) + &"{{/if}}".repeat(count);
            assert!(run(&deep).unwrap_err().contains("nested"), "{count}");
        }
        let chain = "{{#if full}}a".to_owned() + &"{{else if full}}b".repeat(10_000) + "{{/if}}";
        for text in [
            "{{#if full}}".repeat(20_000),
            chain,
            "{{".to_owned() + &"(".repeat(200_000),
            "{{a ".to_owned() + &"[".repeat(200_000),
            "{{upto ".to_owned() + &"(upto ".repeat(10_000) + "cuda" + &" 1)".repeat(10_000) + "}}",
            "{{ '}}".to_owned() + &"(".repeat(1000),
        ] {
            let error = run(&text).unwrap_err();
            assert!(error.contains("nested"), "{error}");
        }
    }

    #[test]
    fn brackets_outside_of_tags_and_in_comments_are_text() {
        let text = "[".repeat(1000) + "{{! don't \" ((( }}" + &"(".repeat(1000);
        let shown = "[".repeat(1000) + &"(".repeat(1000);
        assert_eq!(run(&text).unwrap(), shown);
    }

    #[test]
    fn a_template_that_would_never_end_or_fill_the_memory_is_refused() {
        let nested = |count: usize, inner: &str| {
            "{{#each many}}".repeat(count) + inner + &"{{/each}}".repeat(count)
        };
        let values = BTreeMap::from([
            ("many".to_owned(), Value::List(vec!["x".repeat(100); 400])),
            ("long".to_owned(), Value::Text("a".repeat(10_000))),
        ]);
        let one = |text: &str| render(check(text).unwrap(), &values);
        assert!(one(&nested(1, "{{this}}")).is_ok());
        for text in [
            nested(3, ""),
            nested(16, "x"),
            nested(2, &"y".repeat(10)),
            "{{replace (replace long \"a\" \"aaaaaaaaaaa\") \"a\" \"aaaaaaaaaaa\"}}".to_owned(),
            "{{long}}".repeat(200),
        ] {
            let error = one(&text).unwrap_err();
            let words = ["too much", "longer than", "would make"];
            assert!(words.iter().any(|word| error.contains(word)), "{error}");
        }
    }
}
