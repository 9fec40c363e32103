//! The same image twice: as a recipe, and as a Dockerfile with a bake file.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

use crate::images::manifest;
use crate::lab::{Lab, native};
use crate::measure::output;
use crate::twins::{PLATFORMS, Side, bake_telling, forget, workspace, write_bake_file};
use crate::{Fallible, fault};

/// The base of each run is made of this one.
const BASE: &str = "library/python:3.11-slim";
const RECIPE: &str = include_str!("recipe.yaml");
const DOCKERFILE: &str = include_str!("Dockerfile");
const REQUIREMENTS: &str = include_str!("../../../tests/proofs/recipes/requirements.txt");
/// The list of the repository's own recipe.
const WITH_TORCH: &str = include_str!("../../../recipes/ai-base/requirements-unified.txt");
const TORCH: [&str; 3] = ["torch", "torchvision", "torchaudio"];

/// What is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum List {
    /// Twenty-eight packages with compiled code and without.
    Short,
    /// The list of `recipes/ai-base`, with torch from an index of its own, where one is named.
    Torch { index: Option<String> },
}

impl List {
    pub(crate) fn part(&self) -> &'static str {
        match self {
            List::Short => "native-28",
            List::Torch { .. } => "native-torch",
        }
    }

    fn requirements(&self) -> &'static str {
        match self {
            List::Short => REQUIREMENTS,
            List::Torch { .. } => WITH_TORCH,
        }
    }

    fn index(&self) -> Option<&str> {
        match self {
            List::Short => None,
            List::Torch { index } => index.as_deref(),
        }
    }

    /// The value of a recipe's `pip`.
    fn in_recipe(&self) -> String {
        match self.index() {
            None => "{requirements: requirements.txt}".to_owned(),
            Some(url) => format!(
                "{{requirements: requirements.txt, index: [{{url: \"{url}\", packages: [{}]}}]}}",
                TORCH.join(", ")
            ),
        }
    }

    /// The commands of a Dockerfile's `RUN`.
    fn in_dockerfile(&self) -> String {
        let all = "pip install -r /tmp/requirements.txt";
        let Some(url) = self.index() else {
            return all.to_owned();
        };
        let own = self.requirements().lines().filter(|line| {
            line.split_once("==")
                .is_some_and(|(name, _)| TORCH.contains(&name))
        });
        let own: Vec<&str> = own.collect();
        format!("pip install --index-url {url} {} && {all}", own.join(" "))
    }
}

/// The platform that the builder is of, or the other one of the two.
pub(super) fn platform(foreign: bool) -> Fallible<&'static str> {
    let own = native()?;
    let found = PLATFORMS.into_iter().find(|&it| (it != own) == foreign);
    found.ok_or_else(|| fault("there is no other platform"))
}

/// Both twins.
#[derive(Debug)]
pub(super) struct Pair<'a> {
    pub(super) list: List,
    pub(super) lab: &'a Lab,
}

