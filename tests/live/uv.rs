//! `installer: uv`: the real uv, as its project publishes it for pip, with indexes of a test's own.

use std::collections::BTreeMap;

use crate::lab::BOTH;
use crate::pip::{indexes, page, wheel, wheel_needing};
use crate::web::Web;
use crate::workspace::{Workspace, run};

/// Python with uv: the same image in each run, so that the builder knows it.
const TOOLS: &str = "kiln: 1
name: tools
repository: live/uv-tools
tags: [it]
platforms: [linux/amd64]
base: docker.io/library/python:3.11-slim
steps:
  - pip: {install: [uv], installer: pip}
  - write: {path: /usr/lib/python3.11/EXTERNALLY-MANAGED, content: \"[externally-managed]\\nError=아니\\n\"}
";

/// A workspace in which steps that do not say are installed by uv.
pub(crate) fn prepared() -> Option<Workspace> {
    let space = Workspace::new()?;
    space.file("tools/recipe.yaml", TOOLS);
    run(space.networked(&["build", "tools", "--push"])).expect(0);
    space.kiln_yaml(&space.lab.registry, "defaults: {installer: uv}\n");
    Some(space)
}

#[test]
fn uv_does_what_pip_does_and_leaves_packages_and_nothing_else() {
    let Some(space) = prepared() else {
        return;
    };
    let (own, public) = indexes("둘");
    space.file("r/requirements.txt", "kilnone==1.0  # 고정\nkilntwo\n");
    space.file("r/limits.txt", "kilntwo<4\n");
    space.recipe(&format!(
        "base: REGISTRY/live/uv-tools:it
platforms: [linux/amd64]
steps:
  - pip:
      requirements: requirements.txt
      constraints: limits.txt
      index: [\"{}\", {{url: \"{}\", packages: [kilnone]}}]
    env: {{RUN: UNIQUE}}
  - run: [python3, -c, \"import kilnone, kilntwo; print(kilnone.word, kilntwo.word)\"]
  - pip: {{remove: [kilntwo], python: /usr/bin/python3}}
    native: false
    env: {{PATH: \"/usr/bin:/bin\"}}
  - run: [python3, -c, \"import importlib.util as u; print(u.find_spec('kilntwo'))\"]
",
        public.url("/simple"),
        own.url("/simple"),
    ));
    let built = space.kiln(&["build", "image", "--push"]).expect(0);
    // The last step found uv as a module, as it is not in its path.
    let lines = built.logged(BOTH[0]);
    assert!(lines.contains(&"own 1 둘"), "{lines:?}");
    assert_eq!(lines.last(), Some(&"None"));
    let image = space.published();
    let base = image.on(BOTH[0]).layers().count() - 4;
    let added = image.on(BOTH[0]).layers().nth(base).unwrap();
    let strays: Vec<String> = added
        .iter()
        .filter(|entry| entry.kind != 'd' && !entry.path.contains("/dist-packages/kiln"))
        .filter(|entry| !entry.path.contains("/__pycache__/kiln"))
        .map(crate::layers::Entry::line)
        .collect();
    assert!(strays.is_empty(), "{strays:#?}");
}

#[test]
fn wheels_of_a_folder_and_of_a_page_need_no_index_on_either_platform() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.bytes(
        "바퀴/kilnone-1.0-py3-none-any.whl",
        &wheel("kilnone", "1.0", "eins"),
    );
    let links = page("kilntwo", &["3.0"]);
    let web = Web::new(BTreeMap::from([
        ("/a/b/", links),
        (
            "/kilntwo-3.0-py3-none-any.whl",
            wheel("kilntwo", "3.0", "둘"),
        ),
    ]));
    space.recipe(&format!(
        "base: docker.io/library/python:3.11-slim
platforms: [linux/amd64, linux/arm64]
steps:
  - pip: {{install: [kilnone, kilntwo], find_links: [/w, \"{}\"], options: [--no-index]}}
    env: {{RUN: UNIQUE}}
    mounts: [{{path: /w, src: /바퀴}}]
tests:
  - run: [python3, -c, \"import kilnone, kilntwo; print(kilnone.word, kilntwo.word)\"]
    stdout: {{contains: eins 둘}}
",
        web.url("/a/b/")
    ));
    let args = ["build", "image", "--push", "--format=json"];
    let built = run(space.networked(&args)).expect(0).json();
    let steps = &built["images"][0]["platforms"];
    assert!(steps.to_string().contains("native-tools"), "{steps}");
}

#[test]
fn an_index_of_some_packages_is_not_asked_for_what_they_need() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let (_, public) = indexes("둘");
    let needs = "Requires-Dist: kilntwo\n";
    let files = [("kilnone.py", "word = 'own 1'\n")];
    // Somebody has put a package of another's name there, in a version that is greater.
    let own = Web::new(BTreeMap::from([
        ("/simple/kilnone/", page("kilnone", &["1.0"])),
        ("/simple/kilntwo/", page("kilntwo", &["9.0"])),
        (
            "/kilnone-1.0-py3-none-any.whl",
            wheel_needing("kilnone", "1.0", &files, needs),
        ),
        (
            "/kilntwo-9.0-py3-none-any.whl",
            wheel("kilntwo", "9.0", "untergeschoben"),
        ),
    ]));
    for (more, platforms) in [
        ("", "linux/amd64, linux/arm64"),
        (", upgrade: true", "linux/amd64"),
        (", installer: pip", "linux/amd64"),
        (", installer: pip, upgrade: true", "linux/amd64"),
    ] {
        space.recipe(&format!(
            "base: docker.io/library/python:3.11-slim
platforms: [{platforms}]
steps:
  - pip: {{index: [\"{}\", {{url: \"{}\", packages: [kilnone]}}]{more}}}
    env: {{RUN: UNIQUE}}
tests:
  - run: [python3, -c, \"import kilnone, kilntwo; print(kilnone.word, kilntwo.word)\"]
    stdout: {{contains: own 1 둘}}
",
            public.url("/simple"),
            own.url("/simple"),
        ));
        let _ = run(space.networked(&["build", "image", "--push"])).expect(0);
    }
}

#[test]
fn a_user_installs_with_uv_into_an_environment_of_their_own() {
    let Some(space) = prepared() else {
        return;
    };
    let (_, public) = indexes("둘");
    space.recipe(&format!(
        "base: REGISTRY/live/uv-tools:it
platforms: [linux/amd64]
steps:
  - run: |
      useradd --create-home work
      mkdir /venv; chown work /venv
  - run: python3 -m venv --system-site-packages --without-pip /venv
    user: work
  - pip: {{install: [kilntwo], python: /venv/bin/python, index: \"{}\"}}
    user: work
    env: {{RUN: UNIQUE}}
  - run: |
      /venv/bin/python -c 'import kilntwo; print(kilntwo.word, kilntwo.__file__)'
      find /home/work -newer /venv/pyvenv.cfg -type f
",
        public.url("/simple"),
    ));
    let built = space.kiln(&["build", "image"]).expect(0);
    let lines = built.logged(BOTH[0]);
    assert_eq!(
        lines.last(),
        Some(&"둘 /venv/lib/python3.11/site-packages/kilntwo.py"),
        "{lines:?}"
    );
}

#[test]
fn an_image_without_pip_and_uv_says_what_to_do() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "base: docker.io/library/python:3.11-slim
platforms: [linux/amd64]
steps:
  - run: find / -xdev -name pip -type d -path '*-packages/*' -exec rm -r {} +
  - pip: {install: [kiln-UNIQUE]}
",
    );
    space.kiln(&["build", "--progress=quiet"]).expect(3).says(&[
        "r/recipe.yaml:9:5",
        "there is neither pip nor uv in the image",
        "install pip first",
    ]);
}
