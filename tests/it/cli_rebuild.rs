//! `kiln rebuild` as far as it goes without a builder: exit codes, reports, and who may begin.

use kiln::ops::rebuild::Guard;

use crate::build::{Ran, Workshop, closed_port, kiln};

/// A workspace whose builder and registry are nowhere.
async fn shop() -> Workshop {
    let shop = Workshop::new().await;
    shop.recipe("app", "base: debian:12\nsteps:\n  - run: echo größer\n");
    shop
}

fn rebuild(shop: &Workshop, arguments: &[&str]) -> Ran {
    let arguments = [&["rebuild"], arguments].concat();
    let host = format!("tcp://{}", closed_port());
    kiln(&shop.path(""), &[("BUILDKIT_HOST", &host)], &arguments)
}

#[tokio::test]
async fn usage_errors_are_exit_2_and_help_is_not() {
    let shop = shop().await;
    let rows: [&[&str]; 9] = [
        &["nobody"],
        &["--due", "--dependents-of", "debian:12"],
        &["--due", "--changed-since", "HEAD"],
        &["--dependents-of", "a", "--changed-since", "HEAD"],
        &["--report", "größe.txt"],
        &["--report", "md"],
        &["--dependents-of", "debain:12"],
        &["--changed-since", "HEAD"],
        &["-j", "0"],
    ];
    for arguments in rows {
        let ran = rebuild(&shop, arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("error: "), "{arguments:?}");
    }
    assert_eq!(rebuild(&shop, &["--help"]).code, Some(0));
}

#[tokio::test]
async fn a_rebuild_that_does_not_begin_says_so_in_every_report() {
    let shop = shop().await;
    let arguments = [
        "--format", "json", "--report", "밤.md", "--report", "밤.json",
    ];
    let ran = rebuild(&shop, &arguments);
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    let document = ran.json();
    assert!(document["error"].as_str().unwrap().contains("cannot reach"));
    let written = std::fs::read_to_string(shop.path("밤.json")).unwrap();
    assert_eq!(written, ran.stdout);
    let page = std::fs::read_to_string(shop.path("밤.md")).unwrap();
    assert!(
        page.starts_with("# Rebuild\n\nIt did not begin.\n\n"),
        "{page}"
    );
    assert!(
        page.contains("cannot reach") && page.contains("\nNext: "),
        "{page}"
    );
    // Whoever comes next finds nobody at work.
    assert!(Guard::take(&shop.path("")).unwrap().note().is_none());
}

#[tokio::test]
async fn a_report_that_cannot_be_written_hides_nothing() {
    let shop = shop().await;
    let ran = rebuild(&shop, &["--report", "nicht/da.md"]);
    assert_eq!(ran.code, Some(2), "the lower of 2 and 4");
    assert!(ran.stderr.contains("cannot reach") && ran.stderr.contains("nicht/da.md"));
}

#[tokio::test]
async fn a_second_rebuild_says_who_is_at_work() {
    let shop = shop().await;
    let guard = Guard::take(&shop.path("")).unwrap();
    let ran = rebuild(&shop, &["--due"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    let who = format!(
        "another rebuild is at work in this workspace: process {}",
        std::process::id()
    );
    assert!(ran.stderr.contains(&who), "{}", ran.stderr);
    assert!(ran.stderr.contains("  next: wait"), "{}", ran.stderr);
    drop(guard);
    assert_eq!(rebuild(&shop, &["--due"]).code, Some(4));
}

#[tokio::test]
async fn a_rebuild_on_another_host_is_an_error_with_the_file_to_delete() {
    let shop = shop().await;
    let line = "{\"host\":\"빌드-7\",\"pid\":42,\"since\":\"2026-11-21T07:45:00.000Z\"}\n";
    shop.write(".kiln/rebuild.lock", line);
    let ran = rebuild(&shop, &["--format", "json"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    let document = ran.json();
    assert!(document["error"].as_str().unwrap().contains("빌드-7"));
    assert!(
        document["next"]
            .as_str()
            .unwrap()
            .contains(".kiln/rebuild.lock")
    );
}

#[tokio::test]
async fn a_rebuild_that_was_killed_here_is_followed_with_a_note() {
    let shop = shop().await;
    let host = own_host();
    let line =
        format!("{{\"host\":\"{host}\",\"pid\":4194304,\"since\":\"2026-11-21T07:45:00.000Z\"}}\n");
    shop.write(".kiln/rebuild.lock", &line);
    let ran = rebuild(&shop, &[]);
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    let note = "note: the rebuild of process 4194304 on ";
    assert!(ran.stderr.contains(note), "{}", ran.stderr);
}

fn own_host() -> String {
    let said = std::process::Command::new("uname")
        .arg("-n")
        .output()
        .unwrap();
    String::from_utf8(said.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn changes_that_concern_no_image_are_exit_0_without_registry_and_builder() {
    let shop = shop().await;
    shop.git(&["init", "--quiet"]);
    shop.git(&["add", "."]);
    shop.git(&["commit", "--quiet", "-m", "eins"]);
    shop.write("sonst.txt", "größer");
    // The program looks for git where its environment says.
    #[expect(clippy::disallowed_methods, reason = "git is looked for where it is")]
    let path = std::env::var("PATH").unwrap();
    let arguments = ["rebuild", "--changed-since", "HEAD", "--report", "a.md"];
    let ran = kiln(&shop.path(""), &[("PATH", &path)], &arguments);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(ran.stdout, "changes since HEAD: nothing to do\n");
    let page = std::fs::read_to_string(shop.path("a.md")).unwrap();
    assert!(page.contains("changes since HEAD: nothing to do"), "{page}");
}
