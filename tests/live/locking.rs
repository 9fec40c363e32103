//! `kiln lock` with the real uv and git, and `kiln build --locked` where the client reaches nobody but builder and
//! registry.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::alone::alone;
use crate::authority::Authority;
use crate::disk::SmallDisk;
use crate::lab::{BOTH, Lab, unique};
use crate::layers::Entry;
use crate::pip::indexes;
use crate::published::Published;
use crate::recipes::copy;
use crate::web::Web;
use crate::workspace::{Run, Workspace, run};

/// uv as its project publishes it for pip, kept in the lab.
pub(crate) fn uv(lab: &Lab) -> PathBuf {
    static READY: OnceLock<PathBuf> = OnceLock::new();
    READY
        .get_or_init(|| {
            let kept = lab.folder.join("uv");
            let program = kept.join("bin/uv");
            if !program.exists() {
                let folder = lab.folder.join(format!("uv-{}", unique()));
                let made = Command::new("python3")
                    .args(["-m", "venv"])
                    .arg(&folder)
                    .status();
                assert!(made.unwrap().success());
                let pip = Command::new(folder.join("bin/pip"))
                    .args(["install", "-q", "uv"])
                    .status();
                assert!(pip.unwrap().success());
                // Somebody else may have been faster; theirs is as good.
                if std::fs::rename(&folder, &kept).is_err() {
                    let _ = std::fs::remove_dir_all(&folder);
                }
            }
            program
        })
        .clone()
}

/// A command that may look things up.
fn looking_up(space: &Workspace, args: &[&str]) -> Run {
    let mut command = space.command(args);
    command.env("KILN_UV", uv(&space.lab));
    run(command)
}

/// A command whose network is the registry.
fn cut_off(space: &Workspace, args: &[&str]) -> Option<Run> {
    let mut command = space.command(args);
    // A file is all that it needs of the world's authorities: the builder fetches uv.
    command.env("SSL_CERT_FILE", &space.lab.certificates);
    command.env("KILN_UV", uv(&space.lab));
    alone(space, &command).map(run)
}

const REQUIREMENTS: &str = "kilnone==1.0  # 고정\nkilntwo\nkilnone ; platform_machine == 'sparc'\n";

/// A step with two indexes, and a program that shows which packages it got.
fn steps(own: &Web, public: &Web) -> String {
    format!(
        "steps:
  - pip:
      requirements: 요구.txt
      python: python3.11
      index: [\"{}\", {{url: \"{}\", packages: [kilnone]}}]
    env: {{RUN: UNIQUE}}
  - run: [python3, -c, \"import kilnone, kilntwo; print(kilnone.word, kilntwo.word)\"]
",
        public.url("/simple"),
        own.url("/simple"),
    )
}

#[test]
fn packages_are_resolved_for_both_platforms_and_installed_where_the_client_reaches_nobody() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let (own, public) = indexes("둘");
    space.file("r/요구.txt", REQUIREMENTS);
    let steps = steps(&own, &public);
    space.recipe(&format!(
        "base: docker.io/library/python:3.11-slim\n{steps}"
    ));
    looking_up(&space, &["lock"]).expect(0);
    let lock = std::fs::read_to_string(space.path("kiln.lock")).unwrap();
    assert_eq!(lock.matches("- kilnone==1.0 sha256:").count(), 2, "{lock}");
    assert_eq!(lock.matches("- kilntwo==3.0 sha256:").count(), 2, "{lock}");
    // Where nobody is, nothing can be looked up …
    let Some(update) = cut_off(&space, &["update", "--only", "pip"]) else {
        return;
    };
    assert!(matches!(update.code, Some(2 | 5)), "{}", update.stderr);
    assert_eq!(
        std::fs::read_to_string(space.path("kiln.lock")).unwrap(),
        lock
    );
    // … and nothing has to be.
    cut_off(&space, &["lock", "--check"]).unwrap().expect(0);
    let built = cut_off(&space, &["build", "--locked", "--push"])
        .unwrap()
        .expect(0);
    for platform in BOTH {
        assert!(
            built.logged(platform).contains(&"own 1 둘"),
            "{}",
            built.stderr
        );
    }
    let image = space.published();
    let layers = image.on(BOTH[0]).layers().count();
    let added = image.on(BOTH[0]).layers().nth(layers - 2).unwrap();
    let strays: Vec<String> = added
        .iter()
        .filter(|entry| entry.kind != 'd' && !entry.path.contains("/kiln"))
        .map(Entry::line)
        .collect();
    assert!(strays.is_empty(), "{strays:#?}");
}

#[test]
fn uv_installs_a_locked_list_as_pip_does_and_a_wrong_checksum_is_refused() {
    let Some(space) = crate::uv::prepared() else {
        return;
    };
    let (own, public) = indexes("둘");
    space.file("r/요구.txt", REQUIREMENTS);
    let steps = steps(&own, &public);
    space.recipe(&format!(
        "base: REGISTRY/live/uv-tools:it\nplatforms: [linux/amd64]\n{steps}"
    ));
    // The image with uv in it is made by an index of the world, and was made before.
    looking_up(&space, &["lock", "image"]).expect(0);
    let built = space.kiln(&["build", "image", "--locked"]).expect(0);
    assert!(
        built.logged(BOTH[0]).contains(&"own 1 둘"),
        "{}",
        built.stderr
    );
    let lock = std::fs::read_to_string(space.path("kiln.lock")).unwrap();
    let (head, rest) = lock.split_once("- kilntwo==3.0 sha256:").unwrap();
    let wrong = format!(
        "{head}- kilntwo==3.0 sha256:{}{}",
        "0".repeat(64),
        &rest[64..]
    );
    space.file("kiln.lock", &wrong);
    space
        .kiln(&["build", "image", "--locked", "--progress=quiet"])
        .expect(3)
        .says(&["r/recipe.yaml:8:5", "ended with exit code"]);
}

#[test]
fn a_requirement_without_a_wheel_for_a_platform_is_named_in_its_file() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let page =
        b"<a href=\"../../nuramd-1.0-cp311-cp311-manylinux_2_17_x86_64.whl\">nuramd</a>".to_vec();
    let wheel = crate::pip::wheel("nuramd", "1.0", "x");
    let index = Web::new(BTreeMap::from([
        ("/simple/nuramd/", page),
        ("/nuramd-1.0-cp311-cp311-manylinux_2_17_x86_64.whl", wheel),
    ]));
    space.file("r/요구.txt", "# 설명\nnuramd==1.0\n");
    space.recipe(&format!(
        "base: docker.io/library/python:3.11-slim\nsteps:\n  - pip: {{requirements: 요구.txt, python: python3.11, index: \"{}\"}}\n",
        index.url("/simple")
    ));
    looking_up(&space, &["lock"]).expect(2).says(&[
        "r/요구.txt:2:1",
        "no packages for linux/arm64 and Python 3.11",
        "nuramd==1.0 has no wheels",
    ]);
    assert!(!space.path("kiln.lock").exists());
}

