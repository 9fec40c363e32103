//! What is wrong with a published image, as data.
//!
//! Texts of an image are whatever somebody pushed: they are shortened and freed of control characters here, once.

use std::fmt::{self, Write as _};

use super::check::ImageCheck;
use crate::diagnostic::Level;
use crate::kernel::Range;

/// The longest message, in characters: a label may have megabytes.
const LONGEST: usize = 600;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFinding {
    /// The check that found it.
    pub check: &'static ImageCheck,
    /// The id that `kiln explain` knows: the check's, or that of the rule for the same mistake in a recipe.
    pub rule: &'static str,
    /// How much it weighs.
    pub level: Level,
    /// The releases of Backend.AI that mind; nothing where it concerns everybody.
    pub range: Option<Range>,
    /// The platform it is about, where it is one.
    pub platform: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl ImageFinding {
    /// A finding of a check, at the check's level.
    pub fn new(check: &'static ImageCheck, message: impl AsRef<str>) -> Self {
        Self {
            check,
            rule: check.id,
            level: check.level,
            range: None,
            platform: None,
            message: shown(message.as_ref()),
            help: None,
        }
    }

    /// The same about a platform.
    #[must_use]
    pub fn on(mut self, platform: impl fmt::Display) -> Self {
        self.platform = Some(shown(&platform.to_string()));
        self
    }

    /// The same with the next step.
    #[must_use]
    pub fn help(mut self, help: impl AsRef<str>) -> Self {
        self.help = Some(shown(help.as_ref()));
        self
    }

    /// The same at another level.
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// The same in some releases only.
    #[must_use]
    pub fn within(mut self, range: Range) -> Self {
        self.range = Some(range);
        self
    }

    /// The same under the id of a rule.
    #[must_use]
    pub(super) fn rule(mut self, rule: &'static str) -> Self {
        self.rule = rule;
        self
    }
}

impl fmt::Display for ImageFinding {
    /// Platform, message, releases.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(platform) = &self.platform {
            write!(f, "{platform}: ")?;
        }
        f.write_str(&self.message)?;
        match self.range {
            Some(range) => write!(f, " ({range})"),
            None => Ok(()),
        }
    }
}

/// A text from outside on one line, without what a terminal obeys, and not too long.
fn shown(text: &str) -> String {
    let mut all = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == LONGEST {
            let more = text.chars().count() - LONGEST;
            let _ = write!(all, "… ({more} more characters)");
            break;
        }
        if c.is_control() || is_invisible(c) {
            all.extend(c.escape_unicode());
        } else {
            all.push(c);
        }
    }
    all
}

/// Characters that change how others are shown: marks of direction, and separators of lines.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, shown};

    #[test]
    fn a_text_from_outside_is_shown_on_one_line_and_not_too_long() {
        assert_eq!(shown("색 \u{1b}[31m\n"), "색 \\u{1b}[31m\\u{a}");
        assert_eq!(shown("a\u{202e}b"), "a\\u{202e}b");
        let long = shown(&"값".repeat(LONGEST + 7));
        assert!(long.ends_with("값… (7 more characters)"), "{long}");
    }
}
