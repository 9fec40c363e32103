//! Labels that no release covered here reads any more, and those that do nothing today: the data of a lint rule.

use super::release::Range;

/// A label that does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retired {
    /// The key; one that ends in `.` stands for all that begin so.
    pub key: &'static str,
    /// Whether a rule still knows it (`deprecated`) or nothing does (`obsolete`).
    pub state: &'static str,
    /// The releases in which it does nothing.
    pub range: Range,
    /// Why, as the end of a sentence that begins with the key.
    pub why: &'static str,
    /// What to do.
    pub instead: &'static str,
}

const fn obsolete(key: &'static str, why: &'static str, instead: &'static str) -> Retired {
    Retired {
        key,
        state: "obsolete",
        range: Range::ALL,
        why,
        instead,
    }
}

const OLD: &str = "belongs to a generation of labels that no release reads";
const LIMITS: &str = "set limits in the platform's resource policies";

/// All of them.
pub const RETIRED: [Retired; 10] = [
    obsolete(
        "io.sorna.",
        OLD,
        "remove it; today's labels begin with ai.backend.",
    ),
    obsolete("ai.backend.maxcores", OLD, "remove it"),
    obsolete("ai.backend.maxmem", OLD, "remove it"),
    obsolete("ai.backend.timeout", OLD, "remove it"),
    obsolete(
        "ai.backend.nvidia.enabled",
        OLD,
        "write ai.backend.accelerators: cuda",
    ),
    obsolete("ai.backend.port", OLD, "write ai.backend.service-ports"),
    obsolete(
        "ai.backend.version",
        "is read on helper images only",
        "remove it",
    ),
    obsolete(
        "ai.backend.resource.min.cuda.smp",
        "names a slot that no release has",
        "write cuda.device or cuda.shares",
    ),
    obsolete(
        "ai.backend.resource.min.cuda.mem",
        "names a slot that no release has",
        "write cuda.device or cuda.shares",
    ),
    Retired {
        key: "ai.backend.resource.max.",
        state: "deprecated",
        range: Range::ALL,
        why: "is no limit: since 25.6 it only names an accelerator, before that nothing",
        instead: LIMITS,
    },
];

/// What is known of a label that does nothing.
pub fn retired(key: &str) -> Option<&'static Retired> {
    RETIRED.iter().find(|retired| {
        retired.key == key || (retired.key.ends_with('.') && key.starts_with(retired.key))
    })
}

#[cfg(test)]
mod tests {
    use super::retired;

    #[test]
    fn retired_labels_are_found_by_name_and_by_their_beginning() {
        assert_eq!(retired("ai.backend.maxcores").unwrap().state, "obsolete");
        assert_eq!(
            retired("ai.backend.resource.max.cpu").unwrap().state,
            "deprecated"
        );
        assert!(retired("io.sorna.mode").is_some());
        assert!(retired("ai.backend.resource.min.cpu").is_none());
        assert!(retired("ai.backend.ports").is_none());
    }
}
