//! The workspace, the registry and the builder of a test, and what a build left in them.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kiln::buildkit::BuilderInfo;
use kiln::oci::{Digest, ImageConfig, Index, Manifest, Platform, Reference, Tag};
use kiln::ops::build::{
    BuildOptions, BuildReport, Event, EventSink, FailureKind, ImageReport, LegReport, LegState,
    Solved, run,
};
use kiln::ops::connect::{Backends, Ready};
use kiln::ops::{LoadOptions, Loaded, OpError, load};
use kiln::record::{Ledger, Record};
use kiln::registry::{
    ManifestRef, MemoryRegistry, Operation, Registry as _, SeededImage, seed_image,
};
use tempfile::TempDir;

use super::fake::FakeSolver;

pub(crate) const AMD64: Platform = Platform::LINUX_AMD64;
pub(crate) const ARM64: Platform = Platform::LINUX_ARM64;

/// Where the images of the workshop go.
const HOST: &str = "127.0.0.1:5999";

/// A temporary workspace with everything a build needs.
#[derive(Debug)]
pub(crate) struct Workshop {
    folder: TempDir,
    pub(crate) registry: Arc<MemoryRegistry>,
    pub(crate) solver: Arc<FakeSolver>,
    pub(crate) builders: Vec<Ready>,
    events: Arc<Mutex<Vec<Event>>>,
}

impl Workshop {
    /// One builder that is an amd64 machine and emulates arm64, and the base `debian:12` for both.
    pub(crate) async fn new() -> Self {
        let registry = Arc::new(MemoryRegistry::new());
        let solver = Arc::new(FakeSolver::new(&registry));
        let folder = tempfile::tempdir().unwrap();
        let workspace = format!(
            "kiln: 1\nrecipes: [recipes/*.yaml]\nregistry: here\nregistries:\n  here: {{url: \"http://{HOST}\"}}\n"
        );
        std::fs::write(folder.path().join("kiln.yaml"), workspace).unwrap();
        let mut shop = Self {
            folder,
            registry,
            solver,
            builders: Vec::new(),
            events: Arc::default(),
        };
        shop.builders = vec![shop.builder("fake", AMD64, &[AMD64, ARM64], 4)];
        shop.seed("debian:12", &[AMD64, ARM64]).await;
        shop
    }

    /// A builder; all share the solver.
    pub(crate) fn builder(
        &self,
        name: &str,
        native: Platform,
        platforms: &[Platform],
        slots: usize,
    ) -> Ready {
        Ready {
            info: BuilderInfo {
                name: name.to_owned(),
                version: "v0.25.0".to_owned(),
                platforms: platforms.to_vec(),
                native,
            },
            address: format!("tcp://{name}:1234"),
            platforms: platforms.to_vec(),
            slots,
            trust: false,
            inside: std::collections::BTreeSet::new(),
            lacks: std::collections::BTreeMap::new(),
            solver: Arc::clone(&self.solver) as _,
        }
    }

    /// Puts a base into the registry, and forgets that it did.
    pub(crate) async fn seed(&self, reference: &str, platforms: &[Platform]) -> SeededImage {
        let reference: Reference = reference.parse().unwrap();
        let seeded = seed_image(self.registry.as_ref(), &reference, platforms).await;
        self.registry.forget_requests();
        seeded.unwrap()
    }

