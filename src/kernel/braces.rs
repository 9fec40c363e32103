//! Names in braces, as Python replaces them.

/// Why Python's formatting refuses a text: a lone brace, or a name that is not there.
pub(super) fn bad_format(text: &str, known: &[String]) -> Option<String> {
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
        let Some(end) = behind
            .find(['{', '}'])
            .filter(|end| behind[*end..].starts_with('}'))
        else {
            return Some("a `{` is not closed, so the service does not start".to_owned());
        };
        let inside = behind[..end].trim();
        let name = inside
            .split(['[', '.', '!', ':'])
            .next()
            .unwrap_or_default();
        if !known.iter().any(|known| known == name) {
            return Some(format!(
                "`{{{inside}}}` is no name that the runner has, so the service does not start"
            ));
        }
        rest = &behind[end + 1..];
    }
    None
}
