//! Lists of patterns: the language of `.dockerignore`. Owns reading, cleaning, `!` and "the last
//! match decides"; knows no files.

use crate::context::error::{ParsePatternError, PatternProblem};
use crate::context::pattern::Pattern;

/// An ordered list of patterns, as in a `.dockerignore` file.
///
/// A path matches when the last pattern that matches it, or a folder above it, has no `!`. The
/// patterns are those of `moby/patternmatcher`: `*` and `?` within a name, `**` across folders,
/// `[a-z]` and `[^a]`, and `\` to take the next character as it stands. Moby's matcher goes through
/// a regular expression and has accidents that are not copied: `[*]` and `[?]` mean these
/// characters here, `\d` means `d`, and `^` outside `[…]` means itself.
///
/// One surprise is copied, since it decides which files an existing `.dockerignore` picks: what lies
/// in a folder inherits from it only patterns that changed something there. `**/*.md` and then
/// `!docs` leaves out `docs/a.md`, because `!docs` had nothing to except at `docs`; `!docs/**` is
/// what was meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PatternSet {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    exception: bool,
    pattern: Pattern,
}

/// What a folder hands down to what lies in it: which patterns matched it or a folder above.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inherited(Vec<bool>);

impl PatternSet {
    /// Compiles patterns. Blank ones are skipped; a leading `/`, `./` and a trailing `/` go.
    ///
    /// # Errors
    /// The first pattern that cannot be understood, with its place in the list left open.
    pub fn new<S: AsRef<str>>(
        patterns: impl IntoIterator<Item = S>,
    ) -> Result<PatternSet, ParsePatternError> {
        let mut rules = Vec::new();
        for text in patterns {
            let text = text.as_ref();
            let problem = |problem| ParsePatternError {
                pattern: text.to_owned(),
                line: None,
                problem,
            };
            let Some(clean) = clean_rule(text).map_err(problem)? else {
                continue;
            };
            let (exception, body) = match clean.strip_prefix('!') {
                Some(body) => (true, body),
                None => (false, clean.as_str()),
            };
            let pattern = Pattern::new(body).map_err(problem)?;
            rules.push(Rule { exception, pattern });
        }
        Ok(PatternSet { rules })
    }

    /// Adds one path that matches whatever characters it has.
    pub(super) fn push_literal(&mut self, path: &str) {
        self.rules.push(Rule {
            exception: false,
            pattern: Pattern::literal(path),
        });
    }

    /// Whether there is no pattern.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether `path` (relative, clean, `/`-separated) matches.
    pub fn matches(&self, path: &str) -> bool {
        let mut above = Inherited::default();
        let ends = path.match_indices('/').map(|(end, _)| end);
        for end in ends {
            above = self.matches_in_walk(&path[..end], &above).1;
        }
        self.matches_in_walk(path, &above).0
    }

    /// The same as [`PatternSet::matches`] for a walk: `above` is what the folder of `path` handed
    /// down (the default at the root), and the answer holds what `path` hands down.
    pub fn matches_in_walk(&self, path: &str, above: &Inherited) -> (bool, Inherited) {
        let mut matched = false;
        let mut own = Vec::with_capacity(self.rules.len());
        for (index, rule) in self.rules.iter().enumerate() {
            let inherited = above.0.get(index) == Some(&true);
            let may_change = rule.exception == matched;
            let hit = inherited || (may_change && rule.pattern.matches(path));
            own.push(hit);
            if hit {
                matched = !rule.exception;
            }
        }
        (matched, Inherited(own))
    }

    /// Whether something below the folder `dir` could match although `dir` does not.
    pub fn may_match_below(&self, dir: &str) -> bool {
        self.any_below(dir, false)
    }

    /// Whether an exception (`!`) could free something below the folder `dir` although `dir`
    /// matches.
    pub fn may_except_below(&self, dir: &str) -> bool {
        self.any_below(dir, true)
    }

    fn any_below(&self, dir: &str, exception: bool) -> bool {
        self.rules
            .iter()
            .any(|rule| rule.exception == exception && rule.pattern.can_match_below(dir))
    }
}

/// Reads a `.dockerignore` file: one pattern per line, `#` at the start of a line for comments.
///
/// The patterns come back cleaned and in order; they are fit for [`PatternSet::new`], for a builder
/// and for [`rebase`].
///
/// # Errors
/// The first line that cannot be understood, by its number.
pub fn parse_ignore_file(text: &str) -> Result<Vec<String>, ParsePatternError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut patterns = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.starts_with('#') {
            continue;
        }
        let problem = |problem| ParsePatternError {
            pattern: line.trim().to_owned(),
            line: Some(index + 1),
            problem,
        };
        if let Some(clean) = clean_rule(line).map_err(problem)? {
            Pattern::new(clean.strip_prefix('!').unwrap_or(&clean)).map_err(problem)?;
            patterns.push(clean);
        }
    }
    Ok(patterns)
}

/// Makes patterns that were written for the folder `dir` mean the same from the folder above:
/// `*.log` in `web/app` becomes `web/app/*.log`.
///
/// A pattern is bound to its folder, so `!secret` there never frees a `secret` elsewhere; one that
/// could only match the folder itself or something outside it is dropped.
pub fn rebase(patterns: &[String], dir: &str) -> Vec<String> {
    let dir = clean(dir);
    if dir == "." {
        return patterns.to_vec();
    }
    let mut place = String::new();
    for c in dir.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '\\' | '!') {
            place.push('\\');
        }
        place.push(c);
    }
    let join = |pattern: &String| {
        let (sign, body) = match pattern.strip_prefix('!') {
            Some(body) => ("!", clean(body)),
            None => ("", clean(pattern)),
        };
        let inside = !matches!(body.as_str(), "." | "/" | "..") && !body.starts_with("../");
        inside.then(|| format!("{sign}{place}/{body}"))
    };
    patterns.iter().filter_map(join).collect()
}

