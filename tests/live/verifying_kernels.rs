//! `kiln verify` and `kiln lint --image` on kernels in a real registry, as kiln and other tools put them there.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::lab::BOTH;
use crate::workspace::Workspace;

const KERNEL: &str = "steps:
  - write: {path: /opt/note, content: UNIQUE 쓰기}
kernel:
  runtime: python
  runtime_path: /usr/bin/python3
  base_distro: ubuntu22.04
  features: [uid-match, batch]
  resources: {min: {cpu: 1, mem: 256m}}
";

/// A kernel that kiln built and pushed.
struct Kernel {
    space: Workspace,
}

impl Kernel {
    fn new() -> Option<Self> {
        let space = Workspace::new()?;
        space.recipe(KERNEL);
        space.kiln(&["build", "--push"]).expect(0);
        Some(Self { space })
    }

    /// A reference in the same repository.
    fn at(&self, tag: &str) -> String {
        let (registry, repository) = (&self.space.lab.registry, self.space.repository());
        format!("{registry}/{repository}:{tag}")
    }

    fn regctl(&self, arguments: &[&str]) {
        let host = format!("reg={},tls=disabled", self.space.lab.registry);
        let all = [&["--host", &host][..], arguments].concat();
        self.space.lab.bytes_of("regctl", all);
    }

    fn crane(&self, arguments: &[&str]) {
        self.space.lab.bytes_of("crane", arguments);
    }

    /// The checks that found something and what it weighs, but for the note on OCI indexes; `lint` says the same.
    fn found(&self, tag: &str, code: i32) -> BTreeSet<String> {
        let reference = self.at(tag);
        let verified = self.space.kiln(&["verify", &reference, "--format=json"]);
        let verified = verified.expect(code).json();
        let linted = ["lint", "--image", &reference, "--format=json"];
        let linted = self.space.kiln(&linted).expect(i32::from(code > 0)).json();
        let ids = |document: &Value, key: &str| -> BTreeSet<String> {
            let all = document["findings"].as_array().unwrap().iter();
            let all = all.map(|one| {
                let word = |key: &str| one[key].as_str().unwrap().to_owned();
                format!("{} {}", word("level"), word(key))
            });
            all.filter(|words| words != "note index-media-type")
                .collect()
        };
        assert_eq!(ids(&verified, "rule"), ids(&linted, "rule"), "{tag}");
        ids(&verified, "check")
    }
}

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|&words| words.to_owned()).collect()
}

#[test]
fn a_kernel_that_kiln_built_passes_every_check() {
    let Some(kernel) = Kernel::new() else { return };
    assert_eq!(kernel.found("it", 0), set(&[]));
    let reference = kernel.at("it");
    let run = kernel
        .space
        .kiln(&["verify", "--deep", &reference])
        .expect(0);
    for text in [
        "kernel-labels        passed",
        "referrers-tag        passed",
        "whole, and a kernel for Backend.AI 23.09, 24.03, 26.8",
    ] {
        assert!(run.stdout.contains(text), "no {text} in:\n{}", run.stdout);
    }
    let newest = ["verify", &reference, "--release=26.8", "--format=json"];
    let json = kernel.space.kiln(&newest).expect(0).json();
    assert_eq!(json["findings"], serde_json::json!([]));
    for platform in BOTH {
        let labels = &json["platforms"][platform]["labels"];
        assert_eq!(labels["ai.backend.resource.min.mem"], "256m");
    }
    // The base has no label of the platform.
    let base = format!("{}/kiln-test/tiny:1", kernel.space.lab.registry);
    let json = kernel
        .space
        .kiln(&["verify", &base, "--format=json"])
        .expect(0)
        .json();
    assert_eq!(json["kernel"], false);
}

#[test]
fn indexes_that_other_tools_made_of_a_kernel_are_judged_by_what_they_hold() {
    let Some(kernel) = Kernel::new() else { return };
    let it = kernel.at("it");
    let platforms = ["--platform", BOTH[0], "--platform", BOTH[1]];

    // regctl annotates each entry.
    let annotated = kernel.at("annotated");
    let create = [
        "index",
        "create",
        &annotated,
        "--ref",
        &it,
        "--desc-annotation",
        "a=주석",
    ];
    kernel.regctl(&[&create[..], &platforms].concat());
    assert_eq!(
        kernel.found("annotated", 8),
        set(&["error entry-annotations"])
    );

    // And puts an index into an index, if no platform is named.
    kernel.regctl(&["index", "create", &kernel.at("nested"), "--ref", &it]);
    let nested = kernel.at("nested");
    let run = kernel
        .space
        .kiln(&["verify", "--kernel", &nested])
        .expect(8);
    run.says(&["error[index-flat]"]);

    // Docker's media types; another image, so no second tag of the same.
    kernel.regctl(&[
        "image",
        "mod",
        &it,
        "--to-docker",
        "--create",
        &kernel.at("docker"),
    ]);
    assert_eq!(kernel.found("docker", 0), set(&[]));
    let shown = kernel
        .space
        .kiln(&["verify", &kernel.at("docker")])
        .expect(0);
    assert!(
        shown.stdout.contains("index-media-type     passed"),
        "{}",
        shown.stdout
    );

    // An OCI index with Docker's manifests, as crane makes it, which also copies a manifest's annotations to its entry.
    let single = |tag: &str, platform: &str| {
        let platform = format!("--platform={platform}");
        kernel.crane(&["copy", &platform, &kernel.at("docker"), &kernel.at(tag)]);
    };
    single("amd", BOTH[0]);
    single("arm", BOTH[1]);
    let (amd, arm) = (kernel.at("amd"), kernel.at("arm"));
    kernel.crane(&[
        "index",
        "append",
        "-m",
        &amd,
        "-m",
        &arm,
        "-t",
        &kernel.at("mixed"),
    ]);
    assert_eq!(
        kernel.found("mixed", 8),
        set(&["error entry-annotations", "error index-one-family"])
    );
    // A single manifest.
    assert_eq!(kernel.found("arm", 8), set(&["error image-index"]));
}

