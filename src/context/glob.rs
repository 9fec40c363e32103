//! Globs over a folder: which paths `src/*.py` stands for. Owns the expansion; the grammar of one
//! name is that of the ignore patterns.

use std::path::Path;

use crate::context::error::{ContextError, ParsePatternError};
use crate::context::follow::Root;
use crate::context::ignore::{PatternSet, clean};
use crate::context::pattern::Pattern;

/// Whether a path has characters that make it a glob (`*`, `?`, `[`, `\`).
pub fn is_glob(path: &str) -> bool {
    path.contains(['*', '?', '[', '\\'])
}

/// The paths below `root` that a glob stands for, sorted name by name; a path without wildcards
/// stands for itself if it is there.
///
/// `*`, `?` and `[…]` never match a `/`, `**` alone between two `/` matches any number of folders
/// (not through symbolic links), hidden files are no exception. Links on the way are followed inside
/// the root. What `exclude` matches is left out, except a folder in which something is excepted.
///
/// # Errors
/// A path that leads out of the root, a broken pattern, a folder that cannot be read, a matching
/// name that is not UTF-8.
pub fn expand(
    root: &Path,
    pattern: &str,
    exclude: &PatternSet,
) -> Result<Vec<String>, ContextError> {
    let cleaned = clean(pattern);
    if cleaned == ".." || cleaned.starts_with("../") {
        return Err(ContextError::Outside {
            path: pattern.to_owned(),
        });
    }
    expand_in(Root::new(root)?, &cleaned, exclude)
}

/// [`expand`] of a cleaned pattern.
pub(super) fn expand_in(
    root: Root<'_>,
    pattern: &str,
    exclude: &PatternSet,
) -> Result<Vec<String>, ContextError> {
    if matches!(pattern, "" | "." | "/") {
        return Ok(vec![".".to_owned()]);
    }
    let mut search = Search {
        root,
        exclude,
        at: Vec::new(),
        found: Vec::new(),
    };
    search.descend(&steps(pattern)?)?;
    let mut found = search.found;
    found.sort_by(|a, b| a.split('/').cmp(b.split('/')));
    found.dedup();
    Ok(found)
}

enum Step {
    Name(String),
    Glob(Pattern),
    AnyDepth,
}

fn steps(pattern: &str) -> Result<Vec<Step>, ContextError> {
    let parts: Vec<&str> = pattern.split('/').collect();
    let mut steps = Vec::with_capacity(parts.len());
    for (index, part) in parts.iter().enumerate() {
        let last = index + 1 == parts.len();
        steps.push(match *part {
            "**" if !last => Step::AnyDepth,
            part if is_glob(part) => {
                Step::Glob(Pattern::new(part).map_err(|problem| ParsePatternError {
                    pattern: pattern.to_owned(),
                    line: None,
                    problem,
                })?)
            }
            part => Step::Name(part.to_owned()),
        });
    }
    Ok(steps)
}

struct Search<'a> {
    root: Root<'a>,
    exclude: &'a PatternSet,
    /// Where the search stands, name by name.
    at: Vec<String>,
    found: Vec<String>,
}

impl Search<'_> {
    fn descend(&mut self, steps: &[Step]) -> Result<(), ContextError> {
        let Some((step, rest)) = steps.split_first() else {
            return self.take();
        };
        match step {
            Step::Name(name) => self.enter(name.clone(), rest),
            Step::Glob(pattern) => {
                for name in self.matching_names(pattern)? {
                    self.enter(name, rest)?;
                }
                Ok(())
            }
            Step::AnyDepth => {
                self.descend(rest)?;
                for name in self.matching_names(&Pattern::any())? {
                    self.at.push(name);
                    if self.root.lstat(&self.at)?.is_some_and(|it| it.is_dir()) {
                        self.descend(steps)?;
                    }
                    self.at.pop();
                }
                Ok(())
            }
        }
    }

    fn enter(&mut self, name: String, rest: &[Step]) -> Result<(), ContextError> {
        self.at.push(name);
        let result = self.descend(rest);
        self.at.pop();
        result
    }

    /// Takes the place where the search stands, if it exists and is not excluded.
    fn take(&mut self) -> Result<(), ContextError> {
        let Some(metadata) = self.root.lstat(&self.at)? else {
            return Ok(());
        };
        let path = self.at.join("/");
        let excluded = self.exclude.matches(&path)
            && !(metadata.is_dir() && self.exclude.may_except_below(&path));
        if !excluded {
            self.found.push(path);
        }
        Ok(())
    }

    fn matching_names(&self, pattern: &Pattern) -> Result<Vec<String>, ContextError> {
        let mut matching = Vec::new();
        for name in self.root.names(&self.at)? {
            if !pattern.matches(&name.to_string_lossy()) {
                continue;
            }
            let name = name.into_string().map_err(|name| ContextError::NotUtf8 {
                path: self.at.iter().collect::<std::path::PathBuf>().join(name),
            })?;
            matching.push(name);
        }
        Ok(matching)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::expand;
    use crate::context::error::ContextError;
    use crate::context::ignore::PatternSet;

    #[test]
    fn globs_stand_for_sorted_paths() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        for path in [
            "a/x.py",
            "a-b/x.py",
            "a/b/ÿ.py",
            "a/.hidden.py",
            "top.py",
            "[x].py",
        ] {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), "").unwrap();
        }
        symlink("a", root.join("link")).unwrap();
        symlink("/nowhere", root.join("dangling")).unwrap();
        let rows: [(&str, &[&str]); 13] = [
            ("*.py", &["[x].py", "top.py"]),
            ("a/*.py", &["a/.hidden.py", "a/x.py"]),
            ("*/x.py", &["a/x.py", "a-b/x.py", "link/x.py"]),
            ("**/ÿ.py", &["a/b/ÿ.py"]),
            ("a/**/*.py", &["a/.hidden.py", "a/b/ÿ.py", "a/x.py"]),
            (r"\[x\].py", &["[x].py"]),
            ("./a/", &["a"]),
            ("dang*", &["dangling"]),
            ("link/b/?.py", &["link/b/ÿ.py"]),
            ("top.py/x", &[]),
            ("nothing", &[]),
            ("*.rs", &[]),
            (".", &["."]),
        ];
        for (pattern, expected) in rows {
            let found = expand(root, pattern, &PatternSet::default()).unwrap();
            assert_eq!(found, expected, "{pattern}");
        }
        let exclude = PatternSet::new(["a-b", "a", "!a/b/ÿ.py"]).unwrap();
        assert_eq!(
            expand(root, "a*", &exclude).unwrap(),
            ["a"],
            "kept for what is excepted in it"
        );
        assert!(expand(root, "a/*.py", &exclude).unwrap().is_empty());
        assert!(matches!(
            expand(root, "a/../../x", &PatternSet::default()),
            Err(ContextError::Outside { .. })
        ));
    }
}
