//! `repository-grammar`: a repository that a registry will refuse.

use crate::diagnostic::{Finding, Level};
use crate::lint::rule::{Check, Example, NAMING, Rule};
use crate::lint::view::{RecipeView, Report};

pub(in crate::lint) static RULE: Rule = Rule {
    id: "repository-grammar",
    group: NAMING,
    level: Some(Level::Error),
    fixed: false,
    summary: "a repository name that registries refuse",
    why: "Between letters and digits a part of a repository may have one `.`, one or two `_`, or any number of `-`, and it \
          begins and ends with a letter or digit (distribution-spec v1.1, \"Pulling manifests\"); Docker Hub has two parts and \
          no more. A registry says so only when the build is over and the push begins.",
    bad: Example(&[(Example::PATH, "repository: team/app-\n")]),
    good: Example(&[(Example::PATH, "repository: team/app\n")]),
    check: Check::Recipe(check),
};

/// Longest `path` that leaves room for a host (distribution-spec v1.1: 255 for both).
const LONGEST: usize = 200;

fn check(view: &RecipeView<'_>, report: &mut Report<'_>) {
    for image in view.images {
        let repository = &image.repository;
        if let Some(part) = repository.value.split('/').find(|part| !fits(part)) {
            let message = format!("registries refuse `{part}` as a part of a repository");
            let help = "a part begins and ends with a letter or digit, with `.`, `_`, `__` or `-` in between";
            report.push(Finding::error(&repository.place, message).with_help(help));
        }
        if repository.value.len() > LONGEST {
            let message = format!(
                "a repository of {} characters is too long",
                repository.value.len()
            );
            report.at(&repository.place, message);
        }
        let registry = image.registry.as_ref().or(view.workspace.registry.as_ref());
        let registry = registry.and_then(|name| view.workspace.registries.get(&name.value));
        let hub = registry.filter(|registry| registry.host.is_docker_hub());
        let Some(hub) = hub else { continue };
        let own = [hub.path.as_str(), repository.value.as_str()];
        let parts = own
            .iter()
            .flat_map(|path| path.split('/'))
            .filter(|part| !part.is_empty());
        if parts.count() > 2 {
            let message =
                "Docker Hub has repositories of two parts, `user/name`, and no deeper ones";
            report.at(&repository.place, message);
        }
    }
}

fn fits(part: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if !part.starts_with(inner) || !part.ends_with(inner) {
        return false;
    }
    let mut separators = part.split(inner).filter(|between| !between.is_empty());
    separators.all(|between| {
        matches!(between, "." | "_" | "__") || between.bytes().all(|byte| byte == b'-')
    })
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn parts_are_joined_by_one_separator() {
        for part in ["a", "a.b", "a_b", "a__b", "a--b", "3d-view"] {
            assert!(fits(part), "{part}");
        }
        for part in ["", "a.", "-a", "a..b", "a___b", "a._b", "é", "앱"] {
            assert!(!fits(part), "{part}");
        }
    }
}
