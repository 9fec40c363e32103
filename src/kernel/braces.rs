//! Names in braces, as the runner replaces them.
//!
//! Up to some release before 26.8 every text is formatted as Python formats it. The newest looks for `{…}` and
//! `${{ … }}` in commands and variables, and formats only what it finds; what runs before a service is
//! formatted as ever.

use std::collections::BTreeSet;

/// More bytes are in no braces that somebody meant.
const LONGEST: usize = 1024;

/// Why Python's formatting refuses a text: a lone brace, or a name that is not there.
pub(super) fn bad_format(text: &str, known: &BTreeSet<String>) -> Option<String> {
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (brace, behind) = rest[at..].split_at(1);
        if let Some(behind) = behind.strip_prefix(brace) {
            rest = behind;
            continue;
        }
        if brace == "}" {
            return Some("a `}` stands alone, so the service does not start".to_owned());
        }
        let end = behind.find(['{', '}']);
        let Some(end) = end.filter(|end| behind[*end..].starts_with('}')) else {
            return Some("a `{` is not closed, so the service does not start".to_owned());
        };
        let inside = &behind[..end];
        if !is_known(inside, known) {
            return Some(format!(
                "`{{{inside}}}` is no value that the runner has, so the service does not start"
            ));
        }
        rest = &behind[end + 1..];
    }
    None
}

/// Whether a field names something: the ports are a list, the runtime's path is a text, and what an action
/// left may be either.
fn is_known(field: &str, known: &BTreeSet<String>) -> bool {
    let field = field.split(['!', ':']).next().unwrap_or_default();
    let at = field.find(['[', '.']).unwrap_or(field.len());
    let (name, rest) = field.split_at(at);
    let index = rest
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match name {
        "ports" => {
            let is_number =
                |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            rest.is_empty() || index.is_some_and(is_number)
        }
        "runtime_path" => rest.is_empty(),
        name => known.contains(name),
    }
}

/// Why the newest release refuses a text of a command or variable.
pub(super) fn bad_tokens(text: &str, known: &BTreeSet<String>) -> Option<String> {
    let mut words = tokens(text).into_iter();
    words.find_map(|inside| bad_format(&format!("{{{inside}}}"), known))
}

/// Whether the newest release replaces something in a text.
pub(super) fn has_token(text: &str) -> bool {
    !tokens(text).is_empty()
}

/// What the newest release finds in braces.
fn tokens(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let before = text[..at].chars().next_back();
        let token = if let Some(inside) = rest.strip_prefix("${{") {
            within(inside, "}}").map(|inside| (inside, 3 + inside.len() + 2))
        } else if rest.starts_with('{') && !matches!(before, Some('$' | '{')) {
            within(&rest[1..], "}").map(|inside| (inside, 1 + inside.len() + 1))
        } else {
            None
        };
        match token {
            Some((inside, length)) => {
                all.push(inside.trim());
                at += length;
            }
            None => at += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
    all
}

/// What stands before an end, on one line save for blanks around it.
fn within<'t>(text: &'t str, end: &str) -> Option<&'t str> {
    // Not further: a text full of braces that are not closed would be read once for each.
    let mut near = text.len().min(LONGEST);
    while !text.is_char_boundary(near) {
        near -= 1;
    }
    let at = text[..near].find(end)?;
    let inside = &text[..at];
    (!inside.trim().contains('\n')).then_some(inside)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{bad_format, bad_tokens};

    #[test]
    fn old_releases_format_and_the_newest_looks_for_braces() {
        let known: BTreeSet<String> = ["ports", "runtime_path", "conf"].map(String::from).into();
        for (text, old, new) in [
            ("{ports}", true, true),
            ("한 {ports[0]}-{runtime_path}", true, true),
            ("{conf[out]}", true, true),
            ("{ports[a]}", false, false),
            ("{runtime_path.x}", false, false),
            ("{port}", false, false),
            ("{}", false, false),
            ("{\"a\": 1}", false, false),
            ("{ ports }", false, true),
            ("{ports", false, true),
            ("ports}", false, true),
            ("{{x}}", true, false),
            ("{{{ports}}}", true, true),
            ("${{ ports }}", true, true),
            ("${{ nothing }}", true, false),
            ("{a\nb}", false, true),
            ("{\nports}", false, true),
            ("{\nport\n}", false, false),
        ] {
            assert_eq!(bad_format(text, &known).is_none(), old, "{text}");
            assert_eq!(bad_tokens(text, &known).is_none(), new, "{text}");
        }
    }
}
