//! What can be wrong with patterns and local folders. Knows no caller.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A pattern that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("invalid pattern `{pattern}`{}: {problem}", line_suffix(*.line))]
pub struct ParsePatternError {
    /// The pattern as written.
    pub pattern: String,
    /// The line it stands on, from 1, when it was read from a file.
    pub line: Option<usize>,
    /// What is wrong with it.
    pub problem: PatternProblem,
}

/// Why a pattern cannot be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PatternProblem {
    /// `!` with nothing behind it.
    #[error("`!` needs a pattern behind it")]
    LoneExclamation,
    /// `[` without its `]`.
    #[error("`[` is never closed")]
    OpenClass,
    /// `[]`, `[^]`, or a `]` or `-` where a character is expected.
    #[error("a character is missing between `[` and `]` (write `\\]` or `\\-` for these)")]
    EmptyRange,
    /// `[z-a]`.
    #[error("a range between `[` and `]` runs backwards")]
    BackwardRange,
    /// `\` at the end.
    #[error("`\\` at the end escapes nothing")]
    TrailingEscape,
}

fn line_suffix(line: Option<usize>) -> String {
    line.map(|line| format!(" on line {line}"))
        .unwrap_or_default()
}

/// A folder that cannot be read as asked.
#[derive(Debug, Error)]
pub enum ContextError {
    /// A file, folder or link that cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// Where it is on this machine.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The root is not a folder.
    #[error("`{}` is not a directory", path.display())]
    NotADirectory {
        /// Where it is on this machine.
        path: PathBuf,
    },
    /// A name that is not UTF-8; images cannot be described with it.
    #[error("the name of `{}` is not valid UTF-8", path.display())]
    NotUtf8 {
        /// The path, printed as well as it can be.
        path: PathBuf,
    },
    /// A link whose target is not UTF-8.
    #[error("the target of the link `{}` is not valid UTF-8", path.display())]
    TargetNotUtf8 {
        /// The link.
        path: PathBuf,
    },
    /// A path that leads out of the folder.
    #[error("`{path}` leads out of its directory")]
    Outside {
        /// The path as written.
        path: String,
    },
    /// A pattern that cannot be understood.
    #[error(transparent)]
    Pattern(#[from] ParsePatternError),
}

#[cfg(test)]
mod tests {
    use super::{ParsePatternError, PatternProblem};

    #[test]
    fn the_line_is_named_only_when_known() {
        let mut error = ParsePatternError {
            pattern: "ä[".to_owned(),
            line: Some(3),
            problem: PatternProblem::OpenClass,
        };
        assert_eq!(
            error.to_string(),
            "invalid pattern `ä[` on line 3: `[` is never closed"
        );
        error.line = None;
        assert_eq!(
            error.to_string(),
            "invalid pattern `ä[`: `[` is never closed"
        );
    }
}
