//! What is wrong with the labels of real kernels: every class of defect is found by `lint`, written through `kernel` and
//! as raw labels alike.

use crate::lint::found;

/// A kernel that nobody minds, as labels.
const LABELS: [(&str, &str); 5] = [
    ("kernelspec", "1"),
    ("features", "uid-match"),
    ("base-distro", "ubuntu22.04"),
    ("runtime-type", "app"),
    ("runtime-path", "/bin/true"),
];

/// A recipe with raw labels: good ones, others in their place (`-name` takes one away), and more keys.
fn raw(labels: &[(&str, &str)], rest: &str) -> String {
    let mut all = LABELS.to_vec();
    for (key, value) in labels {
        all.retain(|(own, _)| own != key && key.strip_prefix('-') != Some(own));
        if !key.starts_with('-') {
            all.push((key, value));
        }
    }
    let lines: Vec<String> = all
        .iter()
        .map(|(key, value)| {
            format!(
                "  ai.backend.{key}: \"{value}\"
"
            )
        })
        .collect();
    let lines = lines.concat();
    format!("{}labels:\n{lines}{rest}", base(rest))
}

/// A recipe with the key `kernel`: the good labels, and more keys in it.
fn typed(kernel: &str, rest: &str) -> String {
    let has = |key: &str| {
        kernel
            .lines()
            .any(|line| line.starts_with(&format!("{key}:")))
    };
    let given = [
        ("features", "[uid-match]"),
        ("base_distro", "ubuntu22.04"),
        ("runtime", "app"),
        ("runtime_path", "/bin/true"),
    ];
    let given = given.iter().filter(|(key, _)| !has(key));
    let mut lines: Vec<String> = given
        .map(|(key, value)| {
            format!(
                "  {key}: {value}
"
            )
        })
        .collect();
    lines.extend(kernel.lines().map(|line| {
        format!(
            "  {line}
"
        )
    }));
    let lines = lines.concat();
    format!("{}kernel:\n{lines}{rest}", base(rest))
}

fn base(rest: &str) -> String {
    let base = if rest.contains("base:") {
        ""
    } else {
        "base: ubuntu:22.04\n"
    };
    format!("repository: team/x\nplatforms: [linux/amd64]\n{base}")
}

/// That something of a rule with these words is found.
fn finds(recipe: &str, rule: &str, words: &str) {
    let found = found(recipe);
    let hit = found
        .iter()
        .any(|line| line.contains(&format!("[{rule}]")) && line.contains(words));
    assert!(
        hit,
        "[{rule}] {words}\nnot in\n{}\nof\n{recipe}",
        found.join("\n")
    );
}

#[test]
fn a_kernel_without_a_defect_has_no_finding() {
    assert_eq!(found(&raw(&[], "")), [""; 0]);
    assert_eq!(found(&typed("", "")), [""; 0]);
}

/// Labels beside the good ones (`-name` takes one away, `␣` is a blank), the rule, and words of the finding.
const OF_LABELS: &str = "
    feature=batch                                   | kernel-unknown-label | `feature`
    runtime-tpye=app                                | kernel-unknown-label | `runtime-tpye`
    service-ports=a:http:8080,␣b:http:8081          | kernel-service-port  | ` b:http:8081`
    service-ports=a:http:8080;b:http:8081           | kernel-service-port  | fails at
    service-ports=a:http:8080,b:tcp:8080            | kernel-service-port  | already
    service-ports=a:http:7681                       | kernel-service-port  | the platform's own
    service-ports=a:http:443                        | kernel-service-port  | 443 does not
    service-ports=a:http:8080                       | undefined-service    | `a` has no definition
    -kernelspec                                     | kernel-missing-label | `kernelspec`
    -runtime-path                                   | kernel-missing-label | `runtime-path`
    resource.min.mem=512                            | kernel-quantity      | 512 bytes
    resource.min.mem=256Mi                          | kernel-quantity      | `256Mi`
    runtime-type=python3                            | kernel-label-value   | no runner `python3`
    runtime-type=nodejs                             | kernel-label-value   | no runner `nodejs` any more
    runtime-type=python runtime-path=/usr/bin/node  | kernel-contradiction | /usr/bin/node
    runtime-type=julia runtime-path=/opt/python3    | kernel-contradiction | julia
    base-distro=ubuntu18.04                         | base-distro          | ubuntu 22.04
    base-distro=debian12                            | kernel-label-value   | no binaries
    accelerators=cuda                               | cuda-label           | speaks of CUDA
    role=INFERENCE                                  | kernel-missing-label | `endpoint-ports`
    role=inference                                  | kernel-label-value   | no role
