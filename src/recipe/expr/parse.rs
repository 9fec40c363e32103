//! Tokens to [`Expr`]: `or` binds loosest, then `and`, `not`, comparisons, operands.

use std::ops::Range;

use super::lex::{Token, TokenKind, lex};
use super::{Expr, ExprError, ExprKind, FUNCTIONS};
use crate::diagnostic::nearest;

/// The deepest nesting of parentheses, lists and `not`.
const MAX_DEPTH: usize = 16;
/// The most `and` and `or` in one expression: each is a level of the tree.
const MAX_JOINS: usize = 32;

/// Parses an expression.
pub fn parse(text: &str) -> Result<Expr, ExprError> {
    let tokens = lex(text)?;
    let mut parser = Parser {
        tokens: &tokens,
        next: 0,
        end: text.len(),
        depth: 0,
        joins: 0,
    };
    let expr = parser.or()?;
    match parser.peek() {
        None => Ok(expr),
        Some(token) => Err(ExprError::new(
            &token.at,
            "the expression should have ended here",
        )),
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    next: usize,
    end: usize,
    depth: usize,
    joins: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.next)
    }

    fn take(&mut self, kind: &TokenKind) -> Option<&'a Token> {
        let token = self.peek().filter(|token| token.kind == *kind)?;
        self.next += 1;
        Some(token)
    }

    fn missing(&self, what: &str) -> ExprError {
        match self.peek() {
            Some(token) => ExprError::new(&token.at, format!("{what} should stand here")),
            None => ExprError::new(
                &(self.end..self.end),
                format!("{what} is missing at the end"),
            ),
        }
    }

    fn or(&mut self) -> Result<Expr, ExprError> {
        let mut left = self.and()?;
        while let Some(token) = self.take(&TokenKind::Or) {
            self.count_join(&token.at)?;
            let right = self.and()?;
            left = join(left, right, ExprKind::Or);
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, ExprError> {
        let mut left = self.not()?;
        while let Some(token) = self.take(&TokenKind::And) {
            self.count_join(&token.at)?;
            let right = self.not()?;
            left = join(left, right, ExprKind::And);
        }
        Ok(left)
    }

    fn count_join(&mut self, at: &Range<usize>) -> Result<(), ExprError> {
        self.joins += 1;
        if self.joins <= MAX_JOINS {
            return Ok(());
        }
        let message = format!(
            "more than {MAX_JOINS} `and` and `or` in one expression; compare with `in [..]`, or use a var"
        );
        Err(ExprError::new(at, message))
    }

    fn not(&mut self) -> Result<Expr, ExprError> {
        let Some(token) = self.take(&TokenKind::Not) else {
            return self.comparison();
        };
        let inner = self.nested(&token.at, Self::not)?;
        Ok(Expr {
            at: token.at.start..inner.at.end,
            kind: ExprKind::Not(Box::new(inner)),
        })
    }

    fn comparison(&mut self) -> Result<Expr, ExprError> {
        let left = self.operand()?;
        let Some(TokenKind::Op(operator)) = self.peek().map(|token| &token.kind) else {
            return Ok(left);
        };
        self.next += 1;
        let right = self.operand()?;
        Ok(join(left, right, |l, r| ExprKind::Compare(*operator, l, r)))
    }

    fn operand(&mut self) -> Result<Expr, ExprError> {
        let Some(token) = self.peek() else {
            return Err(self.missing("a value"));
        };
        self.next += 1;
        let kind = match &token.kind {
            TokenKind::Text(text) => ExprKind::Text(text.clone()),
            TokenKind::Int(_) => {
                let message = "numbers stand in quotes: values are text, and `<` knows versions";
                return Err(ExprError::new(&token.at, message));
            }
            TokenKind::Name(name) if self.take(&TokenKind::Open).is_some() => {
                return self.call(name, &token.at);
            }
            TokenKind::Name(name) => ExprKind::Name(name.clone()),
            TokenKind::OpenList => {
                let items =
                    self.nested(&token.at, |p| p.items(&TokenKind::CloseList, Self::operand))?;
                return Ok(self.closed(token, ExprKind::List(items)));
            }
            TokenKind::Open => {
                let inner = self.nested(&token.at, Self::or)?;
                if self.take(&TokenKind::Close).is_none() {
                    return Err(self.missing("`)`"));
                }
                // A name is where it is written: what is said of it underlines it alone.
                if matches!(inner.kind, ExprKind::Name(_)) {
                    return Ok(inner);
                }
                return Ok(self.closed(token, inner.kind));
            }
            _ => {
                self.next -= 1;
                return Err(self.missing("a value"));
            }
        };
        Ok(Expr {
            at: token.at.clone(),
            kind,
        })
    }

    fn closed(&self, opening: &Token, kind: ExprKind) -> Expr {
        Expr {
            at: opening.at.start..self.tokens[self.next - 1].at.end,
            kind,
        }
    }

    fn call(&mut self, name: &str, at: &Range<usize>) -> Result<Expr, ExprError> {
        let Some((_, arity)) = FUNCTIONS.iter().find(|(known, _)| *known == name) else {
            let known = FUNCTIONS.map(|(name, _)| name);
            let hint = nearest(name, known).map_or_else(
                || {
                    format!(
                        "there are {}",
                        known.map(|n| format!("`{n}`")).join(" and ")
                    )
                },
                |near| format!("did you mean `{near}`?"),
            );
            return Err(ExprError::new(
                at,
                format!("there is no function `{name}`; {hint}"),
            ));
        };
        let arguments = self.nested(at, |p| p.items(&TokenKind::Close, Self::argument))?;
        if arguments.len() != *arity {
            let message = format!("`{name}` takes {arity} values, not {}", arguments.len());
            return Err(ExprError::new(at, message));
        }
        let end = self.tokens[self.next - 1].at.end;
        Ok(Expr {
            at: at.start..end,
            kind: ExprKind::Call(name.to_owned(), arguments),
        })
    }

    fn argument(&mut self) -> Result<Expr, ExprError> {
        if let Some(Token {
            at,
            kind: TokenKind::Int(value),
        }) = self.peek()
        {
            self.next += 1;
            return Ok(Expr {
                at: at.clone(),
                kind: ExprKind::Int(*value),
            });
        }
        self.operand()
    }

    fn items(
        &mut self,
        close: &TokenKind,
        item: impl Fn(&mut Self) -> Result<Expr, ExprError>,
    ) -> Result<Vec<Expr>, ExprError> {
        let mut items = Vec::new();
        if self.take(close).is_some() {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if self.take(close).is_some() {
                return Ok(items);
            }
            if self.take(&TokenKind::Comma).is_none() {
                return Err(self.missing("`,` or the closing bracket"));
            }
        }
    }

    fn nested<T>(
        &mut self,
        at: &Range<usize>,
        inner: impl FnOnce(&mut Self) -> Result<T, ExprError>,
    ) -> Result<T, ExprError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(ExprError::new(at, "the expression is nested too deeply"));
        }
        let result = inner(self);
        self.depth -= 1;
        result
    }
}

