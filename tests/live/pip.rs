//! `pip` with indexes of a test's own.

use std::collections::BTreeMap;

use crate::lab::BOTH;
use crate::web::Web;
use crate::workspace::Workspace;

/// A wheel with one module that says a word.
pub(crate) fn wheel(name: &str, version: &str, word: &str) -> Vec<u8> {
    let module = format!("word = '{word}'\n");
    wheel_of(name, version, &[(&format!("{name}.py"), &module)])
}

/// A wheel with some files.
pub(crate) fn wheel_of(name: &str, version: &str, files: &[(&str, &str)]) -> Vec<u8> {
    wheel_needing(name, version, files, "")
}

/// A wheel with some files, and lines more in its metadata.
pub(crate) fn wheel_needing(
    name: &str,
    version: &str,
    files: &[(&str, &str)],
    more: &str,
) -> Vec<u8> {
    let info = format!("{name}-{version}.dist-info");
    let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}");
    let tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
    let own: Vec<String> = files
        .iter()
        .map(|(path, _)| format!("{path},,\n"))
        .collect();
    let own = own.concat();
    let record = format!("{own}{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n");
    let mut all: Vec<(String, &str)> = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), *text))
        .collect();
    all.push((format!("{info}/METADATA"), metadata.as_str()));
    all.push((format!("{info}/WHEEL"), tags));
    all.push((format!("{info}/RECORD"), record.as_str()));
    zip(&all)
}

/// A zip archive without compression, APPNOTE 4.3.
fn zip(files: &[(String, &str)]) -> Vec<u8> {
    let mut archive = Vec::new();
    let mut directory = Vec::new();
    for (path, text) in files {
        let offset = u32::try_from(archive.len()).unwrap();
        let mut crc = flate2::Crc::new();
        crc.update(text.as_bytes());
        let size = u32::try_from(text.len()).unwrap();
        let name = u16::try_from(path.len()).unwrap();
        // Version 2.0, no flags, stored, at midnight on 1980-01-01.
        let mut shared = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        for number in [crc.sum(), size, size] {
            shared.extend(number.to_le_bytes());
        }
        shared.extend(name.to_le_bytes());
        shared.extend([0, 0]);
        archive.extend(b"PK\x03\x04");
        archive.extend(&shared);
        archive.extend(path.as_bytes());
        archive.extend(text.as_bytes());
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&shared);
        // No comment, first disk, no attributes.
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(path.as_bytes());
    }
    let count = u16::try_from(files.len()).unwrap().to_le_bytes();
    let (start, size) = (archive.len(), directory.len());
    archive.extend(directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend([count, count].concat());
    archive.extend(u32::try_from(size).unwrap().to_le_bytes());
    archive.extend(u32::try_from(start).unwrap().to_le_bytes());
    archive.extend([0, 0]);
    archive
}

pub(crate) fn page(name: &str, versions: &[&str]) -> Vec<u8> {
    let links = versions.iter().map(|version| {
        let file = format!("{name}-{version}-py3-none-any.whl");
        format!("<a href=\"../../{file}\">{file}</a>\n")
    });
    let links: String = links.collect();
    format!("<!DOCTYPE html><html><body>{links}</body></html>").into_bytes()
}

/// An index of the test's own, and one where everybody may publish under any name. `two` is the word of the
/// package that only the second one has.
pub(crate) fn indexes(two: &str) -> (Web, Web) {
    let own = Web::new(BTreeMap::from([
        ("/simple/kilnone/", page("kilnone", &["1.0", "2.0"])),
        (
            "/kilnone-1.0-py3-none-any.whl",
            wheel("kilnone", "1.0", "own 1"),
        ),
        (
            "/kilnone-2.0-py3-none-any.whl",
            wheel("kilnone", "2.0", "own 2"),
        ),
    ]));
    let public = Web::new(BTreeMap::from([
        ("/simple/kilnone/", page("kilnone", &["1.0", "9.0"])),
        ("/simple/kilntwo/", page("kilntwo", &["3.0"])),
        (
            "/kilnone-1.0-py3-none-any.whl",
            wheel("kilnone", "1.0", "public 1"),
        ),
        (
            "/kilnone-9.0-py3-none-any.whl",
            wheel("kilnone", "9.0", "public 9"),
        ),
        (
            "/kilntwo-3.0-py3-none-any.whl",
            wheel("kilntwo", "3.0", two),
        ),
    ]));
    (own, public)
}

