//! What was found out about builders, remembered from run to run: `.kiln/builders.json` in the workspace.
//!
//! It saves time and lets `plan` and `why` answer without a builder; nothing depends on it. So a file that is
//! damaged, too large, or another program's is as none, and one that cannot be written is not mentioned. It is
//! written beside the old one and put in its place as a whole. Of two runs that write at the same moment the later
//! one wins: what the other found out is found out again.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Tried;
use crate::buildkit::BuilderInfo;
use crate::oci::Platform;

/// Where it is, below the workspace.
const FILE: &str = ".kiln/builders.json";
/// The version of its format.
const VERSION: u32 = 1;
/// The largest file that is read.
const MAX_BYTES: u64 = 4 << 20;

/// What tells one builder from another: another machine may come to stand behind a name, and another name may be
/// given to an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BuilderId {
    /// Its name.
    pub name: String,
    /// Its address, as it is written.
    pub address: String,
}

/// What is remembered of a builder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// Which one.
    #[serde(flatten)]
    pub id: BuilderId,
    /// The daemon's version. All is forgotten where it changes: a new daemon may be another machine.
    pub daemon: String,
    /// What its machine is.
    pub native: Platform,
    /// What it can build for.
    pub platforms: Vec<Platform>,
    /// What came of programs of foreign platforms.
    #[serde(default)]
    pub foreign: BTreeMap<Platform, Tried>,
}

impl Remembered {
    /// Whether the builder still is what it was.
    pub fn is_about(&self, info: &BuilderInfo) -> bool {
        self.daemon == info.version && self.native == info.native
    }
}

#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    /// The program that wrote it: another one may try otherwise.
    kiln: String,
    builders: Vec<Remembered>,
}

/// The memory of a workspace. Cheap to make: each question reads the file.
#[derive(Debug, Clone)]
pub struct Memory {
    path: PathBuf,
}

impl Memory {
    /// The memory of the workspace in a folder.
    pub fn of(root: &Path) -> Self {
        let path = root.join(FILE);
        Self { path }
    }

    /// What is remembered of a builder.
    pub fn builder(&self, id: &BuilderId) -> Option<Remembered> {
        let mut all = self.read().into_iter();
        all.find(|it| it.id == *id)
    }

    /// Remembers what a builder says of itself.
    pub fn met(&self, id: &BuilderId, info: &BuilderInfo) {
        let is_known = |it: &Remembered| it.is_about(info) && it.platforms == info.platforms;
        if !self.builder(id).as_ref().is_some_and(is_known) {
            self.change(id, info, |_| {});
        }
    }

    /// Remembers what came of a try.
    pub fn found(&self, id: &BuilderId, info: &BuilderInfo, platform: Platform, tried: &Tried) {
        self.change(id, info, |remembered| {
            remembered.foreign.insert(platform, tried.clone());
        });
    }

    /// Forgets what came of programs of a platform, so that they are tried again.
    pub fn forget(&self, id: &BuilderId, info: &BuilderInfo, platform: Platform) {
        self.change(id, info, |remembered| {
            remembered.foreign.remove(&platform);
        });
    }

    fn change(&self, id: &BuilderId, info: &BuilderInfo, change: impl FnOnce(&mut Remembered)) {
        let mut builders = self.read();
        let at = builders.iter().position(|it| it.id == *id);
        let known = at.map(|at| builders.remove(at));
        let known = known.filter(|it| it.is_about(info));
        let mut remembered = known.unwrap_or_else(|| Remembered {
            id: id.clone(),
            daemon: info.version.clone(),
            native: info.native,
            platforms: Vec::new(),
            foreign: BTreeMap::new(),
        });
        remembered.platforms.clone_from(&info.platforms);
        change(&mut remembered);
        builders.push(remembered);
        builders.sort_by(|a, b| a.id.cmp(&b.id));
        let document = Document {
            version: VERSION,
            kiln: env!("CARGO_PKG_VERSION").to_owned(),
            builders,
        };
        let _ = self.write(&document);
    }