/// One pattern without blanks and needless separators; `None` when nothing is left.
fn clean_rule(text: &str) -> Result<Option<String>, PatternProblem> {
    let text = text.trim();
    let (sign, body) = match text.strip_prefix('!') {
        Some(body) => ("!", body.trim()),
        None => ("", text),
    };
    match (sign, clean(body)) {
        ("", _) if body.is_empty() => Ok(None),
        ("!", clean) if body.is_empty() || clean == "/" => Err(PatternProblem::LoneExclamation),
        (sign, clean) => Ok(Some(format!("{sign}{clean}"))),
    }
}

/// Removes `.`, `..` that can be resolved, double and trailing `/`, and the leading `/` of a path.
pub(super) fn clean(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&last) if last != ".." => {
                    parts.pop();
                }
                _ if absolute => {}
                _ => parts.push(part),
            },
            part => parts.push(part),
        }
    }
    match (parts.is_empty(), absolute) {
        (false, _) => parts.join("/"),
        (true, true) => "/".to_owned(),
        (true, false) => ".".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop, prop_assert_eq, proptest};

    use super::{Inherited, PatternSet, parse_ignore_file, rebase};

    fn set(patterns: &[&str]) -> PatternSet {
        PatternSet::new(patterns).unwrap()
    }

    #[test]
    fn the_last_match_decides_and_parents_count() {
        let rows: [(&[&str], &str, bool); 18] = [
            (&[], "a", false),
            (&["a"], "a/b/c", true),
            (&["/a/"], "a", true),
            (&["./a"], "a", true),
            (&["  a  "], "a", true),
            (&["a/../b"], "b", true),
            (&["a", "!a/b"], "a/b", false),
            (&["a", "!a/b"], "a/b/c", false),
            (&["a", "!a/b"], "a/c", true),
            (&["a", "!a/b", "a"], "a/b", false),
            (&["!a", "a"], "a", true),
            (&["*", "!wörter"], "wörter/ß.txt", false),
            (&["*", "!wörter"], "worter", true),
            (&["**/*.pyc"], "a/b/x.pyc", true),
            (&["! a", "b"], "a", false),
            (&["**/*.md", "!docs"], "docs/a.md", true),
            (&["**/*.md", "!docs/**"], "docs/a.md", false),
            (&["node_modules"], "a/node_modules", false),
        ];
        for (patterns, path, expected) in rows {
            assert_eq!(set(patterns).matches(path), expected, "{patterns:?} {path}");
        }
    }

    #[test]
    fn an_ignore_file_is_cleaned_line_by_line() {
        let text = "\u{feff}# comment\n\n/a/\r\n  ./b/*.log \n!c//d\n ! é\n #kept\n/\n";
        assert_eq!(
            parse_ignore_file(text).unwrap(),
            ["a", "b/*.log", "!c/d", "!é", "#kept", "/"]
        );
    }

    #[test]
    fn a_broken_line_is_named() {
        let error = parse_ignore_file("ok\n\n  [a\n").unwrap_err();
        assert_eq!((error.line, error.pattern.as_str()), (Some(3), "[a"));
        let error = parse_ignore_file("!").unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid pattern `!` on line 1: `!` needs a pattern behind it"
        );
    }

    #[test]
    fn rebased_patterns_stay_in_their_folder() {
        let patterns = ["*.log".to_owned(), "!keep".to_owned()];
        assert_eq!(
            rebase(&patterns, "./w[1]/"),
            [r"w\[1\]/*.log", r"!w\[1\]/keep"]
        );
        assert_eq!(rebase(&patterns, "."), patterns);
        let outside = [".", "/", "../a", "!.."].map(str::to_owned);
        assert!(rebase(&outside, "w").is_empty());
        let rebased = PatternSet::new(rebase(&patterns, "w[1]")).unwrap();
        assert!(rebased.matches("w[1]/x.log"));
        assert!(!rebased.matches("x.log"));
    }

    #[test]
    fn folders_that_can_be_skipped_are_known() {
        let excluded = set(&["vendor", "!vendor/keep", "build"]);
        assert!(excluded.may_except_below("vendor"));
        assert!(!excluded.may_except_below("build"));
        assert!(set(&["*", "!**/x"]).may_except_below("any"));
        let included = set(&["src/**/*.py", "docs"]);
        assert!(included.may_match_below("src/a/b"));
        assert!(!included.may_match_below("tests"));
    }

    proptest! {
        #[test]
        fn what_is_skipped_holds_nothing_that_is_not_excluded(
            patterns in prop::collection::vec("!?[ab*?/]{1,6}", 0..5),
            parts in prop::collection::vec("[ab]{1,2}", 1..5),
        ) {
            let Ok(set) = PatternSet::new(&patterns) else { return Ok(()) };
            let mut above = Inherited::default();
            let mut pruned = false;
            for end in 1..=parts.len() {
                let path = parts[..end].join("/");
                let (matched, own) = set.matches_in_walk(&path, &above);
                prop_assert_eq!(matched, set.matches(&path));
                prop_assert_eq!(pruned && !matched, false, "{} was skipped", path);
                pruned |= matched && !set.may_except_below(&path);
                above = own;
            }
        }
    }
}
