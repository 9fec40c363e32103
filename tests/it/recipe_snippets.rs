//! Snippets: steps with inputs, in files of their own.

use kiln::ops::OpError;
use kiln::recipe::StepKind;

use crate::recipe_expand::words;
use crate::recipe_sharing::{bench, content, images};

/// The words of the steps that a recipe of some steps has, on amd64.
fn steps(own: &str, snippets: &[(&str, &str)]) -> Vec<String> {
    let recipe = format!("base: debian:12\n{own}");
    let mut files = vec![("r.yaml", recipe.as_str())];
    files.extend(snippets);
    words(&content(&files))
}

#[test]
fn a_snippet_is_used_by_name_or_by_path_and_its_steps_stand_in_its_place() {
    let editor = "inputs: {version: {type: str, description: 판}}\nvars: {url: \"v${{ version }}\"}\n\
                  steps:\n- run: echo ${{ url }} ${{ arch }}\n- run: echo 둘\n";
    let used = steps(
        "steps:\n- run: echo before\n- {use: editor, with: {version: 1.2.3}}\n\
         - {use: ./도구/editor.yaml, with: {version: \"4\"}}\n- run: echo after\n",
        &[
            ("templates/steps/editor.yaml", editor),
            ("도구/editor.yaml", editor),
        ],
    );
    let expected = [
        "echo before",
        "echo v1.2.3 amd64",
        "echo 둘",
        "echo v4 amd64",
        "echo 둘",
        "echo after",
    ];
    assert_eq!(used, expected);
}

#[test]
fn a_snippet_sees_its_inputs_its_vars_and_the_names_that_are_always_there_not_the_callers() {
    let snippet = "inputs: {version: {type: str}}\nvars: {url: \"v${{ version }}-${{ arch_gnu }}\"}\n\
                   steps: [{run: \"echo ${{ url }}\"}]\n";
    let recipe = "vars: {version: mine, url: mine}\nsteps:\n\
                  - {use: s, with: {version: \"${{ url }}\"}}\n- run: echo ${{ url }}\n";
    let used = steps(recipe, &[("templates/steps/s.yaml", snippet)]);
    assert_eq!(used, ["echo vmine-x86_64", "echo mine"]);
    let blind = snippet.replace("echo ${{ url }}", "echo ${{ release }}");
    let recipe = "base: debian:12\nvars: {release: x}\nsteps: [{use: s, with: {version: 가}}]\n";
    let bench = bench(&[("r.yaml", recipe), ("templates/steps/s.yaml", &blind)]);
    let Err(OpError::Invalid(findings)) = bench.load(&[]) else {
        panic!()
    };
    let [finding] = findings.sorted()[..] else {
        panic!("{findings:?}")
    };
    assert_eq!(finding.place.to_string(), "templates/steps/s.yaml:4:25");
    assert_eq!(
        finding.message,
        "unknown name `release`; the snippet has `url`, `version`"
    );
    let used = &finding.related[0];
    assert_eq!(
        (used.0.to_string().as_str(), used.1.as_str()),
        ("r.yaml:6:10", "used here")
    );
}

#[test]
fn an_input_has_a_type_and_a_default_that_may_depend_on_the_platform() {
    let snippet = "inputs:\n  a: {type: str, default: \"${{ arch_gnu }}\"}\n\
                   \x20 b: {type: bool, default: {if: arch == \"arm64\", then: true, else: false}}\n\
                   \x20 c: {type: list, default: [x, 나]}\n\
                   steps:\n- run: [echo, \"${{ a }}\", \"${{ c }}\"]\n- {run: echo no, if: not b}\n";
    let shown = |with: &str| -> Vec<Vec<String>> {
        let recipe =
            format!("base: debian:12\nvars: {{list: [p, q]}}\nsteps:\n- use: s\n  with: {with}\n");
        let images = images(&[("r.yaml", &recipe), ("templates/steps/s.yaml", snippet)]);
        images[0].contents.values().map(words).collect()
    };
    assert_eq!(
        shown("{}"),
        [
            vec!["echo|x86_64|x|나", "echo no"],
            vec!["echo|aarch64|x|나"]
        ]
    );
    assert_eq!(
        shown("{a: 8080, b: true, c: [\"${{ list }}\", {if: arch == \"arm64\", then: r}]}"),
        [vec!["echo|8080|p|q"], vec!["echo|8080|p|q|r"]]
    );
    // What yields nothing on a platform is not given there.
    assert_eq!(
        shown("{a: {if: arch == \"arm64\", then: given}, b: true}"),
        [vec!["echo|x86_64|x|나"], vec!["echo|given|x|나"]]
    );
}

