//! `kernel` in recipes and `kiln.yaml`: what it becomes, and where its mistakes are shown.

use std::collections::BTreeMap;

use kiln::diagnostic::Level;
use kiln::ops::OpError;

use crate::common::Workbench;
use crate::recipe_expand::{HEAD, content};

const FULL: &str = "kernel:
  runtime: python
  runtime_path: /usr/bin/python3
  base_distro: ubuntu22.04
  features: [uid-match, batch, query]
";

fn bench(body: &str) -> Workbench {
    Workbench::with_recipe(&format!("{HEAD}tags: [1.0-py312]\n{body}"))
}

/// Everything that is said of a recipe, each with its level, place and words.
fn said(bench: &Workbench) -> Vec<String> {
    let findings = match bench.load(&[]) {
        Ok(loaded) => loaded.notes,
        Err(OpError::Invalid(findings)) => findings,
        Err(error) => panic!("{error}"),
    };
    let shown = findings.sorted().into_iter().map(|one| {
        let level = match one.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        };
        format!("{level} {} {}", one.place, one.message)
    });
    shown.collect()
}

fn labels(body: &str) -> BTreeMap<String, String> {
    let content = content(body, "linux/arm64");
    let labels = content.runtime.labels.into_iter();
    labels
        .map(|(key, value)| (key.replace("ai.backend.", ""), value))
        .collect()
}