";

/// The same through the key `kernel`.
const OF_KERNEL: &str = "
    servces: {}                                     | unknown-key          | servces
    services: {a: {protocol: http, port: 443}}      | kernel-service-port  | 443 does not
    services: {a: {protocol: http, port: 8080}}     | undefined-service    | `a` has no definition
    resources: {min: {mem: 256Mi}}                  | kernel-quantity      | `256Mi`
    runtime: nodejs                                 | kernel-label-value   | no runner `nodejs` any more
    base_distro: ubuntu18.04                        | base-distro          | ubuntu 22.04
    accelerators: [cuda]                            | cuda-label           | speaks of CUDA
    role: inference                                 | kernel-missing-label | `endpoint-ports`
";

/// The three cells of each row.
fn rows(table: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let rows = table.lines().filter(|row| !row.trim().is_empty());
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        (cells[0], cells[1], cells[2])
    })
}

#[test]
fn every_class_of_defect_in_labels_is_found() {
    for (words, rule, said) in rows(OF_LABELS) {
        let words = words.replace('␣', "\u{0}");
        let labels: Vec<(String, String)> = words
            .split_whitespace()
            .map(|word| word.split_once('=').unwrap_or((word, "")))
            .map(|(key, value)| (key.to_owned(), value.replace('\0', " ")))
            .collect();
        let labels: Vec<(&str, &str)> = labels
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        finds(&raw(&labels, ""), rule, said);
    }
    for (kernel, rule, said) in rows(OF_KERNEL) {
        finds(&typed(kernel, ""), rule, said);
    }
}

#[test]
fn every_class_of_defect_in_tags_and_files_is_found() {
    let bootstrap =
        "steps:\n  - write: {path: /opt/container/bootstrap.sh, content: \"#!/bin/sh\\n\"}\n";
    let lost = "steps:\n  - copy: {src: 없음.whl, to: /tmp/}\n";
    let idle = "steps:\n  - write: {path: /etc/backend.ai/service-defs/웹.json, content: \"{}\"}\n";
    for (rest, rule, words) in [
        ("tags: [1.0.0-rc.1]\n", "tag-grammar", "`rc.1`"),
        ("tags: [1.0-py3-py11]\n", "tag-grammar", "`py` stands twice"),
        (
            "tags: [1.0-cuda12.4]\n",
            "kernel-contradiction",
            "no label does",
        ),
        (bootstrap, "bootstrap-mode", "not executable"),
        (lost, "missing-file", "없음.whl"),
    ] {
        finds(&raw(&[], rest), rule, words);
        finds(&typed("", rest), rule, words);
    }
    let cuda = raw(&[("accelerators", "cuda")], "tags: [1.0-cpu]\n");
    finds(&cuda, "kernel-contradiction", "for CPUs");
    let other = raw(&[("service-ports", "api:preopen:8080")], idle);
    finds(
        &other,
        "undefined-service",
        "`웹` is defined and is no service",
    );
    finds(
        &raw(&[("role", "COMPUTE"), ("", "")], "")
            .replace("  ai.backend.: \"\"\n", "  ai.backend.role: SYSTEM\n"),
        "duplicate-key",
        "ai.backend.role",
    );
}
