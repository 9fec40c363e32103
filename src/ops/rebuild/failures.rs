//! Which images failed in earlier runs: one line of JSON for each failure and each recovery, appended and never
//! changed.
//!
//! Only the order of work comes from here. A file that is missing or broken costs nothing but that order.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::ops::build::{
    BuildReport, Event, FailureKind, ImageReport, ImageState, LegOutcomeKind, LegState,
};
use crate::record::Utc;

/// Below the workspace.
const FILE: &str = ".kiln/failures.jsonl";
const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    version: u32,
    at: Utc,
    image: String,
    failed: bool,
}

/// The journal.
#[derive(Debug)]
pub(super) struct Failures {
    path: PathBuf,
    /// How often each image failed since it was last built.
    counts: BTreeMap<String, u32>,
    /// What was written in this run.
    noted: Mutex<BTreeSet<(String, bool)>>,
}

impl Failures {
    /// Reads it. Lines that cannot be read are passed over.
    pub(super) fn read(root: &Path) -> Self {
        let path = root.join(FILE);
        let text = std::fs::read(&path).unwrap_or_default();
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for line in text.split(|byte| *byte == b'\n') {
            match serde_json::from_slice::<Line>(line) {
                Ok(line) if line.version == VERSION && line.failed => {
                    let count = counts.entry(line.image).or_default();
                    *count = count.saturating_add(1);
                }
                Ok(line) if line.version == VERSION => drop(counts.remove(&line.image)),
                _ => {}
            }
        }
        Self {
            path,
            counts,
            noted: Mutex::default(),
        }
    }

    /// How often each image failed since it was last built.
    pub(super) fn counts(&self) -> &BTreeMap<String, u32> {
        &self.counts
    }

    /// Writes down what an event tells, at once: whoever is killed a moment later has still learnt it.
    pub(super) fn heed(&self, event: &Event) {
        match event {
            Event::LegFinished {
                leg,
                outcome: LegOutcomeKind::Failed,
                ..
            } => self.note(&leg.image, true),
            Event::Published { image, .. } => self.note(image, false),
            _ => {}
        }
    }

    /// Writes down what no event has told: images whose publication failed.
    pub(super) fn close(&self, report: &BuildReport) {
        for image in &report.images {
            if image.state == ImageState::Failed && !is_interrupted(image) {
                self.note(&image.image, true);
            }
        }
    }

    fn note(&self, image: &str, failed: bool) {
        // A recovery is worth a line only where there is something to recover from.
        if !failed && !self.counts.contains_key(image) {
            return;
        }
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.insert((image.to_owned(), failed)) {
            // Where the disk takes nothing, the next run works in another order.
            let _ = self.append(image, failed);
        }
    }

    fn append(&self, image: &str, failed: bool) -> std::io::Result<()> {
        let line = Line {
            version: VERSION,
            at: Utc::now(),
            image: image.to_owned(),
            failed,
        };
        // A torn line before this one must not take it along, so each brings a beginning as well as an end.
        let mut text = vec![b'\n'];
        text.extend(serde_json::to_vec(&line)?);
        text.push(b'\n');
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&self.path)?;
        file.write_all(&text)
    }
}

fn is_interrupted(image: &ImageReport) -> bool {
    let by_user = |kind: &FailureKind| matches!(kind, FailureKind::Interrupted);
    let mut failed = image.legs.values().filter_map(|leg| match &leg.state {
        LegState::Failed(failure) => Some(&failure.kind),
        _ => None,
    });
    failed.all(by_user) && image.error.as_ref().is_none_or(|it| by_user(&it.kind))
}

#[cfg(test)]
mod tests {
    use super::{FILE, Failures};

    #[test]
    fn failures_count_until_an_image_is_built_and_broken_lines_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(".kiln")).unwrap();
        let run = |image: &str, failed| Failures::read(folder.path()).note(image, failed);
        run("팀/app:1", true);
        run("팀/app:1", true);
        run("b:1", true);
        run("c:1", false);
        let path = folder.path().join(FILE);
        let mut text = std::fs::read(&path).unwrap();
        text.extend(b"{\"version\":1,\"at\":\"20");
        std::fs::write(&path, text).unwrap();
        run("b:1", false);
        let failures = Failures::read(folder.path());
        let counts: Vec<_> = failures.counts().iter().collect();
        assert_eq!(counts, [(&"팀/app:1".to_owned(), &2)]);
    }

    #[test]
    fn one_run_counts_an_image_once() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(".kiln")).unwrap();
        let failures = Failures::read(folder.path());
        failures.note("a:1", true);
        failures.note("a:1", true);
        assert_eq!(Failures::read(folder.path()).counts()["a:1"], 1);
    }
}