fn join(left: Expr, right: Expr, kind: impl FnOnce(Box<Expr>, Box<Expr>) -> ExprKind) -> Expr {
    Expr {
        at: left.at.start..right.at.end,
        kind: kind(Box::new(left), Box::new(right)),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::recipe::expr::ExprKind;

    #[test]
    fn a_name_in_parentheses_is_where_it_is_written() {
        let expr = parse("not ((flag ))").unwrap();
        let ExprKind::Not(inner) = expr.kind else {
            panic!("{expr:?}")
        };
        assert_eq!(inner.at, 6..10);
    }

    #[test]
    fn not_binds_tighter_than_and_and_and_tighter_than_or() {
        let expr = parse(r#"not a and b or c == "x""#).unwrap();
        let ExprKind::Or(left, _) = expr.kind else {
            panic!("{expr:?}")
        };
        let ExprKind::And(left, _) = left.kind else {
            panic!("{left:?}")
        };
        assert!(matches!(left.kind, ExprKind::Not(_)));
    }

    #[test]
    fn mistakes_are_named_with_their_bytes() {
        for (text, at, words) in [
            ("a = \"x\"", 2..3, "write `==`"),
            ("a && b", 2..3, "write `and`"),
            ("a == 3.10", 5..9, "in quotes"),
            ("upto(v)", 0..4, "takes 2 values"),
            ("upt(v, 2)", 0..3, "did you mean `upto`?"),
            ("a ==", 4..4, "missing at the end"),
            ("a == \"한", 5..9, "closing quote"),
            ("(a", 2..2, "`)`"),
            ("Accel == \"x\"", 0..5, "is no name"),
            ("a b", 2..3, "should have ended"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.at, at, "{text}: {error}");
            assert!(error.message.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_instead_of_overflowing() {
        assert!(parse(&"(".repeat(10_000)).is_err());
        assert!(parse(&"not ".repeat(10_000)).is_err());
        assert!(parse(&format!("a{}", " or a".repeat(32))).is_ok());
        let error = parse(&format!("a{}", " and a".repeat(200_000))).unwrap_err();
        assert!(error.message.contains("in one expression"), "{error}");
    }
}
