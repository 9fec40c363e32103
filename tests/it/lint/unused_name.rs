//! `unused-name`: where a name may be used.

use super::{bench, found_by, report, shown};

fn of(rest: &str) -> Vec<String> {
    found_by("unused-name", rest)
}

#[test]
fn vars_axes_and_columns_that_nothing_uses_are_pointed_at() {
    assert_eq!(
        of("# 이름\nvars: {python: \"3.12\"}\n"),
        ["6:8: warning[unused-name]: nothing uses the var `python`"]
    );
    let rows = "rows: [{a: \"1\", b: 하나}, {a: \"2\", b: 둘}]\ntags: [\"${{ a }}\"]\n";
    let lines = of(rows);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("column `b`"), "{lines:?}");
}

#[test]
fn a_use_in_conditions_other_vars_and_snippets_counts() {
    for rest in [
        "vars: {v: x}\nuser: {if: v == \"x\", then: work}\n",
        "vars: {v: x, w: \"${{ v }}\"}\nuser: ${{ w }}\n",
        "vars: {v: [a]}\nsteps:\n  - apt: {install: [\"${{ v }}\"]}\n",
    ] {
        assert_eq!(of(rest), [""; 0], "{rest}");
    }
}

#[test]
fn a_use_in_a_template_or_a_service_definition_counts() {
    let head = "kiln: 1\nname: a\nrepository: team/a\nplatforms: [linux/amd64]\ntags: [\"1.0\"]\nbase: scratch\nvars: {v: x}\n";
    let kernel = "kernel: {runtime: app, runtime_path: /bin/true, base_distro: ubuntu22.04, features: [batch], resources: {min: {cpu: 1, mem: 64m}}, \
                  services: {jupyter: {protocol: http, port: 8091}}, definitions: defs}\n";
    let write = "steps: [{write: {path: /a, template: 쪽.hbs}}]\n";
    for (rest, file) in [
        (write, "recipes/쪽.hbs"),
        (kernel, "recipes/defs/jupyter.json.hbs"),
    ] {
        let recipe = format!("{head}{rest}");
        let text = "{\"command\": [\"{{ v }}\"]}";
        let bench = bench(&[("recipes/a.yaml", &recipe), (file, text)]);
        assert_eq!(shown(&report(&bench, &[])), [""; 0], "{file}");
        bench.write(file, "{\"command\": [\"x\"]}");
        let lines = shown(&report(&bench, &[]));
        assert_eq!(lines.len(), 1, "{file}: {lines:?}");
    }
}

#[test]
fn a_template_whose_path_differs_per_variant_leaves_it_open() {
    let recipe = "kiln: 1\nname: a\naxes: {k: [a, b]}\ntags: [\"${{ k }}\"]\nbase: scratch\nvars: {v: x}\n\
                  steps: [{write: {path: /a, template: \"${{ k }}.hbs\"}}]\n";
    let bench = bench(&[
        ("recipes/a.yaml", recipe),
        ("recipes/a.hbs", "{{ v }}"),
        ("recipes/b.hbs", "{{ v }}"),
    ]);
    assert_eq!(shown(&report(&bench, &[])), [""; 0]);
}
