//! The expression language of `${{ … }}`, `if` and `match`.
//!
//! Text, booleans and lists of text; comparison, logic and two functions: enough to say how one
//! image differs from the next, and too little to write programs in. `<` compares versions piece by
//! piece ([`version_cmp`]), `==` is plain text. Must not know YAML: places are byte offsets into the
//! expression, which callers turn into places in a file.

mod eval;
mod lex;
mod order;
mod parse;
mod template;

pub(crate) use eval::replaced;
pub use eval::{Value, eval, static_check};
pub use order::version_cmp;
pub use parse::parse;
pub use template::{Piece, Template, split};

use std::ops::Range;

/// An expression with the bytes it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expr {
    /// Byte range in the expression's text.
    pub at: Range<usize>,
    /// What it is.
    pub kind: ExprKind,
}

/// The forms of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExprKind {
    /// `"text"`.
    Text(String),
    /// `["a", "b"]`.
    List(Vec<Expr>),
    /// An integer; stands only among a function's arguments.
    Int(usize),
    /// A name.
    Name(String),
    /// `function(arguments)`.
    Call(String, Vec<Expr>),
    /// `left op right`.
    Compare(CompareOp, Box<Expr>, Box<Expr>),
    /// `not x`.
    Not(Box<Expr>),
    /// `x and y`.
    And(Box<Expr>, Box<Expr>),
    /// `x or y`.
    Or(Box<Expr>, Box<Expr>),
}

/// Comparison operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareOp {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `in`
    In,
}

/// What is wrong with an expression, and which bytes of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExprError {
    /// Byte range in the expression's text.
    pub at: Range<usize>,
    /// What is wrong.
    pub message: String,
}

impl ExprError {
    /// An error at a range.
    pub fn new(at: &Range<usize>, message: impl Into<String>) -> Self {
        Self {
            at: at.clone(),
            message: message.into(),
        }
    }
}

/// The functions, with the number of their arguments.
pub const FUNCTIONS: [(&str, usize); 2] = [("replace", 3), ("upto", 2)];
