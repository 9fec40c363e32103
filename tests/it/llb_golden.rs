//! What recipes become: definitions as text, made without a daemon, held against snapshots.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use kiln::diagnostic::Findings;
use kiln::llb::{Definition, ProxyEnv, dump};
use kiln::lower::{
    BuilderFacts, Epoch, Form, Job, LocalFiles, Lowered, Parent, PinnedImage, PinnedLayout, Pins,
    lower,
};
use kiln::oci::{Digest, ImageConfig, Platform};
use kiln::ops::{LoadOptions, Loaded, OpError, load};
use kiln::plan::{Leg, Plan, plan};
use kiln::recipe::{Base, Image};

use crate::common::Workbench;

const EPOCH: i64 = 1_700_000_000;

/// A workspace whose bases are all resolved by hand.
pub(crate) struct Bench {
    root: PathBuf,
    form: Form,
    reproducible: bool,
}

impl Bench {
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
            form: Form::Platform,
            reproducible: false,
        }
    }

    /// Every image on every platform, by `REPOSITORY:TAG PLATFORM`; parents are part of the graph.
    pub(crate) fn lower_all(&self, images: Vec<Image>) -> BTreeMap<String, Lowered> {
        let mut findings = Findings::new();
        let plan = plan(images, &[], &BTreeSet::new(), &mut findings).unwrap();
        assert!(findings.is_empty(), "{findings:#?}");
        let mut done: BTreeMap<Leg, Lowered> = BTreeMap::new();
        for leg in plan.legs() {
            let lowered = self.lower_leg(&plan, leg, &done);
            done.insert(leg, lowered);
        }
        let name = |leg: &Leg| format!("{} {}", plan.images[leg.image].image.name(), leg.platform);
        done.into_iter()
            .map(|(leg, lowered)| (name(&leg), lowered))
            .collect()
    }

    fn lower_leg(&self, plan: &Plan, leg: Leg, done: &BTreeMap<Leg, Lowered>) -> Lowered {
        let planned = &plan.images[leg.image];
        let content = &planned.image.contents[&leg.platform];
        let mut pins = Pins::default();
        let platforms: BTreeSet<Platform> =
            [leg.platform, Platform::LINUX_AMD64].into_iter().collect();
        for platform in platforms {
            for (reference, _) in content.images() {
                pins.add_image(reference, platform, pin(&reference.to_string(), platform));
            }
            for base in content.bases() {
                if let Base::Oci { folder, tag } = &base.value {
                    pins.add_layout(folder, tag, platform, layout(folder, platform));
                }
            }
        }
        for (reference, &parent) in &planned.parents {
            let of = Leg {
                image: parent,
                platform: leg.platform,
            };
            let name = plan.images[parent].image.name();
            let parent = Parent::Graph(Box::new(done[&of].clone()));
            pins.add_parent(reference.clone(), leg.platform, name, parent);
        }
        lower(&Job {
            content,
            platform: leg.platform,
            repository: &planned.image.repository.value,
            epoch: Epoch {
                seconds: EPOCH,
                reproducible: self.reproducible,
            },
            pins: &pins,
            files: &LocalFiles::new(&self.root),
            form: &self.form,
            aid: None,
        })
        .unwrap_or_else(|findings| panic!("{findings:#?}"))
    }
}

/// A base that has an environment, a working directory, a command and one layer.
fn config(platform: Platform) -> ImageConfig {
    let text = r#"{"created": "2023-01-01T00:00:00Z", "architecture": "", "os": "",
        "config": {"Env": ["PATH=/usr/bin:/bin", "BASE=있음"], "Cmd": ["bash"], "WorkingDir": "/base",
        "Labels": {"from": "base"}},
        "rootfs": {"type": "layers", "diff_ids": []},
        "history": [{"created": "2023-01-01T00:00:00Z", "created_by": "base layer"}]}"#;
    let mut config: ImageConfig = serde_json::from_str(text).unwrap();
    let fresh = ImageConfig::new(platform);
    (config.architecture, config.os) = (fresh.architecture, fresh.os);
    config
}

