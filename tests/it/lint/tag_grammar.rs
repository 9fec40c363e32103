//! `tag-grammar`: one finding, one id, in `lint` and in `build`.

use crate::common::Workbench;

use super::{bench, report, shown};

fn recipe(tag: &str) -> String {
    format!(
        "kiln: 1\nname: a\nrepository: team/a\nplatforms: [linux/amd64]\n# 꼬리표\ntags: [\"{tag}\"]\nbase: scratch\n\
         kernel: {{runtime: app, runtime_path: /bin/true, base_distro: ubuntu22.04, features: [batch], \
         resources: {{min: {{cpu: 1, mem: 64m}}}}}}\n"
    )
}

const BAD: &str = "1.0.0-rc.1-ubuntu22.04";

fn plans(bench: &Workbench) -> (i32, String) {
    let ran = bench.kiln(&["plan"]);
    (ran.code, ran.stderr)
}

#[test]
fn a_tag_that_loses_the_image_is_one_error_and_no_plan() {
    let bench = bench(&[("recipes/a.yaml", &recipe(BAD))]);
    let lines = shown(&report(&bench, &[]));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].starts_with("recipes/a.yaml:6:8: error[tag-grammar]: the platform passes over"),
        "{lines:?}"
    );
    let (code, said) = plans(&bench);
    assert_eq!(code, 2, "{said}");
    assert!(
        said.contains("[tag-grammar]") || said.contains("passes over the tag"),
        "{said}"
    );
}

#[test]
fn a_level_of_the_workspace_holds_for_lint_and_for_plans() {
    for (level, expected) in [("warning", 1), ("off", 0)] {
        let workspace = format!("kiln: 1\nlint: {{rules: {{tag-grammar: {level}}}}}\n");
        let bench = bench(&[("recipes/a.yaml", &recipe(BAD)), ("kiln.yaml", &workspace)]);
        let lines = shown(&report(&bench, &[]));
        assert_eq!(lines.len(), expected, "{lines:?}");
        let (code, said) = plans(&bench);
        assert_eq!(code, 0, "{said}");
    }
}

#[test]
fn a_comment_allows_it_for_lint_and_for_plans_and_is_used() {
    let allowed = recipe(BAD).replace("# 꼬리표", "# kiln: allow tag-grammar: 플랫폼 밖에서 쓴다");
    let bench = bench(&[("recipes/a.yaml", &allowed)]);
    assert_eq!(shown(&report(&bench, &[])), [""; 0]);
    assert_eq!(plans(&bench).0, 0);
}

#[test]
fn tags_that_every_release_reads_and_tags_of_other_images_are_left_alone() {
    let good = bench(&[("recipes/a.yaml", &recipe("3.11-ubuntu22.04-py3"))]);
    assert_eq!(shown(&report(&good, &[])), [""; 0]);
    let other = format!("kiln: 1\nname: a\ntags: [\"{BAD}\"]\nbase: scratch\n");
    let other = bench(&[("recipes/a.yaml", &other)]);
    assert_eq!(shown(&report(&other, &[])), [""; 0]);
}