#[test]
fn every_key_becomes_its_label_as_the_platform_spells_it() {
    let body = format!(
        "{FULL}  role: inference
  model_path: /models/é
  model_format: onnx
  accelerators: [cuda, rocm]
  corecount_envs: [OMP_NUM_THREADS, NPROC]
  endpoints: [api]
  resources:
    min: {{cpu: 1, mem: 1g, cuda.device: 0, cuda.shares: \"0.1\"}}
    max: {{cpu: 4}}
    preferred: {{shmem: 64m}}
  services:
    ipython: {{protocol: pty, port: 3000}}
    api: {{protocol: preopen, port: 8080}}
    판: {{protocol: http, port: [8081, 8082]}}
labels: {{org.example: x, ai.backend.new: \"1\"}}
"
    );
    let expected = [
        ("accelerators", "cuda,rocm"),
        ("base-distro", "ubuntu22.04"),
        ("endpoint-ports", "api"),
        ("envs.corecount", "OMP_NUM_THREADS,NPROC"),
        ("features", "uid-match batch query"),
        ("kernelspec", "1"),
        ("model-format", "onnx"),
        ("model-path", "/models/é"),
        ("new", "1"),
        ("org.example", "x"),
        ("resource.max.cpu", "4"),
        ("resource.min.cpu", "1"),
        ("resource.min.cuda.device", "0"),
        ("resource.min.cuda.shares", "0.1"),
        ("resource.min.mem", "1g"),
        ("resource.preferred.shmem", "64m"),
        ("role", "INFERENCE"),
        ("runtime-path", "/usr/bin/python3"),
        ("runtime-type", "python"),
        (
            "service-ports",
            "ipython:pty:3000,api:preopen:8080,판:http:[8081,8082]",
        ),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(labels(&body), BTreeMap::from(expected));
}

#[test]
fn kernelspec_is_always_written_and_empty_lists_are_no_labels() {
    let labels = labels("kernel: {features: [], accelerators: [], services: {}}\n");
    assert_eq!(
        labels.into_iter().collect::<Vec<_>>(),
        [("kernelspec".into(), "1".into())]
    );
}

#[test]
fn labels_of_the_platform_pass_the_same_checks_wherever_they_are_written() {
    let raw = "labels: {ai.backend.kernelspec: \"1\", ai.backend.service-ports: \"a:http:80\"}\n";
    let typed = "kernel: {services: {a: {protocol: http, port: 80}}}\n";
    for body in [raw, typed] {
        let said = said(&bench(body));
        let words =
            "a service port lies from 1025 to 65534, and 80 does not (Backend.AI 23.09 to 26.8)";
        assert!(
            said.iter()
                .any(|line| line.starts_with("error") && line.ends_with(words)),
            "{said:?}"
        );
    }
}

#[test]
fn a_label_in_both_places_is_an_error_at_both() {
    let found = said(&bench(&format!(
        "{FULL}labels: {{ai.backend.runtime-type: app}}\n"
    )));
    let places: Vec<&str> = found
        .iter()
        .filter(|line| line.contains("stands in `labels` and comes from `kernel`"))
        .map(|line| line.split(' ').nth(1).unwrap())
        .collect();
    assert_eq!(places, ["r.yaml:6:12", "r.yaml:10:35"]);
}

#[test]
fn what_the_base_could_give_is_only_warned_of_and_missed_where_there_is_none() {
    let of_image = said(&bench("kernel: {runtime: app}\n"));
    assert_eq!(of_image.len(), 3, "{of_image:?}");
    assert!(
        of_image.iter().all(|line| line.starts_with("warning")),
        "{of_image:?}"
    );
    let scratch = "kiln: 1\nname: r\nbase: scratch\ntags: [x]\nkernel: {runtime: app}\n";
    let of_nothing = said(&Workbench::with_recipe(scratch));
    assert_eq!(of_nothing.len(), 3);
    assert!(
        of_nothing
            .iter()
            .all(|line| line.starts_with("error r.yaml:5:1")),
        "{of_nothing:?}"
    );
}

#[test]
fn the_releases_of_the_workspace_decide() {
    let bench = bench("kernel: {runtime: golang, services: {desk: {protocol: vnc, port: 5900}}}\n");
    let errors = |releases: &str| {
        bench.write(
            "kiln.yaml",
            format!("kiln: 1\nkernel: {{releases: [{releases}]}}\n"),
        );
        let all = said(&bench);
        all.iter().filter(|line| line.starts_with("error")).count()
    };
    assert_eq!(errors("\"25.2\""), 1);
    assert_eq!(errors("\"26.8\""), 1);
    assert_eq!(errors("\"25.18\", \"26.8\""), 2);
}

#[test]
fn a_kernel_is_for_the_releases_that_it_names_of_the_workspaces() {
    let kernel = |releases: &str| format!("kernel: {{runtime: golang, releases: {releases}}}\n");
    let errors = |body: &str| {
        let all = said(&bench(body));
        let errors = all.into_iter().filter(|line| line.starts_with("error"));
        errors.collect::<Vec<_>>()
    };
    assert_eq!(errors("kernel: {runtime: golang}\n").len(), 1);
    assert_eq!(errors(&kernel("[\"23.09\", \"24.03\"]")), [""; 0]);
    // A release that the workspace does not name is no hindrance.
    assert_eq!(errors(&kernel("[\"24.03\", \"25.2\"]")), [""; 0]);
    assert_eq!(errors(&kernel("[\"24.03\", \"26.8\"]")).len(), 1);
    let words = "error r.yaml:5:37 none of these is a release of the workspace: 23.09, 24.03, 26.8";
    let none = errors(&kernel("[\"25.2\"]"));
    assert!(none.iter().any(|line| line == words), "{none:?}");
    let unknown = errors(&kernel("[\"한.09\"]")).join("\n");
    assert!(
        unknown.contains("r.yaml:5:38 `한.09` is no release of Backend.AI that kiln knows"),
        "{unknown}"
    );
    // The labels do not name them, tags and labels written by hand heed them.
    let raw = "tags: [1.0-tt_metal1]\nlabels: {ai.backend.runtime-type: golang}\nkernel: {releases: [\"24.03\"]}\n";
    let found = said(&Workbench::with_recipe(&format!("{HEAD}{raw}")));
    assert!(
        !found.iter().any(|line| line.starts_with("error")),
        "{found:?}"
    );
    let only = labels("kernel: {releases: [\"24.03\"]}\n");
    assert_eq!(
        only.into_iter().collect::<Vec<_>>(),
        [("kernelspec".into(), "1".into())]
    );
}

#[test]
fn a_kernel_that_differs_between_platforms_is_an_error() {
    let found = said(&bench(
        "kernel: {runtime: app, runtime_path: \"/usr/lib/${{ arch_gnu }}/한\"}\n",
    ));
    let wanted =
        "error r.yaml:5:9 `kernel` differs between linux/amd64 and linux/arm64; an index has one";
    assert!(found.iter().any(|line| line == wanted), "{found:?}");
}

#[test]
fn a_tag_that_loses_the_image_is_an_error_for_kernels_only() {
    let plain = format!("{HEAD}tags: [1.0.0-rc.1]\n");
    assert!(said(&Workbench::with_recipe(&plain)).is_empty());
    let found = said(&Workbench::with_recipe(&format!("{plain}{FULL}")));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("error r.yaml:4:8 the platform passes over the tag `1.0.0-rc.1`"));
    let cuda = format!("{HEAD}tags: [1.0-cuda12.4]\n{FULL}");
    let found = said(&Workbench::with_recipe(&cuda));
    assert!(found[0].starts_with("warning r.yaml:4:8"), "{found:?}");
}

#[test]
fn a_misspelt_label_is_warned_of_with_the_nearest_one() {
    let bench = bench(&format!("{FULL}labels: {{ai.backend.featuers: batch}}\n"));
    let loaded = bench.load(&[]).unwrap();
    let help: Vec<_> = loaded
        .notes
        .sorted()
        .iter()
        .filter_map(|one| one.help.clone())
        .collect();
    assert_eq!(help, ["did you mean ai.backend.features?"]);
}

#[test]
fn a_mistake_in_a_branch_that_no_variant_takes_is_found() {
    let found = said(&bench(
        "kernel: {base_distro: {if: arch == \"riscv64\", then: debian12, else: ubuntu22.04}}\n",
    ));
    assert!(
        found
            .iter()
            .any(|line| line.contains("no binaries for `debian12`")),
        "{found:?}"
    );
}

#[test]
fn definitions_are_read_rendered_and_put_behind_the_steps() {
    let bench = bench(&format!(
        "{FULL}  definitions: defs
  services:
    vscode: {{protocol: http, port: 8180}}
    jupyter: {{protocol: http, port: 8091}}
    tool: {{protocol: http, port: 8092}}
vars: {{bin: /opt/é}}
"
    ));
    bench.write(
        "defs/vscode.json",
        "{\"command\": [\"code\", \"{ports[0]}\"]}\n",
    );
    bench.write(
        "defs/tool.json.hbs",
        "{\"command\": [\"{{bin}}/{{arch}}\"]}",
    );
    assert_eq!(said(&bench), Vec::<String>::new());
    let loaded = bench.load(&[]).unwrap();
    for (platform, content) in &loaded.images[0].contents {
        let kernel = content.kernel.as_ref().unwrap();
        let files: Vec<(&str, &str)> = kernel
            .definitions
            .iter()
            .map(|one| (one.path.as_str(), one.content.as_str()))
            .collect();
        let tool = format!("{{\"command\": [\"/opt/é/{}\"]}}", platform.architecture());
        let expected = [
            ("/etc/backend.ai/service-defs/tool.json", tool.as_str()),
            (
                "/etc/backend.ai/service-defs/vscode.json",
                "{\"command\": [\"code\", \"{ports[0]}\"]}\n",
            ),
        ];
        assert_eq!(files, expected);
    }
}

#[test]
fn mistakes_in_definitions_stand_in_their_files() {
    let bench = bench(&format!(
        "{FULL}  definitions: /defs/\n  services: {{a: {{protocol: http, port: 8180}}, b: {{protocol: tcp, port: 9000}}}}\n"
    ));
    bench.write("defs/a.json", "{\n  \"command\": [\"x\"],\n  \"é\": 1\n}\n");
    bench.write("defs/c.json.hbs", "{\n\"command\": [{{arch}}]}");
    bench.write("defs/README.md", "설명\n");
    bench.write("defs/broken.json", "{\"command\": [\"x\"]");
    let said = said(&bench);
    for wanted in [
        "error defs/a.json:3:3 unknown key `é`, so no session starts (Backend.AI 23.09 to 26.8)",
        "error defs/broken.json:1:17 not valid JSON: EOF while parsing an object",
        "error r.yaml:10:16 `defs/c.json.hbs`, line 2 when rendered (platform linux/amd64): not valid JSON",
        "warning r.yaml:10:16 `defs/README.md` is no definition",
        "warning r.yaml:11:47 the service `b` has no definition",
        "warning r.yaml:10:16 `broken` is defined and is no service",
    ] {
        let found = said.iter().any(|line| line.starts_with(wanted));
        assert!(found, "{wanted}\nnot in\n{}", said.join("\n"));
    }
}

#[test]
fn a_kernel_outside_of_a_project_is_warned_of() {
    let bench = bench(FULL);
    let registry = |more: &str| {
        let yaml = "kiln: 1\nregistry: lab\nregistries: {lab: {url: \"https://한.example\"";
        let yaml = yaml.replace('한', "a");
        bench.write("kiln.yaml", format!("{yaml}{more}}}}}\n"));
        said(&bench)
    };
    let without = registry("");
    assert_eq!(without.len(), 1, "{without:?}");
    assert!(
        without[0].starts_with("warning r.yaml:2:7 `r` has no project"),
        "{without:?}"
    );
    assert_eq!(registry(", project: stable"), Vec::<String>::new());
}