fn pin(name: &str, platform: Platform) -> PinnedImage {
    let config = config(platform);
    let reference: kiln::oci::Reference = name.parse().unwrap();
    PinnedImage {
        reference: reference.with_digest(Digest::sha256_of(name.as_bytes())),
        manifest: Digest::sha256_of(format!("{name} {platform}").as_bytes()),
        config_bytes: serde_json::to_vec(&config).unwrap(),
        config,
    }
}

fn layout(folder: &str, platform: Platform) -> PinnedLayout {
    let pin = pin("layout", platform);
    PinnedLayout {
        store: "store".to_owned(),
        digest: Digest::sha256_of(folder.as_bytes()),
        manifest: pin.manifest,
        config: pin.config,
        config_bytes: pin.config_bytes,
    }
}

fn loaded(root: &Path) -> Loaded {
    match load(&LoadOptions {
        folder: root.to_path_buf(),
        ..LoadOptions::default()
    }) {
        Ok(loaded) => loaded,
        Err(OpError::Invalid(findings)) => panic!("{findings:#?}"),
        Err(error) => panic!("{error}"),
    }
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn golden() -> PathBuf {
    repository().join("tests/fixtures/golden")
}

/// A definition, the configuration and the needs as one text.
fn shown(lowered: &Lowered) -> String {
    let mut text = dump(&Definition::of(&lowered.state));
    let config = serde_json::to_string_pretty(&lowered.config).unwrap();
    let _ = write!(
        text,
        "\nconfig {config}\n\nbase {:?}\n\n{:#?}\n",
        lowered.base, lowered.needs
    );
    text
}

fn file_name(leg: &str) -> String {
    leg.replace(['/', ':', ' ', '.'], "-")
}

#[test]
fn the_repository_s_images_are_lowered_as_they_were() {
    let mut images = loaded(repository()).images;
    // The others of the workspace are families of many: what their kind of steps becomes is shown below.
    images.retain(|image| {
        ["cerebral/ai-base", "cerebral/ai-services"].contains(&image.repository.value.as_str())
    });
    let graphs = Bench::new(repository()).lower_all(images);
    for (leg, lowered) in &graphs {
        insta::assert_snapshot!(format!("llb_{}", file_name(leg)), shown(lowered));
    }
    assert_eq!(graphs.len(), 6);
}

#[test]
fn every_step_and_option_is_lowered_as_it_was() {
    let graphs = Bench::new(&golden()).lower_all(loaded(&golden()).images);
    for (leg, lowered) in graphs.iter().filter(|(leg, _)| leg.contains("everything")) {
        insta::assert_snapshot!(format!("llb_{}", file_name(leg)), shown(lowered));
    }
}

#[test]
fn programs_of_a_reproducible_image_see_its_epoch_and_nothing_else_changes() {
    let mut bench = Bench::new(&golden());
    let plain = bench.lower_all(loaded(&golden()).images);
    bench.reproducible = true;
    let built = bench.lower_all(loaded(&golden()).images);
    let leg = "golden/everything:all linux/amd64";
    let lines = |lowered: &Lowered| -> Vec<String> {
        let dump = dump(&Definition::of(&lowered.state));
        let seen = format!("    env SOURCE_DATE_EPOCH={EPOCH}");
        let others = dump.lines().filter(|line| *line != seen);
        others.map(str::to_owned).collect()
    };
    let seen = dump(&Definition::of(&built[leg].state));
    assert!(
        seen.contains(&format!("SOURCE_DATE_EPOCH={EPOCH}")),
        "{seen}"
    );
    assert_eq!(lines(&plain[leg]), lines(&built[leg]));
    assert_eq!(plain[leg].config, built[leg].config);
}

#[test]
fn labels_ports_commands_and_user_change_no_op() {
    let folder = tempfile::tempdir().unwrap();
    let text = "kiln: 1\nname: r\ntags: [x]\nplatforms: [linux/amd64]\nbase: debian:12\nsteps:\n- run: echo 하나\n";
    let lowered = |more: &str| {
        std::fs::write(folder.path().join("r.yaml"), format!("{text}{more}")).unwrap();
        let graphs = Bench::new(folder.path()).lower_all(loaded(folder.path()).images);
        let (_, lowered) = graphs.into_iter().next().unwrap();
        (
            Definition::of(&lowered.state).ops().to_vec(),
            lowered.config,
        )
    };
    let (plain, config) = lowered("");
    let (same, other) = lowered(
        "user: work\nlabels: {l: 둘}\nexpose: [80]\ncmd: [a]\nvolumes: [/v]\nstop_signal: SIGINT\n",
    );
    assert_eq!(plain, same);
    assert_ne!(config, other);
    assert_ne!(plain, lowered("workdir: /w\n").0);
}

#[test]
fn the_builder_form_adds_trust_and_proxies_to_networked_steps_and_changes_nothing_else() {
    let mut bench = Bench::new(&golden());
    let plain = bench.lower_all(loaded(&golden()).images);
    bench.form = Form::Builder(BuilderFacts {
        native: Platform::LINUX_AMD64,
        trust: true,
        proxy: ProxyEnv {
            https: "http://proxy.example:3128".to_owned(),
            ..ProxyEnv::default()
        },
        no_cache: false,
        inside: std::collections::BTreeSet::new(),
        typed: kiln::lower::Typed::Tools,
    });
    let built = bench.lower_all(loaded(&golden()).images);
    let leg = "golden/everything:all linux/amd64";
    let lines = |lowered: &Lowered| -> Vec<String> {
        dump(&Definition::of(&lowered.state))
            .lines()
            .map(str::to_owned)
            .collect()
    };
    let (plain, built) = (&plain[leg], &built[leg]);
    assert_ne!(
        Definition::of(&plain.state).digest(),
        Definition::of(&built.state).digest()
    );
    assert_eq!(plain.config, built.config);
    let more: Vec<String> = {
        let before = lines(plain);
        lines(built)
            .into_iter()
            .filter(|line| !before.contains(line))
            .collect()
    };
    assert!(
        more.iter()
            .all(|line| line.contains("kiln.ca") || line.contains("kiln.apt")),
        "{more:#?}"
    );
    assert!(!more.is_empty());
    let text = lines(built).join("\n");
    let offline = text
        .split("\n#")
        .find(|op| op.contains("network None"))
        .unwrap();
    assert!(!offline.contains("kiln.ca"), "{offline}");
}

#[test]
fn the_same_recipe_gives_the_same_bytes_a_hundred_times_and_in_any_folder() {
    let encoded = |root: &Path| -> BTreeMap<String, Vec<u8>> {
        let graphs = Bench::new(root).lower_all(loaded(root).images);
        let encode = |lowered: Lowered| {
            let mut bytes = Definition::of(&lowered.state).encode();
            bytes.extend(serde_json::to_vec(&lowered.config).unwrap());
            bytes
        };
        graphs
            .into_iter()
            .map(|(leg, lowered)| (leg, encode(lowered)))
            .collect()
    };
    let first = encoded(&golden());
    for turn in 1..100 {
        assert_eq!(first, encoded(&golden()), "turn {turn}");
    }
    let elsewhere = Workbench::new();
    elsewhere.copy(&golden(), "다른/폴더");
    assert_eq!(first, encoded(&elsewhere.path().join("다른/폴더")));
}

#[test]
fn both_platforms_share_the_ops_that_no_platform_decides() {
    let graphs = Bench::new(&golden()).lower_all(loaded(&golden()).images);
    let sources = |platform: &str| -> BTreeSet<Vec<u8>> {
        let lowered = &graphs[&format!("golden/everything:all {platform}")];
        Definition::of(&lowered.state)
            .ops()
            .iter()
            .cloned()
            .collect()
    };
    let shared: BTreeSet<Vec<u8>> = sources("linux/amd64")
        .intersection(&sources("linux/arm64"))
        .cloned()
        .collect();
    let text = shared
        .iter()
        .map(|op| String::from_utf8_lossy(op).into_owned())
        .collect::<String>();
    for expected in ["local://context", "https://example.com/a.tar.xz", "git://"] {
        assert!(text.contains(expected), "{expected} is not shared");
    }
    assert!(!text.contains("docker-image://"), "a base is shared");
}
