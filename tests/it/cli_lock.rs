//! `kiln lock` and `kiln update`: exit codes, words and forms. What they look up is shown in `lock_resolve`.

use crate::build::{closed_port, kiln};
use crate::common::Workbench;

const SUM: &str = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

/// A workspace of two recipes; nobody listens where their base is.
fn bench() -> (Workbench, String) {
    let bench = Workbench::new();
    bench.write("kiln.yaml", "kiln: 1\nrecipes: [\"*.yaml\"]\n");
    let base = format!("{}/grosse:1", closed_port());
    bench.write(
        "a.yaml",
        format!("kiln: 1\nname: a\ntags: [x]\nplatforms: [linux/amd64]\nbase: {base}\n"),
    );
    bench.write(
        "b.yaml",
        "kiln: 1\nname: b\ntags: [x]\nplatforms: [linux/amd64]\nbase: scratch\nsteps:\n  \
         - fetch: {url: \"https://example.com/한\", to: /f}  # 내려받기\n",
    );
    (bench, base)
}

/// A lock with everything; checksums of recipes are filled in from what the program says.
fn lock(bench: &Workbench, base: &str) {
    bench.write(
        "kiln.lock",
        format!(
            "lock: 1\nperiod: 2001Q3\nimages:\n  {base}:\n    index: {SUM}\n    linux/amd64: {SUM}\n\
             fetch:\n  https://example.com/한: {SUM}\n"
        ),
    );
    let ran = bench.kiln(&["lock"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn a_lock_with_everything_needs_nobody_and_is_checked_with_exit_0() {
    let (bench, base) = bench();
    lock(&bench, &base);
    let text = std::fs::read_to_string(bench.path().join("kiln.lock")).unwrap();
    assert!(
        text.contains("period: 2001Q3"),
        "the clock counts for nothing:\n{text}"
    );
    assert!(text.contains("recipes:\n  a: sha256:"), "{text}");
    let ran = bench.kiln(&["lock", "--check"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (0, "kiln.lock has everything\n")
    );
    let ran = bench.kiln(&["lock"]);
    assert_eq!(ran.code, 0);
    assert_eq!(ran.stdout, "kiln.lock unchanged: 2 pins, period 2001Q3\n");
    let after = std::fs::read_to_string(bench.path().join("kiln.lock")).unwrap();
    assert_eq!(after, text);
}

#[test]
fn what_is_missing_or_old_is_named_at_its_line_with_exit_8() {
    let (bench, base) = bench();
    lock(&bench, &base);
    bench.write(
        "a.yaml",
        format!(
            "kiln: 1\nname: a\ntags: [x]\nplatforms: [linux/amd64, linux/arm64]\nbase: {base}\nsteps:\n  \
             - git: {{url: \"https://example.com/가.git\", ref: main, to: /g}}\n"
        ),
    );
    bench.write(
        "b.yaml",
        "kiln: 1\nname: b\ntags: [x]\nplatforms: [linux/amd64]\nbase: scratch\n",
    );
    let ran = bench.kiln(&["lock", "--check"]);
    assert_eq!(ran.code, 8, "{}", ran.stderr);
    insta::assert_snapshot!("lock_check", ran.stderr.replace(&base, "HOST/grosse:1"));
    let ran = bench.kiln(&["lock", "--check", "--format", "json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (8, ""));
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&document["version"], &document["current"]),
        (&1.into(), &false.into())
    );
    assert_eq!(document["findings"].as_array().unwrap().len(), 3);
    assert_eq!(document["findings"][0]["file"], "a.yaml");
    // A file of the command line is no sign that other recipes are gone.
    let ran = bench.kiln(&["lock", "--check", "-f", "b.yaml"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    // One recipe is held against what there is, and no more.
    assert_eq!(bench.kiln(&["lock", "--check", "b"]).code, 0);
}

#[test]
fn without_a_lock_a_check_and_a_locked_build_say_how_to_make_one() {
    let (bench, _) = bench();
    for arguments in [
        &["lock", "--check"][..],
        &["plan", "--llb", "graphs", "--locked"],
    ] {
        let ran = bench.kiln(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("there is no kiln.lock"),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("next: `kiln lock`"), "{}", ran.stderr);
    }
    assert_eq!(
        bench.kiln(&["plan", "--locked"]).code,
        2,
        "a plan alone resolves nothing"
    );
}

#[test]
fn a_registry_that_is_down_is_exit_5_and_no_lock_is_written() {
    let (bench, base) = bench();
    let ran = bench.kiln(&["lock", "a"]);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    let host = base.split('/').next().unwrap();
    assert!(
        ran.stderr.contains(host) && ran.stderr.contains("  next: "),
        "{}",
        ran.stderr
    );
    assert!(!bench.path().join("kiln.lock").exists());
    let ran = bench.kiln(&["lock", "a", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (ran.code, &document["written"]),
        (5, &false.into()),
        "{document}"
    );
    assert!(
        document["error"].as_str().unwrap().contains(host),
        "{document}"
    );
}

#[test]
fn a_machine_without_git_or_uv_is_told_what_to_install() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = |steps: &str| {
        let text = format!(
            "kiln: 1\nname: r\ntags: [x]\nplatforms: [linux/amd64]\nbase: scratch\nsteps:\n  {steps}\n"
        );
        std::fs::write(folder.path().join("r.yaml"), text).unwrap();
    };
    recipe("- git: {url: \"https://example.com/깃.git\", ref: main, to: /g}");
    let ran = kiln(folder.path(), &[("PATH", "/nirgends")], &["lock"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("next: install git"), "{}", ran.stderr);
    recipe("- pip: {install: [x], python: python3.11}");
    let ran = kiln(folder.path(), &[("PATH", "/nirgends")], &["lock"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("`pip install uv`"), "{}", ran.stderr);
    let ran = kiln(folder.path(), &[("KILN_UV", "/nirgends/uv")], &["lock"]);
    assert!(
        ran.stderr.contains("KILN_UV names `/nirgends/uv`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_lock_behind_a_link_is_replaced_where_it_is_and_nothing_is_left_beside_it() {
    let (bench, base) = bench();
    lock(&bench, &base);
    let text = std::fs::read_to_string(bench.path().join("kiln.lock")).unwrap();
    bench.write(
        "a.yaml",
        "kiln: 1\nname: a\ntags: [x]\nplatforms: [linux/amd64]\nbase: scratch\n",
    );
    let folder = bench.path().join("kiln.lock");
    std::fs::remove_file(&folder).unwrap();
    bench.write("ziel/뜻.lock", &text);
    std::os::unix::fs::symlink("ziel/뜻.lock", &folder).unwrap();
    let ran = bench.kiln(&["lock"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(folder.is_symlink(), "a link stays one");
    let new = std::fs::read_to_string(bench.path().join("ziel/뜻.lock")).unwrap();
    assert!(new != text && !new.contains(&base), "{new}");
    assert_eq!(
        std::fs::read_dir(bench.path().join("ziel"))
            .unwrap()
            .count(),
        1
    );
}

#[test]
fn runs_at_the_same_time_leave_one_whole_lock() {
    let (bench, base) = bench();
    lock(&bench, &base);
    let whole = std::fs::read_to_string(bench.path().join("kiln.lock")).unwrap();
    let sums = whole.split("recipes:\n").nth(1).unwrap().to_owned();
    bench.write(
        "kiln.lock",
        format!("lock: 1\n# 낡은\nperiod: 2001Q3\nrecipes:\n{sums}"),
    );
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| bench.kiln(&["lock"])))
            .collect();
        for run in runs {
            let ran = run.join().unwrap();
            assert_eq!(ran.code, 0, "{}", ran.stderr);
        }
    });
    let after = std::fs::read_to_string(bench.path().join("kiln.lock")).unwrap();
    assert_eq!(after, whole);
    let names = std::fs::read_dir(bench.path()).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        !names
            .iter()
            .any(|name| name.to_string_lossy().ends_with(".tmp")),
        "{names:?}"
    );
}

#[test]
fn a_period_comes_from_the_lock_and_a_new_lock_begins_with_this_quarter() {
    let bench = Workbench::with_recipe(
        "kiln: 1\nname: r\ntags: [\"${{ period }}\"]\nplatforms: [linux/amd64]\nbase: scratch\n",
    );
    let ran = bench.kiln(&["plan"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("`kiln lock` writes one"),
        "{}",
        ran.stderr
    );
    let ran = bench.kiln(&["lock"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let text = std::fs::read_to_string(bench.path().join("kiln.lock")).unwrap();
    let period = text
        .lines()
        .find_map(|line| line.strip_prefix("period: "))
        .unwrap();
    assert!(period.parse::<kiln::lock::Period>().is_ok(), "{text}");
    assert_eq!(bench.plan(&[])["images"][0]["variant"], period);
    bench.write("kiln.lock", text.replace(period, "1999Q1"));
    assert_eq!(bench.plan(&[])["images"][0]["variant"], "1999Q1");
    assert_eq!(bench.kiln(&["lint", "r.yaml"]).code, 0);
    assert!(bench.kiln(&["show"]).stdout.contains("1999Q1"));
    let ran = bench.kiln(&["update", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["period"], period, "{document}");
    assert_eq!(
        document["changes"],
        serde_json::json!([{"kind": "period", "name": "", "platform": null, "old": "1999Q1", "new": period}])
    );
    bench.write("kiln.lock", text.replace(period, "1999Q1"));
    for arguments in [
        &["update", "r"][..],
        &["update", "--only", "base,pip"],
        &["lock"],
    ] {
        let ran = bench.kiln(arguments);
        assert!(
            ran.stdout.contains("1999Q1"),
            "{arguments:?}: {} {}",
            ran.stdout,
            ran.stderr
        );
    }
}