#[test]
fn labels_that_a_tool_changed_and_tags_that_it_added_are_found() {
    let Some(kernel) = Kernel::new() else { return };
    let it = kernel.at("it");
    // Labels that one platform has changed.
    let label = "[linux/arm64]ai.backend.resource.min.mem=256Mi";
    kernel.regctl(&[
        "image",
        "mod",
        &it,
        "--label",
        label,
        "--create",
        &kernel.at("label"),
    ]);
    assert_eq!(
        kernel.found("label", 8),
        set(&["error kernel-labels", "error labels-equal"])
    );

    // A tag that no release reads, and a second one that leads to the same.
    kernel.crane(&["tag", &it, "1-1"]);
    assert_eq!(
        kernel.found("1-1", 8),
        set(&["error tag-grammar", "note tag-single"])
    );
    kernel.crane(&["delete", &kernel.at("1-1")]);
}

#[test]
fn a_referrers_tag_that_a_tool_left_is_a_warning() {
    let Some(kernel) = Kernel::new() else { return };
    kernel.space.file("sbom.json", "{\"소프트웨어\": []}");
    let sbom = kernel.space.path("sbom.json").display().to_string();
    let put = [
        "artifact",
        "put",
        "--artifact-type",
        "application/spdx+json",
        "--file",
        &sbom,
    ];
    kernel.regctl(&[&put[..], &["--subject", &kernel.at("it")]].concat());
    assert_eq!(kernel.found("it", 0), set(&["warning referrers-tag"]));
    let run = kernel.space.kiln(&["verify", &kernel.at("it")]).expect(0);
    run.says(&["with referrers of this image", "next: delete the tag"]);
}

#[test]
fn a_kernel_of_buildctl_with_attestations_passes_and_its_labels_are_read() {
    let Some(kernel) = Kernel::new() else { return };
    let space = &kernel.space;
    let labels = "kernelspec=1 features=batch base-distro=ubuntu22.04 runtime-type=app runtime-path=/bin/true";
    let labels: Vec<String> = labels
        .split(' ')
        .map(|label| format!("LABEL ai.backend.{label}"))
        .collect();
    let base = format!("{}/kiln-test/tiny:1", space.lab.registry);
    let text = format!("FROM {base}\nCOPY mark /\n{}\n", labels.join("\n"));
    space.file("d/Dockerfile", &text);
    space.file("d/mark", "UNIQUE 표시");
    let local = |name: &str| format!("--local={name}={}", space.path("d").display());
    let image = kernel.at("buildctl");
    space.lab.bytes_of(
        "buildctl",
        [
            "build",
            "--frontend=dockerfile.v0",
            "--progress=plain",
            &local("context"),
            &local("dockerfile"),
            &format!("--opt=platform={}", BOTH.join(",")),
            "--opt=attest:provenance=mode=min",
            &format!("--output=type=image,name={image},push=true,registry.insecure=true"),
        ],
    );
    let text = space.lab.text_of("crane", ["manifest", &image]);
    assert!(text.contains("attestation-manifest"), "{text}");
    assert_eq!(kernel.found("buildctl", 0), set(&[]));
    // What kiln would have refused to build is found in what others built.
    let bad = text_with_bad_runtime(&space.path("d/Dockerfile"));
    space.file("d/Dockerfile", &bad);
    let image = kernel.at("bad");
    space.lab.bytes_of(
        "buildctl",
        [
            "build",
            "--frontend=dockerfile.v0",
            "--progress=plain",
            &local("context"),
            &local("dockerfile"),
            &format!("--opt=platform={}", BOTH[0]),
            &format!("--output=type=image,name={image},push=true,registry.insecure=true"),
        ],
    );
    let found = kernel.found("bad", 8);
    assert!(found.contains("error kernel-labels"), "{found:?}");
}

fn text_with_bad_runtime(path: &std::path::Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains("runtime-type=app"));
    text.replace("runtime-type=app", "runtime-type=cobol")
}
