//! Expression text to tokens.

use std::ops::Range;

use super::{CompareOp, ExprError};

/// A token and the bytes it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) at: Range<usize>,
    pub(super) kind: TokenKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenKind {
    Text(String),
    Int(usize),
    Name(String),
    Op(CompareOp),
    Not,
    And,
    Or,
    Open,
    Close,
    OpenList,
    CloseList,
    Comma,
}

pub(super) fn lex(text: &str) -> Result<Vec<Token>, ExprError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let start = text.len() - rest.len();
        let Some(first) = rest.chars().next() else {
            return Ok(tokens);
        };
        let (kind, len) = match first {
            '"' | '\'' => quoted(rest, first, start)?,
            'a'..='z' | '_' | 'A'..='Z' => word(rest, start)?,
            '0'..='9' => integer(rest, start)?,
            _ => symbol(rest, start)?,
        };
        tokens.push(Token {
            at: start..start + len,
            kind,
        });
        rest = &rest[len..];
    }
}

fn quoted(rest: &str, quote: char, start: usize) -> Result<(TokenKind, usize), ExprError> {
    match rest[1..].find(quote) {
        Some(len) => Ok((TokenKind::Text(rest[1..=len].to_owned()), len + 2)),
        None => Err(ExprError::new(
            &(start..start + rest.len()),
            "this text has no closing quote",
        )),
    }
}

fn word(rest: &str, start: usize) -> Result<(TokenKind, usize), ExprError> {
    let len = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .unwrap_or(rest.len());
    let kind = match &rest[..len] {
        "not" => TokenKind::Not,
        "and" => TokenKind::And,
        "or" => TokenKind::Or,
        "in" => TokenKind::Op(CompareOp::In),
        name if is_name(name) => TokenKind::Name(name.to_owned()),
        name => {
            let at = start..start + len;
            return Err(ExprError::new(
                &at,
                format!("`{name}` is no name; names are lower-case letters, digits and `_`"),
            ));
        }
    };
    Ok((kind, len))
}

/// Whether a text is a name: `[a-z][a-z0-9_]*`.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn integer(rest: &str, start: usize) -> Result<(TokenKind, usize), ExprError> {
    let len = rest
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(rest.len());
    rest[..len]
        .parse()
        .map(|value| (TokenKind::Int(value), len))
        .map_err(|_| {
            let at = start..start + len;
            ExprError::new(
                &at,
                format!(
                    "write `\"{}\"`: versions and other text stand in quotes",
                    &rest[..len]
                ),
            )
        })
}

fn symbol(rest: &str, start: usize) -> Result<(TokenKind, usize), ExprError> {
    let two = rest.get(..2).unwrap_or_default();
    let operator = match two {
        "==" => Some(CompareOp::Equal),
        "!=" => Some(CompareOp::NotEqual),
        "<=" => Some(CompareOp::LessEqual),
        ">=" => Some(CompareOp::GreaterEqual),
        _ => None,
    };
    if let Some(operator) = operator {
        return Ok((TokenKind::Op(operator), 2));
    }
    let kind = match rest.as_bytes()[0] {
        b'<' => TokenKind::Op(CompareOp::Less),
        b'>' => TokenKind::Op(CompareOp::Greater),
        b'(' => TokenKind::Open,
        b')' => TokenKind::Close,
        b'[' => TokenKind::OpenList,
        b']' => TokenKind::CloseList,
        b',' => TokenKind::Comma,
        _ => return Err(unknown_symbol(rest, two, start)),
    };
    Ok((kind, 1))
}

fn unknown_symbol(rest: &str, two: &str, start: usize) -> ExprError {
    let hint = match (two, rest.as_bytes()[0]) {
        ("&&", _) => "; write `and`",
        ("||", _) => "; write `or`",
        (_, b'=') => "; write `==`",
        (_, b'!') => "; write `not`",
        _ => "",
    };
    let shown = rest.chars().next().unwrap_or(' ');
    ExprError::new(
        &(start..start + shown.len_utf8()),
        format!("`{shown}` has no meaning in an expression{hint}"),
    )
}
