//! `kiln config` and `kiln completion`.

use std::process::Command;

use crate::common::Workbench;

const YAML: &str = "kiln: 1
recipes: [\"größe/*.yaml\"]
registry: intern
registries:
  intern: {url: \"https://registry.example\", project: team, compression: {type: zstd, level: 3}}
mirrors:
  index.docker.io: [\"http://mirror.example/hub\", other.example]
builders:
  - name: amd
    address: tcp://build.example:1234
    platforms: [linux/amd64]
    tls: {ca: ca.pem}
  - {name: arm, address: \"tcp://arm.example:1234\", slots: 2, tls: {}}
trust: {ca: corp.pem}
defaults: {shell: bash, installer: uv}
";

#[test]
fn every_value_has_its_origin() {
    let bench = Workbench::new();
    bench.write("kiln.yaml", YAML);
    let variables = [
        ("http_proxy", "http://kim:geheim@proxy.example:3128"),
        ("SSL_CERT_FILE", "env.pem"),
        ("REGISTRY_AUTH_FILE", "auth.json"),
        ("KILN_BUILDER_TLS", "nobody-asks"),
    ];
    let ran = bench.kiln_with(&variables, &["config", "--origin"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    // The width of a column depends on where temporary folders are.
    let narrow = |line: &str| {
        let cells = line
            .split("  ")
            .map(str::trim)
            .filter(|cell| !cell.is_empty());
        cells.collect::<Vec<_>>().join("  ")
    };
    let lines: Vec<String> = ran.stdout.lines().map(narrow).collect();
    insta::assert_snapshot!(lines.join("\n"));
    // Without origins it is the same but for the last column.
    let bare = bench.kiln_with(&variables, &["config"]);
    assert_eq!(bare.stdout.lines().count(), ran.stdout.lines().count());
    assert!(!bare.stdout.contains("kiln.yaml:") && !bare.stdout.contains("default\n"));
}

#[test]
fn the_environment_goes_before_the_file_and_defaults_come_last() {
    let bench = Workbench::new();
    bench.write("kiln.yaml", YAML);
    let shown = |variables: &[(&str, &str)]| {
        let ran = bench.kiln_with(variables, &["config", "--format", "json"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(document["version"], 1);
        let all = document["settings"].as_array().unwrap().clone();
        move |key: &str| {
            let found: Vec<String> = all
                .iter()
                .filter(|it| it["key"] == key)
                .map(|it| format!("{} | {}", it["value"], it["origin"]))
                .collect();
            found.join("; ").replace('"', "")
        }
    };
    let file = shown(&[]);
    assert_eq!(
        file("builders.amd.address"),
        "tcp://build.example:1234 | kiln.yaml:10:14"
    );
    assert_eq!(
        file("defaults.platforms"),
        "linux/amd64, linux/arm64 | default"
    );
    assert_eq!(file("progress"), "auto | default");
    bench.write("tls/ca.crt", "x");
    let set = shown(&[
        ("BUILDKIT_HOST", "tcp://größer:1"),
        ("KILN_BUILDER_TLS", "tls"),
        ("BUILDKIT_PROGRESS", "plain"),
    ]);
    assert_eq!(
        set("builders.default.address"),
        "tcp://größer:1 | BUILDKIT_HOST, in place of kiln.yaml:9:3"
    );
    assert_eq!(
        set("builders.default.tls.ca"),
        "tls/ca.crt | KILN_BUILDER_TLS"
    );
    assert_eq!(set("builders.amd.address"), "");
    assert_eq!(set("progress"), "plain | BUILDKIT_PROGRESS");
    bench.write("kiln.yaml", "kiln: 1\n");
    assert_eq!(
        shown(&[])("builders.default.address"),
        "unix:///run/buildkit/buildkitd.sock | default"
    );
}

#[test]
fn a_mistake_in_the_file_is_shown_at_its_place() {
    let bench = Workbench::new();
    bench.write("kiln.yaml", "kiln: 1\ndefault: {}\n");
    let ran = bench.kiln(&["config"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("kiln.yaml:2:1"), "{}", ran.stderr);
}

#[test]
fn completions_know_the_commands_and_are_whole_scripts() {
    let bench = Workbench::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = bench.kiln(&["completion", shell]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{shell}");
        for word in ["doctor", "verify", "metadata-file"] {
            assert!(ran.stdout.contains(word), "{shell}: {word}");
        }
        if shell == "bash" {
            bench.write("größe.bash", &ran.stdout);
            let checked = Command::new("bash")
                .args(["-n", "größe.bash"])
                .current_dir(bench.path())
                .status();
            assert!(checked.unwrap().success());
        }
    }
    assert_eq!(bench.kiln(&["completion", "größe"]).code, 2);
}