    /// Writes a file.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Writes a recipe: repository and tag `1` are given unless the text has `tags`.
    pub(crate) fn recipe(&self, name: &str, text: &str) {
        let tags = if text.contains("tags:") {
            ""
        } else {
            "tags: [\"1\"]\n"
        };
        self.write(
            &format!("recipes/{name}.yaml"),
            &format!("kiln: 1\nname: {name}\nrepository: team/{name}\n{tags}{text}"),
        );
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// The names of what lies in kiln's own folder.
    pub(crate) fn own_files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(".kiln")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    /// The workspace as it is now.
    pub(crate) fn load(&self) -> Loaded {
        let options = LoadOptions {
            folder: self.folder.path().to_path_buf(),
            ..LoadOptions::default()
        };
        match load(&options) {
            Ok(loaded) => loaded,
            Err(OpError::Invalid(findings)) => panic!("{findings:#?}"),
            Err(error) => panic!("{error}"),
        }
    }

    /// Runs git in the workspace.
    pub(crate) fn git(&self, arguments: &[&str]) {
        let ran = std::process::Command::new("git")
            .args(["-c", "user.name=kiln", "-c", "user.email=kiln@example.com"])
            .args(arguments)
            .current_dir(self.folder.path())
            .status();
        assert!(ran.unwrap().success(), "git {arguments:?}");
    }

    /// What the build talks to.
    pub(crate) fn backends(&self) -> Backends {
        Backends {
            registry: Arc::clone(&self.registry) as _,
            origin: Arc::clone(&self.registry) as _,
            builders: self.builders.clone(),
        }
    }

    /// Builds; one that waits for ever is a mistake.
    pub(crate) async fn build(&self, options: &BuildOptions) -> Result<BuildReport, OpError> {
        self.build_within(Duration::from_secs(20), options).await
    }

    /// The same for builds that wait by design.
    pub(crate) async fn build_within(
        &self,
        limit: Duration,
        options: &BuildOptions,
    ) -> Result<BuildReport, OpError> {
        let (loaded, backends) = (self.load(), self.backends());
        let events = Arc::clone(&self.events);
        let sink = EventSink::new(move |event| events.lock().unwrap().push(event));
        let built = run(&loaded, options, &backends, &sink);
        let built = tokio::time::timeout(limit, built).await;
        built.expect("the build waits for something that does not come")
    }

    /// Builds with `--push`; it must begin.
    pub(crate) async fn pushed(&self) -> BuildReport {
        self.build(&push()).await.unwrap()
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    /// The records so far.
    pub(crate) fn records(&self) -> Vec<Record> {
        let scan = Ledger::at(self.path(".kiln/records.jsonl")).scan().unwrap();
        assert_eq!(scan.faults, []);
        scan.records
    }

    /// The reference under which `name:tag` is published.
    pub(crate) fn reference(name: &str) -> Reference {
        format!("{HOST}/team/{name}").parse().unwrap()
    }

    /// What a tag of `name:tag` points to.
    pub(crate) fn tag(&self, name: &str) -> Option<Digest> {
        let reference = Self::reference(name);
        let tag: &Tag = reference.tag().unwrap();
        self.registry.tag(reference.repository(), tag)
    }

    /// The index under `name:tag`, and its bytes.
    pub(crate) async fn index(&self, name: &str) -> (Index, String) {
        let reference = Self::reference(name);
        let at = ManifestRef::of(&reference);
        let raw = self.registry.get_manifest(reference.repository(), &at);
        let raw = raw.await.unwrap().unwrap();
        let text = String::from_utf8(raw.bytes.to_vec()).unwrap();
        (raw.index().unwrap(), text)
    }

    /// Manifest and configuration of a platform of `name:tag`.
    pub(crate) async fn image(&self, name: &str, platform: Platform) -> (Manifest, ImageConfig) {
        let reference = Self::reference(name);
        let repository = reference.repository();
        let digest = self.index(name).await.0.images()[&platform].digest.clone();
        let at = ManifestRef::Digest(digest);
        let raw = self.registry.get_manifest(repository, &at).await.unwrap();
        let manifest = raw.unwrap().manifest().unwrap();
        let config = &manifest.config.digest;
        let config = self.registry.get_blob(repository, config, 1 << 20).await;
        let config = serde_json::from_slice(&config.unwrap().unwrap()).unwrap();
        (manifest, config)
    }

    /// What manifests were put, and where, in order.
    pub(crate) fn puts(&self) -> Vec<String> {
        let requests = self.registry.requests().into_iter();
        requests
            .filter(|request| request.operation == Operation::PutManifest)
            .map(|request| request.target)
            .collect()
    }
}

/// Options with `--push`.
pub(crate) fn push() -> BuildOptions {
    BuildOptions {
        push: true,
        ..BuildOptions::default()
    }
}

/// The same for images that are up to date as well.
pub(crate) fn forced() -> BuildOptions {
    BuildOptions {
        force: true,
        ..push()
    }
}

/// A leg of the image whose recipe has a name.
pub(crate) fn leg<'a>(report: &'a BuildReport, name: &str, platform: Platform) -> &'a LegReport {
    let image = report.images.iter().find(|image| image.name == name);
    &image.unwrap().legs[&platform]
}

/// What a built leg gave.
pub(crate) fn solved(leg: &LegReport) -> &Solved {
    match &leg.state {
        LegState::Built(solved) => solved,
        other => panic!("not built: {other:?}"),
    }
}

/// How the legs of an image ended, in its platforms' order: `built`, `skipped`, or the kind of failure.
pub(crate) fn kinds(image: &ImageReport) -> Vec<&'static str> {
    let kind = |leg: &LegReport| match &leg.state {
        LegState::Built(_) => "built",
        LegState::Skipped(_) => "skipped",
        LegState::Failed(failure) => match failure.kind {
            FailureKind::Step { .. } => "step",
            FailureKind::Tests(_) => "tests",
            FailureKind::Limit { .. } => "limit",
            FailureKind::Builder => "builder",
            FailureKind::Registry => "registry",
            FailureKind::Output => "output",
            FailureKind::Policy => "policy",
            FailureKind::Ledger => "ledger",
            FailureKind::Interrupted => "interrupted",
            FailureKind::Bug => "bug",
        },
    };
    image.legs.values().map(kind).collect()
}

/// The places of the step that failed, each with the text that stands there.
pub(crate) fn step_places(leg: &LegReport) -> Vec<String> {
    let LegState::Failed(failure) = &leg.state else {
        panic!("it did not fail: {:?}", leg.state);
    };
    let FailureKind::Step { places, .. } = &failure.kind else {
        panic!("no step failed: {failure:?}");
    };
    let text = |place: &kiln::text::Place| format!("{place} {}", place.source.slice(place.span));
    places.iter().map(text).collect()
}

/// Messages of findings, each with its place.
pub(crate) fn findings(result: Result<BuildReport, OpError>) -> Vec<String> {
    match result {
        Err(OpError::Invalid(findings)) => findings
            .sorted()
            .iter()
            .map(|finding| {
                assert!(finding.help.is_some(), "no help: {finding:?}");
                format!("{} {}", finding.place, finding.message)
            })
            .collect(),
        other => panic!("not invalid: {other:?}"),
    }
}
