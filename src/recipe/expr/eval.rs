//! Expressions to values.

use std::cmp::Ordering;
use std::ops::Range;

use super::{CompareOp, Expr, ExprError, ExprKind, version_cmp};

/// The longest text that a function makes.
const MAX_TEXT: usize = 1 << 20;

/// What an expression yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text.
    Text(String),
    /// True or false.
    Bool(bool),
    /// Several texts.
    List(Vec<String>),
}

impl Value {
    /// The kind of value, in words for messages.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Bool(_) => "a boolean",
            Self::List(_) => "a list",
        }
    }
}

type Eval<T> = Result<T, ExprError>;

/// Evaluates an expression; `lookup` gives the value of a name, or says in words why there is none.
pub fn eval(expr: &Expr, lookup: &mut dyn FnMut(&str) -> Result<Value, String>) -> Eval<Value> {
    Ok(match &expr.kind {
        ExprKind::Text(text) => Value::Text(text.clone()),
        ExprKind::Int(value) => Value::Text(value.to_string()),
        ExprKind::Name(name) => {
            lookup(name).map_err(|message| ExprError::new(&expr.at, message))?
        }
        ExprKind::List(items) => Value::List(
            items
                .iter()
                .map(|item| text(item, lookup))
                .collect::<Eval<Vec<String>>>()?,
        ),
        ExprKind::Call(name, arguments) => Value::Text(call(name, arguments, lookup)?),
        ExprKind::Compare(operator, left, right) => {
            Value::Bool(compare(*operator, left, right, lookup)?)
        }
        ExprKind::Not(inner) => Value::Bool(!boolean(inner, lookup)?),
        // Both sides are looked at even if one decides: a mistake must not hide behind a value.
        ExprKind::And(left, right) => {
            let (left, right) = (boolean(left, lookup)?, boolean(right, lookup)?);
            Value::Bool(left && right)
        }
        ExprKind::Or(left, right) => {
            let (left, right) = (boolean(left, lookup)?, boolean(right, lookup)?);
            Value::Bool(left || right)
        }
    })
}

/// Checks every name an expression uses without evaluating it.
pub fn static_check(expr: &Expr, known: &mut dyn FnMut(&str, &Range<usize>)) {
    match &expr.kind {
        ExprKind::Name(name) => known(name, &expr.at),
        ExprKind::Text(_) | ExprKind::Int(_) => {}
        ExprKind::List(items) | ExprKind::Call(_, items) => {
            for item in items {
                static_check(item, known);
            }
        }
        ExprKind::Compare(_, left, right)
        | ExprKind::And(left, right)
        | ExprKind::Or(left, right) => {
            static_check(left, known);
            static_check(right, known);
        }
        ExprKind::Not(inner) => static_check(inner, known),
    }
}

fn boolean(expr: &Expr, lookup: &mut dyn FnMut(&str) -> Result<Value, String>) -> Eval<bool> {
    match eval(expr, lookup)? {
        Value::Bool(value) => Ok(value),
        other => {
            let message = format!(
                "this is {}, not true or false; compare it",
                other.describe()
            );
            Err(ExprError::new(&expr.at, message))
        }
    }
}

fn text(expr: &Expr, lookup: &mut dyn FnMut(&str) -> Result<Value, String>) -> Eval<String> {
    match eval(expr, lookup)? {
        Value::Text(text) => Ok(text),
        other => {
            let message = format!("this is {}, where text is compared", other.describe());
            Err(ExprError::new(&expr.at, message))
        }
    }
}

fn compare(
    operator: CompareOp,
    left: &Expr,
    right: &Expr,
    lookup: &mut dyn FnMut(&str) -> Result<Value, String>,
) -> Eval<bool> {
    let a = text(left, lookup)?;
    if operator == CompareOp::In {
        return match eval(right, lookup)? {
            Value::List(items) => Ok(items.contains(&a)),
            _ => Err(ExprError::new(&right.at, "`in` wants a list on its right")),
        };
    }
    let b = text(right, lookup)?;
    let order = version_cmp(&a, &b);
    Ok(match operator {
        CompareOp::Equal | CompareOp::In => a == b,
        CompareOp::NotEqual => a != b,
        CompareOp::Less => order == Ordering::Less,
        CompareOp::LessEqual => order != Ordering::Greater,
        CompareOp::Greater => order == Ordering::Greater,
        CompareOp::GreaterEqual => order != Ordering::Less,
    })
}