    fn read(&self) -> Vec<Remembered> {
        let is_small = fs::metadata(&self.path).is_ok_and(|it| it.len() <= MAX_BYTES);
        let bytes = if is_small {
            fs::read(&self.path).unwrap_or_default()
        } else {
            Vec::new()
        };
        let ours = |it: &Document| it.version == VERSION && it.kiln == env!("CARGO_PKG_VERSION");
        serde_json::from_slice::<Document>(&bytes)
            .ok()
            .filter(ours)
            .map_or_else(Vec::new, |document| document.builders)
    }

    fn write(&self, document: &Document) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let new = self
            .path
            .with_extension(format!("{}.tmp", std::process::id()));
        let mut text = serde_json::to_vec_pretty(document)?;
        text.push(b'\n');
        let written = File::create(&new)
            .and_then(|mut file| file.write_all(&text))
            .and_then(|()| fs::rename(&new, &self.path));
        if written.is_err() {
            let _ = fs::remove_file(&new);
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{BuilderId, FILE, Memory, Remembered};
    use crate::buildkit::BuilderInfo;
    use crate::oci::Platform;
    use crate::ops::probe::{Lack, Runs, Tried};
    use crate::record::Utc;

    const ARM64: Platform = Platform::LINUX_ARM64;

    fn id() -> BuilderId {
        BuilderId {
            name: "굽는이".to_owned(),
            address: "tcp://größe:1234".to_owned(),
        }
    }

    fn info(version: &str) -> BuilderInfo {
        BuilderInfo {
            name: "굽는이".to_owned(),
            version: version.to_owned(),
            platforms: vec![Platform::LINUX_AMD64, ARM64],
            native: Platform::LINUX_AMD64,
        }
    }

    fn tried(runs: Runs) -> Tried {
        Tried {
            runs,
            lack: (runs != Runs::Inside).then_some(Lack::FixedFile),
            tried: Utc::now(),
        }
    }

    #[test]
    fn what_was_found_is_there_in_the_next_run_until_the_daemon_is_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Memory::of(folder.path());
        assert_eq!(memory.builder(&id()), None);
        let found = tried(Runs::Apart);
        memory.found(&id(), &info("v1"), ARM64, &found);
        let next = Memory::of(folder.path());
        let remembered = next.builder(&id()).unwrap();
        assert_eq!(remembered.foreign[&ARM64], found);
        assert_eq!(remembered.platforms, info("v1").platforms);
        assert!(remembered.is_about(&info("v1")) && !remembered.is_about(&info("v2")));
        let other = BuilderId {
            address: "tcp://kleiner:1234".to_owned(),
            ..id()
        };
        assert_eq!(next.builder(&other), None);
        next.found(&id(), &info("v2"), ARM64, &tried(Runs::Inside));
        assert!(next.builder(&id()).unwrap().is_about(&info("v2")));
        next.forget(&id(), &info("v2"), ARM64);
        assert_eq!(next.builder(&id()).unwrap().foreign.len(), 0);
    }

    #[test]
    fn a_damaged_file_or_one_of_another_version_is_as_none_and_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Memory::of(folder.path());
        memory.found(&id(), &info("v1"), ARM64, &tried(Runs::Inside));
        let path = folder.path().join(FILE);
        let good = fs::read_to_string(&path).unwrap();
        let faults = [
            good[..good.len() / 2].to_owned(),
            good.replace("\"version\": 1", "\"version\": 2"),
            good.replace(env!("CARGO_PKG_VERSION"), "0.0.0-größer"),
            "\u{feff}null".to_owned(),
            String::new(),
        ];
        for fault in faults {
            fs::write(&path, &fault).unwrap();
            assert_eq!(memory.builder(&id()), None::<Remembered>, "{fault}");
            memory.found(&id(), &info("v1"), ARM64, &tried(Runs::Inside));
            assert!(memory.builder(&id()).is_some(), "{fault}");
        }
        // Nothing but the file is left.
        let left = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(left, 1);
    }
}
