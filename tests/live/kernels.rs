//! Kernels of Backend.AI: labels and definitions of a published image.

use std::collections::BTreeMap;

use crate::lab::BOTH;
use crate::published::Built;
use crate::workspace::Workspace;

const KERNEL: &str = "workdir: /home/work
steps:
  - write: {path: /opt/note, content: UNIQUE}
kernel:
  runtime: python
  runtime_path: /usr/bin/python3
  base_distro: ubuntu22.04
  features: [uid-match, batch]
  accelerators: [cuda]
  corecount_envs: [OMP_NUM_THREADS, NPROC]
  resources: {min: {cpu: 1, mem: 256m, cuda.device: 0}, preferred: {shmem: 64m}}
  definitions: defs
  services:
    ipython: {protocol: pty, port: 3000}
    편집기: {protocol: http, port: 8180}
    train: {protocol: http, port: [8091, 8092]}
labels: {org.example.note: 값, ai.backend.role: COMPUTE}
";

fn labels(built: &Built) -> BTreeMap<String, String> {
    let labels = built.config["config"]["Labels"].as_object().unwrap();
    let own = labels
        .iter()
        .filter(|(key, _)| key.starts_with("ai.backend.") || key.starts_with("org.example."));
    own.map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned()))
        .collect()
}

fn expected() -> BTreeMap<String, String> {
    let expected = [
        ("ai.backend.accelerators", "cuda"),
        ("ai.backend.base-distro", "ubuntu22.04"),
        ("ai.backend.envs.corecount", "OMP_NUM_THREADS,NPROC"),
        ("ai.backend.features", "uid-match batch"),
        ("ai.backend.kernelspec", "1"),
        ("ai.backend.resource.min.cpu", "1"),
        ("ai.backend.resource.min.cuda.device", "0"),
        ("ai.backend.resource.min.mem", "256m"),
        ("ai.backend.resource.preferred.shmem", "64m"),
        ("ai.backend.role", "COMPUTE"),
        ("ai.backend.runtime-path", "/usr/bin/python3"),
        ("ai.backend.runtime-type", "python"),
        (
            "ai.backend.service-ports",
            "ipython:pty:3000,편집기:http:8180,train:http:[8091,8092]",
        ),
        ("org.example.note", "값"),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    BTreeMap::from(expected)
}

#[test]
fn a_kernel_has_exactly_its_labels_and_definitions_on_every_platform() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let plain = "{\"command\": [\"code\", \"--port={ports[0]}\"], \"env\": {\"언어\": \"ko\"}}\n";
    space.file("r/defs/편집기.json", plain);
    space.file(
        "r/defs/train.json.hbs",
        "{\"command\": [\"/opt/{{arch_gnu}}/train\"]}\n",
    );
    space.recipe(KERNEL);
    let image = space.publish();
    for (platform, gnu) in BOTH.into_iter().zip(["x86_64", "aarch64"]) {
        let built = image.on(platform);
        assert_eq!(labels(built), expected(), "{platform}");
        let folder = "etc/backend.ai/service-defs";
        assert_eq!(built.text(&format!("{folder}/편집기.json")), plain);
        assert_eq!(
            built.text(&format!("{folder}/train.json")),
            format!("{{\"command\": [\"/opt/{gnu}/train\"]}}\n")
        );
        let files = built.files();
        let lines: Vec<String> = files
            .values()
            .filter(|entry| entry.path.starts_with("etc/backend.ai"))
            .map(super::layers::Entry::line)
            .collect();
        assert_eq!(
            lines,
            [
                "d 0755 0:0 etc/backend.ai",
                "d 0755 0:0 etc/backend.ai/service-defs",
                "f 0644 0:0 etc/backend.ai/service-defs/train.json",
                "f 0644 0:0 etc/backend.ai/service-defs/편집기.json",
            ]
        );
    }
}

#[test]
fn what_a_kernel_inherits_counts_and_what_nobody_gives_is_refused_before_anything_is_built() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let parent = "steps:\n  - write: {path: /opt/note, content: UNIQUE}\n";
    let whole = "kernel: {runtime: app, runtime_path: /bin/true, base_distro: ubuntu22.04, features: [uid-match]}\n";
    let child = "kiln: 1\nname: child\nrepository: live/UNIQUE-child\ntags: [it]\nbase: {recipe: image}\n\
                 kernel: {features: [uid-match, batch], resources: {min: {mem: 1g}}}\n";
    space.file("c/recipe.yaml", child);
    space.recipe(parent);
    space
        .kiln(&["build", "--push"])
        .expect(2)
        .says(&["c/recipe.yaml:6:1", "needs the label `base-distro`"]);
    assert!(!space.is_published());
    space.recipe(&format!("{parent}{whole}"));
    space.kiln(&["build", "--push"]).expect(0);
    let reference = format!("{}/{}-child:it", space.lab.registry, space.repository());
    let published = crate::published::Published::read(&space.lab, &reference);
    for platform in BOTH {
        let labels = labels(published.on(platform));
        assert_eq!(labels["ai.backend.base-distro"], "ubuntu22.04");
        assert_eq!(labels["ai.backend.features"], "uid-match batch");
    }
}
