//! The facts of a lock.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::Period;
use crate::oci::{Digest, Platform, Reference};
use crate::text::{Place, SourceFile};

/// What names stand for.
#[derive(Debug, Clone)]
pub struct Lock {
    pub(super) period: Period,
    /// By a recipe's name, the checksum of everything that it asked of the lock when it was last covered.
    pub(super) recipes: BTreeMap<String, Digest>,
    /// By the name that recipes use, in full form.
    pub(super) images: BTreeMap<Reference, LockedImage>,
    /// By URL.
    pub(super) fetch: BTreeMap<String, Digest>,
    /// By repository, and branch or tag in it.
    pub(super) git: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) pip: BTreeMap<PipId, BTreeMap<Platform, PipList>>,
    /// Where facts stand, by section and name; nothing for what was not read from a file.
    pub(super) places: BTreeMap<(&'static str, String), Place>,
    /// The file that it was read from.
    pub(super) source: Option<Arc<SourceFile>>,
}

/// An image of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedImage {
    /// What the name stands for: an index, or a manifest where there is no index.
    pub index: Digest,
    /// The manifest of each platform that is used.
    pub platforms: BTreeMap<Platform, Digest>,
}

/// Which list of requirements: the same for equal requirements, wherever they stand.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PipId {
    /// The first file or package that the step names, for people.
    name: String,
    /// The first digits of a checksum of all that the step asks for.
    hash: String,
}

/// How many digits of a checksum tell lists apart.
const HASH_DIGITS: usize = 16;

/// What a `pip` step installs on a platform: everything, so that nobody has to resolve anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipList {
    /// The version of Python that it is for, such as `3.11`.
    pub python: String,
    /// The packages, by name.
    pub packages: Vec<PipPackage>,
}

/// A package in a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PipPackage {
    /// `NAME==VERSION`, or `NAME @ URL`.
    pub requirement: String,
    /// The checksums of the files that fit the platform.
    pub hashes: Vec<Digest>,
}

impl Lock {
    /// An empty lock.
    pub fn new(period: Period) -> Self {
        Self {
            period,
            recipes: BTreeMap::new(),
            images: BTreeMap::new(),
            fetch: BTreeMap::new(),
            git: BTreeMap::new(),
            pip: BTreeMap::new(),
            places: BTreeMap::new(),
            source: None,
        }
    }

    /// The refresh window that the pins belong to.
    pub fn period(&self) -> Period {
        self.period
    }

    /// Moves the window.
    pub fn set_period(&mut self, period: Period) {
        self.period = period;
    }

    /// The checksum of what a recipe asked for when all of it was here.
    pub fn recipe(&self, name: &str) -> Option<&Digest> {
        self.recipes.get(name)
    }

    /// Notes that all is here that a recipe asks for, or that it is not.
    pub fn set_recipe(&mut self, name: &str, checksum: Option<Digest>) {
        match checksum {
            Some(checksum) => drop(self.recipes.insert(name.to_owned(), checksum)),
            None => drop(self.recipes.remove(name)),
        }
    }

    /// What an image's name stands for.
    pub fn image(&self, reference: &Reference) -> Option<&LockedImage> {
        self.images.get(reference)
    }

    /// Adds a platform of an image. Another index takes the place of all platforms of the one before.
    pub fn set_image(
        &mut self,
        reference: &Reference,
        index: &Digest,
        platform: Platform,
        manifest: Digest,
    ) {
        let new = || LockedImage {
            index: index.clone(),
            platforms: BTreeMap::new(),
        };
        let image = self.images.entry(reference.clone()).or_insert_with(new);
        if image.index != *index {
            *image = new();
        }
        image.platforms.insert(platform, manifest);
    }

    /// The checksum of a download.
    pub fn fetch(&self, url: &str) -> Option<&Digest> {
        self.fetch.get(url)
    }

    /// Adds a download.
    pub fn set_fetch(&mut self, url: &str, checksum: Digest) {
        self.fetch.insert(url.to_owned(), checksum);
    }

    /// The commit of a branch or tag.
    pub fn git(&self, url: &str, reference: &str) -> Option<&str> {
        self.git.get(url)?.get(reference).map(String::as_str)
    }

    /// Adds a commit.
    pub fn set_git(&mut self, url: &str, reference: &str, commit: String) {
        let refs = self.git.entry(url.to_owned()).or_default();
        refs.insert(reference.to_owned(), commit);
    }

    /// What a `pip` step installs.
    pub fn pip(&self, id: &PipId, platform: Platform) -> Option<&PipList> {
        self.pip.get(id)?.get(&platform)
    }

    /// Adds what a `pip` step installs.
    pub fn set_pip(&mut self, id: &PipId, platform: Platform, list: PipList) {
        let lists = self.pip.entry(id.clone()).or_default();
        lists.insert(platform, list);
    }

    /// Lists of the same name, whatever they were asked for: what the same file came to before it was changed.
    pub fn pip_named(&self, id: &PipId, platform: Platform) -> impl Iterator<Item = &PipList> {
        let same = self.pip.iter().filter(|(other, _)| other.name == id.name);
        same.filter_map(move |(_, lists)| lists.get(&platform))
    }

    /// Where a fact of a section stands in the file it was read from.
    pub fn place(&self, section: &'static str, name: &str) -> Option<&Place> {
        self.places.get(&(section, name.to_owned()))
    }

