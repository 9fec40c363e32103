//! Text with `${{ … }}` in it.

use super::{Expr, ExprError, parse};

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text as it stands.
    Literal(String),
    /// An expression, and the byte at which its text (inside the braces) begins.
    Expr(Expr, usize),
}

/// A text cut at its expressions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The pieces in order.
    pub pieces: Vec<Piece>,
}

impl Template {
    /// The expression, if the text is nothing else: it then keeps the type of its value.
    pub fn sole(&self) -> Option<(&Expr, usize)> {
        match self.pieces.as_slice() {
            [Piece::Expr(expr, at)] => Some((expr, *at)),
            _ => None,
        }
    }

    /// The text, if there is no expression in it.
    pub fn literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }
}

/// Cuts a text at `${{` and `}}`; `$${{` is a literal `${{`. Error ranges are bytes of `text`.
pub fn split(text: &str) -> Result<Template, ExprError> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("${{") {
        let open = at + found;
        if text[..open].ends_with('$') && open > at {
            literal.push_str(&text[at..open - 1]);
            literal.push_str("${{");
            at = open + 3;
            continue;
        }
        literal.push_str(&text[at..open]);
        let inner = open + 3;
        let len = closing(&text[inner..]).map_err(|quote| match quote {
            Some(at) => {
                let at = inner + at;
                ExprError::new(&(at..at + 1), "this text has no closing quote")
            }
            None => ExprError::new(&(open..inner), "`${{` has no `}}`"),
        })?;
        let expr = parse(&text[inner..inner + len]).map_err(|error| {
            ExprError::new(
                &(error.at.start + inner..error.at.end + inner),
                error.message,
            )
        })?;
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
        }
        pieces.push(Piece::Expr(expr, inner));
        at = inner + len + 2;
    }
    literal.push_str(&text[at..]);
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Ok(Template { pieces })
}

/// Where the expression ends: the first `}}` that is not inside quotes. Without one, the quote that is
/// still open and hides it, if there is such a quote.
fn closing(text: &str) -> Result<usize, Option<usize>> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some((open, _)) if c == open => quote = None,
            None if c == '"' || c == '\'' => quote = Some((c, at)),
            None if text[at..].starts_with("}}") => return Ok(at),
            _ => {}
        }
    }
    Err(quote
        .map(|(_, at)| at)
        .filter(|&at| text[at..].contains("}}")))
}

#[cfg(test)]
mod tests {
    use super::{Piece, split};

    #[test]
    fn braces_in_quotes_do_not_end_an_expression() {
        let template = split("한 ${{ replace(a, '}}', \"\") }} b").unwrap();
        assert!(matches!(template.pieces[1], Piece::Expr(_, 7)));
        assert_eq!(template.pieces.len(), 3);
    }

    #[test]
    fn a_doubled_dollar_is_literal_and_shell_text_is_untouched() {
        for (text, expected) in [
            ("$${{ x }}", "${{ x }}"),
            ("a $${{ b", "a ${{ b"),
            ("$HOME ${HOME} $(pwd) {{x}}", "$HOME ${HOME} $(pwd) {{x}}"),
        ] {
            assert_eq!(split(text).unwrap().literal(), Some(expected), "{text}");
        }
    }

    #[test]
    fn an_error_points_into_the_whole_text() {
        let error = split("ab ${{ x = y }}").unwrap_err();
        assert_eq!(error.at, 9..10);
        assert!(split("ab ${{ x").unwrap_err().message.contains("no `}}`"));
    }
}