/// A workspace in which pip of the image installs: these indexes have no uv, and what fails is said in pip's words.
fn by_pip(space: &Workspace) {
    space.kiln_yaml(&space.lab.registry, "defaults: {installer: pip}\n");
}

#[test]
fn packages_of_an_index_come_from_it_alone_in_the_version_that_the_step_asks_for() {
    let Some(space) = Workspace::new() else {
        return;
    };
    by_pip(&space);
    let (own, public) = indexes("two");
    space.file("r/requirements.txt", "kilnone==1.0  # 고정\nkilntwo\n");
    space.recipe(&format!(
        "base: docker.io/library/python:3.11-slim
platforms: [linux/amd64]
steps:
  - pip:
      requirements: requirements.txt
      index: [\"{}\", {{url: \"{}\", packages: [kilnone]}}]
    env: {{RUN: UNIQUE}}
  - run: [python3, -c, \"import kilnone, kilntwo; print(kilnone.word, kilntwo.word)\"]
  - pip: {{remove: [kilntwo]}}
  - run: [python3, -c, \"import importlib.util as u; print(u.find_spec('kilntwo'))\"]
",
        public.url("/simple"),
        own.url("/simple"),
    ));
    let run = space.kiln(&["build"]).expect(0);
    let lines = run.logged(BOTH[0]);
    assert!(lines.contains(&"own 1 two"), "{lines:?}");
    assert_eq!(lines.last(), Some(&"None"));
}

#[test]
fn a_distributions_marker_against_pip_is_no_hindrance() {
    let Some(space) = Workspace::new() else {
        return;
    };
    by_pip(&space);
    let page = b"<a href=\"../../kilnone-1.0-py3-none-any.whl\">kilnone</a>".to_vec();
    let index = Web::new(BTreeMap::from([
        ("/simple/kilnone/", page),
        (
            "/kilnone-1.0-py3-none-any.whl",
            wheel("kilnone", "1.0", "installed"),
        ),
    ]));
    space.recipe(&format!(
        "base: docker.io/library/python:3.11-slim\nplatforms: [linux/amd64]\nsteps:\n\
         - write: {{path: /usr/lib/python3.11/EXTERNALLY-MANAGED, content: \"[externally-managed]\\nError=아니오 UNIQUE\\n\"}}\n\
         - pip: {{install: [kilnone], index: \"{}\"}}\n\
         - run: [python3, -c, \"import kilnone; print(kilnone.word)\"]\n",
        index.url("/simple")
    ));
    let run = space.kiln(&["build"]).expect(0);
    assert_eq!(run.logged(BOTH[0]).last(), Some(&"installed"));
}

#[test]
fn a_package_that_does_not_exist_fails_with_pips_own_words() {
    let Some(space) = Workspace::new() else {
        return;
    };
    by_pip(&space);
    let empty = Web::new(BTreeMap::new());
    space.recipe(&format!(
        "base: docker.io/library/python:3.11-slim
platforms: [linux/amd64]
steps:
  - pip: {{install: [\"no-such-UNIQUE>=2,<3\"], index: \"{}\"}}
",
        empty.url("/simple")
    ));
    space.kiln(&["build", "--progress=quiet"]).expect(3).says(&[
        "r/recipe.yaml:8:5",
        "No matching distribution found for no-such-",
        "ended with exit code 1",
    ]);
}
