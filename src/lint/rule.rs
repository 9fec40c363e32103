//! What a rule is, and the table of all of them.

use std::fmt::Write as _;

use super::rules;
use super::view::{RecipeView, Report, WorkspaceView, Written};
use crate::diagnostic::Level;

/// What a group of rules is about. A level can be given to a group as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// Its name.
    pub name: &'static str,
    /// What its rules are about.
    pub summary: &'static str,
}

/// The recipe does something else than it seems to say.
pub(super) const CORRECTNESS: Group = Group {
    name: "correctness",
    summary: "the recipe does something else than it seems to say",
};
/// It is right on one architecture and wrong or slow on another.
pub(super) const MULTI_ARCH: Group = Group {
    name: "multi-arch",
    summary: "right on one architecture, wrong or slow on another",
};
/// Names and labels that a registry or platform does not take.
pub(super) const NAMING: Group = Group {
    name: "naming",
    summary: "tags, repositories and labels that somebody will not take",
};
/// What is built today is not what is built tomorrow.
pub(super) const PINNING: Group = Group {
    name: "pinning",
    summary: "what is built tomorrow is not what is built today",
};
/// Somebody can get in, or a secret gets out.
pub(super) const SECURITY: Group = Group {
    name: "security",
    summary: "somebody gets in, or a secret gets out",
};
/// The image is larger, or the build slower, than it has to be.
pub(super) const SIZE: Group = Group {
    name: "size",
    summary: "an image that is larger than it has to be",
};
/// Something is written and nothing uses it.
pub(super) const UNUSED: Group = Group {
    name: "unused",
    summary: "something is written and has no effect",
};

/// All groups, by name.
pub const GROUPS: [Group; 7] = [
    CORRECTNESS,
    MULTI_ARCH,
    NAMING,
    PINNING,
    SECURITY,
    SIZE,
    UNUSED,
];

/// Files of a workspace that shows a rule.
///
/// A path and its text each. A recipe is filled up with the keys that every recipe needs, so that an
/// example shows what it is about: see [`Example::files`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example(pub &'static [(&'static str, &'static str)]);

impl Example {
    /// The one recipe of most examples.
    pub const PATH: &'static str = "recipes/example.yaml";

    /// The files, complete: recipes without `kiln`, `name`, `tags` or `base` get them.
    pub fn files(&self) -> Vec<(&'static str, String)> {
        let fill = |&(path, text): &(&'static str, &str)| {
            let has = |key: &str| {
                let key = format!("{key}:");
                text.lines().any(|line| line.starts_with(&key))
            };
            if has("kiln") {
                return (path, text.to_owned());
            }
            let own = path.rsplit('/').next().unwrap_or(path);
            let own = own.split('.').next().unwrap_or(own);
            let mut full = String::from("kiln: 1\n");
            let given = [
                ("name", own.to_owned()),
                ("tags", "[\"1.0\"]".to_owned()),
                ("base", "debian:12.11-slim".to_owned()),
            ];
            for (key, value) in given {
                if !has(key) {
                    let _ = writeln!(full, "{key}: {value}");
                }
            }
            (path, full + text)
        };
        self.0.iter().map(fill).collect()
    }
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// What is written, in a recipe or in a snippet.
    Written(fn(&Written<'_>, &mut Report<'_>)),
    /// One recipe and the images it expands to.
    Recipe(fn(&RecipeView<'_>, &mut Report<'_>)),
    /// Short facts about all recipes of a workspace.
    Workspace(fn(&WorkspaceView<'_>, &mut Report<'_>)),
    /// The engine itself reports it.
    Engine,
}

/// A rule.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its id, which stays: it stands in comments, in `kiln.yaml` and in links.
    pub id: &'static str,
    /// What it is about.
    pub group: Group,
    /// Its level where nobody says another; nothing means that it is off.
    pub level: Option<Level>,
    /// Whether `build` refuses it too, so that the level stays and no comment allows it.
    pub fixed: bool,
    /// What it finds, in a few words.
    pub summary: &'static str,
    /// Why that is bad, and what to do instead.
    pub why: &'static str,
    /// What it reports.
    pub bad: Example,
    /// The same, done well.
    pub good: Example,
    /// What looks for it.
    pub check: Check,
}

/// All rules, by id.
pub static RULES: &[&Rule] = &[
    &rules::apt_without_cleaning::RULE,
    &rules::arch_literal::RULE,
    &rules::base_distro::RULE,
    &rules::base_platform::RULE,
    &rules::bootstrap_mode::RULE,
    &rules::cuda_label::RULE,
    &rules::deprecated_label::RULE,
    &rules::duplicate_tag::RULE,
    &rules::emulated_build::RULE,
    &rules::emulated_step::RULE,
    &rules::impossible_limit::RULE,
    &rules::latest_tag::RULE,
    &rules::missing_file::RULE,
    &rules::pip_extra_index::RULE,
    &rules::pip_unversioned::RULE,
    &rules::pipe_to_shell::RULE,
    &rules::repository_grammar::RULE,
    &rules::root_service::RULE,
    &rules::run_installs::RULE,
    &rules::secret_in_image::RULE,
    &rules::tag_grammar::RULE,
    &rules::undefined_service::RULE,
    &rules::unpinned_base::RULE,
    &rules::unpinned_fetch::RULE,
    &rules::unpinned_git::RULE,
    &rules::unreachable_condition::RULE,
    &rules::unused_allow::RULE,
    &rules::unused_name::RULE,
    &rules::unused_snippet::RULE,
    &rules::unused_stage::RULE,
];

/// The rule with an id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id).copied()
}

#[cfg(test)]
mod tests {
    use super::{GROUPS, RULES, rule};
    use crate::diagnostic::{Kind, kind};

    #[test]
    fn rules_are_sorted_and_no_kind_of_mistake_has_the_id_of_one() {
        assert!(RULES.windows(2).all(|pair| pair[0].id < pair[1].id));
        assert!(RULES.iter().all(|rule| kind(rule.id).is_none()));
        assert!(rule("규칙").is_none());
    }

    #[test]
    fn every_fault_of_a_kernel_has_a_kind_that_explains_it() {
        use crate::kernel::Rule;
        for rule in [
            Rule::Missing,
            Rule::Unknown,
            Rule::Internal,
            Rule::Value,
            Rule::ServicePort,
            Rule::Quantity,
            Rule::Contradiction,
            Rule::Definition,
            Rule::Name,
        ] {
            let kind = kind(rule.as_str());
            assert!(kind.is_some_and(Kind::may_be_warning), "{}", rule.as_str());
        }
    }

    #[test]
    fn groups_are_sorted_and_no_rule_has_the_name_of_one() {
        assert!(GROUPS.windows(2).all(|pair| pair[0].name < pair[1].name));
        for rule in RULES {
            assert!(GROUPS.contains(&rule.group), "{}", rule.id);
            assert!(
                GROUPS.iter().all(|group| group.name != rule.id),
                "{}",
                rule.id
            );
        }
    }
}
