//! The checks of published images: what each asks, and why.

use super::any;
use super::kernel;
use crate::diagnostic::Level;

/// Of which images something is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Of every image: is it whole?
    Any,
    /// Of kernels of Backend.AI: does the platform see it, and take it?
    Kernel,
}

impl Scope {
    /// In a word: `image`, `kernel`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Any => "image",
            Self::Kernel => "kernel",
        }
    }
}

/// Something that is asked of a published image.
#[derive(Debug, PartialEq, Eq)]
pub struct ImageCheck {
    /// Its name, which stays.
    pub id: &'static str,
    /// Of which images it is asked.
    pub scope: Scope,
    /// Whether it is about the index, and cannot be asked of a single manifest.
    pub of_index: bool,
    /// What its findings weigh at most.
    pub level: Level,
    /// Whether `kiln.yaml` and the command line may give its findings another level.
    pub settable: bool,
    /// What must be so.
    pub summary: &'static str,
    /// Why.
    pub why: &'static str,
}

/// All checks: first what every image is asked, then what kernels are, each in the order in which it is looked at.
pub static CHECKS: &[&ImageCheck] = &[
    &any::IMAGE_INDEX,
    &any::INDEX_FORM,
    &any::INDEX_ENTRIES,
    &any::INDEX_FLAT,
    &any::INDEX_ONE_FAMILY,
    &any::ENTRY_PLATFORM,
    &any::ENTRY_DISTINCT,
    &any::ATTESTATION_SUBJECT,
    &any::CONTENT_PRESENT,
    &any::MANIFEST_FORM,
    &any::CONFIG_FORM,
    &any::CONFIG_PLATFORM,
    &any::CONFIG_LAYERS,
    &kernel::ENTRY_ARCHITECTURE,
    &kernel::ENTRY_ANNOTATIONS,
    &kernel::ATTESTATION_FORM,
    &kernel::INDEX_MEDIA_TYPE,
    &kernel::CONFIG_PRESENT,
    &kernel::LABELS_EQUAL,
    &kernel::KERNEL_LABELS,
    &kernel::TAG_GRAMMAR,
    &kernel::TAG_SINGLE,
    &kernel::REPOSITORY_PROJECT,
    &kernel::REFERRERS_TAG,
];

/// The check of a name.
pub fn image_check(id: &str) -> Option<&'static ImageCheck> {
    CHECKS.iter().find(|check| check.id == id).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::CHECKS;
    use crate::diagnostic::kind;
    use crate::lint::rule;

    #[test]
    fn no_two_checks_have_one_name_and_only_the_grammar_of_tags_is_a_rule_as_well() {
        let ids: BTreeSet<&str> = CHECKS.iter().map(|check| check.id).collect();
        assert_eq!(ids.len(), CHECKS.len());
        assert!(ids.iter().all(|id| kind(id).is_none()));
        let rules: Vec<&str> = ids.into_iter().filter(|id| rule(id).is_some()).collect();
        assert_eq!(rules, ["tag-grammar"]);
    }

    #[test]
    fn checks_of_every_image_stand_first() {
        assert!(CHECKS.is_sorted_by_key(|check| check.scope));
    }
}
