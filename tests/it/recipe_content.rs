//! What one image contains: environment, stages, runtime keys, files, in the forms the rest reads.

use kiln::recipe::steps::Installer;
use kiln::recipe::{EnvChange, StagePlatform, Step, StepKind};

use crate::common::{Workbench, loaded};
use crate::recipe_expand::{HEAD, content, words};

#[test]
fn names_and_package_files_keep_the_order_they_are_written_in() {
    let body = "steps:\n- apt: {install: [{url: \"https://example.com/a.deb\"}, git, {if: arch == \"arm64\", then: {url: \"https://example.com/b.deb\"}}]}\n";
    assert_eq!(
        words(&content(body, "linux/arm64")),
        ["apt https://example.com/a.deb git https://example.com/b.deb"]
    );
    assert_eq!(
        words(&content(body, "linux/amd64")),
        ["apt https://example.com/a.deb git"]
    );
}

#[test]
fn env_is_literal_and_extended_by_words() {
    let body = "vars: {money: \"$5 ${X}\"}\n\
                env: {A: a$$b$, B: \"${{ money }}\", C: 8080, D: $1, PATH: {prepend: [/a, /b], append: /c}, E: \"$${{ x }}\"}\n";
    let changes: Vec<EnvChange> = content(body, "linux/amd64")
        .env
        .into_iter()
        .map(|entry| entry.change)
        .collect();
    let set = |text: &str| EnvChange::Set(text.into());
    let extend = EnvChange::Extend {
        prepend: vec!["/a".into(), "/b".into()],
        append: vec!["/c".into()],
    };
    assert_eq!(
        changes,
        [
            set("a$b$"),
            set("$5 ${X}"),
            set("8080"),
            set("$1"),
            extend,
            set("${{ x }}")
        ]
    );
}

#[test]
fn stages_have_their_own_base_shell_and_platform() {
    let body = "shell: bash\nbase: debian:12\nstages:\n\
                \x20 build: {base: golang:1.24, platform: native, workdir: /src}\n\
                \x20 last: {base: {stage: build}, shell: [/bin/zsh, -c], platform: linux/amd64, env: {가: x}}\n"
        .replace("가", "A");
    let recipe = format!("kiln: 1\nname: r\ntags: [x]\n{body}");
    let images = loaded(&recipe).images;
    let content = images[0].contents.values().next().unwrap();
    let stages = &content.stages;
    assert_eq!(stages["build"].platform, StagePlatform::Native);
    assert_eq!(stages["build"].shell, content.shell);
    assert_eq!(stages["last"].shell.0, ["/bin/zsh", "-c"]);
    assert_eq!(
        stages["last"].platform,
        StagePlatform::Fixed("linux/amd64".parse().unwrap())
    );
}

#[test]
fn ports_health_checks_and_checksums_are_read_into_their_forms() {
    let sums = ["a", "b"].map(|letter| letter.repeat(64));
    let body = format!(
        "expose: [8080, 53/udp, 10205-10207]\nvolumes: [/data]\n\
         healthcheck: {{test: [CMD-SHELL, \"curl ${{{{ arch }}}} || exit 1\"], interval: 1m30s, timeout: 500ms, retries: 3}}\n\
         steps:\n- fetch: {{url: \"https://example.com/한\", to: /x, sha256: {{amd64: {}, arm64: \"sha256:{}\"}}}}\n",
        sums[0], sums[1]
    );
    let content = content(&body, "linux/arm64");
    assert_eq!(
        content.runtime.expose,
        ["8080/tcp", "53/udp", "10205/tcp", "10206/tcp", "10207/tcp"]
    );
    let check = content.runtime.healthcheck.clone().unwrap();
    assert_eq!(check.test, ["CMD-SHELL", "curl arm64 || exit 1"]);
    assert_eq!(
        (check.interval, check.timeout, check.retries),
        (Some(90_000_000_000), Some(500_000_000), Some(3))
    );
    assert_eq!(words(&content), [sums[1].clone()]);
}

#[test]
fn a_template_sees_the_names_of_the_recipe_and_the_functions() {
    let bench = Workbench::with_recipe(&format!(
        "{HEAD}tags: [x]\nvars: {{cuda: 12.8.1, full: true, list: [a, 나]}}\nsteps:\n- write: {{path: /p, template: page.hbs}}\n"
    ));
    bench.write(
        "page.hbs",
        "{{arch}} {{upto cuda 2}} {{replace cuda \".\" \"\"}}{{#if full}} <b>한</b>{{/if}}{{#each list}} {{this}}{{/each}} {{#if (eq arch \"arm64\")}}A{{else}}B{{/if}}\n",
    );
    let images = bench.load(&[]).unwrap().images;
    let shown: Vec<String> = images[0].contents.values().flat_map(words).collect();
    assert_eq!(
        shown,
        [
            "amd64 12.8 1281 <b>한</b> a 나 B\n",
            "arm64 12.8 1281 <b>한</b> a 나 A\n"
        ]
    );
}

#[test]
fn a_kept_path_is_marked_and_resolved_from_the_file() {
    let bench = Workbench::new();
    bench.write("kiln.yaml", "kiln: 1\nrecipes: [\"a/b/*.yaml\"]\n");
    bench.write(
        "a/b/r.yaml",
        "kiln: 1\nname: r\ntags: [x]\nbase: scratch\nsteps:\n- copy: {src: [../c/./d/e, ./x//y, /top/./z], to: /t/, parents: true}\n",
    );
    let images = bench.load(&[]).unwrap().images;
    let StepKind::Copy(copy) = &images[0].contents.values().next().unwrap().steps[0].kind else {
        panic!()
    };
    let sources: Vec<&str> = copy.src.iter().map(|src| src.value.as_str()).collect();
    assert_eq!(sources, ["a/c/./d/e", "a/b/x/y", "top/./z"]);
}

#[test]
fn the_workspace_says_who_installs_where_a_step_does_not() {
    let installers = |workspace: &str| {
        let bench = Workbench::new();
        bench.write(
            "kiln.yaml",
            format!("kiln: 1\nrecipes: [r.yaml]\n{workspace}"),
        );
        bench.write(
            "r.yaml",
            "kiln: 1\nname: r\ntags: [x]\nbase: {stage: s}\n\
             stages: {s: {base: \"debian:12\", steps: [{pip: {install: [가]}}]}}\n\
             steps:\n- pip: {install: [a], installer: pip}\n- pip: {install: [b], installer: uv}\n",
        );
        let images = bench.load(&[]).unwrap().images;
        let content = images[0].contents.values().next().unwrap();
        let steps = content.stages["s"].steps.iter().chain(&content.steps);
        let of = |step: &Step| match &step.kind {
            StepKind::Pip(pip, _) => pip.installer,
            other => panic!("{other:?}"),
        };
        steps.map(of).collect::<Vec<_>>()
    };
    let (pip, uv) = (Some(Installer::Pip), Some(Installer::Uv));
    assert_eq!(installers(""), [uv, pip, uv]);
    assert_eq!(installers("defaults: {installer: pip}\n"), [pip, pip, uv]);
}
