//! Ops that bring something in: images, local folders, downloads, git, OCI layouts.

use std::collections::BTreeMap;

use super::vertex::{Inputs, Kind, Note, State, Vertex};
use crate::oci::{Digest, Platform, Reference};
use crate::proto::pb;

/// Attributes of a local source: patterns as a JSON list.
pub(super) const INCLUDE: &str = "local.includepattern";
pub(super) const EXCLUDE: &str = "local.excludepatterns";

fn source(
    identifier: String,
    attrs: BTreeMap<String, String>,
    caps: Vec<&'static str>,
    op_platform: Option<&Platform>,
    platform: &Platform,
    note: Note,
) -> State {
    let kind = Kind::Source(pb::SourceOp { identifier, attrs });
    State::of(
        Vertex::new(&kind, Inputs::default(), op_platform, caps, note),
        platform,
    )
}

/// An image of a registry.
#[derive(Debug, Clone)]
pub struct ImageSource {
    reference: Reference,
}

impl ImageSource {
    /// The image under a reference; with a digest the daemon asks the registry nothing it has.
    pub fn new(reference: Reference) -> Self {
        Self { reference }
    }

    /// The image for a platform.
    pub fn state(self, platform: &Platform, note: Note) -> State {
        let identifier = format!("docker-image://{}", self.reference);
        source(
            identifier,
            BTreeMap::new(),
            vec!["source.image"],
            Some(platform),
            platform,
            note,
        )
    }
}

/// A folder of the client, sent through the session.
///
/// The op names no session, so its digest is the same from run to run and for every platform.
#[derive(Debug, Clone)]
pub struct LocalSource {
    name: String,
    include: Vec<String>,
    exclude: Vec<String>,
    shared_key: String,
    unique: String,
}

impl LocalSource {
    /// The folder that the session serves under a name.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            name,
            include: Vec::new(),
            exclude: Vec::new(),
            shared_key: String::new(),
            unique: String::new(),
        }
    }

    /// Only what matches one of these patterns is sent.
    #[must_use]
    pub fn include(mut self, patterns: Vec<String>) -> Self {
        self.include = patterns;
        self
    }

    /// What matches these patterns is not sent.
    #[must_use]
    pub fn exclude(mut self, patterns: Vec<String>) -> Self {
        self.exclude = patterns;
        self
    }

    /// Which earlier copy the daemon compares with: equal for equal folder and patterns, else two
    /// transfers with other patterns would delete each other's files there.
    #[must_use]
    pub fn shared_key(mut self, key: impl Into<String>) -> Self {
        self.shared_key = key.into();
        self
    }

    /// A word that makes this source differ from an equal one of another client. The daemon takes equal
    /// ops of builds that run at the same time for one, and asks any of their sessions for the files.
    #[must_use]
    pub fn unique(mut self, word: impl Into<String>) -> Self {
        self.unique = word.into();
        self
    }

    /// The folder's content.
    pub fn state(self, platform: &Platform, note: Note) -> State {
        let mut attrs = BTreeMap::new();
        let mut caps = vec!["source.local"];
        let patterns = [
            (INCLUDE, &self.include, "source.local.includepatterns"),
            (EXCLUDE, &self.exclude, "source.local.excludepatterns"),
        ];
        for (key, patterns, cap) in patterns {
            if !patterns.is_empty() {
                attrs.insert(
                    key.to_owned(),
                    serde_json::Value::from(patterns.clone()).to_string(),
                );
                caps.push(cap);
            }
        }
        if !self.shared_key.is_empty() {
            attrs.insert("local.sharedkeyhint".to_owned(), self.shared_key);
            caps.push("source.local.sharedkeyhint");
        }
        if !self.unique.is_empty() {
            attrs.insert("local.unique".to_owned(), self.unique);
            caps.push("source.local.unique");
        }
        source(
            format!("local://{}", self.name),
            attrs,
            caps,
            None,
            platform,
            note,
        )
    }
}

/// A file downloaded by the daemon.
#[derive(Debug, Clone)]
pub struct HttpSource {
    url: String,
    checksum: Option<Digest>,
    filename: String,
}

impl HttpSource {
    /// The file at a URL, kept under a name.
    pub fn new(url: impl Into<String>, filename: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            checksum: None,
            filename: filename.into(),
        }
    }

    /// The digest the file must have; with it a cached copy needs no network.
    #[must_use]
    pub fn checksum(mut self, checksum: Option<Digest>) -> Self {
        self.checksum = checksum;
        self
    }

    /// A file system with the file at its root.
    pub fn state(self, platform: &Platform, note: Note) -> State {
        let mut attrs = BTreeMap::from([("http.filename".to_owned(), self.filename)]);
        let mut caps = vec!["source.http"];
        if let Some(checksum) = self.checksum {
            attrs.insert("http.checksum".to_owned(), checksum.to_string());
            caps.push("source.http.checksum");
        }
        source(self.url, attrs, caps, None, platform, note)
    }
}

/// A git checkout made by the daemon.
#[derive(Debug, Clone)]
pub struct GitSource {
    /// The repository's URL as written.
    pub url: String,
    /// Branch, tag or commit.
    pub reference: String,
    /// Whether `.git` is kept.
    pub keep_git: bool,
    /// Whether submodules are left out.
    pub skip_submodules: bool,
}

impl GitSource {
    /// The checkout.
    pub fn state(self, platform: &Platform, note: Note) -> State {
        let bare = self
            .url
            .split_once("://")
            .map_or(self.url.as_str(), |(_, rest)| rest);
        let bare = bare.rsplit_once('@').map_or(bare, |(_, rest)| rest);
        let path = if self.url.contains("://") {
            bare.to_owned()
        } else {
            bare.replacen(':', "/", 1)
        };
        let mut attrs = BTreeMap::from([("git.fullurl".to_owned(), self.url.clone())]);
        let mut caps = vec!["source.git", "source.git.fullurl"];
        if self.keep_git {
            attrs.insert("git.keepgitdir".to_owned(), "true".to_owned());
            caps.push("source.git.keepgitdir");
        }
        if self.skip_submodules {
            attrs.insert("git.skipsubmodules".to_owned(), "true".to_owned());
            caps.push("source.git.skipsubmodules");
        }
        if !self.url.starts_with("http") {
            attrs.insert("git.mountsshsock".to_owned(), "default".to_owned());
            caps.push("source.git.mountsshsock");
        }
        source(
            format!("git://{path}#{}", self.reference),
            attrs,
            caps,
            None,
            platform,
            note,
        )
    }
}

/// An image in an OCI layout that the session serves.
#[derive(Debug, Clone)]
pub struct OciLayoutSource {
    name: String,
    digest: Digest,
    store: String,
}

impl OciLayoutSource {
    /// The image with a digest in a store of the session; `name` is for progress only.
    pub fn new(name: impl Into<String>, digest: Digest, store: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            digest,
            store: store.into(),
        }
    }

    /// The image for a platform.
    pub fn state(self, platform: &Platform, note: Note) -> State {
        let identifier = format!("oci-layout://{}@{}", self.name, self.digest);
        let attrs = BTreeMap::from([("oci.store".to_owned(), self.store)]);
        source(
            identifier,
            attrs,
            vec!["source.ocilayout"],
            Some(platform),
            platform,
            note,
        )
    }
}
