//! One pattern against one path. Owns the grammar of `*`, `?`, `**`, `[…]` and `\`; knows neither
//! `!` nor files.
//!
//! A pattern is a list of tokens that is run as a small state machine over the characters of a
//! path. The same machine answers the question that lets a walk skip folders: whether anything
//! below a folder could still match ([`Pattern::can_match_below`]).

use crate::context::error::PatternProblem;

/// A compiled pattern without its `!`. Matches whole paths, `/`-separated and relative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    tokens: Vec<Token>,
    /// The only path it matches, when it has no special character.
    literal: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// This very character.
    Char(char),
    /// `?`: one character, not `/`.
    Any,
    /// `[…]`: one character of a set. `/` has no special place here, as in moby's matcher.
    Class(Class),
    /// `*`: any number of characters, not `/`.
    Star,
    /// `**` in the middle: nothing, or whole folders including the `/` behind them.
    Dirs,
    /// `**` at the end: everything that follows.
    Tail,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Class {
    negated: bool,
    ranges: Vec<(char, char)>,
}

impl Class {
    fn contains(&self, c: char) -> bool {
        self.negated
            != self
                .ranges
                .iter()
                .any(|&(low, high)| (low..=high).contains(&c))
    }
}

impl Pattern {
    /// Compiles a cleaned pattern.
    pub(super) fn new(text: &str) -> Result<Pattern, PatternProblem> {
        let mut tokens = Vec::new();
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            tokens.push(match c {
                '*' if rest.next_if_eq(&'*').is_some() => {
                    let slash = rest.next_if_eq(&'/').is_some();
                    // `**name` with nothing special in it is a plain "ends in" for moby.
                    let suffix = tokens.is_empty() && !slash && is_plain(rest.clone());
                    if rest.peek().is_none() || suffix {
                        Token::Tail
                    } else {
                        Token::Dirs
                    }
                }
                '*' => Token::Star,
                '?' => Token::Any,
                '[' => Token::Class(class(&mut rest)?),
                '\\' => Token::Char(rest.next().ok_or(PatternProblem::TrailingEscape)?),
                c => Token::Char(c),
            });
        }
        let literal = tokens
            .iter()
            .map(|token| match token {
                Token::Char(c) => Some(*c),
                _ => None,
            })
            .collect();
        Ok(Pattern { tokens, literal })
    }

    /// A pattern that matches `path` alone, whatever characters it has.
    pub(super) fn literal(path: &str) -> Pattern {
        Pattern {
            tokens: path.chars().map(Token::Char).collect(),
            literal: Some(path.to_owned()),
        }
    }

    /// A pattern that matches everything.
    pub(super) fn any() -> Pattern {
        Pattern {
            tokens: vec![Token::Tail],
            literal: None,
        }
    }

    /// Whether the whole of `path` matches.
    pub(super) fn matches(&self, path: &str) -> bool {
        match &self.literal {
            Some(literal) => literal == path,
            None => self.run(path.chars()).last() == Some(&true),
        }
    }

    /// Whether a path below the folder `dir` could match.
    pub(super) fn can_match_below(&self, dir: &str) -> bool {
        if let Some(literal) = &self.literal {
            return literal
                .strip_prefix(dir)
                .is_some_and(|rest| rest.starts_with('/'));
        }
        let states = self.run(dir.chars().chain(['/']));
        states[..states.len() - 1].contains(&true)
    }

    /// The live states after `input`. State `2 * i` stands before token `i`, `2 * i + 1` inside a
    /// [`Token::Dirs`] at `i`; the last one is the end of the pattern.
    fn run(&self, input: impl Iterator<Item = char>) -> Vec<bool> {
        let end = 2 * self.tokens.len();
        let mut now = vec![false; end + 1];
        let mut next = now.clone();
        self.enter(&mut now, 0);
        for c in input {
            next.fill(false);
            for state in (0..end).filter(|&state| now[state]) {
                self.step(&mut next, state, c);
            }
            std::mem::swap(&mut now, &mut next);
            if !now.contains(&true) {
                break;
            }
        }
        now
    }

    /// Marks the state before token `index`, and those reached from it without input.
    fn enter(&self, states: &mut [bool], index: usize) {
        states[2 * index] = true;
        if let Some(Token::Star | Token::Dirs | Token::Tail) = self.tokens.get(index) {
            self.enter(states, index + 1);
        }
    }

    fn step(&self, next: &mut [bool], state: usize, c: char) {
        let index = state / 2;
        let hit = match &self.tokens[index] {
            Token::Char(expected) => *expected == c,
            Token::Any => c != '/',
            Token::Class(class) => class.contains(c),
            Token::Star => {
                if c != '/' {
                    self.enter(next, index);
                }
                false
            }
            Token::Tail => {
                self.enter(next, index);
                false
            }
            Token::Dirs => {
                next[2 * index + 1] = true;
                c == '/'
            }
        };
        if hit {
            self.enter(next, index + 1);
        }
    }
}