    /// Forgets recipes that are there no more.
    pub fn retain_recipes(&mut self, is_there: impl Fn(&str) -> bool) {
        self.recipes.retain(|name, _| is_there(name));
    }

    /// How many facts there are: images, downloads, commits, packages.
    pub fn pins(&self) -> usize {
        let git = self.git.values().map(BTreeMap::len).sum::<usize>();
        let lists = self.pip.values().flat_map(BTreeMap::values);
        let packages = lists.map(|list| list.packages.len()).sum::<usize>();
        self.images.len() + self.fetch.len() + git + packages
    }

    /// Whether the file that it was read from has its very bytes.
    pub fn is_as_written(&self) -> bool {
        self.source
            .as_ref()
            .is_some_and(|source| source.text() == self.text())
    }

    /// Recipes that the lock has been made for.
    pub(super) fn recipes(&self) -> impl Iterator<Item = &str> {
        self.recipes.keys().map(String::as_str)
    }
}

impl PipId {
    /// The id of a step that names `name` first and asks for what `inputs` says in full.
    pub fn of(name: &str, inputs: &str) -> Self {
        let fits = |c: char| !c.is_whitespace() && !c.is_control();
        let mut name: String = name.chars().filter(|c| fits(*c)).collect();
        if name.is_empty() {
            "pip".clone_into(&mut name);
        }
        let digest = Digest::sha256_of(inputs.as_bytes());
        let hash = digest.hex().chars().take(HASH_DIGITS).collect();
        Self { name, hash }
    }
}

impl fmt::Display for PipId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.hash)
    }
}

impl FromStr for PipId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_hash = |hash: &str| {
            hash.len() == HASH_DIGITS
                && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        let (name, hash) = text
            .split_once(' ')
            .filter(|(name, hash)| !name.is_empty() && is_hash(hash))
            .ok_or_else(|| {
                format!("`{text}` names no list; it is a name, a blank and {HASH_DIGITS} hexadecimal digits")
            })?;
        Ok(Self {
            name: name.to_owned(),
            hash: hash.to_owned(),
        })
    }
}

impl PipPackage {
    /// The package's name, as pip compares names.
    pub fn name(&self) -> &str {
        let end = self.requirement.find(['=', ' ']);
        &self.requirement[..end.unwrap_or(self.requirement.len())]
    }

    /// Its version or URL.
    pub fn version(&self) -> &str {
        let rest = &self.requirement[self.name().len()..];
        rest.trim_start_matches(['=', ' ', '@'])
    }
}

impl fmt::Display for PipPackage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.requirement)?;
        self.hashes.iter().try_for_each(|hash| write!(f, " {hash}"))
    }
}

impl FromStr for PipPackage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut words: Vec<&str> = text.split(' ').collect();
        let mut hashes = Vec::new();
        while let Some(word) = words.last().filter(|word| word.starts_with("sha256:")) {
            hashes.push(word.parse::<Digest>().map_err(|error| error.to_string())?);
            words.pop();
        }
        hashes.reverse();
        let requirement = words.join(" ");
        let package = Self {
            requirement,
            hashes,
        };
        let whole = match words.as_slice() {
            [one] => one
                .split_once("==")
                .is_some_and(|(name, version)| !name.is_empty() && !version.is_empty()),
            [name, "@", url] => !name.is_empty() && url.contains("://"),
            _ => false,
        };
        if !whole {
            return Err(format!(
                "`{text}` is no package; it is NAME==VERSION or NAME @ URL, and its checksums"
            ));
        }
        if package.hashes.is_empty() {
            return Err(format!("`{}` has no checksum", package.requirement));
        }
        Ok(package)
    }
}

/// Whether a git reference is a commit by itself.
pub fn is_commit(reference: &str) -> bool {
    matches!(reference.len(), 40 | 64)
        && reference
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::{PipId, PipPackage, is_commit};

    #[test]
    fn a_package_is_read_as_it_is_written() {
        let sum = format!("sha256:{}", "ab".repeat(32));
        for text in [
            format!("numpy==2.1.0 {sum}"),
            format!("torch==2.4.1+cpu {sum} {sum}"),
            format!("paket @ https://example.com/größe.whl {sum}"),
        ] {
            assert_eq!(text.parse::<PipPackage>().unwrap().to_string(), text);
        }
        for bad in [
            "numpy==2.1.0".to_owned(),
            format!("numpy {sum}"),
            format!("numpy== {sum}"),
            "numpy==1 sha256:12".to_owned(),
            String::new(),
        ] {
            assert!(bad.parse::<PipPackage>().is_err(), "{bad}");
        }
        let package: PipPackage = format!("torch==2.4.1+cpu {sum}").parse().unwrap();
        assert_eq!((package.name(), package.version()), ("torch", "2.4.1+cpu"));
    }

    #[test]
    fn equal_inputs_have_one_id_and_it_survives_the_file() {
        let id = PipId::of("recipes/한 글/requirements.txt", "numpy\n");
        assert_eq!(id.to_string().parse(), Ok(id.clone()));
        assert_ne!(id, PipId::of("recipes/한 글/requirements.txt", "numpy<2\n"));
        assert!("requirements.txt 12".parse::<PipId>().is_err());
        assert!(PipId::of("", "x").to_string().starts_with("pip "));
    }

    #[test]
    fn a_short_commit_is_none() {
        assert!(is_commit(&"a1".repeat(20)));
        assert!(!is_commit("a1a1a1a") && !is_commit(&"A1".repeat(20)) && !is_commit("main"));
    }
}
