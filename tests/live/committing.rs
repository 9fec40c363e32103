//! The hooks of this repository, run by the real pre-commit on a scratch repository, from a clone.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::time::Instant;

use tempfile::TempDir;

use crate::lab::{Lab, lab, lab_for_long, unique};

/// The release line of pre-commit that is asked for.
const PRE_COMMIT: &str = "pre-commit>=4,<5";

/// A repository that uses a hook of a clone of this one.
struct Scratch {
    folder: TempDir,
    lab: Lab,
    python: PathBuf,
}

fn run(mut command: Command) -> Output {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{said}");
    output
}

/// A Python with pre-commit, kept in the lab's folder between runs.
fn python(lab: &Lab) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock();
    let kept = lab.folder.join("pre-commit");
    let python = kept.join("bin/python");
    if !python.exists() {
        let new = lab.folder.join(format!("pre-commit-{}", unique()));
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv"]).arg(&new);
        run(venv);
        let mut pip = Command::new(new.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", PRE_COMMIT]);
        run(pip);
        // Somebody else may have been faster; theirs is as good.
        if std::fs::rename(&new, &kept).is_err() {
            let _ = std::fs::remove_dir_all(&new);
        }
    }
    python
}

impl Scratch {
    fn new(lab: Lab, hook: &str) -> Self {
        let scratch = Self {
            folder: tempfile::tempdir().unwrap(),
            python: python(&lab),
            lab,
        };
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let clone = scratch.folder.path().join("clone");
        let mut git = Command::new("git");
        git.args(["clone", "--quiet", "--no-hardlinks"]);
        run({
            git.arg(root).arg(&clone);
            git
        });
        scratch.git(&["init", "--quiet", "."]);
        let mut head = Command::new("git");
        head.arg("-C").arg(&clone).args(["rev-parse", "HEAD"]);
        let head = String::from_utf8(run(head).stdout).unwrap();
        let config = format!(
            "repos:\n  - repo: {}\n    rev: {}\n    hooks: [{{id: {hook}}}]\n",
            clone.display(),
            head.trim()
        );
        scratch.file(".pre-commit-config.yaml", &config);
        scratch.file("kiln.yaml", "kiln: 1\n");
        scratch.recipe("good", "base: debian:12\n");
        // Not a recipe, and not YAML as kiln reads it: the hook does not look at it.
        scratch.file("deploy/한글.yaml", "a: &x 1\nb: *x\n");
        scratch
    }

    fn root(&self) -> PathBuf {
        let root = self.folder.path().join("scratch");
        std::fs::create_dir_all(&root).unwrap();
        root
    }

    fn file(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self.git(&["add", "--all"]);
    }

    fn recipe(&self, name: &str, rest: &str) {
        let text = format!("kiln: 1\nname: {name}\nrepository: team/x\ntags: [{name}]\n{rest}");
        self.file(&format!("recipes/{name}.yaml"), &text);
    }

    fn git(&self, arguments: &[&str]) {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=x", "-c", "user.email=x@example.com"]);
        git.args(arguments).current_dir(self.root());
        run(git);
    }

    /// What pre-commit says, and whether it passes.
    fn commit(&self, arguments: &[&str]) -> (bool, String) {
        let kiln = Path::new(env!("CARGO_BIN_EXE_kiln")).parent().unwrap();
        let output = Command::new(&self.python)
            .args(["-m", "pre_commit", "run", "--color", "never"])
            .args(arguments)
            .current_dir(self.root())
            .env("PATH", format!("{}:{}", kiln.display(), self.lab.path))
            .env("PRE_COMMIT_HOME", self.folder.path().join("cache"))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.success(), text)
    }

    /// Clean, then broken, then only what has changed.
    fn shows_all(&self) {
        let (passed, said) = self.commit(&["--all-files"]);
        assert!(passed && said.contains("Passed"), "{said}");
        self.recipe("broken", "base: debian:12\n# 오타\nstesp: []\n");
        let (passed, said) = self.commit(&["--all-files"]);
        assert!(!passed, "{said}");
        assert!(said.contains("recipes/broken.yaml:7:1"), "{said}");
        assert!(said.contains("did you mean `steps`?"), "{said}");
        assert!(said.contains("exit code: 1"), "{said}");
        assert!(!said.contains('\u{1b}'), "no colours: {said:?}");
    }
}

#[test]
fn the_system_hook_passes_on_a_clean_tree_and_points_into_a_broken_one() {
    let Some(lab) = lab() else { return };
    Scratch::new(lab, "kiln-lint-system").shows_all();
}

#[test]
fn a_hook_is_told_of_changed_files_only_and_still_sees_the_workspace() {
    let Some(lab) = lab() else { return };
    let scratch = Scratch::new(lab, "kiln-lint-system");
    scratch.recipe("old", "base: debian:12\nzebra: 1\n");
    scratch.git(&["commit", "--quiet", "--no-verify", "-m", "처음"]);
    scratch.recipe("new", "base: debian:12\n");
    let (passed, said) = scratch.commit(&[]);
    assert!(
        passed,
        "what is wrong in another file is not reported: {said}"
    );
    let text = "kiln: 1\nname: new\nrepository: team/x\ntags: [good]\nbase: debian:12\n";
    scratch.file("recipes/new.yaml", text);
    let (passed, said) = scratch.commit(&[]);
    assert!(!passed && said.contains("duplicate-tag"), "{said}");
    assert!(said.contains("recipes/new.yaml:4:8"), "{said}");
    let start = Instant::now();
    scratch.commit(&[]);
    eprintln!("pre-commit run: {:.2} s", start.elapsed().as_secs_f64());
}

#[test]
fn the_lock_hook_passes_with_a_whole_lock_and_names_the_line_that_it_does_not_cover() {
    let Some(lab) = lab() else { return };
    let scratch = Scratch::new(lab, "kiln-lock-system");
    let sum = format!("sha256:{}", "a".repeat(64));
    scratch.file(
        "kiln.lock",
        &format!(
            "lock: 1\nperiod: 2026Q4\nimages:\n  docker.io/library/debian:12:\n    index: {sum}\n    \
             linux/amd64: {sum}\n    linux/arm64: {sum}\n"
        ),
    );
    let mut kiln = Command::new(env!("CARGO_BIN_EXE_kiln"));
    kiln.arg("lock").current_dir(scratch.root());
    run(kiln);
    scratch.git(&["add", "--all"]);
    let (passed, said) = scratch.commit(&[]);
    assert!(passed && said.contains("Passed"), "{said}");
    scratch.recipe("neu", "# 새것\nbase: alpine:3\n");
    let (passed, said) = scratch.commit(&[]);
    assert!(!passed && said.contains("recipes/neu.yaml:6:7"), "{said}");
    assert!(said.contains("exit code: 8"), "{said}");
}

#[test]
fn the_rust_hook_installs_itself_from_a_clone() {
    let Some(lab) = lab_for_long() else { return };
    Scratch::new(lab, "kiln-lint").shows_all();
}
