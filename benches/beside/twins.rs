//! The same images twice: as a workspace of kiln and as a bake file.
//!
//! Each image begins with the lab's tiny base, runs one command and copies one small folder, on two
//! platforms, and is pushed as one index.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::Fallible;
use crate::lab::Lab;
use crate::measure::output;

pub(crate) const PLATFORMS: [&str; 2] = ["linux/amd64", "linux/arm64"];
const BASE: &str = "kiln-test/tiny:1";

/// A client that builds images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Kiln,
    Bake,
}

impl Side {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Side::Kiln => "kiln",
            Side::Bake => "bake",
        }
    }
}

/// One of the two.
#[derive(Debug)]
pub(crate) struct Twin<'a> {
    pub(crate) side: Side,
    pub(crate) folder: PathBuf,
    count: usize,
    lab: &'a Lab,
}

impl<'a> Twin<'a> {
    /// Makes the folder, still without images.
    pub(crate) fn new(side: Side, count: usize, lab: &'a Lab) -> Fallible<Twin<'a>> {
        let folder = lab.folder(&format!("{}-{count}", side.name()));
        std::fs::create_dir_all(folder.join("images"))?;
        std::fs::create_dir_all(folder.join("app/größe"))?;
        for number in 0..10 {
            let text = format!("한글 {number}\n").repeat(100);
            std::fs::write(folder.join(format!("app/größe/{number}")), text)?;
        }
        let twin = Twin {
            side,
            folder,
            count,
            lab,
        };
        match side {
            Side::Kiln => std::fs::write(
                twin.folder.join("kiln.yaml"),
                workspace("images/*.yaml", lab),
            )?,
            Side::Bake => twin.write_bake_file()?,
        }
        Ok(twin)
    }

    /// Where image `number` goes.
    pub(crate) fn reference(&self, number: usize) -> String {
        format!("{}/{}:1", self.lab.registry, self.repository(number))
    }

    fn repository(&self, number: usize) -> String {
        format!("kiln-bench/{}/{}/i{number}", self.side.name(), self.count)
    }

    /// Writes all images so that no step of theirs was ever run: `nonce` is part of every command and
    /// of every path that is copied to.
    pub(crate) fn refresh(&self, nonce: &str) -> Fallible<()> {
        let base = format!("{}/{BASE}", self.lab.registry);
        for number in 0..self.count {
            let (name, text) = match self.side {
                Side::Kiln => {
                    let repository = self.repository(number);
                    let text = format!(
                        "kiln: 1\nname: i{number}\nrepository: {repository}\ntags: [\"1\"]\n\
                         platforms: [{platforms}]\nbase: {base}\nenv: {{BENCH: grün}}\nsteps:\n\
                         \x20 - run: echo {nonce} {number} > /round\n\
                         \x20 - copy: {{src: /app, to: /app-{nonce}/}}\n",
                        platforms = PLATFORMS.join(", "),
                    );
                    (format!("i{number}.yaml"), text)
                }
                Side::Bake => {
                    let text = format!(
                        "FROM {base}\nENV BENCH=grün\nRUN echo {nonce} {number} > /round\n\
                         COPY app /app-{nonce}/\n"
                    );
                    (format!("i{number}.Dockerfile"), text)
                }
            };
            std::fs::write(self.folder.join("images").join(name), text)?;
        }
        Ok(())
    }

    /// What curl reads to ask for every tag and for the base.
    pub(crate) fn questions(&self) -> String {
        let registry = &self.lab.registry;
        let index = "application/vnd.oci.image.index.v1+json";
        let base = BASE.split_once(':').unwrap_or((BASE, "latest"));
        let tags = (0..self.count).map(|number| (self.repository(number), "1".to_owned()));
        let all = tags.chain([(base.0.to_owned(), base.1.to_owned())]);
        let mut text = format!("header = \"Accept: {index}\"\n");
        for (repository, tag) in all {
            let _ = writeln!(
                text,
                "url = \"http://{registry}/v2/{repository}/manifests/{tag}\""
            );
            let _ = writeln!(text, "output = \"/dev/null\"");
        }
        text
    }

    /// The numbers of the first and of the last image.
    pub(crate) fn ends(&self) -> [usize; 2] {
        [0, self.count - 1]
    }

    fn write_bake_file(&self) -> Fallible<()> {
        let targets: Map<String, Value> = (0..self.count)
            .map(|number| {
                let target = json!({
                    "context": ".",
                    "dockerfile": format!("images/i{number}.Dockerfile"),
                    "platforms": PLATFORMS,
                    "tags": [self.reference(number)],
                    "output": ["type=image,push=true,oci-mediatypes=true"],
                });
                (format!("i{number}"), target)
            })
            .collect();
        write_bake_file(&self.folder, &targets)
    }

    /// How many images there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The command that bakes some of the images.
    pub(crate) fn build_some(&self, numbers: std::ops::Range<usize>) -> std::process::Command {
        let mut command = self.build();
        command.args(numbers.map(|number| format!("i{number}")));
        command
    }

    /// The command that builds and pushes everything.
    pub(crate) fn build(&self) -> std::process::Command {
        match self.side {
            Side::Kiln => {
                let mut command = self.lab.kiln();
                command.args(["build", "--push", "--progress", "plain"]);
                command.current_dir(&self.folder);
                command
            }
            Side::Bake => bake(self.lab, &self.folder),
        }
    }
}

/// A `kiln.yaml` with the lab's registry.
pub(crate) fn workspace(recipes: &str, lab: &Lab) -> String {
    let mut text = format!("kiln: 1\nrecipes: [{recipes}]\nregistry: lab\nregistries:\n");
    let _ = writeln!(text, "  lab: {{url: \"http://{}\"}}", lab.registry);
    text
}

/// A bake file of which everything is built when nothing is named.
pub(crate) fn write_bake_file(folder: &Path, targets: &Map<String, Value>) -> Fallible<()> {
    let names: Vec<&String> = targets.keys().collect();
    let file = json!({"group": {"default": {"targets": names}}, "target": targets});
    std::fs::write(folder.join("docker-bake.json"), format!("{file:#}\n"))?;
    Ok(())
}

/// Bakes the bake file of a folder.
pub(crate) fn bake(lab: &Lab, folder: &Path) -> std::process::Command {
    bake_telling(lab, folder, "plain")
}

/// The same with a display of its own.
pub(crate) fn bake_telling(lab: &Lab, folder: &Path, display: &str) -> std::process::Command {
    let mut command = lab.buildx();
    command
        .args(["bake", "--progress", display, "--metadata-file"])
        .arg(folder.join("metadata.json"))
        .current_dir(folder);
    command
}

/// Takes what the builds with a nonce left out of the daemon's cache.
pub(crate) fn prune(lab: &Lab, nonce: &str) -> Fallible<()> {
    let filter = format!("description~={nonce}");
    output(lab.buildctl().args(["prune", "--filter", &filter])).map(drop)
}

/// Takes the records of a bake out of the daemon's history, which otherwise grows by each of them for
/// two days. kiln leaves none.
pub(crate) fn forget(lab: &Lab, folder: &Path) -> Fallible<()> {
    let text = std::fs::read_to_string(folder.join("metadata.json"))?;
    let built: Map<String, Value> = serde_json::from_str(&text)?;
    let records: Vec<&str> = built
        .values()
        .filter_map(|target| target.get("buildx.build.ref")?.as_str()?.rsplit('/').next())
        .collect();
    if !records.is_empty() {
        // A trace that is still to be saved would be an error in the daemon's log.
        lab.daemon.wait();
        // What the daemon has cleaned up by itself counts as a failure there.
        let _ = output(lab.buildx().args(["history", "rm"]).args(records));
    }
    Ok(())
}
