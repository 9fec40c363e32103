//! What native tools made runs on its own platform: programs of the published image, under emulation.

use crate::workspace::{Workspace, run};

#[track_caller]
fn builds_and_passes(space: &Workspace, recipe: &str) {
    space.recipe(recipe);
    let args = [
        "build",
        "image",
        "--push",
        "--progress=plain",
        "--format=json",
    ];
    let report = run(space.networked(&args)).expect(0).json();
    let leg = &report["images"][0]["platforms"]["linux/arm64"];
    assert_eq!(leg["steps"][0]["mode"], "native-tools", "{leg:#}");
}

#[test]
fn a_compiler_from_packages_compiles_and_its_program_runs() {
    let Some(space) = Workspace::for_long() else {
        return;
    };
    builds_and_passes(
        &space,
        "base: docker.io/library/debian:bookworm-slim
platforms: [linux/arm64, linux/amd64]
steps:
  - apt: {install: [build-essential, gcc, g++, git, curl, ca-certificates, python3-dev]}
    env: {RUN: UNIQUE}
tests:
  - run: |
      printf '#include <iostream>\\nint main() { std::cout << \"größe \" << sizeof(void*) << std::endl; }\\n' > /tmp/a.cc
      g++ -O2 -o /tmp/a /tmp/a.cc && /tmp/a
    stdout: {contains: größe 8}
  - run: file=$(command -v git) && od -An -t u1 -j 18 -N 1 $file
    stdout: {contains: \"183\"}
    if: arch == \"arm64\"
  - run: git init -q /tmp/r && git -C /tmp/r status
  - run: curl --version
  - run: test -z \"$(dpkg --audit)\" && dpkg --verify && apt-get check
  - run: python3-config --includes
",
    );
}

#[test]
fn scientific_packages_import_fit_check_and_go() {
    let Some(space) = Workspace::for_long() else {
        return;
    };
    let list = include_str!("../proofs/recipes/requirements.txt");
    space.file("r/requirements.txt", list);
    builds_and_passes(
        &space,
        "base: docker.io/library/python:3.11-slim
platforms: [linux/arm64, linux/amd64]
steps:
  - pip: {requirements: requirements.txt}
    env: {RUN: UNIQUE}
tests:
  - run: [python3, -c, \"import numpy, pandas, sklearn, fastapi, uvicorn, httpx, pydantic, sqlalchemy\"]
  - run: |
      python3 -c \"
      from sklearn.linear_model import LinearRegression as Fit
      print(round(Fit().fit([[1], [2], [3]], [3, 5, 7]).predict([[10]])[0]))\"
    stdout: {contains: \"21\"}
  - run: uvicorn --version
  - run: [python3, -m, pip, check]
  - run: python3 -m pip uninstall -y pandas uvicorn && ! python3 -c 'import pandas' 2>/dev/null && test ! -e /usr/local/bin/uvicorn
",
    );
}