#[test]
fn a_path_goes_from_the_file_in_which_it_is_written() {
    let snippet = "inputs: {conf: {type: path}, own: {type: path, default: own.conf}}\nsteps:\n\
                   - copy: {src: [\"${{ conf }}\", \"${{ own }}\", beside], to: /etc/}\n\
                   - use: ./inner.yaml\n  with: {conf: \"${{ conf }}\"}\n";
    let inner =
        "inputs: {conf: {type: path}}\nsteps: [{copy: {src: \"${{ conf }}\", to: /etc/}}]\n";
    let content = content(&[
        (
            "common/part.yaml",
            "base: debian:12\nsteps: [{use: /s/s.yaml, with: {conf: 설정.conf}}]\n",
        ),
        ("r.yaml", "extends: common/part.yaml\n"),
        ("s/s.yaml", snippet),
        ("s/inner.yaml", inner),
    ]);
    let sources = content.steps.iter().flat_map(|step| match &step.kind {
        StepKind::Copy(copy) => copy.src.iter().map(|src| src.value.as_str()),
        other => panic!("{other:?}"),
    });
    let expected = [
        "common/설정.conf",
        "s/own.conf",
        "s/beside",
        "common/설정.conf",
    ];
    assert_eq!(sources.collect::<Vec<_>>(), expected);
}

#[test]
fn a_template_of_a_snippet_sees_what_the_snippet_sees() {
    let snippet = "inputs: {who: {type: str}}\nsteps: [{write: {path: /a, template: hello.hbs}}]\n";
    let bench = bench(&[
        (
            "r.yaml",
            "base: debian:12\nvars: {who: mine}\nsteps: [{use: s, with: {who: 세계}}]\n",
        ),
        ("templates/steps/s.yaml", snippet),
    ]);
    bench.write("templates/steps/hello.hbs", "안녕 {{who}} {{arch}}");
    let images = bench.load(&[]).unwrap().images;
    let shown: Vec<String> = images[0].contents.values().flat_map(words).collect();
    assert_eq!(shown, ["안녕 세계 amd64", "안녕 세계 arm64"]);
}

#[test]
fn an_if_beside_use_decides_over_all_its_steps() {
    let snippet = "inputs: {v: {type: str}}\nsteps: [{run: echo 하나}, {run: \"echo ${{ v }}\"}]\n";
    // The value given makes sense on one platform only, and is read there only.
    let recipe = "base: debian:12\nvars: {v: {match: arch, cases: {amd64: x}}}\nsteps:\n\
                  - {use: s, if: arch == \"amd64\", with: {v: \"${{ v }}\"}}\n\
                  - {if: arch == \"arm64\", then: {use: s, with: {v: b}}}\n";
    let images = images(&[("r.yaml", recipe), ("templates/steps/s.yaml", snippet)]);
    let shown: Vec<_> = images[0].contents.values().map(words).collect();
    assert_eq!(shown, [["echo 하나", "echo x"], ["echo 하나", "echo b"]]);
}

#[test]
fn steps_of_a_snippet_know_where_it_is_used_and_under_which_name() {
    let content = content(&[
        (
            "r.yaml",
            "base: debian:12\nsteps: [{use: outer, name: 도구}]\n",
        ),
        (
            "templates/steps/outer.yaml",
            "steps: [{run: echo two}, {use: inner, name: inner}]\n",
        ),
        (
            "templates/steps/inner.yaml",
            "steps: [{run: echo 하나, name: 하나}]\n",
        ),
    ]);
    let shown: Vec<String> = content
        .steps
        .iter()
        .map(|step| {
            let within = step.within.as_deref().unwrap_or_default();
            format!("{within}; {}; {:?}", step.place, step.used)
        })
        .collect();
    assert_eq!(
        shown,
        [
            "도구; templates/steps/outer.yaml:2:10; [r.yaml:5:10]",
            "도구: inner; templates/steps/inner.yaml:2:10; [r.yaml:5:10, templates/steps/outer.yaml:2:27]",
        ]
    );
}

#[test]
fn a_stage_that_a_snippet_names_is_one_of_the_recipe_that_uses_it() {
    let snippet = "inputs: {stage: {type: str}}\n\
                   steps: [{copy: {from: \"${{ stage }}\", src: /가, to: /}}]\n";
    let load = |stage: &str| {
        let recipe = format!(
            "base: debian:12\nstages: {{build: {{base: debian:12}}}}\nsteps: [{{use: s, with: {{stage: {stage}}}}}]\n"
        );
        bench(&[("r.yaml", &recipe), ("templates/steps/s.yaml", snippet)]).load(&[])
    };
    assert!(load("build").is_ok());
    let Err(OpError::Invalid(findings)) = load("biuld") else {
        panic!()
    };
    let finding = findings.sorted()[0];
    assert_eq!(
        finding.message,
        "there is no stage `biuld`; did you mean `build`?"
    );
    assert_eq!(finding.related[0].0.to_string(), "r.yaml:6:10");
}

#[test]
fn the_name_of_a_snippet_may_be_an_expression() {
    let used = steps(
        "vars: {which: 둘}\nsteps: [{use: \"s-${{ which }}\"}]\n",
        &[("templates/steps/s-둘.yaml", "steps: [{run: echo two}]\n")],
    );
    assert_eq!(used, ["echo two"]);
}
