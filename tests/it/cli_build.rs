//! `kiln build` as far as it goes without a builder: exit codes, JSON and next steps.

use crate::build::{Ran, Workshop, closed_port, kiln};

const APP: &str = "base: debian:12\nsteps:\n  - run: echo app\n";

/// A workspace whose builder and registry are nowhere.
async fn shop() -> (Workshop, String) {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    (shop, format!("tcp://{}", closed_port()))
}

fn build(shop: &Workshop, host: &str, arguments: &[&str]) -> Ran {
    let arguments = [&["build"], arguments].concat();
    kiln(&shop.path(""), &[("BUILDKIT_HOST", host)], &arguments)
}

#[tokio::test]
async fn no_builder_is_exit_4_with_a_next_step_in_text_and_json() {
    let (shop, host) = shop().await;
    let ran = build(&shop, &host, &["--push"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(4), ""));
    assert!(ran.stderr.contains("error: cannot reach builder `default`"));
    assert!(ran.stderr.contains("  next: "), "{}", ran.stderr);
    let ran = build(&shop, &host, &["--format", "json"]);
    assert_eq!(ran.code, Some(4));
    let document = ran.json();
    assert_eq!(document["version"], 1);
    assert_eq!(document["images"], serde_json::json!([]));
    assert!(document["error"].as_str().unwrap().contains("cannot reach"));
    assert!(document["next"].is_string());
    assert!(!shop.path(".kiln").exists());
}

#[tokio::test]
async fn a_socket_that_is_not_there_is_exit_4_and_named() {
    let (shop, _) = shop().await;
    let ran = build(&shop, "unix:///nicht/da.sock", &[]);
    assert_eq!(ran.code, Some(4));
    assert!(
        ran.stderr.contains("there is no `/nicht/da.sock`"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn builders_of_the_workspace_are_asked_where_the_environment_names_none() {
    let (shop, host) = shop().await;
    let text = std::fs::read_to_string(shop.path("kiln.yaml")).unwrap();
    let builders = format!("builders:\n  - {{name: 굽는이, address: \"{host}\"}}\n");
    shop.write("kiln.yaml", &format!("{text}{builders}"));
    let ran = kiln(&shop.path(""), &[], &["build"]);
    assert_eq!(ran.code, Some(4));
    assert!(ran.stderr.contains("`굽는이`"), "{}", ran.stderr);
}

#[tokio::test]
async fn an_address_of_an_unknown_kind_is_exit_2() {
    let (shop, _) = shop().await;
    let ran = build(&shop, "npipe:////./pipe/x", &["--format", "json"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("BUILDKIT_HOST"), "{}", ran.stderr);
    assert!(
        ran.json()["error"]
            .as_str()
            .unwrap()
            .contains("BUILDKIT_HOST")
    );
}

#[tokio::test]
async fn a_mistake_in_a_recipe_is_exit_2_with_its_place_also_in_json() {
    let (shop, host) = shop().await;
    shop.recipe("bad", "base: debian:12\nsteps:\n  - rnu: echo größer\n");
    let ran = build(&shop, &host, &["--format", "json"]);
    assert_eq!(ran.code, Some(2));
    let document = ran.json();
    let finding = &document["findings"][0];
    assert_eq!(finding["file"], "recipes/bad.yaml");
    assert_eq!(
        (&finding["line"], &finding["column"]),
        (&7.into(), &5.into())
    );
    assert_eq!(finding["level"], "error");
    assert!(finding["message"].as_str().unwrap().contains("rnu"));
    assert!(
        ran.stderr.contains("recipes/bad.yaml:7:5"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn usage_errors_are_exit_2_and_help_is_not() {
    let (shop, host) = shop().await;
    let rows: [&[&str]; 10] = [
        &["nobody"],
        &["--platform", "linux/amd46"],
        &["--keep-going", "--fail-fast"],
        &["-j", "0"],
        &["--set", "novalue"],
        &["--set", "none=1"],
        &["-f", "nicht-da.yaml"],
        &["-o", "größe"],
        &["--output", "type=docker,dest=x"],
        &["-o", "oci-layout=recipes"],
    ];
    for arguments in rows {
        let ran = build(&shop, &host, arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("error: "), "{arguments:?}");
    }
    assert_eq!(build(&shop, &host, &["--help"]).code, Some(0));
}

#[tokio::test]
async fn odd_words_in_the_environment_are_exit_2_with_json() {
    let (shop, host) = shop().await;
    let host = ("BUILDKIT_HOST", host.as_str());
    for odd in [
        ("BUILDKIT_PROGRESS", "bunt"),
        ("SOURCE_DATE_EPOCH", "gestern"),
    ] {
        let arguments = ["build", "--format", "json"];
        let ran = kiln(&shop.path(""), &[host, odd], &arguments);
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
        assert!(ran.stderr.contains(odd.1) && ran.stderr.contains("  next: "));
        assert!(ran.json()["error"].as_str().unwrap().contains(odd.0));
    }
}

#[tokio::test]
async fn the_metadata_file_is_written_when_nothing_was_built_and_its_failure_hides_nothing() {
    let (shop, host) = shop().await;
    let ran = build(&shop, &host, &["--metadata-file", "meta.json"]);
    assert_eq!(ran.code, Some(4));
    let text = std::fs::read_to_string(shop.path("meta.json")).unwrap();
    assert_eq!(text, "{}\n");
    let arguments = ["--metadata-file", "nicht/da.json", "--format", "json"];
    let ran = build(&shop, &host, &arguments);
    assert_eq!(ran.code, Some(2), "the lower of 2 and 4");
    assert!(
        ran.json()["error"]
            .as_str()
            .unwrap()
            .contains("cannot reach")
    );
    assert!(ran.stderr.contains("cannot reach") && ran.stderr.contains("nicht/da.json"));
}

#[tokio::test]
async fn an_archive_and_json_do_not_share_standard_output() {
    let (shop, host) = shop().await;
    let arguments = ["-o", "type=oci,dest=-", "--format", "json"];
    let ran = build(&shop, &host, &arguments);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.json()["next"].as_str().unwrap().contains("dest=FILE"));
    let ran = build(&shop, &host, &["-o", "type=oci,dest=-"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(4), ""));
}

#[tokio::test]
async fn with_rawjson_an_error_is_an_object_too() {
    let (shop, host) = shop().await;
    let ran = build(&shop, &host, &["--progress", "rawjson"]);
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    let lines: Vec<serde_json::Value> = ran
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines.iter().all(|line| line["event"] == "message"));
    let words: Vec<&str> = lines.iter().filter_map(|l| l["message"].as_str()).collect();
    assert!(
        words[0].contains("error: cannot reach builder"),
        "{words:?}"
    );
    assert!(words[1].contains("next: "), "{words:?}");
}

#[tokio::test]
async fn a_tree_without_a_terminal_is_exit_2_and_auto_is_none() {
    let (shop, host) = shop().await;
    let ran = build(&shop, &host, &["--progress", "tty"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("needs a terminal"), "{}", ran.stderr);
    assert!(ran.stderr.contains("  next: "), "{}", ran.stderr);
    let host = ("BUILDKIT_HOST", host.as_str());
    for word in ["auto", "PLAIN", "quiet", "rawjson"] {
        let environment = [host, ("BUILDKIT_PROGRESS", word)];
        let ran = kiln(&shop.path(""), &environment, &["build"]);
        assert_eq!(ran.code, Some(4), "{word}: {}", ran.stderr);
    }
}