fn git(space: &Workspace, args: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=É", "-c", "user.email=e@example.org", "-C"]);
    let output = command
        .arg(space.path("git/main"))
        .args(args)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_branch_that_has_grown_and_a_download_that_has_changed_are_what_the_lock_says_or_an_error() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.file("git/main/가.txt", "first UNIQUE\n");
    git(&space, &["init", "-q", "-b", "main", "."]);
    git(&space, &["add", "."]);
    git(&space, &["commit", "-q", "-m", "first"]);
    let url = Web::git(space.path("git")).url("/main/.git");
    let file = Web::new(BTreeMap::from([("/f", space.unique.clone().into_bytes())]));
    let fetch = file.url("/f");
    space.recipe(&format!(
        "steps:\n  - git: {{url: \"{url}\", ref: main, to: /g}}\n  - fetch: {{url: \"{fetch}\", to: /f}}\n  \
         - run: cat /g/가.txt /f\n"
    ));
    looking_up(&space, &["lock"]).expect(0);
    space.file("git/main/가.txt", "second UNIQUE\n");
    git(&space, &["commit", "-q", "-a", "-m", "second"]);
    if let Some(built) = cut_off(&space, &["build", "--locked", "--push"]) {
        let built = built.expect(0);
        let first = format!("first {}", space.unique);
        assert!(
            built.logged(BOTH[0]).contains(&first.as_str()),
            "{}",
            built.stderr
        );
    }
    let moved = looking_up(&space, &["update", "--only", "git", "--format=json"]).expect(0);
    let changes = moved.json()["changes"].clone();
    assert_eq!(changes.as_array().map(Vec::len), Some(1), "{changes}");
    assert_eq!(changes[0]["name"], format!("{url} main"));

    let lock = std::fs::read_to_string(space.path("kiln.lock")).unwrap();
    let key = format!("{fetch}: sha256:");
    let (_, sum) = lock.split_once(&key).unwrap();
    let (sum, wrong) = (&sum[..64], "0".repeat(64));
    space.file("kiln.lock", &lock.replace(sum, &wrong));
    space
        .kiln(&["build", "--locked", "--progress=quiet"])
        .expect(3)
        .says(&[
            "r/recipe.yaml:8:5",
            &format!("the download is sha256:{sum}, and sha256:{wrong} is what it should be"),
            "kiln update --only fetch",
        ]);
}

