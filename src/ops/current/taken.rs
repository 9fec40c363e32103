//! Which files and images a leg takes, for those who ask the other way round: what a file or an image concerns.

use std::collections::BTreeMap;

use super::outline::Outline;
use crate::context::{Filter, PatternSet};
use crate::oci::{Digest, Reference};

impl Outline {
    /// The images of registries that it begins with or copies from.
    pub(in crate::ops) fn references(&self) -> impl Iterator<Item = &Reference> {
        self.images.values().map(|(reference, _)| reference)
    }

    /// The digests of local files, by the names that reasons have for them.
    pub(in crate::ops) fn files(&self) -> &BTreeMap<String, Digest> {
        &self.parts.files
    }

    /// Whether it takes the file at a path of the workspace, or took it when it was there. A path may be that of a
    /// folder of which only the whole is known.
    pub(in crate::ops) fn takes(&self, path: &str) -> bool {
        self.taken
            .values()
            .any(|(folder, filter)| takes(folder, filter, path))
    }
}

fn takes(folder: &str, filter: &Filter, path: &str) -> bool {
    let folder = folder.trim_matches('/').trim_start_matches("./");
    let inside = if folder.is_empty() || folder == "." {
        Some(path)
    } else if path == folder || is_below(folder, path) {
        return true;
    } else {
        path.strip_prefix(folder)
            .and_then(|rest| rest.strip_prefix('/'))
    };
    let Some(inside) = inside else { return false };
    let matches = |patterns: &[String]| {
        // What cannot be understood is refused where it is read; here it hides nothing.
        PatternSet::new(patterns).map(|set| set.matches(inside))
    };
    if matches(&filter.exclude).unwrap_or(false) {
        return false;
    }
    let included = |pattern: &String| {
        let pattern = pattern.trim_matches('/');
        is_below(inside, pattern) || is_below(pattern, inside) || pattern == inside
    };
    filter.include.is_empty()
        || filter.include.iter().any(included)
        || matches(&filter.include).unwrap_or(true)
}

/// Whether a path lies below a folder.
fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::takes;
    use crate::context::Filter;

    #[test]
    fn a_path_is_taken_by_folder_and_patterns_also_when_it_is_a_folder_around_or_below() {
        let filter = |include: &[&str], exclude: &[&str]| Filter {
            include: include.iter().map(|&it| it.to_owned()).collect(),
            exclude: exclude.iter().map(|&it| it.to_owned()).collect(),
            follow: Vec::new(),
        };
        let rows = [
            ("", filter(&["앱"], &[]), "앱/größe.txt", true),
            ("", filter(&["앱"], &[]), "앱", true),
            ("", filter(&["앱"], &[]), "앱2/a", false),
            ("", filter(&["sub/app"], &[]), "sub", true),
            ("", filter(&["app/*.py"], &[]), "app/a.py", true),
            ("", filter(&["app/*.py"], &[]), "app/a.txt", false),
            ("", filter(&["app"], &["**/*.md"]), "app/b/a.md", false),
            ("ctx", filter(&[], &["tmp"]), "ctx/a", true),
            ("ctx", filter(&[], &["tmp"]), "ctx/tmp/a", false),
            ("ctx", filter(&[], &[]), "other/a", false),
            ("ctx", filter(&[], &[]), "ctx2", false),
        ];
        for (folder, filter, path, expected) in rows {
            assert_eq!(takes(folder, &filter, path), expected, "{folder} {path}");
        }
    }
}
