//! `undefined-service`: the ways by which a definition comes into an image.

use super::{bench, report, shown};

const HEAD: &str =
    "kiln: 1\nname: a\ntags: [\"1\"]\nrepository: team/x\nplatforms: [linux/amd64]\n";
const WEB: &str = "kernel: {runtime: app, runtime_path: /bin/true, base_distro: ubuntu22.04, features: [batch], services: {웹: {protocol: http, port: 8080}}}\n";

fn of(rest: &str) -> Vec<String> {
    let recipe = format!("{HEAD}{rest}");
    let bench = bench(&[
        ("recipes/a.yaml", &recipe),
        ("recipes/웹.json", "{\"command\": [\"/srv/x\"]}\n"),
        ("recipes/d/웹.json", "{\"command\": [\"/srv/x\"]}\n"),
    ]);
    let lines = shown(&report(&bench, &["unpinned-base=off"])).into_iter();
    lines
        .filter(|line| line.contains("[undefined-service]"))
        .collect()
}

#[test]
fn a_service_that_nothing_defines_is_told_at_the_services() {
    assert_eq!(
        of(&format!("base: scratch\n{WEB}")),
        [
            "recipes/a.yaml:7:94: warning[undefined-service]: the service `웹` has no definition, and cannot be opened"
        ]
    );
    let lines = of(&format!("base: debian:12\n{WEB}"));
    assert!(
        lines[0].ends_with(", unless the base has the file"),
        "{lines:?}"
    );
    let raw = of("base: debian:12\nlabels: {ai.backend.service-ports: \"web:http:8080\"}\n");
    assert_eq!(raw.len(), 1, "{raw:?}");
}

#[test]
fn services_that_need_no_definition_are_left_alone() {
    for services in [
        "{runtime: app, runtime_path: /bin/true, base_distro: ubuntu22.04, features: [batch], services: {a: {protocol: preopen, port: 8080}}}",
        "{runtime: app, runtime_path: /bin/true, base_distro: ubuntu22.04, features: [batch], services: {a: {protocol: pty, port: 8080}}}",
        "{runtime: python, runtime_path: /usr/bin/python3, base_distro: ubuntu22.04, features: [batch], services: {jupyter: {protocol: http, port: 8080}}}",
    ] {
        assert_eq!(
            of(&format!("base: scratch\nkernel: {services}\n")),
            [""; 0],
            "{services}"
        );
    }
}

#[test]
fn a_definition_may_come_by_any_step() {
    let to = "/etc/backend.ai/service-defs";
    for steps in [
        format!("  - copy: {{src: 웹.json, to: {to}/}}\n"),
        format!("  - copy: {{src: d/웹.json, to: {to}/웹.json}}\n"),
        format!("  - copy: {{src: \"d/*.json\", to: {to}/}}\n"),
        format!("  - copy: {{src: d, to: {to}}}\n"),
        "  - copy: {src: d, to: /etc/}\n".to_owned(),
        format!("  - write: {{path: {to}/웹.json, content: \"{{}}\"}}\n"),
        format!("  - run: cp /x.json {to}\n"),
    ] {
        let rest = format!("base: debian:12\n{WEB}steps:\n{steps}");
        assert_eq!(of(&rest), [""; 0], "{steps}");
    }
    // What the base brings is its own affair.
    assert_eq!(
        of(&format!("base: registry.example/backendai/base:1\n{WEB}")),
        [""; 0]
    );
}

#[test]
fn a_definition_of_no_service_is_told_where_it_comes_in() {
    let steps = "steps:\n  - copy: {src: 웹.json, to: /etc/backend.ai/service-defs/}\n";
    let kernel = "kernel: {runtime: app, runtime_path: /bin/true, base_distro: ubuntu22.04, features: [batch], services: {b: {protocol: preopen, port: 8080}}}\n";
    assert_eq!(
        of(&format!("base: debian:12\n{kernel}{steps}")),
        [
            "recipes/a.yaml:9:17: warning[undefined-service]: `웹` is defined and is no service of the image"
        ]
    );
}