fn is_plain(mut rest: impl Iterator<Item = char>) -> bool {
    rest.all(|c| !matches!(c, '*' | '?' | '[' | ']' | '\\'))
}

/// Reads a `[…]` behind its `[`. The grammar is that of Go's `path/filepath.Match`.
fn class(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Class, PatternProblem> {
    let negated = rest.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        if !ranges.is_empty() && rest.next_if_eq(&']').is_some() {
            return Ok(Class { negated, ranges });
        }
        let low = class_char(rest)?;
        let high = match rest.next_if_eq(&'-') {
            Some(_) => class_char(rest)?,
            None => low,
        };
        if low > high {
            return Err(PatternProblem::BackwardRange);
        }
        ranges.push((low, high));
    }
}

fn class_char(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<char, PatternProblem> {
    match rest.next() {
        None => Err(PatternProblem::OpenClass),
        Some(']' | '-') => Err(PatternProblem::EmptyRange),
        Some('\\') => rest.next().ok_or(PatternProblem::TrailingEscape),
        Some(c) => Ok(c),
    }
}

#[cfg(test)]
mod tests {
    use super::{Pattern, PatternProblem};

    #[test]
    fn one_pattern_against_one_path() {
        let rows = [
            ("a", "a", true),
            ("a", "a/b", false),
            ("a/b", "a/b", true),
            ("*", "naïve.py", true),
            ("*", "a/b", false),
            ("*.py", "über.py", true),
            ("*.py", ".py", true),
            ("?", "é", true),
            ("?", "/", false),
            ("a?c", "a/c", false),
            ("**", "a/b/c", true),
            ("**/c", "c", true),
            ("**/c", "a/b/c", true),
            ("**/c", "a/bc", false),
            ("**c", "a/bc", true),
            ("**c*", "a/bc", false),
            ("**c*", "b/cd", true),
            ("a/**", "a/b/c", true),
            ("a/**", "a", false),
            ("a/**/c", "a/c", true),
            ("a/**/c", "a/x/y/c", true),
            ("a/**/c", "a/xc", false),
            ("a**", "ab/c", true),
            ("[a-z]x", "qx", true),
            ("[a-z]x", "Qx", false),
            ("[^a]x", "bx", true),
            ("[^a]x", "ax", false),
            ("[ä-ü]", "ö", true),
            ("a[^b]c", "a/c", true),
            ("[*]", "*", true),
            ("[\\]]", "]", true),
            ("a]", "a]", true),
            (r"\*", "*", true),
            (r"\*", "x", false),
            (r"a\d", "ad", true),
            ("a.b+(c)|{d}$", "a.b+(c)|{d}$", true),
            ("a.b*", "axb", false),
        ];
        for (pattern, path, expected) in rows {
            let compiled = Pattern::new(pattern).unwrap();
            assert_eq!(compiled.matches(path), expected, "{pattern} on {path}");
        }
    }

    #[test]
    fn folders_below_which_nothing_matches_are_known() {
        let rows = [
            ("a/b/c", "a", true),
            ("a/b/c", "a/b", true),
            ("a/b/c", "a/b/c", false),
            ("a/b/c", "ab", false),
            ("a/*.py", "a", true),
            ("a/*.py", "a/b", false),
            ("*.py", "a", false),
            ("*/x", "a", true),
            ("*/x", "a/b", false),
            ("**/x", "q/r/s", true),
            ("a/**", "a/b", true),
            ("a/**", "b", false),
        ];
        for (pattern, dir, expected) in rows {
            let compiled = Pattern::new(pattern).unwrap();
            assert_eq!(compiled.can_match_below(dir), expected, "{pattern} {dir}");
        }
    }

    #[test]
    fn broken_patterns_say_what_is_broken() {
        let rows = [
            ("[", PatternProblem::OpenClass),
            ("[a", PatternProblem::OpenClass),
            ("[a-", PatternProblem::OpenClass),
            ("[]", PatternProblem::EmptyRange),
            ("[^]a]", PatternProblem::EmptyRange),
            ("[-a]", PatternProblem::EmptyRange),
            ("[a-]", PatternProblem::EmptyRange),
            ("[z-a]", PatternProblem::BackwardRange),
            ("a\\", PatternProblem::TrailingEscape),
            ("[\\", PatternProblem::TrailingEscape),
        ];
        for (pattern, expected) in rows {
            assert_eq!(Pattern::new(pattern), Err(expected), "{pattern}");
        }
    }

    #[test]
    fn a_literal_has_no_special_characters() {
        assert!(Pattern::literal("a[1]*").matches("a[1]*"));
        assert!(!Pattern::literal("a*").matches("ab"));
    }
}
