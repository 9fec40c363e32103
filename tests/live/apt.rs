//! `apt` on a real Debian: what it installs, and what it leaves.

use std::collections::BTreeMap;

use crate::lab::BOTH;
use crate::published::sha256;
use crate::web::Web;
use crate::workspace::{Workspace, run};

#[test]
fn apt_leaves_packages_and_nothing_else_and_is_cached() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "base: docker.io/library/debian:bookworm-slim
steps:
  - apt: {install: [hello]}
    env: {RUN: UNIQUE}
  - run: |
      hello
      apt-get check
      test -z \"$(dpkg --audit)\"
      test -z \"$(ls /var/lib/apt/lists | grep -v -e lock -e partial)\"
      test ! -e /run/kiln
    network: none
",
    );
    let built = run(space.networked(&["build", "--push"])).expect(0);
    let image = space.published();
    for (platform, on) in image.images() {
        assert!(
            built.logged(platform).contains(&"Hello, world!"),
            "{:?}",
            built.logged(platform)
        );
        let added = on.layers().nth(1).unwrap();
        let strays: Vec<String> = added
            .iter()
            .filter(|entry| entry.kind != 'd' && !is_expected(&entry.path))
            .map(crate::layers::Entry::line)
            .collect();
        assert!(strays.is_empty(), "{platform}: {strays:#?}");
        let folders = [
            "run",
            "var/lib/apt/lists",
            "var/cache/apt/archives",
            "var/log",
            "tmp",
        ];
        let stray = added
            .iter()
            .find(|entry| folders.iter().any(|folder| entry.path.starts_with(folder)));
        assert_eq!(stray.map(crate::layers::Entry::line), None, "{platform}");
    }
    let again = run(space.networked(&["build", "--push"])).expect(0);
    assert!(!again.stderr.contains("│ ✓ apt"), "{}", again.stderr);
    assert_eq!(space.published().digest, image.digest);
}

/// What a package and dpkg's own books may be.
fn is_expected(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    path == "usr/bin/hello"
        || path.starts_with("usr/share/doc/hello/")
        || path.starts_with("var/lib/dpkg/info/hello.")
        || path.starts_with("var/lib/dpkg/triggers/")
        || matches!(path, "var/lib/dpkg/status" | "var/lib/apt/extended_states")
        // Backups that the base has and nobody needs.
        || (name.starts_with(".wh.") && name.ends_with("-old"))
        || name == "lock"
        || name == "lock-frontend"
}

#[test]
fn a_package_that_does_not_exist_fails_with_apts_own_words() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "base: docker.io/library/debian:bookworm-slim
platforms: [linux/amd64]
steps:
  - apt: {install: [no-such-package-UNIQUE]}
",
    );
    run(space.networked(&["build", "--progress=quiet"]))
        .expect(3)
        .says(&[
            "r/recipe.yaml:8:5",
            "Unable to locate package no-such-package-",
            "ended with exit code 100",
        ]);
}