fn call(
    name: &str,
    arguments: &[Expr],
    lookup: &mut dyn FnMut(&str) -> Result<Value, String>,
) -> Eval<String> {
    let subject = text(&arguments[0], lookup)?;
    if name == "replace" {
        let (old, new) = (text(&arguments[1], lookup)?, text(&arguments[2], lookup)?);
        if old.is_empty() {
            return Err(ExprError::new(
                &arguments[1].at,
                "there is nothing to look for",
            ));
        }
        return replaced(&subject, &old, &new).map_err(|len| {
            let message = format!("`replace` would make a text of {len} bytes of this");
            ExprError::new(&arguments[0].at, message)
        });
    }
    match arguments[1].kind {
        ExprKind::Int(count) if count > 0 => {
            Ok(subject.split('.').take(count).collect::<Vec<_>>().join("."))
        }
        _ => Err(ExprError::new(
            &arguments[1].at,
            "`upto` wants a whole number from 1 here",
        )),
    }
}

/// A text with another in place of each `old`; how long it would be where that is too long.
pub(crate) fn replaced(text: &str, old: &str, new: &str) -> Result<String, usize> {
    let growth = new.len().saturating_sub(old.len());
    // Counting is for those that grow: what shrinks has its bound already.
    let count = if growth > 0 {
        text.matches(old).count()
    } else {
        0
    };
    match text.len().saturating_add(count.saturating_mul(growth)) {
        len if len > MAX_TEXT => Err(len),
        _ => Ok(text.replace(old, new)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Value, eval};
    use crate::recipe::expr::parse;

    fn lookup(name: &str) -> Result<Value, String> {
        match name {
            "cuda" => Ok(Value::Text("12.8.1".into())),
            "full" => Ok(Value::Bool(true)),
            "extra" => Ok(Value::List(vec!["a".into(), "나".into()])),
            _ => Err(format!("`{name}` is unknown")),
        }
    }

    fn run(text: &str) -> Result<Value, String> {
        let expr = parse(text).map_err(|error| error.to_string())?;
        eval(&expr, &mut lookup).map_err(|error| error.to_string())
    }

    #[test]
    fn functions_and_comparisons_yield_what_the_language_says() {
        let text = |value: &str| Ok(Value::Text(value.into()));
        assert_eq!(run("upto(cuda, 2)"), text("12.8"));
        assert_eq!(run("upto(cuda, 9)"), text("12.8.1"));
        assert_eq!(run("replace(upto(cuda, 2), '.', '')"), text("128"));
        for (expr, value) in [
            ("cuda < \"12.10\"", true),
            ("cuda >= \"13\"", false),
            ("\"나\" in extra", true),
            ("cuda in ['12', '12.8.1']", true),
            ("not full or cuda == '12.8.1'", true),
            ("(full and cuda != 'x')", true),
        ] {
            assert_eq!(run(expr), Ok(Value::Bool(value)), "{expr}");
        }
    }

    #[test]
    fn a_replacement_that_multiplies_is_refused_before_it_is_made() {
        let mut lookup = |_: &str| Ok(Value::Text("a".repeat(1 << 20)));
        let expr = parse("replace(x, 'a', 'aa')").unwrap();
        let error = eval(&expr, &mut lookup).unwrap_err();
        assert!(error.message.contains("2097152 bytes"), "{error}");
        let expr = parse("replace(x, 'a', '한')").unwrap();
        assert!(eval(&expr, &mut lookup).is_err());
        let expr = parse("replace(x, 'a', '')").unwrap();
        assert_eq!(eval(&expr, &mut lookup), Ok(Value::Text(String::new())));
    }

    #[test]
    fn a_string_is_never_true() {
        assert!(run("cuda and full").unwrap_err().contains("compare it"));
        assert!(run("extra == 'a'").unwrap_err().contains("a list"));
        assert!(
            run("full or nothing == 'x'")
                .unwrap_err()
                .contains("unknown")
        );
    }
}
