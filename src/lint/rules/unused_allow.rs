//! `unused-allow`: a comment that allows what nobody reports.

use crate::diagnostic::Level;
use crate::lint::rule::{Check, Example, Rule, UNUSED};

pub(in crate::lint) static RULE: Rule = Rule {
    id: "unused-allow",
    group: UNUSED,
    level: Some(Level::Warning),
    fixed: false,
    summary: "an allow comment takes back nothing",
    why: "What it allowed is gone, or it stands at the wrong line. Left in place it would hide the next finding of that \
          rule without anybody having decided so.",
    bad: Example(&[(
        Example::PATH,
        "base: ubuntu:24.04   # kiln: allow latest-tag: our mirror moves it weekly\n",
    )]),
    good: Example(&[(
        Example::PATH,
        "base: ubuntu:latest   # kiln: allow latest-tag: our mirror moves it weekly\n",
    )]),
    check: Check::Engine,
};
