//! Compares the layers of three builds.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::thread;

use serde::de::DeserializeOwned;

use super::excuse::excuse;
use super::report::{Found, Proof, ProvedLeg, Times};
use crate::layer::{self, Difference, Tree, compare, shown};
use crate::oci::layout::blob_path;
use crate::oci::{Descriptor, Digest, ImageConfig, Manifest, Platform};
use crate::ops::build::{BuildReport, LegReport, LegState, Solved};
use crate::ops::error::OpError;

/// The builds: with native tools, and the two emulated ones.
pub(super) struct Builds<'a> {
    /// The layout that has all of them.
    pub(super) layout: &'a Path,
    pub(super) reports: [&'a BuildReport; 3],
}

/// A leg of one build.
struct Made<'a> {
    report: &'a LegReport,
    solved: &'a Solved,
    manifest: Manifest,
}

/// Compares all legs.
pub(super) fn judge(
    builds: &Builds<'_>,
    foreign: &BTreeMap<String, BTreeSet<Platform>>,
) -> Result<Proof, OpError> {
    let mut proof = Proof::default();
    for image in &builds.reports[0].images {
        let platforms = foreign.get(&image.image);
        for platform in platforms.into_iter().flatten() {
            proof.legs.push(builds.leg(&image.image, *platform)?);
        }
    }
    Ok(proof)
}

impl Builds<'_> {
    fn leg(&self, image: &str, platform: Platform) -> Result<ProvedLeg, OpError> {
        let [tools, first, second] = self.reports;
        let made = [
            self.made(tools, image, platform)?,
            self.made(first, image, platform)?,
            self.made(second, image, platform)?,
        ];
        let [tools, first, second] = &made;
        let mut proved = ProvedLeg {
            image: image.to_owned(),
            platform,
            builder: tools.report.builder.clone().unwrap_or_default(),
            steps: tools.solved.modes.clone(),
            times: Times {
                tools: tools.report.took,
                emulated: [first.report.took, second.report.took],
            },
            same_layers: 0,
            compared_layers: 0,
            entries: 0,
            by_chance: Vec::new(),
            excused: BTreeMap::new(),
            differences: Vec::new(),
        };
        let counts = made.each_ref().map(|it| it.manifest.layers.len());
        if counts[0] != counts[1] || counts[1] != counts[2] {
            // Which layer is held against which is not known then.
            proved.differences.push(Found {
                layer: None,
                made_by: None,
                path: None,
                what: "number of layers",
                tools: counts[0].to_string(),
                emulated: format!("{} and {}", counts[1], counts[2]),
            });
            return Ok(proved);
        }
        let history = self.history(&tools.manifest)?;
        for number in 0..counts[0] {
            let layers = made.each_ref().map(|it| &it.manifest.layers[number]);
            if layers[0].digest == layers[1].digest && layers[1].digest == layers[2].digest {
                proved.same_layers += 1;
                continue;
            }
            proved.compared_layers += 1;
            let trees = self.trees(layers)?;
            proved.hold(number, history.get(number), &trees);
        }
        Ok(proved)
    }

    fn made<'a>(
        &self,
        report: &'a BuildReport,
        image: &str,
        platform: Platform,
    ) -> Result<Made<'a>, OpError> {
        let found = report.images.iter().find(|it| it.image == image);
        let leg = found.and_then(|it| it.legs.get(&platform));
        let missing = || OpError::Bug(format!("{image} was not built for {platform}"));
        let report = leg.ok_or_else(missing)?;
        let LegState::Built(solved) = &report.state else {
            return Err(missing());
        };
        let manifest = solved.manifest.as_ref().ok_or_else(missing)?;
        Ok(Made {
            report,
            solved,
            manifest: self.document(&manifest.digest)?,
        })
    }

    /// What made each layer.
    fn history(&self, manifest: &Manifest) -> Result<Vec<String>, OpError> {
        let config: ImageConfig = self.document(&manifest.config.digest)?;
        let whole = config.history.into_iter().filter(|line| !line.empty_layer);
        Ok(whole
            .map(|line| line.created_by.unwrap_or_default())
            .collect())
    }

    fn document<T: DeserializeOwned>(&self, digest: &Digest) -> Result<T, OpError> {
        let path = self.layout.join(blob_path(digest));
        let bytes = fs::read(&path).map_err(|error| unreadable(&path, error))?;
        serde_json::from_slice(&bytes).map_err(|error| damaged(digest, &error.into()))
    }

    /// The layers that stand in the same place, read at once.
    fn trees(&self, layers: [&Descriptor; 3]) -> Result<[Tree; 3], OpError> {
        let read = |layer: &Descriptor| {
            let path = self.layout.join(blob_path(&layer.digest));
            let file = File::open(&path).map_err(|error| unreadable(&path, error))?;
            layer::read(file).map_err(|error| damaged(&layer.digest, &error))
        };
        thread::scope(|scope| {
            let threads = layers.map(|layer| scope.spawn(move || read(layer)));
            let trees = threads.map(|thread| {
                let read = thread.join();
                read.unwrap_or_else(|_| Err(OpError::Bug("a layer was not read".to_owned())))
            });
            let [tools, first, second] = trees;
            Ok([tools?, first?, second?])
        })
    }
}

impl ProvedLeg {
    /// Holds a layer of the build with native tools against the same layer of the emulated ones.
    fn hold(&mut self, number: usize, made_by: Option<&String>, trees: &[Tree; 3]) {
        let [tools, first, second] = trees;
        let only_emulated = first
            .entries
            .keys()
            .filter(|path| !tools.entries.contains_key(*path));
        self.entries += tools.entries.len() + only_emulated.count();
        let chance: BTreeSet<_> = compare(first, second)
            .into_iter()
            .map(|it| (it.path, it.aspect))
            .collect();
        for difference in compare(tools, first) {
            let found = found(number, made_by, &difference);
            if let Some(excuse) = excuse(&difference, first) {
                self.excused.entry(excuse.id).or_default().push(found);
            } else if chance.contains(&(difference.path, difference.aspect)) {
                self.by_chance.push(found);
            } else {
                self.differences.push(found);
            }
        }
    }
}

fn found(number: usize, made_by: Option<&String>, difference: &Difference) -> Found {
    Found {
        layer: Some(number + 1),
        made_by: made_by.filter(|it| !it.is_empty()).cloned(),
        path: Some(format!("/{}", shown(&difference.path))),
        what: difference.aspect.as_str(),
        tools: difference.first.clone(),
        emulated: difference.second.clone(),
    }
}

fn unreadable(path: &Path, source: io::Error) -> OpError {
    OpError::File {
        action: "read",
        path: path.display().to_string(),
        source,
    }
}

fn damaged(digest: &Digest, error: &io::Error) -> OpError {
    OpError::Usage {
        message: format!("{digest} of the builder cannot be read: {error}"),
        next: Some("run it again; if it stays so, upgrade the builder".to_owned()),
    }
}
