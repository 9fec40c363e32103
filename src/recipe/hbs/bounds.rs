//! How deep a template is nested and how much rendering it goes through, before either is tried.

use handlebars::Template;
use handlebars::template::{HelperTemplate, Parameter, TemplateElement};

use super::MAX_DEPTH;

/// Refuses what is nested so deeply that the engine's own parser, which calls itself for each level, would
/// run out of stack. Only a rough look: what passes is looked at again as a tree.
pub(super) fn check_nesting(text: &str) -> Result<(), String> {
    // Open blocks, each with how many `else if` it has had: a chain of them is nested as well.
    let mut blocks: Vec<usize> = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("{{") {
        let start = at + found + 2;
        let tag = text[start..].trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '~');
        let line = || text[..start].matches('\n').count() + 1;
        match tag.as_bytes().first() {
            Some(b'!') => {
                let end = if tag.starts_with("!--") { "--}}" } else { "}}" };
                at = text[start..]
                    .find(end)
                    .map_or(text.len(), |end| start + end);
                continue;
            }
            Some(b'#') => blocks.push(0),
            Some(b'/') => drop(blocks.pop()),
            Some(b'^') => chain(&mut blocks),
            _ if tag.starts_with("else") => chain(&mut blocks),
            _ => {}
        }
        let depth = blocks.len() + blocks.iter().sum::<usize>();
        // `else` alone counts as well, once for each block.
        if depth > 2 * MAX_DEPTH + 2 {
            let line = line();
            return Err(format!(
                "line {line}: blocks are nested deeper than {MAX_DEPTH}"
            ));
        }
        let (end, brackets) = brackets(&text[start..]);
        if brackets > 2 * MAX_DEPTH {
            let line = line();
            return Err(format!("line {line}: brackets are nested too deeply"));
        }
        at = start + end;
    }
    Ok(())
}

/// One more `else` of the innermost block.
fn chain(blocks: &mut [usize]) {
    if let Some(chain) = blocks.last_mut() {
        *chain += 1;
    }
}

/// Where a tag ends that begins before a text, and how deep brackets are nested in it.
fn brackets(text: &str) -> (usize, usize) {
    let (mut depth, mut deepest, mut quote) = (0_usize, 0, None);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'}' if quote.is_none() && text[..at].ends_with('}') => return (at + 1, deepest),
            b'"' | b'\'' if quote == Some(byte) => quote = None,
            b'"' | b'\'' if quote.is_none() => quote = Some(byte),
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    (text.len(), deepest)
}

/// How many elements and values are gone through when every list has `items` items: blocks in blocks
/// multiply.
pub(super) fn work(template: &Template, items: usize) -> usize {
    let of_element = |element: &TemplateElement| match element {
        TemplateElement::Expression(helper) | TemplateElement::HtmlExpression(helper) => {
            values_of(helper)
        }
        TemplateElement::HelperBlock(helper) => {
            let times = match helper.name.as_name() {
                Some("each") => items,
                _ => 1,
            };
            let inner = helper.template.iter().chain(&helper.inverse);
            let inner = inner.fold(1_usize, |sum, inner| sum.saturating_add(work(inner, items)));
            times
                .saturating_mul(inner)
                .saturating_add(values_of(helper))
        }
        _ => 1,
    };
    let all = template.elements.iter().map(of_element);
    all.fold(0, usize::saturating_add)
}

/// A call and the values it is given, those of the calls among them included.
fn values_of(helper: &HelperTemplate) -> usize {
    let values = helper.params.iter().chain(helper.hash.values());
    let of_value = |value: &Parameter| match value {
        Parameter::Subexpression(inner) => match inner.as_element() {
            TemplateElement::Expression(helper) => values_of(helper),
            _ => 1,
        },
        _ => 1,
    };
    values.map(of_value).fold(1, usize::saturating_add)
}
