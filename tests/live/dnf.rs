//! `dnf`: a real one, as Debian packages it, on a repository of the test's own; microdnf and yum by what they
//! are called with, since no registry of packages that the lab reaches has them.

use std::collections::BTreeMap;

use crate::authority::Authority;
use crate::lab::BOTH;
use crate::published::{Published, sha256};
use crate::web::Web;
use crate::workspace::{Workspace, run};

/// dnf, and what makes packages and repositories: the same image in each run, so that the builder knows it.
const TOOLS: &str = "kiln: 1
name: tools
repository: live/rpm-tools
tags: [it]
platforms: [linux/amd64]
base: docker.io/library/debian:bookworm-slim
steps:
  - apt: {install: [dnf, rpm, createrepo-c]}
";

/// A repository: a package with a dependency and a weak one, two that have newer versions, of which one has an
/// advisory, one in a group; and a package that is in no repository.
const REPOSITORY: &str = r#"kiln: 1
name: packages
repository: live/UNIQUE-packages
tags: [it]
platforms: [linux/amd64]
base: REGISTRY/live/rpm-tools:it
workdir: /w
steps:
  - write:
      path: make
      content: |
        set -eu
        one() {
          {
            printf 'Name: %s\nVersion: %s\nRelease: 1\nSummary: 가마 UNIQUE\n' "$1" "$2"
            printf 'License: MIT\nBuildArch: noarch\n%b\n%%description\n%%install\n' "$3"
            printf 'mkdir -p %%{buildroot}/opt\necho "%s %s" > %%{buildroot}/opt/%s\n' "$1" "$2" "$1"
            printf '%%files\n/opt/%s\n' "$1"
          } > "$1-$2.spec"
          rpmbuild -bb --quiet --define "_rpmdir /w/out" \
            --define "_rpmfilename %{NAME}-%{VERSION}.rpm" "$1-$2.spec"
        }
        one kiln-top 1 'Requires: kiln-dep\nRecommends: kiln-weak'
        for name in dep weak plain safe member; do one "kiln-$name" 1 ''; done
        one kiln-plain 2 ''
        one kiln-safe 2 ''
        one kiln-file 1 'Requires: kiln-dep'
        mkdir /repo
        mv out/kiln-file-1.rpm /
        mv out/*.rpm /repo
        createrepo_c --quiet --groupfile /w/comps.xml /repo
        modifyrepo_c updateinfo.xml /repo/repodata
  - write:
      path: comps.xml
      content: |
        <?xml version="1.0" encoding="UTF-8"?>
        <comps><group><id>kiln-group</id><name>가마</name><description>.</description>
        <default>false</default><uservisible>true</uservisible><packagelist>
        <packagereq type="mandatory">kiln-member</packagereq></packagelist></group></comps>
  - write:
      path: updateinfo.xml
      content: |
        <?xml version="1.0" encoding="UTF-8"?>
        <updates><update from="kiln" status="final" type="security" version="1"><id>KILN-1</id>
        <title>가마</title><issued date="2026-01-01 00:00:00"/><severity>Important</severity>
        <description>.</description><pkglist><collection short="k"><name>k</name>
        <package name="kiln-safe" version="2" release="1" epoch="0" arch="noarch">
        <filename>kiln-safe-2.rpm</filename></package></collection></pkglist></update></updates>
  - run: sh make
"#;

const HEAD: &str = "base: REGISTRY/live/rpm-tools:it
platforms: [linux/amd64]
steps:
  - copy: {src: /repo, from: {recipe: packages}, to: /repo}
  - write: {path: /etc/yum.repos.d/kiln.repo, content: \"[kiln]\\nname=가마\\nbaseurl=file:///repo\\ngpgcheck=0\\n\"}
";

/// A workspace with tools and packages, both published.
fn prepared() -> Option<Workspace> {
    let space = Workspace::new()?;
    space.file("tools/recipe.yaml", TOOLS);
    run(space.networked(&["build", "tools", "--push"])).expect(0);
    space.file("packages/recipe.yaml", REPOSITORY);
    run(space.networked(&["build", "packages", "--push"])).expect(0);
    Some(space)
}

/// What a package and the books of rpm (where Debian keeps them) and dnf may be.
fn is_expected(path: &str) -> bool {
    path.starts_with("opt/")
        || path.starts_with("root/.rpmdb/")
        || path.starts_with("var/lib/dnf/history.sqlite")
}

#[test]
fn dnf_upgrades_removes_and_installs_and_leaves_packages_and_nothing_else() {
    let Some(space) = prepared() else {
        return;
    };
    space.recipe(&format!(
        "{HEAD}  - dnf: {{install: [kiln-top, kiln-plain-1, kiln-safe-1, \"@kiln-group\"]}}
  - run: echo $(cat /opt/*)
  - dnf: {{upgrade: security}}
  - run: echo $(cat /opt/*)
  - dnf: {{upgrade: all, remove: [kiln-top], install: [\"/m/kiln-file-*.rpm\"]}}
    mounts: [{{path: /m, from: {{recipe: packages}}, src: /}}]
  - run: echo $(cat /opt/*); test ! -e /m; test ! -e /run/kiln
    network: none
  - dnf: {{install: [kiln-top], weak_deps: false, remove: [kiln-file], options: [--disablerepo=none-*]}}
  - run: echo $(cat /opt/*)
"
    ));
    let built = run(space.networked(&["build", "image", "--push"])).expect(0);
    let said = built.logged(BOTH[0]);
    let at: Vec<Option<usize>> = [
        "kiln-dep 1 kiln-member 1 kiln-plain 1 kiln-safe 1 kiln-top 1 kiln-weak 1",
        "kiln-dep 1 kiln-member 1 kiln-plain 1 kiln-safe 2 kiln-top 1 kiln-weak 1",
        "kiln-dep 1 kiln-file 1 kiln-member 1 kiln-plain 2 kiln-safe 2",
        "kiln-dep 1 kiln-member 1 kiln-plain 2 kiln-safe 2 kiln-top 1",
    ]
    .iter()
    .map(|line| said.iter().position(|said| said == line))
    .collect();
    assert!(at.iter().all(Option::is_some), "{at:?} in {said:#?}");
    assert!(at.is_sorted(), "{at:?}");
    // Behind the tools come the repository, and one layer per step.
    let image = space.published();
    let layers: Vec<_> = image.on(BOTH[0]).layers().skip(3).collect();
    assert_eq!(layers.len(), 8);
    for added in &layers {
        let strays: Vec<String> = added
            .iter()
            .filter(|entry| entry.kind != 'd' && !is_expected(&entry.path))
            .map(crate::layers::Entry::line)
            .collect();
        assert!(strays.is_empty(), "{strays:#?}");
        let folders = ["run", "var/cache", "var/log", "tmp", "m"];
        let stray = added
            .iter()
            .find(|entry| folders.iter().any(|folder| entry.path.starts_with(folder)));
        assert_eq!(stray.map(crate::layers::Entry::line), None);
    }
}

#[test]
fn a_package_file_is_checked_and_installed_with_what_it_needs_and_leaves_nothing_behind() {
    let Some(space) = prepared() else {
        return;
    };
    let packages = format!("{}/live/{}-packages:it", space.lab.registry, space.unique);
    let packages = Published::read(&space.lab, &packages);
    let package = packages.on(BOTH[0]).files()["kiln-file-1.rpm"]
        .content
        .clone();
    let sum = sha256(&package).replace("sha256:", "");
    // The URL does not say what it is.
    let url = Web::new(BTreeMap::from([("/paket", package)])).url("/paket?id=가");
    space.recipe(&format!(
        "{HEAD}  - dnf: {{install: [{{url: \"{url}\", sha256: {sum}}}]}}
"
    ));
    run(space.networked(&["build", "image", "--push"])).expect(0);
    let image = space.published();
    let added = image.on(BOTH[0]).layers().nth(3).unwrap();
    let files = added.iter().filter(|entry| entry.kind != 'd');
    let files: Vec<&str> = files.map(|entry| entry.path.as_str()).collect();
    assert!(files.contains(&"opt/kiln-file") && files.contains(&"opt/kiln-dep"));
    assert!(files.iter().all(|path| is_expected(path)), "{files:?}");
}

#[test]
fn dnf_trusts_the_private_authority() {
    let Some(space) = prepared() else {
        return;
    };
    let packages = format!("{}/live/{}-packages:it", space.lab.registry, space.unique);
    let packages = Published::read(&space.lab, &packages);
    let files = packages.on(BOTH[0]).files();
    let repository = files
        .into_iter()
        .filter(|(path, _)| path.starts_with("repo/"));
    let served = repository.map(|(path, file)| {
        let path: &'static str = String::leak(format!("/{path}"));
        (path, file.content)
    });
    let authority = Authority::new("Kiln-Prüfstelle");
    let url = Web::tls(authority.server(), served.collect()).url("/repo");
    space.recipe(&format!(
        "{HEAD}  - run: sed -i s#file:///repo#{url}# /etc/yum.repos.d/kiln.repo
  - dnf: {{install: [kiln-top]}}
  - run: cat /opt/kiln-top; ls -R /run /etc 2>/dev/null | grep -c ca.pem || true
    network: none
"
    ));
    space
        .kiln(&["build", "image"])
        .expect(3)
        .says(&["certificate verification failed"]);
    std::fs::copy(authority.certificate(), space.path("eigene.pem")).unwrap();
    space.kiln_yaml(&space.lab.registry, "trust: {ca: eigene.pem}\n");
    let built = space.kiln(&["build", "image"]).expect(0);
    let said = built.logged(BOTH[0]);
    assert!(said.contains(&"kiln-top 1"), "{said:#?}");
    assert_eq!(said.last(), Some(&"0"));
}

#[test]
fn a_package_that_does_not_exist_fails_with_dnfs_own_words() {
    let Some(space) = prepared() else {
        return;
    };
    space.recipe(&format!("{HEAD}  - dnf: {{install: [no-such-UNIQUE]}}\n"));
    run(space.networked(&["build", "image", "--progress=quiet"]))
        .expect(3)
        .says(&[
            "r/recipe.yaml:10:5",
            "No match for argument: no-such-",
            "ended with exit code 1",
        ]);
}

/// A program that says what it is called with, each word in brackets.
fn stub(name: &str) -> String {
    let text = format!("#!/bin/sh\\nprintf '{name}'; printf ' [%s]' \\\"$@\\\"; echo\\n");
    format!("  - write: {{path: /usr/bin/{name}, mode: \"0755\", content: \"{text}\"}}\n")
}

const WORDS: &str = "{upgrade: all, weak_deps: false, remove: [a], install: [\"b >= 1\", \"$(id)\"], options: [\"-x y\"]}";

#[test]
fn without_dnf_microdnf_is_called_with_what_it_knows() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let (yum, microdnf) = (stub("yum"), stub("microdnf"));
    space.recipe(&format!(
        "platforms: [linux/amd64]\nsteps:\n{yum}{microdnf}  - dnf: {WORDS}\n    env: {{RUN: UNIQUE}}\n"
    ));
    let built = space.kiln(&["build"]).expect(0);
    let setting = "microdnf [-y] [--setopt=install_weak_deps=0]";
    assert_eq!(
        built.logged(BOTH[0]),
        [
            format!("{setting} [upgrade] [-x y]"),
            format!("{setting} [remove] [-x y] [a]"),
            format!("{setting} [install] [-x y] [b >= 1] [$(id)]"),
        ]
    );
    space.recipe(&format!(
        "platforms: [linux/amd64]\nsteps:\n{microdnf}  - dnf: {{upgrade: security}}\n"
    ));
    space
        .kiln(&["build", "--progress=quiet"])
        .expect(3)
        .says(&["microdnf cannot upgrade for security alone"]);
}

#[test]
fn without_both_yum_is_called_and_without_any_the_step_says_so() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let yum = stub("yum");
    space.recipe(&format!(
        "platforms: [linux/amd64]\nsteps:\n{yum}  - dnf: {WORDS}\n    env: {{RUN: UNIQUE}}\n"
    ));
    let built = space.kiln(&["build"]).expect(0);
    let settings = "yum [-y] [--setopt=keepcache=1] [--setopt=clean_requirements_on_remove=1]";
    assert_eq!(
        built.logged(BOTH[0]),
        [
            format!("{settings} [upgrade] [-x y]"),
            format!("{settings} [remove] [-x y] [a]"),
            format!("{settings} [install] [-x y] [b >= 1] [$(id)]"),
        ]
    );
    space.recipe("platforms: [linux/amd64]\nsteps:\n  - dnf: {install: [UNIQUE]}\n");
    space
        .kiln(&["build", "--progress=quiet"])
        .expect(3)
        .says(&["there is no dnf, microdnf or yum in the image"]);
}
