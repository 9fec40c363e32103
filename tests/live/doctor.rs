//! `kiln doctor` beside a real builder and a real registry.

use serde_json::Value;

use crate::lab::BOTH;
use crate::workspace::{Workspace, run};

/// `about state` of each check.
fn states(document: &Value) -> Vec<String> {
    let checks = document["checks"].as_array().unwrap();
    let word = |check: &Value, key: &str| check[key].as_str().unwrap().to_owned();
    checks
        .iter()
        .map(|check| format!("{} {}", word(check, "about"), word(check, "state")))
        .collect()
}

#[test]
fn the_lab_is_well() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps: [{run: \"echo größer\"}]\n");
    let ran = space
        .kiln(&["doctor", "--push", "--format", "json"])
        .expect(0);
    let document = ran.json();
    assert_eq!(document["fail"], 0, "{document:#}");
    let checks = document["checks"].as_array().unwrap();
    let builder = checks
        .iter()
        .find(|check| check["about"] == "builder")
        .unwrap();
    let facts = &builder["facts"];
    assert_eq!(facts["native"], "linux/amd64");
    assert!(
        facts["version"].as_str().unwrap().starts_with('v'),
        "{facts}"
    );
    let platforms: Vec<&str> = facts["platforms"].as_str().unwrap().split(',').collect();
    for platform in BOTH {
        assert!(platforms.contains(&platform), "{platforms:?}");
    }
    let modes: Vec<(&str, &str)> = checks
        .iter()
        .filter(|check| check["about"] == "platform")
        .map(|check| {
            let mode = check["facts"]["mode"].as_str().unwrap();
            (check["subject"].as_str().unwrap(), mode)
        })
        .collect();
    assert_eq!(
        modes,
        [("linux/amd64", "native"), ("linux/arm64", "emulated")]
    );
    // An upload was begun; nothing is there.
    assert!(!space.is_published());
}

#[test]
fn a_login_that_the_registry_does_not_ask_for_is_told_so() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("");
    let registry = space.lab.registry.clone();
    let login = format!("{{\"auths\": {{\"{registry}\": {{\"auth\": \"a2ltOmdlaGVpbQ==\"}}}}}}");
    space.file(".docker/config.json", &login);
    let mut command = space.command(&["doctor", "--format", "json"]);
    command.env("BUILDKIT_HOST", "unix:///nicht/da.sock");
    let ran = run(command).expect(4);
    let states = states(&ran.json());
    assert!(states.contains(&"builder fail".to_owned()), "{states:?}");
    assert!(states.contains(&"registry ok".to_owned()), "{states:?}");
    assert!(
        ran.stdout.contains("not asked for; it is kept in"),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains("geheim") && !ran.stdout.contains("a2lt"));
}