#[test]
fn a_package_file_is_checked_and_installed_and_leaves_nothing_behind() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let package = package(&space, "kiln-live", "1.0", "");
    let sum = sha256(&package).replace("sha256:", "");
    let url = Web::new(BTreeMap::from([("/kiln-live.deb", package)])).url("/kiln-live.deb");
    space.recipe(&format!(
        "base: docker.io/library/debian:bookworm-slim
platforms: [linux/amd64, linux/arm64]
steps:
  - apt: {{install: [{{url: \"{url}\", sha256: {sum}}}]}}
"
    ));
    run(space.networked(&["build", "--push"])).expect(0);
    let image = space.published();
    for (platform, built) in image.images() {
        assert_eq!(built.text("opt/kiln-live"), format!("{}\n", space.unique));
        let added = built.layers().nth(1).unwrap();
        let files = added
            .iter()
            .filter(|entry| entry.kind != 'd')
            .map(|entry| entry.path.as_str());
        let strays: Vec<&str> = files
            .filter(|path| !is_expected(path) && *path != "opt/kiln-live")
            .filter(|path| !path.starts_with("var/lib/dpkg/info/kiln-live."))
            .collect();
        assert!(strays.is_empty(), "{platform}: {strays:#?}");
    }
}

/// A package with one file that says its version.
pub(crate) fn package(space: &Workspace, name: &str, version: &str, more: &str) -> Vec<u8> {
    let folder = format!("deb/{name}-{version}");
    space.file(
        &format!("{folder}/DEBIAN/control"),
        &format!(
            "Package: {name}\nVersion: {version}\nArchitecture: all\n\
             Maintainer: É <e@example.org>\n{more}Description: UNIQUE\n"
        ),
    );
    let text = if more.is_empty() && version == "1.0" {
        "UNIQUE\n".to_owned()
    } else {
        format!("{name} {version}\n")
    };
    space.file(&format!("{folder}/opt/{name}"), &text);
    let path = |path: &str| space.path(path).display().to_string();
    let (folder, file) = (path(&folder), path(&format!("{folder}.deb")));
    let arguments = ["--root-owner-group", "--build", &folder, &file];
    space.lab.bytes_of("dpkg-deb", arguments);
    std::fs::read(&file).unwrap()
}

/// What an index of packages says of one, which stands beside it.
pub(crate) fn listed(name: &str, version: &str, package: &[u8]) -> String {
    format!(
        "Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: É <e@example.org>\n\
         Filename: ./{name}_{version}.deb\nSize: {}\nSHA256: {}\nDescription: 가마\n\n",
        package.len(),
        sha256(package).replace("sha256:", "")
    )
}

#[test]
fn apt_upgrades_then_removes_with_what_became_unneeded_then_installs() {
    let Some(space) = Workspace::new() else {
        return;
    };
    package(&space, "kiln-plain", "1", "Section: misc\n");
    package(&space, "kiln-dep", "1", "Section: misc\n");
    package(&space, "kiln-top", "1", "Depends: kiln-dep\n");
    let newer = package(&space, "kiln-plain", "2", "Section: misc\n");
    let listed = listed("kiln-plain", "2", &newer);
    let web = Web::new(BTreeMap::from([
        ("/./Packages", listed.clone().into_bytes()),
        ("/Packages", listed.into_bytes()),
        ("/./kiln-plain_2.deb", newer.clone()),
        ("/kiln-plain_2.deb", newer),
    ]));
    // Only the test's own repository, so that nothing of Debian is newer than the base.
    space.recipe(&format!(
        "base: docker.io/library/debian:bookworm-slim
platforms: [linux/amd64, linux/arm64]
steps:
  - remove: [/etc/apt/sources.list, /etc/apt/sources.list.d/*]
  - apt: {{install: [\"/m/kiln-*-1.deb\"]}}
    mounts: [{{path: /m, src: /deb}}]
  - run: apt-mark auto kiln-dep >/dev/null; echo $(cat /opt/kiln-*)
  - apt:
      upgrade: true
      remove: [kiln-top]
      install: [kiln-plain]
      options: [-o, Acquire::AllowInsecureRepositories=true, -o, APT::Get::AllowUnauthenticated=true]
      sources: {{kiln: {{uris: \"{}/\", suites: ./}}}}
  - run: echo $(cat /opt/kiln-*); ls /var/lib/apt/lists /var/cache/apt/archives
    network: none
",
        web.url("")
    ));
    let built = space.kiln(&["build"]).expect(0);
    for platform in BOTH {
        let said = built.logged(platform);
        let first = said
            .iter()
            .position(|line| *line == "kiln-dep 1 kiln-plain 1 kiln-top 1");
        let last = said.iter().position(|line| *line == "kiln-plain 2");
        assert!(first.is_some() && first < last, "{said:#?}");
        assert!(!said.iter().any(|line| line.ends_with("_Packages")));
    }
}