impl<'a> Pair<'a> {
    /// Makes the folders, still without images.
    pub(super) fn new(list: List, lab: &'a Lab) -> Fallible<Pair<'a>> {
        let pair = Pair { list, lab };
        let certificates = Lab::certificates()?;
        for side in [Side::Kiln, Side::Bake] {
            std::fs::create_dir_all(pair.folder(side))?;
            std::fs::create_dir_all(pair.base_folder(side))?;
            let list = pair.folder(side).join("requirements.txt");
            std::fs::write(list, pair.list.requirements())?;
            // bake asks before it reads secrets from elsewhere.
            std::fs::copy(&certificates, pair.folder(side).join("ca.pem"))?;
        }
        let kiln = format!("{}trust: {{ca: ca.pem}}\n", workspace("recipe.yaml", lab));
        std::fs::write(pair.folder(Side::Kiln).join("kiln.yaml"), kiln)?;
        Ok(pair)
    }

    fn folder(&self, side: Side) -> PathBuf {
        self.lab
            .folder(&format!("{}-{}", self.list.part(), side.name()))
    }

    fn base_folder(&self, side: Side) -> PathBuf {
        self.lab
            .folder(&format!("{}-{}-base", self.list.part(), side.name()))
    }

    fn repository(&self, side: Side) -> String {
        format!("kiln-bench/{}/{}", self.list.part(), side.name())
    }

    /// The image as it is published.
    fn reference(&self, side: Side) -> String {
        format!("{}/{}:1", self.lab.registry, self.repository(side))
    }

    fn base(&self, side: Side) -> String {
        format!("{}/{}-base:1", self.lab.registry, self.repository(side))
    }

    /// Publishes a base that nobody has built on, and writes the image that begins with it. The base lies in the daemon
    /// then, unpacked: fetching it is no part of a run.
    pub(super) fn refresh(&self, side: Side, nonce: &str, platforms: &[&str]) -> Fallible<()> {
        let own = format!("{}/{BASE}", self.lab.registry);
        let folder = self.base_folder(side);
        std::fs::write(folder.join("round"), format!("바탕 {nonce}\n"))?;
        let dockerfile = format!("FROM {own}\nCOPY round /round-{nonce}\n");
        std::fs::write(folder.join("Dockerfile"), dockerfile)?;
        let target = target(&self.base(side), &PLATFORMS);
        write_bake_file(&folder, &Map::from_iter([("base".to_owned(), target)]))?;
        output(&mut bake_telling(self.lab, &folder, "plain"))?;
        forget(self.lab, &folder)?;
        let base = output(self.lab.crane().arg("digest").arg(self.base(side)))?;
        let base = format!("{}@{}", self.base(side), base.trim());
        self.write(side, &base, platforms)
    }

    fn write(&self, side: Side, base: &str, platforms: &[&str]) -> Fallible<()> {
        let folder = self.folder(side);
        if side == Side::Kiln {
            let text = RECIPE
                .replace("REPOSITORY", &self.repository(side))
                .replace("PLATFORMS", &format!("[{}]", platforms.join(", ")))
                .replace("BASE", base)
                .replace("PIP", &self.list.in_recipe());
            return Ok(std::fs::write(folder.join("recipe.yaml"), text)?);
        }
        let run = format!("&& {}\n", self.list.in_dockerfile());
        let text = DOCKERFILE.replace("FROM BASE", &format!("FROM {base}"));
        std::fs::write(folder.join("Dockerfile"), text.replace("&& PIP\n", &run))?;
        let mut target = target(&self.reference(side), platforms);
        target["secret"] = json!(["id=ca,src=ca.pem"]);
        write_bake_file(&folder, &Map::from_iter([("ai".to_owned(), target)]))
    }

    /// The command that builds and pushes the image, and tells of every step as JSON.
    pub(super) fn build(&self, side: Side) -> Command {
        match side {
            Side::Kiln => {
                let mut command = self.lab.kiln();
                command.args(["build", "--push", "--progress", "rawjson"]);
                command.current_dir(self.folder(side));
                command
            }
            Side::Bake => bake_telling(self.lab, &self.folder(side), "rawjson"),
        }
    }

    /// The command that builds the image and leaves it in the daemon.
    pub(super) fn build_only(&self, side: Side) -> Command {
        match side {
            Side::Kiln => {
                let mut command = self.lab.kiln();
                command.args(["build", "--progress", "plain"]);
                command.current_dir(self.folder(side));
                command
            }
            Side::Bake => {
                let mut command = bake_telling(self.lab, &self.folder(side), "plain");
                command.args(["--set", "ai.output=type=cacheonly"]);
                command
            }
        }
    }

    /// Adds a line to the recipe that says how layers are packed.
    pub(super) fn pack(&self, side: Side, line: &str) -> Fallible<()> {
        if side == Side::Bake || line.is_empty() {
            return Ok(());
        }
        let path = self.folder(side).join("recipe.yaml");
        let text = std::fs::read_to_string(&path)?;
        Ok(std::fs::write(path, format!("{text}{line}"))?)
    }

    /// Takes the last build's record out of the daemon's history.
    pub(super) fn forget(&self, side: Side) -> Fallible<()> {
        forget(self.lab, &self.folder(side))
    }

    /// Bytes of the layers above the base, packed as they are in the registry.
    pub(super) fn size(&self, side: Side, platforms: &[&str]) -> Fallible<u64> {
        let mut bytes = 0;
        for platform in platforms {
            let layers = |reference: &str| -> Fallible<Vec<u64>> {
                let manifest = manifest(self.lab, reference, Some(platform))?;
                let layers = manifest["layers"].as_array().cloned().unwrap_or_default();
                Ok(layers
                    .iter()
                    .filter_map(|layer| layer["size"].as_u64())
                    .collect())
            };
            let below = layers(&self.base(side))?.len();
            bytes += layers(&self.reference(side))?
                .iter()
                .skip(below)
                .sum::<u64>();
        }
        Ok(bytes)
    }

    /// Whether both images hold the same packages at the same places on both platforms.
    pub(super) fn check_alike(&self) -> Fallible<()> {
        for platform in PLATFORMS {
            let ours = self.packages(Side::Kiln, platform)?;
            let theirs = self.packages(Side::Bake, platform)?;
            if ours.is_empty() || ours != theirs {
                let differ: Vec<&String> = ours.symmetric_difference(&theirs).take(5).collect();
                let message =
                    format!("{platform}: kiln and bake installed other things: {differ:?}");
                return Err(fault(message));
            }
        }
        Ok(())
    }

    /// The books of dpkg and of Python's installers in an image.
    fn packages(&self, side: Side, platform: &str) -> Fallible<BTreeSet<String>> {
        let mut crane = self.lab.crane();
        crane.args(["export", "--platform", platform, &self.reference(side), "-"]);
        let mut child = crane.stdout(Stdio::piped()).spawn()?;
        let tar = child
            .stdout
            .take()
            .ok_or_else(|| fault("crane writes nowhere"))?;
        let mut found = BTreeSet::new();
        let mut tar = tar::Archive::new(tar);
        for entry in tar.entries()? {
            let path = entry?.path()?.to_string_lossy().into_owned();
            let is_list =
                path.starts_with("var/lib/dpkg/info/") && path.rsplit('.').next() == Some("list");
            if is_list || path.ends_with(".dist-info/METADATA") {
                found.insert(path);
            }
        }
        // What fills the archive's last block: crane fails where nobody takes it.
        std::io::copy(&mut tar.into_inner(), &mut std::io::sink())?;
        if !child.wait()?.success() {
            return Err(fault(format!(
                "crane could not read {}",
                self.reference(side)
            )));
        }
        Ok(found)
    }
}

/// A target of a bake file that is pushed as one index.
fn target(tag: &str, platforms: &[&str]) -> Value {
    json!({
        "context": ".",
        "platforms": platforms,
        "tags": [tag],
        "output": ["type=image,push=true,oci-mediatypes=true"],
    })
}