#[test]
fn downloads_branches_and_packages_behind_a_private_authority_are_looked_up_with_it_and_not_without()
 {
    let Some(space) = Workspace::new() else {
        return;
    };
    let authority = Authority::new("사설");
    let page = b"<a href=\"../../kilnone-1.0-py3-none-any.whl\">kilnone</a>".to_vec();
    let index = Web::tls(
        authority.server(),
        BTreeMap::from([
            ("/simple/kilnone/", page),
            (
                "/kilnone-1.0-py3-none-any.whl",
                crate::pip::wheel("kilnone", "1.0", "x"),
            ),
            ("/f", space.unique.clone().into_bytes()),
        ]),
    );
    space.file("git/main/가.txt", "UNIQUE\n");
    git(&space, &["init", "-q", "-b", "main", "."]);
    git(&space, &["add", "."]);
    git(&space, &["commit", "-q", "-m", "first"]);
    let repository = Web::git_tls(authority.server(), space.path("git"));
    let steps = [
        format!("- fetch: {{url: \"{}\", to: /f}}", index.url("/f")),
        format!(
            "- git: {{url: \"{}\", ref: main, to: /g}}",
            repository.url("/main/.git")
        ),
        format!(
            "- pip: {{install: [kilnone], python: python3.11, index: \"{}\"}}",
            index.url("/simple")
        ),
    ];
    for (number, step) in steps.iter().enumerate() {
        let _ = std::fs::remove_file(space.path("kiln.lock"));
        let registry = space.lab.registry.clone();
        space.kiln_yaml(&registry, "");
        space.recipe(&format!("steps:\n  {step}\n"));
        let ran = looking_up(&space, &["lock"]).expect(5);
        let said = ran.stderr.to_lowercase();
        assert!(said.contains("certificate"), "{number}: {said}");
        let ca = authority.certificate();
        space.kiln_yaml(&registry, &format!("trust: {{ca: \"{}\"}}\n", ca.display()));
        looking_up(&space, &["lock"]).expect(0);
        let lock = std::fs::read_to_string(space.path("kiln.lock")).unwrap();
        assert!(
            ["fetch:", "git:", "pip:"]
                .iter()
                .any(|part| lock.contains(part)),
            "{lock}"
        );
    }
    let left = std::fs::read_dir(space.path(".kiln")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "nothing of the run is left");
}

#[test]
fn a_full_disk_keeps_the_old_lock_and_says_so() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let disk = SmallDisk::new(&space, "32k");
    let write = |name: &str, text: &str| std::fs::write(disk.path().join(name), text);
    write(
        "r.yaml",
        "kiln: 1\nname: r\ntags: [x]\nplatforms: [linux/amd64]\nbase: scratch\n",
    )
    .unwrap();
    let sum = "a".repeat(64);
    let lock = format!("lock: 1\nperiod: 2026Q4\nfetch:\n  https://example.com/한: sha256:{sum}\n");
    write("kiln.lock", &lock).unwrap();
    assert!(write("full", &"x".repeat(1 << 20)).is_err());
    let mut command = space.command(&["lock"]);
    command.current_dir(disk.path());
    run(command)
        .expect(2)
        .says(&["cannot write", "kiln.lock", "No space left on device"]);
    let read = std::fs::read_to_string(disk.path().join("kiln.lock"));
    assert_eq!(read.unwrap(), lock);
    let names = std::fs::read_dir(disk.path()).unwrap().count();
    assert_eq!(names, 3, "nothing is left beside it");
}

/// Resolved for real: with the index that pip asks by default. The list of torch's own index is not reachable from
/// everywhere, so this is the short list of the same recipe.
#[test]
fn the_base_of_the_services_is_locked_for_both_platforms_and_accelerators_and_built_by_the_lock_alone()
 {
    let Some(space) = Workspace::for_long() else {
        return;
    };
    copy(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes"),
        &space,
        "recipes",
    );
    let text = std::fs::read_to_string(space.path("kiln.yaml")).unwrap();
    space.file(
        "kiln.yaml",
        &text.replace("*/recipe.yaml", "recipes/**/recipe.yaml"),
    );
    let networked = |args: &[&str]| {
        let mut command = space.networked(args);
        command.env("KILN_UV", uv(&space.lab));
        command
    };
    let service = format!("{}-ai-services:latest", space.repository());
    let both = ["ai-base", service.as_str()];
    run(networked(
        &[&["lock", "--set=list=demo"], &both[..]].concat(),
    ))
    .expect(0);
    let lock = std::fs::read_to_string(space.path("kiln.lock")).unwrap();
    assert_eq!(lock.matches("- httpx==0.27.2 sha256:").count(), 2, "{lock}");
    let build = ["build", "--set=list=demo", "--locked", "--push"];
    let build = [&build, &both[..]].concat();
    let Some(alone) = alone(&space, &networked(&build)) else {
        return;
    };
    run(alone).expect(0);
    for image in ["ai-base:cuda", "ai-base:cpu", "ai-services:latest"] {
        let reference = format!("{}/{}-{image}", space.lab.registry, space.repository());
        let published = Published::read(&space.lab, &reference);
        for platform in BOTH {
            let built = published.on(platform);
            let mut all = built.layers().flatten();
            let httpx = all.any(|entry| entry.path.contains("httpx-0.27.2.dist-info"));
            assert!(httpx, "{image} {platform}");
        }
    }
}
