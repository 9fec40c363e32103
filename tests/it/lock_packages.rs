//! Lists of packages: what is asked of the resolver, and what becomes of its answers.

use kiln::ops::lock::Pinned;

use crate::build::findings;
use crate::locksmith::{Locksmith, said};

/// A recipe with requirements and a resolver that knows them.
async fn python() -> Locksmith {
    let smith = Locksmith::new().await;
    smith.shop.write(
        "recipes/요구.txt",
        "numpy>=2  # 고정\nonly-amd; platform_machine == 'x86_64'\n",
    );
    let step = "  - pip: {requirements: 요구.txt, python: python3.11, index: [{url: \"https://example.com/cpu\", packages: [torch]}]}\n";
    smith
        .shop
        .recipe("a", &format!("base: debian:12\nsteps:\n{step}"));
    let both = [("numpy", "2.1.0", 'a'), ("torch", "2.4.1+cpu", 'b')];
    smith.packages(
        "x86_64-manylinux_2_28",
        &[&both[..], &[("only-amd", "1.0", 'c')]].concat(),
    );
    smith.packages("aarch64-manylinux_2_28", &both);
    smith
}

#[tokio::test]
async fn packages_are_locked_per_platform_and_installed_from_the_list_with_their_checksums() {
    let smith = python().await;
    let report = smith.lock().await.unwrap();
    let notes: Vec<String> = report
        .notes
        .iter()
        .map(|note| format!("{} {}", note.place, note.message))
        .collect();
    assert_eq!(
        notes,
        ["recipes/요구.txt:2:1 `only-amd` is left out on linux/arm64 by its marker"]
    );
    let asked = std::fs::read_to_string(smith.shop.path("tools/asked")).unwrap();
    assert_eq!(asked.lines().count(), 2, "{asked}");
    for line in asked.lines() {
        assert!(
            line.contains("--python-version 3.11") && line.contains("--no-build"),
            "{line}"
        );
        assert!(line.contains("recipes/요구.txt"), "{line}");
    }
    let graphs = smith.graphs().await;
    for part in [
        "--no-deps --require-hashes --index-url https://example.com/cpu -r /run/kiln/pip/list/0.txt",
        "--no-deps --require-hashes -r /run/kiln/pip/list/1.txt",
        &format!("numpy==2.1.0 --hash=sha256:{}", "a".repeat(64)),
        &format!("torch==2.4.1+cpu --hash=sha256:{}", "b".repeat(64)),
    ] {
        assert!(graphs.contains(part), "no {part} in\n{graphs}");
    }
    assert!(
        !graphs.contains("요구.txt\""),
        "files are mounted no more:\n{graphs}"
    );
}

#[tokio::test]
async fn versions_that_differ_between_platforms_are_told() {
    let smith = python().await;
    smith.packages(
        "aarch64-manylinux_2_28",
        &[("numpy", "2.0.9", 'a'), ("torch", "2.4.1+cpu", 'b')],
    );
    let report = smith.lock().await.unwrap();
    let notes: Vec<String> = report
        .notes
        .iter()
        .map(|note| format!("{} {}", note.place, note.message))
        .collect();
    assert_eq!(
        notes[0],
        "recipes/a.yaml:7:5 `numpy` is 2.0.9 on linux/arm64 and 2.1.0 on linux/amd64"
    );
}

#[tokio::test]
async fn a_comment_in_a_requirement_file_changes_nothing_and_a_requirement_does() {
    let smith = python().await;
    smith.lock().await.unwrap();
    let text = smith.text();
    smith.shop.write(
        "recipes/요구.txt",
        "# 설명\nnumpy>=2\n\nonly-amd; platform_machine == 'x86_64'\n",
    );
    assert!(!smith.lock().await.unwrap().written);
    assert_eq!(smith.text(), text);
    smith.shop.write("recipes/요구.txt", "numpy>=2,<3\n");
    assert_eq!(findings(smith.locked().await).len(), 2);
    smith.lock().await.unwrap();
    let kept = std::fs::read_to_string(smith.shop.path("tools/kept")).unwrap();
    assert!(
        kept.contains("name = \"numpy\"\nversion = \"2.1.0\""),
        "{kept}"
    );
    std::fs::remove_file(smith.shop.path("tools/kept")).unwrap();
    smith.update(&[], &[Pinned::Pip]).await.unwrap();
    assert!(
        !smith.shop.path("tools/kept").exists(),
        "an update keeps no version"
    );
    assert!(
        !smith
            .shop
            .path(".kiln")
            .join(format!("lock-{}", std::process::id()))
            .exists()
    );
}

#[tokio::test]
async fn a_package_without_a_wheel_is_a_mistake_at_its_requirement() {
    let smith = python().await;
    std::fs::remove_file(smith.shop.path("tools/aarch64-manylinux_2_28")).unwrap();
    smith.shop.write(
        "tools/refusal",
        "error: No solution found when resolving dependencies\n  cause: Because only_amd==1.0 has no wheels with a matching \
         platform tag and you require only_amd, we can conclude that your requirements are unsatisfiable.\n",
    );
    assert_eq!(
        said(smith.lock().await),
        [
            "recipes/요구.txt:2:1 no packages for linux/arm64 and Python 3.11: Because only_amd==1.0 has no wheels with a \
          matching platform tag and you require only_amd"
        ]
    );
    assert!(!smith.shop.path("kiln.lock").exists());
}

#[tokio::test]
async fn the_version_of_python_is_said_by_name_or_environment_and_never_guessed() {
    let smith = Locksmith::new().await;
    smith.packages("x86_64-manylinux_2_28", &[("x", "1", 'a')]);
    smith.packages("aarch64-manylinux_2_28", &[("x", "1", 'a')]);
    let step = "steps:\n  - pip: {install: [x]}\n";
    smith.shop.recipe("a", &format!("base: debian:12\n{step}"));
    assert_eq!(
        said(smith.lock().await),
        [
            "recipes/a.yaml:7:5 the version of Python on linux/amd64 is not known, and packages depend on it",
            "recipes/a.yaml:7:5 the version of Python on linux/arm64 is not known, and packages depend on it",
        ]
    );
    smith.shop.recipe(
        "a",
        &format!("base: debian:12\nenv: {{PYTHON_VERSION: 3.12.1}}\n{step}"),
    );
    smith.lock().await.unwrap();
    assert!(
        smith.text().contains("python: \"3.12\""),
        "{}",
        smith.text()
    );
    // The list is the same by what it asks for, and wrong for the Python that runs now.
    smith.shop.recipe(
        "a",
        &format!("base: debian:12\nenv: {{PYTHON_VERSION: 3.13.0}}\n{step}"),
    );
    let said = findings(smith.locked().await);
    assert_eq!(
        said[0],
        "recipes/a.yaml:8:5 kiln.lock has the packages of this step for Python 3.12, and it runs 3.13"
    );
}
