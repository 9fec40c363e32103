//! What a key covers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::build_key::BuildKey;
use crate::oci::Digest;

/// The number of the form in which images are made: it goes up with every change of the program that gives other
/// content for the same recipe and shows in no other part.
pub const FORM: u32 = 1;

/// Characters of a step's digest: enough to tell the steps of one image from each other.
const STEP_LEN: usize = 12;

/// Everything that decides an image on one platform. Members are in the order of their names, and maps are
/// sorted, so equal parts have equal bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// Manifests of what the image begins with and copies from, by `NAME PLATFORM`. All platforms count, since the
    /// time in an image is that of its newest base on any of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bases: BTreeMap<String, Digest>,
    /// Tests and limits that the image has passed.
    pub checks: Digest,
    /// The image configuration without what it inherits.
    pub config: Digest,
    /// How layers are compressed, annotations of the manifest, and the time that was asked for.
    pub export: Digest,
    /// Contents of local files, by what is copied or mounted of the workspace.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, Digest>,
    /// See [`FORM`].
    pub form: u32,
    /// The graph, in which bases have names and no digests.
    pub graph: Digest,
    /// What the lock says of sources and packages, by what it speaks of.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lock: BTreeMap<String, Digest>,
    /// The lock's period, for an image that says `refresh`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// The beginning of each op's digest, inputs before the ops that use them. The graph covers them; they only tell
    /// where two graphs part. Words with one blank between them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub steps: String,
}

/// A part that is not the same in two keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Images are made in another way by now.
    Form,
    /// The graph; the position of the first op that differs, where there is one.
    Graph(Option<usize>),
    /// The configuration.
    Config,
    /// Compression, annotations or time.
    Export,
    /// Tests or limits.
    Checks,
    /// A base: `NAME PLATFORM`, its digest before and now.
    Base(String, Option<Digest>, Option<Digest>),
    /// Local files: what is copied or mounted, its digest before and now.
    Files(String, Option<Digest>, Option<Digest>),
    /// What the lock says of something.
    Lock(String),
    /// The period, before and now.
    Period(Option<String>, Option<String>),
}

impl Parts {
    /// Their key.
    pub fn key(&self) -> BuildKey {
        BuildKey::of(self.text().as_bytes())
    }

    /// As JSON in one line.
    pub fn text(&self) -> String {
        // No member can fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What stands in `steps` for ops.
    pub fn steps(ops: &[Digest]) -> String {
        let ops: Vec<&str> = ops.iter().map(|op| &op.hex()[..STEP_LEN]).collect();
        ops.join(" ")
    }

    /// What is not the same here as in what was published.
    pub fn changes_since(&self, then: &Self) -> Vec<Change> {
        let mut all = Vec::new();
        if self.form != then.form {
            all.push(Change::Form);
        }
        if self.graph != then.graph {
            let (now, then) = (self.steps.split(' '), then.steps.split(' '));
            let at = now.clone().zip(then);
            let at = at.take_while(|(now, then)| now == then).count();
            all.push(Change::Graph((at < now.count()).then_some(at)));
        }
        let plain = [
            (Change::Config, &self.config, &then.config),
            (Change::Export, &self.export, &then.export),
            (Change::Checks, &self.checks, &then.checks),
        ];
        let plain = plain.into_iter().filter(|(_, now, then)| now != then);
        all.extend(plain.map(|(change, ..)| change));
        let bases = differing(&then.bases, &self.bases);
        all.extend(bases.map(|(name, then, now)| Change::Base(name, then, now)));
        let files = differing(&then.files, &self.files);
        all.extend(files.map(|(name, then, now)| Change::Files(name, then, now)));
        let lock = differing(&then.lock, &self.lock);
        all.extend(lock.map(|(name, ..)| Change::Lock(name)));
        if self.period != then.period {
            all.push(Change::Period(then.period.clone(), self.period.clone()));
        }
        all
    }
}

type Differing = (String, Option<Digest>, Option<Digest>);

/// The names of which two maps do not say the same.
fn differing<'a>(
    then: &'a BTreeMap<String, Digest>,
    now: &'a BTreeMap<String, Digest>,
) -> impl Iterator<Item = Differing> + 'a {
    let gone = then.keys().filter(|name| !now.contains_key(*name));
    let names = now.keys().chain(gone);
    names
        .filter(|name| then.get(*name) != now.get(*name))
        .map(|name| {
            (
                name.clone(),
                then.get(name).cloned(),
                now.get(name).cloned(),
            )
        })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{Change, FORM, Parts};
    use crate::oci::Digest;

    fn digest(text: &str) -> Digest {
        Digest::sha256_of(text.as_bytes())
    }

    fn parts() -> Parts {
        Parts {
            bases: BTreeMap::from([("파이썬:3.11 linux/amd64".to_owned(), digest("b"))]),
            checks: digest("checks"),
            config: digest("config"),
            export: digest("export"),
            files: BTreeMap::from([("app/".to_owned(), digest("f"))]),
            form: FORM,
            graph: digest("graph"),
            lock: BTreeMap::from([("pip".to_owned(), digest("l"))]),
            period: Some("2026Q4".to_owned()),
            steps: "a b".to_owned(),
        }
    }

    fn changed(change: impl FnOnce(&mut Parts)) -> Parts {
        let mut parts = parts();
        change(&mut parts);
        parts
    }

    #[test]
    fn each_part_decides_the_key_and_is_told_by_its_name() {
        let cases = [
            (changed(|it| it.form += 1), Change::Form),
            (changed(|it| it.graph = digest("x")), Change::Graph(None)),
            (changed(|it| it.config = digest("x")), Change::Config),
            (changed(|it| it.export = digest("x")), Change::Export),
            (changed(|it| it.checks = digest("x")), Change::Checks),
            (
                changed(|it| it.bases.clear()),
                Change::Base(
                    "파이썬:3.11 linux/amd64".to_owned(),
                    Some(digest("b")),
                    None,
                ),
            ),
            (
                changed(|it| drop(it.files.insert("app/".to_owned(), digest("x")))),
                Change::Files("app/".to_owned(), Some(digest("f")), Some(digest("x"))),
            ),
            (
                changed(|it| drop(it.lock.insert("git".to_owned(), digest("x")))),
                Change::Lock("git".to_owned()),
            ),
            (
                changed(|it| it.period = None),
                Change::Period(Some("2026Q4".to_owned()), None),
            ),
        ];
        let mut keys = BTreeSet::from([parts().key()]);
        for (now, change) in &cases {
            assert_eq!(now.changes_since(&parts()), std::slice::from_ref(change));
            keys.insert(now.key());
        }
        assert_eq!(keys.len(), cases.len() + 1);
        assert!(parts().changes_since(&parts()).is_empty());
    }

    #[test]
    fn two_graphs_part_at_the_first_op_that_differs() {
        let now = changed(|it| {
            it.graph = digest("x");
            it.steps = "a c d".to_owned();
        });
        assert_eq!(now.changes_since(&parts()), [Change::Graph(Some(1))]);
    }

    #[test]
    fn parts_are_read_as_they_are_written() {
        let text = parts().text();
        assert_eq!(serde_json::from_str::<Parts>(&text).ok(), Some(parts()));
        assert!(!text.contains('\n'));
    }
}
