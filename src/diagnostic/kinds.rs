//! The kinds of mistakes that make a file unusable, each with a stable id.
//!
//! Lint rules have ids of their own. A kind cannot be allowed nor have another level: `build` refuses
//! the same file.

/// A kind of mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Its id, which stays.
    pub id: &'static str,
    /// What is wrong, in a few words.
    pub summary: &'static str,
    /// Why it is refused, and what to do.
    pub why: &'static str,
}

impl Kind {
    /// Whether a finding of it may weigh less than an error: what Backend.AI takes and does not heed.
    pub fn may_be_warning(&self) -> bool {
        self.id.starts_with("kernel-")
    }
}

/// The kind of an error that says no other.
pub(super) const RECIPE: &str = "recipe";

/// All kinds, by id.
pub const KINDS: &[Kind] = &[
    Kind {
        id: "ambiguous-scalar",
        summary: "a plain word that other YAML readers take for something else",
        why: "`3.10` is the number 3.1 to many readers, `no` is false, `12:30` is 750. A word that not all \
              readers see alike must be quoted.",
    },
    Kind {
        id: "condition",
        summary: "a conditional value that cannot be decided",
        why: "A conditional value is a map with `if` and `then`, or with `match` and `cases`. Each key must be \
              there, and a `match` needs a case for every value.",
    },
    Kind {
        id: "duplicate-key",
        summary: "a key that stands twice in a map",
        why: "YAML readers keep the first or the last value without a word. Only one of them can be meant.",
    },
    Kind {
        id: "duplicate-name",
        summary: "two recipes with one name",
        why: "A recipe is chosen by its name, on the command line and in `base`. It is unique in the workspace.",
    },
    Kind {
        id: "exclusion-without-effect",
        summary: "an entry of `exclude` that takes nothing away",
        why: "Its condition holds for no variant on any platform: it is misspelt, or what it spoke of has gone. Whoever \
              reads it believes that an image is missing for its reason.",
    },
    Kind {
        id: "exclusion-without-reason",
        summary: "an entry of `exclude` that does not say why",
        why: "Somebody will look for the missing image. `reason` is what plans show in its place.",
    },
    Kind {
        id: "expression",
        summary: "an expression that cannot be read or has no value",
        why: "Expressions know the names of the recipe's axes, columns and vars, and the names of the platform. \
              Everything else is a mistake, and not an empty text.",
    },
    Kind {
        id: "invalid-allow",
        summary: "a comment that should allow a finding, and does not",
        why: "`# kiln: allow RULE: reason` needs the id of a lint rule and a reason. Errors that make a recipe \
              unusable cannot be allowed.",
    },
    Kind {
        id: "invalid-value",
        summary: "a text that is none of what may stand there",
        why: "References, platforms, ports, sizes, modes and paths are checked where they are written, long before \
              a builder or a registry would refuse them.",
    },
    Kind {
        id: "kernel-contradiction",
        summary: "labels of Backend.AI that contradict each other or the tag",
        why: "The platform believes each by itself, and shows or starts something else than was built.",
    },
    Kind {
        id: "kernel-definition",
        summary: "a service definition that Backend.AI cannot use",
        why: "A definition is JSON with a `command`, of the name of a service that `services` declares. A service without \
              one, or with another name, is not started.",
    },
    Kind {
        id: "kernel-internal-label",
        summary: "a label that Backend.AI sets itself",
        why: "The platform writes these labels on images that sessions are made into, and believes them.",
    },
    Kind {
        id: "kernel-label-value",
        summary: "a value of a Backend.AI label that is not read, or read as something else",
        why: "Some values make a release refuse the image, others are taken for their opposite without a word. The message \
              names the releases.",
    },
    Kind {
        id: "kernel-missing-label",
        summary: "a label that Backend.AI needs",
        why: "Without it a release passes over the image at the scan. The message names the releases.",
    },
    Kind {
        id: "kernel-name",
        summary: "a repository that Backend.AI does not find",
        why: "The platform scans the projects of a registry. What lies beside them is not found.",
    },
    Kind {
        id: "kernel-quantity",
        summary: "an amount of a resource that Backend.AI does not read",
        why: "A unit or a number of another form keeps sessions of the image from starting.",
    },
    Kind {
        id: "kernel-service-port",
        summary: "a service port that Backend.AI does not take",
        why: "The label is read as a whole: one bad entry, or a port that is taken, loses all services.",
    },
    Kind {
        id: "kernel-unknown-label",
        summary: "a label of Backend.AI's that no release knows",
        why: "The platform keeps what it does not know, so that a misspelt label is seen by nobody.",
    },
    Kind {
        id: "lock",
        summary: "a mistake in kiln.lock",
        why: "The file is written by kiln and merged by git. What is damaged in it, or was left by a conflict, would pin \
              something that nobody has looked at.",
    },
    Kind {
        id: "lock-stale",
        summary: "something that kiln.lock does not have, or has for a recipe as it was before",
        why: "With `--locked` nothing is looked up. `kiln lock` adds what is missing and keeps what is there.",
    },
    Kind {
        id: "missing-checksum",
        summary: "`sha256` by `arch` without the checksum of one of them",
        why: "The recipe is built for that architecture too, and its download would be the only one nobody has looked at.",
    },
    Kind {
        id: "missing-key",
        summary: "a key that must be there and is not",
        why: "There is no default that would be right for everybody.",
    },
    Kind {
        id: "not-supported",
        summary: "a part of the language that this version does not know yet",
        why: "The key belongs to the language, and ignoring it would build something else than what is written.",
    },
    Kind {
        id: "recipe",
        summary: "another mistake in a recipe or in kiln.yaml",
        why: "The message says what is wrong. `build` refuses the same file.",
    },
    Kind {
        id: "recipe-cycle",
        summary: "recipes that are built on each other in a circle",
        why: "A base must be there before the image that begins with it.",
    },
    Kind {
        id: "unknown-key",
        summary: "a key that does not belong to the language",
        why: "A misspelt key that is ignored is a setting that never takes effect. The nearest known key is named.",
    },
    Kind {
        id: "unknown-recipe",
        summary: "a reference to a recipe, variant or platform that is not there",
        why: "`{recipe: NAME}` means exactly one variant of a recipe of this workspace, on the same platform.",
    },
    Kind {
        id: "unreadable-file",
        summary: "a file that cannot be read as text",
        why: "A recipe is UTF-8 of at most 1 MiB. The file is not there, may not be read, is larger, or holds other \
              bytes.",
    },
    Kind {
        id: "wrong-type",
        summary: "a list, map or text where another of these should stand",
        why: "Each key has one type. A list is always written as a list.",
    },
    Kind {
        id: "yaml-feature",
        summary: "anchors, aliases, merge keys, tags or a second document",
        why: "They copy values without a trace of where they come from. Sharing is `vars`, `extends` and `use`.",
    },
    Kind {
        id: "yaml-limits",
        summary: "a file that is too deep or has too many values",
        why: "A recipe is read within a budget, so that a hostile file costs no more than a harmless one.",
    },
    Kind {
        id: "yaml-syntax",
        summary: "text that is not YAML",
        why: "Nothing can be said of a file that cannot be read. Text with `: `, ` #` or brackets needs quotes, and \
              indentation is made of blanks.",
    },
];

/// The kind with an id.
pub fn kind(id: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.id == id)
}

#[cfg(test)]
mod tests {
    use super::{KINDS, RECIPE, kind};

    #[test]
    fn kinds_are_sorted_and_the_default_is_among_them() {
        assert!(KINDS.windows(2).all(|pair| pair[0].id < pair[1].id));
        assert!(kind(RECIPE).is_some() && kind("구운").is_none());
    }
}
